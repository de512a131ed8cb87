/** "This was not me": what the link of a mail proves, what it ends, and where it leads; and that it arms nobody else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { linkIn } from 'latchkey/testing';
import { type Place, stores } from '../concurrency/stores.ts';
import { PASSWORD as COMMON, OTHER_PASSWORD, testServer } from '../http/serving.ts';
import type { Device } from '../library/device.ts';
import { tokenIn } from '../mail-sign-in/mails.ts';
import { Browser, textOf } from '../pages/browser.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { registered } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';
import { DAY_MS, FEW, opened, type World, wordFor } from './opened.ts';

const NEW = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };

async function withOpened(place: LatchkeyOptions, run: (world: World) => Promise<void>, options: LatchkeyOptions = {}) {
  const world = await opened(place, options);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** Somebody who knows the password has taken the place of the owner's device; with the key of the mail that tells of it. */
async function robbed(world: World) {
  const own = await world.ownDevice();
  const thief = world.device();
  assert.equal(await world.enter(thief), 'in');
  return { own, thief, key: tokenIn((await world.mails()).at(-1)) };
}

const disown = (world: World, key: string, device = world.device()) => device.ask('POST', '/auth/not-me/', { key });

const VOID = { key: ['Invalid value'] };

for (const [name, { without, open }] of Object.entries(stores)) {
  describe(`by the API, on ${name}`, { skip: without ?? false }, () => {
    let place: Place;
    before(async () => {
      place = await open();
    });
    after(() => place.remove());

    test('P10, F-33: the link ends the intruder’s session and their password, and leads to a new one, once', () =>
      withOpened(place.options, async (world) => {
        const { own, thief, key } = await robbed(world);
        const done = await disown(world, key, own);
        assert.equal(done.status, 200, done.text);
        assert.equal(await thief.why(), 'session_revoked');
        assert.equal(await world.enter(thief), '400 invalid_credentials', 'the password is void at once');
        assert.deepEqual((await disown(world, key)).body, VOID, 'E1');

        const { uid, token } = done.body;
        const reset = await own.ask('POST', '/auth/password/reset/confirm/', { uid, token, ...NEW });
        assert.equal(reset.status, 200, reset.text);
        assert.equal(await world.enter(own, OTHER_PASSWORD), 'in');
        assert.equal(await world.enter(thief), '400 invalid_credentials');
        assert.equal(await own.why(), null);
        const told = world.events.map(({ type }) => type);
        for (const type of ['session_disowned', 'password_reset'])
          assert.equal(told.filter((one) => one === type).length, 1);
      }));

    test('L17, E1: of ten at once on two nodes, raced by the intruder, one counts, and nothing of theirs is left', () =>
      withOpened(place.options, async (world) => {
        for (const race of ['sign-out', 'a new password', 'a sign-in']) {
          const { thief, key } = await robbed(world);
          const another = await world.node();
          const changed = { old_password: COMMON, new_password1: COMMON, new_password2: COMMON };
          const theirs = {
            'sign-out': () => thief.ask('POST', '/auth/logout/'),
            'a new password': () => thief.ask('POST', '/auth/password/change/', changed),
            'a sign-in': () => world.signIn(thief),
          }[race];
          const devices = Array.from({ length: 10 }, (_, turn) => world.device(turn % 2 === 0 ? world.auth : another));
          const [answers] = await Promise.all([
            Promise.all(devices.map((device) => device.ask('POST', '/auth/not-me/', { key }))),
            theirs?.(),
          ]);
          const right = answers.filter(({ status }) => status === 200);
          assert.equal(right.length, 1, race);
          assert.notEqual(await thief.why(), null, race);
          assert.deepEqual(await world.auth.sessions.list(world.account.id), [], race);
          const { uid, token } = right[0]?.body ?? {};
          const again = { uid, token, new_password1: COMMON, new_password2: COMMON };
          const reset = await world.device().ask('POST', '/auth/password/reset/confirm/', again);
          assert.equal(reset.status, 200, `${race}: ${reset.text}`);
        }
      }));
  });
}

const LOCAL: LatchkeyOptions = { database: 'sqlite::memory:' };

async function addPasskey(device: Device): Promise<void> {
  await registered(device, new Authenticator({ counts: false }));
}

async function addApp(world: World, device: Device): Promise<string> {
  const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
  const secret = String(body['secret']);
  const given = { activation_token: body['activation_token'], code: codeAt(secret, world.clock()) };
  assert.equal((await device.ask('POST', '/auth/mfa/totp/activate/', given)).status, 200);
  world.clock.advance(30_000);
  return secret;
}

describe('what the link is, and what it is not', () => {
  test('P10: what the intruder has set up goes: passkey, app, pending address; what was there before stays', () =>
    withOpened(LOCAL, async (world) => {
      const own = world.device();
      await world.enter(own);
      await addPasskey(own);
      world.clock.advance(2 * DAY_MS);
      const thief = world.device();
      assert.equal(await world.enter(thief), 'in');
      const key = tokenIn((await world.mails()).at(-1));
      await addPasskey(thief);
      await addApp(world, thief);
      await thief.ask('POST', '/auth/user/email/', { email: 'thief@example.org' });
      await world.auth.settle();

      assert.equal((await disown(world, key)).status, 200);
      const { credentials } = await world.assembled.parts.store.credentials.list(world.account.id);
      assert.deepEqual(
        credentials.map(({ kind }) => kind),
        ['passkey'],
      );
      const { rows } = {
        rows: await world.assembled.parts.store.history.page({ accountId: world.account.id, before: null, limit: 9 }),
      };
      assert.equal(rows.filter(({ kind }) => kind === 'credential_removed').length, 3);
    }));

  test('E5: an app that its owner had stays, and the new password alone signs nobody in', () =>
    withOpened(LOCAL, async (world) => {
      const own = world.device();
      await world.enter(own);
      const secret = await addApp(world, own);
      world.clock.advance(2 * DAY_MS);
      // Somebody has both: the password, and a code that they got out of the owner.
      const thief = world.device();
      const { ticket } = (await world.signIn(thief)).body;
      const step = { ticket, code: codeAt(secret, world.clock()) };
      assert.equal(wordFor(await thief.ask('POST', '/auth/login/second-step/', step)), 'in');
      const { uid, token } = (await disown(world, tokenIn((await world.mails()).at(-1)))).body;
      await own.ask('POST', '/auth/password/reset/confirm/', { uid, token, ...NEW });
      assert.equal(await world.enter(own, OTHER_PASSWORD), 'asked for totp+recovery_codes');
    }));

  test('E2, E6, E7: too old, of another account, another kind, or made up, it is void, and changes nothing', () =>
    withOpened(LOCAL, async (world) => {
      const { thief, key } = await robbed(world);
      await world.device().ask('POST', '/auth/password/reset/', { email: world.email });
      const reset = tokenIn((await world.mails()).at(-1));
      for (const wrong of [reset, `${key}x`, key.slice(1), 'x', 'a'.repeat(43), thief.key, thief.deviceToken, '']) {
        const answer = await disown(world, wrong);
        assert.equal(answer.status, 400, wrong);
      }
      for (const path of ['registration/verify-email/', 'user/email/confirm/', 'user/email/undo/']) {
        assert.ok((await world.device().ask('POST', `/auth/${path}`, { key })).status >= 400, path);
      }
      assert.equal(await thief.why(), null);
      world.clock.advance(7 * DAY_MS - 1);
      const late = await robbed(world);
      world.clock.advance(1);
      assert.deepEqual((await disown(world, key)).body, VOID, 'after seven days');
      assert.equal((await disown(world, late.key)).status, 200);
    }));

  test('P10: it outlives what an intruder does first: a new password, a sign-out, signing all others out', () =>
    withOpened(LOCAL, async (world) => {
      const acts: readonly ((thief: Device) => Promise<unknown>)[] = [
        (thief) => thief.ask('POST', '/auth/password/change/', NEW),
        (thief) => thief.ask('POST', '/auth/logout/'),
        (thief) => thief.ask('POST', '/auth/sessions/end-others/'),
      ];
      for (const act of acts) {
        const { thief, key } = await robbed(world);
        await act(thief);
        const done = await disown(world, key);
        assert.equal(done.status, 200, done.text);
        const { uid, token } = done.body;
        const back = { uid, token, new_password1: COMMON, new_password2: COMMON };
        assert.equal((await world.device().ask('POST', '/auth/password/reset/confirm/', back)).status, 200);
        world.clock.advance(DAY_MS);
      }
    }));

  test('it tells of nobody any more after its owner chose a new password by mail, has another address, or is gone', () =>
    withOpened(LOCAL, async (world) => {
      const { key } = await robbed(world);
      await world.device().ask('POST', '/auth/password/reset/', { email: world.email });
      const [uid = '', token = ''] = new URL(linkIn((await world.mails()).at(-1))).pathname.split('/').slice(-3);
      const own = world.device();
      await own.ask('POST', '/auth/password/reset/confirm/', {
        uid,
        token,
        new_password1: COMMON,
        new_password2: COMMON,
      });
      await world.enter(own);
      assert.deepEqual((await disown(world, key)).body, VOID);
      assert.equal(await own.why(), null, 'an old mail signs nobody out');

      world.clock.advance(DAY_MS);
      const later = await robbed(world);
      await world.auth.accounts.suspend(world.account.id);
      assert.deepEqual((await disown(world, later.key)).body, VOID);
      await world.auth.accounts.reactivate(world.account.id);
    }));

  test('G12: whoever has a session alone is told no link: none is in any answer, list, export or log', () =>
    withOpened(LOCAL, async (world) => {
      const { thief, key } = await robbed(world);
      for (const path of ['sessions/', 'session/', 'user/', 'user/export/', 'mfa/status/']) {
        assert.ok(!(await thief.ask('GET', `/auth/${path}`)).text.includes(key), path);
      }
      assert.ok(!JSON.stringify(world.events).includes(key));
      assert.equal((await thief.ask('POST', '/auth/not-me/', {})).status, 400);
      assert.equal(await thief.why(), null);
    }));
});

describe('on the pages, without scripts', () => {
  async function atServer() {
    const server = await testServer({ ...FEW, passwords: { hash: 'dangerously-cheap' } });
    const email = 'ann@example.com';
    await server.auth.accounts.create({ username: 'ann', email, emailVerified: true, password: COMMON });
    const own = new Browser(server);
    await own.open('/login/');
    await own.fill({ username: 'ann', password: COMMON });
    server.clock.advance(2 * DAY_MS);
    const thief = await server.signIn('ann');
    const path = new URL(linkIn((await server.mailsTo(email)).at(-1))).pathname;
    return { server, own, thief, path, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  test('P10, E8, E9: the link leads to a button, that to a new password, and that back in; looking changes nothing', async () => {
    await using open = await atServer();
    const { server, own, thief, path } = open;
    for (const method of ['GET', 'HEAD']) await server.ask(path, { method });
    assert.equal(await server.isLive(thief), true);
    await own.open(path);
    assert.equal(own.path, '/not-me/', 'the secret stands in no address');
    assert.match(textOf(own.page ?? assert.fail()), /all devices are signed out/);
    await own.fill({});
    assert.equal(own.path, '/password/reset/confirm/?then=sign-in');
    assert.equal(await server.isLive(thief), false);
    const weak = await own.fill({ new_password1: '12345', new_password2: '12345' });
    assert.equal(weak.status, 400, 'a weak one uses nothing up');
    await own.fill(NEW);
    assert.equal(own.path, '/account/');
    assert.equal(own.page?.status, 200);
    assert.match(textOf(own.page ?? assert.fail()), /Signed in as ann/);
    await own.open(path);
    assert.match(textOf(await own.fill({})), /This link has been used already/);
    assert.equal((await own.open('/account/')).status, 200, 'and ends nothing any more');
  });

  test('D2, E22: another site cannot press the button, and no new password is set before it was pressed', async () => {
    await using open = await atServer();
    const { server, own, thief, path } = open;
    await own.open(path);
    const foreign = await own.post('/not-me/', {}, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' });
    assert.equal(foreign.status, 403);
    assert.equal((await own.open('/password/reset/confirm/?then=sign-in')).status, 400);
    assert.equal(await server.isLive(thief), true);
  });

  test('E23: a link of a reset signs nobody in, and who comes without any link is shown two ways', async () => {
    await using open = await atServer();
    const { server } = open;
    const { pathname } = await server.resetLink('ann@example.com');
    const reader = new Browser(server);
    await reader.open(pathname);
    assert.match(textOf(await reader.fill(NEW)), /Your new password is set/);
    assert.equal((await reader.open('/account/')).status, 401);
    assert.match(textOf(await reader.open('/not-me/')), /Take the account back in two steps/);
    assert.equal((await reader.post('/not-me/', {})).status, 400);
    assert.equal((await reader.open('/not-me/%00/')).status, 400);
  });

  test('H6: where a second step is due, that comes before the account', async () => {
    await using open = await atServer();
    const { server, own, path } = open;
    const account = await server.auth.accounts.findByUsername('ann');
    await own.open(path);
    await own.fill({});
    const { parts } = server.assembled;
    const data = new Uint8Array(32);
    await parts.store.credentials.add({
      ...{ accountId: account?.id ?? 0, by: null, provenAt: null, replaces: [], voids: false, kept: null, outbox: [] },
      credentials: [{ id: 'totp-x', kind: 'totp', label: '', data }],
    });
    await own.fill(NEW);
    assert.equal(own.path, '/login/second-step/');
  });
});
