/** How likely it is that an account is passed around, from 0 to 1, and why: one score, made of figures that are each told. */
import type { Evidence } from './sharing-evidence.ts';

/** What counts, and by how much a figure moves the odds. */
export type Signal = 'twins' | 'far' | 'leaps' | 'settled' | 'overlaps' | 'pressure' | 'share';

/** Figures as they are weighed: the tenth time says less than the first. */
export function signalsOf(evidence: Evidence): Readonly<Record<Signal, number>> {
  const { signIns, takeovers, devices30, networks30, strangers, twins, far, leaps, settled, overlaps } = evidence;
  return {
    twins: Math.log1p(twins),
    far: Math.log1p(far),
    leaps: Math.log1p(leaps),
    settled: Math.log1p(settled),
    overlaps: Math.log1p(overlaps),
    // Many takeovers among few devices at few places: nobody is about so much that stays put.
    pressure: Math.log1p(takeovers / (networks30 * devices30 + 6)),
    share: strangers / Math.max(1, signIns),
  };
}

/** Odds in natural logarithms. Fitted to simulated years (test/sharing/tune.ts), so that 0.5 is where one account in thirty is a mistake. */
const WEIGHTS: Readonly<Record<Signal, number>> = {
  twins: 0.911,
  far: 0.662,
  leaps: 1.006,
  settled: 1.615,
  overlaps: 0.916,
  pressure: 7.371,
  share: 3.259,
};
const NOTHING_SEEN = -9.836;

/** From this score on an account is more likely passed around than not. */
export const LIKELY = 0.5;

/** Why a score is what it is, the most telling first. `odds` is what it adds, in natural logarithms. */
export type Reason = { readonly odds: number } & (
  | { readonly code: 'strangers'; readonly times: number; readonly signIns: number }
  | { readonly code: 'takeovers'; readonly times: number; readonly devices: number; readonly networks: number }
  | { readonly code: 'twins' | 'far' | 'overlaps'; readonly times: number }
  | { readonly code: 'settled'; readonly times: number; readonly households: number }
  | { readonly code: 'leaps'; readonly times: number; readonly fastestKmh: number }
);

export type Score = { readonly score: number; readonly reasons: readonly Reason[] };

export function scoreOf(evidence: Evidence): Score {
  const signals = signalsOf(evidence);
  const odds = (signal: Signal): number => WEIGHTS[signal] * signals[signal];
  const { signIns, devices30: devices, networks30: networks, households, fastestKmh } = evidence;
  const reasons: readonly Reason[] = [
    { code: 'strangers', times: evidence.strangers, signIns, odds: odds('share') },
    { code: 'takeovers', times: evidence.takeovers, devices, networks, odds: odds('pressure') },
    { code: 'twins', times: evidence.twins, odds: odds('twins') },
    { code: 'settled', times: evidence.settled, households, odds: odds('settled') },
    { code: 'leaps', times: evidence.leaps, fastestKmh, odds: odds('leaps') },
    { code: 'far', times: evidence.far, odds: odds('far') },
    { code: 'overlaps', times: evidence.overlaps, odds: odds('overlaps') },
  ];
  const sum = reasons.reduce((total, reason) => total + reason.odds, NOTHING_SEEN);
  const told = reasons.filter((reason) => reason.odds > 0).sort((a, b) => b.odds - a.odds);
  return { score: 1 / (1 + Math.exp(-sum)), reasons: told };
}
