/** Who has a place, and who is counted: faults of other systems, over the library's HTTP face. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { DAY_MS, Device, onOneFile, PASSWORD, signedIn, withAnn } from './device.ts';

const DISPLACED = 'session_displaced';

async function whyEach(devices: readonly Device[]): Promise<readonly (string | null)[]> {
  return await Promise.all(devices.map((device) => device.why()));
}

/** The last `limit` of so many sign-ins are in; the rest were displaced. */
function lastOnesIn(count: number, limit: number): readonly (string | null)[] {
  return Array.from({ length: count }, (_, at) => (at >= count - limit ? null : DISPLACED));
}

for (const limit of [1, 3]) {
  describe(`with a limit of ${limit}`, () => {
    const sessions = { limit };

    test(
      'F-3: a sign-in that was answered is live until something after it ends it',
      withAnn({ sessions }, async ({ auth }) => {
        const devices: Device[] = [];
        for (let count = 1; count <= limit + 3; count++) {
          devices.push(...(await signedIn(auth, 1)));
          assert.deepEqual(await whyEach(devices), lastOnesIn(count, limit));
        }
      }),
    );

    test(
      'F-3: of many sign-ins at once the last ones are live, and the others are told who came after',
      withAnn({ sessions }, async ({ auth }) => {
        const devices = Array.from({ length: 8 }, () => new Device(auth));
        await Promise.all(devices.map((device) => device.signIn()));
        const live = await auth.sessions.list(1);
        assert.deepEqual(
          live.map(({ sequence }) => sequence),
          [8, 7, 6].slice(0, limit),
        );
        const codes = await whyEach(devices);
        assert.equal(codes.filter((code) => code === null).length, limit);
        assert.equal(codes.filter((code) => code === DISPLACED).length, 8 - limit);
      }),
    );

    test(
      'F-3: signing in again on one device, the new session does not die with the old one',
      withAnn({ sessions }, async ({ auth }) => {
        const [device] = await signedIn(auth, 1);
        const old = device?.key ?? '';
        await device?.signIn();
        const late = new Device(auth);
        late.key = old;
        assert.equal((await late.ask('POST', '/auth/logout/')).status, 200);
        assert.equal(await late.why(), DISPLACED);
        assert.equal(await device?.why(), null);
      }),
    );

    test(
      'F-6: after sign-ins at once every live session is in the list, and is ended with “the others”',
      withAnn({ sessions }, async ({ auth }) => {
        const devices = Array.from({ length: 8 }, () => new Device(auth));
        await Promise.all(devices.map((device) => device.signIn()));
        const codes = await whyEach(devices);
        const live = devices.filter((_, at) => codes[at] === null);
        const [caller] = live;
        const listed = JSON.parse((await caller?.ask('GET', '/auth/sessions/'))?.text ?? '[]') as { id: string }[];
        const ids = await Promise.all(live.map((device) => device.sessionId()));
        assert.deepEqual(listed.map(({ id }) => id).sort(), [...ids].sort());

        const ended = await caller?.ask('POST', '/auth/sessions/end-others/');
        assert.deepEqual(ended?.body, { ended: limit - 1 });
        const after = await whyEach(live);
        assert.deepEqual(after, [null, ...Array.from({ length: limit - 1 }, () => 'session_revoked')]);
      }),
    );

    const ways: Readonly<Record<string, (instance: TestInstance, device: Device) => Promise<unknown>>> = {
      'was signed out': (_, device) => device.ask('POST', '/auth/logout/'),
      'was revoked': async ({ auth }, device) => await auth.sessions.end(1, await device.sessionId()),
      'fell idle': async ({ clock }) => clock.advance(14 * DAY_MS),
      'expired however much it was used': async ({ clock }) => clock.advance(30 * DAY_MS),
    };
    for (const [what, end] of Object.entries(ways)) {
      test(
        `F-8: a session that ${what} holds no place at the very next sign-in`,
        withAnn({ sessions: { limit, ...(what.startsWith('expired') && { idleDays: 365 }) } }, async (instance) => {
          const { auth, clock } = instance;
          // The others come first, so that they would go, and a day later by the clock, so that they outlast it.
          clock.advance(DAY_MS);
          const others = await signedIn(auth, limit - 1);
          clock.advance(-DAY_MS);
          const [over] = await signedIn(auth, 1);
          await end(instance, over ?? assert.fail());
          const newcomer = new Device(auth);
          assert.equal(await newcomer.signInAndHear(), 'New Token Created');
          assert.deepEqual(await whyEach([...others, newcomer]), Array(limit).fill(null));
        }),
      );
    }

    test(
      'F-9: an account with 300 sessions is down to the limit at the next sign-in, in one step',
      onOneFile(async (open) => {
        const before = await open({ sessions: { limit: 'unlimited' } });
        await before.auth.accounts.create({ username: 'ann', password: PASSWORD });
        const devices = await signedIn(before.auth, 300);
        await before.close();

        const { auth } = await open({ sessions });
        assert.equal((await auth.sessions.list(1)).length, 300);
        const newcomer = new Device(auth);
        assert.equal(await newcomer.signInAndHear(), 'Old Token Deleted');
        assert.equal((await auth.sessions.list(1)).length, limit);
        const later = devices.map((device) => Object.assign(new Device(auth), { key: device.key }));
        assert.deepEqual(await whyEach([...later, newcomer]), lastOnesIn(301, limit));
      }),
    );

    test(
      'F-12: whatever way the account is spelled, it is one account with one limit',
      withAnn({ sessions, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
        const spellings = ['ann', 'Ann', 'ＡＮＮ', 'ann@example.com', 'ANN@EXAMPLE.COM', 'ann@ＥＸＡＭＰＬＥ.com'];
        const devices: Device[] = [];
        for (const [at, username] of spellings.entries()) {
          const device = new Device(auth);
          const field = at >= 4 ? 'email' : 'username';
          const answer = await device.ask('POST', '/auth/login/', { [field]: username, password: PASSWORD });
          assert.equal(answer.status, 200, `${username}: ${answer.text}`);
          devices.push(device);
        }
        assert.deepEqual(await whyEach(devices), lastOnesIn(spellings.length, limit));
        const named = await devices.at(-1)?.ask('PATCH', '/auth/user/', { username: 'anna' });
        assert.equal(named?.status, 200);
        const renamed = new Device(auth);
        assert.equal((await renamed.signIn('anna')).status, 200);
        assert.deepEqual(await whyEach([...devices, renamed]), lastOnesIn(spellings.length + 1, limit));
      }),
    );

    for (const kind of ['app', 'browser'] as const) {
      test(
        `F-26: signing in again in one ${kind} takes no second place, nor does confirming a password`,
        withAnn({ sessions }, async ({ auth, clock }) => {
          const others = await signedIn(auth, limit - 1);
          const device = new Device(auth, kind);
          for (let time = 0; time < 5; time++) {
            await device.signIn();
            assert.equal((await auth.sessions.list(1)).length, limit);
          }
          const id = await device.sessionId();
          clock.advance(3_600_000);
          const change = { new_password1: 'another horse 7?', new_password2: 'another horse 7?' };
          const wrong = await device.ask('POST', '/auth/password/change/', { ...change, old_password: 'not this' });
          assert.equal(wrong.status, 400);
          assert.deepEqual(await whyEach([...others, device]), Array(limit).fill(null));
          const right = await device.ask('POST', '/auth/password/change/', { ...change, old_password: PASSWORD });
          assert.equal(right.status, 200);
          assert.equal(await device.sessionId(), id);
        }),
      );
    }
  });
}
