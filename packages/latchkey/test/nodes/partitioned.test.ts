/** F-36: nodes that share a store and do not hear of each other any more: how stale they may be, by what they themselves say. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Relay, startRelay } from '../../../../chaos/relay.ts';
import { startable as noPostgres, startPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

/** How old the newest beat may be for a node to trust what it remembers, in seconds (`docs/coherence.md`). */
const HORIZON_SECONDS = 1;

type Apart = {
  readonly environment: Readonly<Record<string, string>>;
  /** The way of the connections that listen, and of no others that do work. */
  readonly relay: Relay;
  remove(): Promise<void>;
};

const stores: Readonly<Record<string, { readonly without: string | null; readonly open: () => Promise<Apart> }>> = {
  PostgreSQL: {
    without: noPostgres(),
    async open() {
      const server = await startPostgres();
      const relay = await startRelay({ to: server.port, isChosen: () => true });
      return {
        relay,
        environment: { LATCHKEY_DATABASE: server.url, LATCHKEY_FEED_URL: relay.through(server.url) },
        async remove() {
          await relay.close();
          await server.stop();
        },
      };
    },
  },
  Redis: {
    without: noRedis(),
    async open() {
      const [server, folder] = [await startRedis(), temporaryFolder()];
      const relay = await startRelay({ to: server.port, isChosen: (said) => /\bs?subscribe\b/i.test(said) });
      return {
        relay,
        environment: {
          LATCHKEY_DATABASE: `sqlite:${folder.path}/test.db`,
          LATCHKEY_SESSIONS: relay.through(server.url),
        },
        async remove() {
          await relay.close();
          await server.stop();
          folder.remove();
        },
      };
    },
  },
};

const PARTITIONS: readonly (readonly [what: string, part: (relay: Relay) => void])[] = [
  ['nothing comes over the feed any more', (relay) => relay.stall('to-node')],
  ['nothing goes over the feed any more', (relay) => relay.stall('to-server')],
  [
    'the feed is cut, and nobody answers on a new one',
    (relay) => {
      relay.stall('to-node', 'to-server');
      relay.breakChosen();
    },
  ],
];

let made = 0;

/** Somebody's key, which every node remembers. */
async function remembered(fleet: Fleet): Promise<{ readonly username: string; readonly key: string }> {
  made++;
  const username = `person${made}`;
  await fleet.register(username);
  const key = await fleet.signIn(username);
  for (const [node] of fleet.nodes.entries()) {
    await until(`node ${node} remembers`, async () => {
      const before = await fleet.figure(node, 'latchkey_check_hits_total');
      assert.equal((await fleet.check(key))[node], '200');
      return (await fleet.figure(node, 'latchkey_check_hits_total')) > before;
    });
  }
  return { username, key };
}

const DISPLACED = '401 session_displaced';

/** Once a node says that its horizon has passed, it reads: and what it read is right. */
async function refusesOnceStale(fleet: Fleet, node: number, key: string): Promise<void> {
  await until(`node ${node} refuses`, async () => {
    const age = await fleet.figure(node, 'latchkey_horizon_age_seconds');
    const reads = await fleet.figure(node, 'latchkey_check_reads_total');
    const verdict = (await fleet.check(key))[node];
    if (age <= HORIZON_SECONDS) return false;
    assert.equal(verdict, DISPLACED, `${age} s after the last beat`);
    assert.ok((await fleet.figure(node, 'latchkey_check_reads_total')) > reads, 'it was read');
    return true;
  });
}

for (const [store, { without, open }] of Object.entries(stores)) {
  for (const checks of ['acked', 'bounded'] as const) {
    describe(`three nodes on ${store}, ${checks}, that do not hear of each other`, { skip: without ?? false }, () => {
      let apart: Apart;
      let fleet: Fleet;
      before(async () => {
        apart = await open();
        fleet = await startFleet({ ...apart.environment, LATCHKEY_CHECKS: checks });
      });
      after(async () => {
        await fleet.stop();
        await apart.remove();
      });

      for (const [what, part] of PARTITIONS) {
        test(`F-36, P3: where ${what} no displaced key is accepted beyond the horizon, and memory comes back`, async () => {
          const { username, key } = await remembered(fleet);
          part(apart.relay);
          const next = await fleet.signIn(username);
          if (checks === 'acked') {
            assert.deepEqual(
              await fleet.check(key),
              fleet.nodes.map(() => DISPLACED),
              'who displaced it was answered when nobody could take it for live any more',
            );
          }
          for (const [node] of fleet.nodes.entries()) await refusesOnceStale(fleet, node, key);
          assert.deepEqual(
            await fleet.check(next),
            fleet.nodes.map(() => '200'),
          );
          apart.relay.letGo();
          await remembered(fleet);
        });
      }
    });
  }
}
