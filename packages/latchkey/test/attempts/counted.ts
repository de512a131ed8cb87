/** Counts what a server does for a request: the calls to its store, by name, and the hashes that it computes, by kind. */
import type { Parts } from '../../src/flows/parts.ts';
import { noMemory } from '../../src/sessions/memory.ts';
import type { Store } from '../../src/stores/store.ts';
import { hashesDuring } from '../credentials/computed.ts';

export type Work = Readonly<Record<string, number>>;

export type Counter = {
  /** What was done while `run` ran. */
  during(run: () => Promise<unknown>): Promise<Work>;
};

/** From now on, counts all that these parts do with their store, and every hash that this process computes. */
export function counterOf(parts: Parts): Counter {
  let calls: Record<string, number> = {};
  const note = (call: string): void => {
    calls[call] = (calls[call] ?? 0) + 1;
  };
  const store = noted(parts.store, note);
  Object.assign(parts, { store, memory: noMemory(store.sessions) });
  return {
    async during(run) {
      calls = {};
      const hashes = await hashesDuring(run);
      return { ...calls, ...hashes };
    },
  };
}

function noted(store: Store, note: (call: string) => void): Store {
  const groups = Object.entries(store).map(([group, methods]) => {
    if (typeof methods === 'function' || methods === null) return [group, methods];
    const wrapped = Object.entries(methods).map(([name, method]) => [
      name,
      (...given: readonly unknown[]): unknown => {
        note(`${group}.${name}`);
        return Reflect.apply(method, methods, given);
      },
    ]);
    return [group, Object.fromEntries(wrapped)];
  });
  return Object.fromEntries(groups) as Store;
}
