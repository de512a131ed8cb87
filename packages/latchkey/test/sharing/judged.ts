/** What the score says of the accounts of a simulated year, beside what they really are. */
import { sessionEventOf } from '../../src/flows/find-sharing.ts';
import { LIKELY } from '../../src/model/sharing.ts';
import { looksBetween, SharingWatch } from '../../src/model/sharing-watch.ts';
import type { Kind } from './accounts.ts';
import { DAYS } from './making.ts';
import { YEAR_STARTS, yearOf } from './year.ts';

export type Judged = { readonly kind: Kind; readonly isSharing: boolean; readonly score: number };

const DAY_MS = 86_400_000;

/** When that year is over. */
export const YEAR_ENDS = YEAR_STARTS + DAYS * DAY_MS;

/** Of accounts 1 to `accounts` of a seed's year, each one's score over all of it. */
export function judgedOf(seed: number, accounts: number): readonly Judged[] {
  const year = yearOf(seed, accounts);
  const looks = looksBetween(YEAR_STARTS, YEAR_ENDS);
  const watches = Array.from({ length: accounts }, () => new SharingWatch(looks));
  for (const day of year.days()) {
    for (const entry of day) {
      const event = sessionEventOf(entry);
      if (event !== null) watches[entry.accountId - 1]?.note(event);
    }
  }
  return watches.map((watch, index) => ({ ...year.truthOf(index + 1), score: watch.finish()?.score ?? 0 }));
}

export type Verdict = {
  /** Accounts that are passed around; those that are called so; and those of them that are. */
  readonly sharing: number;
  readonly called: number;
  readonly right: number;
  readonly precision: number;
  readonly recall: number;
};

export function verdictOn(judged: readonly Judged[]): Verdict {
  const sharing = judged.filter(({ isSharing }) => isSharing).length;
  const called = judged.filter(({ score }) => score >= LIKELY);
  const right = called.filter(({ isSharing }) => isSharing).length;
  return { sharing, called: called.length, right, precision: right / called.length, recall: right / sharing };
}
