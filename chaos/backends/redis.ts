/** One Redis that writes each change to its disk before it answers. Accounts are elsewhere: in an SQLite file that all nodes open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnRedis, startRedis } from '../../packages/latchkey/test/servers/redis.ts';
import { type Direction, type Relay, startRelay } from '../relay.ts';
import type { StoreFault } from '../schedule.ts';
import type { Backend } from './backend.ts';
import { asking, keptSessions } from './redis-keys.ts';
import { sqliteFile } from './sqlite.ts';
import { started } from './started.ts';

const DIRECTIONS: readonly Direction[] = ['to-node', 'to-server'];
const LISTENS = /\bs?subscribe\b/i;

/** Where the accounts of those are kept whose sessions are in Redis. */
export type Accounts = {
  start(nodes: number): Promise<void>;
  environment(): Readonly<Record<string, string>>;
  readonly faults: Backend['faults'];
  read(): Promise<Kept> | Kept;
  stop(): Promise<void>;
};

type Kept = Awaited<ReturnType<Backend['readKept']>>;

function inOneFile(): Accounts {
  const { url, read, remove } = sqliteFile();
  return {
    start: async () => undefined,
    environment: () => ({ LATCHKEY_DATABASE: url }),
    faults: {},
    read,
    stop: async () => remove(),
  };
}

export function redisBackend(): Backend {
  return besideRedis('redis', inOneFile());
}

/** Sessions in a Redis of its own. A fault of the store is one of the accounts' every other time, where they can have it. */
export function besideRedis(name: string, accounts: Accounts): Backend {
  const server = started<OwnRedis>();
  const relays: Relay[] = [];
  let stalls = 0;
  return {
    name,
    mode: 'acked',
    modes: ['strict', 'acked', 'bounded'],
    isClockOfStore: false,
    async start(nodes) {
      await accounts.start(nodes);
      const { port } = server.is(await startRedis({ appendonly: 'yes', appendfsync: 'always' }));
      const isChosen = (said: string): boolean => LISTENS.test(said);
      for (let n = 0; n < nodes; n++) relays.push(await startRelay({ to: port, isChosen }));
    },
    environment(n) {
      const { url } = server();
      return { ...accounts.environment(), LATCHKEY_SESSIONS: relays[n]?.through(url) ?? url };
    },
    faults: inTurn(accounts.faults, {
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
    }),
    readKept: async () => [...(await accounts.read()), ...(await asking(server().url, keptSessions))],
    async stop() {
      await Promise.all(relays.map((relay) => relay.close()));
      await server.stop();
      await accounts.stop();
    },
  };
}

/** Each fault of the sessions' store, or in its turn the accounts' own of the same name: then checks go on, and nothing is cut off. */
function inTurn(accounts: Backend['faults'], sessions: Backend['faults']): Backend['faults'] {
  let turns = 0;
  const either = (fault: StoreFault, own: MakeFault): MakeFault => {
    const theirs = accounts[fault];
    if (theirs === undefined) return own;
    return async (asked) => {
      if (turns++ % 2 === 0) return await own(asked);
      await theirs(asked);
      return null;
    };
  };
  return Object.fromEntries(Object.entries(sessions).map(([fault, own]) => [fault, either(fault as StoreFault, own)]));
}

type MakeFault = NonNullable<Backend['faults'][StoreFault]>;
