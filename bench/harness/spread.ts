/** What was measured several times over: the middle of it, and how far it lies apart. */
export type Spread = {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly samples: readonly number[];
};

export function spreadOf(samples: readonly number[]): Spread {
  return { median: median(samples), lowest: Math.min(...samples), highest: Math.max(...samples), samples };
}

/** The value below which the share `of` of them lies (0.99 is the 99th percentile). Throws where there are none. */
export function percentile(values: ArrayLike<number>, of: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))];
  if (at === undefined) throw new RangeError('There is no percentile of nothing.');
  return at;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('There is no median of nothing.');
  return (low + high) / 2;
}

/** Round by round, `above` divided by `below`. */
export function ratioOf(above: readonly number[], below: readonly number[]): Spread {
  return spreadOf(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/**
 * How likely two lots drawn from one distribution differ in rank by as much as these do (Mann and Whitney's U, two-sided, by
 * the normal approximation without ties).
 */
export function rankTest(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, isA: true })), ...b.map((value) => ({ value, isA: false }))];
  all.sort((one, other) => one.value - other.value);
  const rankSum = all.reduce((sum, { isA }, index) => (isA ? sum + index + 1 : sum), 0);
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  const z = Math.abs(u - (a.length * b.length) / 2) / deviation;
  return 2 * upperTail(z);
}

/** The normal distribution above `z` (Abramowitz and Stegun, 26.2.17; exact to 1e-7). */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * z);
  const series = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
  const sum = series.reduceRight((rest, factor) => t * (factor + rest), 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
