import { join } from 'node:path';
import { copyAccounts } from '../data/database.ts';
import { fillPostgres } from '../data/fill-postgres.ts';
import { fillRedis } from '../data/fill-redis.ts';
import { ownPostgres, ownRedis } from '../data/own-servers.ts';
import type { Place } from '../data/place.ts';
import type { Seen } from '../data/tokens.ts';
import type { Bench } from '../harness/bench.ts';

/** A store under the name that the table has for it. */
export type Store = { readonly name: string; readonly place: Place };

export type StoreFill = {
  readonly count: number;
  /** Everybody's password is the same: with accounts they can sign in. */
  readonly what: 'sessions' | 'accounts and sessions';
  /** By default no use of the sessions is due to be noted. */
  readonly seen?: Seen;
  readonly isPacked?: boolean;
};

/** A server of the row's own, with room for several stores that know nothing of each other, by number. */
export type StoreServer = {
  readonly name: string;
  placeAt(number: number): Place;
  fill(place: Place, fill: StoreFill, said: (done: number) => void): Promise<void>;
};

/** The stores that nodes share, as far as this machine has them, each with sessions in it. */
export async function sharedStores(bench: Bench, row: string, fill: StoreFill): Promise<readonly Store[]> {
  const stores: Store[] = [];
  for (const { name, placeAt, fill: fillPlace } of await sharedServers(bench)) {
    const place = placeAt(0);
    await fillPlace(place, fill, telling(bench, row));
    stores.push({ name, place });
  }
  return stores;
}

export async function sharedServers(bench: Bench): Promise<readonly StoreServer[]> {
  return [await postgresServer(bench), await redisServer(bench)].filter((server) => server !== null);
}

export async function postgresServer(bench: Bench): Promise<StoreServer | null> {
  const database = await ownPostgres(bench, 'PostgreSQL');
  if (database === null) return null;
  return {
    name: 'PostgreSQL',
    placeAt: (number) => ({ database, schema: `latchkey${number}` }),
    fill: (place, { seen = 'just now', ...fill }, said) => fillPostgres(place, { ...fill, seen }, said),
  };
}

/** Accounts are in SQLite. Nothing is kept on disk where it is told so. */
export async function redisServer(bench: Bench, isKept?: boolean): Promise<StoreServer | null> {
  const url = await ownRedis(bench, 'Redis', isKept);
  if (url === null) return null;
  const fileOf = (number: number): string => join(bench.folder, `accounts-${number}.db`);
  return {
    name: 'SQLite, sessions in Redis',
    placeAt: (number) => ({ database: `sqlite:${fileOf(number)}`, sessionStore: `${url}/${number}` }),
    async fill(place, { count, what, seen = 'just now' }, said) {
      await fillRedis(place, { count, what, seen }, said);
      if (what === 'accounts and sessions') copyAccounts(place.database.slice('sqlite:'.length), count);
    },
  };
}

/** Says how far a store is filled. */
export function telling(bench: Bench, row: string): (done: number) => void {
  return (done) => bench.progress.say(`${row}: making sessions: ${done.toLocaleString('en')}`);
}
