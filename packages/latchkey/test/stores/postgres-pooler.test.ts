import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { conformance, testClock } from 'latchkey/testing';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available, type PgBouncer, startPgBouncer } from '../servers/pgbouncer.ts';
import { openPostgres, type PostgresServer } from '../servers/postgres.ts';
import { makeAccount, signIn } from './people.ts';

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

  test('what is changed by way of the pooler is heard past it', async () => {
    const { schema, drop } = await server.freshSchema();
    const stores = await Promise.all(
      [1, 2].map(() => postgresStore({ url: pooler.url, schema, pooler: true, feedUrl: server.url })),
    );
    const [one, other] = stores;
    assert.ok(one?.feed != null && other !== undefined);
    const { promise: up, resolve: isUp } = Promise.withResolvers<void>();
    const { promise: changed, resolve: hear } = Promise.withResolvers<number>();
    one.feed.join({
      up: () => isUp(),
      down: () => undefined,
      heard: (_, message) => (message.kind === 'changed' ? hear(message.accountId) : undefined),
      acknowledged: () => undefined,
      committed: async () => undefined,
    });
    await up;
    const gate = await makeAccount(other);
    for (let turn = 0; turn < 2; turn++) await signIn(other, gate);
    assert.equal(await changed, gate.accountId);
    for (const store of stores) await store.close();
    await drop();
  });
});
