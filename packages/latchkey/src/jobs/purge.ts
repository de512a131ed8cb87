import type { Settings } from '../model/settings.ts';
import type { Store } from '../stores/store.ts';
import type { Log } from './outbox.ts';

export type Purged = {
  readonly sessions: number;
  readonly links: number;
  readonly counters: number;
  readonly mails: number;
  readonly history: number;
};

/** Few enough that one round holds nobody up. */
const BATCH = 500;

const EVERY_MS = 3_600_000;
const FIRST_AFTER_MS = 60_000;
const KEEP_MAILS_MS = 30 * 24 * 3_600_000;

/** For how long sessions that have ended are kept, and lines of history. */
export type Keep = { readonly endedMs: number; readonly historyMs: number };

export function keepOf({ sessions, history }: Settings): Keep {
  return { endedMs: sessions.keepEndedMs, historyMs: history.keepMs };
}

/** Removes what has been over for long enough, a little at a time. Nothing depends on its being done: it only makes room. */
export async function purge(store: Store, { endedMs, historyMs }: Keep): Promise<Purged> {
  return {
    sessions: await inBatches(() => store.sessions.purge({ keepMs: endedMs, limit: BATCH })),
    links: await inBatches(() => store.once.purge(BATCH)),
    counters: await inBatches(() => store.counters.purge(BATCH)),
    mails: await inBatches(() => store.outbox.purge({ keepMs: KEEP_MAILS_MS, limit: BATCH })),
    history: await inBatches(() => store.history.purge({ keepMs: historyMs, limit: BATCH })),
  };
}

async function inBatches(remove: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let gone = BATCH; gone === BATCH; ) {
    gone = await remove();
    total += gone;
  }
  return total;
}

/** Purges now and then, beside everything else. Returns how to stop it. */
export function startPurging(store: Store, keep: Keep, log: Log): () => void {
  const once = async (): Promise<void> => {
    try {
      const purged = await purge(store, keep);
      if (Object.values(purged).some((count) => count > 0)) log.info(purged, 'purged');
    } catch (error) {
      log.warn({ err: error }, 'purging failed; the next round is another try');
    }
  };
  const first = setTimeout(() => void once(), FIRST_AFTER_MS).unref();
  const timer = setInterval(() => void once(), EVERY_MS).unref();
  return () => {
    clearTimeout(first);
    clearInterval(timer);
  };
}
