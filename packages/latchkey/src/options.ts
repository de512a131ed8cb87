/** How single options are read and checked, whether they come from code or from an environment variable. */
import type { Rate } from './model/settings.ts';

/** What is wrong with an option, and what to do about it. */
export class Problem {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** One option: how it is given in code (`Given`), what becomes of it (`Value`), and what it is when it is not given. */
export type Option<Given, Value> = {
  /** The environment variable that sets it where the code does not. */
  readonly env: string;
  readonly fallback: Value;
  /** What the manual says of the fallback. */
  readonly shown: string;
  /** Reads what was given; text from the environment, or a value from code. */
  readonly read: (given: unknown) => Value | Problem;
  /** Never there: it tells the type of what is given. */
  readonly given?: Given;
};

type Shape<Value> = { readonly env: string; readonly fallback: Value; readonly shown?: string };

export function option<Given, Value>(
  { env, fallback, shown }: Shape<Value>,
  read: (given: unknown) => Value | Problem,
): Option<Given, Value> {
  return { env, fallback, shown: shown ?? String(fallback), read };
}

export function words<Value extends string | null>(shape: Shape<Value>): Option<string, Value | string> {
  return option<string, Value | string>(shape, (given) =>
    typeof given === 'string' && given.trim() !== '' ? given : new Problem('must be text and not empty'),
  );
}

export function choice<const Choices extends readonly string[], Fallback extends Choices[number] | null>(
  choices: Choices,
  shape: Shape<Fallback | Choices[number]>,
): Option<Choices[number], Choices[number] | Fallback> {
  return option<Choices[number], Choices[number] | Fallback>(shape, (given) => {
    const choice = choices.find((known) => known === String(given));
    return choice ?? new Problem(`must be one of ${choices.join(', ')}`);
  });
}

export function flag(shape: Shape<boolean>): Option<boolean, boolean> {
  return option(shape, (given) => {
    if (given === true || given === 'true' || given === '1') return true;
    if (given === false || given === 'false' || given === '0') return false;
    return new Problem('must be true or false');
  });
}

export function count(
  shape: Shape<number>,
  { min, max }: { readonly min: number; readonly max: number },
): Option<number, number> {
  return option(shape, (given) => {
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    const isRight = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return isRight ? value : new Problem(`must be a whole number from ${min} to ${max}`);
  });
}

/** A length of time, given in a unit that its name tells, kept in milliseconds: a minute or more where no other `minMs` is given. */
export function time(
  unitMs: number,
  { env, fallback, minMs = MINUTE_MS }: { readonly env: string; readonly fallback: number; readonly minMs?: number },
): Option<number, number> {
  const least = minMs < MINUTE_MS ? `${minMs / SECOND_MS} seconds` : `${minMs / MINUTE_MS} min`;
  return option({ env, fallback: fallback * unitMs, shown: String(fallback) }, (given) => {
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    const isRight = typeof value === 'number' && value * unitMs >= minMs && value * unitMs <= 10 * 365 * DAY_MS;
    return isRight ? value * unitMs : new Problem(`must be a number, and ${least} or more and ten years at most`);
  });
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** Several values: a list in code, or text with commas between. */
export function list(
  shape: Shape<readonly string[]>,
  check: (item: string) => string | null,
): Option<readonly string[], readonly string[]> {
  return option({ ...shape, shown: shape.fallback.join(', ') || 'none' }, (given) => {
    const items: unknown = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given;
    if (!Array.isArray(items) || !items.every((item) => typeof item === 'string')) {
      return new Problem('must be a list of texts');
    }
    const named = items.filter((item) => item !== '');
    const flaw = named.map(check).find((complaint) => complaint !== null);
    return flaw == null ? named : new Problem(flaw);
  });
}

/** Of whom something is demanded: of `nobody`, of `everybody`, or of those with one of these roles. */
export function whom(
  shape: Shape<'nobody' | 'everybody'>,
): Option<'nobody' | 'everybody' | readonly string[], 'nobody' | 'everybody' | readonly string[]> {
  return option<'nobody' | 'everybody' | readonly string[], 'nobody' | 'everybody' | readonly string[]>(
    shape,
    (given) => {
      if (given === 'nobody' || given === 'everybody') return given;
      const items: unknown = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given;
      const isRoles = Array.isArray(items) && items.length > 0 && items.every(isRole);
      return isRoles ? items : new Problem('must be nobody, everybody, or roles');
    },
  );
}

function isRole(item: unknown): boolean {
  return typeof item === 'string' && item.trim() !== '' && item !== 'nobody' && item !== 'everybody';
}

const UNITS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS };

const RATE_FLAW = 'must be a number per time, such as 10/5min, 3/min, 20/hour';

/** So many in so long: `10/5min`, `3/min`, `20/hour`, as Django REST framework writes rates. */
export function rate({ env, fallback }: { readonly env: string; readonly fallback: string }): Option<string, Rate> {
  const usual = readRate(fallback);
  if (usual === null) throw new TypeError(`${fallback} is no rate.`);
  return option(
    { env, fallback: usual, shown: fallback },
    (given) => readRate(String(given)) ?? new Problem(RATE_FLAW),
  );
}

/** A rate that need not be there. */
export function rateOrNone({ env }: { readonly env: string }): Option<string, Rate | null> {
  return option<string, Rate | null>({ env, fallback: null, shown: 'none' }, (given) =>
    given === 'none' ? null : (readRate(String(given)) ?? new Problem(RATE_FLAW)),
  );
}

function readRate(text: string): Rate | null {
  const [, limit, many, unit] = /^(\d{1,6})\/(\d{0,4})\s*(s|m|h|d)[a-z]*$/i.exec(text.trim()) ?? [];
  const unitMs = UNITS[unit?.toLowerCase() ?? ''];
  if (limit === undefined || unitMs === undefined || Number(limit) === 0) return null;
  const windowMs = (many === '' ? 1 : Number(many)) * unitMs;
  return windowMs > 0 ? { limit: Number(limit), windowMs } : null;
}

/** A number of devices, 1 or more, or `unlimited` in so many letters: nothing that could be given by mistake means "no limit". */
export function limit(shape: Shape<number | 'unlimited'>): Option<number | 'unlimited', number | 'unlimited'> {
  return option(shape, (given) => {
    if (given === 'unlimited') return 'unlimited';
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    const isRight = typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 1_000_000;
    return isRight ? value : new Problem('must be a whole number from 1, or unlimited');
  });
}

/** A name that PostgreSQL takes as it stands, with room for what is put before and after it. */
export function schemaName(shape: Shape<string>): Option<string, string> {
  return option(shape, (given) => {
    const isName = typeof given === 'string' && /^[a-z_][a-z0-9_]{0,49}$/.test(given) && !given.startsWith('pg_');
    return isName ? given : new Problem('must be small letters, digits and _, at most 50, and not begin with pg_');
  });
}

/** What a cookie may be called (RFC 6265, 4.1.1) beside those that are there anyway, or `none`. */
export function cookieName({ env }: { readonly env: string }): Option<string, string | null> {
  return option<string, string | null>({ env, fallback: null, shown: 'none' }, (given) => {
    if (given === 'none') return null;
    const isName = typeof given === 'string' && /^[\w-]{1,64}$/.test(given) && !/^(?:__|latchkey)/i.test(given);
    return isName ? given : new Problem('must be letters, digits, - and _, not begin with __ or latchkey, or none');
  });
}
