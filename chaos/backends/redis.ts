/** One Redis that writes each change to its disk before it answers. Accounts are in an SQLite file that all nodes open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnRedis, startRedis } from '../../packages/latchkey/test/servers/redis.ts';
import { type Direction, type Relay, startRelay } from '../relay.ts';
import type { Backend } from './backend.ts';
import { asking, keptSessions } from './redis-keys.ts';
import { sqliteFile } from './sqlite.ts';
import { started } from './started.ts';

const DIRECTIONS: readonly Direction[] = ['to-node', 'to-server'];
const LISTENS = /\bs?subscribe\b/i;

export function redisBackend(): Backend {
  const accounts = sqliteFile();
  const server = started<OwnRedis>();
  const relays: Relay[] = [];
  let stalls = 0;
  return {
    name: 'redis',
    mode: 'acked',
    modes: ['strict', 'acked', 'bounded'],
    isClockOfStore: false,
    async start(nodes) {
      const { port } = server.is(await startRedis({ appendonly: 'yes', appendfsync: 'always' }));
      const isChosen = (said: string): boolean => LISTENS.test(said);
      for (let n = 0; n < nodes; n++) relays.push(await startRelay({ to: port, isChosen }));
    },
    environment(n) {
      const { url } = server();
      return { LATCHKEY_DATABASE: accounts.url, LATCHKEY_SESSIONS: relays[n]?.through(url) ?? url };
    },
    faults: {
      async 'store-restart'({ forMs }) {
        await server().kill();
        const from = performance.now();
        await sleep(forMs);
        const to = performance.now();
        await server().restart();
        return { from, to };
      },
      async 'store-pause'({ forMs }) {
        await server().pause();
        const from = performance.now();
        await sleep(forMs);
        const to = performance.now();
        server().resume();
        return { from, to };
      },
      async 'feed-cut'() {
        await asking(server().url, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
        return null;
      },
      async 'feed-stall'({ node, forMs }) {
        const relay = relays[node ?? 0];
        relay?.stall(DIRECTIONS[stalls++ % DIRECTIONS.length] ?? 'to-node');
        await sleep(forMs);
        relay?.letGo();
        return null;
      },
    },
    readKept: async () => [...accounts.read(), ...(await asking(server().url, keptSessions))],
    async stop() {
      await Promise.all(relays.map((relay) => relay.close()));
      await server.stop();
      accounts.remove();
    },
  };
}
