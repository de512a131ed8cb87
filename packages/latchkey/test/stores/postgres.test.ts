import { after, before, describe, test } from 'node:test';
import { conformance, testClock } from 'latchkey/testing';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available, openPostgres, type PostgresServer } from '../servers/postgres.ts';

describe('F-38: PostgreSQL keeps the contract of a store', { skip: available() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(() => server.stop());

  for (const { name, run } of conformance) {
    test(name, async () => {
      const { url, schema, drop } = await server.freshSchema();
      const clock = testClock();
      const opened: Store[] = [];
      const connect = async (): Promise<Store> => {
        const store = await postgresStore({ url, schema, clock });
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
