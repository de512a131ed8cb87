/** One Redis that writes each change to its disk before it answers. Accounts are in an SQLite file that all nodes open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { FIELDS } from '../../packages/latchkey/src/stores/redis/records.ts';
import { type OwnRedis, startRedis } from '../../packages/latchkey/test/servers/redis.ts';
import type { KeptSession } from '../history.ts';
import { operationAt } from '../place.ts';
import { type Direction, type Relay, startRelay } from '../relay.ts';
import type { Backend } from './backend.ts';
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
      const isFeed = (said: string): boolean => LISTENS.test(said);
      for (let n = 0; n < nodes; n++) relays.push(await startRelay({ to: port, isFeed }));
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
        relay?.stallFeeds(DIRECTIONS[stalls++ % DIRECTIONS.length] ?? 'to-node');
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

/** A connection of the driver's own, for a moment. */
async function asking<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

/** All sessions that a server keeps. */
async function keptSessions(client: Redis): Promise<readonly KeptSession[]> {
  const [seconds = '0'] = (await client.call('TIME')) as readonly string[];
  const found: KeptSession[] = [];
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const page: readonly [string, readonly string[]] = await client.scan(cursor, 'MATCH', 'lk:{*}:s:*', 'COUNT', 1000);
    const rows = await Promise.all(page[1].map(async (key) => ({ key, row: await client.hgetall(key) })));
    found.push(...rows.map(({ key, row }) => sessionKept(key, row, Number(seconds) * 1000)));
    cursor = page[0] === '0' ? null : page[0];
  }
  return found;
}

function sessionKept(key: string, row: Readonly<Record<string, string>>, now: number): KeptSession {
  const field = (name: keyof typeof FIELDS): string | null => row[FIELDS[name]] ?? null;
  return {
    op: 'kept-session',
    account: Number(field('accountId')),
    session: field('id') ?? '',
    token: Buffer.from(key.slice(key.lastIndexOf(':') + 1), 'base64url').toString('hex'),
    sequence: Number(field('sequence')),
    revision: Number(field('openedRevision')),
    device: field('deviceId'),
    opener: operationAt(field('place')),
    isLive: field('endedAt') === null && Number(field('expiresAt')) > now,
    reason: field('endedReason'),
    endedBy: field('endedBy'),
  };
}
