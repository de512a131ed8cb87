import type { AccountId } from '../../model/account.ts';
import type { HistoryStreams } from '../redis/history.ts';
import { BUCKETS, bucketOf } from '../redis/keys.ts';
import type { AccountsSide } from './accounts-side.ts';

/** Writes down in SQL what happened to sessions, from the streams in which the scripts that did it have said so. */
export type Ledger = {
  /** Everything that happened to the account's sessions until now is written down. */
  ofAccount(accountId: AccountId): Promise<void>;
  /** The same of everybody's. */
  ofAll(): Promise<void>;
  /** Something has just happened: written down in a moment, beside the request. */
  soon(accountId: AccountId): void;
  close(): Promise<void>;
};

export type LedgerParts = {
  readonly streams: HistoryStreams;
  readonly accounts: Pick<AccountsSide, 'apart'>;
};

const PAGE = 500;
const SOON_MS = 50;

/** What a node that died has left is written down by another within this. */
const LOOK_EVERY_MS = 5_000;

export function ledgerOf({ streams, accounts: { apart } }: LedgerParts): Ledger {
  const cursors = new Map<number, string | null>();
  const due = new Set<number>();
  let timer: NodeJS.Timeout | null = null;
  let working: Promise<unknown> = Promise.resolve();

  const write = async (bucket: number): Promise<void> => {
    const stream = String(bucket);
    for (let isMore = true; isMore; ) {
      if (!cursors.has(bucket)) cursors.set(bucket, await apart.cursorOf(stream));
      const after = cursors.get(bucket) ?? null;
      const entries = await streams.read({ bucket, after, limit: PAGE });
      const last = entries.at(-1);
      if (last === undefined) return;
      const upTo = await apart.writeStream({ stream, after, upTo: last.position, entries });
      cursors.set(bucket, upTo);
      // Somebody else was quicker: what they have not written yet is read again from where they are.
      if (upTo === last.position) await streams.trim({ bucket, upTo });
      isMore = entries.length === PAGE || upTo !== last.position;
    }
  };

  const writeDue = (): void => {
    timer = null;
    const buckets = [...due];
    due.clear();
    // What fails here is written down with the next round.
    working = Promise.all(buckets.map((bucket) => write(bucket).catch(() => undefined)));
  };

  const all = Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  const rounds = setInterval(() => {
    working = Promise.all(all.map((bucket) => write(bucket).catch(() => undefined)));
  }, LOOK_EVERY_MS);
  rounds.unref();

  return {
    ofAccount: (accountId) => write(bucketOf(accountId)),
    async ofAll() {
      await Promise.all(all.map(write));
    },
    soon(accountId) {
      due.add(bucketOf(accountId));
      timer ??= setTimeout(writeDue, SOON_MS).unref();
    },
    async close() {
      clearInterval(rounds);
      if (timer !== null) clearTimeout(timer);
      if (due.size > 0) writeDue();
      await working;
    },
  };
}
