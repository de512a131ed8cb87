/** Where a fleet keeps things: each kind of store that nodes may share. */
import { test } from 'node:test';
import { available as noPostgres, openPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';

export type Environment = Readonly<Record<string, string>>;

/** What nodes are told of it, and how it is thrown away. */
export type Place = { readonly environment: Environment; remove(): Promise<void> };

export type Kind = {
  /** Why it cannot be had here; null where it can. */
  readonly without: string | null;
  /** Whether nodes answer checks from memory on it, where nothing else is asked for. */
  readonly remembers: boolean;
  readonly open: () => Promise<Place>;
};

async function onSqlite(): Promise<Place> {
  const folder = temporaryFolder();
  const environment = { LATCHKEY_DATABASE: `sqlite:${folder.path}/test.db` };
  return { environment, remove: async () => folder.remove() };
}

async function onPostgres(): Promise<Place> {
  const server = await openPostgres();
  const { url, schema } = await server.freshSchema();
  return { environment: { LATCHKEY_DATABASE: url, LATCHKEY_SCHEMA: schema }, remove: () => server.stop() };
}

/** Sessions in Redis, and accounts elsewhere. */
async function andRedis(accounts: () => Promise<Place>): Promise<Place> {
  const [beside, server] = [await accounts(), await startRedis()];
  return {
    environment: { ...beside.environment, LATCHKEY_SESSIONS: server.url },
    async remove() {
      await server.stop();
      await beside.remove();
    },
  };
}

export const places: Readonly<Record<string, Kind>> = {
  SQLite: { without: null, remembers: false, open: onSqlite },
  PostgreSQL: { without: noPostgres(), remembers: true, open: onPostgres },
  Redis: { without: noRedis(), remembers: true, open: () => andRedis(onSqlite) },
  'PostgreSQL and Redis': { without: noPostgres() ?? noRedis(), remembers: true, open: () => andRedis(onPostgres) },
};

/** A test on each kind of them, which it has to itself; once for each of the ways in which nodes are to check keys, where they remember any. */
export function onEachPlace(
  work: (environment: Environment) => Promise<void>,
  ways: readonly ('strict' | 'acked' | 'bounded')[],
  isMeant: (kind: Kind) => boolean = () => true,
): void {
  for (const [name, kind] of Object.entries(places)) {
    const { without, remembers, open } = kind;
    if (!isMeant(kind)) continue;
    for (const checks of remembers ? ways : ['strict']) {
      test(`on ${name}, ${checks}`, { skip: without ?? false }, async () => {
        const place = await open();
        try {
          await work({ ...place.environment, LATCHKEY_CHECKS: checks });
        } finally {
          await place.remove();
        }
      });
    }
  }
}
