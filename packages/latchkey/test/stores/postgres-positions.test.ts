/** Positions grow in the order of commits: whoever has read up to one has missed none before it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { testClock } from 'latchkey/testing';
import pg from 'pg';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import type { SessionChange, Store } from '../../src/stores/store.ts';
import { available, openPostgres, type PostgresServer, type TestSchema } from '../servers/postgres.ts';
import { makeAccount, signIn } from './people.ts';

describe('positions in PostgreSQL', { skip: available() ?? false }, () => {
  let server: PostgresServer;
  let schema: TestSchema;
  before(async () => {
    server = await openPostgres();
  });
  after(() => server.stop());
  beforeEach(async () => {
    schema = await server.freshSchema();
  });

  const connect = (): Promise<Store> => postgresStore({ url: server.url, schema: schema.schema });

  /** A connection that writes history by itself, to be slower than the others. */
  const slowWriter = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(`SET search_path = ${schema.schema}`);
    return client;
  };
  const ENDED = `INSERT INTO history (at, kind, account_id, session_id, data) VALUES (0, 'session_ended', 99, 'ses_slow', '{"reason":"revoked"}')`;

  test('what was begun first and committed last is told last, and told', async () => {
    const store = await connect();
    const slow = await slowWriter();
    const gate = await makeAccount(store);
    await slow.query(`BEGIN; ${ENDED}`);
    const { session } = await signIn(store, gate);
    const first = await store.sessions.changes({ after: 0, limit: 10 });
    assert.deepEqual(idsOf(first), [session.id]);
    const read = first.at(-1)?.position ?? 0;
    assert.equal(await store.sessions.position(), read);
    await slow.query('COMMIT');
    assert.deepEqual(idsOf(await store.sessions.changes({ after: read, limit: 10 })), ['ses_slow']);
    assert.ok((await store.sessions.position()) > read);
    await slow.end();
    await store.close();
  });

  test('whoever reads on while others write hears of everything once, and of each account in its order', async () => {
    const writers = await Promise.all([connect(), connect(), connect()]);
    const readers = await Promise.all([connect(), connect()]);
    let isOver = false;
    const follow = async (store: Store): Promise<readonly SessionChange[]> => {
      const told: SessionChange[] = [];
      for (let isLast = false; !isLast; ) {
        isLast = isOver;
        const more = await store.sessions.changes({ after: told.at(-1)?.position ?? 0, limit: 7 });
        told.push(...more);
        if (more.length === 7) isLast = false;
      }
      return told;
    };
    const following = readers.map(follow);
    await Promise.all(
      writers.flatMap((store) =>
        Array.from({ length: 4 }, async () => {
          const gate = await makeAccount(store);
          for (let turn = 0; turn < 15; turn++) await signIn(store, gate);
        }),
      ),
    );
    isOver = true;
    const [told = [], toldOther = []] = await Promise.all(following);
    assert.deepEqual(told, toldOther, 'both were told the same');
    assert.equal(told.length, 12 * (15 + 14));
    const positions = told.map(({ position }) => position);
    assert.deepEqual(
      positions,
      [...new Set(positions)].sort((one, other) => one - other),
    );
    const ofAccount = Map.groupBy(told, (change) => sessionOf(change).accountId);
    for (const [accountId, its] of ofAccount) {
      const expected = ['opened', ...Array.from({ length: 14 }, () => ['ended', 'opened']).flat()];
      assert.deepEqual(
        its.map(({ kind }) => kind),
        expected,
      );
      assert.deepEqual(await writers[0]?.sessions.changesOf({ accountId, after: 0, limit: 99 }), its);
    }
    for (const store of [...writers, ...readers]) await store.close();
  });

  test('what nobody read for long is given its positions in parts', async () => {
    const store = await connect();
    const client = await slowWriter();
    const values = "0, 'session_ended', 99, 'ses_' || turn, '{\"reason\":\"revoked\"}'";
    await client.query(
      `INSERT INTO history (at, kind, account_id, session_id, data) SELECT ${values} FROM generate_series(1, 12000) AS turn`,
    );
    await client.end();
    assert.equal(await store.sessions.position(), 12_000);
    assert.deepEqual(idsOf(await store.sessions.changes({ after: 11_998, limit: 9 })), ['ses_11999', 'ses_12000']);
    await store.close();
  });

  test('what is purged unread had its position: the next one is higher', async () => {
    const clock = testClock();
    const store = await postgresStore({ url: server.url, schema: schema.schema, clock });
    const gate = await makeAccount(store);
    for (let turn = 0; turn < 3; turn++) await signIn(store, gate);
    clock.advance(1_000);
    await store.accounts.setRoles({ id: gate.accountId, roles: ['last of all'], demandedOf: 'nobody' });
    assert.equal(await store.history.purge({ keepMs: 1_000, limit: 100 }), 6);
    assert.equal(await store.sessions.position(), 5, 'three were opened, two ended');
    assert.deepEqual(await store.sessions.changes({ after: 0, limit: 10 }), []);
    await store.close();
  });
});

function idsOf(changes: readonly SessionChange[]): readonly string[] {
  return changes.map((change) => sessionOf(change).sessionId);
}

function sessionOf(change: SessionChange) {
  if ('opening' in change) return change.opening;
  return 'ending' in change ? change.ending : assert.fail(change.kind);
}
