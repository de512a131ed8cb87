import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import { ask, keyOf, PASSWORD, signIn, WRONG, withTest } from '../attempts/asking.ts';

type Opened = Parameters<Parameters<typeof withTest>[1]>[0];

const OLDER = `pbkdf2_sha256$10$salt$${pbkdf2Sync(PASSWORD, 'salt', 10, 32, 'sha256').toString('base64')}`;

/** An account whose hash an older server wrote. */
async function brought({ auth, assembled: { parts } }: Opened): Promise<{ stored(): Promise<string | null> }> {
  const { id } = await auth.accounts.create({ username: 'ann', email: 'ann@mail.test', password: 'an0ther-one-yet' });
  const from = (await parts.store.accounts.find(id))?.passwordHash ?? '';
  await parts.store.accounts.renewHash({ id, from, to: { hash: OLDER, scheme: 'pbkdf2_sha256$10' } });
  return { stored: async () => (await parts.store.accounts.find(id))?.passwordHash ?? null };
}

describe('an older hash', () => {
  test('is renewed beside a sign-in, is of the same password, and signs nobody out', async () => {
    await withTest({ sessions: { limit: 2 } }, async (opened) => {
      const { auth } = opened;
      const { stored } = await brought(opened);
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      await auth.settle();
      assert.match((await stored()) ?? '', /^cheap\$/);
      const headers = { authorization: `Token ${key}` };
      assert.equal((await ask(auth, '/auth/user/', { method: 'GET', headers })).status, 200);
      await keyOf(await signIn(auth, 'ann', PASSWORD));
      assert.equal((await ask(auth, '/auth/user/', { method: 'GET', headers })).status, 200);
      assert.equal((await signIn(auth, 'ann', WRONG)).status, 400);
    });
  });

  test('stays after a wrong password', async () => {
    await withTest({}, async (opened) => {
      const { stored } = await brought(opened);
      await signIn(opened.auth, 'ann', WRONG);
      await opened.auth.settle();
      assert.equal(await stored(), OLDER);
    });
  });

  test('is renewed as what matched: the white space that was typed around it does not come in', async () => {
    await withTest({}, async (opened) => {
      const { auth } = opened;
      const { stored } = await brought(opened);
      await keyOf(await signIn(auth, 'ann', `  ${PASSWORD} `));
      await auth.settle();
      assert.notEqual(await stored(), OLDER);
      await keyOf(await ask(auth, '/api/token/', { json: { username: 'ann', password: PASSWORD } }));
    });
  });

  test('does not overwrite a newer one: a password that is changed in between stays changed', async () => {
    await withTest({}, async (opened) => {
      const { auth, assembled } = opened;
      const { parts } = assembled;
      const { stored } = await brought(opened);
      const { hasher } = parts;
      const newer = await hasher.hash('the-newest-0ne');
      const hash: typeof hasher.hash = async (password) => {
        // Between the sign-in and its renewal.
        const [id, from] = [(await auth.accounts.findByUsername('ann'))?.id ?? 0, (await stored()) ?? ''];
        await parts.store.accounts.renewHash({ id, from, to: newer });
        return await hasher.hash(password);
      };
      Object.assign(parts, { hasher: { ...hasher, hash } });
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      await auth.settle();
      assert.equal(await stored(), newer.hash);
      assert.equal((await signIn(auth, 'ann', 'the-newest-0ne')).status, 200);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 400);
    });
  });

  test('that cannot be renewed just now lets its owner in all the same, and is renewed at another sign-in', async () => {
    const errors: string[] = [];
    const log = { info: () => undefined, warn: () => undefined, error: (_: object, text: string) => errors.push(text) };
    await withTest({ log }, async (opened) => {
      const { auth, assembled } = opened;
      const { parts } = assembled;
      const { stored } = await brought(opened);
      const { hasher } = parts;
      const hash = async () => {
        throw new Error('busy');
      };
      Object.assign(parts, { hasher: { ...hasher, hash } });
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      await auth.settle();
      assert.equal(await stored(), OLDER);
      assert.deepEqual(errors, ['renewing a password hash failed']);
      Object.assign(parts, { hasher });
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      await auth.settle();
      assert.notEqual(await stored(), OLDER);
    });
  });
});
