import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bugs } from './bugs.ts';
import { delays } from './delays.ts';
import { type Edit, edited, urlOf } from './edits.ts';

/** With the delays behind them, as a node makes them. */
function applied(edits: readonly Edit[]): void {
  for (const [url, here] of Map.groupBy([...edits, ...delays], urlOf)) {
    here.reduce(edited, readFileSync(new URL(url), 'utf8'));
  }
}

describe('what is edited in the source of a node', () => {
  for (const [name, { edits = [] }] of Object.entries(bugs)) {
    if (edits.length > 0) test(`${name}: its place is there`, () => applied(edits));
  }

  test('delays have their places', () => applied([]));

  test('a place that is not there any more is an error, and so is one that is there twice', () => {
    const edit = { file: 'a.ts', find: 'b', replace: 'c' };
    assert.equal(edited('abd', edit), 'acd');
    assert.throws(() => edited('ad', edit), /stands in a\.ts 0 times: the edit is out of date/);
    assert.throws(() => edited('abdb', edit), /2 times/);
  });
});
