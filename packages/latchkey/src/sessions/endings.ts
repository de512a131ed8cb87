import type { EndingNotice, Store } from '../stores/store.ts';

/** How this process hears that sessions have ended, wherever they were ended. */
export type Endings = {
  /** Calls back for each ending from now on, in their order. Returns how to stop it. */
  onEnded(listener: (ending: EndingNotice) => void): () => void;
  /** This process has just ended something: look now. */
  nudge(): void;
  close(): void;
};

export type Warn = (details: object, message: string) => void;

const BATCH = 500;
const RETRY_MS = 1_000;

/** Follows the store's endings from the first listener on, and costs nothing before that. */
export function followEndings(store: Store, warn: Warn): Endings {
  const listeners = new Set<(ending: EndingNotice) => void>();
  let stopWatching: (() => void) | null = null;
  let cursor: Promise<number> | null = null;
  let isReading = false;
  let isAgain = false;
  let isFailing = false;

  const tell = (ending: EndingNotice): void => {
    for (const listener of listeners) {
      try {
        listener(ending);
      } catch (error) {
        warn({ err: error }, 'a listener for ended sessions failed');
      }
    }
  };

  /** Where reading begins. A store that cannot tell it now is asked again with the next change. */
  const begin = (): void => {
    cursor = stopWatching === null ? null : store.sessions.endingsCursor();
    cursor?.catch(() => undefined);
  };

  const readOn = async (): Promise<void> => {
    for (let isMore = true; isMore; ) {
      const from = await cursor?.catch((error: unknown) => {
        begin();
        throw error;
      });
      if (from === undefined) return;
      const batch = await store.sessions.endings({ cursor: from, limit: BATCH });
      if (cursor === null) return;
      cursor = Promise.resolve(batch.cursor);
      for (const ending of batch.endings) tell(ending);
      isMore = batch.endings.length === BATCH;
    }
  };

  const look = async (): Promise<void> => {
    isAgain = true;
    if (isReading) return;
    isReading = true;
    try {
      while (isAgain) {
        isAgain = false;
        await readOn();
        isFailing = false;
      }
    } catch (error) {
      if (!isFailing) warn({ err: error }, 'ended sessions could not be read; tried again every second');
      isFailing = true;
      setTimeout(() => void look(), RETRY_MS).unref();
    } finally {
      isReading = false;
    }
  };

  return {
    onEnded(listener) {
      if (stopWatching === null) {
        stopWatching = store.sessions.watch(() => void look());
        begin();
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    nudge() {
      if (stopWatching !== null) void look();
    },
    close() {
      stopWatching?.();
      stopWatching = null;
      cursor = null;
      listeners.clear();
    },
  };
}
