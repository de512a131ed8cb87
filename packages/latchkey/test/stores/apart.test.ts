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
import { available as noRedis, openRedis, type RedisServer } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';

type Accounts = { open(clock: Clock): Promise<AccountsSide>; remove(): Promise<void> };

/** Runs the whole suite, each case with accounts and sessions of its own. */
function keepsTheContract(fresh: () => Promise<Accounts>): void {
  let redis: RedisServer;
  before(async () => {
    redis = await openRedis();
  });
  after(() => redis.stop());
  for (const { name, run } of conformance) {
    test(name, async () => {
      const [accounts, keys] = [await fresh(), redis.freshPrefix()];
      const clock = testClock();
      const opened: Store[] = [];
      const connect = async (): Promise<Store> => {
        const sessions = await openRedisStore(keys.url, { prefix: keys.prefix, clock });
        const store = storeApart(await accounts.open(clock), sessions);
        opened.push(store);
        return store;
      };
      try {
        await run({ store: await connect(), clock, connect });
      } finally {
        for (const store of opened) await store.close();
        await accounts.remove();
        await keys.clear();
      }
    });
  }
}

describe('accounts in SQLite and sessions in Redis keep the contract of a store', { skip: noRedis() ?? false }, () => {
  keepsTheContract(async () => {
    const folder = temporaryFolder();
    return {
      open: async (clock) => sqliteAccounts(`${folder.path}/test.db`, clock),
      remove: async () => folder.remove(),
    };
  });
});

describe('accounts in PostgreSQL and sessions in Redis keep it, too', {
  skip: noPostgres() ?? noRedis() ?? false,
}, () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await openPostgres();
  });
  after(() => postgres.stop());
  keepsTheContract(async () => {
    const { url, schema, drop } = await postgres.freshSchema();
    return { open: (clock) => postgresAccounts({ url, schema, clock }), remove: drop };
  });
});
