import type { EndingNotice, SessionChange, Store } from '../stores/store.ts';

/** How this process hears what happened to sessions, and above all that they have ended, on whatever node that was. */
export type Endings = {
  /** Calls back for each change from now on, in their order. Returns how to stop it. */
  onChange(listener: (change: SessionChange) => void): () => void;
  /** Calls back for each ending from now on, in their order. Returns how to stop it. */
  onEnded(listener: (ending: EndingNotice) => void): () => void;
  /** Once it is known from where on listeners are told: what is committed after that, they will hear of. Rejects where the store is ill. */
  begun(): Promise<void>;
  /** This process has just opened or ended something: look now. */
  nudge(): void;
  close(): void;
};

export type Warn = (details: object, message: string) => void;

const BATCH = 500;
const RETRY_MS = 1_000;

/** Follows the store's endings from the first listener on, and costs nothing before that. */
export function followEndings(store: Store, warn: Warn): Endings {
  const listeners = new Set<(change: SessionChange) => void>();
  let stopWatching: (() => void) | null = null;
  let cursor: Promise<number> | null = null;
  let isReading = false;
  let isAgain = false;
  let isFailing = false;

  const tell = (change: SessionChange): void => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        warn({ err: error }, 'a listener for ended sessions failed');
      }
    }
  };

  /** Where reading begins. A store that cannot tell it now is asked again with the next change. */
  const begin = (): void => {
    cursor = stopWatching === null ? null : store.sessions.position();
    cursor?.catch(() => undefined);
  };

  const readOn = async (): Promise<void> => {
    for (let isMore = true; isMore; ) {
      const from = await cursor?.catch((error: unknown) => {
        begin();
        throw error;
      });
      if (from === undefined) return;
      const changes = await store.sessions.changes({ after: from, limit: BATCH });
      if (cursor === null) return;
      cursor = Promise.resolve(changes.at(-1)?.position ?? from);
      for (const change of changes) tell(change);
      isMore = changes.length === BATCH;
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

  const onChange = (listener: (change: SessionChange) => void): (() => void) => {
    if (stopWatching === null) {
      stopWatching = store.sessions.watch(() => void look());
      begin();
    }
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  return {
    onChange,
    onEnded: (listener) =>
      onChange((change) => {
        if (change.kind === 'ended') listener(change.ending);
      }),
    async begun() {
      await cursor?.catch(() => {
        begin();
        return cursor;
      });
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
