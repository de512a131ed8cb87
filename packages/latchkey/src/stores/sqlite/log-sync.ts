import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { StoreUnavailable } from '../store.ts';

const dataSync = (descriptor: number): Promise<void> => promisify(fdatasync)(descriptor);

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

/** The log of an open database, whose file is `path`: SQLite keeps the same log until its last connection is closed. */
export function logSync(path: string, bringToDisk: (descriptor: number) => Promise<void> = dataSync): LogSync {
  const descriptor = openLog(path);
  let failure: StoreUnavailable | null = null;
  /** The sync that was asked for last; it begins when the one before it is over. */
  let last: Promise<void> = Promise.resolve();
  let hasBegun = true;

  const check = (): void => {
    if (failure !== null) throw failure;
  };

  const sync = async (): Promise<void> => {
    hasBegun = true;
    check();
    try {
      await bringToDisk(descriptor);
    } catch (error) {
      failure = new StoreUnavailable(
        `The database file ${path} could not be brought to the disk: ${messageOf(error)}. Nothing more is written: see to the disk, and start again.`,
        { cause: error },
      );
      throw failure;
    }
  };

  return {
    async flushed() {
      check();
      // One that is under way may have begun before this was committed: the next one has not.
      if (hasBegun) {
        hasBegun = false;
        last = last.catch(() => undefined).then(sync);
      }
      await last;
    },
    check,
    async close() {
      await last.catch(() => undefined);
      closeSync(descriptor);
    },
  };
}

function openLog(path: string): number {
  try {
    return openSync(`${path}-wal`, 'r+');
  } catch (error) {
    throw new StoreUnavailable(
      `The log beside the database file ${path} cannot be opened: ${messageOf(error)}. Give whoever runs this the right to read and write the files beside it.`,
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
