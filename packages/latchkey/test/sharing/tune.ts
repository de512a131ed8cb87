/**
 * Fits the weights of `model/sharing.ts` to the years of even seeds, and prints them: `node --conditions=source
 * packages/latchkey/test/sharing/tune.ts`. Odd seeds are not looked at. A signal that would speak against itself is left out.
 */
import { sessionEventOf } from '../../src/flows/find-sharing.ts';
import { type Signal, signalsOf } from '../../src/model/sharing.ts';
import { evidenceOf } from '../../src/model/sharing-evidence.ts';
import { isWorthALook, LOOKS } from '../../src/model/sharing-watch.ts';
import { SignInTrail } from '../../src/model/sign-in-trail.ts';
import { DAYS } from './making.ts';
import { YEAR_STARTS, yearOf } from './year.ts';

const SEEDS = [2, 4, 6];
const ACCOUNTS = 5000;
const DAY_MS = 86_400_000;
const WEEKS = Math.ceil(DAYS / 7);
/** Where the score is to be 0.5: so many of those above it are sharers. */
const PRECISION = 0.965;
const ROUNDS = 8;
/** How much large weights are held back, for signals of spread 1. */
const RIDGE = 3;

type Row = readonly number[];
type Example = { readonly isSharing: boolean; readonly looks: readonly Row[] };

const examples = SEEDS.flatMap((seed) => examplesOf(seed));
const sharers = examples.filter(({ isSharing }) => isSharing).length;
const seen = examples.filter(({ looks }) => looks.length >= LOOKS);
const names = Object.keys(signalsOf(evidenceOf(new SignInTrail(), 0))) as Signal[];
const spread = spreadOf(seen.flatMap(({ looks }) => looks));

let weights: Row = [0, ...spread.map((one) => 1 / one)];
for (let round = 0; round < ROUNDS; round++) weights = fitTo(seen, weights);

const ranked = seen
  .map((example) => ({ ...example, odds: oddsOf(decisive(example, weights), weights) }))
  .sort((a, b) => b.odds - a.odds);
let [right, threshold, recall] = [0, 0, 0];
for (const [index, { isSharing, odds }] of ranked.entries()) {
  if (isSharing) right++;
  if (right / (index + 1) >= PRECISION) [threshold, recall] = [odds, right / sharers];
}
const shown = Object.fromEntries(names.map((name, index) => [name, round3(weights[index + 1] ?? 0)]));
console.log({ ...shown, NOTHING_SEEN: round3((weights[0] ?? 0) - threshold) });
console.log(`recall ${round3(recall)} at precision ${PRECISION}, of ${sharers} sharers among ${examples.length}`);

function examplesOf(seed: number): readonly Example[] {
  if (seed % 2 !== 0) throw new RangeError('Odd seeds are held out.');
  const year = yearOf(seed, ACCOUNTS);
  const trails = new Map<number, SignInTrail>();
  const rows = new Map<number, Row[]>();
  const looks = Array.from({ length: WEEKS }, (_, week) => YEAR_STARTS + (DAYS - 7 * (WEEKS - 1 - week)) * DAY_MS);
  for (const day of year.days()) {
    for (const entry of day) {
      while (looks[0] !== undefined && entry.at > looks[0]) lookAt(trails, rows, looks.shift() ?? 0);
      const event = sessionEventOf(entry);
      const trail = trails.get(entry.accountId) ?? new SignInTrail();
      trails.set(entry.accountId, trail);
      if (event !== null) trail.note(event);
    }
  }
  for (const at of looks) lookAt(trails, rows, at);
  return Array.from({ length: ACCOUNTS }, (_, index) => {
    const { isSharing } = year.truthOf(index + 1);
    return { isSharing, looks: rows.get(index + 1) ?? [] };
  });
}

function lookAt(trails: ReadonlyMap<number, SignInTrail>, rows: Map<number, Row[]>, at: number): void {
  for (const [id, trail] of trails) {
    if (!isWorthALook(trail, at)) continue;
    rows.set(id, [...(rows.get(id) ?? []), Object.values(signalsOf(evidenceOf(trail, at)))]);
  }
}

function oddsOf(row: Row, given: Row): number {
  return row.reduce((sum, value, index) => sum + value * (given[index + 1] ?? 0), given[0] ?? 0);
}

/** The look by which an account is judged: the fourth highest. */
function decisive({ looks }: Example, given: Row): Row {
  return looks.toSorted((a, b) => oddsOf(b, given) - oddsOf(a, given))[LOOKS - 1] ?? [];
}

function spreadOf(rows: readonly Row[]): Row {
  return names.map((_, column) => {
    const values = rows.map((row) => row[column] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  });
}

/** Logistic regression of the accounts' decisive looks, without what would be negative. */
function fitTo(given: readonly Example[], before: Row): Row {
  const rows = given.map((example) => decisive(example, before).map((value, column) => value / (spread[column] ?? 1)));
  const truths = given.map(({ isSharing }) => (isSharing ? 1 : 0));
  for (let columns = names.map((_, column) => column); ; ) {
    const fitted = newton(
      rows.map((row) => [1, ...columns.map((column) => row[column] ?? 0)]),
      truths,
    );
    const [, ...slopes] = fitted;
    const least = Math.min(...slopes);
    if (least >= 0) {
      const scaled = names.map((_, column) => {
        const position = columns.indexOf(column);
        return position < 0 ? 0 : (slopes[position] ?? 0) / (spread[column] ?? 1);
      });
      return [fitted[0] ?? 0, ...scaled];
    }
    columns = columns.filter((_, position) => slopes[position] !== least);
  }
}

function newton(rows: readonly Row[], truths: Row): Row {
  const size = rows[0]?.length ?? 0;
  let fitted: Row = Array<number>(size).fill(0);
  for (let step = 0; step < 25; step++) {
    const gradient = fitted.map((value, column) => (column === 0 ? 0 : -RIDGE * value));
    const curvature = gradient.map((_, a) => gradient.map((__, b) => (a === b && a > 0 ? RIDGE : 0)));
    for (const [index, row] of rows.entries()) {
      const odds = row.reduce((sum, value, column) => sum + value * (fitted[column] ?? 0), 0);
      const chance = 1 / (1 + Math.exp(-odds));
      addTo(gradient, row, (truths[index] ?? 0) - chance);
      for (const [column, line] of curvature.entries()) addTo(line, row, chance * (1 - chance) * (row[column] ?? 0));
    }
    const change = solved(curvature, gradient);
    fitted = fitted.map((value, column) => value + (change[column] ?? 0));
  }
  return fitted;
}

function addTo(sums: number[], row: Row, times: number): void {
  for (let column = 0; column < sums.length; column++) {
    sums[column] = (sums[column] ?? 0) + times * (row[column] ?? 0);
  }
}

/** Gauss and Jordan, with pivots. */
function solved(matrix: readonly Row[], right: Row): Row {
  const lines = matrix.map((line, index) => [...line, right[index] ?? 0]);
  for (let column = 0; column < lines.length; column++) {
    const at = (line: number): number => Math.abs(lines[line]?.[column] ?? 0);
    let pivot = column;
    for (let line = column + 1; line < lines.length; line++) if (at(line) > at(pivot)) pivot = line;
    const [one, other] = [lines[column] ?? [], lines[pivot] ?? []];
    [lines[column], lines[pivot]] = [other, one];
    for (const [index, line] of lines.entries()) {
      if (index !== column) addTo(line, other, -(line[column] ?? 0) / (other[column] ?? 1));
    }
  }
  return lines.map((line, index) => (line.at(-1) ?? 0) / (line[index] ?? 1));
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
