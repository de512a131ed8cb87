import { join } from 'node:path';
import { fillPostgres } from '../data/fill-postgres.ts';
import { fillRedis } from '../data/fill-redis.ts';
import { ownPostgres, ownRedis } from '../data/own-servers.ts';
import type { Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';

/** A store under the name that the table has for it. */
export type Store = { readonly name: string; readonly place: Place };

/** The stores that nodes share, as far as this machine has them, each with so many sessions of which no use is due to be noted. */
export async function sharedStores(bench: Bench, row: string, sessions: number): Promise<readonly Store[]> {
  const stores: Store[] = [];
  const postgres = await ownPostgres(bench, 'PostgreSQL');
  if (postgres !== null) {
    const place = { database: postgres };
    await fillPostgres(place, { count: sessions, what: 'sessions', seen: 'just now' }, telling(bench, row));
    stores.push({ name: 'PostgreSQL', place });
  }
  const redis = await ownRedis(bench, 'Redis');
  if (redis !== null) {
    const place = { database: `sqlite:${join(bench.folder, 'accounts.db')}`, sessionStore: redis };
    await fillRedis(place, { count: sessions, seen: 'just now' }, telling(bench, row));
    stores.push({ name: 'SQLite, sessions in Redis', place });
  }
  return stores;
}

/** Says how far a store is filled. */
export function telling(bench: Bench, row: string): (done: number) => void {
  return (done) => bench.progress.say(`${row}: making sessions: ${done.toLocaleString('en')}`);
}
