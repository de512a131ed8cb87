import { after, before, describe, test } from 'node:test';
import { conformance, testClock } from 'latchkey/testing';
import type { AccountsSide } from '../../src/stores/apart/accounts-side.ts';
import { storeApart } from '../../src/stores/apart/store.ts';
import type { Clock } from '../../src/stores/clock.ts';
import { postgresAccounts } from '../../src/stores/postgres/store.ts';
import { openRedisStore } from '../../src/stores/redis/store.ts';
import { sqliteAccounts } from '../../src/stores/sqlite/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available as noPostgres, openPostgres, type PostgresServer } from '../servers/postgres.ts';
import { available as noRedis, openRedis } from '../servers/redis.ts';
import { available as noCluster, startRedisCluster } from '../servers/redis-cluster.ts';
import { available as noSentinel, startRedisSentinel } from '../servers/redis-sentinel.ts';
import { temporaryFolder } from '../serving.ts';

type Accounts = { open(clock: Clock): Promise<AccountsSide>; remove(): Promise<void> };

/** A Redis of some shape, for the cases of one suite. */
type Sessions = { readonly url: string; newPrefix(): string; stop(): Promise<void> };

/** Runs the whole suite, each case with accounts and sessions of its own. */
function keepsTheContract(start: () => Promise<Sessions>, fresh: () => Promise<Accounts> = freshSqlite): void {
  let redis: Sessions;
  before(async () => {
    redis = await start();
  });
  after(() => redis.stop());
  for (const { name, run } of conformance) {
    test(name, async () => {
      const [accounts, prefix] = [await fresh(), redis.newPrefix()];
      const clock = testClock();
      const opened: Store[] = [];
      const connect = async (): Promise<Store> => {
        const store = storeApart(await accounts.open(clock), await openRedisStore(redis.url, { prefix, clock }));
        opened.push(store);
        return store;
      };
      try {
        await run({ store: await connect(), clock, connect });
      } finally {
        for (const store of opened) await store.close();
        await accounts.remove();
      }
    });
  }
}

async function freshSqlite(): Promise<Accounts> {
  const folder = temporaryFolder();
  return {
    open: async (clock) => sqliteAccounts(`${folder.path}/test.db`, clock),
    remove: async () => folder.remove(),
  };
}

async function standAlone(): Promise<Sessions> {
  const server = await openRedis();
  return { url: server.url, newPrefix: () => server.freshPrefix().prefix, stop: () => server.stop() };
}

const hosts = (all: readonly { readonly host: string; readonly port: number }[]): string =>
  all.map(({ host, port }) => `${host}:${port}`).join(',');

async function cluster(): Promise<Sessions> {
  const { seeds, newPrefix, stop } = await startRedisCluster();
  return { url: `redis+cluster://${hosts(seeds)}`, newPrefix, stop };
}

async function sentinel(): Promise<Sessions> {
  const { sentinels, name, newPrefix, stop } = await startRedisSentinel();
  return { url: `redis+sentinel://${hosts(sentinels)}/${name}`, newPrefix, stop };
}

describe('F-38: accounts in SQLite and sessions in Redis keep the contract of a store', {
  skip: noRedis() ?? false,
}, () => {
  keepsTheContract(standAlone);
});

describe('F-38: with sessions in a Redis Cluster, too', { skip: noCluster() ?? false }, () => {
  keepsTheContract(cluster);
});

describe('F-38: with sessions where Sentinels say, too', { skip: noSentinel() ?? false }, () => {
  keepsTheContract(sentinel);
});

describe('F-38: with accounts in PostgreSQL, too', { skip: noPostgres() ?? noRedis() ?? false }, () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await openPostgres();
  });
  after(() => postgres.stop());
  keepsTheContract(standAlone, async () => {
    const { url, schema, drop } = await postgres.freshSchema();
    return { open: (clock) => postgresAccounts({ url, schema, clock }), remove: drop };
  });
});
