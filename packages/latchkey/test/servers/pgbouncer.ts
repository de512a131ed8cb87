/** PgBouncer for tests, in transaction mode, in front of a PostgreSQL of theirs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { available as postgresAvailable, query } from './postgres.ts';
import { own, type Server, startServer } from './process.ts';
import { find, type Program, remedy } from './programs.ts';

const WANTED = { name: 'pgbouncer', folders: ['/opt/homebrew/bin'], oldestMajor: 1 };

/** Null, or why there is no PgBouncer for tests, or no PostgreSQL behind it, with the remedy. */
export function available(): string | null {
  const found = find(WANTED);
  if (typeof found !== 'string') return postgresAvailable();
  return `${found}: ${remedy({ debian: 'pgbouncer', homebrew: 'pgbouncer' })}`;
}

export type PgBouncer = Omit<Server, 'end'> & {
  /** The same database by way of the pooler. */
  readonly url: string;
  readonly port: number;
};

export type PgBouncerSettings = {
  /** How many connections to the database all clients share; 5 where nothing is said. */
  readonly poolSize?: number;
};

/** Starts a pooler in front of the database that a `postgres:` URL with user and password names. Takes some 50 ms. */
export async function startPgBouncer(
  postgresUrl: string,
  { poolSize = 5 }: PgBouncerSettings = {},
): Promise<PgBouncer> {
  const program = find(WANTED);
  if (typeof program === 'string') throw new Error(available() ?? program);
  const port = await freePort();
  const database = new URL(postgresUrl);
  const pooled = new URL(postgresUrl);
  pooled.hostname = '127.0.0.1';
  pooled.port = `${port}`;
  pooled.search = '';
  const url = pooled.href;
  const { end: _, ...server } = await startServer('pgbouncer', (folder) => {
    writeOwn(join(folder, 'users'), usersOf(database));
    writeOwn(join(folder, 'pgbouncer.ini'), configuration(program, { folder, port, poolSize, database }));
    return {
      path: program.path,
      args: [join(folder, 'pgbouncer.ini')],
      endBy: 'KILL',
      isReady: async () => (await query(url, 'select 1').catch(() => null)) !== null,
    };
  });
  return { ...server, url, port };
}

function writeOwn(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  own(file);
}

const quoted = (text: string): string => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
const usersOf = ({ username, password }: URL): string => `${quoted(username)} ${quoted(password)}\n`;

type Configured = {
  readonly folder: string;
  readonly port: number;
  readonly poolSize: number;
  readonly database: URL;
};

function configuration(program: Program, { folder, port, poolSize, database }: Configured): string {
  return [
    '[databases]',
    `* = host=${database.hostname} port=${database.port || 5432}`,
    '[pgbouncer]',
    'pool_mode = transaction',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${join(folder, 'users')}`,
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 500',
    // a pooler that keeps no prepared statements is the harder case, and was the only one before 1.21
    ...(isOlderThan(program.version, '1.21') ? [] : ['max_prepared_statements = 0']),
    '',
  ].join('\n');
}

const isOlderThan = (version: string, other: string): boolean =>
  version.localeCompare(other, 'en', { numeric: true }) < 0;
