/** PostgreSQL for tests: a throw-away cluster, or the one that `LATCHKEY_TEST_POSTGRES_URL` names. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './ports.ts';
import { type Launch, type Server, startServer } from './process.ts';
import { find, type Program, remedy, unprivilegedUser } from './programs.ts';

const OLDEST_MAJOR = 15;
const WANTED = {
  name: 'postgres',
  folders: [
    '/usr/lib/postgresql/*/bin',
    '/usr/pgsql-*/bin',
    '/opt/homebrew/opt/postgresql*/bin',
    '/usr/local/opt/postgresql*/bin',
  ],
  oldestMajor: OLDEST_MAJOR,
};

const named = (): string | undefined => process.env['LATCHKEY_TEST_POSTGRES_URL'] || undefined;

/** Null, or why there is no PostgreSQL for tests, with the remedy. */
export function available(): string | null {
  return named() === undefined ? startable() : null;
}

/** Null, or why a test cannot have a PostgreSQL of its own, to restart and to pause, with the remedy. */
export function startable(): string | null {
  if (named() !== undefined)
    return 'LATCHKEY_TEST_POSTGRES_URL names a server that no test may restart: unset it, and install PostgreSQL here';
  const found = find(WANTED);
  if (typeof found !== 'string') return null;
  return `${found}: ${remedy({ debian: 'postgresql', homebrew: 'postgresql' })}, or set LATCHKEY_TEST_POSTGRES_URL`;
}

export type TestSchema = {
  readonly url: string;
  /** A name that needs no quotes. */
  readonly schema: string;
  drop(): Promise<void>;
};

export type PostgresServer = {
  /** Its owner's, of one database, over TCP. */
  readonly url: string;
  /** An empty schema of that database. Takes some 20 ms; dropped when the server is closed, at the latest. */
  freshSchema(): Promise<TestSchema>;
  /** Ends an own server; leaves a named one as it was. */
  stop(): Promise<void>;
};

export type OwnPostgres = PostgresServer &
  Pick<Server, 'pause' | 'resume' | 'log'> & {
    readonly port: number;
    /** As in its URL. */
    readonly password: string;
    /** `immediate` is a crash: connections are cut, transactions lost, and the log is replayed. */
    restart(mode: 'fast' | 'immediate'): Promise<void>;
    /** It is gone, by a crash, until `restart`. */
    kill(): Promise<void>;
  };

export type PostgresSettings = {
  /** `durable` waits for the disk as in production, `fast` (the default) leaves that out. */
  readonly disk?: 'durable' | 'fast';
  /** More settings of postgresql.conf, such as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** A server for the tests of one file: their own, or the named one. */
export async function openPostgres(settings: PostgresSettings = {}): Promise<PostgresServer> {
  const url = named();
  if (url === undefined) return await startPostgres(settings);
  const [row] = await query(url, 'show server_version_num');
  const version = Number(row?.['server_version_num']) / 10_000;
  if (version < OLDEST_MAJOR)
    throw new Error(
      `LATCHKEY_TEST_POSTGRES_URL names PostgreSQL ${Math.floor(version)}: ${OLDEST_MAJOR} or later is wanted`,
    );
  const schemas = schemasOf(url);
  return { url, freshSchema: schemas.fresh, stop: schemas.dropAll };
}

/** Starts a throw-away cluster of the newest PostgreSQL on this machine. Takes about 1 s. */
export async function startPostgres({ disk = 'fast', settings = {} }: PostgresSettings = {}): Promise<OwnPostgres> {
  const program = find(WANTED);
  if (typeof program === 'string') throw new Error(startable() ?? program);
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const server = await startServer('postgres', (folder) => {
    initialize(program, folder, password);
    return cluster(program, folder, {
      ...DISK[disk],
      listen_addresses: '127.0.0.1',
      port: `${port}`,
      unix_socket_directories: folder,
      ...settings,
    });
  });
  const url = `postgres://${OWNER}:${password}@127.0.0.1:${port}/postgres`;
  return {
    ...server,
    url,
    port,
    password,
    freshSchema: schemasOf(url).fresh,
    restart: (mode) => server.restart(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT'),
    kill: () => server.end('SIGQUIT'),
  };
}

const OWNER = 'latchkey';

const DISK = {
  durable: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
  fast: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
} as const;

/** Sorts text as people do, not by bytes, as most databases do that one meets. */
const TEXT = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en'];

function initialize(program: Program, folder: string, password: string): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256', `--username=${OWNER}`, `--pwfile=${passwordFile}`];
  const args = ['-D', join(folder, 'data'), ...auth, ...TEXT, '--no-sync', '--no-instructions'];
  execFileSync(join(program.folder, 'initdb'), args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...unprivilegedUser(),
  });
}

function cluster(program: Program, folder: string, settings: Readonly<Record<string, string>>): Launch {
  const data = join(folder, 'data');
  return {
    path: program.path,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    endBy: 'QUIT',
    isReady: (pid) => statusOf(data, pid) === 'ready',
  };
}

/** As the server itself tells in its lock file, whose eighth line is its status. */
function statusOf(data: string, pid: number): string | null {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === `${pid}` ? (lines[7]?.trim() ?? null) : null;
  } catch {
    return null;
  }
}

/** One statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

function schemasOf(url: string): { fresh(): Promise<TestSchema>; dropAll(): Promise<void> } {
  const made = new Set<string>();
  const drop = async (schema: string): Promise<void> => {
    if (made.delete(schema)) await query(url, `drop schema if exists ${schema} cascade`);
  };
  return {
    async fresh() {
      const schema = `latchkey_test_${randomBytes(6).toString('hex')}`;
      await query(url, `create schema ${schema}`);
      made.add(schema);
      return { url, schema, drop: () => drop(schema) };
    },
    async dropAll() {
      for (const schema of [...made]) await drop(schema);
    },
  };
}
