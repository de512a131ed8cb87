import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Remembered, remembered } from '../../src/sessions/remembered.ts';

/** Keys in the order of their last use, the latest first. */
class Uses {
  #keys: string[] = [];
  add(key: string): void {
    this.#keys = [key, ...this.#keys.filter((other) => other !== key)];
  }
  remove(key: string): void {
    this.#keys = this.#keys.filter((other) => other !== key);
  }
  latest(count: number): readonly string[] {
    return this.#keys.slice(0, count);
  }
}

function act(kept: Remembered<string>, uses: Uses, does: 'set' | 'get' | 'delete', key: string): void {
  if (does === 'delete') {
    kept.delete(key);
    uses.remove(key);
    return;
  }
  if (does === 'set') kept.set(key, key);
  if (kept.get(key) !== undefined) uses.add(key);
}

describe('what is remembered', () => {
  test('P12: is never more than its bound, and always the half of it that was used last', () => {
    const key = fc.nat(30).map(String);
    const step = fc.record({ does: fc.constantFrom('set' as const, 'get' as const, 'delete' as const), key });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.array(step, { maxLength: 200 }), (most, steps) => {
        const kept = remembered<string>(most);
        const uses = new Uses();
        for (const { does, key: of } of steps) {
          act(kept, uses, does, of);
          assert.ok(kept.count() <= most, `${kept.count()} of ${most}`);
        }
        // Each look is a use itself: the oldest of them first.
        for (const of of uses.latest(Math.floor(most / 2)).toReversed()) assert.equal(kept.get(of), of);
      }),
      { numRuns: 500 },
    );
  });

  test('is what was set last', () => {
    const kept = remembered<number>(4);
    for (const value of [1, 2, 3]) kept.set('a', value);
    assert.deepEqual([kept.get('a'), kept.count(), kept.get('b')], [3, 1, undefined]);
    kept.clear();
    assert.deepEqual([kept.get('a'), kept.count()], [undefined, 0]);
  });
});
