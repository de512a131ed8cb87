/** People of Firebase come along from the file of `firebase auth:export`, by the parameters of the project. */
import assert from 'node:assert/strict';
import { createCipheriv, scryptSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { broughtTo, isRenewed, PASSWORD, refusalOf, rowIn, signIn, type World, withImport } from './elsewhere.ts';

/** Of the README of Firebase's scrypt. */
const SIGNER_KEY = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
const VECTOR = {
  salt: '42xEC+ixf3L2lw==',
  passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
};

/** As the console shows it. */
const SHOWN = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: ${SIGNER_KEY},
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
`;

function hashOf(password: string): { readonly salt: string; readonly passwordHash: string } {
  const salt = Buffer.from('a salt of ten');
  const cost = { N: 2 ** 14, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
  const key = scryptSync(password, Buffer.concat([salt, Buffer.from([7])]), 64, cost).subarray(0, 32);
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return {
    salt: salt.toString('base64'),
    passwordHash: cipher.update(Buffer.from(SIGNER_KEY, 'base64')).toString('base64'),
  };
}

type User = Readonly<Record<string, unknown>>;

/** As its command line writes it, line breaks and all. */
function exportOf(users: readonly User[]): string {
  return `{"users": [\n${users.map((user) => JSON.stringify(user, null, 2)).join(',\n')}\n]}`;
}

const user = (localId: string, given: User = {}): User => ({
  ...{ localId, email: `${localId}@shop.test`, emailVerified: true },
  ...{ displayName: 'Ann Lee', createdAt: '1714979289123', lastSignedInAt: '1714979289123', ...given },
});

const PEOPLE: readonly User[] = [
  user('zoe', VECTOR),
  user('bob', { ...hashOf(PASSWORD), emailVerified: false, customAttributes: '{"admin":true}' }),
  user('eve', { ...VECTOR, disabled: true }),
  user('gil', {
    displayName: 'G} "q\\" [',
    providerUserInfo: [
      { providerId: 'google.com', rawId: '1122', email: 'gil@gmail.test' },
      { providerId: 'password', rawId: 'gil@shop.test' },
      { providerId: 'microsoft.com', rawId: 'x' },
    ],
  }),
  { localId: 'anonymous', createdAt: '1714979289123', providerUserInfo: [] },
  { localId: 'phoned', phoneNumber: '+43664', createdAt: '1714979289123', disabled: false },
];

function filesIn({ path }: Pick<World, 'path'>) {
  writeFileSync(`${path}/hash.txt`, SHOWN);
  return {
    users: `${path}/users.json`,
    more: ['--hash-parameters', `${path}/hash.txt`],
    write: (users: readonly User[]) => writeFileSync(`${path}/users.json`, exportOf(users)),
  };
}

describe('a Firebase project moves', () => {
  test('its people come along, sign in by their passwords, and are followed from export to export', async () => {
    await withImport('firebase', async (world) => {
      const { file, bring, serve } = world;
      const { users, more, write } = filesIn(world);
      write(PEOPLE);
      assert.match(await bring(users, ...more, '--dry-run'), /^Would have made 4 accounts/);
      assert.deepEqual((broughtTo(file) as { allotted: unknown[] }).allotted, []);
      const said = await bring(users, ...more);
      assert.match(said, /^Made 4 accounts, changed 0, closed 0; 0 are as they were, 2 did not come along\.\n/);
      for (const why of [
        '1: custom claims: left behind',
        'Such as account 5 (anonymous), account 6 (phoned)',
        'Such as account 4 (gil) (microsoft.com)',
      ]) {
        assert.ok(said.includes(why), `${why} in ${said}`);
      }
      const gil = rowIn(file, "SELECT * FROM account WHERE username = 'gil@shop.test'");
      assert.deepEqual([gil['first_name'], gil['last_name'], gil['created_at']], ['G} "q\\"', '[', 1_714_979_289_123]);
      const identity = rowIn(file, 'SELECT * FROM credential');
      assert.equal(JSON.parse(Buffer.from(identity['data'] as Uint8Array).toString()).subject, '1122');

      const { url } = await serve();
      for (const [name, password, status] of [
        ['zoe', 'user1password', 200],
        ['zoe', 'user1Password', 400],
        ['bob', PASSWORD, 200],
        ['eve', 'user1password', 400],
        ['gil', '', 400],
      ] as const) {
        assert.equal(await signIn(url, `${name}@shop.test`, password), status, name);
      }
      assert.equal(await isRenewed(file, 'zoe@shop.test'), true);

      // The next export has another order, one fewer and one more.
      const later = [user('new'), ...PEOPLE.filter(({ localId }) => localId !== 'gil')].toReversed();
      write(later.map((one) => (one['localId'] === 'zoe' ? { ...one, ...hashOf('newer pass 7') } : one)));
      const again = await bring(users, ...more);
      assert.match(again, /^Made 1 accounts, changed 1, closed 0; 2 are as they were, 2 did not come along\.\n/);
      assert.match(
        again,
        /\n1 who came along before are not there any more, and stay: --close-missing closes them\.\n/,
      );
      assert.equal(await signIn(url, 'zoe@shop.test', 'user1password'), 400);
      assert.equal(await signIn(url, 'zoe@shop.test', 'newer pass 7'), 200);
      assert.match(await bring(users, ...more, '--close-missing'), /^Made 0 accounts, changed 0, closed 1; 4 are/);
      assert.match(await bring(users, ...more), /^Made 0 accounts, changed 0, closed 0; 4 are as they were/);
    });
  });

  test('what is wrong with a record is told by its line, and nobody else is lost; a broken file does nothing', async () => {
    await withImport('firebase', async (world) => {
      const { path, file, bring } = world;
      const { users, more, write } = filesIn(world);
      const [zoe, bob] = PEOPLE.map((one) => JSON.stringify(one));
      const oddities = [
        '{"localId": "odd", "email": }',
        zoe,
        '{"email": "no@id.test"}',
        '{"localId": "s", "email": 7}',
      ];
      writeFileSync(users, `{"meta": {"users": []}, "users": [${[zoe, ...oddities, bob].join(',\n')}], "after": [{}]}`);
      const said = await bring(users, ...more);
      assert.match(said, /^Made 2 accounts, .* 1 did not come along\.\n/);
      assert.match(said, /2: what cannot be read as somebody’s record: .* Such as line 2, line 4 \(no localId\)\n/);
      assert.match(said, /1: an id that is there twice: .* Such as zoe \(line 3\)\n/);

      const refused = async (...command: readonly string[]) => await refusalOf(world, ['firebase', ...command]);
      const whole = exportOf(PEOPLE);
      for (const [broken, why] of [
        [whole.slice(0, -40), /cannot be used\. It ends in the middle, at line \d+: export it again\.\n$/],
        ['{"people": []}', /cannot be used\. It is no list, and has none called “users”\.\n$/],
        ['', /It is no list/],
      ] as const) {
        writeFileSync(users, broken);
        assert.match(await refused('--from', users, ...more), why);
      }
      write([...PEOPLE, user('late', VECTOR)]);
      assert.match(await refused('--from', users), /^zoe has a password, and how the project hashes them was not said/);
      writeFileSync(`${path}/hash.txt`, SHOWN.replace('rounds: 8,', ''));
      assert.match(await refused('--from', users, ...more), /^The hash parameters have no rounds: copy all/);
      writeFileSync(`${path}/hash.txt`, SHOWN.replace('mem_cost: 14', 'mem_cost: 30'));
      assert.match(await refused('--from', users, ...more), /^The hash parameters are none that can be computed with/);
      writeFileSync(`${path}/hash.txt`, SHOWN.replace('SCRYPT', 'BCRYPT'));
      assert.match(await refused('--from', users, ...more), /^Passwords by BCRYPT are not read/);
      assert.match(await refused('--from', `${path}/none.json`), /^The file .*none\.json cannot be opened: ENOENT/);
      assert.match(
        await refused('--from', `${path}/users.csv`),
        /^Firebase’s people come from JSON: firebase auth:exp/,
      );
      assert.equal(rowIn(file, 'SELECT count(*) AS n FROM account')['n'], 2);
      const json = { signerKey: SIGNER_KEY, saltSeparator: 'Bw==', rounds: 8, memCost: 14 };
      writeFileSync(`${path}/hash.txt`, JSON.stringify(json));
      assert.match(await bring(users, ...more), /^Made 3 accounts, changed 0, closed 0; 2 are as they were/);
    });
  });
});
