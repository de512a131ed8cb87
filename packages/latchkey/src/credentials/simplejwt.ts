/** Tokens of djangorestframework-simplejwt that a shop has handed out before it came here, by the key that signed them there. */
import { createPublicKey } from 'node:crypto';
import { isSignedBy, type JwsKey, jwsParts, payloadOf, publicKeyFrom, sharedKeyFrom } from '../crypto/jws.ts';
import { hashOfLinkSecret } from '../crypto/token.ts';
import type { AccountId, Gate } from '../model/account.ts';
import type { TokenType } from '../model/jwt.ts';
import { type Proof, prove } from './proof.ts';

/** What such a token says. Times are seconds since 1970. */
export type ForeignToken = {
  readonly type: TokenType;
  readonly id: string;
  /** The primary key of Django's user, which is the account's number. */
  readonly accountId: AccountId;
  readonly expiresAt: number;
  /** By which the session is found that it becomes. */
  readonly handle: Uint8Array;
};

/** A secret, or a public key in PEM; null for what is neither, or too weak. */
export function foreignKeyFrom(given: string): JwsKey | null {
  if (!given.includes('-----BEGIN')) return given.length >= LEAST_SECRET ? sharedKeyFrom(given) : null;
  try {
    return publicKeyFrom(createPublicKey(given.replaceAll('\\n', '\n')), null);
  } catch {
    return null;
  }
}

const LEAST_SECRET = 32;

/** The two ways in which PyJWT writes a header, by its version. Nothing else of a header is believed, or read. */
function headersOf({ algorithm }: JwsKey): readonly string[] {
  return [`{"alg":"${algorithm}","typ":"JWT"}`, `{"typ":"JWT","alg":"${algorithm}"}`].map((text) =>
    Buffer.from(text).toString('base64url'),
  );
}

/** Reads tokens that were signed by this key; null for any other. */
export function foreignReader(key: JwsKey): (token: string) => ForeignToken | null {
  const headers = headersOf(key);
  return (token) => {
    const parts = jwsParts(token);
    if (parts === null || !headers.includes(parts.header) || !isSignedBy(key, parts)) return null;
    const { token_type: type, jti, exp, nbf, user_id: user } = payloadOf(parts) ?? {};
    const accountId = typeof user === 'string' && /^[1-9]\d{0,9}$/.test(user) ? Number(user) : user;
    const isToken = (type === 'access' || type === 'refresh') && typeof jti === 'string' && jti !== '';
    if (!isToken || nbf !== undefined || typeof exp !== 'number' || typeof accountId !== 'number') return null;
    if (!Number.isSafeInteger(accountId) || accountId < 1) return null;
    return { type, id: jti, accountId, expiresAt: exp, handle: hashOfLinkSecret(`simplejwt ${type}`, jti) };
  };
}

/** That somebody has shown a token which the shop had given them. */
export function proveForeignToken(gate: Gate, token: ForeignToken): Proof | null {
  return gate.accountId === token.accountId ? prove(gate, 'imported') : null;
}
