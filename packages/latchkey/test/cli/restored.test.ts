import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as postgres from '../servers/postgres.ts';
import * as redis from '../servers/redis.ts';
import { ask, QUICK, type ServingProcess, startServer } from '../serving.ts';
import { type Outcome, withPlace } from './command.ts';

const PASSWORD = 'tr1cky-enough-pw';
const credentials = { username: 'ann', password: PASSWORD };

/** Where a test keeps accounts and sessions, and what an operator does with that while no node runs. */
type Kept = {
  serve(): Promise<ServingProcess>;
  restored(...more: readonly string[]): Promise<Outcome>;
  backUp(): Promise<void>;
  restore(): Promise<void>;
};

/** Signs Ann in, has the store backed up, signs her out, and has the backup restored. Returns her key. */
async function backInTime({ serve, backUp, restore }: Kept): Promise<string> {
  const before = await serve();
  const body = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
  await ask(`${before.url}/auth/registration/`, { body });
  const key = String((await ask(`${before.url}/auth/login/`, { body: credentials })).body['key']);
  await before.stop();
  await backUp();
  const after = await serve();
  assert.equal((await ask(`${after.url}/auth/logout/`, { key, method: 'POST' })).status, 200);
  await after.stop();
  await restore();
  return key;
}

/** What a key gets from a node, and whether its owner can sign in. */
async function verdictOn({ serve }: Kept, key: string): Promise<string> {
  const node = await serve();
  const { status, reason } = await ask(`${node.url}/auth/session/`, { key });
  await node.stop();
  return `${status} ${reason}`;
}

async function signsIn({ serve }: Kept): Promise<void> {
  const node = await serve();
  assert.equal((await ask(`${node.url}/auth/login/`, { body: credentials })).status, 200);
  await node.stop();
}

const done = (count: number): Outcome => ({
  status: 0,
  stdout: `Signed ${count} accounts out everywhere. Nodes may be started.\n`,
  stderr: '',
});

/** One place for SQLite, and for the accounts whose sessions are elsewhere. */
async function onFile(
  environment: Readonly<Record<string, string>>,
  work: (kept: Kept) => Promise<void>,
  restoreMore: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await withPlace(async ({ file, latchkey }) => {
    await work({
      serve: () => startServer(file, { ...QUICK, ...environment }),
      restored: (...more) => latchkey(['restored', ...more], { env: environment }),
      backUp: async () => copyFileSync(file, `${file}.backup`),
      async restore() {
        for (const rest of ['-wal', '-shm']) rmSync(file + rest, { force: true });
        copyFileSync(`${file}.backup`, file);
        await restoreMore();
      },
    });
  });
}

describe('P4: what ended after a backup was made does not live again when it is restored and said to be', () => {
  test('on SQLite', async () => {
    await onFile({}, async (kept) => {
      const key = await backInTime(kept);
      assert.equal(await verdictOn(kept, key), '200 null', 'the backup knows no better');
      assert.deepEqual(await kept.restored('--after', '1'), done(0));
      assert.equal(await verdictOn(kept, key), '200 null', 'of those before nothing is said');
      assert.deepEqual(await kept.restored(), done(1));
      assert.equal(await verdictOn(kept, key), '401 session_revoked');
      assert.deepEqual(await kept.restored('--after', '0'), done(1), 'it may be run again');
      await signsIn(kept);
    });
  });

  test('on PostgreSQL', { skip: postgres.startable() ?? false }, async () => {
    const server = await postgres.startPostgres();
    const url = (name: string): string => Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
    const copy = (from: string, to: string) => postgres.query(server.url, `CREATE DATABASE ${to} TEMPLATE ${from}`);
    await copy('template0', 'app');
    const environment = { LATCHKEY_DATABASE: url('app') };
    try {
      await withPlace(async ({ latchkey }) => {
        const kept: Kept = {
          serve: () => startServer('unused', { ...QUICK, ...environment }),
          restored: (...more) => latchkey(['restored', ...more], { env: environment }),
          backUp: async () => void (await copy('app', 'backup')),
          async restore() {
            await postgres.query(server.url, 'DROP DATABASE app');
            await copy('backup', 'app');
          },
        };
        const key = await backInTime(kept);
        assert.equal(await verdictOn(kept, key), '200 null', 'the backup knows no better');
        assert.deepEqual(await kept.restored(), done(1));
        assert.equal(await verdictOn(kept, key), '401 session_revoked');
        await signsIn(kept);
      });
    } finally {
      await server.stop();
    }
  });

  for (const [what, commands, verdict] of [
    ['a Redis that starts empty', [['FLUSHALL']], '401 invalid_token'],
    ['a Redis that still has what it had', [], '401 signed_out'],
  ] as const) {
    test(`on SQLite and ${what}`, { skip: redis.startable() ?? false }, async () => {
      const server = await redis.startRedis({ appendonly: 'yes' });
      try {
        const more = async (): Promise<void> => {
          for (const [command] of commands) await redis.command(server.url, command);
        };
        const work = async (kept: Kept): Promise<void> => {
          const key = await backInTime(kept);
          const { status, stdout } = await kept.restored();
          assert.deepEqual([status, stdout], [0, done(1).stdout]);
          assert.equal(await verdictOn(kept, key), verdict);
          const gates = await redis.command(server.url, 'KEYS', 'lk:*:a:1:gate');
          assert.equal((gates as readonly string[]).length, 1, 'proofs from before find a gate');
          await signsIn(kept);
        };
        await onFile({ LATCHKEY_SESSIONS: server.url }, work, more);
      } finally {
        await server.stop();
      }
    });
  }
});
