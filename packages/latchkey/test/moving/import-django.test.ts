/** Leaving Django without a day off: what a real project has comes along, and goes on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { hashOfDrfKey } from '../../src/crypto/token.ts';
import { codeAt } from '../second-step/app.ts';
import { rowIn } from './elsewhere.ts';
import { broughtTo, digestOf, PASSWORD, post, withWorld } from './moved.ts';
import { available } from './site.ts';

const skip = available() ?? false;
const KINDS = [
  ...['pbkdf2_sha256', 'pbkdf2_sha1', 'argon2', 'bcrypt_sha256', 'bcrypt', 'md5', 'sha1'],
  ...['unsalted_sha1', 'unsalted_md5'],
];
/** Of Django 4.2, which is not installed here. */
const SCRYPT =
  'scrypt$16384$I1oIOgHxXStZVKa70tH3Is$8$1$F58HxqMsiKZcd2y4md1gkED2J52zfdZcLap4s2vHzO9ZhZA15w828MP5GGF/gKSjH9Mz9tiny8wxbApVZcULNA==';
const key = (of: number): string => of.toString(16).padStart(40, '0');
const hashes = ['hashes', { kinds: KINDS, password: PASSWORD }] as const;

describe('a Django project moves', { skip }, () => {
  test('ten thousand users over all kinds of hashes come along without a loss, and sign in', async () => {
    await withWorld(async ({ site, path, file, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      const stored = [...(made as string[]), SCRYPT, '!unusable'];
      const [, browser] = await site.ask(['populate', { hashes: stored, count: 10_000 }], ['session', { id: 12 }]);
      const before = digestOf(readFileSync(`${path}/site.db`));
      const files = readdirSync(path).toSorted();

      const said = await bring();
      assert.match(said, /^Made 10000 accounts, changed 0, closed 0; 0 are as they were, 0 did not come along\.\n/);
      assert.equal(digestOf(readFileSync(`${path}/site.db`)), before, 'Django’s database is not written to');
      assert.deepEqual(
        readdirSync(path).filter((name) => name.startsWith('site')),
        files.filter((name) => name.startsWith('site')),
      );

      const db = new DatabaseSync(file, { readOnly: true });
      const one = (sql: string, ...values: (string | number)[]) => db.prepare(sql).get(...values);
      assert.equal(one('SELECT count(*) AS n FROM email WHERE verified = 1')?.['n'], 10_000);
      assert.equal(
        one('SELECT count(*) AS n FROM account WHERE password_hash IS NULL')?.['n'],
        Math.floor(10_000 / 11),
      );
      const inactive = Math.floor(10_000 / 97);
      assert.equal(one("SELECT count(*) AS n FROM account WHERE state = 'suspended'")?.['n'], inactive);
      const { username, roles, created_at } = one('SELECT * FROM account WHERE id = 500') ?? {};
      assert.deepEqual([username, JSON.parse(String(roles))], ['user500', ['staff', 'superuser', 'editors']]);
      assert.equal(created_at, Date.UTC(2020, 0, 2, 3, 4, 5, 678) + 500 * 60_000);
      const known = db.prepare('SELECT account_id FROM session WHERE token_hash = ? AND ended_at IS NULL');
      const unknown = Array.from({ length: 10_000 }, (_, at) => at + 1).filter(
        (id) => known.get(hashOfDrfKey(key(id)) ?? '')?.['account_id'] !== id,
      );
      assert.deepEqual(
        unknown,
        Array.from({ length: inactive }, (_, at) => (at + 1) * 97),
      );
      db.close();

      const { url } = await serve();
      for (const id of [1, 5000, 9999]) {
        const answer = await fetch(`${url}/auth/user/`, { headers: { authorization: `Token ${key(id)}` } });
        assert.deepEqual([answer.status, ((await answer.json()) as { pk: number }).pk], [200, id]);
      }
      const cookie = { headers: { cookie: `sessionid=${browser}` } };
      assert.equal((await fetch(`${url}/auth/user/`, cookie)).status, 200, 'a browser goes on');
      for (const [at, kind] of [...KINDS, 'scrypt'].entries()) {
        const number = 1100 + at;
        const answer = await post(`${url}/auth/login/`, { username: `user${number}`, password: PASSWORD });
        assert.equal(answer.status, 200, kind);
        const wrong = await post(`${url}/auth/login/`, { username: `user${number}`, password: `${PASSWORD}x` });
        assert.equal(wrong.status, 400, kind);
        const old = await fetch(`${url}/auth/user/`, { headers: { authorization: `Token ${key(number)}` } });
        assert.equal(old.status, 401, 'F-9: the next sign-in brings the account to one device');
        assert.equal(old.headers.get('latchkey-reason'), 'session_displaced');
      }
    });
  });

  test('F-14, F-15, F-18: imported again and again a key is one session; a sign-in ends it and the browser together, in every process', async () => {
    await withWorld(async ({ site, file, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      const [, browser] = await site.ask(['populate', { hashes: made, count: 3 }], ['session', { id: 1 }]);
      for (let times = 0; times < 3; times++) await bring();
      const db = new DatabaseSync(file, { readOnly: true });
      assert.equal(db.prepare('SELECT count(*) AS n FROM session WHERE account_id = 1').get()?.['n'], 2);
      db.close();
      const [first, second] = [await serve(), await serve()];
      const ways = [{ authorization: `Token ${key(1)}` }, { cookie: `sessionid=${browser}` }];
      const statuses = async () =>
        await Promise.all(
          [first, second].flatMap(({ url }) =>
            ways.map(async (headers) => (await fetch(`${url}/auth/user/`, { headers: { ...headers } })).status),
          ),
        );
      assert.deepEqual(await statuses(), [200, 200, 200, 200]);
      assert.equal((await post(`${first.url}/auth/login/`, { username: 'user1', password: PASSWORD })).status, 200);
      assert.deepEqual(await statuses(), [401, 401, 401, 401]);
      await bring();
      assert.deepEqual(await statuses(), [401, 401, 401, 401], 'F-7: no import brings them back');
    });
  });

  test('a browser session is none in a header, is checked by origin as a cookie is, and signs out', async () => {
    await withWorld(async ({ site, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      const [, browser] = await site.ask(['populate', { hashes: made, count: 1 }], ['session', { id: 1 }]);
      await bring();
      const { url } = await serve();
      for (const authorization of [`Token ${browser}`, `Token sessionid ${browser}`, `Bearer ${browser}`]) {
        assert.equal((await fetch(`${url}/auth/user/`, { headers: { authorization } })).status, 401, authorization);
      }
      const cookie = `sessionid=${browser}`;
      const foreign = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      assert.equal((await post(`${url}/auth/password/change/`, {}, foreign)).status, 403);
      assert.equal((await post(`${url}/auth/logout/`, {}, { cookie, 'sec-fetch-site': 'same-origin' })).status, 200);
      assert.equal((await fetch(`${url}/auth/user/`, { headers: { cookie } })).status, 401);
    });
  });

  test('a dry run says what would not come along and why, and does nothing', async () => {
    await withWorld(async ({ site, file, bring }) => {
      const [, made] = await site.ask(
        ['migrate', null],
        ['hashes', { kinds: ['pbkdf2_sha256', 'md5', 'crypt'], password: 'x' }],
      );
      await site.ask(['populate', { hashes: made, count: 30 }]);
      await site.run(`
User.objects.create(id=40, username='USER1', password='!')
EmailAddress.objects.create(user_id=1, email='second@shop.test', verified=False)
EmailAddress.objects.filter(user_id=3).update(email='no address')
SocialAccount.objects.create(user_id=1, provider='orcid', uid='1')
from django.contrib.auth.models import Permission
for permission in Permission.objects.all()[:2]: User.objects.get(id=2).user_permissions.add(permission)
`);
      const said = await bring(['--dry-run']);
      assert.match(said, /^Would have made 30 accounts/);
      for (const why of [
        '1: somebody else has their username here',
        '10: a password by MD5 or SHA-1',
        '10: a password that cannot be read here',
        '1: a further address that nobody has verified',
        '1: an address that no mail can be sent to',
        '1: permissions of their own',
        '1: an account at a provider that is not among those known',
      ]) {
        assert.ok(said.includes(`  ${why}`), `${why} in ${said}`);
      }
      const { accounts, live } = broughtTo(file) as { accounts: unknown[]; live: unknown[] };
      assert.deepEqual([accounts, live], [[], []]);
    });
  });

  test('an account at a server that may be one’s own comes along where the mapping names its issuer, and not else', async () => {
    await withWorld(async ({ site, path, file, bring, latchkey }) => {
      const [, made] = await site.ask(['migrate', null], ['hashes', { kinds: ['pbkdf2_sha256'], password: 'x' }]);
      await site.ask(['populate', { hashes: made, count: 2 }]);
      await site.run(`
for provider in ['gitlab', 'github', 'google']: SocialAccount.objects.create(user_id=1, provider=provider, uid='7')
`);
      const said = await bring();
      assert.match(said, /2: an account at a provider that may be a server of one’s own: .*account 1 \(gitlab\)/);
      const known = () => (broughtTo(file) as { credentials: { id: string }[] }).credentials.length;
      assert.equal(known(), 1);
      const mapping = `${path}/mapping.json`;
      const mapped = async (issuers: unknown, env = {}) => {
        writeFileSync(mapping, JSON.stringify({ providers: issuers }));
        return await latchkey(['import', 'django', '--from', site.from, '--mapping', mapping], { env });
      };
      const wrong = await mapped({ gitlab: 'https://gitlab.shop.test' });
      assert.deepEqual([wrong.status, known()], [1, 1]);
      assert.match(wrong.stderr, /https:\/\/gitlab\.shop\.test/);
      const gitlab = { issuer: 'https://gitlab.shop.test', clientId: 'x', clientSecret: 'y' };
      const env = { LATCHKEY_SOCIAL_PROVIDERS: JSON.stringify({ gitlab }) };
      const right = await mapped({ gitlab: gitlab.issuer, github: 'https://github.com/login/oauth' }, env);
      assert.match(right.stdout, /^Made 0 accounts, changed 1, closed 0; 1 are as they were/, right.stderr);
      assert.equal(known(), 3);
      const all = JSON.stringify(rowIn(file, 'SELECT group_concat(CAST(data AS TEXT)) AS data FROM credential'));
      assert.match(all, /https:\/\/gitlab\.shop\.test/);
      assert.doesNotMatch(all, /https:\/\/gitlab\.com/);
    });
  });

  test('a user model of its own comes along as its mapping says', async () => {
    await withWorld(async ({ site, path, file, latchkey, serve }) => {
      const [, made] = await site.ask(['migrate', null], ['hashes', { kinds: ['pbkdf2_sha256'], password: PASSWORD }]);
      await site.run(`
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE shop_customer (id integer PRIMARY KEY, email varchar(254), password varchar(128), given_name text, phone text, is_active bool, is_desk bool)")
    cursor.execute("INSERT INTO shop_customer VALUES (7, 'Ann@shop.test', %s, 'Ann', '+43 1', true, true)", ['${(made as string[])[0]}'])
    cursor.execute("CREATE TABLE shop_customer_groups (id integer PRIMARY KEY, customer_id integer, group_id integer)")
    cursor.execute("INSERT INTO shop_customer_groups VALUES (1, 7, %s)", [Group.objects.create(name='buyers').pk])
`);
      const mapping = {
        table: 'shop_customer',
        columns: { username: 'email', first_name: 'given_name', last_name: null, is_staff: 'is_desk' },
        profile: { phone: 'phone' },
        roles: { is_staff: 'desk' },
      };
      writeFileSync(`${path}/user.json`, JSON.stringify(mapping));
      const bring = (more: readonly string[]) => latchkey(['import', 'django', '--from', site.from, ...more]);
      assert.match((await bring(['--mapping', 'user.json'])).stdout, /^Made 1 accounts/);
      const { accounts, emails } = broughtTo(file) as {
        accounts: Record<string, unknown>[];
        emails: Record<string, unknown>[];
      };
      const [account] = accounts;
      assert.deepEqual([account?.['id'], account?.['username'], account?.['first_name']], [7, 'Ann@shop.test', 'Ann']);
      assert.deepEqual([account?.['roles'], account?.['profile']], ['["desk","buyers"]', '{"phone":"+43 1"}']);
      assert.equal(emails[0]?.['verified'], 0, 'nobody has verified it');
      const { url } = await serve();
      assert.equal((await post(`${url}/auth/login/`, { username: 'ann@shop.test', password: PASSWORD })).status, 200);
      writeFileSync(`${path}/wrong.json`, JSON.stringify({ ...mapping, columns: { username: 'nick' } }));
      assert.equal((await bring(['--mapping', 'wrong.json'])).stderr, 'The table shop_customer has no column nick.\n');
    });
  });

  test('a second step comes along: the app and the codes on paper go on', async () => {
    await withWorld(async ({ site, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 3 }]);
      const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
      const seed = 'ab'.repeat(40);
      const codes = (await site.run(`
import hmac, hashlib
def put(user, kind, data):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, %s, %s, '2026-01-01 00:00:00')", [user, kind, json.dumps(data)])
put(1, 'totp', {'secret': '${secret}'})
put(1, 'recovery_codes', {'seed': '${seed}', 'used_mask': 1})
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO otp_totp_totpdevice (user_id, name, confirmed, key, step, t0, digits, tolerance, drift, last_t) VALUES (2, 'd', true, '48656c6c6f21deadbeef48656c6c6f21deadbeef', 30, 0, 6, 1, 0, 1)")
h = hmac.new(key=b'${seed}', msg=None, digestmod=hashlib.sha1)
answer = []
for i in range(10):
    h.update(f'{i:3},'.encode())
    answer.append(str(int.from_bytes(h.digest()[:4], byteorder='big') % 10**8).zfill(8))
`)) as readonly string[];
      await bring();
      const { url } = await serve();
      const signIn = async (username: string, code: string) => {
        const first = await post(`${url}/auth/login/`, { username, password: PASSWORD });
        assert.equal((first.body as { mfa_required?: boolean }).mfa_required, true);
        const { ephemeral_token } = first.body as { ephemeral_token: string };
        return (await post(`${url}/auth/mfa/verify/`, { ephemeral_token, code })).status;
      };
      assert.equal(await signIn('user1', codeAt(secret, Date.now())), 200);
      assert.equal(await signIn('user1', codes[1] ?? ''), 200);
      assert.equal(await signIn('user1', codes[1] ?? ''), 400, 'a code is good once');
      assert.equal(await signIn('user1', codes[0] ?? ''), 400, 'one that was used there is used');
      assert.equal(await signIn('user2', codeAt('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', Date.now())), 200);
    });
  });
});

describe('Django goes on while it moves', { skip }, () => {
  test('what is changed, added, renamed, closed and ended there meanwhile is taken over: it ends equal to Django', async () => {
    await withWorld(async ({ site, file, path, bring }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      const [, ...browsers] = await site.ask(
        ['populate', { hashes: made, count: 700 }],
        ...([1, 2, 3].map((id) => ['session', { id }]) as ['session', unknown][]),
      );
      await bring();
      const [[newer]] = (await site.ask(['hashes', { kinds: ['pbkdf2_sha1'], password: 'newer pass 7' }])) as [
        [string],
      ];
      await site.run(`
User.objects.filter(id=10).update(password='${newer}')
User.objects.filter(id=11).update(username='renamed', first_name='Else')
User.objects.filter(id=12).update(username='parked')
User.objects.filter(id=699).update(username='user12')
User.objects.filter(id=12).update(username='user699')
User.objects.filter(id__in=[20, 640]).delete()
User.objects.filter(id=21).update(is_active=False)
User.objects.filter(id=22).update(is_staff=True)
User.objects.get(id=23).groups.set([Group.objects.create(name='new ones')])
User.objects.filter(id=24).update(username='user20')
EmailAddress.objects.filter(user_id=25).update(email='other@shop.test', verified=False)
User.objects.filter(id=25).update(email='other@shop.test')
EmailAddress.objects.filter(user_id=26).update(email='user25@shop.test')
Token.objects.filter(user_id=30).delete()
Token.objects.filter(user_id=31).delete()
Token.objects.create(user_id=31, key='${'f'.repeat(40)}')
SessionStore('${browsers[0]}').delete()
User.objects.filter(id=2).update(password='${newer}')
`);
      await site.ask(['populate', { hashes: made, count: 20, first: 1000 }]);
      const said = await bring();
      assert.match(said, /^Made 20 accounts, changed \d+, closed 2; 68\d are as they were, 0 did not come along\.\n/);
      const fresh = `${path}/fresh.db`;
      await bring([], fresh);
      assert.deepEqual(broughtTo(file), broughtTo(fresh));
      assert.match(await bring(), /^Made 0 accounts, changed 0, closed 0; 718 are as they were/);
    });
  });

  test('a password set here after the switch stays, and an account that was closed here stays closed', async () => {
    await withWorld(async ({ site, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 4 }]);
      await bring();
      const { url } = await serve();
      const own = 'battery staple 7?';
      const as = (id: number) => ({ authorization: `Token ${key(id)}` });
      const signedIn = await post(`${url}/auth/login/`, { username: 'user1', password: PASSWORD });
      const mine = { authorization: `Token ${(signedIn.body as { key: string }).key}` };
      const change = { old_password: PASSWORD, new_password1: own, new_password2: own };
      assert.equal((await post(`${url}/auth/password/change/`, change, mine)).status, 200);
      const closed = await fetch(`${url}/auth/user/`, {
        method: 'DELETE',
        headers: { ...as(2), 'content-type': 'application/json' },
        body: JSON.stringify({ password: PASSWORD }),
      });
      assert.equal(closed.status, 204);
      await site.run("User.objects.filter(id__in=[1, 3]).update(password=cheap('pbkdf2_sha256', 'set in django 5'))");
      const said = await bring();
      assert.match(said, /1: have set a password here since: that one stays\. Such as account 1\n/);
      assert.match(said, /1: closed here after they had come along/);
      const tries = [
        ['user1', own, 200],
        ['user1', 'set in django 5', 400],
        ['user2', PASSWORD, 400],
        ['user3', 'set in django 5', 200],
        ['user3', PASSWORD, 400],
      ] as const;
      for (const [username, password, status] of tries) {
        assert.equal(
          (await post(`${url}/auth/login/`, { username, password })).status,
          status,
          `${username} ${password}`,
        );
      }
    });
  });

  test('an import that is killed at any point and run again ends as one that was not', async () => {
    await withWorld(async ({ site, file, path, latchkey, bring }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 4_000 }], ['session', { id: 5 }]);
      const whole = `${path}/whole.db`;
      const startedAt = performance.now();
      await bring([], whole);
      const tookMs = performance.now() - startedAt;
      let killed = 0;
      for (let at = 1; at <= 6; at++) {
        const killAfterMs = (tookMs * at) / 7;
        const { status } = await latchkey(['import', 'django', '--from', site.from], { killAfterMs });
        if (status === null) killed++;
      }
      assert.ok(killed >= 3, `${killed} were killed`);
      await bring();
      assert.deepEqual(broughtTo(file), broughtTo(whole));
    });
  });
});

describe('links that Django has mailed', { skip }, () => {
  test('a password is reset by the link in the mailbox, once; a confirmation confirms, once', async () => {
    await withWorld(async ({ site, file, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 9 }]);
      await site.run(`
EmailAddress.objects.filter(user_id=3).update(verified=False)
User.objects.filter(id=4).update(password='!never')
`);
      const links = (await site.ask(
        ...([1, 2, 3, 4, 5, 6].map((id) => ['links', { id }]) as ['links', unknown][]),
      )) as {
        django: string;
        allauth: string;
        confirm: string[];
      }[];
      await bring();
      const { url } = await serve();
      const reset = async (id: number, token: string) => {
        const words = { uid: id.toString(36), token, new_password1: 'a new one 77', new_password2: 'a new one 77' };
        return (await post(`${url}/auth/password/reset/confirm/`, words)).status;
      };
      const [first, second, third, fourth, , sixth] = links;
      assert.ok(first && second && third && fourth && sixth);
      assert.equal(await reset(1, second.django), 400, 'of somebody else');
      assert.equal(await reset(1, `${first.django.slice(0, -1)}0`.replace(first.django, 'x')), 400, 'forged');
      assert.equal(await reset(1, first.django.replace(/^./, 'a')), 400, 'of another time');
      assert.equal(await reset(1, first.django), 200);
      assert.equal(await reset(1, first.django), 400, 'once');
      assert.equal(await reset(1, first.allauth), 400, 'with it the other is void');
      const both = await Promise.all([reset(2, second.allauth), reset(2, second.allauth)]);
      assert.deepEqual(both.toSorted(), [200, 400], 'of two at once, one');
      assert.equal(await reset(4, fourth.allauth), 200, 'where there was no password');
      const db = new DatabaseSync(file);
      db.exec("UPDATE email SET address = 'else@shop.test', address_key = 'else@shop.test' WHERE account_id = 6");
      db.close();
      assert.equal(await reset(6, sixth.django), 400, 'mailed to an address that is theirs no more');
      assert.equal((await post(`${url}/auth/login/`, { username: 'user5', password: PASSWORD })).status, 200);
      const login = await post(`${url}/auth/login/`, { username: 'user1', password: 'a new one 77' });
      assert.equal(login.status, 200);

      const confirm = async (key: string) => (await post(`${url}/auth/registration/verify-email/`, { key })).status;
      const [link = ''] = third.confirm;
      const last = link.slice(-1) === 'A' ? 'B' : 'A';
      assert.equal(await confirm(link.slice(0, -1) + last), 404, 'forged');
      assert.equal(await confirm(link), 200);
      assert.equal(await confirm(link), 404, 'once');

      const page = await fetch(`${url}/password/reset/confirm/3/${third.django}/`, { redirect: 'manual' });
      assert.equal(page.status, 303);
      const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const sent = await fetch(`${url}/password/reset/confirm/`, {
        method: 'POST',
        headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
        body: 'new_password1=on+the+page+7&new_password2=on+the+page+7',
      });
      assert.equal(sent.status, 200);
      assert.equal((await post(`${url}/auth/login/`, { username: 'user3', password: 'on the page 7' })).status, 200);
    });
  });

  test('a sign-in voids a link to reset, as it does there; without SECRET_KEY none is good', async () => {
    await withWorld(async ({ site, bring, serve }) => {
      const [, made] = await site.ask(['migrate', null], hashes);
      await site.ask(['populate', { hashes: made, count: 2 }]);
      const links = (await site.ask(['links', { id: 1 }], ['links', { id: 2 }])) as { django: string }[];
      await bring();
      const words = { new_password1: 'a new one 77', new_password2: 'a new one 77' };
      const { url, stop } = await serve({ LATCHKEY_DJANGO_SECRET_KEY: 'another' });
      const ask = async (at: string, uid: string, token = '') =>
        (await post(`${at}/auth/password/reset/confirm/`, { uid, token, ...words })).status;
      assert.equal(await ask(url, '1', links[0]?.django), 400);
      assert.equal((await post(`${url}/auth/login/`, { username: 'user1', password: PASSWORD })).status, 200);
      await stop();
      const again = await serve();
      assert.equal(await ask(again.url, '1', links[0]?.django), 400);
      assert.equal(await ask(again.url, '2', links[1]?.django), 200);
    });
  });
});

describe('what is no Django project is told so', { skip }, () => {
  test('no file, no such database, other settings than the nodes have, and a project that would close everybody', async () => {
    await withWorld(async ({ site, latchkey, bring, serve }) => {
      const said = async (from: string, ...more: string[]) => {
        const { status, stderr } = await latchkey(['import', 'django', '--from', from, ...more]);
        assert.equal(status, 1, stderr);
        return stderr;
      };
      assert.match(await said('sqlite:nothing.db'), /^The file nothing\.db is not there\.\n$/);
      assert.match(await said('mysql://x/y'), /^It must be sqlite: and the path of a file, or postgres:/);
      assert.match(await said('postgres://nobody@127.0.0.1:1/x'), /^The database cannot be reached: /);
      const [, made] = await site.ask(['migrate', null], hashes);
      assert.match(await said(site.from, '--mapping', 'none.json'), /^The mapping none\.json cannot be read/);
      await site.ask(['populate', { hashes: made, count: 2 }]);
      await bring();
      const { stop } = await serve({ LATCHKEY_SESSION_LIMIT: '5' });
      assert.match(await said(site.from), /^The session settings here are not those of the node that started last/);
      await stop();
      await site.run('User.objects.all().delete()');
      assert.match(await said(site.from), /^There is nobody in auth_user, and accounts came along from there/);
    });
  });
});
