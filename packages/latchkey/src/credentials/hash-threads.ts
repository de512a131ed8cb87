import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Hashes are computed in libuv's threads, which bear this name. */
const NAME = 'libuv-worker';

/** Enough that whoever has an answer to give comes first, and not so much that hashing stands still beside another busy program. */
const NICE = 5;

let isDone = false;

/**
 * Lets the threads that compute hashes stand back where the cores are fewer than those that want them: a hash takes its whole
 * core for milliseconds, and a check microseconds. Linux alone has a priority for each thread; elsewhere nothing is changed.
 * Call it once the threads are there, which is when the first hash is under way.
 */
export function letHashThreadsStandBack(): void {
  if (isDone) return;
  isDone = true;
  if (process.platform !== 'linux') return;
  try {
    for (const id of readdirSync('/proc/self/task')) {
      const name = readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim();
      if (name === NAME) setPriority(Number(id), NICE);
    }
  } catch {
    // A thread may have ended meanwhile, and a sandbox may forbid it: then they share as equals.
  }
}
