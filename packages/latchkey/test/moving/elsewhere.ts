/** Databases of other systems, as real ones of their kind with made-up people, and what an import of them comes to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import pg from 'pg';
import { post, type World, withWorld } from './moved.ts';

export { broughtTo, PASSWORD, post, type World } from './moved.ts';

/** Its database, which `run` changes. `?` stand for values. */
export type Elsewhere = {
  /** As `--from` takes it. */
  readonly from: string;
  run(sql: string, values?: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
};

export function inSqlite(path: string): Elsewhere {
  const db = new DatabaseSync(path);
  return {
    from: `sqlite:${path}`,
    async run(sql, values) {
      if (values === undefined) db.exec(sql);
      else db.prepare(sql).run(...values.map((one) => (typeof one === 'boolean' ? Number(one) : one) as SQLInputValue));
    },
    close: async () => db.close(),
  };
}

/** A new database of a server. */
export async function inPostgres(server: string, name: string): Promise<Elsewhere> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const from = server.replace(/[^/]*$/, name);
  const client = new pg.Client({ connectionString: from });
  await client.connect();
  return {
    from,
    async run(sql, values) {
      let at = 0;
      if (values === undefined) await client.query(sql);
      else await client.query({ text: sql.replace(/\?/g, () => `$${++at}`), values: [...values] });
    },
    close: () => client.end(),
  };
}

/** As better-auth computes it, by another scrypt than the server's asynchronous one. */
export function betterAuthHash(password: string, salt = '00112233445566778899aabbccddeeff'): string {
  const cost = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
  return `${salt}:${scryptSync(password.normalize('NFKC'), salt, 64, cost).toString('hex')}`;
}

const PYTHON = '/usr/bin/python3';

/** Why there is no bcrypt of somebody else's here, or null. */
export function bcryptAvailable(): string | null {
  try {
    if (existsSync(PYTHON)) execFileSync(PYTHON, ['-c', 'import bcrypt'], { stdio: 'ignore' });
    return existsSync(PYTHON) ? null : `no ${PYTHON} on this machine`;
  } catch {
    return `${PYTHON} has no bcrypt: apt-get install python3-bcrypt`;
  }
}

/** By Python's bcrypt, as Go's writes it: `$2a$`. */
export function bcryptOf(password: string): string {
  const code = 'import bcrypt,sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(10, b"2a")).decode())';
  return execFileSync(PYTHON, ['-c', code, password]).toString().trim();
}

/** A folder with a Latchkey to be, and `latchkey import NAME --from …`, which must end well. */
export async function withImport(
  name: string,
  run: (world: World & { bring(from: string, ...more: readonly string[]): Promise<string> }) => Promise<void>,
): Promise<void> {
  await withWorld(async (world) => {
    await run({
      ...world,
      async bring(from: unknown, ...more: readonly string[]) {
        const { status, stdout, stderr } = await world.latchkey(['import', name, '--from', String(from), ...more]);
        assert.equal(status, 0, stderr);
        return stdout;
      },
    } as World & { bring(from: string, ...more: readonly string[]): Promise<string> });
  });
}

/** What is wrong with a source, as the command says it. */
export async function refusalOf(world: Pick<World, 'latchkey'>, command: readonly string[]): Promise<string> {
  const { status, stderr } = await world.latchkey(['import', ...command]);
  assert.equal(status, 1, stderr);
  return stderr;
}

/** 200 where they are let in, 400 where not. */
export async function signIn(url: string, username: string, password: string): Promise<number> {
  return (await post(`${url}/auth/login/`, { username, password })).status;
}

/** One row of Latchkey's own database. */
export function rowIn(file: string, sql: string, ...values: readonly (string | number)[]): Record<string, unknown> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return { ...db.prepare(sql).get(...values) };
  } finally {
    db.close();
  }
}

/** The hash that is kept of whoever has this username. */
export function hashIn(file: string, username: string): string {
  return String(rowIn(file, 'SELECT password_hash FROM account WHERE username = ?', username)['password_hash']);
}

/** Renewed beside the sign-in: soon. */
export async function isRenewed(file: string, username: string): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (hashIn(file, username).startsWith('$argon2id$')) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
