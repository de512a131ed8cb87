import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../src/model/reasons.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { ask, FROM_ANYWHERE, fail, keyOf, limited, PASSWORD, signIn, WRONG, withTest } from './asking.ts';

const MINUTE_MS = 60_000;

const usual = { ...limited(FROM_ANYWHERE), sessions: { limit: 'unlimited' } } as const;

/** A device that the account has signed in on, and the header by which it says so. */
async function knownDevice(auth: Parameters<typeof signIn>[0], username: string) {
  const { key, device } = await keyOf(await signIn(auth, username, PASSWORD));
  return { key, headers: { 'latchkey-device': device } };
}

describe('an account has so many tries', () => {
  test('B1: ten wrong passwords in five minutes, and then 429 until they are over', async () => {
    await withTest(usual, async ({ auth, clock }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      assert.deepEqual(await fail(auth, 12, 'ann'), [...Array(10).fill(400), 429, 429]);
      clock.advance(5 * MINUTE_MS - 1);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
      clock.advance(1);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });

  test('B1: signing in takes none of them', async () => {
    await withTest(usual, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      for (let time = 0; time < 12; time++) assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      assert.deepEqual(await fail(auth, 11, 'ann'), [...Array(10).fill(400), 429]);
    });
  });

  test('B3: a thousand tries from a thousand addresses are as many as from one', async () => {
    await withTest(limited(), async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      let heard = 0;
      for (let host = 0; host < 1000; host++) {
        const answer = await signIn(auth, 'ann', WRONG, { from: `10.0.${host >> 8}.${host & 255}` });
        if (answer.status === 400) heard++;
      }
      assert.equal(heard, 10);
    });
  });

  test('B14: Retry-After is there, is true, and nothing tells how many tries there are', async () => {
    await withTest(usual, async ({ auth, clock }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      await fail(auth, 3, 'ann');
      clock.advance(2 * MINUTE_MS);
      await fail(auth, 7, 'ann');
      const refused = await signIn(auth, 'ann', PASSWORD);
      assert.equal(refused.headers.get('retry-after'), '180');
      assert.deepEqual(await refused.json(), {
        detail: 'Request was throttled. Expected available in 180 seconds.',
        code: 'too_many_attempts',
      });
      clock.advance(179_000);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
      clock.advance(1_000);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });

  for (const [what, names] of [
    ['case', ['ann', 'ANN', 'Ann', 'aNN']],
    ['Unicode form', ['ann', 'ａｎｎ', 'ⓐnn', '𝐚𝐧𝐧']],
    ['white space', ['ann', ' ann', 'ann ', '\tann\t']],
    ['way in', ['ann', 'ann@mail.test', 'ANN@MAIL.TEST', 'ann@ＭＡＩＬ.test']],
  ] as const) {
    test(`B7: another ${what} of the name is no new row of tries`, async () => {
      await withTest({ ...usual, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
        await auth.accounts.create({
          username: 'ann',
          email: 'ann@mail.test',
          emailVerified: true,
          password: PASSWORD,
        });
        const statuses: number[] = [];
        for (let time = 0; time < 12; time++) {
          const name = names[time % names.length] ?? '';
          statuses.push((await signIn(auth, name, WRONG)).status);
        }
        assert.deepEqual(statuses, [...Array(10).fill(400), 429, 429]);
      });
    });
  }

  test('B7: nor for a name that nobody has', async () => {
    await withTest(usual, async ({ auth }) => {
      assert.deepEqual(await fail(auth, 5, 'zoë'), Array(5).fill(400));
      assert.deepEqual(await fail(auth, 6, 'ZOE\u0308'), [...Array(5).fill(400), 429]);
    });
  });

  test('B7: a name that looks like an account’s number is not counted as that account', async () => {
    await withTest(usual, async ({ auth }) => {
      const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
      await fail(auth, 12, String(id));
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });

  test('B9: sign-in, the article’s route, DRF’s own, old_password and DELETE user/ share the tries of a device', async () => {
    await withTest({ ...usual, django: { oldPasswordField: true } }, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { key, headers } = await knownDevice(auth, 'ann');
      const signedIn = { ...headers, authorization: `Token ${key}` };
      const credentials = { username: 'ann', password: WRONG };
      const change = { old_password: WRONG, new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
      const routes = [
        () => ask(auth, '/auth/login/', { json: credentials, headers }),
        () => ask(auth, '/auth/signin/', { json: credentials, headers }),
        () => ask(auth, '/api/token/', { json: credentials, headers }),
        () => ask(auth, '/auth/password/change/', { json: change, headers: signedIn }),
        () => ask(auth, '/auth/user/', { method: 'DELETE', json: { password: WRONG }, headers: signedIn }),
      ];
      const statuses: number[] = [];
      for (let time = 0; time < 15; time++) statuses.push((await (routes[time % 5] ?? routes[0])?.())?.status ?? 0);
      assert.deepEqual(statuses, [...Array(10).fill(400), ...Array(5).fill(429)]);
      assert.equal((await auth.accounts.findByUsername('ann'))?.state, 'active');
    });
  });

  test('B9: a stranger’s tries are shared by every way in', async () => {
    await withTest(usual, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const statuses: number[] = [];
      for (let time = 0; time < 12; time++) {
        const path = ['/auth/login/', '/auth/signin/', '/api/token/'][time % 3] ?? '';
        statuses.push((await ask(auth, path, { json: { username: 'ann', password: WRONG } })).status);
      }
      assert.deepEqual(statuses, [...Array(10).fill(400), 429, 429]);
    });
  });

  test('B9: a key brought along from elsewhere counts as a stranger’s: it says nothing of the device', async () => {
    await withTest({ ...usual, django: { oldPasswordField: true } }, async ({ auth }) => {
      const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const key = 'ab'.repeat(20);
      await auth.sessions.importKey(id, key);
      await fail(auth, 9, 'ann');
      const change = { old_password: WRONG, new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
      const asked = { json: change, headers: { authorization: `Token ${key}` } };
      assert.equal((await ask(auth, '/auth/password/change/', asked)).status, 400);
      assert.equal((await ask(auth, '/auth/password/change/', asked)).status, 429);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
    });
  });
});

describe('no stranger can keep the owner out', () => {
  test('B1, P10: when all tries are used up, the right password from a known device still gets in', async () => {
    await withTest(usual, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { headers } = await knownDevice(auth, 'ann');
      await fail(auth, 20, 'ann');
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
      assert.equal((await signIn(auth, 'ann', PASSWORD, { headers })).status, 200);
    });
  });

  test('B1, P10: by its cookie as by its header', async () => {
    await withTest(usual, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const first = await signIn(auth, 'ann', PASSWORD);
      const [cookie = ''] = first.headers.getSetCookie().filter((value) => value.startsWith('latchkey-device='));
      await fail(auth, 20, 'ann');
      const headers = { cookie: cookie.split(';')[0] ?? '' };
      assert.equal((await signIn(auth, 'ann', PASSWORD, { headers })).status, 200);
    });
  });

  test('B1: a known device has as many tries as a stranger, of its own', async () => {
    await withTest(usual, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const first = await knownDevice(auth, 'ann');
      const second = await knownDevice(auth, 'ann');
      assert.deepEqual(await fail(auth, 11, 'ann', first), [...Array(10).fill(400), 429]);
      assert.deepEqual(await fail(auth, 1, 'ann', second), [400]);
      assert.deepEqual(await fail(auth, 1, 'ann'), [400]);
    });
  });

  test('P10: the device of another account, a forged one and a damaged one are strangers', async () => {
    await withTest(usual, async ({ auth }) => {
      for (const username of ['ann', 'eve']) await auth.accounts.create({ username, password: PASSWORD });
      const { headers } = await knownDevice(auth, 'ann');
      const eves = await knownDevice(auth, 'eve');
      await fail(auth, 20, 'ann');
      const own = headers['latchkey-device'];
      const strangers = [
        eves.headers['latchkey-device'],
        `ld_${'A'.repeat(22)}_${'A'.repeat(43)}`,
        `${own.slice(0, 3)}${own[3] === 'A' ? 'B' : 'A'}${own.slice(4)}`,
        own.slice(0, -2),
        `${own}x`,
        own.split('_').slice(0, 2).join('_'),
        '',
      ];
      for (const device of strangers) {
        const answer = await signIn(auth, 'ann', PASSWORD, { headers: { 'latchkey-device': device } });
        assert.equal(answer.status, 429, device);
      }
      assert.equal((await signIn(auth, 'ann', PASSWORD, { headers })).status, 200);
    });
  });

  test('P10: whoever shares an unverified address has tries of their own, and cannot use up another’s', async () => {
    await withTest({ ...usual, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
      const email = 'both@mail.test';
      await auth.accounts.create({ username: 'eve', email, password: 'eves-own-passw0rd' });
      await auth.accounts.create({ username: 'ann', email, password: PASSWORD });
      const { headers } = await knownDevice(auth, 'ann');
      await fail(auth, 20, 'eve');
      assert.equal((await signIn(auth, email, PASSWORD)).status, 200);
      await fail(auth, 20, 'ann');
      assert.equal((await signIn(auth, email, PASSWORD)).status, 429);
      assert.equal((await signIn(auth, email, PASSWORD, { headers })).status, 200);
    });
  });

  test('B7: tries by a shared address count for each account that they were held against', async () => {
    await withTest({ ...usual, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
      const email = 'both@mail.test';
      for (const username of ['eve', 'ann']) await auth.accounts.create({ username, email, password: PASSWORD });
      await fail(auth, 10, email);
      for (const username of ['eve', 'ann']) assert.equal((await signIn(auth, username, PASSWORD)).status, 429);
    });
  });

  test('B1: whoever names somebody’s address cannot guess without end, though their own password is right', async () => {
    await withTest({ ...usual, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
      const email = 'both@mail.test';
      await auth.accounts.create({ username: 'ann', email, password: PASSWORD });
      const { id } = await auth.accounts.create({ username: 'mallory', email, password: 'a first gu3ss' });
      for (let guess = 0; guess < 10; guess++) {
        assert.equal((await signIn(auth, email, 'a first gu3ss')).status, 200);
      }
      assert.equal((await auth.accounts.find(id))?.username, 'mallory');
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429, 'they were guesses at her password');
    });
  });

  test('B7: signing in by a shared address from a device that is known costs the other account nothing', async () => {
    await withTest({ ...usual, accounts: { signInBy: 'username_email' } }, async ({ auth }) => {
      const email = 'both@mail.test';
      await auth.accounts.create({ username: 'eve', email, password: 'eves-own-passw0rd' });
      await auth.accounts.create({ username: 'ann', email, password: PASSWORD });
      const { headers } = await knownDevice(auth, 'ann');
      for (let time = 0; time < 12; time++) {
        assert.equal((await signIn(auth, email, PASSWORD, { headers })).status, 200);
      }
      assert.deepEqual(await fail(auth, 11, 'eve'), [...Array(10).fill(400), 429]);
    });
  });
});

describe('what was not tried does not count', () => {
  test('B5: a server that is too busy to look takes no try', async () => {
    await withTest(usual, async ({ auth, assembled: { parts } }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { hasher } = parts;
      const busy = async () => {
        throw new Refusal('busy', { retryAfterSeconds: 1 });
      };
      Object.assign(parts, { hasher: { ...hasher, verify: busy } });
      assert.deepEqual(await fail(auth, 30, 'ann'), Array(30).fill(503));
      Object.assign(parts, { hasher });
      assert.deepEqual(await fail(auth, 11, 'ann'), [...Array(10).fill(400), 429]);
    });
  });

  test('B22: an account that was suspended cannot finish what it began: a reset, a verification, a session', async () => {
    await withTest({ accounts: { emailVerification: 'mandatory' } }, async ({ auth, mailbox }) => {
      const email = 'ann@mail.test';
      const { id } = await auth.accounts.create({ username: 'ann', email, emailVerified: true, password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      await ask(auth, '/auth/password/reset/', { json: { email } });
      await auth.settle();
      const [uid, token] = linkIn(mailbox.mails[0]).split('/').slice(-3, -1);
      await auth.accounts.suspend(id);
      const change = { uid, token, new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
      assert.equal((await ask(auth, '/auth/password/reset/confirm/', { json: change })).status, 400);
      const asked = { method: 'GET', headers: { authorization: `Token ${key}` } };
      assert.equal((await ask(auth, '/auth/user/', asked)).status, 401);
      await auth.accounts.reactivate(id);
      assert.equal((await signIn(auth, 'ann', 'an0ther-one-yet')).status, 400);
      assert.equal((await ask(auth, '/auth/password/reset/confirm/', { json: change })).status, 400);
    });
  });
});
