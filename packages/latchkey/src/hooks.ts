/** The host's hooks as the flows ask them: whatever they answer, and whether they answer at all. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks, Registration } from './flows/parts.ts';
import type { Account } from './model/account.ts';
import { coordinatesFrom, NOWHERE, placeFrom, type Whereabouts } from './model/place.ts';
import { type FieldErrors, Refusal } from './model/reasons.ts';

/** A place with its coordinates, in degrees (WGS 84): latitudes from -90 to 90, longitudes from -180 to 180. */
export type Place = { readonly name: string | null; readonly latitude: number; readonly longitude: number };

/** What a host may have a say in. */
export type HostHooks = {
  /** Called with every registration that is well-formed; messages under its fields refuse it. */
  readonly beforeRegistration?: (
    registration: Registration,
  ) => FieldErrors | null | undefined | Promise<FieldErrors | null | undefined>;
  /**
   * Where an address (IPv4 or IPv6) is, coarsely, such as `Vienna, Austria`; null or `''` for nowhere. Called once at each
   * attempt to sign in, while its password is checked. At most 100 characters are kept, with the session. With coordinates,
   * history keeps these to one decimal, about 11 km. Where it throws, answers with anything else, or takes more than 500 ms, the
   * sign-in goes on without a place.
   */
  readonly placeOf?: (address: string) => string | Place | null | Promise<string | Place | null>;
  /**
   * On how many devices an account may be signed in, by its plan or whatever you know of it: a whole number from 1, or
   * `'unlimited'`; null for what the settings say. Asked at each sign-in, once somebody has shown who they are. Where it throws,
   * answers with anything else, or takes more than 5 s, nobody comes in: the answer is 500, or 503 where it is late.
   */
  readonly limitOf?: (
    account: Pick<Account, 'id' | 'roles' | 'profile'>,
  ) => number | 'unlimited' | null | Promise<number | 'unlimited' | null>;
};

type Warn = (details: object, message: string) => void;

export function hooksFrom(hooks: HostHooks, warn: Warn): Hooks {
  return {
    async beforeRegistration({ username, email, profile }) {
      return (await hooks.beforeRegistration?.({ username, email, profile })) ?? null;
    },
    placeOf: async (address) => {
      if (hooks.placeOf === undefined) return NOWHERE;
      try {
        const answer: unknown = await inTime(hooks.placeOf(address), LONGEST_PLACE_MS);
        if (answer === LATE) warn({}, 'hooks.placeOf took longer than 500 ms; a sign-in goes on without a place');
        else return whereaboutsFrom(answer);
      } catch (error) {
        warn(causeOf(error), 'hooks.placeOf failed; a sign-in goes on without a place');
      }
      return NOWHERE;
    },
    limitOf: async ({ id, roles, profile }) => {
      if (hooks.limitOf === undefined) return null;
      const answer: unknown = await inTime(hooks.limitOf({ id, roles, profile }), LONGEST_LIMIT_MS);
      if (answer === LATE) {
        warn({ account: id }, 'hooks.limitOf took longer than 5 s; nobody is signed in without a limit');
        throw new Refusal('busy', { retryAfterSeconds: 1 });
      }
      if (answer === null || answer === 'unlimited' || isCount(answer)) return answer;
      throw new TypeError('hooks.limitOf must answer with a whole number from 1, unlimited, or null.');
    },
  };
}

const LONGEST_LIMIT_MS = 5_000;

/** What a limit may be, as in the settings. */
function isCount(answer: unknown): answer is number {
  return typeof answer === 'number' && Number.isSafeInteger(answer) && answer >= 1 && answer <= 1_000_000;
}

function whereaboutsFrom(answer: unknown): Whereabouts {
  if (answer == null) return NOWHERE;
  if (typeof answer === 'string') return { name: placeFrom(answer), coordinates: null };
  const { name, latitude, longitude } = Object(answer);
  const coordinates = coordinatesFrom(latitude, longitude);
  if (coordinates === null || (name !== null && typeof name !== 'string'))
    throw new TypeError('A place is text, a name with coordinates, or null.');
  return { name: name === null ? null : placeFrom(name), coordinates };
}

const LONGEST_PLACE_MS = 500;

const LATE = Symbol('late');

/** What comes of it, or that it is late. Whatever comes after that is dropped, a failure too. */
async function inTime<T>(answer: T, ms: number): Promise<Awaited<T> | typeof LATE> {
  const end = new AbortController();
  const late: Promise<typeof LATE> = sleep(ms, null, { signal: end.signal }).then(
    () => LATE,
    () => LATE,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    end.abort();
  }
}

/** What failed, without its message: that may well name the address. */
function causeOf(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  const isPlain = typeof code === 'string' && /^[A-Z][A-Z_]{1,40}$/.test(code);
  return { error: error.constructor.name, ...(isPlain && { code }) };
}
