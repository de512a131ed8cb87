/** Users of Clerk come along from the file that its dashboard exports. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { codeAt } from '../second-step/app.ts';
import {
  bcryptAvailable,
  bcryptOf,
  isRenewed,
  PASSWORD,
  post,
  refusalOf,
  rowIn,
  signIn,
  withImport,
} from './elsewhere.ts';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const HEADER =
  'id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher,created_at';
const [SIGNER_KEY, FIREBASE_HASH] = [
  'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
];

type Given = Readonly<Record<string, string>>;

/** A row of the file, with quotes where they must be. */
function rowOf(given: Given): string {
  return HEADER.split(',')
    .map((name) => given[name] ?? '')
    .map((value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))
    .join(',');
}

const user = (id: string, given: Given = {}): Given => ({
  ...{ id, first_name: 'Ann', last_name: 'Lee', primary_email_address: `${id}@shop.test` },
  ...{ verified_email_addresses: `${id}@shop.test`, created_at: '2024-05-06T07:08:09Z', ...given },
});

describe('users of Clerk move', { skip: bcryptAvailable() ?? false }, () => {
  test('from CSV they come along, sign in by their passwords, second steps and all, and are followed', async () => {
    const digest = bcryptOf(PASSWORD);
    const people = [
      user('user_ann', {
        ...{ password_digest: digest, password_hasher: 'bcrypt', username: 'ann', last_name: 'O"Neil,\nthe first' },
        verified_email_addresses: 'old@shop.test,user_ann@shop.test',
        unverified_email_addresses: 'never@shop.test',
      }),
      user('user_bob', { password_digest: digest, password_hasher: 'bcrypt', totp_secret: SECRET }),
      user('user_cyd', {
        password_digest: `${FIREBASE_HASH}$42xEC+ixf3L2lw==$${SIGNER_KEY}$Bw==$8$14`,
        password_hasher: 'scrypt_firebase',
      }),
      user('user_dan', { password_digest: '$P$Bxxxx', password_hasher: 'phpass' }),
      user('user_eve', {
        password_digest: 'pbkdf2_sha256$1000$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==',
        password_hasher: 'pbkdf2_sha256',
      }),
      user('user_fay', { verified_email_addresses: '', unverified_email_addresses: 'user_fay@shop.test' }),
      { id: 'user_tel', first_name: 'Tel', verified_phone_numbers: '+43664' },
    ];
    await withImport('clerk', async (world) => {
      const { path, file, bring, serve } = world;
      const from = `${path}/users.csv`;
      const write = (all: readonly Given[]) =>
        writeFileSync(from, `\uFEFF${[HEADER, ...all.map(rowOf)].join('\r\n')}\r\n`);
      write(people);
      assert.match(await bring(from, '--dry-run'), /^Would have made 6 accounts/);
      const said = await bring(from);
      assert.match(said, /^Made 6 accounts, changed 0, closed 0; 0 are as they were, 1 did not come along\.\n/);
      for (const why of [
        'they choose a new one by mail. Such as account 4 (user_dan), account 5 (user_eve)',
        '1: a further address that nobody has verified: left behind. Such as account 1 (user_ann)',
        'so they are left behind. Such as account 7 (user_tel)',
      ]) {
        assert.ok(said.includes(why), `${why} in ${said}`);
      }
      const ann = rowIn(file, 'SELECT * FROM account WHERE id = 1');
      assert.deepEqual(
        [ann['username'], ann['last_name'], ann['created_at']],
        [...['ann', 'O"Neil,\nthe first', Date.UTC(2024, 4, 6, 7, 8, 9)]],
      );
      const addresses = rowIn(
        file,
        "SELECT group_concat(address || verified || is_primary, ' ') AS all_ FROM (SELECT * FROM email WHERE account_id IN (1, 6) ORDER BY account_id, is_primary DESC)",
      );
      assert.equal(addresses['all_'], 'user_ann@shop.test11 old@shop.test10 user_fay@shop.test01');

      const { url } = await serve();
      for (const [name, password, status] of [
        ['ann', PASSWORD, 200],
        ['ann', `${PASSWORD}x`, 400],
        ['user_cyd@shop.test', 'user1password', 200],
        ['user_dan@shop.test', 'x', 400],
      ] as const) {
        assert.equal(await signIn(url, name, password), status, name);
      }
      assert.equal(await isRenewed(file, 'ann'), true);
      const first = await post(`${url}/auth/login/`, { username: 'user_bob@shop.test', password: PASSWORD });
      const { ephemeral_token } = first.body as { ephemeral_token: string };
      const code = codeAt(SECRET, Date.now());
      assert.equal((await post(`${url}/auth/mfa/verify/`, { ephemeral_token, code })).status, 200);

      assert.match(await bring(from), /^Made 0 accounts, changed 0, closed 0; 6 are as they were/);
      write(people.slice(1).map((one) => (one['id'] === 'user_bob' ? { ...one, first_name: 'Robert' } : one)));
      assert.match(await bring(from), /^Made 0 accounts, changed 1, closed 0; 4 are .*\n.*\n1 who came along before/);
      assert.equal(await signIn(url, 'ann', PASSWORD), 200, 'who is not in a file is not gone');
    });
  });

  test('from JSON, too; what is wrong is told by its line', async () => {
    await withImport('clerk', async (world) => {
      const { path, file, bring } = world;
      const from = `${path}/users.json`;
      const digest = bcryptOf(PASSWORD);
      const users = [
        {
          ...user('user_ann', { password_digest: digest, password_hasher: 'bcrypt' }),
          verified_email_addresses: ['user_ann@shop.test'],
        },
        { id: 'user_old', email_addresses: 'a@shop.test|b@shop.test', banned: true },
      ];
      writeFileSync(from, JSON.stringify(users));
      assert.match(await bring(from), /^Made 2 accounts/);
      assert.equal(rowIn(file, 'SELECT count(*) AS n FROM email WHERE verified = 1')['n'], 1);
      assert.equal(rowIn(file, "SELECT state FROM account WHERE username = 'a@shop.test'")['state'], 'suspended');

      const csv = `${path}/users.CSV`;
      const rows = [HEADER, rowOf(user('user_x')), 'user_short,Ann', rowOf({ id: '' }), rowOf(user('user_y'))];
      writeFileSync(csv, rows.join('\n'));
      const said = await bring(csv);
      assert.match(said, /^Made 2 accounts/);
      assert.match(said, /2: what cannot be read as somebody’s record: .* Such as line 3, line 4 \(no id\)\n/);
      writeFileSync(csv, `${HEADER}\nuser_z,"open`);
      assert.match(
        await refusalOf(world, ['clerk', '--from', csv]),
        /A quote is open at its end, from line 2 on: export/,
      );
      writeFileSync(csv, 'name;mail\nAnn;ann@shop.test\n');
      assert.match(
        await refusalOf(world, ['clerk', '--from', csv]),
        /^The file .* has no column id: its first line names/,
      );
    });
  });
});
