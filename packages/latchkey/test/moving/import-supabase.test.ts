/** The users of a Supabase project come along from its database, again and again. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeAt } from '../second-step/app.ts';
import { openPostgres, type PostgresServer, available as postgresAvailable } from '../servers/postgres.ts';
import {
  bcryptAvailable,
  bcryptOf,
  broughtTo,
  type Elsewhere,
  inPostgres,
  isRenewed,
  PASSWORD,
  post,
  refusalOf,
  rowIn,
  signIn,
  withImport,
} from './elsewhere.ts';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
/** Of the tests of Supabase Auth: a hash that was brought there from Firebase. */
const FROM_FIREBASE =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==';

/** What a project has of them, less what nobody needs here. */
async function makeTables(there: Elsewhere): Promise<void> {
  await there.run(`
    CREATE SCHEMA auth;
    CREATE TYPE auth.factor_type AS ENUM ('totp', 'webauthn', 'phone');
    CREATE TYPE auth.factor_status AS ENUM ('unverified', 'verified');
    CREATE TABLE auth.users (
      instance_id uuid, id uuid NOT NULL PRIMARY KEY, aud varchar(255), role varchar(255), email varchar(255),
      encrypted_password varchar(255), email_confirmed_at timestamptz, last_sign_in_at timestamptz,
      raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz,
      updated_at timestamptz, phone text DEFAULT NULL UNIQUE, phone_confirmed_at timestamptz,
      confirmed_at timestamptz GENERATED ALWAYS AS (LEAST(email_confirmed_at, phone_confirmed_at)) STORED,
      banned_until timestamptz, is_sso_user boolean NOT NULL DEFAULT false, deleted_at timestamptz,
      is_anonymous boolean NOT NULL DEFAULT false
    );
    CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email) WHERE (is_sso_user = false);
    CREATE TABLE auth.identities (
      provider_id text NOT NULL, user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
      identity_data jsonb NOT NULL, provider text NOT NULL, last_sign_in_at timestamptz, created_at timestamptz,
      updated_at timestamptz, email text GENERATED ALWAYS AS (lower(identity_data ->> 'email')) STORED,
      id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY, UNIQUE (provider_id, provider)
    );
    CREATE TABLE auth.mfa_factors (
      id uuid NOT NULL PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
      friendly_name text, factor_type auth.factor_type NOT NULL, status auth.factor_status NOT NULL,
      created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, secret text, phone text
    );
  `);
}

const idOf = (of: number): string => `00000000-0000-4000-8000-${String(of).padStart(12, '0')}`;

async function addUser(there: Elsewhere, of: number, given: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const user = {
    ...{ id: idOf(of), email: `user${of}@shop.test`, email_confirmed_at: '2024-01-01T00:00:00Z' },
    ...{ created_at: '2024-05-06 07:08:09.123+02', encrypted_password: '', ...given },
  };
  const columns = Object.keys(user);
  const sql = `INSERT INTO auth.users (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  await there.run(sql, Object.values(user));
}

async function addIdentity(
  there: Elsewhere,
  of: number,
  provider: string,
  subject: string,
  iss?: string,
): Promise<void> {
  const data = JSON.stringify({ iss, sub: subject, email: `user${of}@shop.test` });
  await there.run('INSERT INTO auth.identities (provider_id, user_id, identity_data, provider) VALUES (?, ?, ?, ?)', [
    ...[subject, idOf(of), data, provider],
  ]);
}

async function addFactor(there: Elsewhere, of: number, kind: string, status: string, secret: string | null) {
  await there.run('INSERT INTO auth.mfa_factors VALUES (?, ?, NULL, ?, ?, now(), now(), ?, NULL)', [
    ...[idOf(of * 100 + kind.length + status.length), idOf(of), kind, status, secret],
  ]);
}

const skip = postgresAvailable() ?? bcryptAvailable() ?? false;

describe('a Supabase project moves', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(async () => {
    await server.stop();
  });

  test('its users come along, sign in by their passwords, second steps and all, and are followed', async () => {
    const there = await inPostgres(server.url, 'supabase_users');
    await makeTables(there);
    const names = JSON.stringify({ full_name: 'Ann Lee', username: 'root' });
    await addUser(there, 1, { encrypted_password: bcryptOf(PASSWORD), raw_user_meta_data: names });
    await addUser(there, 2, { encrypted_password: bcryptOf(PASSWORD), email_confirmed_at: null });
    await addUser(there, 3, { encrypted_password: FROM_FIREBASE, banned_until: '2024-01-01T00:00:00Z' });
    await addUser(there, 4, { encrypted_password: bcryptOf(PASSWORD), banned_until: 'infinity' });
    await addUser(there, 5, { encrypted_password: bcryptOf(PASSWORD), deleted_at: '2024-01-01T00:00:00Z' });
    await addUser(there, 6, { email: null, is_anonymous: true });
    await addUser(there, 7, { email: null, phone: '4366412345' });
    await addUser(there, 8, { encrypted_password: bcryptOf(PASSWORD) });
    await addFactor(there, 8, 'totp', 'verified', SECRET);
    await addFactor(there, 1, 'totp', 'unverified', SECRET);
    await addFactor(there, 2, 'webauthn', 'verified', null);
    await addFactor(there, 3, 'totp', 'verified', '{"key_id":"k","alg":"aes-gcm-hkdf","data":"x"}');
    await addUser(there, 9);
    await addIdentity(there, 9, 'google', '1122');
    await addIdentity(there, 9, 'email', idOf(9));
    await addIdentity(there, 9, 'azure', 'x');
    await addIdentity(there, 9, 'gitlab', '7', 'https://git.shop.test');
    await addIdentity(there, 9, 'github', '8', 'https://api.github.com');
    await addUser(there, 10, { email: 'user1@shop.test', is_sso_user: true });
    await withImport('supabase', async ({ file, bring, serve }) => {
      const look = await bring(there.from, '--dry-run');
      assert.match(look, /^Would have made 6 accounts, .* 3 did not come along\.\n/);
      assert.deepEqual((broughtTo(file) as { allotted: unknown[] }).allotted, []);
      const said = await bring(there.from);
      assert.match(said, /^Made 6 accounts, changed 0, closed 0; 0 are as they were, 3 did not come along\.\n/);
      for (const why of [
        `2: no address, no username and no account at a provider (anonymous, or a telephone alone): nobody could sign in, so they are left behind. Such as account 5 (${idOf(6)}), account 6 (${idOf(7)})`,
        `1: somebody else has their username here (LATCHKEY_USERNAME_CASE=exact tells Ann from ann): rename one of them. Such as account 9 (${idOf(10)})`,
        `1: a passkey: it is registered again`,
        `1: an authenticator app of other than six digits and thirty seconds, not confirmed, or sealed: set up again. Such as account 3 (${idOf(3)})`,
        `Such as account 8 (${idOf(9)}) (azure), account 8 (${idOf(9)}) (gitlab at https://git.shop.test)`,
      ]) {
        assert.ok(said.includes(why), `${why} in ${said}`);
      }
      const ann = rowIn(file, 'SELECT * FROM account WHERE id = 1');
      assert.deepEqual([ann['username'], ann['first_name'], ann['last_name']], ['user1@shop.test', 'Ann', 'Lee']);
      assert.equal(ann['created_at'], Date.UTC(2024, 4, 6, 5, 8, 9, 123));
      const verified = rowIn(file, 'SELECT group_concat(account_id) AS ids FROM email WHERE verified = 1');
      assert.equal(verified['ids'], '1,3,4,7,8');
      const identity = rowIn(
        file,
        "SELECT label, data, (SELECT count(*) FROM credential WHERE kind = 'social') AS all_ FROM credential WHERE CAST(data AS TEXT) LIKE '%google%'",
      );
      assert.equal(identity['all_'], 2);
      assert.deepEqual(
        [identity['label'], JSON.parse(Buffer.from(identity['data'] as Uint8Array).toString()).subject],
        ['user9@shop.test', '1122'],
      );

      const { url } = await serve();
      for (const [of, password, status] of [
        [1, `${PASSWORD}x`, 400],
        [1, PASSWORD, 200],
        [2, PASSWORD, 200],
        [3, 'mytestpassword', 200],
        [3, 'mytestpasswore', 400],
        [4, PASSWORD, 400],
        [5, PASSWORD, 400],
        [9, '', 400],
      ] as const) {
        assert.equal(await signIn(url, `user${of}@shop.test`, password), status, `${of}`);
      }
      assert.equal(await isRenewed(file, 'user1@shop.test'), true);
      assert.equal(await isRenewed(file, 'user3@shop.test'), true);
      const first = await post(`${url}/auth/login/`, { username: 'user8@shop.test', password: PASSWORD });
      const { ephemeral_token, mfa_required } = first.body as { ephemeral_token: string; mfa_required: boolean };
      assert.equal(mfa_required, true);
      const code = codeAt(SECRET, Date.now());
      assert.equal((await post(`${url}/auth/mfa/verify/`, { ephemeral_token, code })).status, 200);

      assert.match(await bring(there.from), /^Made 0 accounts, changed 0, closed 0; 6 are as they were/);
      await there.run('UPDATE auth.users SET encrypted_password = ? WHERE id = ?', [bcryptOf('newer pass 7'), idOf(1)]);
      await there.run('UPDATE auth.users SET deleted_at = now() WHERE id = ?', [idOf(2)]);
      await there.run('UPDATE auth.users SET banned_until = NULL WHERE id = ?', [idOf(4)]);
      await there.run('DELETE FROM auth.identities WHERE user_id = ?', [idOf(9)]);
      assert.match(await bring(there.from), /^Made 0 accounts, changed 3, closed 1; 2 are as they were/);
      assert.equal(await signIn(url, 'user1@shop.test', PASSWORD), 400);
      assert.equal(await signIn(url, 'user1@shop.test', 'newer pass 7'), 200);
      assert.equal(await signIn(url, 'user2@shop.test', PASSWORD), 400);
      assert.equal(await signIn(url, 'user4@shop.test', PASSWORD), 200);
      assert.deepEqual(rowIn(file, "SELECT count(*) AS n FROM credential WHERE kind = 'social'"), { n: 0 });
    });
    await there.close();
  });

  test('what is no such project is told so, and so is whoever may not read every row', async () => {
    const there = await inPostgres(server.url, 'supabase_none');
    await withImport('supabase', async (world) => {
      assert.match(
        await refusalOf(world, ['supabase', '--from', there.from]),
        /^There is no table auth\.users with id/,
      );
      assert.equal(
        await refusalOf(world, ['supabase', '--from', `sqlite:${world.file}`]),
        `The file ${world.file} is not there.\n`,
      );
      await makeTables(there);
      await addUser(there, 1);
      await there.run(`
        CREATE ROLE hidden LOGIN PASSWORD 'reads';
      `);
      const hidden = there.from.replace(/\/\/[^@]+@/, '//hidden:reads@');
      assert.equal(
        await refusalOf(world, ['supabase', '--from', hidden]),
        'The database says: permission denied for schema auth. Let its owner GRANT that, or connect as another user.\n',
      );
      await there.run(`
        GRANT USAGE ON SCHEMA auth TO hidden; GRANT SELECT ON ALL TABLES IN SCHEMA auth TO hidden;
        ALTER TABLE auth.identities ENABLE ROW LEVEL SECURITY;
      `);
      assert.match(
        await refusalOf(world, ['supabase', '--from', hidden]),
        /^Row level security hides rows of auth\.iden/,
      );
    });
    await there.close();
  });
});
