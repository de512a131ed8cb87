/** Who is out stays out and harms nobody; who is not in yet displaces nobody: faults of other systems, over HTTP. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey } from 'latchkey';
import { linkIn, type TestInstance } from 'latchkey/testing';
import { ask, DAY_MS, Device, OWN_ORIGIN, onOneFile, PASSWORD, requestTo, signedIn, withAnn } from './device.ts';

const NEW_PASSWORDS = { new_password1: 'another horse 7?', new_password2: 'another horse 7?' };

/** A device that was displaced, and those that are in. */
async function displaced(auth: Latchkey, limit: number, kind: 'app' | 'browser' = 'app') {
  const out = new Device(auth, kind);
  assert.equal((await out.signIn()).status, 200);
  const live = await signedIn(auth, limit);
  assert.equal(await out.why(), 'session_displaced');
  return { out, live };
}

async function refuse(auth: Latchkey, body: Readonly<Record<string, unknown>>, status = 400): Promise<void> {
  const answer = await ask(auth, 'POST', '/auth/login/', { body });
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body['key'], undefined);
}

for (const limit of [1, 3]) {
  describe(`with a limit of ${limit}`, () => {
    const sessions = { limit };

    for (const kind of ['app', 'browser'] as const) {
      test(
        `F-4: whatever a displaced ${kind} still asks for, nothing changes for those who are in`,
        withAnn({ sessions }, async ({ auth }) => {
          const { out, live } = await displaced(auth, limit, kind);
          const before = await auth.sessions.list(1);
          const newest = before[0]?.id ?? '';
          const attempts: readonly (readonly [
            method: string,
            path: string,
            body?: Readonly<Record<string, string>>,
          ])[] = [
            ['GET', '/auth/user/'],
            ['PATCH', '/auth/user/', { username: 'mine' }],
            ['POST', '/auth/password/change/', NEW_PASSWORDS],
            ['DELETE', `/auth/sessions/${newest}/`],
            ['POST', '/auth/sessions/end-others/'],
            ['DELETE', '/auth/user/', { password: PASSWORD }],
          ];
          for (const [method, path, body] of attempts) {
            const answer = await out.ask(method, path, body);
            assert.equal(answer.status, 401, `${method} ${path}`);
            assert.equal(answer.reason, 'session_displaced');
          }
          assert.equal((await out.ask('POST', '/auth/logout/')).status, 200);
          assert.deepEqual(await auth.sessions.list(1), before);
          assert.equal((await auth.accounts.find(1))?.username, 'ann');
          for (const device of live) assert.equal(await device.why(), null);
        }),
      );
    }

    test(
      'F-5: a “last seen” that is written after its session was displaced brings nothing back',
      onOneFile(async (open) => {
        const slow = await open({ sessions });
        const other = await open({ sessions, clock: slow.clock });
        await other.auth.accounts.create({ username: 'ann', password: PASSWORD });
        const early = new Device(slow.auth);
        await early.signIn();
        slow.clock.advance(61_000);
        assert.equal(await early.why(), null, 'the write of its “last seen” is under way from here on');
        const live = await signedIn(other.auth, limit);
        await slow.close();

        const again = Object.assign(new Device(other.auth), { key: early.key });
        assert.equal(await again.why(), 'session_displaced');
        assert.equal((await other.auth.sessions.list(1)).length, limit);
        for (const device of live) assert.equal(await device.why(), null);
      }),
    );

    test(
      'F-7: a displaced session never comes back, however those after it end',
      withAnn({ sessions }, async ({ auth, clock }) => {
        const { out, live } = await displaced(auth, limit);
        for (const device of live) await device.ask('POST', '/auth/logout/');
        assert.equal(await out.why(), 'session_displaced', 'after the newer ones signed out');
        await signedIn(auth, limit);
        clock.advance(14 * DAY_MS);
        assert.deepEqual(await auth.sessions.list(1), [], 'the newer ones are idle');
        assert.equal(await out.why(), 'session_displaced', 'after the newer ones expired');
        await signedIn(auth, limit);
        await auth.sessions.endAll(1);
        assert.equal(await out.why(), 'session_displaced', 'after the newer ones were revoked');
        await auth.accounts.suspend(1);
        await auth.accounts.reactivate(1);
        assert.equal(await out.why(), 'session_displaced', 'after the account was closed and opened');
      }),
    );

    test(
      'F-16: what a client leaves out, adds or changes does not keep two in',
      withAnn({ sessions }, async ({ auth }) => {
        const { out, live } = await displaced(auth, limit);
        for (const path of ['/auth/session/?fresh_login=True', '/auth/session/?', '/auth/session/?device=1']) {
          assert.equal((await out.ask('GET', path)).reason, 'session_displaced');
        }
        const bare = { authorization: `Token ${out.key}` };
        const changes: readonly Readonly<Record<string, string>>[] = [
          bare,
          { ...bare, 'latchkey-device': live[0]?.deviceToken ?? '' },
          { ...bare, cookie: `latchkey=${out.key}` },
          { cookie: `latchkey=${out.key}` },
          { ...bare, 'x-forwarded-for': '10.0.0.1', 'user-agent': 'another' },
        ];
        for (const headers of changes) {
          const answer = await ask(auth, 'GET', '/auth/session/', { headers });
          assert.equal(answer.reason, 'session_displaced', JSON.stringify(headers));
        }
        // A sign-in with nothing of its own, and with parameters that ask to be let off, is a sign-in like any other.
        const body = { username: 'ann', password: PASSWORD, displace: false, limit: 99, fresh_login: 'False' };
        for (const path of ['/auth/login/?fresh_login=False', '/auth/signin/?limit=99', '/api/token/?next=/']) {
          assert.equal((await ask(auth, 'POST', path, { body })).status, 200);
          assert.equal((await auth.sessions.list(1)).length, limit);
        }
      }),
    );

    test(
      'F-16: a device token that somebody else has written is none',
      withAnn({ sessions }, async ({ auth }) => {
        const [device] = await signedIn(auth, 1);
        const own = device?.deviceToken ?? '';
        const forged = Object.assign(new Device(auth), {
          deviceToken: own.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')),
        });
        await forged.signIn();
        assert.equal((await auth.sessions.list(1)).length, Math.min(2, limit), 'it took a place of its own');
        assert.notEqual(forged.deviceToken.split('_')[1], own.split('_')[1]);
      }),
    );

    test(
      'F-17: a sign-in that fails displaces nobody and holds no place',
      withAnn({ sessions }, async ({ auth }) => {
        const live = await signedIn(auth, limit);
        const before = await auth.sessions.list(1);
        for (let time = 0; time < 5; time++) await refuse(auth, { username: 'ann', password: 'wrong horse' });
        await refuse(auth, { username: 'nobody', password: PASSWORD });
        await refuse(auth, { username: 'ann', password: '' });
        await refuse(auth, { username: 'ann' });
        await refuse(auth, { username: 'ann', password: [PASSWORD] });
        const foreign = await ask(auth, 'POST', '/auth/login/', {
          body: { username: 'ann', password: PASSWORD },
          headers: { origin: 'https://evil.example' },
        });
        assert.equal(foreign.status, 403);
        assert.deepEqual(await auth.sessions.list(1), before);
        for (const device of live) assert.equal(await device.why(), null);
      }),
    );

    test(
      'F-17: nor does one that comes too often, even with the right password',
      withAnn({ sessions, rateLimits: 'on', attempts: { perAccount: '2/hour' } }, async ({ auth }) => {
        const live = await signedIn(auth, limit);
        await refuse(auth, { username: 'ann', password: 'wrong horse' });
        await refuse(auth, { username: 'ann', password: 'wrong horse' });
        await refuse(auth, { username: 'ann', password: PASSWORD }, 429);
        for (const device of live) assert.equal(await device.why(), null);
      }),
    );

    test('F-17: nor does one of an address that is not verified yet', refusesUnverified(limit));
    test('F-17: nor does a scanner that opens the links in a mail', withAnn({ sessions }, opensLinks));
  });
}

function refusesUnverified(limit: number): () => Promise<void> {
  return withAnn({ sessions: { limit }, accounts: { emailVerification: 'mandatory' } }, async ({ auth }) => {
    // Sessions from before the rule was tightened: imported keys of an account that never verified its address.
    for (const letter of ['a', 'b', 'c'].slice(0, limit)) await auth.sessions.importKey(1, letter.repeat(40));
    const before = await auth.sessions.list(1);
    assert.equal(before.length, limit);
    const answer = await ask(auth, 'POST', '/auth/login/', { body: { username: 'ann', password: PASSWORD } });
    assert.equal(answer.reason, 'email_not_verified');
    assert.deepEqual(await auth.sessions.list(1), before);
  });
}

async function opensLinks({ auth, mailbox }: TestInstance): Promise<void> {
  const [device] = await signedIn(auth, 1);
  await ask(auth, 'POST', '/auth/password/reset/', { body: { email: 'ann@example.com' } });
  await ask(auth, 'POST', '/auth/registration/resend-email/', { body: { email: 'ann@example.com' } });
  await auth.settle();
  assert.equal(mailbox.mails.length, 2);
  const before = await auth.sessions.list(1);
  for (const mail of mailbox.mails) {
    for (const method of ['HEAD', 'GET', 'GET']) {
      const answer = await auth.handler(requestTo(linkIn(mail).replace(OWN_ORIGIN, ''), method));
      assert.ok(answer.status < 400, `${method}: ${answer.status}`);
    }
  }
  assert.deepEqual(await auth.sessions.list(1), before);
  assert.equal(await device?.why(), null);
  assert.equal((await auth.accounts.find(1))?.emailVerified, false);
  assert.equal((await device?.signIn())?.status, 200, 'the password is as it was');
}
