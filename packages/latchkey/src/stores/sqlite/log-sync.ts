import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { StoreUnavailable } from '../store.ts';

const dataSync = promisify(fdatasync);

/** Brings SQLite's write-ahead log to the disk, beside the event loop: SQLite's own way holds up the whole process. */
export type LogSync = {
  /** Resolves once all that was committed before the call is on the disk. Calls that wait together share one sync. */
  flushed(): Promise<void>;
  /** Throws where a sync has failed: what the system then still holds of the log is not known (it may be told as written). */
  check(): void;
  close(): Promise<void>;
};

/** A database in memory has nothing to bring anywhere. */
export const NO_LOG: LogSync = {
  flushed: async () => undefined,
  check: () => undefined,
  close: async () => undefined,
};

/** The log of a database that is open: SQLite keeps the same file until its last connection is closed. */
export function logSync(path: string, bringToDisk: (descriptor: number) => Promise<void> = dataSync): LogSync {
  const descriptor = openSync(`${path}-wal`, 'r+');
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let failure: StoreUnavailable | null = null;

  const sync = (): Promise<void> => {
    running = bringToDisk(descriptor)
      .catch((error: Error) => {
        failure = new StoreUnavailable(
          `The database file ${path} could not be brought to the disk: ${error.message}. Nothing more is written: see to the disk, and start again.`,
          { cause: error },
        );
        throw failure;
      })
      .finally(() => {
        running = null;
      });
    return running;
  };

  const check = (): void => {
    if (failure !== null) throw failure;
  };

  return {
    async flushed() {
      check();
      if (running === null) return await sync();
      // One that is under way may have begun before this was committed: the next one has not.
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = null;
          check();
          return sync();
        });
      return await next;
    },
    check,
    async close() {
      await (next ?? running)?.catch(() => undefined);
      closeSync(descriptor);
    },
  };
}
