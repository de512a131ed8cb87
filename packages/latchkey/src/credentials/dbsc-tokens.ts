/**
 * What a server gives to a browser that binds its session (https://w3c.github.io/webappsec-dbsc/). All of it is made of the root
 * secret: nothing is kept, and each node knows what another made.
 */
import { randomBytes } from 'node:crypto';
import type { Keys } from '../crypto/keys.ts';
import type { SessionId } from '../model/account.ts';
import type { TokenRef } from '../model/session.ts';

/** A session that a browser may bind, as the code says that it brings along (`authorization`). */
export type Offered = {
  readonly token: TokenRef;
  /** Whether its cookie must come along, too. */
  readonly isWithCookie: boolean;
};

/** What a challenge is for, and for whom: for the code of a session that is to be bound, or for the id of one that is. */
export type ChallengeFor = { readonly purpose: 'registration' | 'refresh'; readonly subject: string };

export type DeviceTokens = {
  authorization(offered: Offered): string;
  offeredIn(authorization: string): Offered | null;
  /** A name for a session by which a browser knows it, and we find it. It tells nobody else anything. */
  id(token: TokenRef): string;
  tokenOf(id: string): TokenRef | null;
  challenge(given: ChallengeFor, now: number): string;
  /** When one of ours for this was made: milliseconds since 1970; null for what is none. */
  madeAt(given: ChallengeFor, challenge: string): number | null;
  /** What stands for a proof until a time: milliseconds since 1970, by the store's clock. */
  cookie(sessionId: SessionId, until: number): string;
  /** Until when a cookie of this session is good; null for what is none. */
  cookieUntil(sessionId: SessionId, cookie: string): number | null;
};

const LONGEST = 512;
const CHALLENGE = /^([0-9a-z]{1,9})\.([\w-]{22})\.([\w-]{43})$/;
const COOKIE = /^([0-9a-z]{1,9})\.([\w-]{43})$/;

const AUTHORIZATION = 'dbsc authorization';
const ID = 'dbsc session';
const COOKIE_OF = 'dbsc cookie';

type Written = readonly [accountId: number | null, hash: string, isWithCookie?: boolean];

export function deviceTokens(keys: Keys): DeviceTokens {
  const sealed = (purpose: string, written: Written): string =>
    Buffer.from(keys.seal(purpose, JSON.stringify(written))).toString('base64url');

  const opened = (purpose: string, text: string): Written | null => {
    if (text.length > LONGEST) return null;
    try {
      return JSON.parse(keys.open(purpose, Buffer.from(text, 'base64url'))) as Written;
    } catch {
      // None of ours, or of a root secret that is gone.
      return null;
    }
  };

  return {
    authorization: ({ token, isWithCookie }) => sealed(AUTHORIZATION, [...writtenOf(token), isWithCookie]),
    offeredIn(authorization) {
      const written = opened(AUTHORIZATION, authorization);
      return written === null ? null : { token: tokenIn(written), isWithCookie: written[2] !== false };
    },
    id: (token) => sealed(ID, writtenOf(token)),
    tokenOf(id) {
      const written = opened(ID, id);
      return written === null ? null : tokenIn(written);
    },
    challenge({ purpose, subject }, now) {
      const body = `${secondsOf(now)}.${randomBytes(16).toString('base64url')}`;
      return `${body}.${keys.sign(`dbsc ${purpose}`, `${body} ${subject}`)}`;
    },
    madeAt({ purpose, subject }, challenge) {
      const [, at = '', random = '', signature = ''] = CHALLENGE.exec(challenge) ?? [];
      const isOurs = at !== '' && keys.isSignature(`dbsc ${purpose}`, `${at}.${random} ${subject}`, signature);
      return isOurs ? timeOf(at) : null;
    },
    cookie(sessionId, until) {
      const seconds = secondsOf(until);
      return `${seconds}.${keys.sign(COOKIE_OF, `${sessionId} ${seconds}`)}`;
    },
    cookieUntil(sessionId, cookie) {
      const [, until = '', signature = ''] = COOKIE.exec(cookie) ?? [];
      const isOurs = until !== '' && keys.isSignature(COOKIE_OF, `${sessionId} ${until}`, signature);
      return isOurs ? timeOf(until) : null;
    },
  };
}

function writtenOf({ accountId, hash }: TokenRef): readonly [number | null, string] {
  return [accountId, Buffer.from(hash).toString('base64url')];
}

function tokenIn([accountId, hash]: Written): TokenRef {
  return { accountId, hash: Buffer.from(hash, 'base64url') };
}

function secondsOf(ms: number): string {
  return Math.floor(ms / 1000).toString(36);
}

function timeOf(seconds: string): number {
  return Number.parseInt(seconds, 36) * 1000;
}
