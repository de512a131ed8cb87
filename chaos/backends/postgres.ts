/** A server that waits for its disk, as in production. Each node listens by a way of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type OwnPostgres, startPostgres } from '../../packages/latchkey/test/servers/postgres.ts';
import type { KeptAccount, KeptEnding, KeptSession } from '../history.ts';
import { type Direction, type Relay, startRelay } from '../relay.ts';
import type { Backend } from './backend.ts';
import { accountFrom, endingFrom, sessionFrom } from './rows.ts';
import { started } from './started.ts';

const DIRECTIONS: readonly Direction[] = ['to-node', 'to-server'];

export function postgresBackend(): Backend {
  const server = started<OwnPostgres>();
  const relays: Relay[] = [];
  let stalls = 0;
  return {
    name: 'postgres',
    mode: 'acked',
    modes: ['strict', 'acked', 'bounded'],
    isClockOfStore: true,
    async start(nodes) {
      const { port } = server.is(await startPostgres({ disk: 'durable' }));
      // Whatever takes this way listens.
      for (let n = 0; n < nodes; n++) relays.push(await startRelay({ to: port, isChosen: () => true }));
    },
    environment(n) {
      const { url } = server();
      return { LATCHKEY_DATABASE: url, LATCHKEY_FEED_URL: relays[n]?.through(url) ?? url };
    },
    faults: {
      async 'store-restart'() {
        await server().restart('immediate');
        return null;
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
        const listening = "application_name LIKE 'latchkey feed %'";
        await ask(server().url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${listening}`);
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
    readKept: () => readTables(server().url),
    async stop() {
      await Promise.all(relays.map((relay) => relay.close()));
      await server.stop();
    },
  };
}

type Row = Readonly<Record<string, unknown>>;

async function ask(url: string, ...statements: readonly string[]): Promise<readonly (readonly Row[])[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results: (readonly Row[])[] = [];
    for (const statement of statements) results.push((await client.query<Record<string, unknown>>(statement)).rows);
    return results;
  } finally {
    await client.end();
  }
}

/** What happened has no position until somebody reads on: by then all nodes have. */
async function readTables(url: string): Promise<readonly (KeptAccount | KeptSession | KeptEnding)[]> {
  const [accounts = [], sessions = [], endings = [], [time] = []] = await ask(
    url,
    'SELECT * FROM latchkey.account ORDER BY id',
    'SELECT * FROM latchkey.session ORDER BY account_id, sequence',
    "SELECT position AS id, account_id, session_id, data FROM latchkey.history WHERE kind = 'session_ended' ORDER BY position",
    'SELECT date_part($$epoch$$, clock_timestamp()) * 1000 AS now',
  );
  const now = Number(time?.['now']);
  return [...accounts.map(accountFrom), ...sessions.map((row) => sessionFrom(row, now)), ...endings.map(endingFrom)];
}
