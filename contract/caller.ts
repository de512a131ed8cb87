/** On whose behalf a request comes, by what it carries and by what should be so. */
import type { Code } from 'latchkey';
import type { Profile } from './profile.ts';
import type { KnownAccount, KnownSession, World } from './world.ts';

export type Caller =
  | { readonly kind: 'nobody' }
  /** A header of one of our schemes that carries no key. */
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'dead';
      readonly reason: Code;
      readonly scheme: Scheme;
      /** null for what never was one of a session. */
      readonly session: KnownSession | null;
    }
  | { readonly kind: 'live'; readonly session: KnownSession; readonly account: KnownAccount; readonly scheme: Scheme };

/** What a request carries: the header as text, `''` for none, and the session cookie's value. */
export type Credentials = { readonly authorization: string; readonly cookie: string | null };

export type Scheme = 'token' | 'bearer' | 'cookie';

/** The header where it is one of ours, else the cookie. */
export function callerOf(world: World, { hasKeys }: Profile, { authorization, cookie }: Credentials): Caller {
  const [scheme = '', ...rest] = authorization.split(/[ \t]+/).filter((word) => word !== '');
  const isOurs = hasKeys && /^(?:token|bearer)$/i.test(scheme);
  if (!isOurs) return cookie === null ? { kind: 'nobody' } : callerBy(world, cookie, 'cookie');
  const [key] = rest;
  if (key === undefined || rest.length > 1) return { kind: 'malformed' };
  return callerBy(world, key, scheme.toLowerCase() === 'bearer' ? 'bearer' : 'token');
}

function callerBy(world: World, token: string, scheme: Scheme): Caller {
  const session = world.sessionOf(token);
  if (session === null) return { kind: 'dead', reason: 'invalid_token', scheme, session };
  const account = world.byId(session.accountId);
  if (session.ended !== null || account === null) {
    return { kind: 'dead', reason: session.ended ?? 'account_disabled', scheme, session };
  }
  return { kind: 'live', session, account, scheme };
}
