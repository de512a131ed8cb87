import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { type Outcome, type Place, withPlace } from './command.ts';

/** A refusal that an operator can act on: status 1, and no stack of calls. */
function assertRefused({ status, stdout, stderr }: Outcome, says: RegExp): void {
  assert.equal(status, 1);
  assert.match(stdout + stderr, says);
  assert.doesNotMatch(stderr, /^ {4}at /m);
}

describe('latchkey', { concurrency: 2 }, () => {
  test('says what it can do, and its version', async () => {
    await withPlace(async ({ latchkey }) => {
      const { stdout, status } = await latchkey(['--help']);
      assert.equal(status, 0);
      for (const command of ['serve', 'migrate', 'purge', 'sharing', 'doctor', 'account']) {
        assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
      }
      assert.match((await latchkey(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    });
  });

  test('refuses what it does not know', async () => {
    await withPlace(async ({ latchkey }) => {
      for (const command of [['nothing'], ['account', 'suspend'], ['serve', '--prot', '1']]) {
        assertRefused(await latchkey(command), /^error: (?:unknown|missing required argument)/);
      }
    });
  });

  test('migrate: makes a database that only its owner may read, and keeps what is in one that is there', async () => {
    await withPlace(async ({ latchkey, file }) => {
      const done = { status: 0, stdout: 'The database is up to date.\n', stderr: '' };
      assert.deepEqual(await latchkey(['migrate']), done);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await latchkey(['account', 'create', 'ann']);
      assert.deepEqual(await latchkey(['migrate']), done);
      assert.match((await latchkey(['account', 'list'])).stdout, /^1\tann\t/);
    });
  });

  test('leaves a database of a newer version alone, whatever the command, and says which version to run', async () => {
    await withPlace(async ({ latchkey, file }) => {
      await latchkey(['migrate']);
      const database = new DatabaseSync(file);
      database.exec('PRAGMA user_version = 9999');
      for (const command of [['migrate'], ['purge'], ['doctor'], ['account', 'list'], ['serve']]) {
        const says =
          /This database is at step 9999, and this version of Latchkey knows \d+\. Run the version that wrote it, or a newer one\.\n$/;
        assertRefused(await latchkey(command), says);
      }
      assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], 9999);
      database.close();
    });
  });

  const unusable: readonly (readonly [
    what: string,
    command: string,
    prepare: (place: Place) => string,
    says: RegExp,
  ])[] = [
    [
      'a file in a folder that is not there',
      'migrate',
      ({ path }) => `${path}/nowhere/latchkey.db`,
      /cannot be opened: .*Set LATCHKEY_DATABASE to a path in a folder that exists and may be written to\./,
    ],
    ['a folder', 'serve', ({ path }) => path, /cannot be opened: .*Set LATCHKEY_DATABASE/],
    [
      'a file that is something else',
      'doctor',
      ({ path }) => {
        writeFileSync(`${path}/letter.txt`, 'Dear Ann, '.repeat(1000));
        return `${path}/letter.txt`;
      },
      /cannot be used: file is not a database\. Set LATCHKEY_DATABASE to a file that is a SQLite database/,
    ],
  ];
  for (const [what, command, prepare, says] of unusable) {
    test(`${command}: says of ${what} that it is no database, and what to do`, async () => {
      await withPlace(async (place) => {
        const env = { LATCHKEY_DATABASE: `sqlite:${prepare(place)}` };
        assertRefused(await place.latchkey([command], { env }), says);
      });
    });
  }

  test('purge: removes what is over, and says how much', async () => {
    await withPlace(async ({ latchkey, file }) => {
      await latchkey(['migrate']);
      const database = new DatabaseSync(file);
      database.exec(`INSERT INTO counter VALUES ('x', 1, 1), ('y', 1, 1);
        INSERT INTO once VALUES (x'00', 'invitation', NULL, '', 0, 1);
        INSERT INTO outbox (topic, payload, created_at, attempts) VALUES ('mail', x'00', 1, 1);
        INSERT INTO history (at, kind, account_id, data) VALUES (1, 'email_verified', 1, '{}'), (2, 'email_verified', 1, '{}');`);
      database.close();
      const said = async () => (await latchkey(['purge'])).stdout;
      assert.equal(await said(), 'Removed 0 sessions, 1 links, 2 counters, 1 mails, 1 lines of history.\n');
      assert.equal(await said(), 'Removed 0 sessions, 0 links, 0 counters, 0 mails, 0 lines of history.\n');
    });
  });
});

describe('the configuration file', { concurrency: 2 }, () => {
  const config = (database: string, more = ''): string => `
    type Options = { readonly database: string; readonly [name: string]: unknown };
    export default { database: 'sqlite:${database}', ${more} } satisfies Options;
  `;

  test('latchkey.config.ts is read where it is, another one where it is named, and both go before the environment', async () => {
    await withPlace(async ({ latchkey, path }) => {
      writeFileSync(`${path}/latchkey.config.ts`, config('usual.db'));
      writeFileSync(`${path}/other.ts`, config('other.db'));
      const env = { LATCHKEY_DATABASE: 'sqlite:environment.db' };
      await latchkey(['migrate'], { env });
      await latchkey(['--config', 'other.ts', 'migrate'], { env });
      for (const file of ['usual.db', 'other.db']) assert.ok(statSync(`${path}/${file}`).size > 0);
      assert.throws(() => statSync(`${path}/environment.db`));
    });
  });

  const wrong: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    [
      'F-11: what is wrong in it',
      config('x.db', `sessions: { limits: 3, limit: 0 }, rateLimit: 'off'`),
      /rateLimit is no setting: see docs\/settings\.md.*\n.*sessions\.limits is no setting.*\n.*sessions\.limit must be a whole number from 1, or unlimited\./,
    ],
    [
      'no default export',
      'export const options = {};',
      /latchkey\.config\.ts has no options: export them as the default\./,
    ],
    ['something else as the default', 'export default 5;', /latchkey\.config\.ts has no options/],
  ];
  for (const [what, text, says] of wrong) {
    test(`${what} is told by name`, async () => {
      await withPlace(async ({ latchkey, path }) => {
        writeFileSync(`${path}/latchkey.config.ts`, text);
        assertRefused(await latchkey(['migrate']), says);
      });
    });
  }

  test('one that is named and not there is refused', async () => {
    await withPlace(async ({ latchkey }) => {
      const says = /nowhere\.ts is not there: --config names the file that the options are in\./;
      assertRefused(await latchkey(['--config', 'nowhere.ts', 'migrate']), says);
    });
  });
});
