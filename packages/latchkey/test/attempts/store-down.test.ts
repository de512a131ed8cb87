import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { ask, limited, PASSWORD, signIn, WRONG, withTest } from './asking.ts';

const ill = async (): Promise<never> => {
  throw new StoreUnavailable('The counters cannot be reached.');
};

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('without counters nobody may try', () => {
  for (const username of ['ann', 'nobody']) {
    test(`B11: a sign-in of ${username} is 503 before anything is held against a hash, and the right password too`, async () => {
      await withTest({ ...limited(), log: quiet }, async ({ auth, assembled: { parts } }) => {
        await auth.accounts.create({ username: 'ann', password: PASSWORD });
        const { store, hasher } = parts;
        let checks = 0;
        Object.assign(parts, {
          store: { ...store, counters: { take: ill, settle: ill, purge: ill } },
          hasher: {
            ...hasher,
            verify: (...given: Parameters<typeof hasher.verify>) => {
              checks++;
              return hasher.verify(...given);
            },
          },
        });
        for (let time = 0; time < 20; time++) {
          const answer = await signIn(auth, username, time === 0 ? PASSWORD : WRONG);
          assert.equal(answer.status, 503);
          assert.equal(answer.headers.get('latchkey-reason'), 'store_unavailable');
          assert.equal(answer.headers.get('retry-after'), '1');
        }
        assert.equal(checks, 0);
        Object.assign(parts, { store, hasher });
        assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      });
    });
  }

  test('B11: nobody is mailed, registered or asked for an old password either', async () => {
    const settings = { ...limited(), log: quiet, django: { oldPasswordField: true } };
    await withTest(settings, async ({ auth, mailbox, assembled: { parts } }) => {
      await auth.accounts.create({ username: 'ann', email: 'ann@mail.test', password: PASSWORD });
      const { key } = (await (await signIn(auth, 'ann', PASSWORD)).json()) as { key: string };
      const { store } = parts;
      Object.assign(parts, { store: { ...store, counters: { take: ill, settle: ill, purge: ill } } });
      const headers = { authorization: `Token ${key}` };
      const newPasswords = { new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
      const asked: readonly (readonly [path: string, json: object])[] = [
        ['/auth/password/reset/', { email: 'ann@mail.test' }],
        ['/auth/registration/resend-email/', { email: 'ann@mail.test' }],
        ['/auth/registration/', { username: 'new', password1: PASSWORD, password2: PASSWORD }],
        ['/auth/password/change/', { old_password: PASSWORD, ...newPasswords }],
      ];
      for (const [path, json] of asked) {
        assert.equal((await ask(auth, path, { json, headers, from: '192.0.2.1' })).status, 503, path);
      }
      assert.equal(
        (await ask(auth, '/auth/user/', { method: 'DELETE', json: { password: PASSWORD }, headers })).status,
        503,
      );
      await auth.settle();
      assert.deepEqual(mailbox.mails, []);
      // Whoever is signed in goes on.
      assert.equal((await ask(auth, '/auth/user/', { method: 'GET', headers })).status, 200);
    });
  });
});
