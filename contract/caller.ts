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
      /** Of a token of JWT mode, what is wrong with it. */
      readonly token?: TokenFlaw;
    }
  | { readonly kind: 'live'; readonly session: KnownSession; readonly account: KnownAccount; readonly scheme: Scheme };

/** What a request carries: the header as text, `''` for none, and the values of the session's and the access token's cookies. */
export type Credentials = {
  readonly authorization: string;
  readonly cookie: string | null;
  readonly access: string | null;
};

export type TokenFlaw = 'invalid' | 'expired' | 'wrong_type' | 'over' | 'inactive' | 'gone';

/** `access` is the cookie of an access token. */
export type Scheme = 'token' | 'bearer' | 'cookie' | 'access';

/** The header where it is one of ours, else the cookie. */
export function callerOf(world: World, { hasKeys, jwt }: Profile, credentials: Credentials): Caller {
  const { authorization, cookie, access } = credentials;
  const byCookie = (): Caller => (cookie === null ? { kind: 'nobody' } : callerBy(world, cookie, 'cookie'));
  if (jwt !== null) {
    const [scheme, ...rest] = authorization.split(/[ \t]+/).filter((word) => word !== '');
    if (scheme === 'Bearer') return rest.length === 1 ? callerByToken(world, rest[0] ?? '', 'bearer') : MALFORMED;
    return scheme === undefined && access !== null ? callerByToken(world, access, 'access') : byCookie();
  }
  const [scheme = '', ...rest] = authorization.split(/[ \t]+/).filter((word) => word !== '');
  const isOurs = hasKeys && /^(?:token|bearer)$/i.test(scheme);
  if (!isOurs) return byCookie();
  const [key] = rest;
  if (key === undefined || rest.length > 1) return MALFORMED;
  return callerBy(world, key, scheme.toLowerCase() === 'bearer' ? 'bearer' : 'token');
}

const MALFORMED: Caller = { kind: 'malformed' };

function callerByToken(world: World, value: string, scheme: Scheme): Caller {
  const found = world.tokenOf(value);
  const dead = (reason: Code, token: TokenFlaw): Caller => ({ kind: 'dead', reason, scheme, session: null, token });
  if (found === null) return dead('invalid_token', 'invalid');
  const { session, token } = found;
  if (token.isExpired) return dead('token_expired', 'expired');
  if (token.type !== 'access') return dead('invalid_token', 'wrong_type');
  const account = world.byId(session.accountId);
  if (session.ended === null && account !== null) return { kind: 'live', session, account, scheme };
  const reason = session.ended ?? 'account_disabled';
  const flaw = reason !== 'account_disabled' ? 'over' : account === null ? 'gone' : 'inactive';
  return { kind: 'dead', reason, scheme, session, token: flaw };
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
