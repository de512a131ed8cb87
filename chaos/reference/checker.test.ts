/** The checker against histories that are right by construction, and against the same ones with a flaw. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check } from '../check.ts';
import type { Entry } from '../history.ts';
import { DEFAULT_RULES, type Mode, type Rules } from '../rules.ts';
import { seeded } from '../seeded.ts';
import { referenceHistory } from './clients.ts';
import type { Flaw } from './model.ts';

const rulesOf = (mode: Mode, limit: number): Rules => ({
  ...DEFAULT_RULES,
  mode,
  limit,
  listens: true,
  horizonMs: mode === 'strict' ? 0 : 100,
  heartbeatMs: mode === 'strict' ? 0 : 20,
});

function history(seed: number, mode: Mode, flaw: Flaw | null = null): Entry[] {
  const random = seeded(seed);
  return referenceHistory({
    random,
    rules: rulesOf(mode, 1 + (seed % 3)),
    operations: 50,
    accounts: 1 + (seed % 2),
    clients: 5,
    flaw,
  });
}

const MODES: readonly Mode[] = ['strict', 'acked', 'bounded'];
const HISTORIES = 4_000;

describe('what is right is never accused', () => {
  for (const mode of MODES) {
    test(`${mode}: ${HISTORIES} histories of overlapping calls, lost answers and allowed memories`, () => {
      let looked = 0;
      for (let seed = 1; seed <= HISTORIES; seed++) {
        for (const { id, violations, examined } of check(history(seed, mode))) {
          looked += examined;
          assert.deepEqual(violations, [], `seed ${seed}, ${id}`);
        }
      }
      assert.ok(looked > HISTORIES * 10);
    });
  }
});

/** What each flaw must be found as within so many histories; others may find it, too. */
const FOUND: readonly (readonly [Flaw, Mode, readonly string[]])[] = [
  ['displaces nobody', 'strict', ['I2', 'I13']],
  ['remembers too long', 'strict', ['I1', 'I2', 'I4', 'I5']],
  ['remembers too long', 'acked', ['I1', 'I5']],
  ['remembers too long', 'bounded', ['I1', 'I5']],
  ['forgets a session', 'strict', ['I3', 'I13']],
  ['revives a session', 'bounded', ['I1', 'I4', 'I5']],
  ['ignores a suspension', 'acked', ['I9']],
  ['keeps old passwords', 'strict', ['I9']],
  ['spends twice', 'strict', ['I6']],
  ['numbers at random', 'strict', ['I8']],
  ['keeps old roles', 'acked', ['I16']],
  ['tells nobody', 'strict', ['I14']],
];

describe('the same histories with a flaw are', () => {
  for (const [flaw, mode, expected] of FOUND) {
    test(`one that ${flaw} (${mode}) is found by ${expected.join(', ')}`, () => {
      const missing = new Set(expected);
      for (let seed = 1; seed <= 300 && missing.size > 0; seed++) {
        for (const { id, violations } of check(history(seed, mode, flaw))) {
          if (violations.length > 0) missing.delete(id);
        }
      }
      assert.deepEqual([...missing], []);
    });
  }
});

test('ten times the operations take about ten times as long: nothing is compared with everything', () => {
  const timed = (operations: number): number => {
    const random = seeded(1);
    const rules = rulesOf('acked', 2);
    const entries = referenceHistory({ random, rules, operations, accounts: 40, clients: 12, flaw: null });
    const startedAt = performance.now();
    const checked = check(entries);
    const took = performance.now() - startedAt;
    assert.ok(checked.every(({ violations }) => violations.length === 0));
    return took;
  };
  timed(20_000);
  const small = timed(100_000);
  const large = timed(1_000_000);
  // What is quadratic takes a hundred times as long.
  assert.ok(large < small * 50, `${small} ms, then ${large} ms`);
});
