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
  const due = new Set<number>();
  let timer: NodeJS.Timeout | null = null;
  let working: Promise<unknown> = Promise.resolve();

  const write = async (bucket: number): Promise<void> => {
    for (let isMore = true; isMore; ) {
      const entries = await streams.read({ bucket, limit: PAGE });
      if (entries.length === 0) return;
      await apart.writeStream({ stream: String(bucket), entries });
      await streams.remove({ bucket, positions: entries.map(({ position }) => position) });
      isMore = entries.length === PAGE;
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
