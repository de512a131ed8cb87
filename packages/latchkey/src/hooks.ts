/** The host's hooks as the flows ask them: whatever they answer, and whether they answer at all. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks, Registration } from './flows/parts.ts';
import { coordinatesFrom, NOWHERE, placeFrom, type Whereabouts } from './model/place.ts';
import type { FieldErrors } from './model/reasons.ts';

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
        const answer: unknown = await inTime(hooks.placeOf(address));
        if (answer === LATE) warn({}, 'hooks.placeOf took longer than 500 ms; a sign-in goes on without a place');
        else return whereaboutsFrom(answer);
      } catch (error) {
        warn(causeOf(error), 'hooks.placeOf failed; a sign-in goes on without a place');
      }
      return NOWHERE;
    },
  };
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

const LONGEST_MS = 500;

const LATE = Symbol('late');

/** What comes of it, or that it is late. Whatever comes after that is dropped, a failure too. */
async function inTime<T>(answer: T): Promise<Awaited<T> | typeof LATE> {
  const end = new AbortController();
  const late: Promise<typeof LATE> = sleep(LONGEST_MS, null, { signal: end.signal }).then(
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
