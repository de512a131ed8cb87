/** The host's hooks as the flows ask them: whatever they answer, and whether they answer at all. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks, Registration } from './flows/parts.ts';
import { placeFrom } from './model/place.ts';
import type { FieldErrors } from './model/reasons.ts';

/** What a host may have a say in. */
export type HostHooks = {
  /** Called with every registration that is well-formed; messages under its fields refuse it. */
  readonly beforeRegistration?: (
    registration: Registration,
  ) => FieldErrors | null | undefined | Promise<FieldErrors | null | undefined>;
  /**
   * Where an address (IPv4 or IPv6) is, coarsely, such as `Vienna, Austria`; null or `''` for nowhere. Called once at each
   * attempt to sign in, while its password is checked. At most 100 characters are kept, with the session. Where it throws, or
   * takes more than 500 ms, the sign-in goes on without a place.
   */
  readonly placeOf?: (address: string) => string | null | Promise<string | null>;
};

type Warn = (details: object, message: string) => void;

export function hooksFrom(hooks: HostHooks, warn: Warn): Hooks {
  return {
    async beforeRegistration({ username, email, profile }) {
      return (await hooks.beforeRegistration?.({ username, email, profile })) ?? null;
    },
    placeOf: async (address) => {
      if (hooks.placeOf === undefined) return null;
      try {
        const answer: unknown = await inTime(hooks.placeOf(address));
        if (answer === LATE) warn({}, 'hooks.placeOf took longer than 500 ms; a sign-in goes on without a place');
        else if (typeof answer === 'string') return placeFrom(answer);
        else if (answer != null) throw new TypeError('A place is text or null.');
      } catch (error) {
        warn(causeOf(error), 'hooks.placeOf failed; a sign-in goes on without a place');
      }
      return null;
    },
  };
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
