import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { firstGate } from '../../src/model/account.ts';
import { followEndings } from '../../src/sessions/endings.ts';
import type { AccountsSide } from '../../src/stores/apart/accounts-side.ts';
import { ledgerOf } from '../../src/stores/apart/ledger.ts';
import { storeApart } from '../../src/stores/apart/store.ts';
import { postgresAccounts } from '../../src/stores/postgres/store.ts';
import { bucketOf } from '../../src/stores/redis/keys.ts';
import { openRedisStore, type RedisStore } from '../../src/stores/redis/store.ts';
import { sqliteAccounts } from '../../src/stores/sqlite/store.ts';
import type { Admit, EndingNotice, HistoryEntry, OutboxItem, Store } from '../../src/stores/store.ts';
import { until } from '../nodes/fleet.ts';
import { available as noPostgres, openPostgres, type PostgresServer } from '../servers/postgres.ts';
import { available as noRedis, openRedis, type RedisServer } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { admission } from './redis-parts.ts';

type Accounts = { open(): Promise<AccountsSide>; remove(): Promise<void> };

/** A position of a server whose clock is a minute ahead, as one may have been that died. */
const ahead = (): string => `${Date.now() + 60_000}-7`;

/** What a history says, the oldest first, and the session's turn among those of the account. */
const said = (entries: readonly HistoryEntry[], ids: readonly string[]): readonly string[] =>
  entries.map(({ kind, sessionId }) => `${kind} ${ids.indexOf(sessionId ?? '')}`).reverse();

describe('what happened to sessions in Redis is written down in SQL', { skip: noRedis() ?? false }, () => {
  let redis: RedisServer;
  before(async () => {
    redis = await openRedis();
  });
  after(() => redis.stop());

  async function withPair(
    fresh: () => Promise<Accounts>,
    work: (pair: {
      readonly store: Store;
      readonly side: AccountsSide;
      readonly elsewhere: RedisStore;
    }) => Promise<void>,
  ): Promise<void> {
    const [accounts, keys] = [await fresh(), redis.freshPrefix()];
    const [side, elsewhere] = [await accounts.open(), await openRedisStore(keys.url, { prefix: keys.prefix })];
    const store = storeApart(side, elsewhere);
    try {
      await work({ store, side, elsewhere });
    } finally {
      await store.close();
      await keys.clear();
      await accounts.remove();
    }
  }

  const history = async (store: Store, ids: readonly string[]): Promise<readonly string[]> =>
    said(await store.history.page({ accountId: 1, before: null, limit: 100 }), ids);

  const cases = (fresh: () => Promise<Accounts>): void => {
    test('P6: it is told to all, once, where the server that took over has a clock that is behind', async () => {
      await withPair(fresh, async ({ store }) => {
        await store.settings.getOrSet(`stream ${bucketOf(1)}`, ahead());
        const endings: EndingNotice[] = [];
        const following = followEndings(store, () => undefined);
        following.onEnded((ending) => void endings.push(ending));
        await following.begun();
        const ids: string[] = [];
        for (let turn = 0; turn < 2; turn++) {
          const { kind, ...admitted } = await store.sessions.admit(admission(firstGate(1, [])));
          assert.ok(kind === 'admitted' && 'session' in admitted);
          ids.push(admitted.session.id);
        }
        const all = ['session_opened 0', 'session_ended 0', 'session_opened 1'];
        await until('the ending is told', async () => endings.length > 0);
        following.close();
        assert.deepEqual(await history(store, ids), all);
        const changes = await store.sessions.changes({ after: 0, limit: 10 });
        assert.deepEqual(
          changes.map(({ kind }) => kind),
          ['opened', 'ended', 'opened'],
        );
        assert.deepEqual(
          endings.map(({ sessionId }) => sessionId),
          ids.slice(0, 1),
        );
        await store.sessions.end({ accountId: 1, sessionId: ids[1] ?? '', by: null, reason: 'revoked' });
        assert.deepEqual(await history(store, ids), [...all, 'session_ended 1']);
      });
    });

    test('it is written once by nodes that read it at the same time, wherever the last position is', async () => {
      for (const position of [null, ahead()]) {
        await withPair(fresh, async ({ store, side, elsewhere }) => {
          if (position !== null) await store.settings.getOrSet(`stream ${bucketOf(1)}`, position);
          const gate = firstGate(1, []);
          const [first, second] = [admission(gate), admission(gate)];
          await elsewhere.sessions.admit(first);
          await elsewhere.sessions.admit(second);
          // One that dies before it has removed what it wrote; and others beside each other.
          const dying = { ...elsewhere.history, remove: () => Promise.reject(new Error('gone')) };
          const nodes = [dying, elsewhere.history, elsewhere.history].map((streams) =>
            ledgerOf({ streams, accounts: side }),
          );
          await assert.rejects(nodes[0]?.ofAccount(1) ?? assert.fail(), /gone/);
          await Promise.all(nodes.slice(1).map((node) => node.ofAccount(1)));
          await Promise.all(nodes.map((node) => node.close()));
          const ids = [first.session.id, second.session.id];
          assert.deepEqual(await history(store, ids), ['session_opened 0', 'session_ended 0', 'session_opened 1']);
        });
      }
    });

    test('F-33: what tells of a new device comes with it: a node that dies between the two stores loses none, and none comes twice', async () => {
      await withPair(fresh, async ({ store, side, elsewhere }) => {
        const gate = firstGate(1, []);
        const item = (text: string): OutboxItem => ({ topic: 'mail', payload: new TextEncoder().encode(text) });
        const arriving = (id: string): Admit => ({
          ...admission(gate, { max: 'unlimited', device: { id, class: 'web', name: 'Firefox on Windows' } }),
          arrival: { mail: item(`mail ${id}`), last: item(`last ${id}`) },
        });
        // The node is gone as soon as Redis has opened the session: nothing of it is in SQL.
        for (const id of ['first', 'second']) await elsewhere.sessions.admit(arriving(id));
        assert.deepEqual(await side.outbox.page(10), []);
        assert.deepEqual(await side.devices.list(1), []);
        // One that dies before it has removed what it wrote, and others beside each other.
        const dying = { ...elsewhere.history, remove: () => Promise.reject(new Error('gone')) };
        const nodes = [dying, elsewhere.history, elsewhere.history].map((streams) =>
          ledgerOf({ streams, accounts: side }),
        );
        await assert.rejects(nodes[0]?.ofAccount(1) ?? assert.fail(), /gone/);
        await Promise.all(nodes.slice(1).map((node) => node.ofAccount(1)));
        await Promise.all(nodes.map((node) => node.close()));
        const told = (await side.outbox.page(10)).map(({ payload }) => new TextDecoder().decode(payload));
        assert.deepEqual(told, ['mail second']);
        const known = await store.devices.list(1);
        assert.deepEqual(known.map(({ id }) => id).toSorted(), ['first', 'second']);
      });
    });

    test('what comes while it is written stays until it is written, too', async () => {
      await withPair(fresh, async ({ store, side, elsewhere }) => {
        await store.settings.getOrSet(`stream ${bucketOf(1)}`, ahead());
        const [first, second] = [admission(firstGate(1, [])), admission(firstGate(1, []))];
        await elsewhere.sessions.admit(first);
        const streams = {
          ...elsewhere.history,
          async remove(what: Parameters<RedisStore['history']['remove']>[0]) {
            await elsewhere.sessions.admit(second);
            await elsewhere.history.remove(what);
          },
        };
        const ledger = ledgerOf({ streams, accounts: side });
        await ledger.ofAccount(1);
        await ledger.close();
        const ids = [first.session.id, second.session.id];
        assert.deepEqual(await history(store, ids), ['session_opened 0', 'session_ended 0', 'session_opened 1']);
      });
    });
  };

  describe('accounts in SQLite', () => {
    cases(async () => {
      const folder = temporaryFolder();
      return {
        open: async () => sqliteAccounts(`${folder.path}/test.db`),
        remove: async () => folder.remove(),
      };
    });
  });

  describe('accounts in PostgreSQL', { skip: noPostgres() ?? false }, () => {
    let postgres: PostgresServer;
    before(async () => {
      postgres = await openPostgres();
    });
    after(() => postgres.stop());
    cases(async () => {
      const { url, schema, drop } = await postgres.freshSchema();
      return { open: () => postgresAccounts({ url, schema }), remove: drop };
    });
  });
});
