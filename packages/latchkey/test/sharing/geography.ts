/** Where people of the simulation are, and what a server sees of that: a network, and coordinates that are not always right. */
import { distanceKm } from '../../src/model/distance.ts';
import { Random } from './random.ts';

export type City = {
  readonly name: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
};

/** Name, degrees, and how many of the service's people live there. */
const COUNTRIES: Readonly<
  Record<string, readonly (readonly [name: string, latitude: number, longitude: number, people: number])[]>
> = {
  Germany: [
    ['Berlin', 52.5, 13.4, 9],
    ['Hamburg', 53.6, 10, 5],
    ['Munich', 48.1, 11.6, 5],
    ['Cologne', 50.9, 7, 5],
    ['Frankfurt', 50.1, 8.7, 4],
    ['Leipzig', 51.3, 12.4, 3],
    ['Dresden', 51.1, 13.7, 2],
    ['Freiburg', 48, 7.8, 2],
  ],
  Austria: [
    ['Vienna', 48.2, 16.4, 5],
    ['Graz', 47.1, 15.4, 2],
    ['Salzburg', 47.8, 13, 1],
    ['Innsbruck', 47.3, 11.4, 1],
  ],
  France: [
    ['Paris', 48.9, 2.4, 7],
    ['Lyon', 45.8, 4.8, 3],
    ['Marseille', 43.3, 5.4, 2],
    ['Lille', 50.6, 3.1, 2],
    ['Toulouse', 43.6, 1.4, 2],
  ],
  Spain: [
    ['Madrid', 40.4, -3.7, 4],
    ['Barcelona', 41.4, 2.2, 4],
    ['Seville', 37.4, -6, 2],
    ['Valencia', 39.5, -0.4, 2],
  ],
  Italy: [
    ['Rome', 41.9, 12.5, 3],
    ['Milan', 45.5, 9.2, 3],
    ['Naples', 40.9, 14.3, 2],
    ['Turin', 45.1, 7.7, 1],
  ],
  Poland: [
    ['Warsaw', 52.2, 21, 3],
    ['Krakow', 50.1, 19.9, 2],
    ['Gdansk', 54.4, 18.6, 1],
  ],
  'United Kingdom': [
    ['London', 51.5, -0.1, 6],
    ['Manchester', 53.5, -2.2, 3],
    ['Edinburgh', 55.9, -3.2, 2],
    ['Bristol', 51.5, -2.6, 2],
  ],
  'United States': [
    ['New York', 40.7, -74, 4],
    ['Boston', 42.4, -71.1, 2],
    ['Chicago', 41.9, -87.6, 3],
    ['Houston', 29.8, -95.4, 2],
    ['San Francisco', 37.8, -122.4, 3],
    ['Seattle', 47.6, -122.3, 2],
  ],
  Brazil: [
    ['São Paulo', -23.5, -46.6, 4],
    ['Rio de Janeiro', -22.9, -43.2, 3],
    ['Recife', -8.1, -34.9, 1],
  ],
  India: [
    ['Mumbai', 19.1, 72.9, 3],
    ['Delhi', 28.6, 77.2, 3],
    ['Bengaluru', 13, 77.6, 3],
  ],
  Egypt: [
    ['Cairo', 30, 31.2, 3],
    ['Alexandria', 31.2, 29.9, 1],
  ],
  Netherlands: [
    ['Amsterdam', 52.4, 4.9, 2],
    ['Rotterdam', 51.9, 4.5, 1],
  ],
  Sweden: [
    ['Stockholm', 59.3, 18.1, 1],
    ['Malmö', 55.6, 13, 1],
  ],
  Japan: [['Tokyo', 35.7, 139.7, 1]],
  Singapore: [['Singapore', 1.3, 103.8, 1]],
  Canada: [['Toronto', 43.7, -79.4, 1]],
};

const PEOPLE_OF: readonly (readonly [weight: number, city: City])[] = Object.entries(COUNTRIES).flatMap(
  ([country, cities]) =>
    cities.map(([name, latitude, longitude, people]) => [people, { name, country, latitude, longitude }] as const),
);
export const CITIES: readonly City[] = PEOPLE_OF.map(([, city]) => city);

export function homeCity(random: Random): City {
  return random.weighted(PEOPLE_OF);
}

export function kilometres(from: City, to: City): number {
  return distanceKm(from.latitude, from.longitude, to.latitude, to.longitude);
}

/** Another city that is at least this far, and in the same country where `isAbroad` is false and there is one. */
export function otherCity(random: Random, from: City, isAbroad: boolean, leastKm = 60): City {
  const far = CITIES.filter((city) => city !== from && kilometres(from, city) >= leastKm);
  const here = far.filter((city) => city.country === from.country);
  return random.pick(isAbroad || here.length === 0 ? far : here);
}

/** What a server is told of where a request comes from: a name of its network, and coordinates where they are known. */
export type Spot = { readonly network: string; readonly latitude: number | null; readonly longitude: number | null };

/** How well an address tells where it is: by a line to a building, by a carrier's gateway, by an exit of a VPN. */
export type Reach = 'line' | 'gateway' | 'exit';

/** How often an address is placed in another city of its country, and how often nowhere. Databases of places are that good. */
const ELSEWHERE: Readonly<Record<Reach, number>> = { line: 0.08, gateway: 0.45, exit: 0 };
const NOWHERE = 0.03;

/** The network `number` of a party (a household, a carrier) in a city: the same for the same, whenever it is asked. */
export function spotIn(city: City, party: number, number: number, reach: Reach): Spot {
  const random = new Random(party, number, 77);
  const network = `${word(random)}${word(random)}`;
  if (random.isChance(NOWHERE)) return { network, latitude: null, longitude: null };
  const seen = random.isChance(ELSEWHERE[reach]) ? otherCity(random, city, false, 0) : city;
  const spread = reach === 'exit' ? 0 : 0.35;
  return {
    network,
    latitude: tenth(random.about(seen.latitude, spread)),
    longitude: tenth(random.about(seen.longitude, spread)),
  };
}

function word(random: Random): string {
  return Math.floor(random.next() * 2 ** 31)
    .toString(36)
    .padStart(6, '0')
    .slice(0, 6);
}

function tenth(degrees: number): number {
  return Math.round(degrees * 10) / 10 + 0;
}
