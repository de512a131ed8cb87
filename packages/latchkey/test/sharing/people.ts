/** One person: their devices, where they are at what hour, and when they want to use the service. Of doors they know nothing. */
import type { DeviceClass } from '../../src/model/device.ts';
import { CITIES, type City, type Spot, spotIn } from './geography.ts';
import type { Random } from './random.ts';

export const HOURS = 24;

export type Gadget = {
  /** The id that the server gave it, once it has one. */
  id: string | null;
  readonly kind: 'phone' | 'tablet' | 'laptop' | 'desktop';
  readonly name: string;
  readonly class: DeviceClass;
  /** How often it comes without the id that it was given: its cookies were cleared, or its client does not keep them. */
  readonly forgets: number;
  /** How often its user signs out after use, as one does where others use it too. */
  readonly signsOut: number;
  /** Where it stands; null goes where its person goes. */
  readonly stands: 'home' | 'work' | null;
  /** The first and last day of its use. */
  readonly from: number;
  readonly until: number;
};

/** A line to a building. Its address changes every so many days where its provider gives it new ones. */
export type Residence = { readonly city: City; readonly party: number; readonly changesDays: number };

export type Trip = {
  /** In days, with a fraction. */
  readonly from: number;
  readonly until: number;
  readonly to: Residence;
  /** Hours on the way, each way, in which the service is not used. */
  readonly transitHours: number;
};

export type Habits = {
  /** How often a day sees any use. */
  readonly activity: number;
  /** How many more uses such a day has, on average. */
  readonly more: number;
  readonly day: 'usual' | 'shifts';
  /** Of phones: how often they use the network of the place that they are at. */
  readonly onWifi: number;
  /** How often a use goes through a VPN. */
  readonly onVpn: number;
};

export type Person = {
  readonly home: Residence;
  readonly work: Residence | null;
  readonly gadgets: readonly Gadget[];
  readonly habits: Habits;
  readonly trips: readonly Trip[];
  readonly carrier: {
    readonly party: number;
    /** How many networks one may come out of. */
    readonly networks: number;
    /** Abroad, whether one still comes out at home, as most roaming does. */
    readonly isHomeRouted: boolean;
  };
  readonly vpn: { readonly party: number; readonly exits: readonly City[]; readonly networks: number } | null;
};

/** Somebody wants to use the service for a while. */
export type Use = {
  /** Hours since the beginning of the year. */
  readonly at: number;
  readonly hours: number;
  readonly person: Person;
  readonly gadget: Gadget;
  readonly spot: () => Spot;
};

type Whereabouts =
  | { readonly kind: 'home' | 'work' | 'away'; readonly residence: Residence }
  | { readonly kind: 'out'; readonly city: City }
  | { readonly kind: 'transit' };

/** Relative weights of the hours of a day. */
const USUAL = [1, 0, 0, 0, 0, 1, 4, 8, 8, 6, 6, 6, 8, 7, 6, 6, 7, 8, 9, 12, 14, 13, 9, 4] as const;
const SHIFTS = [6, 6, 5, 5, 5, 6, 7, 6, 5, 4, 4, 4, 5, 6, 7, 6, 5, 5, 5, 6, 6, 6, 7, 7] as const;
const cumulated = (weights: readonly number[]): readonly number[] => {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
};
const HOURS_OF = { usual: cumulated(USUAL), shifts: cumulated(SHIFTS) } as const;

/** What a person wants to do on a day, in no order. `scale` is how much more or less than usual. */
export function usesOn(person: Person, day: number, random: Random, scale: number): readonly Use[] {
  const { habits } = person;
  const weekend = day % 7 >= 5 ? 0.8 : 1;
  if (!random.isChance(habits.activity * scale * weekend)) return [];
  const uses: Use[] = [];
  for (let left = 1 + countAbout(habits.more, random); left > 0; left--) {
    const use = useAt(person, day * HOURS + hourOf(habits, random), random);
    if (use !== null) uses.push(use);
  }
  return uses;
}

/** Few or many around a mean: geometric, and no more than 12. */
function countAbout(mean: number, random: Random): number {
  let count = 0;
  while (count < 12 && random.isChance(mean / (1 + mean))) count++;
  return count;
}

function hourOf({ day }: Habits, random: Random): number {
  const sums = HOURS_OF[day];
  const at = random.next() * (sums.at(-1) ?? 0);
  return sums.findIndex((sum) => at < sum) + random.next();
}

function useAt(person: Person, at: number, random: Random): Use | null {
  const where = whereIs(person, at, random);
  if (where.kind === 'transit') return null;
  const gadget = gadgetAt(person, where, Math.floor(at / HOURS), random);
  if (gadget === null) return null;
  const hours = random.between(0.05, 1.2);
  return { at, hours, person, gadget, spot: () => spotAt(person, where, gadget, at, random) };
}

function whereIs(person: Person, at: number, random: Random): Whereabouts {
  for (const trip of person.trips) {
    const [from, until] = [trip.from * HOURS, trip.until * HOURS];
    if (at < from || at >= until) continue;
    const isOnTheWay = at < from + trip.transitHours || at >= until - trip.transitHours;
    return isOnTheWay ? { kind: 'transit' } : { kind: 'away', residence: trip.to };
  }
  const [day, hour] = [Math.floor(at / HOURS), at % HOURS];
  if (person.work !== null && day % 7 < 5 && isAtWork(person, day, hour)) {
    return { kind: 'work', residence: person.work };
  }
  const isOut = hour >= 7 && hour < 22 && random.isChance(hour < 9 || (hour >= 16 && hour < 19) ? 0.5 : 0.2);
  return isOut ? { kind: 'out', city: person.home.city } : { kind: 'home', residence: person.home };
}

function isAtWork({ habits }: Person, day: number, hour: number): boolean {
  if (habits.day === 'usual') return hour >= 9 && hour < 17;
  // Early, late, night, by the week.
  const [from, until] = [[6, 14] as const, [14, 22] as const, [22, 30] as const][Math.floor(day / 7) % 3] ?? [0, 0];
  return (hour >= from && hour < until) || hour + HOURS < until;
}

/** How gladly a device is taken at home, on the way, and away. */
const TAKEN: Readonly<Record<Gadget['kind'], Readonly<Record<'home' | 'work' | 'out' | 'away', number>>>> = {
  phone: { home: 4, work: 3, out: 12, away: 6 },
  tablet: { home: 3, work: 0.3, out: 0.7, away: 2 },
  laptop: { home: 4, work: 3, out: 0.5, away: 4 },
  desktop: { home: 4, work: 6, out: 0, away: 0 },
};

function gadgetAt(
  person: Person,
  where: Exclude<Whereabouts, { kind: 'transit' }>,
  day: number,
  random: Random,
): Gadget | null {
  const here = person.gadgets.filter(
    ({ stands, from, until }) => (stands === null || stands === where.kind) && day >= from && day < until,
  );
  const weights = here.map((gadget) => [TAKEN[gadget.kind][where.kind], gadget] as const);
  return weights.some(([weight]) => weight > 0) ? random.weighted(weights) : null;
}

function spotAt(
  person: Person,
  where: Exclude<Whereabouts, { kind: 'transit' }>,
  gadget: Gadget,
  at: number,
  random: Random,
): Spot {
  const { vpn, habits } = person;
  if (vpn !== null && random.isChance(habits.onVpn)) {
    // Most clients of a VPN stay with an exit for some days.
    const exit = vpn.exits[(Math.floor(at / 60) + (random.isChance(0.3) ? random.whole(0, 9) : 0)) % vpn.exits.length];
    const city = exit ?? person.home.city;
    return spotIn(city, vpn.party + CITIES.indexOf(city), random.whole(1, vpn.networks), 'exit');
  }
  const isOnLine =
    where.kind !== 'out' && (gadget.kind === 'phone' ? random.isChance(habits.onWifi) : random.isChance(0.97));
  if (isOnLine) {
    const { city, party, changesDays } = where.residence;
    return spotIn(city, party, Math.floor(at / HOURS / changesDays), 'line');
  }
  return mobileSpot(person, where.kind === 'away' ? where.residence.city : person.home.city, random);
}

/** By a carrier, which puts many behind one address and takes another whenever it likes. */
function mobileSpot({ carrier, home }: Person, city: City, random: Random): Spot {
  const seen = carrier.isHomeRouted ? home.city : city;
  const party = carrier.party + (seen === home.city ? 0 : CITIES.indexOf(seen) + 1);
  return spotIn(seen, party, random.whole(1, carrier.networks), 'gateway');
}
