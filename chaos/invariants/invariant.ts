import type { Facts } from '../facts.ts';
import type { Entry } from '../history.ts';
import type { Rules } from '../rules.ts';

/** What must never be seen in a history. `id` is the number that tests and reports cite. */
export type Invariant = {
  readonly id: string;
  readonly promise: string;
  examine(facts: Facts, rules: Rules): Finding;
};

export type Finding = {
  /** How many things were held against it: nothing is found where nothing was looked at. */
  readonly examined: number;
  readonly violations: readonly Violation[];
};

export type Violation = {
  readonly says: string;
  /** By how much a bound was passed; null where there is none to pass. */
  readonly lateMs: number | null;
  /** The records that prove it. */
  readonly proof: readonly Entry[];
};
