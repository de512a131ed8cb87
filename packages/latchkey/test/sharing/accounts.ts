/** The kinds of accounts that the simulation has: those of one person or household, and those that are passed around. */
import { type City, homeCity, otherCity } from './geography.ts';
import * as make from './making.ts';
import { DAYS, type Maker } from './making.ts';
import { HOURS, type Person, type Residence } from './people.ts';
import { Random } from './random.ts';

/** Somebody who uses an account, and when in the year (by days); null is all of it. */
export type Member = {
  readonly person: Person;
  readonly periods: readonly (readonly [from: number, until: number])[] | null;
};

export type Composed = {
  readonly members: readonly Member[];
  /** Hours since the beginning of the year at which a new password is set. */
  readonly newPasswords: readonly number[];
};

type Composition = (maker: Maker, city: City) => Composed;

const all = (people: readonly Person[], newPasswords: readonly number[] = []): Composed => ({
  members: people.map((person) => ({ person, periods: null })),
  newPasswords,
});

/** What everybody in a household may take. */
function household(maker: Maker, home: Residence, count: number): readonly Person[] {
  const { random } = maker;
  const tablet = make.gadget(random, 'tablet', { stands: 'home' });
  return Array.from({ length: count }, () => {
    const own = make.gadgets(random, random.whole(1, 2));
    const isSeldom = make.habits(random, { activity: random.between(0.01, 0.12) });
    return make.person(maker, { city: home.city, home, gadgets: [...own, tablet], habits: isSeldom });
  });
}

/** An intruder who has guessed the password: a few times from far away, until it is changed. */
function withIntruder(maker: Maker, composed: Composed, city: City): Composed {
  const { random } = maker;
  if (!random.isChance(0.006)) return composed;
  const from = random.whole(0, DAYS - 20);
  const until = from + random.whole(1, 14);
  const far = otherCity(random, city, true);
  const intruder = make.person(maker, {
    city: far,
    gadgets: [make.gadget(random, 'desktop', { forgets: 0.3 })],
    habits: make.habits(random, { activity: random.between(0.2, 0.7) }),
    trips: [],
  });
  return {
    members: [...composed.members, { person: intruder, periods: [[from, until]] }],
    newPasswords: random.isChance(0.7) ? [...composed.newPasswords, until * HOURS] : composed.newPasswords,
  };
}

/** Of one person, or of a household. */
export const ORDINARY = {
  'one device': (maker, city) => all([make.person(maker, { city, gadgets: make.gadgets(maker.random, 1) })]),
  'own devices': (maker, city) =>
    all([make.person(maker, { city, gadgets: make.gadgets(maker.random, maker.random.whole(2, 4)) })]),
  family: (maker, city) => {
    const holder = make.person(maker, { city });
    return all([holder, ...household(maker, holder.home, maker.random.whole(1, 3))]);
  },
  traveller: (maker, city) => {
    const { random } = maker;
    const home = make.residence(maker, city);
    const to = (): Residence => make.hotel(maker, otherCity(random, city, random.isChance(0.6), 150));
    const trips = make.journeys(maker, home, { count: random.whole(8, 40), days: [1, 6], to });
    const own = make.gadgets(random, random.whole(1, 3));
    return all([make.person(maker, { city, home, trips, gadgets: own })]);
  },
  'carrier NAT': (maker, city) => {
    const { random } = maker;
    const carrier = { party: make.partyOf(maker), networks: random.whole(500, 5000), isHomeRouted: true };
    const onWifi = random.weighted([
      [1, 0],
      [1, random.between(0.05, 0.4)],
    ]);
    return all([make.person(maker, { city, carrier, habits: make.habits(random, { onWifi }) })]);
  },
  VPN: (maker, city) => {
    const { random } = maker;
    const vpn = make.vpnOf(maker, city, random.whole(2, 9));
    return all([make.person(maker, { city, vpn, habits: make.habits(random, { onVpn: random.between(0.3, 1) }) })]);
  },
  student: (maker, city) => {
    const { random } = maker;
    const dorm = make.residence(maker, city);
    const parents = make.residence(maker, otherCity(random, city, random.isChance(0.1)));
    const trips = make.journeys(maker, dorm, { count: random.whole(6, 24), days: [1.5, 9], to: () => parents });
    const campus = { ...make.residence(maker, city), changesDays: 400 };
    const own = make.gadgets(random, random.whole(1, 3));
    return all([make.person(maker, { city, home: dorm, work: campus, trips, gadgets: own })]);
  },
  'clears cookies': (maker, city) => {
    const { random } = maker;
    const forgets = random.weighted([
      [2, 1],
      [1, random.between(0.2, 0.9)],
    ]);
    const own = make.gadgets(random, make.ownCount(random), { forgets, signsOut: random.isChance(0.4) ? 0.5 : 0.02 });
    return all([make.person(maker, { city, gadgets: own })]);
  },
  shifts: (maker, city) => {
    const { random } = maker;
    const terminal = make.gadget(random, 'desktop', { stands: 'work', signsOut: 0.5, forgets: 0.1 });
    const work = { ...make.residence(maker, city), changesDays: 400 };
    const own = make.gadgets(random, random.whole(1, 2));
    const habits = make.habits(random, { day: 'shifts' });
    return all([make.person(maker, { city, work, habits, gadgets: [...own, terminal] })]);
  },
} as const satisfies Readonly<Record<string, Composition>>;

/** Somebody who shares: as anybody is, but that they use what they share. */
function sharer(maker: Maker, city: City, activity: readonly [number, number], more: Partial<Person> = {}): Person {
  const { random } = maker;
  const habits = make.habits(random, { activity: random.between(...activity) });
  const own = make.gadgets(
    random,
    random.weighted([
      [3, 1],
      [2, 2],
    ]),
  );
  return make.person(maker, { city, gadgets: own, habits, ...more });
}

/** The first visits the second a few times a year. */
function visiting(maker: Maker, guest: Person, host: Person): Person {
  const count = maker.random.whole(0, 6);
  const trips = make.journeys(maker, guest.home, { count, days: [1, 4], to: () => host.home });
  return { ...guest, trips: count > 0 ? trips : guest.trips };
}

/** Three in ten share for a part of the year alone. */
function forAWhile(maker: Maker, people: readonly Person[]): Composed {
  const { random } = maker;
  const isPart = random.isChance(0.3);
  const from = random.whole(0, DAYS - 90);
  const until = from + random.whole(60, 300);
  const periods = isPart ? ([[from, until]] as const) : null;
  return { members: people.map((person, at) => ({ person, periods: at === 0 ? null : periods })), newPasswords: [] };
}

function repeated<T>(count: number, one: () => T): readonly T[] {
  return Array.from({ length: count }, one);
}

/** Passed around among people of several households. */
export const SHARING = {
  'pair in two cities': (maker, city) => {
    const { random } = maker;
    const first = sharer(maker, city, [0.2, 0.7]);
    const second = sharer(maker, otherCity(random, city, random.isChance(0.35)), [0.12, 0.7]);
    return forAWhile(maker, [visiting(maker, first, second), second]);
  },
  'group of friends': (maker, city) => {
    const { random } = maker;
    const cityOf = (): City => (random.isChance(0.55) ? city : otherCity(random, city, random.isChance(0.2)));
    const friends = repeated(random.whole(2, 5), () => sharer(maker, cityOf(), [0.08, 0.5]));
    const [host] = friends;
    const first = sharer(maker, city, [0.15, 0.6]);
    return forAWhile(maker, [host === undefined ? first : visiting(maker, first, host), ...friends]);
  },
  reseller: (maker, city) => {
    const { random } = maker;
    const isAbroad = random.isChance(0.4);
    const buyer = (): Person => sharer(maker, otherCity(random, city, isAbroad, 0), [0.02, 0.16]);
    return forAWhile(maker, repeated(random.whole(12, 36), buyer));
  },
  'slow pair': (maker, city) => {
    const { random } = maker;
    const second = sharer(maker, otherCity(random, city, random.isChance(0.25), 0), [0.08, 0.22]);
    return forAWhile(maker, [sharer(maker, city, [0.15, 0.4]), second]);
  },
  'behind one VPN': (maker, city) => {
    const { random } = maker;
    const vpn = { ...make.vpnOf(maker, city, 1), networks: 1 };
    const member = (): Person => {
      const onVpn = random.between(0.9, 1);
      const habits = make.habits(random, { activity: random.between(0.1, 0.6), onVpn });
      return sharer(maker, otherCity(random, city, false, 0), [0.1, 0.6], { vpn, habits });
    };
    return forAWhile(maker, repeated(random.whole(2, 5), member));
  },
  'course before exams': (maker, city) => {
    const { random } = maker;
    const exams = [random.whole(15, 40), random.whole(150, 190), random.whole(320, 345)];
    const periods = exams.slice(0, random.whole(2, 3)).map((day) => [day, day + random.whole(12, 24)] as const);
    const others = repeated(random.whole(3, 9), () => sharer(maker, city, [0.2, 0.7]));
    const owner = sharer(maker, city, [0.1, 0.5]);
    const members = [{ person: owner, periods: null }, ...others.map((person) => ({ person, periods }))];
    return { members, newPasswords: [] };
  },
  'within one city': (maker, city) => {
    const { random } = maker;
    const friends = repeated(random.whole(1, 3), () => sharer(maker, city, [0.12, 0.6]));
    const [host] = friends;
    const first = sharer(maker, city, [0.2, 0.6]);
    return forAWhile(maker, [host === undefined ? first : visiting(maker, first, host), ...friends]);
  },
} as const satisfies Readonly<Record<string, Composition>>;

export type OrdinaryKind = keyof typeof ORDINARY;
export type SharingKind = keyof typeof SHARING;
export type Kind = OrdinaryKind | SharingKind;

/** So many of all accounts are passed around. */
export const SHARERS = 0.06;

const ORDINARY_KINDS: readonly (readonly [weight: number, kind: OrdinaryKind])[] = [
  [22, 'one device'],
  [33, 'own devices'],
  [8, 'family'],
  [7, 'traveller'],
  [8, 'carrier NAT'],
  [6, 'VPN'],
  [7, 'student'],
  [5, 'clears cookies'],
  [4, 'shifts'],
];

const SHARING_KINDS: readonly (readonly [weight: number, kind: SharingKind])[] = [
  [25, 'pair in two cities'],
  [22, 'group of friends'],
  [10, 'reseller'],
  [8, 'slow pair'],
  [5, 'behind one VPN'],
  [14, 'course before exams'],
  [16, 'within one city'],
];

export type Made = Composed & {
  readonly kind: Kind;
  readonly isSharing: boolean;
  /** Devices at once. */
  readonly limit: number;
  /** The first and the last day on which the account is used. */
  readonly from: number;
  readonly until: number;
};

/** The account of a number: the same one however many others there are. */
export function makeAccount(seed: number, account: number): { readonly made: Made; readonly random: Random } {
  const random = new Random(seed, account);
  const maker: Maker = { random, account: seed * 1_000_003 + account, parties: 0 };
  const city = homeCity(random);
  const isSharing = random.isChance(SHARERS);
  const limit = random.isChance(0.1) ? 2 : 1;
  const from = random.isChance(0.35) ? random.whole(0, DAYS - 60) : 0;
  const until = random.isChance(0.2) ? random.whole(from + 30, DAYS) : DAYS;
  const life = { isSharing, limit, from, until };
  if (isSharing) {
    const kind = random.weighted(SHARING_KINDS);
    // Whoever passes an account around began before, or with, the year.
    return { made: { ...SHARING[kind](maker, city), ...life, from: 0, until: DAYS, kind }, random };
  }
  const kind = random.weighted(ORDINARY_KINDS);
  return { made: { ...withIntruder(maker, ORDINARY[kind](maker, city), city), ...life, kind }, random };
}
