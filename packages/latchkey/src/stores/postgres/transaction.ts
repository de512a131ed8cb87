/** One transaction on one connection: an account's turn, a sentence, what is announced of it, the commit. */
import type { PoolClient, QueryResult } from 'pg';
import type { AccountId } from '../../model/account.ts';
import type { Clock } from '../clock.ts';
import type { Notice } from '../feed.ts';
import type { Query, Run, Sentence } from '../sql/statement.ts';
import { StoreUnavailable } from '../store.ts';
import { ANSWER_MS, type Connections, plain, type TimedQuery } from './connections.ts';
import { answer, isAnswer, isUsableAfter } from './errors.ts';
import type { Prepare } from './prepared.ts';
import { selectTime, takeTurn } from './statements.ts';

export type Work = {
  /** The account whose turn it is until the transaction is over; null where it is of none, or nobody knows yet of which. */
  readonly turn: AccountId | null;
  /** What may be lost with the power, if not with the process: its commit waits for no disk. */
  readonly isNote?: boolean;
};

/** How changes are announced in the transaction that makes them. */
export type Announcing = {
  notice(accountId: AccountId): Notice;
  /** What says it to all nodes, once it is committed. */
  query(notice: Notice): Query;
};

export type Parts = {
  readonly connections: Connections;
  readonly prepare: Prepare;
  readonly announcing: Announcing;
  readonly clock: Clock | null;
  /** Whether the server, left to itself, answers a commit before it is on the disk. */
  readonly isHasty: boolean;
  /** Of sessions that are kept elsewhere, those who keep them say what happened. */
  readonly sessions: Run['sessions'];
};

type Outcome<T> = { readonly value: T; readonly notices: readonly Notice[] };

/** Runs a sentence in a transaction. Its errors are explained; the connection is out of the transaction, or of no use any more. */
export type Transaction = <T>(
  client: PoolClient,
  work: Work,
  sentence: (run: Run) => Sentence<T>,
) => Promise<Outcome<T>>;

export function transactions({ connections, prepare, announcing, clock, isHasty, sessions }: Parts): Transaction {
  const begin = plain(isHasty ? `${connections.begin}; SET LOCAL synchronous_commit = on` : connections.begin);
  const beginNote = plain(`${connections.begin}; SET LOCAL synchronous_commit = off`);

  /** At once where the connection takes them so, or else one after another. */
  const ask = async (client: PoolClient, queries: readonly TimedQuery[]): Promise<readonly QueryResult[]> => {
    if (connections.isPipelined) return await answer(Promise.all(queries.map((query) => client.query(query))));
    const results: QueryResult[] = [];
    for (const query of queries) results.push(await answer(client.query(query)));
    return results;
  };

  /** The time is that after the turn was waited for. */
  const enter = async (client: PoolClient, { turn, isNote = false }: Work): Promise<number> => {
    const first = turn === null ? selectTime({}, 'postgres') : takeTurn({ id: turn }, 'postgres');
    const results = await ask(client, [isNote ? beginNote : begin, prepare(first, ANSWER_MS)]);
    return clock === null ? results[1]?.rows[0].now : clock();
  };

  const go = async <T>(client: PoolClient, sentence: Sentence<T>): Promise<T> => {
    let step = sentence.next([]);
    while (step.done !== true) {
      const queries = step.value.map((query) => prepare(query, ANSWER_MS));
      const results = await ask(client, queries);
      step = sentence.next(results.map(({ rows }) => rows));
    }
    return step.value;
  };

  const leave = async (client: PoolClient, notices: readonly Notice[]): Promise<void> => {
    const said = notices.map((notice) => prepare(announcing.query(notice), ANSWER_MS));
    const results = await ask(client, [...said, plain('COMMIT')]).catch((error: unknown) => {
      throw isOfUnknownOutcome(error) ? unknownOutcome(error) : error;
    });
    if (results.at(-1)?.command !== 'COMMIT') throw new StoreUnavailable('PostgreSQL took a change back.');
  };

  return async (client, work, sentence) => {
    const moved = new Set<AccountId>();
    try {
      const now = await enter(client, work);
      const run: Run = { dialect: 'postgres', now, moved: (accountId) => moved.add(accountId), sessions };
      const value = await go(client, sentence(run));
      const notices = sessions === 'apart' ? [] : [...moved].map(announcing.notice);
      await leave(client, notices);
      return { value, notices };
    } catch (error) {
      if (isUsableAfter(error)) await answer(client.query(plain('ROLLBACK')));
      throw error;
    }
  };
}

/** A server that answers with an error has committed nothing. */
function isOfUnknownOutcome(error: unknown): boolean {
  return error instanceof StoreUnavailable && !isAnswer(error.cause);
}

function unknownOutcome(cause: unknown): StoreUnavailable {
  return new StoreUnavailable(
    'The connection to PostgreSQL was lost with a commit under way: whether the change was made is not known.',
    { cause },
  );
}
