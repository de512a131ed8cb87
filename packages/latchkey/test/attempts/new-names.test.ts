/** Each new username that an account asks for tells whether somebody has it: there is an end to that, wherever it is asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey } from '../../src/latchkey.ts';
import { ask, keyOf, limited, PASSWORD, signIn, withTest } from './asking.ts';

const HOUR_MS = 3_600_000;
const NAMES_PER_HOUR = 10;

async function headersOf(auth: Latchkey): Promise<Readonly<Record<string, string>>> {
  await auth.accounts.create({ username: 'taken' });
  await auth.accounts.create({ username: 'ann', password: PASSWORD });
  const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
  return { authorization: `Token ${key}`, cookie: `latchkey=${key}` };
}

describe('new names are counted by account', () => {
  test('A6: by PATCH and PUT, taken or free, and the answer says when to come back', async () => {
    await withTest(limited(), async ({ auth, clock }) => {
      const headers = await headersOf(auth);
      const call = (method: string, json: unknown) => ask(auth, '/auth/user/', { method, json, headers });
      for (let time = 0; time < NAMES_PER_HOUR; time += 2) {
        assert.equal((await call('PATCH', { username: 'taken' })).status, 400);
        assert.equal((await call('PUT', { username: `free${time}` })).status, 200);
      }
      for (const username of ['taken', 'free']) {
        const refused = await call('PATCH', { username });
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get('retry-after'), String(HOUR_MS / 1000));
      }
      // What changes no name is not counted, and neither is a name that cannot be one.
      assert.equal((await call('PUT', { username: 'free8', first_name: 'Ann' })).status, 200);
      assert.equal((await call('PATCH', { username: 'a b' })).status, 400);
      clock.advance(HOUR_MS);
      assert.equal((await call('PATCH', { username: 'taken' })).status, 400);
    });
  });

  test('A6: of fifty at once no more are looked up', async () => {
    await withTest(limited(), async ({ auth }) => {
      const headers = await headersOf(auth);
      const asked = Array.from({ length: 50 }, () =>
        ask(auth, '/auth/user/', { method: 'PATCH', json: { username: 'taken' }, headers }),
      );
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 400).length, NAMES_PER_HOUR);
      assert.equal(statuses.filter((status) => status === 429).length, 50 - NAMES_PER_HOUR);
    });
  });

  test('A6: by the page too, which has the same tries', async () => {
    await withTest(limited(), async ({ auth }) => {
      const headers = await headersOf(auth);
      const save = async (username: string, first_name = '') =>
        (await ask(auth, '/account/profile/', { form: { username, first_name }, headers })).status;
      for (let time = 0; time < NAMES_PER_HOUR; time++) assert.equal(await save('taken'), 400);
      assert.equal(await save('taken'), 429);
      assert.equal(await save('ann', 'Ann'), 303);
      assert.equal((await ask(auth, '/auth/user/', { method: 'PATCH', json: { username: 'x' }, headers })).status, 429);
    });
  });
});
