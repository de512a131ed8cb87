/** Counts the hashes that the runtime computes, by kind; and lets time pass by nothing else. */
import { createHook } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';
import timers from 'node:timers/promises';

/** What the runtime calls the work of its thread pool. The Argon2 module gives its work no name. */
const KINDS: Readonly<Record<string, string>> = {
  PBKDF2REQUEST: 'pbkdf2',
  SCRYPTREQUEST: 'scrypt',
  undefined: 'argon2',
};

async function noting(note: (kind: string) => void, work: () => Promise<unknown>): Promise<void> {
  const hook = createHook({
    init(_, type: string | undefined) {
      const kind = KINDS[String(type)];
      if (kind !== undefined) note(kind);
    },
  }).enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
}

/** The hashes that were computed while `work` ran. */
export async function hashesDuring(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  await noting((kind) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
  }, work);
  return counts;
}

/**
 * Runs `work` on a machine where a hash takes as long as `costs` says, in milliseconds, waiting takes as long as it is asked to,
 * and nothing else takes any time. `took` tells how long something takes there; `pass` lets time go by.
 */
export async function withHashingTime(
  costs: Readonly<Record<string, number>>,
  work: (took: (step: () => Promise<unknown>) => Promise<number>, pass: (ms: number) => void) => Promise<void>,
): Promise<void> {
  let now = 0;
  mock.method(performance, 'now', () => now);
  mock.method(timers, 'setTimeout', async (ms: number) => {
    now += ms;
  });
  syncBuiltinESMExports();
  try {
    await noting(
      (kind) => {
        now += costs[kind] ?? 0;
      },
      () =>
        work(
          async (step) => {
            const startedAt = now;
            await step();
            return now - startedAt;
          },
          (ms) => {
            now += ms;
          },
        ),
    );
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
  }
}
