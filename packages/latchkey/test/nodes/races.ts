/** Group L of the races: what must hold for an account with three places, at however many nodes its people ask. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { codeAt } from '../second-step/app.ts';
import { type Answer, ask } from '../serving.ts';
import { type Fleet, until } from './fleet.ts';

export type Race = { readonly name: string; readonly run: (fleet: Fleet) => Promise<void> };

/** As many places as the nodes of these races give to an account. */
export const PLACES = 3;

/** What the nodes of these races are called, all alike. */
export const ORIGIN = 'http://127.0.0.1:8787';

const NEW_PASSWORD = 'quite-an0ther-pw';
const DISPLACED = '401 session_displaced';

let made = 0;

async function newAccount(fleet: Fleet): Promise<string> {
  made++;
  const username = `racer${made}`;
  await fleet.register(username);
  return username;
}

const many = <T>(count: number, make: (turn: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, turn) => make(turn)));

/** Asks one of the nodes, in turn. */
function askAt(fleet: Fleet, turn: number, path: string, given: Parameters<typeof ask>[1] = {}): Promise<Answer> {
  const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
  return ask(`${node.url}/auth/${path}`, given);
}

const logIn = (fleet: Fleet, turn: number, username: string, password = PASSWORD): Promise<Answer> =>
  askAt(fleet, turn, 'login/', { body: { username, password } });

const keyIn = ({ body }: Answer): string => String(body['key']);

/** Those of the keys that a node accepts; all nodes must be of one mind. */
async function liveAmong(fleet: Fleet, keys: readonly string[]): Promise<readonly string[]> {
  const live: string[] = [];
  for (const key of keys) {
    const verdicts = await fleet.check(key);
    assert.equal(new Set(verdicts).size, 1, `the nodes differ: ${verdicts.join(', ')}`);
    if (verdicts[0] === '200') live.push(key);
  }
  return live;
}

/** The ids of an account's sessions as a node lists them, the newest first. */
async function listed(fleet: Fleet, turn: number, key: string): Promise<readonly string[]> {
  const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
  const answer = await fetch(`${node.url}/auth/sessions/`, { headers: { authorization: `Token ${key}` } });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { readonly id: string }[]).map(({ id }) => id);
}

const ownId = async (fleet: Fleet, turn: number, key: string): Promise<string> => {
  const { body } = await askAt(fleet, turn, 'session/', { key });
  return String((body['session'] as Readonly<Record<string, unknown>> | undefined)?.['id'] ?? body['id']);
};

/** Makes a passkey for an account at one of the nodes. It counts nothing, so that it may be used many times at once. */
async function newPasskey(fleet: Fleet, key: string): Promise<Authenticator> {
  const authenticator = new Authenticator({ origin: ORIGIN, counts: false });
  const { body } = await askAt(fleet, 0, 'passkeys/register/begin/', { key, body: {} });
  const done = { key, body: { credential: authenticator.create(body) } };
  assert.equal((await askAt(fleet, 1, 'passkeys/register/complete/', done)).status, 201);
  return authenticator;
}

/** Sets an authenticator app up at two of the nodes: its secret. */
async function newApp(fleet: Fleet, key: string): Promise<string> {
  const { body } = await askAt(fleet, 0, 'mfa/totp/activate/', { key });
  const secret = String(body['secret']);
  const given = { activation_token: body['activation_token'], code: codeAt(secret, Date.now()) };
  assert.equal((await askAt(fleet, 1, 'mfa/totp/activate/', { key, body: given })).status, 200);
  return secret;
}

/** What a passkey answers to a challenge of its own. */
async function signedBy(fleet: Fleet, turn: number, authenticator: Authenticator) {
  const { body } = await askAt(fleet, turn, 'passkeys/login/begin/', { body: {} });
  return { credential: authenticator.get(body), session_id: body['session_id'] };
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
    // L4: who came first goes first, by the store's count and by nobody's clock.
    for (const [turn, oldest] of order.toReversed().entries()) {
      const key = ids.get(oldest) ?? assert.fail();
      assert.deepEqual(await liveAmong(fleet, [key]), [key]);
      await fleet.signIn(username, turn);
      assert.deepEqual(new Set(await fleet.check(key)), new Set([DISPLACED]));
    }
  },

  async 'H1: of one code of an authenticator app, shown for as many tickets at every node at once, one gets in'(fleet) {
    for (let round = 0; round < 3; round++) {
      const username = await newAccount(fleet);
      const secret = await newApp(fleet, await fleet.signIn(username));
      const halves = await many(12, (turn) => logIn(fleet, turn, username));
      // Of the step after the one that set it up: clocks may be one ahead.
      const code = codeAt(secret, Date.now() + 30_000);
      const answers = await many(12, (turn) =>
        askAt(fleet, turn + round, 'login/second-step/', { body: { ticket: halves[turn]?.body['ticket'], code } }),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, `round ${round}`);
      for (const { status } of answers) assert.ok(status === 200 || status === 400, String(status));
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
      const keysOf = (answers: readonly Answer[]) => answers.filter(({ status }) => status === 200).map(keyIn);
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

  async 'L12: sign-ins that fail displace nobody'(fleet) {
    const username = await newAccount(fleet);
    const keys = [await fleet.signIn(username), await fleet.signIn(username, 1), await fleet.signIn(username, 2)];
    const answers = await many(30, (turn) => logIn(fleet, turn, username, `wrong-${turn}-password`));
    assert.ok(answers.every(({ status }) => status === 400));
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
    for (let round = 0; round < 5; round++) {
      const username = await newAccount(fleet);
      const own = await fleet.signIn(username, round);
      const change = { old_password: PASSWORD, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
      const signIns = many(12, (turn) => logIn(fleet, turn, username));
      const changed = await askAt(fleet, round + 1, 'password/change/', { key: own, body: change });
      const answers = await signIns;
      const keys = answers.filter(({ status }) => status === 200).map(keyIn);
      const live = await liveAmong(fleet, [own, ...keys]);
      // A full account may have displaced who changes it before that: then nothing was changed.
      if (changed.status === 200) assert.deepEqual(live, [own], `round ${round}`);
      else assert.equal(`${changed.status} ${changed.reason}`, DISPLACED);
    }
  },

  async 'L17, F-6: once the others are signed out nobody is in who was in before that'(fleet) {
    for (let round = 0; round < 5; round++) {
      const username = await newAccount(fleet);
      const before = [await fleet.signIn(username), await fleet.signIn(username, 1)];
      const own = await fleet.signIn(username, round);
      const ended = askAt(fleet, round + 1, 'sessions/end-others/', { key: own, body: {} });
      const signIns = many(PLACES - 1, (turn) => logIn(fleet, turn, username));
      const { status } = await ended;
      const keys = (await signIns).filter((answer) => answer.status === 200).map(keyIn);
      if (status === 200) assert.deepEqual(await liveAmong(fleet, before), [], `round ${round}`);
      assert.ok((await liveAmong(fleet, [own, ...before, ...keys])).length <= PLACES);
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

  async 'L21: of fifty sign-ups with one name at once one is made'(fleet) {
    made++;
    const body = { username: `racer${made}`, password1: PASSWORD, password2: PASSWORD };
    const answers = await many(50, (turn) => askAt(fleet, turn, 'registration/', { body }));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(answers.filter(({ status }) => status === 400).length, 49);
  },

  async 'L22: of twenty uses of a reset link at once, at all nodes, one counts'(fleet) {
    made++;
    const email = `racer${made}@example.com`;
    await askAt(fleet, 0, 'registration/', {
      body: { username: `racer${made}`, email, password1: PASSWORD, password2: PASSWORD },
    });
    await askAt(fleet, 1, 'password/reset/', { body: { email } });
    const kept = await (await fetch(`${fleet.nodes[0]?.url}/dev/mail`)).text();
    const [, uid, token] = /\/password\/reset\/confirm\/(\w+)\/(\w{43})\//.exec(kept) ?? [];
    const answers = await many(20, (turn) => {
      const password = `${turn}-${NEW_PASSWORD}`;
      const body = { uid, token, new_password1: password, new_password2: password };
      return askAt(fleet, turn, 'password/reset/confirm/', { body });
    });
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 400).length, 19);
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

export const races: readonly Race[] = Object.entries(cases).map(([name, run]) => ({ name, run }));
