import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * Copies SQLite's log into its database beside the event loop. SQLite does so within a commit, once the log is long, and holds up
 * the whole process for as long as the disk takes; a thread with a connection of its own holds up nobody.
 */
export type Checkpoints = {
  /** Notes that something was committed. */
  committed(): void;
  close(): Promise<void>;
};

/** A database in memory has no log. */
export const NO_CHECKPOINTS: Checkpoints = { committed: () => undefined, close: async () => undefined };

/** A sign-in is one to three of them, and after some seventy sign-ins SQLite would do it by itself. */
const EVERY_COMMITS = 64;

/**
 * Whether SQLite may be asked for checkpoints by another connection than the one that commits. Before 3.51.3, and 3.50.7 of the
 * branch before, one that begins as another connection begins the log anew may take what was just committed for copied
 * (sqlite.org/wal.html#walresetbug). With one connection that writes there is nobody to do that.
 */
export function mayCheckpointBeside(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const number = major * 1_000_000 + minor * 1_000 + patch;
  return number >= 3_051_003 || (number >= 3_050_007 && number < 3_051_000);
}

/** `lost` is called, with the cause, where there can be no such thread: where its file was not brought along into a bundle, for one. */
export function checkpointsOf(path: string, lost: (cause: unknown) => void): Checkpoints {
  let thread: Worker | null = null;
  let isLost = false;
  let isUnderWay = false;
  let commits = 0;

  const lose = (cause: unknown): void => {
    thread = null;
    if (isLost) return;
    isLost = true;
    lost(cause);
  };

  const start = (): Worker | null => {
    try {
      const file = new URL(`./checkpoint-thread${extname(import.meta.filename)}`, import.meta.url);
      // What the host has its process load first is none of this thread's business, by whatever way it says so.
      const bare = { execArgv: ['--disable-warning=ExperimentalWarning'], env: {} };
      const started = new Worker(file, { ...bare, workerData: path, name: 'latchkey-checkpoints' });
      started.on('message', () => {
        isUnderWay = false;
      });
      started.once('error', lose);
      started.once('exit', (status) => lose(new Error(`The thread ended (${status}).`)));
      started.unref();
      return started;
    } catch (error) {
      lose(error);
      return null;
    }
  };

  return {
    committed() {
      commits++;
      if (commits < EVERY_COMMITS || isUnderWay || isLost) return;
      thread ??= start();
      if (thread === null) return;
      [commits, isUnderWay] = [0, true];
      thread.postMessage('checkpoint');
    },
    async close() {
      const running = thread;
      [thread, isLost] = [null, true];
      if (running === null) return;
      running.ref();
      running.postMessage('close');
      // Whatever it complains of: the log is whole, and whoever opens the file next copies it.
      await once(running, 'exit').catch(() => undefined);
    },
  };
}
