import type { Bench } from './bench.ts';
import { ratioOf, type Spread, spreadOf } from './spread.ts';

export type Goal =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  /** As good as equal: the ratio is this near to 1. */
  | { readonly within: number }
  /** Of what was measured, whatever the floor. */
  | { readonly measuredAtMost: number }
  | { readonly measuredAtLeast: number };

/** One line of the table. */
export type Figure = {
  readonly what: string;
  readonly unit: Unit;
  readonly measured: Spread;
  readonly held: Held | null;
  /** Holds for the ratio where there is a floor, else for what was measured. */
  readonly goal: Goal | null;
};

export type Unit = 'µs' | 'ms' | 'MB' | 'B' | '%' | '/s';

/** What a figure is held against, in the same run: the floor, and the ratio to it round by round. */
export type Held = {
  readonly against: string;
  readonly floor: Spread;
  readonly ratio: Spread;
  /** `time`: so many times the floor's, less is better. `speed`: so much of the floor's, more is better. */
  readonly kind: 'time' | 'speed';
};

/** Rows of the table that are measured together. */
export type Row = {
  readonly name: string;
  readonly title: string;
  /** Needs the packages of `bench/package.json`. */
  readonly needsPeers: boolean;
  readonly measure: (bench: Bench) => Promise<readonly Figure[]>;
};

export type Measured = {
  readonly row: Pick<Row, 'name' | 'title'>;
  readonly figures: readonly Figure[];
  /** What could not be measured on this machine, and why. */
  readonly leftOut: readonly string[];
};

/** A figure on its own. */
export function plain(what: string, unit: Unit, samples: readonly number[], goal: Goal | null = null): Figure {
  return { what, unit, measured: spreadOf(samples), held: null, goal };
}

type Against = { readonly against: string; readonly floor: readonly number[]; readonly goal?: Goal };

/** A time (or CPU time) against the floor's: the ratio says how many times longer it takes. */
export function asTime(
  what: string,
  unit: Unit,
  samples: readonly number[],
  { against, floor, goal }: Against,
): Figure {
  const held = { against, floor: spreadOf(floor), ratio: ratioOf(samples, floor), kind: 'time' } as const;
  return { what, unit, measured: spreadOf(samples), held, goal: goal ?? null };
}

/** A rate, or a time that stands for one, against the floor's: the ratio says how much of its speed is left. */
export function asSpeed(
  what: string,
  unit: Unit,
  samples: readonly number[],
  { against, floor, goal }: Against,
): Figure {
  const ratio = unit === '/s' ? ratioOf(samples, floor) : ratioOf(floor, samples);
  return {
    what,
    unit,
    measured: spreadOf(samples),
    held: { against, floor: spreadOf(floor), ratio, kind: 'speed' },
    goal: goal ?? null,
  };
}

/** Whether the goal was reached; null where there is none. */
export function isReached({ measured, held, goal }: Figure): boolean | null {
  if (goal === null) return null;
  if ('measuredAtMost' in goal) return measured.median <= goal.measuredAtMost;
  if ('measuredAtLeast' in goal) return measured.median >= goal.measuredAtLeast;
  const { median } = held?.ratio ?? measured;
  if ('within' in goal) return Math.abs(median - 1) <= goal.within;
  return 'atLeast' in goal ? median >= goal.atLeast : median <= goal.atMost;
}
