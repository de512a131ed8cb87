import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/stores/store.ts';

/** Longer than any switch takes, on however busy a machine: who waits so long waits for nothing. */
const PATIENCE_MS = 120_000;

/** What comes of it when it is asked until the store is available: while masters change, that it is not is a right answer. */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
