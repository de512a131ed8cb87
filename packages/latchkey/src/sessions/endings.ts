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

/** Follows the store's endings from the first listener on, and costs nothing before that. */
export function followEndings(store: Store, warn: Warn): Endings {
  const listeners = new Set<(ending: EndingNotice) => void>();
  let stopWatching: (() => void) | null = null;
  let cursor: Promise<number> | null = null;
  let isReading = false;
  let isAgain = false;

  const tell = (ending: EndingNotice): void => {
    for (const listener of listeners) {
      try {
        listener(ending);
      } catch (error) {
        warn({ err: error }, 'a listener for ended sessions failed');
      }
    }
  };

  const readOn = async (): Promise<void> => {
    for (let isMore = true; isMore; ) {
      const from = await cursor;
      if (from === null) return;
      const batch = await store.sessions.endings({ cursor: from, limit: BATCH });
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
      }
    } catch (error) {
      warn({ err: error }, 'ended sessions could not be read; the next change is another try');
    } finally {
      isReading = false;
    }
  };

  return {
    onEnded(listener) {
      if (stopWatching === null) {
        cursor = store.sessions.endingsCursor();
        stopWatching = store.sessions.watch(() => void look());
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
