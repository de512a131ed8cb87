/** Accounts and sessions in PostgreSQL: copies that the server itself makes of the rows that Latchkey wrote. */
import pg from 'pg';
import { quote } from '../../packages/latchkey/src/stores/postgres/prepared.ts';
import { signUpAndIn } from './database.ts';
import type { Place } from './place.ts';
import { AHEAD_MS, FIRST_COPY, hashOfToken, type Seen, tokenOf } from './tokens.ts';

export type PostgresFill = {
  readonly count: number;
  /** A check needs no more than `sessions`; with `accounts` they can sign in. */
  readonly what: 'sessions' | 'accounts' | 'accounts and sessions';
  readonly seen: Seen;
  /** Indexes are made when the rows are there: in a third of the time, and denser than they are in use. */
  readonly isPacked?: boolean;
};

type Table = 'account' | 'email' | 'gate' | 'session' | 'history';

const TABLES: Readonly<Record<PostgresFill['what'], readonly Table[]>> = {
  sessions: ['session'],
  accounts: ['account', 'email'],
  'accounts and sessions': ['account', 'email', 'gate', 'session', 'history'],
};

const BATCH = 20_000;

/** Signs one account up and in, and copies it `count` times. */
export async function fillPostgres(place: Place, fill: PostgresFill, said: (done: number) => void): Promise<void> {
  await signUpAndIn(place);
  const client = new pg.Client({ connectionString: place.database, pipeline: true });
  await client.connect();
  try {
    const schema = quote(place.schema ?? 'latchkey');
    await client.query(`SET search_path = ${schema}; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'`);
    const tables = TABLES[fill.what];
    const indexes = fill.isPacked === true ? await dropIndexes(client, tables) : [];
    await copyRows(client, fill, said);
    for (const index of indexes) await client.query(index);
    await keepCounting(client, fill.count);
    for (const table of tables) await client.query(`VACUUM (ANALYZE) ${table}`);
    await client.query('CHECKPOINT');
  } finally {
    await client.end();
  }
}

async function copyRows(
  client: pg.Client,
  { count, what, seen }: PostgresFill,
  said: (done: number) => void,
): Promise<void> {
  const copies: string[] = [];
  for (const table of TABLES[what]) copies.push(await copyOf(client, table, seen));
  const last = FIRST_COPY + count - 1;
  let copying: Promise<unknown> = Promise.resolve();
  for (let from = FIRST_COPY; from <= last; from += BATCH) {
    const to = Math.min(from + BATCH - 1, last);
    const hashes = Buffer.concat(
      Array.from({ length: to - from + 1 }, (_, index) => hashOfToken(tokenOf(from + index))),
    );
    await copying;
    copying = Promise.all(copies.map((text) => client.query(text, [from, to, hashes])));
    said(from);
    // It is sent before the next hashes are made.
    await new Promise(setImmediate);
  }
  await copying;
}

/** What differs from copy to copy, in SQL: `n` is its account, and `hash` that of its token. */
const DIFFERS: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  account: { id: 'n', username: 'name', username_key: 'name' },
  email: { account_id: 'n', address: `name || '@school.example'`, address_key: `name || '@school.example'` },
  gate: { account_id: 'n' },
  session: { account_id: 'n', token_hash: 'hash', id: 'session_id', device_id: 'substr(session_id, 5)' },
  history: { account_id: 'n', session_id: 'copy.session_id', position: 'n + 1000' },
};

/** The newest row by this is the one that is copied. */
const ORDER = { account: 'id', email: 'account_id', gate: 'account_id', session: 'sequence', history: 'id' } as const;

async function copyOf(client: pg.Client, table: Table, seen: Seen): Promise<string> {
  const pattern = `pattern_of_${table}`;
  // Put aside: without an index each look for it would read all that was copied.
  await client.query(`CREATE TEMP TABLE ${pattern} AS SELECT * FROM ${table} ORDER BY ${ORDER[table]} DESC LIMIT 1`);
  const { fields, rowCount } = await client.query(`SELECT * FROM ${pattern}`);
  if (rowCount === 0) throw new Error(`There is nothing in ${table} to copy.`);
  const differs: Readonly<Record<string, string>> = {
    ...DIFFERS[table],
    ...(table === 'session' && { seen_at: SEEN_AT[seen] }),
  };
  // The numbers of history are the database's own.
  const columns = fields.map(({ name }) => name).filter((name) => table !== 'history' || name !== 'id');
  return `
    INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((column) => differs[column] ?? `p.${column}`)}
    FROM ${pattern} AS p,
      (SELECT n, name, hash, 'ses_' || translate(left(encode(hash, 'base64'), 22), '+/', 'ab') AS session_id FROM
        (SELECT n, 'person' || lpad(n::text, 8, '0') AS name, substr($3::bytea, ((n - $1) * 32 + 1)::integer, 32) AS hash
         FROM generate_series($1::bigint, $2::bigint) AS n) AS hashed) AS copy`;
}

const NOW = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

const SEEN_AT: Readonly<Record<Seen, string>> = {
  'as in use': `${NOW} - (random() * 60000)::bigint`,
  'just now': `${NOW} + ${AHEAD_MS}`,
};

/** Drops what the tables are indexed by, and returns how it is made again. */
async function dropIndexes(client: pg.Client, tables: readonly Table[]): Promise<readonly string[]> {
  const made: string[] = [];
  for (const table of tables) {
    const { rows: constraints } = await client.query<{ name: string; made: string }>(
      `SELECT quote_ident(conname) AS name, pg_get_constraintdef(oid) AS made FROM pg_constraint
       WHERE conrelid = $1::regclass AND contype IN ('p', 'u')`,
      [table],
    );
    for (const constraint of constraints) {
      await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${constraint.name}`);
      made.push(`ALTER TABLE ${table} ADD CONSTRAINT ${constraint.name} ${constraint.made}`);
    }
    const { rows: indexes } = await client.query<{ name: string; made: string }>(
      `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index
       WHERE indrelid = $1::regclass`,
      [table],
    );
    for (const index of indexes) {
      await client.query(`DROP INDEX ${index.name}`);
      made.push(index.made);
    }
  }
  return made;
}

/** What Latchkey numbers from now on comes after what was copied. */
async function keepCounting(client: pg.Client, count: number): Promise<void> {
  const next = FIRST_COPY + count;
  await client.query(`SELECT setval(pg_get_serial_sequence('account', 'id'), ${next})`);
  await client.query(`UPDATE setting SET value = '${next + 1000}' WHERE name = 'last_position'`);
}
