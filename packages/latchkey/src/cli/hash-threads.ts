import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';

/** Hashes are computed in libuv's threads, which bear this name. */
const NAME = 'libuv-worker';

/** By so much more than the rest of the process. Enough that whoever has an answer to give comes first, and not so much that hashing stands still beside another busy program. */
const NICER = 5;
const NICEST = 19;

/**
 * Lets the threads that compute hashes stand back where the cores are fewer than those that want them: a hash takes its whole
 * core for milliseconds, a check microseconds. For a process that is all ours: a host may have other uses for these threads.
 * Linux alone has a priority for each thread (setpriority(2)); elsewhere nothing is changed.
 */
export async function letHashThreadsStandBack(): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    // All of them are there once one was needed.
    await stat('/proc/self/task');
    const nice = Math.min(NICEST, getPriority() + NICER);
    for (const id of readdirSync('/proc/self/task')) {
      const name = readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim();
      if (name === NAME) setPriority(Number(id), nice);
    }
  } catch {
    // A sandbox may forbid it: then they share as equals.
  }
}
