/** Whoever has learned a password, at the door: how often they get in, what they are asked for, and that the owner has their place back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { linkIn } from 'latchkey/testing';
import { type Place, stores } from '../concurrency/stores.ts';
import { memberOf, testServer } from '../http/serving.ts';
import { type Device, PASSWORD } from '../library/device.ts';
import { codeIn } from '../mail-sign-in/mails.ts';
import { Browser, textOf } from '../pages/browser.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { registered } from '../passkeys/ceremonies.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';
import { type Address, DAY_MS, HOUR_MS, opened, type World, wordFor } from './opened.ts';

async function withOpened(
  place: LatchkeyOptions,
  options: LatchkeyOptions & Address,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const world = await opened(place, options);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** Sign-ins one after the other, each by a device that brings nothing. */
async function strangers(world: World, times: number): Promise<readonly string[]> {
  const words: string[] = [];
  for (let turn = 0; turn < times; turn++) words.push(await world.enter(world.device()));
  return words;
}

const step = (device: Device, ticket: unknown, code: string) =>
  device.ask('POST', '/auth/login/second-step/', { ticket, code });

const typesOf = ({ events }: World): readonly string[] =>
  events.map((event) => (event.type === 'takeover_withheld' ? `${event.type} ${event.why}` : event.type));

for (const [name, { without, open }] of Object.entries(stores)) {
  describe(`on ${name}`, { skip: without ?? false }, () => {
    let place: Place;
    before(async () => {
      place = await open();
    });
    after(() => place.remove());

    const withAnn = (options: LatchkeyOptions & Address, run: (world: World) => Promise<void>) =>
      withOpened(place.options, options, run);

    test('F-40, P10: so often an hour new devices take a place; then each shows a code that the owner is mailed', () =>
      withAnn({}, async (world) => {
        const own = await world.ownDevice();
        assert.deepEqual(await strangers(world, 3), ['in', 'in', 'in']);
        assert.equal(await own.why(), 'session_displaced');
        const thief = world.device();
        const last = await world.signIn(thief);
        assert.deepEqual([wordFor(last), last.status], ['asked for mail', 200]);
        assert.deepEqual(Object.keys(last.body).toSorted(), [
          ...['ephemeral_token', 'mfa_required', 'second_step', 'set_up', 'ticket'],
        ]);
        const before = await world.auth.sessions.list(world.account.id);
        assert.equal(wordFor(await step(thief, last.body['ticket'], 'ABCD-2345')), '400 invalid_input');
        assert.deepEqual(await world.auth.sessions.list(world.account.id), before, 'P7: nobody came or went');

        const mail = (await world.mails()).at(-1);
        assert.match(mail?.subject ?? '', /A code to sign in/);
        const code = codeIn(mail);
        assert.equal(wordFor(await step(thief, last.body['ticket'], code.toLowerCase())), 'in');
        assert.equal(wordFor(await step(world.device(), last.body['ticket'], code)), '400 invalid_input', 'once');
        world.clock.advance(HOUR_MS);
        assert.deepEqual(await strangers(world, 4), ['in', 'in', 'in', 'asked for mail']);
        assert.deepEqual(
          typesOf(world).filter((type) => type.startsWith('takeover')),
          ['takeover_withheld too_often', 'takeover_withheld too_often'],
        );
      }));

    test('F-40, L22: of thirty at once on two nodes no more slip through than may, and the rest are asked', () =>
      withAnn({}, async (world) => {
        await world.ownDevice();
        const nodes = [world.auth, await world.node()] as const;
        const all = Array.from({ length: 30 }, (_, turn) => world.enter(world.device(nodes[turn % 2])));
        const words = await Promise.all(all);
        assert.equal(words.filter((word) => word === 'in').length, 3, words.join());
        assert.equal(
          words.filter((word) => word === '429 too_many_attempts').length,
          22,
          'five codes are mailed an hour',
        );
        assert.equal(words.filter((word) => word === 'asked for mail').length, 5);
        assert.equal((await world.auth.sessions.list(world.account.id)).length, 1);
      }));

    test('P10: a device that the account knows comes in whatever strangers did, is not counted, and has its place back', () =>
      withAnn({ sessions: { limit: 3 } }, async (world) => {
        const [lost, laptop, tablet] = [await world.ownDevice(), await world.ownDevice(), await world.ownDevice()];
        const thief = world.device();
        assert.equal(await world.enter(thief), 'in');
        const others = async () => Promise.all([lost, laptop, tablet].map((device) => device.why()));
        assert.deepEqual(await others(), ['session_displaced', null, null]);
        const again = await world.signIn(lost);
        assert.equal(wordFor(again), 'in');
        assert.equal(await thief.why(), 'session_displaced');
        assert.deepEqual(await others(), [null, null, null], 'the intruder went, and none of the owner’s');
        assert.deepEqual(typesOf(world).slice(-2), ['place_reclaimed', 'signed_in']);
        // From now on it is contested: whoever has shown no more than the password is asked.
        assert.equal(await world.enter(thief), 'asked for mail');
        assert.deepEqual(await strangers(world, 1), ['asked for mail']);
        assert.deepEqual(await others(), [null, null, null]);
        world.clock.advance(DAY_MS);
        assert.equal(await world.enter(world.device()), 'in');
      }));

    test('P10: the owner at a known device wins each round against forty takeovers', () =>
      withAnn({ attempts: { takeovers: '100/hour' }, address: 'none' }, async (world) => {
        const own = await world.ownDevice();
        const thief = world.device();
        for (let round = 0; round < 40; round++) {
          assert.equal(await world.enter(thief), 'in');
          assert.equal(await world.enter(own), 'in', `${round}`);
        }
        assert.equal(await own.why(), null);
      }));
  });
}

const LOCAL: LatchkeyOptions = { database: 'sqlite::memory:' };

const withAnn = (options: LatchkeyOptions & Address, run: (world: World) => Promise<void>) =>
  withOpened(LOCAL, options, run);

describe('what is asked before a place is taken', () => {
  const always = { sessions: { stepUpToDisplace: true } } as const;

  test('F-40: where it is asked each time, a new device that displaces nobody is asked for nothing', () =>
    withAnn({ sessions: { stepUpToDisplace: true, limit: 2 } }, async (world) => {
      assert.deepEqual(await strangers(world, 3), ['in', 'in', 'asked for mail']);
      assert.deepEqual(typesOf(world).at(-1), 'takeover_withheld always');
    }));

  test('F-23, A1: nothing of it shows before the password is right', () =>
    withAnn(always, async (world) => {
      const wrong = () => world.signIn(world.device(), 'not the password');
      const empty = await wrong();
      await world.signIn(world.device());
      const full = await wrong();
      assert.deepEqual([full.status, full.text], [empty.status, empty.text]);
      assert.equal((await world.mails()).length, 0);
    }));

  test('F-25: clients that know of no second step get it as such: 401 with the ticket', () =>
    withAnn(always, async (world) => {
      await world.signIn(world.device());
      const [one, other] = [world.device(), world.device()];
      const ann = { username: world.username, password: PASSWORD };
      for (const answer of [await one.ask('POST', '/auth/signin/', ann), await other.ask('POST', '/api/token/', ann)]) {
        assert.deepEqual([answer.status, answer.reason], [401, 'second_step_required']);
        assert.deepEqual(answer.body['second_step'], ['mail']);
      }
    }));

  test('F-40: whoever has a passkey is asked for that, and mailed nothing; nothing can be set up in its place', () =>
    withAnn(always, async (world) => {
      const own = await world.ownDevice();
      assert.equal(await world.enter(own), 'in');
      const authenticator = new Authenticator({ counts: false, isVerified: false });
      await registered(own, authenticator);
      const mails = (await world.mails()).length;
      const newcomer = world.device();
      const half = await world.signIn(newcomer);
      assert.equal(wordFor(half), 'asked for passkey');
      const { ticket } = half.body;
      const setUp = await newcomer.ask('POST', '/auth/login/second-step/set-up/', { ticket });
      assert.equal(setUp.reason, 'second_step_present');
      const { body } = await newcomer.ask('POST', '/auth/login/second-step/passkey/', { ticket });
      const credential = authenticator.get(body);
      const shown = { ticket, credential, session_id: body['session_id'] };
      assert.equal(wordFor(await newcomer.ask('POST', '/auth/login/second-step/', shown)), 'in');
      assert.deepEqual(
        (await world.mails()).slice(mails).map(({ subject }) => subject.replace(/ on .*/, '')),
        ['Another device was signed out of your account'],
      );
    }));

  test('H6, E6: with the ticket of a mailed code no app is set up, and no other code does', () =>
    withAnn(always, async (world) => {
      await world.signIn(world.device());
      const thief = world.device();
      const { ticket } = (await world.signIn(thief)).body;
      const setUp = await thief.ask('POST', '/auth/login/second-step/set-up/', { ticket });
      assert.equal(setUp.reason, 'second_step_present');
      assert.equal((await thief.ask('POST', '/auth/login/second-step/passkey/', { ticket })).status, 400);
      const { body: another } = await world.signIn(world.device());
      const code = codeIn((await world.mails()).at(-1));
      assert.equal(wordFor(await step(thief, ticket, code)), '400 invalid_input', 'it is of another ticket');
      assert.equal(wordFor(await step(thief, another['ticket'], code)), 'in');
    }));

  test('E11, B21: five codes are tried for an account in an hour, however many tickets there are', () =>
    withAnn(always, async (world) => {
      const own = await world.ownDevice();
      const words: string[] = [];
      for (let turn = 0; turn < 7; turn++) {
        const thief = world.device();
        const { ticket } = (await world.signIn(thief)).body;
        if (ticket !== undefined) words.push(wordFor(await step(thief, ticket, 'ABCD-2345')));
        else words.push('no ticket');
        if (turn === 4) assert.equal(words.filter((word) => word === '400 invalid_input').length, 5);
      }
      assert.deepEqual(words.slice(5), ['no ticket', 'no ticket'], 'five mails');
      assert.equal(await world.enter(own), 'in', 'the owner’s device is not kept out by it');
    }));

  test('E2, L16: a ticket is no good after ten minutes, and after a new password', () =>
    withAnn(always, async (world) => {
      const own = await world.ownDevice();
      await world.signIn(own);
      const half = async () => {
        const thief = world.device();
        return {
          thief,
          ticket: (await world.signIn(thief)).body['ticket'],
          code: codeIn((await world.mails()).at(-1)),
        };
      };
      const old = await half();
      world.clock.advance(10 * 60_000);
      assert.equal(wordFor(await step(old.thief, old.ticket, old.code)), '400 invalid_input');
      await world.signIn(own);
      const next = await half();
      const changed = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      assert.equal((await own.ask('POST', '/auth/password/change/', changed)).status, 200);
      assert.equal(wordFor(await step(next.thief, next.ticket, next.code)), '400 invalid_input');
      assert.equal(await own.why(), null);
    }));

  test('P10: an account with nothing more to show waits, and its known device does not', () =>
    withAnn({ address: 'none', ...always }, async (world) => {
      const own = await world.ownDevice();
      assert.deepEqual(await strangers(world, 4), ['in', 'in', 'in', '429 too_many_attempts']);
      const refused = await world.signIn(world.device());
      assert.ok(Number(refused.headers.get('retry-after')) > 3000, 'B14: it is said for how long');
      assert.equal(await world.enter(own), 'in');
      world.clock.advance(HOUR_MS);
      assert.deepEqual(await strangers(world, 1), ['in']);
    }));

  test('F-40: a device is a stranger’s for a day, or until it has shown two things', () =>
    withAnn({}, async (world) => {
      await world.ownDevice();
      const thief = world.device();
      const rival = world.device();
      assert.deepEqual([await world.enter(thief), await world.enter(rival)], ['in', 'in']);
      assert.equal(await world.enter(thief), 'in', 'the third');
      const asked = await world.signIn(rival);
      assert.equal(wordFor(asked), 'asked for mail', 'what it was given a minute ago buys it nothing');
      assert.equal(wordFor(await step(rival, asked.body['ticket'], codeIn((await world.mails()).at(-1)))), 'in');
      world.clock.advance(DAY_MS);
      assert.deepEqual(await strangers(world, 4), ['in', 'in', 'in', 'asked for mail']);
      assert.equal(await world.enter(rival), 'in');
      assert.equal(await world.enter(thief), 'in', 'known by now: it is told by mail, and its owner has the link');
    }));

  test('F-27: a device token of another account, a forged one, and one of before a new password make nobody known', () =>
    withAnn({ attempts: { takeovers: '1/hour' } }, async (world) => {
      const own = await world.ownDevice();
      await world.auth.accounts.create({ username: 'bob', password: PASSWORD });
      const bobs = world.device();
      await bobs.signIn('bob');
      await world.signIn(own);
      const changed = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      const kept = own.deviceToken;
      assert.equal((await own.ask('POST', '/auth/password/change/', changed)).status, 200);
      assert.deepEqual(await world.enter(world.device(), 'battery staple 7?'), 'in');
      for (const token of [kept, bobs.deviceToken, `${kept}x`, 'ld_0000000000000000000000_1_x']) {
        const device = world.device();
        device.deviceToken = token;
        assert.equal(await world.enter(device, 'battery staple 7?'), 'asked for mail', token);
      }
    }));

  test('F-24: where one may choose whose place to take, it is asked before the devices are shown', () =>
    withAnn({ sessions: { stepUpToDisplace: true, whenFull: 'ask' } }, async (world) => {
      const first = world.device();
      await world.signIn(first);
      const thief = world.device();
      const asked = await world.signIn(thief);
      assert.equal(wordFor(asked), 'asked for mail');
      assert.equal(asked.body['sessions'], undefined);
      const code = codeIn((await world.mails()).at(-1));
      const full = await step(thief, asked.body['ticket'], code);
      assert.equal(wordFor(full), '409 choose_session');
      const [session] = full.body['sessions'] as readonly { readonly id: string }[];
      const chosen = { ticket: full.body['ticket'], end: [session?.id] };
      assert.equal(wordFor(await thief.ask('POST', '/auth/login/choose/', chosen)), 'in');
      assert.equal(await first.why(), 'session_displaced');
    }));

  test('P7, F10: a provider that would be connected by the sign-in waits with it, until the code is shown', async () => {
    await using provider = await standIn();
    await using server = await testServer({
      ...{ sessions: { stepUpToDisplace: true }, passwords: { hash: 'dangerously-cheap' } },
      social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
    });
    const email = 'ann@example.com';
    const ann = await server.auth.accounts.create({ username: 'ann', email, emailVerified: true, password: PASSWORD });
    const connected = async (): Promise<readonly string[]> => {
      const { credentials } = await server.assembled.parts.store.credentials.list(ann.id);
      return credentials.map(({ kind }) => kind);
    };
    const first = await server.signIn('ann', {}, PASSWORD);
    const id_token = provider.idToken({ sub: 'ann-1', email, email_verified: true });
    const half = await server.post('/auth/social/acme/', { id_token });
    assert.deepEqual(Reflect.get(Object(half.body), 'second_step'), ['mail'], half.text);
    assert.deepEqual([await connected(), await server.isLive(first)], [[], true]);
    const given = { ticket: memberOf(half.body, 'ticket'), code: codeIn((await server.mailsTo(email)).at(-1)) };
    const whole = await server.post('/auth/login/second-step/', given);
    assert.equal(whole.status, 200, whole.text);
    assert.deepEqual([await connected(), await server.isLive(first)], [['social'], false]);
  });

  test('where attempts are not counted, nothing of this is, unless it is wanted', () =>
    withAnn({ rateLimits: 'off', mail: { newDevice: false } }, async (world) => {
      assert.deepEqual(await strangers(world, 20), Array(20).fill('in'));
      const taken = (await world.mails()).filter(({ subject }) => subject.startsWith('Another device was signed out'));
      assert.deepEqual(taken, []);
    }));
});

describe('on the pages, without scripts', () => {
  test('P7, F-40: the code is typed where any second step is shown, and nobody came or went before', async () => {
    const options = { sessions: { stepUpToDisplace: true }, passwords: { hash: 'dangerously-cheap' } } as const;
    await using server = await testServer(options);
    const email = 'ann@example.com';
    await server.auth.accounts.create({ username: 'ann', email, emailVerified: true, password: PASSWORD });
    const first = await server.signIn('ann', {}, PASSWORD);
    const browser = new Browser(server);
    await browser.open('/login/?next=/account/devices/');
    await browser.fill({ username: 'ann', password: PASSWORD });
    assert.match(browser.path, /^\/login\/second-step\//);
    const asked = textOf(browser.page ?? assert.fail());
    assert.match(asked, /Another device of your account is signed out by this sign-in.*we have mailed you a code/);
    assert.doesNotMatch(asked, /authenticator|recovery code|Do not ask again/);
    const wrong = await browser.fill({ code: 'ABCD-2345' });
    assert.deepEqual([wrong.status, await server.isLive(first)], [400, true]);
    assert.match(textOf(wrong), /Type the one from the newest mail/);
    await browser.fill({ code: codeIn((await server.mailsTo(email)).at(-1)) });
    assert.equal(browser.path, '/account/devices/');
    assert.equal(await server.isLive(first), false);
  });
});

describe('what the owner hears', () => {
  test('F-33, F-40: a mail with a link for each of the first three a day, none for a known device, and the host of each', () =>
    withAnn({ attempts: { takeovers: '100/hour' } }, async (world) => {
      const own = await world.ownDevice();
      await strangers(world, 5);
      await world.signIn(own);
      const mails = await world.mails();
      assert.equal(mails.length, 3);
      for (const mail of mails) {
        assert.match(mail.subject, /^Another device was signed out of your account on 127\.0\.0\.1$/);
        assert.match(new URL(linkIn(mail)).pathname, /^\/not-me\/[0-9A-Za-z]{43}\/$/);
      }
      assert.equal(new Set(mails.map(linkIn)).size, 3);
      const taken = world.events.filter((event) => event.type === 'place_taken');
      assert.equal(taken.length, 5);
      world.clock.advance(DAY_MS);
      await strangers(world, 1);
      assert.equal((await world.mails()).length, 4);
    }));

  test('a mail to an address that nobody has verified carries nothing that would prove whose it is', () =>
    withAnn({ address: 'unverified' }, async (world) => {
      assert.deepEqual(await strangers(world, 5), ['in', 'in', 'in', 'in', '429 too_many_attempts']);
      const mails = await world.mails();
      assert.deepEqual(
        mails.map((mail) => new URL(linkIn(mail)).pathname),
        Array(3).fill('/not-me/'),
      );
    }));
});
