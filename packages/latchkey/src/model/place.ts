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
