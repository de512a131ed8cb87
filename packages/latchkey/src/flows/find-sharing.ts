/** Which accounts are passed around, as far as their history says so, and what another limit would have done: for an operator. */
import type { AccountId } from '../model/account.ts';
import type { DeviceClass } from '../model/device.ts';
import { type Forecast, LimitForecast } from '../model/limit-forecast.ts';
import type { EndReason } from '../model/reasons.ts';
import { LIKELY } from '../model/sharing.ts';
import { beginningOf, looksBetween, SharingWatch, type Suspect } from '../model/sharing-watch.ts';
import type { SessionEvent } from '../model/sign-in-trail.ts';
import type { HistoryEntry, HistoryMark, Store } from '../stores/store.ts';

export type SharingAsked = {
  /** Between which times accounts are looked at, in milliseconds since 1970. History before that is read, too. */
  readonly from: number;
  readonly until: number;
  /** At most so many accounts are listed. */
  readonly top: number;
  /** Of how many devices at once it is asked whom they would cut; null where it is not. */
  readonly limit: number | null;
  /** Is told after each page how far it is. */
  readonly tell: (progress: { readonly accountId: AccountId; readonly highest: AccountId }) => void;
};

export type SharingReport = {
  /** How many signed in between the two times, and how many of those have a score of `LIKELY` or more. */
  readonly accounts: number;
  readonly likely: number;
  /** The highest score first. */
  readonly suspects: readonly Suspect[];
  readonly cut: CutReport | null;
};

export type CutReport = {
  readonly limit: number;
  /** How many accounts would have had devices signed out, and how often that would have been. */
  readonly accounts: number;
  readonly signOuts: number;
  /** How many accounts had so many devices at once at the most: one, two and so on; the last of them, so many or more. */
  readonly byDevices: readonly number[];
  /** Those that would have been cut most often, the most often first. */
  readonly most: readonly (Forecast & { readonly accountId: AccountId })[];
};

/** Lines of history that are in memory at a time. */
const PAGE = 1000;

/** Above it, how many devices an account had at once is not told apart. */
const MOST_DEVICES = 10;

/** Reads history account by account: however many there are, one of them is in memory, and those that are listed. */
export async function findSharing(store: Pick<Store, 'history'>, asked: SharingAsked): Promise<SharingReport> {
  const looks = looksBetween(asked.from, asked.until);
  const report = new Report(asked);
  const since = Math.min(beginningOf(looks), asked.from);
  let study = new Study(0, looks, asked);
  let after: HistoryMark | null = null;
  do {
    const { entries, next } = await store.history.byAccount({ since, after, limit: PAGE });
    for (const entry of entries) {
      if (entry.accountId !== study.accountId) {
        report.add(study);
        study = new Study(entry.accountId, looks, asked);
      }
      study.note(entry);
    }
    if (next !== null) asked.tell(next);
    after = next;
  } while (after !== null);
  report.add(study);
  return report.finish();
}

/** One account, while its history goes by. */
class Study {
  readonly accountId: AccountId;
  readonly #from: number;
  readonly #until: number;
  readonly #watch: SharingWatch;
  readonly #forecast: LimitForecast | null;
  #isSeen = false;
  #isClosed = false;

  constructor(accountId: AccountId, looks: readonly number[], { from, until, limit }: SharingAsked) {
    this.accountId = accountId;
    this.#from = from;
    this.#until = until;
    this.#watch = new SharingWatch(looks);
    this.#forecast = limit === null ? null : new LimitForecast(limit, from);
  }

  note(entry: HistoryEntry): void {
    if (entry.at > this.#until) return;
    if (entry.kind === 'account_closed') this.#isClosed = true;
    const event = sessionEventOf(entry);
    if (event === null) return;
    if (event.kind === 'opened' && event.at > this.#from) this.#isSeen = true;
    this.#watch.note(event);
    this.#forecast?.note(event);
  }

  /** null for an account that nobody signed in to, or that is there no more. */
  finish(): { readonly suspect: Suspect | null; readonly forecast: Forecast | null } | null {
    if (!this.#isSeen || this.#isClosed) return null;
    const look = this.#watch.finish();
    const suspect = look === null ? null : { accountId: this.accountId, ...look };
    return { suspect, forecast: this.#forecast?.finish() ?? null };
  }
}

class Report {
  readonly #top: number;
  readonly #limit: number | null;
  #accounts = 0;
  #likely = 0;
  readonly #suspects: Suspect[] = [];
  #cutAccounts = 0;
  #signOuts = 0;
  readonly #byDevices = Array<number>(MOST_DEVICES).fill(0);
  readonly #most: (Forecast & { readonly accountId: AccountId })[] = [];

  constructor({ top, limit }: SharingAsked) {
    this.#top = top;
    this.#limit = limit;
  }

  add(study: Study): void {
    const finished = study.finish();
    if (finished === null) return;
    const { suspect, forecast } = finished;
    this.#accounts++;
    if (suspect !== null) {
      if (suspect.score >= LIKELY) this.#likely++;
      insert(this.#suspects, suspect, this.#top, ({ score }) => score);
    }
    if (forecast === null) return;
    const devices = Math.min(MOST_DEVICES, forecast.devicesAtOnce) - 1;
    this.#byDevices[devices] = (this.#byDevices[devices] ?? 0) + 1;
    if (forecast.signOuts === 0) return;
    this.#cutAccounts++;
    this.#signOuts += forecast.signOuts;
    insert(this.#most, { accountId: study.accountId, ...forecast }, this.#top, ({ signOuts }) => signOuts);
  }

  finish(): SharingReport {
    const cut = {
      ...{ accounts: this.#cutAccounts, signOuts: this.#signOuts },
      ...{ byDevices: this.#byDevices, most: this.#most },
    };
    return {
      ...{ accounts: this.#accounts, likely: this.#likely, suspects: this.#suspects },
      cut: this.#limit === null ? null : { limit: this.#limit, ...cut },
    };
  }
}

/** Into a list with the highest first, of which the rest is dropped. Of those alike, whoever came first. */
function insert<T>(list: T[], one: T, most: number, rankOf: (one: T) => number): void {
  const rank = rankOf(one);
  const last = list.at(-1);
  if (list.length >= most && (last === undefined || rankOf(last) >= rank)) return;
  const position = list.findIndex((other) => rankOf(other) < rank);
  list.splice(position < 0 ? list.length : position, 0, one);
  if (list.length > most) list.pop();
}

/** A line of history as the rules see it; null where it has no session. */
export function sessionEventOf({ accountId, at, kind, sessionId, data }: HistoryEntry): SessionEvent | null {
  if (sessionId === null) return null;
  const whose = { accountId, at, sessionId };
  if (kind === 'session_ended') {
    const { reason, replaced, by_session: bySession } = data;
    return {
      ...{ ...whose, kind: 'ended', isReplaced: replaced === 1 },
      reason: textIn(reason) as EndReason | null,
      bySession: textIn(bySession),
    };
  }
  const { lat: latitude, lon: longitude, device, class: deviceClass, network, device_id: deviceId } = data;
  const isPlaced = typeof latitude === 'number' && typeof longitude === 'number';
  return {
    ...{ ...whose, kind: 'opened', deviceId: textIn(deviceId), network: textIn(network) },
    device: { name: textIn(device) ?? '', class: (textIn(deviceClass) ?? 'unknown') as DeviceClass },
    coordinates: isPlaced ? { latitude, longitude } : null,
  };
}

function textIn(value: string | number | null | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
