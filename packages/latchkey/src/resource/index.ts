/**
 * Access tokens where somebody else's server checks them: by signature, and by which sessions have ended. Nothing is asked per
 * request. Where it cannot be known whether a session has ended, nobody is let in.
 */
import { systemClock } from '../stores/clock.ts';
import { type EndedSessions, followEndedSessions } from './ended-sessions.ts';
import { keySetAt, sharedSecret } from './token-keys.ts';
import { type TokenReader, tokenReader } from './token-reader.ts';

export type ResourceOptions = {
  /** The origin of the Latchkey server (`iss`), such as `https://id.example`. */
  readonly issuer: string;
  /** Whom its tokens are for (`aud`); the issuer where nothing else is set there. */
  readonly audience?: string;
  /** Where the server's API is; `/auth` below the issuer. */
  readonly api?: string;
  /** `LATCHKEY_JWT_ENDINGS_SECRET` of the server. */
  readonly endingsSecret: string;
  /** The secret of HS256. Without one, the server's key set is read. */
  readonly secret?: string;
  /** A session that ended is refused within so many milliseconds, whatever fails; 5000, and from 1000 to 60000. */
  readonly boundMs?: number;
  /** Hears of what an operator may have to see to; where it is not given, that is a warning of the process. */
  readonly warn?: (details: object, message: string) => void;
};

/** Somebody is signed in. */
export type Holder = {
  readonly signedIn: true;
  readonly accountId: number;
  readonly sessionId: string;
  /** When the token is over: milliseconds since 1970. */
  readonly expiresAt: number;
};

/** Why nobody is. `unknown` is of a server that cannot tell just now whether sessions have ended. */
export type RefusedCode = 'not_authenticated' | 'invalid_token' | 'token_expired' | 'session_ended' | 'unknown';

export type NoHolder = {
  readonly signedIn: false;
  readonly code: RefusedCode;
  /** 401, or 503 where it is not known. */
  respond(): Response;
};

export type Resource = {
  /** Who is behind a request, by its header `Authorization: Bearer …`. */
  check(from: Request | { readonly authorization?: string | undefined }): Promise<Holder | NoHolder>;
  /** How old what is known of endings is, how many are remembered, and how often in a row it could not be asked after. */
  figures(): ReturnType<EndedSessions['figures']>;
  close(): void;
};

const LEAST_BOUND_MS = 1_000;
const MOST_BOUND_MS = 60_000;
const LEAST_SECRET = 32;

/** Begins to follow the server; rejects where that does not tell within the bound which sessions have ended. */
export async function resource(options: ResourceOptions): Promise<Resource> {
  const { issuer, audience = issuer, boundMs = 5_000, secret, endingsSecret, warn = toProcess } = options;
  if (!(boundMs >= LEAST_BOUND_MS && boundMs <= MOST_BOUND_MS)) {
    throw new TypeError(`boundMs must be from ${LEAST_BOUND_MS} to ${MOST_BOUND_MS}.`);
  }
  if (secret !== undefined && secret.length < LEAST_SECRET) {
    throw new TypeError(`secret must have ${LEAST_SECRET} letters or more.`);
  }
  const api = (options.api ?? `${issuer}/auth`).replace(/\/$/, '');
  const keys = secret === undefined ? keySetAt(`${api}/jwks.json`) : sharedSecret(secret);
  const endings = followEndedSessions({ url: `${api}/ended-sessions/`, secret: endingsSecret, boundMs, warn });
  try {
    await endings.begun();
  } catch (error) {
    endings.close();
    throw error;
  }
  const reader = tokenReader(keys, { issuer, audience });
  return {
    check: async (from) => await checked(reader, endings, authorizationOf(from)),
    figures: endings.figures,
    close: endings.close,
  };
}

function toProcess(details: object, message: string): void {
  const { err } = details as { readonly err?: unknown };
  process.emitWarning(message, { detail: err instanceof Error ? err.message : '' });
}

function authorizationOf(from: Request | { readonly authorization?: string | undefined }): string {
  return (from instanceof Request ? from.headers.get('authorization') : from.authorization) ?? '';
}

async function checked(reader: TokenReader, endings: EndedSessions, authorization: string): Promise<Holder | NoHolder> {
  const [scheme, token, ...rest] = authorization.split(/[ \t]+/).filter((word) => word !== '');
  if (scheme !== 'Bearer') return nobody('not_authenticated');
  const claims = token === undefined || rest.length > 0 ? null : await reader(token);
  // While the server cannot be heard its keys may be unknown, too: then nothing is known of a token.
  if (claims === null) return nobody(endings.hasEnded('') === null ? 'unknown' : 'invalid_token');
  if (claims.notBefore > systemClock()) return nobody('invalid_token');
  const { accountId, sessionId, expiresAt, issuedAt } = claims;
  if (expiresAt <= systemClock() || issuedAt < endings.knownSince()) return nobody('token_expired');
  const hasEnded = endings.hasEnded(sessionId);
  if (hasEnded === null) return nobody('unknown');
  return hasEnded ? nobody('session_ended') : { signedIn: true, accountId, sessionId, expiresAt };
}

const DETAILS: Readonly<Record<RefusedCode, string>> = {
  not_authenticated: 'Authentication credentials were not provided.',
  invalid_token: 'Token is invalid',
  token_expired: 'Token is expired',
  session_ended: 'Token is blacklisted',
  unknown: 'It cannot be told just now whether this session has ended. Please try again shortly.',
};

function nobody(code: RefusedCode): NoHolder {
  const isUnknown = code === 'unknown';
  return {
    signedIn: false,
    code,
    respond: () =>
      Response.json(
        { detail: DETAILS[code], code },
        {
          status: isUnknown ? 503 : 401,
          headers: {
            'Cache-Control': 'no-store',
            'Latchkey-Reason': code,
            ...(isUnknown ? { 'Retry-After': '1' } : { 'WWW-Authenticate': 'Bearer realm="api"' }),
          },
        },
      ),
  };
}
