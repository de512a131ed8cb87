/** What an access token says, where one of the server's keys has signed it. */
import { createHash } from 'node:crypto';
import { isSignedBy, jwsParts, payloadOf } from '../crypto/jws.ts';
import type { PublishedKeys } from './token-keys.ts';

/** Times are milliseconds since 1970. */
export type Claims = {
  readonly accountId: number;
  readonly sessionId: string;
  readonly expiresAt: number;
  readonly notBefore: number;
  readonly issuedAt: number;
};

export type TokenReader = (token: string) => Promise<Claims | null>;

/** How many tokens are known whose signature was checked. */
const MOST_KNOWN = 10_000;

/** Reads access tokens of one issuer for one audience. Whose signature was checked is known from then on, while the keys are the same. */
export function tokenReader(
  keys: PublishedKeys,
  { issuer, audience }: { readonly issuer: string; readonly audience: string },
): TokenReader {
  let known = new Map<string, Claims>();
  let edition = keys.edition();
  return async (token) => {
    const current = keys.edition();
    if (current !== edition) [edition, known] = [current, new Map()];
    const hash = createHash('sha256').update(token, 'latin1').digest('base64');
    const before = known.get(hash);
    if (before !== undefined) return before;
    const parts = jwsParts(token);
    if (parts === null) return null;
    const candidates = await keys.forHeader(parts.header);
    if (!candidates.some((key) => isSignedBy(key, parts))) return null;
    const claims = claimsOf(payloadOf(parts) ?? {}, issuer, audience);
    if (claims === null) return null;
    if (known.size >= MOST_KNOWN) known = new Map();
    known.set(hash, claims);
    return claims;
  };
}

function claimsOf(payload: Readonly<Record<string, unknown>>, issuer: string, audience: string): Claims | null {
  const { token_type: type, exp, iat, nbf = 0, user_id: accountId, sid, iss, aud } = payload;
  if (type !== 'access' || iss !== issuer || aud !== audience) return null;
  if (typeof exp !== 'number' || typeof iat !== 'number' || typeof nbf !== 'number') return null;
  if (typeof accountId !== 'number' || typeof sid !== 'string') return null;
  return { accountId, sessionId: sid, expiresAt: exp * 1000, notBefore: nbf * 1000, issuedAt: iat * 1000 };
}
