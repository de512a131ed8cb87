/** What another limit would have done to an account: its history once more, under that limit. */
import type { SessionId } from './account.ts';
import type { SessionEvent } from './sign-in-trail.ts';

export type Forecast = {
  /** The most sessions that were open at once. */
  readonly devicesAtOnce: number;
  /** Sessions that would have been signed out, and were not. */
  readonly signOuts: number;
};

/**
 * Replays one account's history as if `limit` devices had been let in, by the rule of `displace`: the one that has been in longest
 * goes. What people would have done then, nobody knows: whoever is signed out signs in again, so it is the least that would be.
 * A limit above the one that was in force shows nobody, for what it would have let stay was never seen.
 */
export class LimitForecast {
  readonly #limit: number;
  readonly #from: number;
  /** Those that were open, and those of them that would have been; the oldest first. */
  #open: SessionId[] = [];
  #kept: SessionId[] = [];
  #devicesAtOnce = 0;
  #signOuts = 0;

  /** Counts what happens after `from`, in milliseconds since 1970; what comes before says who is in by then. */
  constructor(limit: number, from: number) {
    this.#limit = limit;
    this.#from = from;
  }

  /** Takes the account's events in their order. */
  note({ kind, sessionId, at }: SessionEvent): void {
    if (kind === 'ended') {
      this.#open = this.#open.filter((id) => id !== sessionId);
      this.#kept = this.#kept.filter((id) => id !== sessionId);
      return;
    }
    this.#open.push(sessionId);
    this.#kept.push(sessionId);
    const surplus = this.#kept.length - this.#limit;
    if (surplus > 0) this.#kept.splice(0, surplus);
    if (at <= this.#from) return;
    this.#devicesAtOnce = Math.max(this.#devicesAtOnce, this.#open.length);
    this.#signOuts += Math.max(0, surplus);
  }

  finish(): Forecast {
    return { devicesAtOnce: this.#devicesAtOnce, signOuts: this.#signOuts };
  }
}
