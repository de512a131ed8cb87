/** Going back: what a shop needs to go on with Django, as Django itself reads it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { openPostgres, type PostgresServer, available as postgresAvailable, query } from '../servers/postgres.ts';
import { digestOf, PASSWORD, post, withWorld } from './moved.ts';
import { available } from './site.ts';

const skip = available() ?? false;
const KINDS = ['pbkdf2_sha256', 'pbkdf2_sha1', 'argon2', 'bcrypt_sha256', 'bcrypt', 'md5', 'unsalted_sha1', 'crypt'];
const hashes = ['hashes', { kinds: KINDS, password: PASSWORD }] as const;
const key = (of: number): string => of.toString(16).padStart(40, '0');
const OWN = 'battery staple 7?';

/** All that hangs on a user of Django. */
function allOf(file: string, id: number): unknown {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const rowsOf = (table: string, column: string) =>
      db.prepare(`SELECT * FROM ${table} WHERE ${column} = ? ORDER BY 1`).all(id);
    const tables = ['account_emailaddress', 'authtoken_token', 'auth_user_groups', 'mfa_authenticator'];
    return [rowsOf('auth_user', 'id'), ...tables.map((table) => rowsOf(table, 'user_id'))];
  } finally {
    db.close();
  }
}

function changeIn(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

type Dump = Readonly<Record<string, readonly (readonly unknown[])[]>>;

describe('a Django project is gone back to', { skip }, () => {
  test('where nothing was done here, nothing is written there', async () => {
    await withWorld(async ({ site, bring, latchkey }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 600 }]);
      await site.run("EmailAddress.objects.create(user_id=1, email='second@shop.test', verified=False)");
      await bring();
      const [was] = await site.ask(['dump', null]);
      const { status, stdout, stderr } = await latchkey(['export', 'django', '--to', site.from]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^Made 0 users, changed 0, kept 0 out; 600 are as they were\. Ended 0 keys/);
      assert.deepEqual((await site.ask(['dump', null]))[0], was);
    });
  });

  test('what was done here is there: Django signs them in, by new and by renewed passwords', async () => {
    await withWorld(async ({ site, path, bring, latchkey, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      const [, browser] = await site.ask(['populate', { hashes: made, count: 20 }], ['session', { id: 4 }]);
      await bring();
      const { url, stop } = await serve();
      const signIn = async (username: string) => {
        const { status, body } = await post(`${url}/auth/login/`, { username, password: PASSWORD });
        assert.equal(status, 200, username);
        return { authorization: `Token ${(body as { key: string }).key}` };
      };
      const registered = { username: 'newcomer', email: 'new@shop.test', password1: OWN, password2: OWN };
      assert.ok((await post(`${url}/auth/registration/`, registered)).status < 300);
      const change = { old_password: PASSWORD, new_password1: OWN, new_password2: OWN };
      assert.equal((await post(`${url}/auth/password/change/`, change, await signIn('user1'))).status, 200);
      for (const name of ['user2', 'user3', 'user4', 'user5', 'user8', 'user9']) await signIn(name);
      const headers = { ...(await signIn('user10')), 'content-type': 'application/json' };
      const renamed = JSON.stringify({ username: 'user10b', first_name: 'Else' });
      assert.equal((await fetch(`${url}/auth/user/`, { method: 'PATCH', headers, body: renamed })).status, 200);
      await stop();
      for (const command of [
        ['suspend', 'user11'],
        ['end-sessions', 'user12'],
      ]) {
        assert.equal((await latchkey(['account', ...command])).status, 0);
      }

      const before = digestOf(readFileSync(`${path}/site.db`));
      const look = await latchkey(['export', 'django', '--to', site.from, '--dry-run']);
      assert.match(look.stdout, /^Would have made 1 users, changed \d+/);
      assert.equal(digestOf(readFileSync(`${path}/site.db`)), before, 'a dry run writes nothing');
      const { status, stderr } = await latchkey(['export', 'django', '--to', site.from]);
      assert.equal(status, 0, stderr);

      const again = await latchkey(['export', 'django', '--to', site.from]);
      assert.match(again.stdout, /^Made 0 users, changed 0, kept 0 out; 21 are as they were\. Ended 0/);
      const tries = [
        ...(['user2', 'user3', 'user4', 'user5', 'user8', 'user9', 'user10b', 'user7'] as const).map((name) => [
          name,
          PASSWORD,
        ]),
        ...[
          ['user1', OWN],
          ['newcomer', OWN],
          ['user1', PASSWORD],
          ['user10', PASSWORD],
          ['user11', PASSWORD],
        ],
      ];
      // Django renews a hash when it signs somebody in.
      const [dumped, who] = await site.ask(['dump', null], ['sign_in', { with: tries }]);
      assert.deepEqual(who, [2, 3, 4, 5, 8, 9, 10, 7, 1, 21, null, null, null]);
      const dump = dumped as Dump;
      const newcomer = dump['auth_user']?.find(([id]) => id === 21);
      assert.match(String(newcomer?.[2]), /^argon2\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      const keys = new Set(dump['authtoken_token']?.map(([name]) => name));
      for (const ended of [1, 2, 4, 10, 11, 12]) assert.ok(!keys.has(key(ended)), `the key of ${ended} ended here`);
      for (const live of [6, 7, 13]) assert.ok(keys.has(key(live)), `the key of ${live} goes on`);
      assert.ok(
        !dump['django_session']?.some(([name]) => name === browser),
        'the browser that was displaced here is out',
      );
      assert.ok(dump['account_emailaddress']?.some(([id, address]) => id === 21 && address === 'new@shop.test'));
    });
  });

  test('whose number somebody else has there does not go back, and nothing of that somebody is touched', async () => {
    await withWorld(async ({ site, path, file, bring, latchkey, serve }) => {
      const [, made] = await site.ask(['migrate', null], ['hashes', { kinds: ['pbkdf2_sha256'], password: PASSWORD }]);
      await site.ask(['populate', { hashes: made, count: 3 }]);
      await bring();
      const { url, stop } = await serve();
      const register = async (username: string) => {
        const words = { username, email: `${username}@new.test`, password1: OWN, password2: OWN };
        assert.ok((await post(`${url}/auth/registration/`, words)).status < 300);
      };
      await register('thief');
      // Django went on meanwhile, and gave the same number to somebody else.
      await site.run(`
mallory = User.objects.create(id=4, username='mallory', email='mallory@shop.test', password=hashers.make_password('hers'))
mallory.groups.add(Group.objects.create(name='owners'))
Token.objects.create(user=mallory, key='${key(4)}')
EmailAddress.objects.create(user=mallory, email='mallory@shop.test', verified=True, primary=True)
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (4, 'totp', '{}', '2026-01-01')")
`);
      await register('newcomer');
      await register('leaver');
      const hers = () => allOf(`${path}/site.db`, 4);
      const was = hers();
      const take = async (...more: readonly string[]) => {
        const { status, stdout, stderr } = await latchkey(['export', 'django', '--to', site.from, ...more]);
        assert.equal(status, 0, stderr);
        assert.deepEqual(hers(), was, 'Mallory stays as she is');
        assert.match(stdout, /\d: their number is somebody else’s there.*Such as 4[,\n]/);
        return stdout;
      };
      assert.match(await take('--dry-run'), /^Would have made 2 users, changed 0/);
      assert.match(await take(), /^Made 2 users, changed 0, kept 0 out; 3 are as they were/);

      const { status, body } = await post(`${url}/auth/login/`, { username: 'newcomer', password: OWN });
      assert.equal(status, 200);
      const headers = { authorization: `Token ${(body as { key: string }).key}`, 'content-type': 'application/json' };
      const renamed = JSON.stringify({ username: 'settled' });
      assert.equal((await fetch(`${url}/auth/user/`, { method: 'PATCH', headers, body: renamed })).status, 200);
      await stop();
      const nameOf = () => site.run('answer = User.objects.get(pk=5).username');
      const forget = (id: number) => changeIn(file, `DELETE FROM exported WHERE account_id = ${id}`);
      forget(5);
      assert.match(await take(), /^Made 0 users, changed 0, .*\n {2}2: .*Such as 4, 5\n/);
      assert.equal(await nameOf(), 'newcomer', 'who is not known there, and is called otherwise, may be anybody');
      changeIn(file, 'INSERT INTO exported VALUES (5)');
      // As an export leaves it that was killed before it could note whom it had made.
      forget(6);
      assert.match(await take(), /^Made 0 users, changed 1, kept 0 out; 4 are as they were/);
      assert.equal(await nameOf(), 'settled');
      changeIn(file, 'DELETE FROM account WHERE id = 6');
      assert.match(
        await take(),
        /^Made 0 users, changed 0, kept 1 out/,
        'whom an export made is known when they are gone',
      );
    });
  });

  test('for a shop without argon2, passwords are written as Django’s own', async () => {
    await withWorld(async ({ site, bring, latchkey, serve }) => {
      const [, made] = await site.ask(
        ['migrate', null],
        ['hashes', { kinds: ['pbkdf2_sha256', 'md5'], password: PASSWORD }],
      );
      await site.ask(['populate', { hashes: made, count: 4 }]);
      await bring();
      const { url } = await serve({ LATCHKEY_PASSWORD_HASH: 'pbkdf2_sha256' });
      for (const username of ['user1', 'user2']) {
        assert.equal((await post(`${url}/auth/login/`, { username, password: PASSWORD })).status, 200);
      }
      const { status, stderr } = await latchkey(['export', 'django', '--to', site.from]);
      assert.equal(status, 0, stderr);
      const tries = ['user1', 'user2'].map((username) => [username, PASSWORD]);
      const [dumped, who] = await site.ask(['dump', null], ['sign_in', { with: tries }]);
      assert.deepEqual(who, [1, 2]);
      const stored = (dumped as Dump)['auth_user']?.map(([, , hash]) => String(hash).split('$')[1]);
      assert.deepEqual(stored?.slice(0, 2), ['600000', '1000'], 'what was too old is renewed, what Django wrote stays');
    });
  });
});

const without = skip === false ? (postgresAvailable() ?? false) : skip;

describe('a Django project on PostgreSQL', { skip: without }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(async () => {
    await server.stop();
  });

  test('comes along, goes on meanwhile, and is gone back to', async () => {
    const name = `site_${Date.now()}`;
    await query(server.url, `CREATE DATABASE ${name}`);
    const from = new URL(server.url);
    from.pathname = `/${name}`;
    try {
      await withWorld(async ({ site, bring, latchkey, serve }) => {
        const [, made] = await site.ask(['migrate', null], hashes);
        await site.ask(['populate', { hashes: made, count: 300 }], ['session', { id: 1 }]);
        await site.run(`
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (7, 'totp', '{\\"secret\\": \\"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\\"}', now())")
`);
        await query(
          from.href,
          `CREATE ROLE ${name} LOGIN PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name}`,
        );
        const reader = new URL(from);
        [reader.username, reader.password] = [name, 'reader'];
        const first = await latchkey(['import', 'django', '--from', reader.href]);
        assert.match(first.stdout, /^Made 300 accounts, .*\nKeys 297, browser sessions 1;/, first.stderr);
        await site.run("User.objects.filter(id=2).delete(); User.objects.filter(id=3).update(username='renamed')");
        assert.match(await bring(), /^Made 0 accounts, changed 1, closed 1; 298 are as they were/);
        const links = (await site.ask(['links', { id: 8 }]))[0] as { allauth: string };
        const { url } = await serve();
        const words = { uid: '8', token: links.allauth, new_password1: OWN, new_password2: OWN };
        assert.equal((await post(`${url}/auth/password/reset/confirm/`, words)).status, 200);
        const registered = { username: 'newcomer', password1: OWN, password2: OWN };
        assert.ok((await post(`${url}/auth/registration/`, registered)).status < 300);
        const { status, stdout, stderr } = await latchkey(['export', 'django', '--to', site.from]);
        assert.equal(status, 0, stderr);
        assert.match(stdout, /^Made 1 users, changed 1, kept 0 out; 298 are as they were\. Ended 1 keys/);
        const [who] = await site.ask([
          'sign_in',
          {
            with: [
              ['user8', OWN],
              ['newcomer', OWN],
              ['renamed', PASSWORD],
            ],
          },
        ]);
        assert.deepEqual(who, [8, 301, 3]);
        assert.equal(await site.run("answer = User.objects.create(username='after').pk"), 302);
      }, from.href);
    } finally {
      await query(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      await query(server.url, `DROP ROLE IF EXISTS ${name}`);
    }
  });
});
