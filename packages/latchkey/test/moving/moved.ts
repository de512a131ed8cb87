/** A Django project and the Latchkey that it moves to, in a folder of their own. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { type ServingProcess, startServer, temporaryFolder } from '../serving.ts';
import { SECRET_KEY, type Site, siteOn } from './site.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

export const PASSWORD = 'correct horse 9!';

/** What a shop sets that has just moved. */
const SETTINGS: Readonly<Record<string, string>> = {
  LATCHKEY_RATE_LIMITS: 'off',
  LATCHKEY_OLD_HASHES: 'md5, sha1, unsalted_md5, unsalted_sha1',
  LATCHKEY_DJANGO_SECRET_KEY: SECRET_KEY,
  LATCHKEY_DJANGO_SESSION_COOKIE: 'sessionid',
};

export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type World = {
  readonly site: Site;
  readonly path: string;
  /** The file of the database here. */
  readonly file: string;
  /** Runs a command, and kills it after so many milliseconds where that is said. */
  latchkey(
    command: readonly string[],
    more?: {
      readonly killAfterMs?: number;
      readonly file?: string;
      readonly env?: Readonly<Record<string, string>>;
    },
  ): Promise<Ran>;
  /** `latchkey import django`, which must end well. */
  bring(more?: readonly string[], file?: string): Promise<string>;
  serve(more?: Readonly<Record<string, string>>): Promise<ServingProcess>;
};

export async function withWorld(run: (world: World) => Promise<void>, from?: string): Promise<void> {
  const folder = temporaryFolder();
  const file = `${folder.path}/latchkey.db`;
  const site = siteOn(from ?? `sqlite:${folder.path}/site.db`);
  const servers: ServingProcess[] = [];
  const latchkey: World['latchkey'] = async (command, { killAfterMs, file: other = file, env: own = {} } = {}) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LATCHKEY_DATABASE: `sqlite:${other}`,
      ...SETTINGS,
      ...own,
    };
    const child = spawn(process.execPath, ['--conditions=source', MAIN, ...command], { cwd: folder.path, env });
    const timer = killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if (timer !== null) clearTimeout(timer);
    return { status: child.exitCode, stdout, stderr };
  };
  try {
    await run({
      ...{ site, path: folder.path, file, latchkey },
      async bring(more = [], other = file) {
        const { status, stdout, stderr } = await latchkey(['import', 'django', '--from', site.from, ...more], {
          file: other,
        });
        if (status !== 0) throw new Error(stderr);
        return stdout;
      },
      async serve(more = {}) {
        const server = await startServer(file, { ...SETTINGS, ...more });
        servers.push(server);
        return server;
      },
    });
  } finally {
    for (const server of servers) await server.stop();
    folder.remove();
  }
}

/** All that an import brings, but for what is another one each time: ids of sessions, and seals. */
export function broughtTo(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true });
  const all = (sql: string): readonly unknown[] => db.prepare(sql).all();
  try {
    return {
      accounts: all(
        'SELECT id, username, username_key, first_name, last_name, profile, password_hash, password_scheme, state, roles, created_at FROM account ORDER BY id',
      ),
      emails: all('SELECT * FROM email ORDER BY account_id, address_key'),
      credentials: all('SELECT id, account_id, kind, label FROM credential ORDER BY id'),
      imported: all('SELECT account_id, prints FROM imported ORDER BY account_id'),
      allotted: all('SELECT source, source_id, account_id FROM imported_id ORDER BY account_id'),
      numbers: all('SELECT * FROM imported_email ORDER BY number'),
      // What has ended here stays noted, so that it does not come again.
      keys: all(
        'SELECT hex(key.token_hash) AS hash, key.account_id, kind FROM imported_key AS key JOIN session ON session.token_hash = key.token_hash WHERE ended_at IS NULL ORDER BY key.token_hash',
      ),
      live: all('SELECT hex(token_hash) AS hash, account_id FROM session WHERE ended_at IS NULL ORDER BY token_hash'),
    };
  } finally {
    db.close();
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const said = await answer.text();
  return { status: answer.status, body: said.startsWith('{') ? (JSON.parse(said) as Record<string, unknown>) : said };
}
