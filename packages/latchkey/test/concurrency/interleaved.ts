import type { Scheduler } from 'fast-check';
import type { Store } from '../../src/stores/store.ts';

type Sentences = Record<string, (...given: never[]) => Promise<unknown>>;

const PARTS = ['accounts', 'sessions', 'credentials', 'once', 'counters'] as const;

/**
 * Does some work at the same time, and lets a scheduler say whose turn it is whenever one of them comes to the store: each sentence of
 * the store is one step, and between any two of them anything else may happen.
 */
export async function interleaved<Done>(
  store: Store,
  scheduler: Scheduler,
  work: () => readonly Promise<Done>[],
): Promise<readonly Done[]> {
  const undo: (() => void)[] = [];
  for (const part of PARTS) {
    const sentences = store[part] as unknown as Sentences;
    for (const [name, original] of Object.entries(sentences)) {
      sentences[name] = async (...given) => {
        await scheduler.schedule(Promise.resolve(), `${part}.${name}`);
        return await original(...given);
      };
      undo.push(() => {
        sentences[name] = original;
      });
    }
  }
  try {
    return await scheduler.waitFor(Promise.all(work()));
  } finally {
    for (const back of undo) back();
  }
}
