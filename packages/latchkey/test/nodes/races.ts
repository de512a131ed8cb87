/** Group L of the races: what must hold for an account with three places, at however many nodes its people ask. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { Authenticator, type Twist } from '../passkeys/authenticator.ts';
import { type Fleet, until } from './fleet.ts';
import {
  askAt,
  DISPLACED,
  halfIn,
  keyIn,
  keysOf,
  listed,
  liveAmong,
  logIn,
  many,
  NEW_PASSWORD,
  newAccount,
  newApp,
  ORIGIN,
  ownId,
  PLACES,
  type Race,
  racesOf,
} from './racing.ts';

/** Makes a passkey for an account at one of the nodes. It counts nothing, so that it may be used many times at once. */
async function newPasskey(fleet: Fleet, key: string): Promise<Authenticator> {
  const authenticator = new Authenticator({ origin: ORIGIN, counts: false });
  const { body } = await askAt(fleet, 0, 'passkeys/register/begin/', { key, body: {} });
  const done = { key, body: { credential: authenticator.create(body) } };
  assert.equal((await askAt(fleet, 1, 'passkeys/register/complete/', done)).status, 201);
  return authenticator;
}

/** What a passkey answers to a challenge of its own, with some of it changed. */
async function signedBy(fleet: Fleet, turn: number, authenticator: Authenticator, twist: Twist = {}) {
  const { body } = await askAt(fleet, turn, 'passkeys/login/begin/', { body: {} });
  return { credential: authenticator.get(body, twist), session_id: body['session_id'] };
}

const cases: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'L3, F-1, F-3, F-6: of fifty sign-ins at once three are live, each of them listed, and the next push them out in the order of the list'(
    fleet,
  ) {
    const username = await newAccount(fleet);
    const answers = await many(50, (turn) => logIn(fleet, turn, username));
    assert.ok(answers.every(({ status }) => status === 200));
    const live = await liveAmong(fleet, answers.map(keyIn));
    assert.equal(live.length, PLACES);
    const ids = new Map<string, string>();
    for (const [turn, key] of live.entries()) ids.set(await ownId(fleet, turn, key), key);
    const [first = ''] = live;
    const order = await listed(fleet, 1, first);
    assert.deepEqual(new Set(order), new Set(ids.keys()));
    // Who came first goes first.
    for (const [turn, oldest] of order.toReversed().entries()) {
      const key = ids.get(oldest) ?? assert.fail();
      assert.deepEqual(await liveAmong(fleet, [key]), [key]);
      await fleet.signIn(username, turn);
      assert.deepEqual(new Set(await fleet.check(key)), new Set([DISPLACED]));
    }
  },

  async 'H11: of one answer of a passkey, shown everywhere at once, one gets in'(fleet) {
    const username = await newAccount(fleet);
    const authenticator = await newPasskey(fleet, await fleet.signIn(username));
    for (let round = 0; round < 5; round++) {
      const body = await signedBy(fleet, round, authenticator);
      const answers = await many(12, (turn) => askAt(fleet, turn, 'passkeys/login/complete/', { body }));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, `round ${round}`);
      for (const { status } of answers) assert.ok(status === 200 || status === 400, String(status));
    }
  },

  async 'P1: of fifty sign-ins at once, by password and by passkey, three are live; none by a passkey that was removed in their midst'(
    fleet,
  ) {
    for (let round = 0; round < 4; round++) {
      const username = await newAccount(fleet);
      const authenticator = await newPasskey(fleet, await fleet.signIn(username));
      const signed = await many(25, (turn) => signedBy(fleet, turn, authenticator));
      const own = await fleet.signIn(username, round);
      const passwords = many(25, (turn) => logIn(fleet, turn, username));
      const passkeys = Promise.all(
        signed.map((body, turn) => askAt(fleet, turn, 'passkeys/login/complete/', { body })),
      );
      const path = `passkeys/${authenticator.credentialId}/`;
      const removed = round === 0 ? null : await askAt(fleet, round, path, { key: own, method: 'DELETE' });
      const [byPassword, byPasskey] = [await passwords, await passkeys];
      const all = [own, ...keysOf(byPassword), ...keysOf(byPasskey)];
      const live = await liveAmong(fleet, all);
      if (round === 0) assert.equal(live.length, PLACES);
      assert.ok(live.length <= PLACES, `${live.length} are live`);
      for (const { status } of [...byPassword, ...byPasskey])
        assert.ok(status === 200 || status === 400, String(status));
      // A full account may have displaced who removes it before that.
      if (removed?.status === 204) assert.deepEqual(await liveAmong(fleet, keysOf(byPasskey)), [], `round ${round}`);
      else if (removed !== null) assert.equal(`${removed.status} ${removed.reason}`, DISPLACED);
    }
  },

  async 'L12: sign-ins that fail, in whatever way and however far they came, displace nobody'(fleet) {
    const username = await newAccount(fleet);
    const own = await fleet.signIn(username);
    const passkey = await newPasskey(fleet, own);
    const { recoveryCodes } = await newApp(fleet, own);
    const keys = [own];
    for (let turn = 1; turn < PLACES; turn++) {
      const body = { ticket: await halfIn(fleet, turn, username), code: recoveryCodes[turn] };
      keys.push(keyIn(await askAt(fleet, turn, 'login/second-step/', { body })));
    }
    assert.deepEqual(await liveAmong(fleet, keys), keys);
    const ticket = await halfIn(fleet, 0, username);
    const [, used = ''] = recoveryCodes;
    const right = { username, password: PASSWORD };
    const failures: readonly (readonly [path: string, body: unknown])[] = [
      ['login/', { ...right, password: 'wrong-and-long-enough' }],
      ['login/', { ...right, username: `${username}x` }],
      ['login/', { username }],
      ['login/', { ...right, username: [username] }],
      ['login/', [right]],
      ['signin/', { ...right, password: 'wrong-and-long-enough' }],
      ['login/second-step/', { ticket, code: '000000' }],
      ['login/second-step/', { ticket, code: used }],
      ['login/second-step/', { ticket: `${ticket}x`, code: recoveryCodes[0] }],
      ['passkeys/login/complete/', await signedBy(fleet, 0, passkey, { origin: 'http://evil.example' })],
      ['passkeys/login/complete/', { ...(await signedBy(fleet, 0, passkey)), session_id: 'of-nobody' }],
      ['registration/', { username, password1: PASSWORD, password2: PASSWORD }],
    ];
    const answers = await many(4 * failures.length, (turn) => {
      const [path, body] = failures[turn % failures.length] ?? assert.fail();
      return askAt(fleet, turn, path, { body });
    });
    for (const [turn, { status, body }] of answers.entries()) {
      assert.ok(status >= 400 && status < 500 && !('key' in body), `${failures[turn % failures.length]}: ${status}`);
    }
    await many(12, (turn) => halfIn(fleet, turn, username));
    assert.deepEqual(await liveAmong(fleet, keys), keys);
  },

  async 'L14, L15, F-4, F-7: a displaced key is refused by every route of every node, and takes nobody along'(fleet) {
    const username = await newAccount(fleet);
    const old = await fleet.signIn(username);
    const keys: string[] = [];
    for (let turn = 0; turn < PLACES; turn++) keys.push(await fleet.signIn(username, turn + 1));
    const paths = ['user/', 'session/', 'sessions/', 'events/', 'logout/', 'sessions/end-others/', 'password/change/'];
    for (const [turn] of fleet.nodes.entries()) {
      for (const path of paths) {
        const isWrite = path.includes('o') && path !== 'session/' && path !== 'sessions/';
        const answer = await askAt(fleet, turn, path, { key: old, ...(isWrite && { body: {} }) });
        if (path === 'logout/' || path === 'events/') continue;
        assert.equal(`${answer.status} ${answer.reason}`, DISPLACED, path);
      }
    }
    assert.deepEqual(await liveAmong(fleet, keys), keys);
    for (const [turn, key] of keys.entries()) await askAt(fleet, turn, 'logout/', { key, body: {} });
    assert.deepEqual(new Set(await fleet.check(old)), new Set([DISPLACED]), 'an empty place brings nobody back');
  },

  async 'L9, F-26: a device that signs in everywhere at once holds one place, and displaces nobody else'(fleet) {
    const username = await newAccount(fleet);
    const first = await logIn(fleet, 0, username);
    const others: string[] = [];
    for (let turn = 1; turn < PLACES; turn++) others.push(await fleet.signIn(username, turn));
    for (let round = 0; round < 3; round++) {
      const answers = await many(20, (turn) =>
        askAt(fleet, turn, 'login/', {
          body: { username, password: PASSWORD },
          headers: { 'latchkey-device': String(first.body['device']) },
        }),
      );
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal((await liveAmong(fleet, [keyIn(first), ...keysOf(answers)])).length, 1, `round ${round}`);
      assert.deepEqual(await liveAmong(fleet, others), others);
    }
  },

  async 'F-8: a place that was left at one node is free at the others at once'(fleet) {
    const username = await newAccount(fleet);
    const keys = [await fleet.signIn(username), await fleet.signIn(username, 1), await fleet.signIn(username, 2)];
    for (let turn = 0; turn < 6; turn++) {
      const left = keys.pop() ?? assert.fail();
      await askAt(fleet, turn, 'logout/', { key: left, body: {} });
      keys.push(await fleet.signIn(username, turn + 1));
      assert.deepEqual(await liveAmong(fleet, keys), keys, `turn ${turn}`);
    }
  },

  async 'L16, I7: once a password change is answered nobody is in who showed the old one, but the one who changed it'(
    fleet,
  ) {
    for (let round = 0; round < 8; round++) {
      const username = await newAccount(fleet);
      const own = await fleet.signIn(username, round);
      const change = { old_password: PASSWORD, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
      // As many as there are places for: whoever changes it is not displaced before.
      const signIns = many(PLACES - 1, (turn) => logIn(fleet, turn, username));
      const changed = await askAt(fleet, round + 1, 'password/change/', { key: own, body: change });
      const keys = keysOf(await signIns);
      assert.equal(changed.status, 200, `round ${round}: ${changed.reason}`);
      assert.deepEqual(await liveAmong(fleet, [own, ...keys]), [own], `round ${round}`);
      assert.equal((await logIn(fleet, round, username)).status, 400);
      assert.equal((await logIn(fleet, round, username, NEW_PASSWORD)).status, 200);
    }
  },

  async 'L17, F-6: once the others are signed out nobody is in who was in before that, and each was told by whom'(
    fleet,
  ) {
    for (let round = 0; round < 8; round++) {
      const username = await newAccount(fleet);
      const old = await fleet.signIn(username, round + 2);
      const own = await fleet.signIn(username, round);
      // There is a place for it: nobody is displaced.
      const signIn = logIn(fleet, round + 2, username);
      const ended = await askAt(fleet, round + 1, 'sessions/end-others/', { key: own, body: {} });
      const { status, ...late } = await signIn;
      assert.equal(ended.status, 200, `round ${round}: ${ended.reason}`);
      assert.deepEqual(new Set(await fleet.check(old)), new Set(['401 session_revoked']), `round ${round}`);
      assert.deepEqual(await liveAmong(fleet, [own]), [own]);
      // It came after the end of all others, before it, or with a password that was shown before and is void.
      assert.ok(status === 200 || status === 400, `round ${round}: ${status}`);
      if (status === 400) continue;
      const verdicts = new Set(await fleet.check(String(late.body['key'])));
      assert.equal(verdicts.size, 1);
      assert.ok(verdicts.has('200') || verdicts.has('401 session_revoked'), [...verdicts].join());
    }
  },

  async 'L18: once an account is closed nobody is in, however late their sign-ins are answered'(fleet) {
    for (let round = 0; round < 5; round++) {
      const username = await newAccount(fleet);
      const own = await fleet.signIn(username, round);
      const signIns = many(PLACES - 1, (turn) => logIn(fleet, turn, username));
      const body = { password: PASSWORD };
      const closed = await askAt(fleet, round + 1, 'user/', { key: own, method: 'DELETE', body });
      assert.ok(closed.status === 204 || closed.status === 200, `${closed.status} ${closed.reason}`);
      const keys = (await signIns).filter(({ status }) => status === 200).map(keyIn);
      assert.deepEqual(await liveAmong(fleet, [own, ...keys]), []);
      assert.equal((await logIn(fleet, round, username)).status, 400);
    }
  },

  async 'L20, I3: at no node is a key accepted again that it refused once'(fleet) {
    const username = await newAccount(fleet);
    const old = await fleet.signIn(username);
    let isOver = false;
    const watched = fleet.nodes.map(async (_, node) => {
      const seen: string[] = [];
      while (!isOver) {
        const { status, reason } = await askAt(fleet, node, 'session/', { key: old });
        seen.push(reason ?? String(status));
      }
      return seen;
    });
    for (let turn = 0; turn < 2 * PLACES; turn++) await fleet.signIn(username, turn);
    isOver = true;
    for (const seen of await Promise.all(watched)) {
      const dead = seen.indexOf('session_displaced');
      assert.ok(dead < 0 || seen.slice(dead).every((one) => one === 'session_displaced'), seen.join(' '));
    }
    assert.deepEqual(new Set(await fleet.check(old)), new Set([DISPLACED]));
  },

  async 'L27: people who hang up and try again hold no place too many, and the last answer’s key is live'(fleet) {
    const username = await newAccount(fleet);
    const impatient = (turn: number): Promise<unknown> => {
      const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
      const answer = fetch(`${node.url}/auth/login/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, password: PASSWORD }),
        signal: AbortSignal.timeout(1 + (turn % 10)),
      });
      return answer.catch(() => null);
    };
    await many(30, impatient);
    // Who hung up may still be coming in, and pushes somebody out who came after them: until nobody does any more.
    await until('the last answer’s key stays live', async () => {
      const key = await fleet.signIn(username, 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      if ((await fleet.check(key)).some((verdict) => verdict !== '200')) return false;
      const count = (await listed(fleet, 2, key)).length;
      assert.ok(count <= PLACES, `${count} sessions`);
      return true;
    });
  },
};

export const races: readonly Race[] = racesOf(cases);
