/** What the latest sign-ins of an account amount to: figures that speak for, or against, its being passed around. */
import { distanceKm } from './distance.ts';
import { type Households, householdsOf } from './households.ts';
import { DAY_MINUTES, NONE, type SignIn, type SignInTrail, WINDOW_DAYS } from './sign-in-trail.ts';

/** Over 30 days, where nothing else is said. */
export type Evidence = {
  readonly signIns: number;
  /** Displacements of another device. */
  readonly takeovers: number;
  readonly devices7: number;
  readonly devices30: number;
  readonly networks7: number;
  readonly networks30: number;
  /** Devices that use networks together are of one household. Those alone that were there on two days. */
  readonly households: number;
  /** How often a household came back after another: A-B-A is one, A-B-A-B are two. */
  readonly alternations: number;
  /** Those of them between households of which no two devices ever used one network. */
  readonly strangers: number;
  /** Those of them in which one phone follows another, or one computer another. */
  readonly twins: number;
  /** Those of them between places that are far apart. */
  readonly far: number;
  /** Sign-ins of two households one after the other, further apart than an airliner goes in that time. */
  readonly leaps: number;
  /** The fastest of them, in kilometres an hour. */
  readonly fastestKmh: number;
  /**
   * Sign-ins of households from the network that each uses most, which it does in a third of all cases at least: of all such
   * households but the busiest.
   */
  readonly settled: number;
  /** Sign-ins while a device of another household stayed signed in. */
  readonly overlaps: number;
};

/** Faster than an airliner with a following wind. */
const AIRLINER_KMH = 1000;
/** Coordinates are kept within 11 km, and databases of places are no better than this. */
export const FAR_KM = 150;
const MINUTE_MS = 60_000;

/** `now` in milliseconds since 1970: what is older than 30 days then is left out, what is newer was not there. */
export function evidenceOf(trail: SignInTrail, now: number): Evidence {
  const minute = Math.floor(now / MINUTE_MS);
  const signIns = trail.between(minute - WINDOW_DAYS * DAY_MINUTES, minute);
  const tally = new Tally(trail, householdsOf(trail.networks, signIns, minute));
  for (const signIn of signIns) tally.add(signIn, minute);
  return tally.evidence();
}

class Tally {
  readonly #trail: SignInTrail;
  readonly #households: Households;
  #before: SignIn | null = null;
  #signIns = 0;
  #takeovers = 0;
  readonly #devices7 = new Set<number>();
  readonly #devices30 = new Set<number>();
  readonly #networks7 = new Set<number>();
  readonly #networks30 = new Set<number>();
  /** Each a new one: so many devices came that they were forgotten since. */
  #forgotten7 = 0;
  #forgotten30 = 0;
  readonly #uses = new Map<number, Uses>();
  #alternations = 0;
  #strangers = 0;
  #twins = 0;
  #far = 0;
  #leaps = 0;
  #fastestKmh = 0;
  #overlaps = 0;

  constructor(trail: SignInTrail, households: Households) {
    this.#trail = trail;
    this.#households = households;
  }

  add(signIn: SignIn, now: number): void {
    this.#signIns++;
    if (signIn.victim !== NONE) this.#takeovers++;
    this.#count(signIn, now);
    const household = this.#households.of(signIn.device);
    if (household !== NONE) {
      if (this.#before !== null && this.#before.device !== NONE) this.#compare(this.#before, signIn);
      if (signIn.alongside !== NONE && this.#households.of(signIn.alongside) !== household) this.#overlaps++;
      const uses = this.#uses.get(household) ?? new Uses(signIn);
      this.#uses.set(household, uses);
      uses.add(signIn);
    }
    this.#before = signIn;
  }

  #count({ minute, device, network }: SignIn, now: number): void {
    const isOfLate = minute > now - 7 * DAY_MINUTES;
    if (device === NONE) {
      this.#forgotten30++;
      if (isOfLate) this.#forgotten7++;
    } else {
      this.#devices30.add(device);
      if (isOfLate) this.#devices7.add(device);
    }
    if (network === NONE) return;
    this.#networks30.add(network);
    if (isOfLate) this.#networks7.add(network);
  }

  #compare(before: SignIn, signIn: SignIn): void {
    const [other, household] = [this.#households.of(before.device), this.#households.of(signIn.device)];
    if (other === household) return;
    // Where one of the two places is not known, nothing is far or fast.
    const km = distanceKm(before.latitude, before.longitude, signIn.latitude, signIn.longitude);
    const isFar = km > FAR_KM;
    const kmh = km / (Math.max(1, signIn.minute - before.minute) / 60);
    if (isFar && kmh > AIRLINER_KMH) {
      this.#leaps++;
      this.#fastestKmh = Math.max(this.#fastestKmh, kmh);
    }
    if (!this.#uses.has(household)) return;
    this.#alternations++;
    if (isFar) this.#far++;
    if (!this.#households.haveMet(household, other)) this.#strangers++;
    const [one, next] = [this.#trail.devices[before.device], this.#trail.devices[signIn.device]];
    if (one?.isMobile === next?.isMobile) this.#twins++;
  }

  evidence(): Evidence {
    const households = [...this.#uses.values()].filter(({ isOfDays }) => isOfDays);
    households.sort((a, b) => b.signIns - a.signIns);
    const [, ...settled] = households.map((uses) => uses.settled).filter((times) => times > 0);
    return {
      signIns: this.#signIns,
      takeovers: this.#takeovers,
      devices7: this.#devices7.size + this.#forgotten7,
      devices30: this.#devices30.size + this.#forgotten30,
      networks7: this.#networks7.size,
      networks30: this.#networks30.size,
      households: households.length,
      alternations: this.#alternations,
      strangers: this.#strangers,
      twins: this.#twins,
      far: this.#far,
      leaps: this.#leaps,
      fastestKmh: Math.round(this.#fastestKmh),
      settled: settled.reduce((sum, times) => sum + times, 0),
      overlaps: this.#overlaps,
    };
  }
}

/** How a household used the account. */
class Uses {
  readonly #firstDay: number;
  readonly #byNetwork = new Map<number, number>();
  signIns = 0;
  /** On more than one. */
  isOfDays = false;

  constructor({ minute }: SignIn) {
    this.#firstDay = dayOf(minute);
  }

  add({ minute, network }: SignIn): void {
    this.signIns++;
    if (dayOf(minute) !== this.#firstDay) this.isOfDays = true;
    if (network !== NONE) this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? 0) + 1);
  }

  /** Sign-ins from the usual network, where there is one. */
  get settled(): number {
    const most = Math.max(0, ...this.#byNetwork.values());
    return most > 1 && most * 3 >= this.signIns ? most : 0;
  }
}

function dayOf(minute: number): number {
  return Math.floor(minute / DAY_MINUTES);
}
