/** The floors of strict checks: the one read that a store cannot do without, through the driver that Latchkey uses. */
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { quote } from '../../packages/latchkey/src/stores/postgres/prepared.ts';
import { findByToken } from '../../packages/latchkey/src/stores/postgres/statements.ts';
import { CLIENT_OPTIONS } from '../../packages/latchkey/src/stores/redis/connection.ts';
import { bucketOf, hashText, namesOf } from '../../packages/latchkey/src/stores/redis/keys.ts';
import { FIELDS } from '../../packages/latchkey/src/stores/redis/records.ts';
import { selectByToken } from '../../packages/latchkey/src/stores/sql/sessions.ts';
import { SCHEMA } from '../../packages/latchkey/src/stores/sql/statement.ts';
import type { Place } from './place.ts';

/** The same statement, prepared once, on a connection like Latchkey's own. */
export function oneRead(path: string): (tokenHash: Uint8Array) => unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec('PRAGMA cache_size = -32768');
  const { sql } = selectByToken({ token_hash: new Uint8Array() }, 'sqlite');
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return (tokenHash) => statement.get(tokenHash);
}

/** Whether there is such a session. An account's number leads to its key, where a store needs that. */
export type Read = (tokenHash: Uint8Array, account: number) => Promise<boolean>;

/** One read of a place's sessions, sent before the last is answered, as Latchkey's are. */
export async function openRead({ database, sessionStore, schema = 'latchkey' }: Place): Promise<Read> {
  return sessionStore === undefined ? await inPostgres(database, schema) : await inRedis(sessionStore);
}

async function inPostgres(url: string, schema: string): Promise<Read> {
  const client = new pg.Client({ connectionString: url, pipeline: true });
  await client.connect();
  const { sql } = findByToken({ token_hash: new Uint8Array() }, 'postgres');
  const text = sql.replaceAll(`"${SCHEMA}"`, quote(schema));
  return async (tokenHash) => {
    const { values } = findByToken({ token_hash: tokenHash }, 'postgres');
    const { rows } = await client.query({ name: 'read', text, values: [...values], rowMode: 'array' });
    return rows.length === 1;
  };
}

async function inRedis(url: string): Promise<Read> {
  const client = new Redis(url, { ...CLIENT_OPTIONS, replyMapping: 'legacy' });
  await client.connect();
  const names = namesOf('lk:');
  const fields = Object.values(FIELDS);
  return async (tokenHash, account) => {
    const key = names.sessions(bucketOf(account)) + hashText(tokenHash);
    return (await client.hmget(key, ...fields))[0] !== null;
  };
}
