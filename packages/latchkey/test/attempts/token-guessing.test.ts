import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newSessionToken } from '../../src/crypto/token.ts';
import { ask, keyOf, PASSWORD, signIn, withTest } from './asking.ts';
import { counterOf } from './counted.ts';

async function check(auth: Parameters<typeof signIn>[0], authorization: string): Promise<number> {
  return (await ask(auth, '/auth/session/', { method: 'GET', headers: { authorization } })).status;
}

describe('guessing keys', () => {
  test('B24: what has not the form or the checksum of a key never reaches the store', async () => {
    await withTest({}, async ({ auth, assembled: { parts } }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      const last = key.at(-1) === '0' ? '1' : '0';
      const garbage = [
        key.slice(0, -1) + last,
        key.slice(0, -1),
        `${key}0`,
        key.replace('lk_', 'lk-'),
        key.toUpperCase(),
        `lk_1_${'A'.repeat(49)}`,
        'x',
        'null',
        'undefined',
        '0'.repeat(39),
        '0'.repeat(41),
        'G'.repeat(40),
        'A'.repeat(40),
        'lk_',
        `lk_${'9'.repeat(12)}_${'A'.repeat(49)}`,
        'eyJhbGciOiJub25lIn0.e30.',
        '%00',
        'A'.repeat(8_000),
      ];
      const counter = counterOf(parts);
      const work = await counter.during(async () => {
        for (const token of garbage) {
          for (const scheme of ['Token', 'Bearer', 'token']) {
            assert.equal(await check(auth, `${scheme} ${token}`), 401, token.slice(0, 60));
          }
          const headers = { cookie: `latchkey=${token}` };
          assert.equal((await ask(auth, '/auth/session/', { method: 'GET', headers })).status, 401);
        }
      });
      assert.deepEqual(work, {});
    });
  });

  test('B24, G12: a right checksum is no proof: it costs one read, and is refused in the same words', async () => {
    await withTest({}, async ({ auth, assembled: { parts } }) => {
      const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
      await signIn(auth, 'ann', PASSWORD);
      const counter = counterOf(parts);
      for (const token of [newSessionToken(id).token, newSessionToken(id + 1).token, 'ab'.repeat(20)]) {
        const work = await counter.during(async () => assert.equal(await check(auth, `Token ${token}`), 401));
        assert.deepEqual(work, { 'sessions.find': 1 });
      }
    });
  });

  test('B24: a thousand bad keys from one address do not touch a good one from there', async () => {
    await withTest({}, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      for (let time = 0; time < 1000; time++) await check(auth, `Token ${newSessionToken(1).token}`);
      assert.equal(await check(auth, `Token ${key}`), 200);
    });
  });
});
