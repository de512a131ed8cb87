/** The users of Auth.js come along, from the tables of its adapters and of Prisma. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openPostgres, type PostgresServer, available as postgresAvailable } from '../servers/postgres.ts';
import {
  bcryptAvailable,
  bcryptOf,
  type Elsewhere,
  inPostgres,
  inSqlite,
  isRenewed,
  PASSWORD,
  refusalOf,
  rowIn,
  signIn,
  withImport,
} from './elsewhere.ts';

const skip = bcryptAvailable() ?? false;

/** As `@auth/pg-adapter` wants them, with a column of the application's own. */
const ADAPTER = `
  CREATE TABLE accounts (id SERIAL PRIMARY KEY, "userId" INTEGER NOT NULL, type VARCHAR(255) NOT NULL, provider VARCHAR(255) NOT NULL, "providerAccountId" VARCHAR(255) NOT NULL, refresh_token TEXT, access_token TEXT, expires_at BIGINT, id_token TEXT, scope TEXT, session_state TEXT, token_type TEXT);
  CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), "emailVerified" TIMESTAMPTZ, image TEXT, hashed_password TEXT);
`;

/** As Prisma makes them. */
const PRISMA = `
  CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT, "email" TEXT, "emailVerified" DATETIME, "image" TEXT, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE "Account" ("userId" TEXT NOT NULL, "type" TEXT NOT NULL, "provider" TEXT NOT NULL, "providerAccountId" TEXT NOT NULL, "access_token" TEXT, PRIMARY KEY ("provider", "providerAccountId"));
`;

async function link(there: Elsewhere, table: string, values: readonly unknown[]): Promise<void> {
  const sql = `INSERT INTO ${table} ("userId", "type", "provider", "providerAccountId") VALUES (?, ?, ?, ?)`;
  await there.run(sql, values);
}

describe('Auth.js with Prisma, in SQLite', () => {
  test('its people come along with their accounts at providers, and are followed', async () => {
    await withImport('authjs', async ({ path, file, bring }) => {
      const there = inSqlite(`${path}/prisma.db`);
      await there.run(PRISMA);
      const add = async (id: string, verified: unknown) =>
        await there.run('INSERT INTO "User" VALUES (?, ?, ?, ?, NULL, ?)', [
          ...[id, 'Ann Lee', `${id}@shop.test`, verified, 1_700_000_000_000],
        ]);
      await add('ckann', 1_700_000_000_000);
      await add('ckbob', null);
      await there.run('INSERT INTO "User" ("id") VALUES (?)', ['ckcyd']);
      await there.run('INSERT INTO "User" ("id") VALUES (?)', ['ckdan']);
      await link(there, '"Account"', ['ckann', 'oauth', 'github', '77']);
      await link(there, '"Account"', ['ckann', 'email', 'email', 'ckann@shop.test']);
      await link(there, '"Account"', ['ckbob', 'oidc', 'azure-ad', 'x']);
      await link(there, '"Account"', ['ckcyd', 'oauth', 'twitter', '88']);
      await link(there, '"Account"', ['ckbob', 'oauth', 'gitlab', '7']);
      const mapping = `${path}/mapping.json`;
      writeFileSync(mapping, JSON.stringify({ providers: { github: 'https://github.com/login/oauth' } }));
      assert.match(
        await bring(there.from, '--dry-run'),
        /2: an account at a provider that may be a server of one’s own/,
      );
      const bringMapped = () => bring(there.from, '--mapping', mapping);
      const said = await bringMapped();
      assert.match(said, /1: an account at a provider that may be a server of one’s own: .*\(ckbob\) \(gitlab\)\n/);
      assert.match(said, /^Made 3 accounts, changed 0, closed 0; 0 are as they were, 1 did not come along\.\n/);
      assert.match(said, /Such as account 2 \(ckbob\) \(azure-ad\)\n/);
      assert.match(said, /nobody could sign in, so they are left behind\. Such as account 4 \(ckdan\)\n/);
      const ann = rowIn(file, 'SELECT * FROM account JOIN email ON account_id = id WHERE id = 1');
      assert.deepEqual(
        [ann['username'], ann['first_name'], ann['verified'], ann['created_at'], ann['password_hash']],
        ['ckann@shop.test', 'Ann', 1, 1_700_000_000_000, null],
      );
      assert.equal(rowIn(file, 'SELECT verified FROM email WHERE account_id = 2')['verified'], 0);
      assert.equal(rowIn(file, 'SELECT username FROM account WHERE id = 3')['username'], 'ckcyd');
      const issuers = rowIn(
        file,
        'SELECT group_concat(CAST(data AS TEXT)) AS all_ FROM (SELECT * FROM credential ORDER BY account_id)',
      );
      assert.match(String(issuers['all_']), /github\.com.*"subject":"77".*x\.com.*"subject":"88"/);
      assert.doesNotMatch(String(issuers['all_']), /gitlab/);
      await there.run('UPDATE "User" SET "emailVerified" = ? WHERE "id" = ?', ['2024-01-01T00:00:00.000Z', 'ckbob']);
      assert.match(await bringMapped(), /^Made 0 accounts, changed 1, closed 0; 2 are as they were/);
      assert.equal(rowIn(file, 'SELECT verified FROM email WHERE account_id = 2')['verified'], 1);
      assert.match(await bringMapped(), /^Made 0 accounts, changed 0, closed 0; 3 are as they were/);
      await there.close();
    });
  });
});

describe('Auth.js with its own adapter, in PostgreSQL', { skip: postgresAvailable() ?? skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(async () => {
    await server.stop();
  });

  test('passwords of the application’s own come along where a mapping names their column', async () => {
    const there = await inPostgres(server.url, 'authjs');
    await there.run(ADAPTER);
    const sql = 'INSERT INTO users (name, email, "emailVerified", hashed_password) VALUES (?, ?, ?, ?)';
    await there.run(sql, ['Ann Lee', 'ann@shop.test', '2024-01-01T00:00:00Z', bcryptOf(PASSWORD)]);
    await there.run(sql, ['Bob', 'bob@shop.test', null, null]);
    await link(there, 'accounts', [2, 'oidc', 'google', '1122']);
    await withImport('authjs', async (world) => {
      const { path, file, bring, serve } = world;
      const command = ['authjs', '--from', there.from, '--mapping', `${path}/map.json`];
      writeFileSync(`${path}/map.json`, JSON.stringify({ columns: { users: { password: 'passwords' } } }));
      assert.equal(await refusalOf(world, command), 'The table users has no column passwords: the mapping names it.\n');
      assert.match(await bring(there.from), /^Made 2 accounts/);
      writeFileSync(`${path}/map.json`, JSON.stringify({ columns: { users: { password: 'hashed_password' } } }));
      assert.match(await bring(there.from, '--mapping', `${path}/map.json`), /^Made 0 accounts, changed 1/);
      const { url } = await serve();
      assert.equal(await signIn(url, 'ann@shop.test', `${PASSWORD}x`), 400);
      assert.equal(await signIn(url, 'ann@shop.test', PASSWORD), 200);
      assert.equal(await isRenewed(file, 'ann@shop.test'), true);
      await there.run('DELETE FROM accounts');
      await there.run('DROP TABLE accounts');
      assert.match(
        await refusalOf(world, command),
        /^There is no table accounts \(userId, provider, providerAccountId\)/,
      );
    });
    await there.close();
  });
});
