import { Refusal } from '../model/reasons.ts';

/**
 * Keeps hashing from starving the rest of the server: at most `concurrency` jobs at a time, at most `length` waiting, and a
 * polite refusal past that.
 */
export type HashQueue = {
  /** Runs a job in its turn. Throws the refusal `busy` at once where the queue is full. */
  run<T>(job: () => Promise<T>): Promise<T>;
};

export function hashQueue({
  concurrency,
  length,
}: {
  readonly concurrency: number;
  readonly length: number;
}): HashQueue {
  const waiting: (() => void)[] = [];
  let running = 0;
  let meanMs = 50;

  const turn = async (): Promise<void> => {
    if (running < concurrency) {
      running++;
      return;
    }
    if (waiting.length >= length) {
      const retryAfterSeconds = Math.max(1, Math.ceil((waiting.length * meanMs) / concurrency / 1000));
      throw new Refusal('busy', { retryAfterSeconds });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };

  return {
    async run(job) {
      await turn();
      const startedAt = performance.now();
      try {
        return await job();
      } finally {
        meanMs += (performance.now() - startedAt - meanMs) / 16;
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}
