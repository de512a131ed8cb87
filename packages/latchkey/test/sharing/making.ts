/** How people, their homes and their devices are made, at random and by what kind of people they are. */
import { type City, kilometres, otherCity } from './geography.ts';
import type { Gadget, Habits, Person, Residence, Trip } from './people.ts';
import { mixed, type Random } from './random.ts';

export const DAYS = 365;

/** What is made for one account, and numbers its parties apart from everybody else's. */
export type Maker = { readonly random: Random; readonly account: number; parties: number };

export function partyOf(maker: Maker): number {
  maker.parties += 1000;
  return mixed(maker.account) + maker.parties;
}

/** Most lines keep their address for long, some get another each day. */
export function residence(maker: Maker, city: City): Residence {
  const changesDays = maker.random.weighted([
    [60, 400],
    [22, maker.random.whole(10, 60)],
    [18, 1],
  ]);
  return { city, party: partyOf(maker), changesDays };
}

type Kind = Gadget['kind'];

const NAMES: Readonly<Record<Kind, readonly (readonly [weight: number, value: Pick<Gadget, 'name' | 'class'>])[]>> = {
  phone: [
    [4, { name: 'Chrome on Android', class: 'web' }],
    [3, { name: 'Safari on iOS', class: 'web' }],
    [2, { name: 'an Android app', class: 'mobile' }],
    [2, { name: 'an iOS app', class: 'mobile' }],
  ],
  tablet: [
    [2, { name: 'Safari on iOS', class: 'web' }],
    [1, { name: 'Chrome on Android', class: 'web' }],
  ],
  laptop: [
    [5, { name: 'Chrome on Windows', class: 'web' }],
    [2, { name: 'Safari on macOS', class: 'web' }],
    [2, { name: 'Firefox on Windows', class: 'web' }],
    [1, { name: 'Firefox on Linux', class: 'web' }],
  ],
  desktop: [
    [5, { name: 'Chrome on Windows', class: 'web' }],
    [2, { name: 'Microsoft Edge on Windows', class: 'web' }],
  ],
};

export function gadget(random: Random, kind: Kind, given: Partial<Gadget> = {}): Gadget {
  const of = random.weighted(NAMES[kind]);
  // Some forget now and then whoever they are of: a private window, a new browser.
  return { id: null, kind, ...of, forgets: 0.01, signsOut: 0.01, stands: null, from: 0, until: DAYS, ...given };
}

/** From one to four devices of their own; a quarter of the phones are replaced by another in the year. */
export function gadgets(random: Random, count: number, given: Partial<Gadget> = {}): readonly Gadget[] {
  const order: readonly Kind[] = random.weighted([
    [5, ['phone', 'laptop', 'tablet', 'desktop']],
    [3, ['laptop', 'phone', 'desktop', 'tablet']],
    [1, ['desktop', 'phone', 'laptop', 'tablet']],
    [1, ['phone', 'tablet', 'laptop', 'desktop']],
  ]);
  return order.slice(0, count).flatMap((kind) => {
    const more = kind === 'desktop' ? { ...given, stands: 'home' as const } : given;
    if (kind !== 'phone' || random.isChance(0.75)) return [gadget(random, kind, more)];
    const day = random.whole(1, DAYS - 1);
    return [gadget(random, kind, { ...more, until: day }), gadget(random, kind, { ...more, from: day })];
  });
}

export function ownCount(random: Random): number {
  return random.weighted([
    [38, 1],
    [38, 2],
    [17, 3],
    [7, 4],
  ]);
}

export function habits(random: Random, given: Partial<Habits> = {}): Habits {
  return {
    activity: random.weighted([
      [6, random.between(0.02, 0.12)],
      [3, random.between(0.12, 0.3)],
      [2, random.between(0.3, 0.7)],
      [0.6, random.between(0.7, 0.97)],
    ]),
    more: random.weighted([
      [4, random.between(0.1, 0.6)],
      [1, random.between(0.6, 2.5)],
    ]),
    day: 'usual',
    onWifi: random.weighted([
      [7, random.between(0.7, 0.98)],
      [2, random.between(0.2, 0.7)],
      [1, random.between(0, 0.1)],
    ]),
    onVpn: 0,
    ...given,
  };
}

export type Given = Partial<Person> & { readonly city: City };

/** Somebody of a city, as most are where nothing else is given. */
export function person(maker: Maker, { city, ...given }: Given): Person {
  const { random } = maker;
  const hasVpn = random.isChance(0.04);
  const home = given.home ?? residence(maker, city);
  return {
    home,
    work: random.isChance(0.6) ? { ...residence(maker, city), changesDays: 400 } : null,
    gadgets: gadgets(random, ownCount(random)),
    habits: habits(random, { onVpn: hasVpn ? random.between(0.02, 0.3) : 0 }),
    trips: random.isChance(0.4) ? holidays(maker, home, random.whole(1, 2)) : [],
    carrier: {
      party: partyOf(maker),
      networks: random.weighted([
        [6, random.whole(4, 20)],
        [4, random.whole(20, 200)],
      ]),
      isHomeRouted: random.isChance(0.6),
    },
    vpn: hasVpn ? vpnOf(maker, city, random.whole(1, 4)) : null,
    ...given,
  };
}

export function vpnOf(maker: Maker, city: City, exits: number): NonNullable<Person['vpn']> {
  const { random } = maker;
  const list = Array.from({ length: exits }, () => (random.isChance(0.25) ? city : otherCity(random, city, true)));
  return { party: partyOf(maker), exits: list, networks: random.whole(1, 12) };
}

/** Journeys one after the other: by air where it is far, at the speed of an airliner and three hours at airports. */
export function journeys(
  maker: Maker,
  home: Residence,
  {
    count,
    days,
    to,
  }: { readonly count: number; readonly days: readonly [number, number]; readonly to: () => Residence },
): readonly Trip[] {
  const { random } = maker;
  const trips: Trip[] = [];
  const every = DAYS / Math.max(1, count);
  for (let number = 0; number < count; number++) {
    const destination = to();
    const transitHours = transitOf(kilometres(home.city, destination.city));
    const stay = Math.min(random.between(...days) + transitHours / 12, every * 0.8);
    const from = number * every + random.between(0, every - stay);
    if (stay * 24 > 2.5 * transitHours) trips.push({ from, until: from + stay, to: destination, transitHours });
  }
  return trips;
}

function transitOf(km: number): number {
  return km < 300 ? 0.5 + km / 90 : 3 + km / 780;
}

function holidays(maker: Maker, home: Residence, count: number): readonly Trip[] {
  const { random } = maker;
  const to = (): Residence => hotel(maker, otherCity(random, home.city, random.isChance(0.6)));
  return journeys(maker, home, { count, days: [3, 16], to });
}

export function hotel(maker: Maker, city: City): Residence {
  return { city, party: partyOf(maker), changesDays: 400 };
}
