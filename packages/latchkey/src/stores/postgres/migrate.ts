/** What is looked at before a database is used: the server, the schema, and the steps that its tables have seen. */
import type { PoolClient } from 'pg';
import { StoreUnavailable } from '../store.ts';
import { type Connections, plain } from './connections.ts';
import { answer, isAnswer, messageOf } from './errors.ts';
import { MIGRATION_TABLE, migrations } from './migrations.ts';
import { quote } from './prepared.ts';
import { using } from './reader.ts';

/** Of PostgreSQL, by its major number. */
const OLDEST = 15;

/** One node makes the tables, the others wait: a step over many rows may take long. */
const WAIT_FOR_MIGRATION_MS = 10 * 60_000;

export type Server = {
  /** Whether the server, left to itself, answers a commit before it is on the disk. */
  readonly isHasty: boolean;
};

/** Brings the tables of a schema up to date, whoever else does the same just now. @throws StoreUnavailable with the remedy */
export async function migrate(connections: Connections, schema: string): Promise<Server> {
  try {
    return await using(connections.client, async (client) => {
      const server = await look(client);
      if (!(await isCurrent(client, schema))) await takeSteps(client, schema);
      return server;
    });
  } catch (error) {
    throw withRemedy(error, schema);
  }
}

type Row = Readonly<Record<string, string | number | boolean | null>>;

async function rows(client: PoolClient, sql: string, values: readonly string[] = []): Promise<readonly Row[]> {
  return (await answer(client.query<Row>({ ...plain(sql), values: [...values] }))).rows;
}

async function look(client: PoolClient): Promise<Server> {
  const [server] = await rows(
    client,
    `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS is_standby,
      current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS commit`,
  );
  const version = Math.floor(Number(server?.['version']) / 10_000);
  if (version < OLDEST)
    throw new StoreUnavailable(`The database runs PostgreSQL ${version}: ${OLDEST} or later is needed.`);
  if (server?.['is_standby'] !== false)
    throw new StoreUnavailable('The database is a standby, which takes no changes: set the URL to the primary.');
  if (server['encoding'] !== 'UTF8')
    throw new StoreUnavailable(
      `The database keeps text as ${server['encoding']}, which has no room for every name: make one with ENCODING 'UTF8'.`,
    );
  return { isHasty: server['commit'] === 'off' };
}

/** Whether there is nothing to do. */
async function isCurrent(client: PoolClient, schema: string): Promise<boolean> {
  const [found] = await rows(client, 'SELECT to_regclass($1) IS NOT NULL AS is_there', [`${quote(schema)}.migration`]);
  return found?.['is_there'] === true && (await stepOf(client, schema)) === newest();
}

function newest(): number {
  return migrations.at(-1)?.number ?? 0;
}

async function stepOf(client: PoolClient, schema: string): Promise<number> {
  const [last] = await rows(client, `SELECT coalesce(max(number), 0) AS number FROM ${quote(schema)}.migration`);
  const step = Number(last?.['number']);
  if (step <= newest()) return step;
  throw new StoreUnavailable(
    `This database is at step ${step}, and this version of Latchkey knows ${newest()}. Run the version that wrote it, or a newer one.`,
  );
}

async function takeSteps(client: PoolClient, schema: string): Promise<void> {
  const patient = (text: string) => ({ text, query_timeout: WAIT_FOR_MIGRATION_MS });
  const run = (text: string) => answer(client.query(patient(text)));
  await run('BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
  try {
    // The lock goes with the transaction, by way of a pooler, too.
    const lock = "SELECT pg_advisory_xact_lock(hashtextextended('latchkey migrates ' || $1, 0))";
    await answer(client.query({ ...patient(lock), values: [schema] }));
    const [found] = await rows(client, 'SELECT count(*)::int AS found FROM pg_namespace WHERE nspname = $1', [schema]);
    if (found?.['found'] === 0) await run(`CREATE SCHEMA ${quote(schema)}`);
    await run(`SET LOCAL search_path = ${quote(schema)}`);
    if (!(await isCurrent(client, schema))) await takeNewSteps(client, schema, run);
    await run('COMMIT');
  } catch (error) {
    await client.query(plain('ROLLBACK')).catch(() => undefined);
    throw error;
  }
}

async function takeNewSteps(
  client: PoolClient,
  schema: string,
  run: (text: string) => Promise<unknown>,
): Promise<void> {
  await run(MIGRATION_TABLE);
  const at = await stepOf(client, schema);
  for (const { number, name, sql } of migrations) {
    if (number <= at) continue;
    await run(sql);
    await rows(client, 'INSERT INTO migration (number, name) VALUES ($1, $2)', [String(number), name]);
  }
}

/** By the code of SQLSTATE, or of the system. */
const REMEDIES: Readonly<Record<string, (schema: string) => string>> = {
  '28P01': () => 'Check the user and the password of its URL.',
  '28000': () => 'Check the user of its URL, and what pg_hba.conf lets in.',
  '3D000': () => 'Make it with CREATE DATABASE, or check the name at the end of its URL.',
  '42501': (schema) =>
    `Let a superuser say: CREATE SCHEMA ${quote(schema)} AUTHORIZATION the_user_of_the_url (or GRANT CREATE ON DATABASE … TO that user).`,
};

function withRemedy(error: unknown, schema: string): unknown {
  const cause = error instanceof StoreUnavailable ? (error.cause ?? null) : error;
  if (cause === null || !(cause instanceof Error)) return error;
  const remedy = isAnswer(cause) ? REMEDIES[cause.code]?.(schema) : 'See that it runs and can be reached from here.';
  if (remedy === undefined) return error;
  return new StoreUnavailable(`The PostgreSQL database cannot be used: ${messageOf(cause)}. ${remedy}`, { cause });
}
