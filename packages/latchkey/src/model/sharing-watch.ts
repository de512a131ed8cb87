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

/**
 * Looks at accounts once a week while their history goes by, each time at the 30 days before. An account's score is the one that
 * it reached in four of these looks, or in all of them where there were fewer.
 */
export class SharingWatch {
  readonly #trails = new Map<AccountId, SignInTrail>();
  /** Of each account its highest looks, the highest first. */
  readonly #highest = new Map<AccountId, Look[]>();
  readonly #looks: number[];
  readonly #needed: number;

  /** From one time to another, in milliseconds since 1970; the last look is at its end. */
  constructor(from: number, until: number) {
    const count = Math.max(1, Math.ceil((until - from) / (LOOK_DAYS * DAY_MS)));
    this.#looks = Array.from({ length: count }, (_, index) => until - (count - 1 - index) * LOOK_DAYS * DAY_MS);
    this.#needed = Math.min(LOOKS, count);
  }

  /** Takes history in the order of time, beginning `MEMORY_DAYS` before the first look at the latest. */
  note(event: SessionEvent): void {
    this.#lookUntil(event.at);
    const trail = this.#trails.get(event.accountId) ?? new SignInTrail();
    this.#trails.set(event.accountId, trail);
    trail.note(event);
  }

  /** Ends the watch: who was seen at all, the highest score first. */
  finish(): readonly Suspect[] {
    this.#lookUntil(Number.POSITIVE_INFINITY);
    const suspects: Suspect[] = [];
    for (const [accountId, looks] of this.#highest) {
      const look = looks[this.#needed - 1];
      if (look !== undefined) suspects.push({ accountId, ...look });
    }
    return suspects.sort((a, b) => b.score - a.score || a.accountId - b.accountId);
  }

  /** The accounts that are remembered. */
  get size(): number {
    return this.#trails.size;
  }

  #lookUntil(time: number): void {
    for (let next = this.#looks[0]; next !== undefined && time > next; next = this.#looks[0]) {
      this.#looks.shift();
      for (const [accountId, trail] of this.#trails) this.#lookAt(accountId, trail, next);
    }
  }

  #lookAt(accountId: AccountId, trail: SignInTrail, at: number): void {
    // Whoever comes back after so long is as good as new.
    if (trail.lastAt < at - MEMORY_DAYS * DAY_MS) this.#trails.delete(accountId);
    if (!isWorthALook(trail, at)) return;
    const evidence = evidenceOf(trail, at);
    const look = { at, evidence, ...scoreOf(evidence) };
    const looks = this.#highest.get(accountId) ?? [];
    if (look.score < Math.max(LEAST, looks[this.#needed - 1]?.score ?? 0)) return;
    const position = looks.findIndex(({ score }) => score < look.score);
    looks.splice(position < 0 ? looks.length : position, 0, look);
    looks.length = Math.min(looks.length, this.#needed);
    this.#highest.set(accountId, looks);
  }
}

/** Whether a device found another one signed in since the look before: else there is nothing new to see. */
export function isWorthALook({ crowdedAt }: SignInTrail, at: number): boolean {
  return crowdedAt > at - LOOK_DAYS * DAY_MS;
}
