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

/** About as many sign-ins as fill the 1,000 pages at which SQLite would do it by itself. */
const EVERY_COMMITS = 64;

/** `lost` is called where there can be no such thread: where its file was not brought along into a bundle, for one. */
export function checkpointsOf(path: string, lost: () => void): Checkpoints {
  let thread: Worker | null = null;
  let isLost = false;
  let isUnderWay = false;
  let commits = 0;

  const lose = (): void => {
    thread = null;
    if (isLost) return;
    isLost = true;
    lost();
  };

  const start = (): Worker | null => {
    try {
      const file = new URL(`./checkpoint-thread${extname(import.meta.filename)}`, import.meta.url);
      // What the host has its process load first is none of this thread's business, by whatever way it says so.
      const bare = { execArgv: [], env: {} };
      const started = new Worker(file, { ...bare, workerData: path, name: 'latchkey-checkpoints' });
      started.on('message', () => {
        isUnderWay = false;
      });
      started.once('error', lose);
      started.unref();
      return started;
    } catch {
      lose();
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
