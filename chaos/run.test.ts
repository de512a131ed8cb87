/** A short run of the real thing, and the same with a planted bug. `npm run chaos` has longer ones. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { readHistory } from './history.ts';
import { DEFAULT_RUN, type RunOptions, run } from './run.ts';

/** On a busy machine what is right may be slow. */
const SHORT: RunOptions = {
  ...DEFAULT_RUN,
  store: 'sqlite',
  seed: 4,
  seconds: 6,
  rules: { recoversWithinMs: 2_000, answersWithinMs: 3_000 },
  say: () => undefined,
};

/** There is nothing of it in a run: SQLite cannot be taken away, and nobody shows proofs yet. */
const NOT_SEEN = ['I11', 'I15'];

describe('three nodes on one SQLite file, under faults', () => {
  test('P1 to P4, P8: no invariant is broken, and each had something to look at', async () => {
    const { checked, violations, operations, history } = await run(SHORT);
    const found = checked.flatMap((one) => one.violations.map(({ says }) => `${one.id}: ${says}`));
    assert.deepEqual(found, [], `seed ${SHORT.seed}, history in ${history}`);
    assert.equal(violations, 0);
    assert.deepEqual(
      checked.filter(({ examined }) => examined === 0).map(({ id }) => id),
      NOT_SEEN,
    );
    assert.ok(operations > 1_000, `${operations} operations`);
  });

  test('a planted bug is found, and the history that proves it is kept', async () => {
    const { checked, history } = await run({ ...SHORT, seconds: 2, bug: 'early-answer' });
    const [broken] = checked.filter(({ id }) => id === 'I5');
    assert.ok((broken?.violations.length ?? 0) > 0);
    assert.ok(history !== null);
    const [first] = await readHistory(history);
    assert.equal(first?.op, 'run');
    rmSync(dirname(history), { recursive: true });
  });
});
