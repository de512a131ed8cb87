/** PostgreSQL by `pg`: transactions, and reads beside them. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notice } from '../feed.ts';
import type { SessionValues } from '../sql/records.ts';
import type { Run, Sentence } from '../sql/statement.ts';
import { StoreUnavailable } from '../store.ts';
import { ANSWER_MS, plain } from './connections.ts';
import { answer, givenUp, isLockMissed, isLostRace } from './errors.ts';
import { openReader, using } from './reader.ts';
import { findByToken, selectTime } from './statements.ts';
import { type Parts, transactions, type Work } from './transaction.ts';

export type Database = {
  /** Runs a sentence in one transaction, and again from its start where it lost a race. */
  transact<T>(work: Work, sentence: (run: Run) => Sentence<T>): Promise<T>;
  /** Runs a sentence that only reads, each statement by itself. It may look at the time where it `isTimed`. */
  read<T>(sentence: (run: Run) => Sentence<T>, options?: { readonly isTimed: boolean }): Promise<T>;
  /** The check's one read. */
  find(tokenHash: Uint8Array): Promise<{ readonly values: SessionValues; readonly now: number } | null>;
  /** Rejects where nothing can be written any more. */
  check(): Promise<void>;
  close(): Promise<void>;
};

/** A check waits no longer than this. */
const CHECK_MS = 1_000;

const ATTEMPTS = 6;

/** Where many want one account at once, who has stood in line for long stands in it once more: by then most are through. */
const LOCKS_MISSED = 1;

/** `committed` is awaited before a change is answered. */
export function openDatabase(parts: Parts, committed: (notice: Notice) => Promise<void>): Database {
  const { connections, prepare, clock } = parts;
  const attempt = transactions(parts);
  // A list that takes long must not hold up the checks behind it.
  const checks = openReader(connections);
  const reads = openReader(connections);
  let closing: Promise<void> | null = null;

  const time = async (): Promise<number> => {
    if (clock !== null) return clock();
    const [row] = await reads.rows(prepare(selectTime({}, 'postgres'), ANSWER_MS));
    return (row as { readonly now: number }).now;
  };

  const alive = (): void => {
    if (closing !== null) throw new StoreUnavailable('The database is closed.');
  };

  return {
    async transact(work, sentence) {
      for (let turn = 1, missed = 0; ; turn++) {
        alive();
        try {
          const { value, notices } = await using(connections.client, (client) => attempt(client, work, sentence));
          await Promise.all(notices.map(committed));
          return value;
        } catch (error) {
          const isOnceMore = isLockMissed(error) ? missed++ < LOCKS_MISSED : isLostRace(error);
          if (!isOnceMore || turn === ATTEMPTS) throw givenUp(error);
        }
        await sleep(randomInt(1, 10 * turn));
      }
    },
    async read(sentence, { isTimed } = { isTimed: false }) {
      alive();
      const now = isTimed ? await time() : Number.NaN;
      const steps = sentence({ dialect: 'postgres', now, moved: () => undefined, sessions: parts.sessions });
      let step = steps.next([]);
      while (step.done !== true) {
        step = steps.next(await Promise.all(step.value.map((query) => reads.rows(prepare(query, ANSWER_MS)))));
      }
      return step.value;
    },
    async find(tokenHash) {
      alive();
      const query = prepare(findByToken({ token_hash: tokenHash }, 'postgres'), CHECK_MS);
      const [row] = await checks.rows({ ...query, rowMode: 'array' });
      if (row === undefined) return null;
      const values = row as [...SessionValues, now: number];
      return { values: values as unknown as SessionValues, now: clock?.() ?? Number(values.at(-1)) };
    },
    async check() {
      alive();
      const asked = plain(`SELECT current_setting('transaction_read_only') AS is_read_only`);
      const [row] = await using(connections.client, async (client) => (await answer(client.query(asked))).rows);
      if (row?.is_read_only !== 'off') throw new StoreUnavailable('The database takes no changes: it is read-only.');
    },
    close() {
      closing ??= Promise.all([checks.close(), reads.close(), connections.close()]).then(() => undefined);
      return closing;
    },
  };
}
