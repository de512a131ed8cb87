/**
 * Loaded before a program (`--import`), this makes every `await` of the flows, the door, the store and the API, and every
 * statement of a transaction, a place where the process can be killed. `LATCHKEY_TEST_KILL_AT` is the number of the place at
 * which it kills itself with -9, counted from `begin()`; without it the places are only counted. With `LATCHKEY_TEST_KILL_AT_AWAITS`
 * the statements within a transaction are no places.
 */
import { registerHooks } from 'node:module';
import { StatementSync } from 'node:sqlite';

const killAt = Number(process.env['LATCHKEY_TEST_KILL_AT'] ?? 0);
let isCounting = false;
let passed = 0;

const place = (): null => {
  if (!isCounting) return null;
  passed++;
  if (passed === killAt) process.kill(process.pid, 'SIGKILL');
  return null;
};

/** From here on places count. */
export function begin(): void {
  isCounting = true;
}

/** How many places were passed. */
export function count(): number {
  return passed;
}

Object.assign(globalThis, { passPlace: place });

const WATCHED = /\/src\/(?:flows|sessions|stores|http|jobs|credentials)\/[^?]*\.ts$/;

/** `await x` becomes `passPlace() ?? await x`: a place, and then the same. */
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!WATCHED.test(url)) return loaded;
    const source = String(loaded.source).replace(/(?<!for )\bawait (?=[\w(])/g, 'passPlace() ?? await ');
    return { ...loaded, source };
  },
});

const statements = process.env['LATCHKEY_TEST_KILL_AT_AWAITS'] === undefined ? (['all', 'run'] as const) : [];
for (const name of statements) {
  const original = StatementSync.prototype[name] as (...values: unknown[]) => unknown;
  Object.defineProperty(StatementSync.prototype, name, {
    value(this: StatementSync, ...values: unknown[]) {
      place();
      const outcome = original.apply(this, values);
      place();
      return outcome;
    },
  });
}
