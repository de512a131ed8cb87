import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkIn, type Mailbox } from '../../src/testing/mailbox.ts';
import { temporaryFolder } from '../serving.ts';
import { ask, FROM_ANYWHERE, fail, keyOf, limited, PASSWORD, signIn, WRONG, withTest, wordsOf } from './asking.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** A hundred in a row, with no other limit in the way. */
const hundred = {
  ...limited({ ...FROM_ANYWHERE, perAccount: '100000/min' }),
  sessions: { limit: 'unlimited' },
} as const;

/** Ten in a row, which is the fewest that can be set. */
const ten = { ...hundred, attempts: { ...hundred.attempts, consecutive: 10 } } as const;

type Auth = Parameters<typeof signIn>[0];

async function ann(auth: Auth) {
  await auth.accounts.create({ username: 'ann', email: 'ann@mail.test', emailVerified: true, password: PASSWORD });
  const { device, key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
  return { key, headers: { 'latchkey-device': device } };
}

/** Asks for a link to reset the password, and returns what it carries. */
async function resetLink(auth: Auth, mailbox: Mailbox) {
  await ask(auth, '/auth/password/reset/', { json: { email: 'ann@mail.test' } });
  await auth.settle();
  const [uid, token] = linkIn(mailbox.mails.at(-1)).split('/').slice(-3, -1);
  return { uid, token };
}

async function reset(auth: Auth, link: object, password: string): Promise<number> {
  const json = { ...link, new_password1: password, new_password2: password };
  return (await ask(auth, '/auth/password/reset/confirm/', { json })).status;
}

const NEW_PASSWORD = 'an0ther-one-yet';

describe('a hundred wrong passwords in a row', () => {
  test('B4: are heard, and then no stranger is, for longer than anybody waits', async () => {
    await withTest(hundred, async ({ auth, clock }) => {
      await ann(auth);
      assert.deepEqual(await fail(auth, 102, 'ann'), [...Array(100).fill(400), 429, 429]);
      for (const later of [HOUR_MS, 24 * HOUR_MS, YEAR_MS]) {
        clock.advance(later);
        assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
      }
    });
  });

  test('B4: are counted however slowly they come', async () => {
    await withTest({ ...hundred, attempts: { perAccount: '10/5min' } }, async ({ auth, clock }) => {
      await ann(auth);
      for (let day = 0; day < 100; day++) {
        clock.advance(24 * HOUR_MS);
        assert.deepEqual(await fail(auth, 1, 'ann'), [400]);
      }
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
    });
  });

  test('B4: what was refused for another limit is not of the row', async () => {
    await withTest({ ...ten, attempts: { perAccount: '5/5min', consecutive: 10 } }, async ({ auth, clock }) => {
      await ann(auth);
      assert.deepEqual(await fail(auth, 50, 'ann'), [...Array(5).fill(400), ...Array(45).fill(429)]);
      clock.advance(HOUR_MS);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });

  test('B4: one success in between, and the row begins anew', async () => {
    await withTest(ten, async ({ auth }) => {
      await ann(auth);
      for (let time = 0; time < 3; time++) {
        assert.deepEqual(await fail(auth, 9, 'ann'), Array(9).fill(400));
        assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
      }
    });
  });

  test('B4, P10: do not keep a known device out, and its success opens the account to new devices', async () => {
    await withTest(ten, async ({ auth }) => {
      const { headers } = await ann(auth);
      await fail(auth, 20, 'ann');
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
      assert.equal((await signIn(auth, 'ann', PASSWORD, { headers })).status, 200);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });

  test('B4, P10: the old password on a known device opens it, too', async () => {
    await withTest({ ...ten, django: { oldPasswordField: true } }, async ({ auth }) => {
      const { key } = await ann(auth);
      await fail(auth, 20, 'ann');
      const json = { old_password: PASSWORD, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
      const changed = await ask(auth, '/auth/password/change/', { json, headers: { authorization: `Token ${key}` } });
      assert.equal(changed.status, 200);
      assert.equal((await signIn(auth, 'ann', NEW_PASSWORD)).status, 200);
    });
  });

  test('B4, P10: a mailed link gets in, and opens the account to whoever knows the new password', async () => {
    await withTest(ten, async ({ auth, mailbox }) => {
      await ann(auth);
      await fail(auth, 20, 'ann');
      assert.equal(await reset(auth, await resetLink(auth, mailbox), NEW_PASSWORD), 200);
      assert.equal((await signIn(auth, 'ann', NEW_PASSWORD)).status, 200);
    });
  });

  test('P10: whoever used a mailed link is a known device from then on, whatever strangers go on guessing', async () => {
    await withTest(ten, async ({ auth, mailbox }) => {
      await ann(auth);
      await fail(auth, 20, 'ann');
      const link = await resetLink(auth, mailbox);
      const json = { ...link, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
      const done = await ask(auth, '/auth/password/reset/confirm/', { json });
      const { device } = (await done.json()) as { readonly device: string };
      await fail(auth, 20, 'ann');
      assert.equal((await signIn(auth, 'ann', NEW_PASSWORD)).status, 429);
      const headers = { 'latchkey-device': device };
      assert.equal((await signIn(auth, 'ann', NEW_PASSWORD, { headers })).status, 200);
    });
  });

  test('B1, B4: devices that were known before the password changed are strangers', async () => {
    await withTest(ten, async ({ auth, mailbox }) => {
      await ann(auth);
      const devices: string[] = [];
      for (let made = 0; made < 3; made++) {
        const { device } = await keyOf(await signIn(auth, 'ann', PASSWORD));
        devices.push(device);
      }
      assert.equal(await reset(auth, await resetLink(auth, mailbox), NEW_PASSWORD), 200);
      const statuses: number[] = [];
      for (const device of devices) {
        statuses.push(...(await fail(auth, 5, 'ann', { headers: { 'latchkey-device': device } })));
      }
      assert.deepEqual(statuses, [...Array(10).fill(400), ...Array(5).fill(429)]);
    });
  });

  test('B4: a mailed link opens it from the other limit, too', async () => {
    await withTest({ ...ten, attempts: { ...FROM_ANYWHERE, perAccount: '3/hour' } }, async ({ auth, mailbox }) => {
      await ann(auth);
      await fail(auth, 5, 'ann');
      assert.equal(await reset(auth, await resetLink(auth, mailbox), NEW_PASSWORD), 200);
      assert.equal((await signIn(auth, 'ann', NEW_PASSWORD)).status, 200);
    });
  });

  test('B4: a link that was not used opens nothing: not one that is forged, nor by a password that is too weak', async () => {
    await withTest(ten, async ({ auth, mailbox }) => {
      await ann(auth);
      await fail(auth, 20, 'ann');
      const link = await resetLink(auth, mailbox);
      assert.equal(await reset(auth, link, '123'), 400);
      assert.equal(await reset(auth, { ...link, token: 'x'.repeat(43) }, NEW_PASSWORD), 400);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 429);
    });
  });

  test('B4: the row is the store’s: another node goes on with it, and so does the same one after a restart', async () => {
    const folder = temporaryFolder();
    try {
      const settings = { ...ten, database: `sqlite:${folder.path}/test.db` };
      await withTest(settings, async ({ auth }) => {
        await ann(auth);
        assert.deepEqual(await fail(auth, 5, 'ann'), Array(5).fill(400));
        await withTest(settings, async (other) => {
          assert.deepEqual(await fail(other.auth, 3, 'ann'), Array(3).fill(400));
        });
      });
      await withTest(settings, async ({ auth }) => {
        assert.deepEqual(await fail(auth, 3, 'ann'), [400, 400, 429]);
      });
    } finally {
      folder.remove();
    }
  });

  test('A6, B4: are heard alike for a name that nobody has, for a month', async () => {
    await withTest(ten, async ({ auth, clock }) => {
      await ann(auth);
      assert.deepEqual(await fail(auth, 12, 'zoe'), [...Array(10).fill(400), 429, 429]);
      await fail(auth, 12, 'ann');
      assert.equal(await wordsOf(await signIn(auth, 'zoe', WRONG)), await wordsOf(await signIn(auth, 'ann', PASSWORD)));
      clock.advance(29 * 24 * HOUR_MS);
      assert.deepEqual(await fail(auth, 1, 'zoe'), [429]);
    });
  });
});
