import type { AccountId } from './account.ts';
import { type Score, scoreOf } from './sharing.ts';
import { type Evidence, evidenceOf } from './sharing-evidence.ts';
import { MEMORY_DAYS, type SessionEvent, SignInTrail } from './sign-in-trail.ts';

const DAY_MS = 86_400_000;
const LOOK_DAYS = 7;

/** As many looks must agree: one month is an accident now and then, four weeks in which it goes on are not. */
export const LOOKS = 4;

/** What one look at an account saw. `at` is milliseconds since 1970. */
export type Look = Score & { readonly at: number; readonly evidence: Evidence };

export type Suspect = Look & { readonly accountId: AccountId };

/** Less is not worth to be remembered: nobody is told of it. */
const LEAST = 0.02;

/** When accounts are looked at: once a week, the last time at the end. Times are milliseconds since 1970. */
export function looksBetween(from: number, until: number): readonly number[] {
  const count = Math.max(1, Math.ceil((until - from) / (LOOK_DAYS * DAY_MS)));
  return Array.from({ length: count }, (_, index) => until - (count - 1 - index) * LOOK_DAYS * DAY_MS);
}

/** From when on history matters to these looks. */
export function beginningOf([first = 0]: readonly number[]): number {
  return first - MEMORY_DAYS * DAY_MS;
}

/**
 * Looks at one account again and again while its history goes by, each time at the 30 days before. Its score is the one that it
 * reached in four of these looks, or in all of them where there are fewer.
 */
export class SharingWatch {
  readonly #trail = new SignInTrail();
  readonly #looks: readonly number[];
  readonly #needed: number;
  #next = 0;
  /** The highest first. */
  readonly #highest: Look[] = [];

  /** When it is looked at, in order (`looksBetween`). */
  constructor(looks: readonly number[]) {
    this.#looks = looks;
    this.#needed = Math.min(LOOKS, looks.length);
  }

  /** Takes the account's history in the order of time, from `beginningOf` these looks on. */
  note(event: SessionEvent): void {
    this.#lookUntil(event.at);
    this.#trail.note(event);
  }

  /** Ends the watch: the look that counts; null where there is next to nothing to be seen. */
  finish(): Look | null {
    this.#lookUntil(Number.POSITIVE_INFINITY);
    return this.#highest[this.#needed - 1] ?? null;
  }

  #lookUntil(time: number): void {
    for (let at = this.#looks[this.#next]; at !== undefined && time > at; at = this.#looks[++this.#next]) {
      if (isWorthALook(this.#trail, at)) this.#lookAt(at);
    }
  }

  #lookAt(at: number): void {
    const evidence = evidenceOf(this.#trail, at);
    const look = { at, evidence, ...scoreOf(evidence) };
    const highest = this.#highest;
    if (look.score < Math.max(LEAST, highest[this.#needed - 1]?.score ?? 0)) return;
    const position = highest.findIndex(({ score }) => score < look.score);
    highest.splice(position < 0 ? highest.length : position, 0, look);
    highest.length = Math.min(highest.length, this.#needed);
  }
}

/** Whether a device found another one signed in since the look before: else there is nothing new to see. */
export function isWorthALook({ crowdedAt }: SignInTrail, at: number): boolean {
  return crowdedAt > at - LOOK_DAYS * DAY_MS;
}
