/** Sessions and counters in Redis or Valkey: stand-alone, with Sentinels, or as a Cluster. */
import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { CounterStore, SessionStore } from '../store.ts';
import { checkServers } from './checks-at-start.ts';
import { type ConnectionOptions, clientFactory } from './client.ts';
import { openCluster } from './cluster.ts';
import { redisCounters } from './counters.ts';
import { redisFeed } from './feed.ts';
import { type HistoryStreams, historyStreams } from './history.ts';
import { namesOf } from './keys.ts';
import { redisRule } from './rule.ts';
import { openOne, type Servers } from './servers.ts';
import { type RedisSessions, redisSessions } from './sessions.ts';
import { type Target, targetOf } from './target.ts';

export type RedisOptions = ConnectionOptions & {
  /** What all keys and channels begin with. */
  readonly prefix?: string;
  /** A clock for tests; without one the servers' own counts. */
  readonly clock?: Clock;
};

/** What is kept in Redis. Accounts, what is usable once, mails and history are not: they are in SQL. */
export type RedisStore = {
  readonly sessions: RedisSessions & Pick<SessionStore, 'setRule' | 'ruleInForce'>;
  readonly counters: CounterStore;
  /** What happened to sessions, for whoever writes it down in SQL. */
  readonly history: HistoryStreams;
  readonly feed: Feed;
  /** What an operator should know of the servers' settings. */
  readonly warnings: readonly string[];
  /** Rejects with `StoreUnavailable` where a server does not answer or takes no writes. */
  writable(): Promise<void>;
  /** Lets go of all connections. Calls after it reject with `StoreUnavailable`. */
  close(): Promise<void>;
};

/**
 * Connects, and looks at the servers' settings. The URL is `redis://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,…/NAME` or
 * `redis+cluster://HOST:PORT,…`, `rediss…` for TLS. Throws a `TypeError` where it is wrong, `StoreUnavailable` where nobody answers,
 * and an error that names the remedy where a server is set so that it loses live sessions.
 */
export async function openRedisStore(url: string, options: RedisOptions = {}): Promise<RedisStore> {
  const target = targetOf(url);
  const names = namesOf(options.prefix ?? 'lk:');
  const servers = await openServers(target, options);
  try {
    const warnings = await checkServers(servers);
    const { feed, announcer, close } = redisFeed({ servers, names, database: target.database });
    const { clock } = options;
    const now = clock === undefined ? () => '' : clock;
    const voice = { servers, names, now, announcer };
    const rule = redisRule(voice);
    return {
      sessions: { ...redisSessions(voice), ...rule },
      counters: redisCounters(voice),
      history: historyStreams(voice),
      feed,
      warnings,
      writable: () => rule.check(),
      async close() {
        await close();
        servers.close();
      },
    };
  } catch (error) {
    servers.close();
    throw error;
  }
}

async function openServers(target: Target, options: ConnectionOptions): Promise<Servers> {
  const make = await clientFactory(target, options);
  const wait = options.wait ?? null;
  return target.kind === 'cluster'
    ? await openCluster(target.endpoints, make, wait)
    : await openOne(target, make, wait);
}
