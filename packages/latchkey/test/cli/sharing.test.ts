import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { testClock } from 'latchkey/testing';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available, openPostgres } from '../servers/postgres.ts';
import { live, type SignIn } from '../sharing/lived.ts';
import { type Outcome, withPlace } from './command.ts';

const DAYS = 56;
const DAY_MS = 24 * 3_600_000;
const VIENNA = { latitude: 48.2, longitude: 16.4 };
const MADRID = { latitude: 40.4, longitude: -3.7 };

const daily = (day: (hours: number) => readonly SignIn[]): readonly SignIn[] =>
  Array.from({ length: DAYS }, (_, index) => day(index * 24)).flat();

/** Two who take turns in two cities; one with two devices at home; the first two again, who closed their account; nobody. */
const LIMITS = [1, 2, 1, 1];
const taking = (account: number) => (hours: number) => [
  { account, hours: hours + 12, device: 'device-a', network: 'home-of-a', coordinates: VIENNA },
  { account, hours: hours + 12.5, device: 'device-b', network: 'home-of-b', coordinates: MADRID },
];
const SIGN_INS: readonly SignIn[] = [
  ...daily(taking(1)),
  ...daily((hours) => [
    { account: 2, hours: hours + 12, device: 'device-c', network: 'home-of-c', coordinates: VIENNA },
    { account: 2, hours: hours + 20, device: 'device-d', network: 'home-of-c', coordinates: VIENNA },
  ]),
  ...daily(taking(3)),
];

type Command = (...more: readonly string[]) => Promise<Outcome>;

/** What an operator is told of them, whatever they are kept in. */
async function holds(open: (clock: ReturnType<typeof testClock>) => Promise<Store>, sharing: Command): Promise<void> {
  const clock = testClock(Date.now() - DAYS * DAY_MS);
  const store = await open(clock);
  await live({ store, clock }, LIMITS, SIGN_INS);
  await store.accounts.close({ id: 3, by: null });
  await store.close();

  const told = await sharing('--json', '--if-limit', '1');
  assert.deepEqual([told.status, told.stderr], [0, '']);
  const { from, until, suspects, ...rest } = JSON.parse(told.stdout);
  assert.equal(Date.parse(until) - Date.parse(from), 30 * DAY_MS);
  assert.deepEqual(rest, {
    ...{ accounts: 2, likely: 1, threshold: 0.5 },
    if_limit: {
      ...{ limit: 1, accounts: 1, sign_outs: 60, devices_at_once: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0] },
      most: [{ account: 2, devices: 2, sign_outs: 60 }],
    },
  });
  const [{ account, score, takeovers_per_day, figures, reasons, at }, ...others] = suspects;
  assert.deepEqual([account, takeovers_per_day, others], [1, 2, []]);
  assert.ok(score > 0.9 && score <= 1 && Date.parse(at) <= Date.parse(until));
  assert.deepEqual(figures, {
    ...{ sign_ins: 60, takeovers: 60, devices_7: 2, devices_30: 2, networks_7: 2, networks_30: 2, households: 2 },
    ...{ alternations: 58, strangers: 58, twins: 58, far: 58, leaps: 30, fastest_kmh: 3624, settled: 30, overlaps: 0 },
  });
  for (const { code, odds, text } of reasons) assert.ok(code !== '' && odds > 0 && /\d|once/.test(text));
  assert.ok(reasons.some(({ text }: { text: string }) => text.includes('devices turned each other out 60 times')));

  const table = await sharing();
  assert.deepEqual([table.status, table.stderr], [0, ''], 'no bar where nobody watches');
  assert.match(table.stdout, /^2 accounts signed in within the last 30 days; 1 is likely passed around \(.*\)\.\n/);
  assert.match(
    table.stdout,
    /\n {9}1 {2}(?:0\.9\d|1\.00) ██████████ {2}\S.*\n {29}\S.*\n {29}\S.*\n\nA score is a hint/,
  );
  const limit = await sharing('--if-limit', '1', '--days', '7');
  const says =
    /With at most 1 device at once, 1 account would have had devices signed out, 14 times in all at the least\./;
  assert.match(limit.stdout, says);
  assert.match(limit.stdout, /\n {3}account {2}devices {2}sign-outs\n {9}2 {8}2 {9}14\n/);
  const enough = await sharing('--if-limit', '2');
  assert.match(enough.stdout, /\nWith at most 2 devices at once nobody would have been signed out\.\n/);

  // F-29: whoever gets such a list learns no secret and no address by it.
  const all = [told, table, limit, enough].map(({ stdout }) => stdout).join('\n');
  assert.doesNotMatch(
    all,
    /home-of|device-[a-d]|ses_|\b(?:48|40)\.[24]\b(?!\d*Z)|a place with a name|person-|mail\.test/,
  );
}

describe('6.7, latchkey sharing', () => {
  test('lists who is likely passed around and why, and whom a limit would cut: on SQLite', async () => {
    await withPlace(async ({ file, latchkey }) => {
      await holds(
        async (clock) => sqliteStore(file, clock),
        (...more) => latchkey(['sharing', ...more]),
      );
    });
  });

  test('the same on PostgreSQL', { skip: available() ?? false }, async () => {
    const server = await openPostgres();
    const { url, schema, drop } = await server.freshSchema();
    try {
      await withPlace(async ({ latchkey }) => {
        const env = { LATCHKEY_DATABASE: url, LATCHKEY_SCHEMA: schema };
        await holds(
          (clock) => postgresStore({ url, schema, clock }),
          (...more) => latchkey(['sharing', ...more], { env }),
        );
      });
    } finally {
      await drop();
      await server.stop();
    }
  });

  test('an account whose history is damaged hides nobody else; where nobody signed in, that is said', async () => {
    await withPlace(async ({ file, latchkey }) => {
      const empty = await latchkey(['sharing', '--if-limit', '1']);
      const lines = [
        '0 accounts signed in within the last 30 days; 0 are likely passed around (a score of 0.50 or more).',
        'With at most 1 device at once nobody would have been signed out.',
      ];
      assert.deepEqual(empty, { status: 0, stdout: `${lines.join('\n\n')}\n`, stderr: '' });
      const clock = testClock(Date.now() - DAYS * DAY_MS);
      const store = sqliteStore(file, clock);
      await live({ store, clock }, [1, 1], [...daily(taking(1)), ...daily(taking(2))]);
      await store.close();
      const database = new DatabaseSync(file);
      database.exec(`UPDATE history SET data = '{"device' WHERE account_id = 1`);
      database.close();
      const { suspects } = JSON.parse((await latchkey(['sharing', '--json'])).stdout);
      assert.deepEqual(
        suspects.map(({ account }: { account: number }) => account),
        [2],
      );
    });
  });

  for (const [option, value] of [
    ['--days', '0'],
    ['--top', '-1'],
    ['--if-limit', 'two'],
  ] as const) {
    test(`${option} “${value}” is refused`, async () => {
      await withPlace(async ({ latchkey }) => {
        const stderr = `error: option '${option} <number>' argument '${value}' is invalid. It is a whole number, 1 or more.\n`;
        assert.deepEqual(await latchkey(['sharing', `${option}=${value}`]), { status: 1, stdout: '', stderr });
      });
    });
  }
});
