/** Tokens of JWT mode: what is written into one, and what one is worth that comes back. A token is good only as long as its session. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isSignedBy, jwsParts, payloadOf, publicJwk, signJws } from '../crypto/jws.ts';
import type { SessionId } from '../model/account.ts';
import type { JwtSettings, TokenClaims, TokenFlaw, TokenType } from '../model/jwt.ts';
import type { Session } from '../model/session.ts';
import type { TokenKeys } from './jwt-keys.ts';
import { type Remembered, remembered } from './remembered.ts';
import { type Checked, type Checker, type LiveCheck, type Refused, UNKNOWN, verifyRef } from './verify.ts';

type ReadToken =
  | { readonly isGood: true; readonly claims: TokenClaims }
  | { readonly isGood: false; readonly flaw: TokenFlaw };

/** A token, and when it is over: milliseconds since 1970. */
export type IssuedToken = { readonly token: string; readonly expiresAt: number };

export type WebTokens = {
  readonly settings: JwtSettings;
  /** `handle` is the hash of the session's own token. */
  access(of: TokenOwner): Promise<IssuedToken>;
  /** One with this `id`, as of `at` (milliseconds since 1970). */
  refresh(of: TokenOwner, made: { readonly id: string; readonly at: number }): Promise<IssuedToken>;
  /** What a token is worth, and if nothing, why. Its session is looked at as that of any other key: what ended it counts at once. */
  check(checker: Checker, token: string, types: readonly TokenType[]): Promise<CheckedToken>;
  /** Is this what lets a server elsewhere follow which sessions have ended? */
  isFollower(secret: string): boolean;
  /** Milliseconds since 1970, by the clock that tokens are made by. */
  now(): number;
  /** The public keys as a JWK Set (RFC 7517, 5). */
  jwks(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
};

export type TokenOwner = { readonly session: Session; readonly handle: Uint8Array };

/** Two types that no other kind of token has (RFC 8725, 3.11); the first is registered by RFC 9068. */
const TYPES: Readonly<Record<TokenType, string>> = { access: 'at+jwt', refresh: 'rt+jwt' };

/** A new name for a token: 128 random bits, in hexadecimal as djangorestframework-simplejwt has it. */
export function newTokenId(): string {
  return randomBytes(16).toString('hex');
}

/** How many tokens a node knows whose signature it has checked: a few hundred bytes each. */
const MOST_KNOWN = 20_000;

export function webTokens({
  settings,
  issuer,
  keys,
  followers,
  foreign,
  clock,
}: {
  readonly settings: JwtSettings;
  readonly issuer: string;
  readonly keys: TokenKeys;
  /** The secrets by which ended sessions may be followed. */
  readonly followers: readonly string[];
  /** Tokens from before the move; null where they are not taken. */
  readonly foreign: ForeignTokens | null;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}): WebTokens {
  const known: Remembered<TokenClaims> = remembered(MOST_KNOWN);
  const { audience } = settings;
  const hashes = followers.map(sha256);

  const issue = async (type: TokenType, { session, handle }: TokenOwner, id: string, at: number) => {
    const lifetimeMs = type === 'access' ? settings.accessMs : settings.refreshMs;
    const expiresAt = Math.floor(Math.min(at + lifetimeMs, session.expiresAt) / 1000);
    const claims = {
      token_type: type,
      exp: expiresAt,
      iat: Math.floor(at / 1000),
      jti: id,
      user_id: session.accountId,
      iss: issuer,
      aud: audience,
      sid: session.id,
      sth: Buffer.from(handle).toString('base64url'),
      ...(type === 'refresh' && settings.isRotated && { once: true }),
    };
    return { token: signJws(await keys.current(), TYPES[type], claims), expiresAt: expiresAt * 1000 };
  };

  const claimsIn = async (token: string): Promise<TokenClaims | null> => {
    const hash = createHash('sha256').update(token, 'latin1').digest('latin1');
    const before = known.get(hash);
    if (before !== undefined) return before;
    const parts = jwsParts(token);
    if (parts === null) return null;
    for (const type of TOKEN_TYPES) {
      const candidates = await keys.forHeader(parts.header, TYPES[type]);
      if (!candidates.some((key) => isSignedBy(key, parts))) continue;
      const claims = claimsOf(payloadOf(parts), { type, issuer, audience });
      if (claims !== null) known.set(hash, claims);
      return claims;
    }
    return null;
  };

  const read = async (token: string, types: readonly TokenType[]): Promise<ReadToken> => {
    const claims = await claimsIn(token);
    if (claims === null || claims.notBefore * 1000 > clock()) return { isGood: false, flaw: 'invalid' };
    if (claims.expiresAt * 1000 <= clock()) return { isGood: false, flaw: 'expired' };
    return types.includes(claims.type) ? { isGood: true, claims } : { isGood: false, flaw: 'wrong_type' };
  };

  return {
    settings,
    access: (of) => issue('access', of, newTokenId(), clock()),
    refresh: (of, { id, at }) => issue('refresh', of, id, at),
    async check(checker, token, types) {
      const own = await read(token, types);
      const other = own.isGood || own.flaw !== 'invalid' ? null : (foreign?.read(token) ?? null);
      if (foreign === null || other === null) return await checkedBy(checker, own);
      const flaw = other.expiresAt * 1000 <= clock() ? 'expired' : types.includes(other.type) ? null : 'wrong_type';
      if (flaw !== null) return await checkedBy(checker, { isGood: false, flaw });
      return await checkedForeign(checker, other, foreign, settings.isRotated);
    },
    isFollower: (secret) => hashes.some((hash) => timingSafeEqual(hash, sha256(secret))),
    now: clock,
    jwks: async () => ({ keys: (await keys.published()).map(publicJwk) }),
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const TOKEN_TYPES: readonly TokenType[] = ['access', 'refresh'];
const HANDLE_BYTES = 32;

type Demanded = { readonly type: TokenType; readonly issuer: string; readonly audience: string };

/** What was signed by one of our keys, and is meant for us; null where it is not. */
function claimsOf(payload: Readonly<Record<string, unknown>> | null, demanded: Demanded): TokenClaims | null {
  if (payload === null) return null;
  const { token_type: type, exp, nbf = 0, jti, user_id: accountId, iss, aud, sid, sth, once } = payload;
  if (type !== demanded.type || iss !== demanded.issuer || aud !== demanded.audience) return null;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof jti !== 'string' || typeof sid !== 'string')
    return null;
  if (typeof accountId !== 'number' || typeof sth !== 'string') return null;
  const handle = Buffer.from(sth, 'base64url');
  if (handle.length !== HANDLE_BYTES) return null;
  return {
    ...{ type: demanded.type, id: jti, accountId, sessionId: sid, handle, notBefore: nbf, expiresAt: exp },
    isOnce: once === true,
  };
}

/** Why a token opens nothing: by itself, or because its session is over, or its account is suspended or gone. */
export type JwtRefusal = TokenFlaw | 'over' | 'inactive' | 'gone';

export type CheckedToken =
  | { readonly live: true; readonly checked: LiveCheck; readonly claims: TokenClaims }
  | { readonly live: false; readonly jwt: JwtRefusal; readonly refused: Refused };

/** A token of simplejwt's, once its signature was checked. */
type ForeignToken = Pick<TokenClaims, 'type' | 'id' | 'accountId' | 'handle' | 'expiresAt'>;

export type ForeignTokens = {
  /** null for what was not signed by the key that was given. */
  readonly read: (token: string) => ForeignToken | null;
  /** Makes a session of it; null where it is refused. */
  readonly adopt: (token: ForeignToken) => Promise<Session | null>;
};

/** A token from before the move is looked at by the session that it became, or becomes now. */
async function checkedForeign(
  checker: Checker,
  token: ForeignToken,
  { adopt }: ForeignTokens,
  isRotated: boolean,
): Promise<CheckedToken> {
  const { accountId, handle, type } = token;
  const known = () => sessionIdAt(checker, token);
  // Of two at once with one token the second finds what the first has opened.
  const session = (await known()) ?? (await adopt(token))?.id ?? (await known());
  if (session !== null) {
    const claims = { ...token, sessionId: session, handle, notBefore: 0, isOnce: isRotated && type === 'refresh' };
    return await checkedBy(checker, { isGood: true, claims });
  }
  const record = await checker.store.accounts.find(accountId);
  const jwt = record === null ? 'gone' : record.account.state === 'active' ? 'over' : 'inactive';
  return { live: false, jwt, refused: { ...UNKNOWN, code: jwt === 'over' ? 'invalid_token' : 'account_disabled' } };
}

async function sessionIdAt(checker: Checker, { accountId, handle }: ForeignToken): Promise<SessionId | null> {
  const hash = Buffer.from(handle).toString('latin1');
  const known = checker.memory.recall(hash) ?? (await verifyRef(checker, { accountId, hash: handle }, hash));
  return known.live ? known.session.id : known.sessionId;
}

async function checkedBy(checker: Checker, read: ReadToken): Promise<CheckedToken> {
  if (!read.isGood) {
    const code = read.flaw === 'expired' ? 'token_expired' : 'invalid_token';
    return { live: false, jwt: read.flaw, refused: { ...UNKNOWN, code } };
  }
  const { claims } = read;
  const checked = await sessionOf(checker, claims);
  if (checked.live) return { live: true, checked, claims };
  if (checked.code !== 'account_disabled') {
    return { live: false, jwt: checked.sessionId === null ? 'invalid' : 'over', refused: checked };
  }
  const isGone = (await checker.store.accounts.find(claims.accountId)) === null;
  return { live: false, jwt: isGone ? 'gone' : 'inactive', refused: checked };
}

/** From this node's memory, where that may be trusted. */
async function sessionOf(checker: Checker, { accountId, sessionId, handle }: TokenClaims): Promise<Checked> {
  const hash = Buffer.from(handle).toString('latin1');
  const checked = checker.memory.recall(hash) ?? (await verifyRef(checker, { accountId, hash: handle }, hash));
  const { id, accountId: whose } = checked.live
    ? checked.session
    : { id: checked.sessionId, accountId: checked.accountId };
  return id === sessionId && whose === accountId ? checked : UNKNOWN;
}
