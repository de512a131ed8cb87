/** better-auth's users come along, from both of its databases, again and again. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Secret } from 'otpauth';
import { hchacha20 } from '../../src/crypto/xchacha.ts';
import { codeAt } from '../second-step/app.ts';
import { openPostgres, type PostgresServer, available as postgresAvailable } from '../servers/postgres.ts';
import {
  betterAuthHash,
  broughtTo,
  type Elsewhere,
  hashIn,
  inPostgres,
  inSqlite,
  isRenewed,
  PASSWORD,
  post,
  refusalOf,
  rowIn,
  signIn,
  withImport,
} from './elsewhere.ts';

const OLD = betterAuthHash(PASSWORD);
const NEWER = betterAuthHash('newer pass 7');

/** As it seals: XChaCha20-Poly1305 by the secret's SHA-256, in hex after the nonce. */
function sealed(secret: string, text: string): string {
  const nonce = randomBytes(24);
  const key = hchacha20(createHash('sha256').update(secret).digest(), nonce);
  const short = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]);
  const cipher = createCipheriv('chacha20-poly1305', key, short, { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('hex');
}

/** As its command line makes them, with the plugins username, admin, two-factor and passkey. */
async function makeTables(there: Elsewhere, types: { readonly date: string; readonly flag: string }): Promise<void> {
  const { date, flag } = types;
  await there.run(`
    create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique, "emailVerified" ${flag} not null, "image" text, "createdAt" ${date} not null, "updatedAt" ${date} not null, "username" text unique, "displayUsername" text, "role" text, "banned" ${flag}, "banReason" text, "banExpires" ${date}, "twoFactorEnabled" ${flag});
    create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" ${date}, "refreshTokenExpiresAt" ${date}, "scope" text, "password" text, "createdAt" ${date} not null, "updatedAt" ${date} not null);
    create table "twoFactor" ("id" text not null primary key, "secret" text not null, "backupCodes" text not null, "userId" text not null references "user" ("id") on delete cascade, "verified" ${flag});
    create table "passkey" ("id" text not null primary key, "name" text, "publicKey" text not null, "userId" text not null references "user" ("id") on delete cascade, "credentialID" text not null, "counter" integer not null);
  `);
}

const TIME = '2024-05-06T07:08:09.123Z';

type Given = Readonly<Record<string, unknown>>;

async function addUser(there: Elsewhere, id: string, given: Given = {}, password: string | null = OLD): Promise<void> {
  const user: Given = {
    ...{ id, name: `Ann Marie ${id}`, email: `${id}@shop.test`, emailVerified: true, createdAt: TIME, updatedAt: TIME },
    ...given,
  };
  const columns = Object.keys(user);
  const places = columns.map(() => '?').join(', ');
  const names = columns.map((one) => `"${one}"`).join(', ');
  await there.run(`INSERT INTO "user" (${names}) VALUES (${places})`, Object.values(user));
  if (password !== null) await addAccount(there, id, { providerId: 'credential', accountId: id, password });
}

async function addAccount(
  there: Elsewhere,
  userId: string,
  { providerId, accountId, password = null }: { providerId: string; accountId: string; password?: string | null },
): Promise<void> {
  await there.run(
    'INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt") VALUES (?, ?, ?, ?, ?, ?, ?)',
    [`${userId}-${providerId}`, accountId, providerId, userId, password, TIME, TIME],
  );
}

/** Everybody that a shop may have. */
async function fill(there: Elsewhere): Promise<void> {
  await addUser(there, 'zoe');
  await addUser(there, 'bob', {
    username: 'bobby',
    displayUsername: 'Bobby',
    role: 'admin,user',
    emailVerified: false,
  });
  await addUser(there, 'eve', { banned: true });
  await addUser(there, 'fay', { banned: true, banExpires: '2025-01-01T00:00:00.000Z' });
  await addUser(there, 'gil', {}, null);
  await addAccount(there, 'gil', { providerId: 'google', accountId: '1122' });
  await addAccount(there, 'zoe', { providerId: 'microsoft', accountId: 'ms-1' });
  await addAccount(there, 'zoe', { providerId: 'gitlab', accountId: '7' });
  await addUser(there, 'hal', { twoFactorEnabled: true });
  await there.run('INSERT INTO "twoFactor" ("id", "secret", "backupCodes", "userId") VALUES (?, ?, ?, ?)', [
    ...['t1', 'ab'.repeat(60), 'x', 'hal'],
  ]);
  await there.run(
    'INSERT INTO "passkey" ("id", "publicKey", "userId", "credentialID", "counter") VALUES (?, ?, ?, ?, ?)',
    ['p1', 'x', 'zoe', 'x', 0],
  );
  await addUser(there, 'ida', {}, 'plainly wrong');
}

async function comesAlong(there: Elsewhere): Promise<void> {
  await fill(there);
  await withImport('better-auth', async ({ file, bring, serve }) => {
    const look = await bring(there.from, '--dry-run');
    assert.match(look, /^Would have made 7 accounts/);
    assert.deepEqual((broughtTo(file) as { accounts: unknown[]; allotted: unknown[] }).accounts, []);
    assert.deepEqual((broughtTo(file) as { allotted: unknown[] }).allotted, [], 'a look allots nothing');

    const said = await bring(there.from);
    assert.match(said, /1: an account at a provider that may be a server of one’s own: .*\(zoe\) \(gitlab\)\n/);
    assert.match(said, /^Made 7 accounts, changed 0, closed 0; 0 are as they were, 0 did not come along\.\n/);
    for (const why of [
      '1: a password that cannot be read here (of a scheme that is not known, or no hash at all): they choose a new one by mail. Such as account 6 (ida)',
      '1: an account at a provider that is not among those known or set up here (LATCHKEY_SOCIAL_PROVIDERS), or is known by another number there. Such as account 7 (zoe) (microsoft)',
      '1: a passkey: it is registered again',
      '1: an authenticator app whose secret is sealed',
    ]) {
      assert.ok(said.includes(`  ${why}`), `${why} in ${said}`);
    }
    const zoe = rowIn(file, "SELECT * FROM account WHERE username = 'zoe@shop.test'");
    assert.deepEqual([zoe['first_name'], zoe['last_name'], zoe['created_at']], ['Ann Marie', 'zoe', Date.parse(TIME)]);
    const bob = rowIn(file, "SELECT * FROM account WHERE username = 'Bobby'");
    assert.deepEqual([bob['roles'], bob['state']], ['["admin"]', 'active']);
    const states = rowIn(
      file,
      "SELECT group_concat(username) AS names FROM account WHERE state = 'suspended' ORDER BY username",
    );
    assert.equal(states['names'], 'eve@shop.test', 'a ban that is over is none');
    const identity = rowIn(file, 'SELECT * FROM credential');
    assert.deepEqual(JSON.parse(Buffer.from(identity['data'] as Uint8Array).toString()), {
      ...{ issuer: 'https://accounts.google.com', subject: '1122', provider: 'google', number: 1 },
    });
    const verified = rowIn(file, "SELECT group_concat(verified) AS all_ FROM email WHERE address = 'bob@shop.test'");
    assert.equal(verified['all_'], '0');

    const { url } = await serve({ LATCHKEY_SIGN_IN_BY: 'username_email' });
    for (const [name, password, status] of [
      ['zoe@shop.test', `${PASSWORD}x`, 400],
      ['zoe@shop.test', PASSWORD, 200],
      ['bobby', PASSWORD, 200],
      ['fay@shop.test', PASSWORD, 200],
      ['eve@shop.test', PASSWORD, 400],
      ['gil@shop.test', '', 400],
      ['ida@shop.test', 'plainly wrong', 400],
    ] as const) {
      assert.equal(await signIn(url, name, password), status, name);
    }
    assert.equal(await isRenewed(file, 'zoe@shop.test'), true);
    assert.equal(await signIn(url, 'zoe@shop.test', PASSWORD), 200, 'by the renewed hash');

    const again = await bring(there.from);
    assert.match(again, /^Made 0 accounts, changed 0, closed 0; 7 are as they were, 0 did not come along\.\n/);
    assert.ok(hashIn(file, 'zoe@shop.test').startsWith('$argon2id$'), 'a renewed hash stays');

    await there.run('UPDATE "account" SET "password" = ? WHERE "userId" = ? AND "providerId" = ?', [
      ...[NEWER, 'zoe', 'credential'],
    ]);
    await there.run('UPDATE "user" SET "email" = ?, "name" = ? WHERE "id" = ?', ['b2@shop.test', 'Robert', 'bob']);
    await there.run('DELETE FROM "account" WHERE "userId" = ?', ['eve']);
    await there.run('DELETE FROM "user" WHERE "id" = ?', ['eve']);
    await addUser(there, 'amy');
    const later = await bring(there.from);
    assert.match(later, /^Made 1 accounts, changed 2, closed 1; 4 are as they were, 0 did not come along\.\n/);
    assert.equal(await signIn(url, 'zoe@shop.test', PASSWORD), 400);
    assert.equal(await signIn(url, 'zoe@shop.test', 'newer pass 7'), 200);
    assert.equal(await signIn(url, 'b2@shop.test', PASSWORD), 200, 'by the address that is new there');
    assert.equal(await signIn(url, 'amy@shop.test', PASSWORD), 200);
    assert.match(await bring(there.from), /^Made 0 accounts, changed 0, closed 0; 7 are as they were/);
  });
}

describe('better-auth in SQLite', () => {
  const inFile = async (folder: string): Promise<Elsewhere> => {
    const there = inSqlite(`${folder}/auth.db`);
    await makeTables(there, { date: 'date', flag: 'integer' });
    return there;
  };

  test('comes along, signs in, is renewed, and is followed', async () => {
    await withImport('better-auth', async ({ path }) => {
      const there = await inFile(path);
      await comesAlong(there);
      await there.close();
    });
  });

  test('what is wrong with somebody is told by their name, and nobody else is lost', async () => {
    await withImport('better-auth', async ({ path, bring, file }) => {
      const there = await inFile(path);
      await addUser(there, 'ann', { username: 'Same' });
      await addUser(there, 'bob', { username: 'same', displayUsername: 'Something else' });
      await addUser(there, 'cyd', { email: 'no address' });
      await addUser(there, 'dan');
      const said = await bring(there.from);
      assert.match(said, /^Made 2 accounts, changed 0, closed 0; 0 are as they were, 2 did not come along\.\n/);
      assert.match(said, /1: somebody else has their username here .* Such as account 2 \(bob\)\n/);
      assert.match(said, /1: an address that no mail can be sent to: left behind\. Such as account 3 \(cyd\)\n/);
      assert.match(said, /1: no address, no username and no account at a provider .* Such as account 3 \(cyd\)\n/);
      assert.equal(rowIn(file, 'SELECT count(*) AS n FROM account')['n'], 2);
      await there.close();
    });
  });

  test('second steps come along where the secret that they are sealed with is given', async () => {
    await withImport('better-auth', async ({ path, file, bring, latchkey, serve }) => {
      const there = await inFile(path);
      const secret = 'a secret of the app';
      const app = 'NhUZ2fGdcSZR0xPqGGVbOhbm3V0GYPbK';
      const seal = (text: string) => sealed(secret, text);
      const add = async (id: string, given: readonly unknown[]) => {
        await addUser(there, id, { twoFactorEnabled: true });
        await there.run(
          'INSERT INTO "twoFactor" ("id", "userId", "secret", "backupCodes", "verified") VALUES (?, ?, ?, ?, ?)',
          [id, id, ...given],
        );
      };
      await add('ann', [seal(app), seal('["aB3dE-fGh1j","zzzzz-zzzzz"]'), true]);
      await add('bob', [`$ba$2$${seal(app)}`, 'not sealed', null]);
      await add('cyd', [seal(app), seal('[]'), false]);
      await add('dan', [sealed('another', app), seal('[]'), true]);
      assert.match(await bring(there.from), /3: an authenticator app whose secret is sealed and does not open/);
      const onTheCommandLine = ['import', 'better-auth', '--from', there.from, '--secret', secret];
      const { stderr } = await latchkey(onTheCommandLine);
      assert.match(stderr, /unknown option '--secret'/, 'all on the machine would see it');
      const env = { BETTER_AUTH_SECRET: secret };
      const { stdout } = await latchkey(['import', 'better-auth', '--from', there.from], { env });
      assert.match(stdout, /^Made 0 accounts, changed 2, closed 0; 2 are as they were/);
      assert.match(stdout, /1: an authenticator app whose secret is sealed .* Such as account 4 \(dan\)\n/);
      const kinds = rowIn(file, "SELECT group_concat(id, ' ') AS ids FROM (SELECT id FROM credential ORDER BY id)");
      assert.equal(kinds['ids'], 'recovery-codes-1 totp-1 totp-2');
      const { url } = await serve();
      const enter = async (name: string, code: string) => {
        const first = await post(`${url}/auth/login/`, { username: `${name}@shop.test`, password: PASSWORD });
        const { ephemeral_token } = first.body as { ephemeral_token: string };
        return (await post(`${url}/auth/mfa/verify/`, { ephemeral_token, code })).status;
      };
      // In base32 by another way than the import's.
      const shown = Secret.fromUTF8(app).base32;
      assert.equal(await enter('ann', codeAt(shown, Date.now())), 200);
      assert.equal(await enter('ann', 'aB3dE-fGh1j'), 200);
      assert.equal(await enter('ann', 'aB3dE-fGh1j'), 400, 'once');
      assert.equal(await enter('bob', codeAt(shown, Date.now())), 200);
      assert.equal(await signIn(url, 'cyd@shop.test', PASSWORD), 200, 'what was begun there was never confirmed');
      await there.close();
    });
  });

  test('tables and columns that are called otherwise are found, by habit or by a mapping', async () => {
    await withImport('better-auth', async (world) => {
      const { path, bring, file } = world;
      const there = inSqlite(`${path}/auth.db`);
      await there.run(`
        create table users (id integer primary key, name text, email text, email_verified integer, created_at integer, pass text);
        create table accounts (id integer primary key, account_id text, provider_id text, user_id integer, hashed text);
      `);
      await there.run('INSERT INTO users VALUES (?, ?, ?, ?, ?, NULL)', [41, 'Ann', 'ann@shop.test', 1, 1_700_000_000]);
      await there.run('INSERT INTO accounts VALUES (1, ?, ?, ?, ?)', ['41', 'credential', 41, OLD]);
      writeFileSync(`${path}/map.json`, JSON.stringify({ columns: { account: { password: 'hashed' } } }));
      assert.match(await bring(there.from, '--mapping', 'map.json'), /^Made 1 accounts/);
      assert.ok(hashIn(file, 'ann@shop.test').startsWith('scrypt_nfkc$16384$'));
      assert.equal(rowIn(file, 'SELECT created_at FROM account')['created_at'], 1_700_000_000_000);
      const command = ['better-auth', '--from', there.from, '--mapping', 'map.json'];
      writeFileSync(`${path}/map.json`, JSON.stringify({ columns: { user: { email: 'mail' } } }));
      assert.equal(await refusalOf(world, command), 'The table users has no column mail: the mapping names it.\n');
      writeFileSync(`${path}/map.json`, JSON.stringify({ tables: { user: 'people' } }));
      assert.equal(await refusalOf(world, command), 'There is no table people.\n');
      writeFileSync(`${path}/map.json`, '{');
      assert.match(await refusalOf(world, command), /^The mapping map\.json cannot be read: /);
      await there.run('DROP TABLE accounts');
      assert.match(await refusalOf(world, command.slice(0, 3)), /^There is no table account \(userId, providerId, acc/);
      await there.close();
    });
  });

  test('who is gone is closed, but not where half of them are, or all', async () => {
    await withImport('better-auth', async (world) => {
      const { path, bring } = world;
      const there = await inFile(path);
      for (const id of ['a', 'b', 'c', 'd', 'e']) await addUser(there, id, {}, null);
      await bring(there.from);
      const remove = async (id: string) => await there.run('DELETE FROM "user" WHERE "id" = ?', [id]);
      await remove('a');
      assert.match(await bring(there.from), /^Made 0 accounts, changed 0, closed 1; 4 are/);
      for (const id of ['b', 'c', 'd']) await remove(id);
      const command = ['better-auth', '--from', there.from];
      assert.match(await refusalOf(world, command), /^There are 1 people, and 4 came along from better-auth before: /);
      assert.match(await bring(there.from, '--close-missing'), /closed 3; 1 are/);
      await remove('e');
      const nobody = /^There is nobody there, and accounts came along from better-auth: nothing is done/;
      assert.match(await refusalOf(world, command), nobody);
      assert.match(await refusalOf(world, [...command, '--close-missing']), nobody);
      await there.close();
    });
  });
});

describe('better-auth in PostgreSQL', { skip: postgresAvailable() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(async () => {
    await server.stop();
  });

  test('comes along, signs in, is renewed, and is followed', async () => {
    const there = await inPostgres(server.url, 'better_auth');
    await makeTables(there, { date: 'timestamptz', flag: 'boolean' });
    await comesAlong(there);
    await there.close();
  });

  test('is brought into PostgreSQL, too, and whoever may not read every row is told so', async () => {
    const there = await inPostgres(server.url, 'better_auth_2');
    const here = await inPostgres(server.url, 'latchkey_here');
    await makeTables(there, { date: 'timestamptz', flag: 'boolean' });
    for (let at = 0; at < 620; at++) await addUser(there, `user${at}`, {}, at < 2 ? OLD : null);
    await withImport('better-auth', async ({ latchkey, serve }) => {
      const env = { LATCHKEY_DATABASE: here.from };
      const bring = async (from = there.from) => await latchkey(['import', 'better-auth', '--from', from], { env });
      assert.match((await bring()).stdout, /^Made 620 accounts/);
      assert.match((await bring()).stdout, /^Made 0 accounts, changed 0, closed 0; 620 are as they were/);
      const { url } = await serve(env);
      assert.equal(await signIn(url, 'user1@shop.test', PASSWORD), 200);
      assert.equal(await signIn(url, 'user1@shop.test', 'wrong'), 400);
      await there.run(`
        CREATE ROLE reader LOGIN PASSWORD 'reads'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
        ALTER TABLE "user" ENABLE ROW LEVEL SECURITY;
      `);
      const reader = there.from.replace(/\/\/[^@]+@/, '//reader:reads@');
      assert.match((await bring(reader)).stderr, /^Row level security hides rows of user from this user: connect as/);
    });
    await there.close();
    await here.close();
  });
});
