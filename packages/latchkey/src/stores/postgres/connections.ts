/** How one gets at the database: by a URL, or as the host's own pool does; directly, or by way of a pooler. */
import type { Client, ClientConfig, Pool, PoolClient, PoolConfig, QueryConfig } from 'pg';
import { StoreUnavailable } from '../store.ts';
import { explained } from './errors.ts';

/** Of a URL, `most` is how many connections there are for changes; 10 by default. */
export type Source = { readonly url: string; readonly most?: number } | { readonly pool: Pool };

/** How long the server may take: to be reached, for a statement, for somebody else's turn to be over, and for us to go on. */
const CONNECT_MS = 2_000;
const STATEMENT_MS = 3_000;
const LOCK_MS = 2_000;
const IDLE_IN_TRANSACTION_MS = 5_000;

/** After that long without the server's own word on it, nothing more is expected of a connection. */
export const ANSWER_MS = STATEMENT_MS + 500;

const POOL_SIZE = 10;

/** A storm of sign-ins to one account has each of them wait for all before it; so has a writer on SQLite. */
const POOL_WAIT_MS = 5_000;

/** Each statement sees what was committed before it: a turn that was waited for is worth nothing to an older snapshot. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** As one statement says them for its transaction, where a connection is not ours alone. */
const LIMITS = [
  `SET LOCAL statement_timeout = ${STATEMENT_MS}`,
  `SET LOCAL lock_timeout = ${LOCK_MS}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
];

type Driver = Pick<typeof import('pg'), 'Client' | 'Pool' | 'types'>;

export type Connections = {
  readonly types: Driver['types'];
  /** How a transaction begins on a connection of `client`. */
  readonly begin: string;
  /** Whether statements may be prepared under a name. */
  readonly isNaming: boolean;
  /** Whether a connection of `client` takes the next query before it has answered the one before. */
  readonly isPipelined: boolean;
  /** A connection for a while. Whoever took it releases it. */
  client(): Promise<PoolClient>;
  /** A direct connection of its own that takes one query after another at once; null behind a pooler. Not connected yet. */
  readonly pipelined: (() => Client) | null;
  /** A direct connection of a node to listen on; null where there is no way to one. Not connected yet. */
  readonly listening: ((node: string) => Client) | null;
  close(): Promise<void>;
};

export type Way = {
  readonly source: Source;
  readonly isPooled: boolean;
  readonly feedUrl: string | null;
};

export async function connections(way: Way): Promise<Connections> {
  const driver = await loadDriver();
  const own = configOf(way.source);
  const direct: ClientConfig = {
    ...own,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
  const { isPooled, source, feedUrl } = way;
  const isOurs = 'url' in source;
  // What is wrong with a URL is said before anything is begun.
  clientOf(driver, own);
  const feed = feedUrl === null ? own : configOf({ url: feedUrl });
  if (feedUrl !== null) clientOf(driver, feed);
  const pool = isOurs
    ? ownPool(driver, { ...(isPooled ? own : { ...direct, pipeline: true }), max: source.most ?? POOL_SIZE })
    : source.pool;
  // What a server says as it hangs up may come in one piece with the greeting, before anybody has the connection: nobody's, it would end the process.
  const hear = (client: PoolClient): void => void client.on('error', () => undefined);
  pool.on('connect', hear);
  return {
    types: driver.types,
    begin: isOurs && !isPooled ? BEGIN : [BEGIN, ...LIMITS].join('; '),
    isNaming: !isPooled,
    isPipelined: !isPooled && (isOurs || source.pool.options?.pipeline === true),
    client: () =>
      within(POOL_WAIT_MS, pool.connect(), { missed: 'no connection was free', late: (client) => client.release() }),
    pipelined: isPooled ? null : () => clientOf(driver, { ...direct, pipeline: true }),
    listening:
      isPooled && feedUrl === null
        ? null
        : (node) => clientOf(driver, { ...feed, application_name: `latchkey feed ${node}`, pipeline: true }),
    async close() {
      pool.off('connect', hear);
      if (isOurs) await pool.end();
    },
  };
}

async function loadDriver(): Promise<Driver> {
  try {
    return (await import('pg')).default;
  } catch (error) {
    throw new StoreUnavailable(
      'PostgreSQL is spoken to by the package pg, which is not installed: npm install pg. It is one of those that Latchkey leaves to who needs them.',
      { cause: error },
    );
  }
}

function configOf(source: Source): ClientConfig {
  const ways = { connectionTimeoutMillis: CONNECT_MS, keepAlive: true, keepAliveInitialDelayMillis: 5_000 };
  if ('url' in source) return { connectionString: source.url, fallback_application_name: 'latchkey', ...ways };
  // A pool hides these two from whoever prints it, and so from a copy.
  const { options } = source.pool;
  const hidden = {
    ...(options.password !== undefined && { password: options.password }),
    ...(options.ssl !== undefined && { ssl: options.ssl }),
  };
  return { ...options, ...hidden, ...ways };
}

/** The error of a URL that cannot be read may show it, and the password with it. */
function clientOf(driver: Driver, config: ClientConfig): Client {
  try {
    return new driver.Client(config);
  } catch {
    throw new StoreUnavailable(
      'The URL of the database cannot be read. It is to look like postgres://user:password@host:5432/database, with what is special in the password percent-encoded.',
    );
  }
}

function ownPool({ Client, Pool }: Driver, config: PoolConfig): Pool {
  // The pool has one limit for waiting and for connecting.
  class Connecting extends Client {
    constructor() {
      super(config);
    }
  }
  const limits = { connectionTimeoutMillis: POOL_WAIT_MS, idleTimeoutMillis: 30_000 };
  const pool = new Pool({ ...config, ...limits, Client: Connecting });
  // A connection that breaks while nobody uses it is replaced with the next need.
  pool.on('error', () => undefined);
  return pool;
}

/** What is waited for, with its errors explained. What comes too late is given to `late`. */
export function within<T>(
  limitMs: number,
  promise: Promise<T>,
  { missed, late = () => undefined }: { readonly missed: string; readonly late?: (value: T) => void },
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      reject(new StoreUnavailable(`PostgreSQL: ${missed} within ${limitMs} ms.`));
    }, limitMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        if (isOver) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(explained(error));
      },
    );
  });
}

/** A statement that has no values and needs no preparing. */
export function plain(text: string): TimedQuery {
  return { text, query_timeout: ANSWER_MS };
}

/** What the driver takes beyond what its types know: its own limit for the answer. */
export type TimedQuery = QueryConfig & { readonly query_timeout: number; readonly rowMode?: 'array' };
