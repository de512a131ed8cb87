/** A run with a planted bug: it must be found, or whoever reads green runs is told nothing by them. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { bugs } from './bugs.ts';
import { readHistory } from './history.ts';
import { type RunOptions, run } from './run.ts';

/** So long it may take, in seconds; the run is over as soon as it is found. */
export const FOUND_WITHIN_SECONDS = 60;

export type Search = {
  /** Whether one of the invariants that must find it did. */
  readonly isFound: boolean;
  /** The numbers of all that are broken, or what was looked at and where the history of it is kept. */
  readonly says: string;
};

/** Plants a bug and looks for it. A history that does not show it is kept; one that does is read once more, and removed. */
export async function search(options: RunOptions & { readonly bug: string }): Promise<Search> {
  const { foundBy = [], seconds = options.seconds } = bugs[options.bug] ?? {};
  const { checked, history, operations } = await run({
    ...options,
    seconds: Math.min(seconds, options.seconds),
    stopsAt: foundBy,
  });
  if (history === null) throw new Error('The history of a run with a planted bug was not kept.');
  const broken = checked.flatMap(({ id, violations }) => (violations.length > 0 ? [id] : []));
  if (!foundBy.some((id) => broken.includes(id))) {
    const looked = checked.filter(({ id }) => foundBy.includes(id)).map(({ id, examined }) => `${id} at ${examined}`);
    const others = broken.length === 0 ? '' : `, ${broken.join(', ')} found something else`;
    const says = `not found in ${operations} operations: ${looked.join(', ')} looked${others}; history in ${history}`;
    return { isFound: false, says };
  }
  const [first] = await readHistory(history);
  if (first?.op !== 'run') throw new Error(`${history} does not say what it is the history of.`);
  rmSync(options.history ?? dirname(history), { recursive: true });
  return { isFound: true, says: broken.join(', ') };
}
