/** PostgreSQL and Redis of a row's own, set as an operator would set them; a row says what it leaves out where there is none. */
import { totalmem } from 'node:os';
import * as postgres from '../../packages/latchkey/test/servers/postgres.ts';
import * as redis from '../../packages/latchkey/test/servers/redis.ts';
import type { Bench } from '../harness/bench.ts';

/** A share of the memory for tables, as the manual advises; its log is not written out anew all the time; commits reach the disk. */
function settings(): Readonly<Record<string, string>> {
  const cacheMb = Math.floor(totalmem() / 6 / 2 ** 20);
  return {
    shared_buffers: `${cacheMb}MB`,
    effective_cache_size: `${cacheMb * 3}MB`,
    max_wal_size: '8GB',
    checkpoint_timeout: '15min',
    max_connections: '200',
  };
}

/** The URL of a PostgreSQL that is stopped at the end of the row; null, and the row says why `what` was left out. */
export async function ownPostgres(bench: Bench, what: string): Promise<string | null> {
  const missing = postgres.startable();
  if (missing !== null) {
    bench.leaveOut(what, missing);
    return null;
  }
  bench.progress.say('starting PostgreSQL');
  const server = await postgres.startPostgres({ disk: 'durable', settings: settings() });
  bench.atEndOfRow(() => server.stop());
  return server.url;
}

/** As above of a Redis, without a database in its URL. It writes what it is told to its disk, each second, unless told otherwise. */
export async function ownRedis(bench: Bench, what: string, isKept = true): Promise<string | null> {
  const missing = redis.startable();
  if (missing !== null) {
    bench.leaveOut(what, missing);
    return null;
  }
  bench.progress.say('starting Redis');
  const server = await redis.startRedis(isKept ? { appendonly: 'yes', appendfsync: 'everysec' } : {});
  bench.atEndOfRow(() => server.stop());
  return server.url;
}
