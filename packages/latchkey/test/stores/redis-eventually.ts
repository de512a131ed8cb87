import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/stores/store.ts';

/** What comes of it when it is asked until it is available. */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let turn = 0; ; turn++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || turn === 300) throw error;
      await sleep(50);
    }
  }
}
