/** Degrees north and east (WGS 84), negative south and west, to one decimal: within about 11 km. */
export type Coordinates = { readonly latitude: number; readonly longitude: number };

/** Where a client is, as far as the host says so. */
export type Whereabouts = {
  /** As a person reads it, such as `Vienna, Austria`. */
  readonly name: string | null;
  readonly coordinates: Coordinates | null;
};

export const NOWHERE: Whereabouts = { name: null, coordinates: null };

/** Characters of a place that are looked at and kept: a city and a country fit, and a page's line stays a line. */
const LONGEST = 100;

/** What no place is written with: control characters, halves of letters, and what turns the direction of the text after it. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}]/gu;

/** A host's name of a place as it is kept: one line, at most 100 characters. null where nothing is left of it. */
export function placeFrom(given: string): string | null {
  const line = given.replace(/\s+/gu, ' ').replace(UNWRITABLE, '').trim();
  const place = [...line.slice(0, 2 * LONGEST)].slice(0, LONGEST).join('').trim();
  return place === '' ? null : place;
}

/** Coordinates as they are kept: coarse. null for what are none. */
export function coordinatesFrom(latitude: unknown, longitude: unknown): Coordinates | null {
  return isWithin(latitude, 90) && isWithin(longitude, 180)
    ? { latitude: coarse(latitude), longitude: coarse(longitude) }
    : null;
}

function isWithin(degrees: unknown, most: number): degrees is number {
  return typeof degrees === 'number' && Math.abs(degrees) <= most;
}

/** One decimal, and no negative zero. */
function coarse(degrees: number): number {
  return Math.round(degrees * 10) / 10 + 0;
}
