/** Times in words, in a reader's language. */
import type { Language } from './reader.ts';

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

function inLargestUnit(seconds: number): readonly [unit: (typeof UNITS)[number][0], count: number] {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? (['second', 1] as const);
  return [unit, Math.floor(seconds / size)];
}

/** Formats are dear to make, and a list of devices needs many. */
function perLanguage<Format>(make: (language: Language) => Format): (language: Language) => Format {
  const made = new Map<Language, Format>();
  return (language) => {
    const format = made.get(language) ?? make(language);
    made.set(language, format);
    return format;
  };
}

const relative = perLanguage((language) => new Intl.RelativeTimeFormat(language, { numeric: 'auto' }));

const clock = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
);

/** How long ago something was: `2 minutes ago`. */
export function ago(language: Language, ms: number): string {
  const [unit, count] = inLargestUnit(Math.max(0, Math.floor(ms / 1000)));
  return relative(language).format(-count, unit);
}

/** How long something takes, rounded up to a whole unit: `2 minutes`. */
export function duration(language: Language, seconds: number): string {
  const [unit, size] = UNITS.find(([name, size]) => name !== 'week' && seconds >= size) ?? (['second', 1] as const);
  const count = Math.max(1, Math.ceil(seconds / size));
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** A moment, by the clock of Greenwich: where its reader is nobody knows here. */
export function moment(language: Language, at: number): string {
  return `${clock(language).format(at)} UTC`;
}
