import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgedOf, verdictOn } from './judged.ts';

/** Of a seed that nothing was fitted to: some of the 100,000 that `npm run bench -- sharing` judges. */
const SEED = 1;
const ACCOUNTS = 3_000;

/** What is promised of many accounts. */
const PRECISION = 0.95;
const RECALL = 0.8;

/** Two standard errors below it: among so few, chance alone moves what is found by that much. */
function atLeast(promised: number, count: number): number {
  return promised - 2 * Math.sqrt((promised * (1 - promised)) / count);
}

describe('6.7, who is passed around, in a year that the score was not fitted to', () => {
  test('those who are called so are, and most of those who are are called so, as well as so few can show it', () => {
    const { sharing, called, right, precision, recall } = verdictOn(judgedOf(SEED, ACCOUNTS));
    assert.ok(sharing > 120 && called > 80, `${sharing} share, ${called} are called so`);
    assert.ok(precision >= atLeast(PRECISION, called), `${right} of ${called} are`);
    assert.ok(recall >= atLeast(RECALL, sharing), `${right} of ${sharing} are called so`);
  });
});
