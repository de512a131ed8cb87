/** Signed tokens that say whose session they are of (JSON Web Tokens, RFC 7519), in the two kinds of djangorestframework-simplejwt. */
import type { AccountId, SessionId } from './account.ts';

/** An access token is shown with each request; a refresh token is exchanged for a new one. */
export type TokenType = 'access' | 'refresh';

/** How tokens are signed: by a key that others can check, or by a secret that they share. */
export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

/** The settings of JWT mode; what each means stands in `config.ts`. */
export type JwtSettings = {
  readonly algorithm: JwtAlgorithm;
  /** For how long a key signs that is made here. */
  readonly keyMs: number;
  /** Keys of another series are no keys any more. */
  readonly keySeries: string;
  readonly audience: string;
  readonly accessMs: number;
  readonly refreshMs: number;
  readonly isRotated: boolean;
  /** Whether no script is to read tokens: a sign-in’s answer has no refresh token, and the cookies are `HttpOnly`. */
  readonly httpOnly: boolean;
  readonly returnExpiration: boolean;
  /** Whether servers elsewhere may follow which sessions have ended. */
  readonly isFollowed: boolean;
  readonly cookies: {
    /** null where there is no such cookie. */
    readonly access: string | null;
    readonly refresh: string | null;
    readonly refreshPath: string;
    readonly sameSite: 'Lax' | 'Strict' | 'None';
    readonly domain: string | null;
  };
};

/** What a token of ours says, once its signature was checked. Times are seconds since 1970. */
export type TokenClaims = {
  readonly type: TokenType;
  readonly id: string;
  readonly accountId: AccountId;
  readonly sessionId: SessionId;
  /** By which the session is found: the hash of a token that nobody has to show. */
  readonly handle: Uint8Array;
  /** From when on it is good; `0` for at once, as with all of ours. */
  readonly notBefore: number;
  readonly expiresAt: number;
  /** Whether it is good once: exchanged for one that is. */
  readonly isOnce: boolean;
};

/** Why a token is no good by itself, whatever became of its session. */
export type TokenFlaw = 'invalid' | 'expired' | 'wrong_type';

/**
 * For so long a refresh token that was exchanged is answered with what it was exchanged for: tabs that wake up together, and an answer
 * that got lost, sign nobody out. After that, it was copied.
 */
export const FORGIVING_MS = 10_000;

/** How long a session of JWT mode goes on without a use: no longer than its refresh token is good, as nobody could come back. */
export function idleMsWith(idleMs: number, refreshMs: number): number {
  return Math.max(LEAST_IDLE_MS, Math.min(idleMs, refreshMs));
}

/** Uses are noted to the minute. */
const LEAST_IDLE_MS = 5 * 60_000;
