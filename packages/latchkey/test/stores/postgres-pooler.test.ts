import { after, before, describe, test } from 'node:test';
import { conformance, testClock } from 'latchkey/testing';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available, type PgBouncer, startPgBouncer } from '../servers/pgbouncer.ts';
import { openPostgres, type PostgresServer } from '../servers/postgres.ts';

describe('F-38: PostgreSQL behind a pooler in transaction mode keeps the contract of a store', {
  skip: available() ?? false,
}, () => {
  let server: PostgresServer;
  let pooler: PgBouncer;
  before(async () => {
    server = await openPostgres();
    pooler = await startPgBouncer(server.url);
  });
  after(async () => {
    await pooler.stop();
    await server.stop();
  });

  for (const [how, feedUrl] of [
    ['with a feed past it', () => ({ feedUrl: server.url })],
    ['without one', () => ({})],
  ] as const) {
    describe(how, () => {
      for (const { name, run } of conformance) {
        test(name, async () => {
          const { schema, drop } = await server.freshSchema();
          const clock = testClock();
          const opened: Store[] = [];
          const connect = async (): Promise<Store> => {
            const store = await postgresStore({ url: pooler.url, pooler: true, schema, clock, ...feedUrl() });
            opened.push(store);
            return store;
          };
          try {
            await run({ store: await connect(), clock, connect });
          } finally {
            for (const store of opened) await store.close();
            await drop();
          }
        });
      }
    });
  }
});
