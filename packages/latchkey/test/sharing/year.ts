/**
 * A year of a service: what its history is told of thousands of accounts, day by day, and which of them were passed around.
 * Even seeds are there to tune what scores them; odd seeds are held out, and looked at for the result alone.
 */
import type { HistoryEntry } from '../../src/stores/store.ts';
import { type Composed, type Kind, type Made, makeAccount } from './accounts.ts';
import { Door, type Write } from './door.ts';
import { DAYS } from './making.ts';
import { HOURS, type Use, usesOn } from './people.ts';
import type { Random } from './random.ts';

/** Midnight of the first day. */
export const YEAR_STARTS = Date.UTC(2025, 0, 1);

export type Year = {
  /** Each day's entries, in the order of time. */
  readonly days: () => Generator<readonly HistoryEntry[]>;
  /** What an account really is, by its number. For the judge alone: no history says so. */
  readonly truthOf: (accountId: number) => { readonly kind: Kind; readonly isSharing: boolean };
};

/** Accounts 1 to `accounts`. The same for the same seed, whatever the machine. */
export function yearOf(seed: number, accounts: number): Year {
  const numbers = Array.from({ length: accounts }, (_, index) => index + 1);
  return {
    *days() {
      const simulated = numbers.map((id) => new Simulated(seed, id));
      let id = 0;
      for (let day = 0; day < DAYS; day++) {
        const entries: Omit<HistoryEntry, 'id'>[] = [];
        for (const account of simulated) account.live(day, (entry) => entries.push(entry));
        entries.sort((a, b) => a.at - b.at);
        yield entries.map((entry) => ({ id: ++id, ...entry }));
      }
    },
    truthOf(accountId) {
      const { kind, isSharing } = makeAccount(seed, accountId).made;
      return { kind, isSharing };
    },
  };
}

/** Whoever was interrupted comes back so often, within so many hours, and no more often than so in a day. */
const RETURNS = 0.45;
const RETURNS_WITHIN = [0.02, 0.4] as const;
const MOST_USES = 200;

class Simulated {
  readonly #made: Made;
  readonly #random: Random;
  readonly #door: Door;

  constructor(seed: number, id: number) {
    const { made, random } = makeAccount(seed, id);
    this.#made = made;
    this.#random = random;
    this.#door = new Door(id, made.limit, YEAR_STARTS);
  }

  live(day: number, write: Write): void {
    const { from, until, newPasswords } = this.#made;
    if (day < from || day >= until) return;
    const uses = this.#wanted(day);
    for (let next = uses.shift(), done = 0; next !== undefined && done < MOST_USES; next = uses.shift(), done++) {
      for (const interrupted of this.#door.use(next, this.#random, write)) {
        if (!this.#random.isChance(RETURNS)) continue;
        const at = next.at + this.#random.between(...RETURNS_WITHIN);
        if (at < (day + 1) * HOURS) insert(uses, { ...interrupted, at, hours: 0.3 });
      }
    }
    for (const at of newPasswords) {
      if (Math.floor(at / HOURS) === day) this.#door.changePassword((day + 0.999) * HOURS, write);
    }
  }

  #wanted(day: number): Use[] {
    const uses = this.#made.members.flatMap(({ person, periods }) =>
      isWithin(periods, day) ? usesOn(person, day, this.#random, 1) : [],
    );
    return uses.sort((a, b) => a.at - b.at);
  }
}

function isWithin(periods: Composed['members'][number]['periods'], day: number): boolean {
  return periods === null || periods.some(([from, until]) => day >= from && day < until);
}

function insert(uses: Use[], use: Use): void {
  const later = uses.findIndex(({ at }) => at > use.at);
  uses.splice(later < 0 ? uses.length : later, 0, use);
}
