/**
 * Sessions of browsers that keep a key (Device Bound Session Credentials): such a session's cookie is good only beside a second one,
 * which lives for minutes and is renewed by a proof of that key.
 */
import { hash } from 'node:crypto';
import {
  type DeviceKey,
  type DeviceProof,
  type DeviceProofFlaw,
  deviceProofIn,
  isMadeFor,
} from '../credentials/dbsc.ts';
import { type ChallengeFor, type DeviceTokens, deviceTokens } from '../credentials/dbsc-tokens.ts';
import type { Keys } from '../crypto/keys.ts';
import { readToken } from '../crypto/token.ts';
import type { SessionId } from '../model/account.ts';
import type { Binding } from '../model/binding.ts';
import { type Session, sessionState, type TokenRef } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import type { Store } from '../stores/store.ts';
import { CLOCKS_APART_MS } from './key-proofs.ts';

/** What a browser that is let in is told, so that it binds its session. */
export type Offer = {
  /** Copied by the browser into its proof. */
  readonly authorization: string;
  readonly challenge: string;
  /** The second cookie, so that none of its requests is without while the session comes to be bound. */
  readonly cookie: string;
};

/** What a browser whose session is bound goes on with. */
export type Renewed = {
  readonly id: string;
  readonly cookie: string;
  /** What it signs next. */
  readonly challenge: string;
};

export type Registration = ({ readonly isBound: true } & Renewed) | { readonly isBound: false };

export type Refresh =
  | ({ readonly kind: 'renewed' } & Renewed)
  /** Not yet: it is to sign this. */
  | {
      readonly kind: 'challenge';
      readonly challenge: string;
      readonly session: Session;
      readonly flaw: DeviceProofFlaw;
    }
  /** The session is over, or never was bound by that name. */
  | { readonly kind: 'over' };

/** A request of a browser's own, as far as a proof speaks of it. */
export type DeviceRequest = {
  /** What `Secure-Session-Response` holds; null where there is none. */
  readonly proof: string | null;
  /** Without its query. */
  readonly path: string;
};

export type BoundCookies = {
  /** null where sessions are not bound. `isWithCookie` where the browser will bring the session's cookie when it binds it. */
  offer(session: Session, token: string, isWithCookie: boolean): Offer | null;
  /** Binds the session of `token`, which its cookie holds; null where that did not come along. */
  register(request: DeviceRequest & { readonly token: string | null }): Promise<Registration>;
  refresh(request: DeviceRequest & { readonly id: string }): Promise<Refresh>;
  /** Until when a session is good by the second cookie that came with it (the store's time), or why it is not. */
  read(
    sessionId: SessionId,
    cookie: string | null,
    now: number,
  ): { readonly until: number } | { readonly flaw: DeviceProofFlaw };
  /** Until when a session that is not bound may come to be; null where it will not any more. */
  mayBeBoundUntil(session: Session, now: number): number | null;
  figures(): BoundCookieFigures;
};

export type BoundCookieFigures = {
  /** How many proofs were no good, by what was wrong with them. */
  readonly refused: ReadonlyMap<DeviceProofFlaw, number>;
  readonly bound: number;
  readonly renewed: number;
};

/** A browser renews its cookie within so much; fewer signatures than that and Chromium would run out of those it allows. */
export const BOUND_COOKIE_MS = 300_000;

/** What was sent in time is taken for so much longer. */
const UNDER_WAY_MS = 30_000;

/** After so much a session that was not bound is not bound any more. */
export const OFFER_MS = 300_000;

/** A proof is of a challenge that is no older: what is signed ahead is of no use for longer. */
export const CHALLENGE_MS = 600_000;

type BoundCookieParts = {
  readonly settings: Settings;
  readonly keys: Keys;
  readonly store: Pick<Store, 'marks' | 'sessions'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
};

export function boundCookies({ settings, keys, store, clock }: BoundCookieParts): BoundCookies {
  const { origin, boundKeys } = settings;
  const mayBind = boundKeys.cookies === 'when-able';
  // Browsers bind nothing without encryption.
  const isOffered = mayBind && origin.startsWith('https:');
  const tokens = deviceTokens(keys);
  const judge = judgeOf({ tokens, origin, clock });
  const refused = new Map<DeviceProofFlaw, number>();
  const counts = { bound: 0, renewed: 0 };

  const count = (flaw: DeviceProofFlaw): DeviceProofFlaw => {
    refused.set(flaw, (refused.get(flaw) ?? 0) + 1);
    return flaw;
  };

  const cookieFrom = (sessionId: SessionId, now: number): string =>
    tokens.cookie(sessionId, now + BOUND_COOKIE_MS + UNDER_WAY_MS);

  const renewed = (id: string, sessionId: SessionId, now: number): Renewed => ({
    id,
    cookie: cookieFrom(sessionId, now),
    challenge: tokens.challenge({ purpose: 'refresh', subject: id }, clock()),
  });

  const liveOf = async (token: TokenRef): Promise<{ readonly session: Session; readonly now: number } | null> => {
    const found = await store.sessions.find(token);
    return found !== null && sessionState(found.session, settings.sessions, found.now).live ? found : null;
  };

  const bind = async (request: DeviceRequest, token: string | null): Promise<Renewed | DeviceProofFlaw> => {
    const read = judge.registration(request, token);
    if (typeof read === 'string') return read;
    const found = await liveOf(read.token);
    if (found === null || found.session.binding !== null) return 'session';
    if (!(await isFirst(store, read.challenge))) return 'replayed';
    const { session, now } = found;
    const id = tokens.id(read.token);
    const binding: Binding = { kind: 'dbsc', id, ...read.key };
    const done = await store.sessions.bind({ by: session, accountId: session.accountId, binding });
    return done === null || 'over' in done ? 'session' : renewed(id, session.id, now);
  };

  const flawOfRefresh = async (request: DeviceRequest, binding: DeviceBinding): Promise<DeviceProofFlaw | null> => {
    const read = judge.refresh(request, binding);
    if (typeof read === 'string') return read;
    // Last, so that rubbish fills nothing.
    return (await isFirst(store, read.challenge)) ? null : 'replayed';
  };

  return {
    offer(session, token, isWithCookie) {
      const read = isOffered && session.binding === null ? readToken(token) : null;
      if (read === null) return null;
      const authorization = tokens.authorization({ token: read, isWithCookie });
      const challenge = tokens.challenge({ purpose: 'registration', subject: authorization }, clock());
      return { authorization, challenge, cookie: cookieFrom(session.id, session.openedAt) };
    },
    async register({ token, ...request }) {
      const read = mayBind ? await bind(request, token) : 'session';
      if (typeof read === 'string') {
        count(read);
        return { isBound: false };
      }
      counts.bound++;
      return { isBound: true, ...read };
    },
    async refresh({ id, ...request }) {
      const token = tokens.tokenOf(id);
      const found = token === null ? null : await liveOf(token);
      const binding = found?.session.binding;
      if (found === null || binding?.kind !== 'dbsc' || binding.id !== id) return { kind: 'over' };
      const { session, now } = found;
      const flaw = await flawOfRefresh(request, binding);
      const next = renewed(id, session.id, now);
      if (flaw !== null) return { kind: 'challenge', challenge: next.challenge, session, flaw: count(flaw) };
      counts.renewed++;
      return { kind: 'renewed', ...next };
    },
    read(sessionId, cookie, now) {
      if (cookie === null) return { flaw: 'missing' };
      const until = tokens.cookieUntil(sessionId, cookie);
      if (until === null) return { flaw: 'form' };
      return now < until ? { until } : { flaw: 'expired' };
    },
    mayBeBoundUntil({ openedAt }, now) {
      const until = openedAt + OFFER_MS + CLOCKS_APART_MS;
      return isOffered && now < until ? until : null;
    },
    figures: () => ({ refused, ...counts }),
  };
}

type DeviceBinding = Extract<Binding, { readonly kind: 'dbsc' }>;

type Registering = { readonly token: TokenRef; readonly challenge: string };

type Judge = {
  registration(
    request: DeviceRequest,
    token: string | null,
  ): (Registering & { readonly key: DeviceKey }) | DeviceProofFlaw;
  refresh(request: DeviceRequest, binding: DeviceBinding): { readonly challenge: string } | DeviceProofFlaw;
};

/** All that can be told of a proof without asking the store, the cheapest first. */
function judgeOf({
  tokens,
  origin,
  clock,
}: {
  readonly tokens: DeviceTokens;
  readonly origin: string;
  readonly clock: () => number;
}): Judge {
  const isGood = (given: ChallengeFor, challenge: unknown, lifetimeMs: number): challenge is string => {
    const madeAt = typeof challenge === 'string' ? tokens.madeAt(given, challenge) : null;
    if (madeAt === null) return false;
    const age = clock() - madeAt;
    return age < lifetimeMs && age > -CLOCKS_APART_MS;
  };

  /** Whose session a proof would bind. */
  const registering = ({ claims }: DeviceProof, presented: string | null): Registering | DeviceProofFlaw => {
    const { authorization, jti } = claims;
    if (typeof authorization !== 'string') return 'session';
    const offered = tokens.offeredIn(authorization);
    if (offered === null) return 'session';
    if (offered.isWithCookie && !isTokenOf(presented, offered.token)) return 'session';
    const isNow = isGood({ purpose: 'registration', subject: authorization }, jti, OFFER_MS);
    return isNow ? { token: offered.token, challenge: jti } : 'challenge';
  };

  return {
    registration({ proof: shown, path }, presented) {
      const proof = deviceProofIn(shown);
      if (typeof proof === 'string') return proof;
      if (!isMadeFor(proof, origin + path)) return 'url';
      const read = registering(proof, presented);
      if (typeof read === 'string') return read;
      const key = proof.key();
      if (key === null) return 'key';
      return proof.isSignedBy(key) ? { ...read, key } : 'signature';
    },
    refresh({ proof: shown, path }, binding) {
      const proof = deviceProofIn(shown);
      if (typeof proof === 'string') return proof;
      const { jti, sub } = proof.claims;
      if (!isMadeFor(proof, origin + path)) return 'url';
      if (sub !== undefined && sub !== binding.id) return 'session';
      if (!isGood({ purpose: 'refresh', subject: binding.id }, jti, CHALLENGE_MS)) return 'challenge';
      return proof.isSignedBy(binding) ? { challenge: jti } : 'signature';
    },
  };
}

/** For as long as some node might take a challenge, it is not taken again: without its signature, which can be written in four ways. */
async function isFirst({ marks }: Pick<Store, 'marks'>, challenge: string): Promise<boolean> {
  const body = challenge.slice(0, challenge.lastIndexOf('.'));
  const lifetimeMs = CHALLENGE_MS + 2 * CLOCKS_APART_MS;
  return await marks.add({ hash: hash('sha256', `dbsc ${body}`, 'buffer'), lifetimeMs });
}

function isTokenOf(presented: string | null, { hash: expected }: TokenRef): boolean {
  const read = presented === null ? null : readToken(presented);
  return read !== null && Buffer.from(read.hash).equals(expected);
}
