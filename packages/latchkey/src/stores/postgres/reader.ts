/** Reads of one statement: on a connection that takes the next before it has answered the last, or by way of a pooler. */
import type { Client } from 'pg';
import { StoreUnavailable } from '../store.ts';
import { type Connections, plain, type TimedQuery, within } from './connections.ts';
import { answer, explained, isStalePlan, isUsableAfter } from './errors.ts';

export type Reader = {
  /** The rows of a statement, within its limit. Its errors are explained. */
  rows(query: TimedQuery): Promise<readonly unknown[]>;
  close(): Promise<void>;
};

export function openReader({ pipelined, client }: Connections): Reader {
  if (pipelined !== null) return pipelinedReader(pipelined);
  return {
    rows: (query) =>
      within(
        query.query_timeout,
        using(client, async (connection) => (await answer(connection.query(query))).rows as unknown[]),
        { missed: 'no answer came' },
      ),
    close: async () => undefined,
  };
}

type Taken = Awaited<ReturnType<Connections['client']>>;

/** Work on a connection, which goes back if it may serve others after what the work threw, which is explained already. */
export async function using<T>(take: Connections['client'], work: (connection: Taken) => Promise<T>): Promise<T> {
  const connection = await take();
  let isUsable = true;
  // A connection that breaks says so to whoever has it, and the query that waits for it rejects.
  const ignore = (): void => undefined;
  connection.on('error', ignore);
  try {
    return await work(connection);
  } catch (error) {
    isUsable = isUsableAfter(error);
    throw error;
  } finally {
    connection.off('error', ignore);
    connection.release(!isUsable);
  }
}

function pipelinedReader(create: () => Client): Reader {
  let isClosed = false;
  let current: Client | null = null;
  let connecting: Promise<Client> | null = null;

  const drop = (client: Client): void => {
    if (current === client) current = null;
  };

  const connect = async (): Promise<Client> => {
    const client = create();
    client.on('error', () => drop(client));
    client.on('end', () => drop(client));
    try {
      await client.connect();
      await refuseStandby(client);
    } catch (error) {
      end(client);
      throw error;
    }
    current = client;
    return client;
  };

  /** One at a time: whoever comes meanwhile waits for the same. */
  const connected = (): Promise<Client> => {
    connecting ??= connect().finally(() => {
      connecting = null;
    });
    return connecting;
  };

  const ask = async (query: TimedQuery): Promise<readonly unknown[]> => {
    const client = current ?? (await within(query.query_timeout, connected(), { missed: 'no connection was made' }));
    try {
      return (await client.query(query)).rows as unknown[];
    } catch (error) {
      const known = explained(error);
      if (!isUsableAfter(known)) {
        drop(client);
        end(client);
      }
      throw known;
    }
  };

  return {
    async rows(query) {
      if (isClosed) throw new StoreUnavailable('The database is closed.');
      try {
        return await ask(query);
      } catch (error) {
        if (isStalePlan(error)) return await ask(query);
        throw error;
      }
    },
    async close() {
      isClosed = true;
      await connecting?.catch(() => undefined);
      await current?.end();
    },
  };
}

const ended = new WeakSet<Client>();

/** Once, however many queries fail on it. */
function end(client: Client): void {
  if (ended.has(client)) return;
  ended.add(client);
  client.end().catch(() => undefined);
}

/** What is read of a standby is what the primary was a while ago: a session that has ended would be let in. */
async function refuseStandby(client: Client): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>(plain('SELECT pg_is_in_recovery() AS standby'));
  if (rows[0]?.standby !== true) return;
  throw new StoreUnavailable('The database is a standby: set the URL to the primary.');
}
