import type { AccountId, SessionId } from './account.ts';
import type { Binding } from './binding.ts';
import type { Device, DeviceSummary } from './device.ts';
import type { EndReason } from './reasons.ts';

/** How the person behind a session proved who they are. */
export type SignInMethod = 'password' | 'passkey' | 'mail' | 'social' | 'registration' | 'imported';

export type Ending = {
  readonly reason: EndReason;
  /** Milliseconds since 1970, the store's clock. */
  readonly at: number;
  /** The device that took the place, for a displaced session; else null. */
  readonly by: DeviceSummary | null;
  /** The session that took the place, for a displaced session; else null. */
  readonly bySession: SessionId | null;
};

/** How a token is known to a store: by its hash, and by the account that its text names. A key from Django names none. */
export type TokenRef = { readonly accountId: AccountId | null; readonly hash: Uint8Array };

/** One signed-in device. All times are milliseconds since 1970, by the store's clock. */
export type Session = {
  readonly id: SessionId;
  readonly accountId: AccountId;
  /** Counts the account's sign-ins; the order among them, taken under the account's lock. */
  readonly sequence: number;
  readonly device: Device;
  /** Where it was opened, as the host named it, such as `Vienna, Austria`; null where nobody said. Its owner alone is told. */
  readonly place: string | null;
  /** The id of the client app that opened it; null where none said so. */
  readonly client: string | null;
  /** The key that is asked for beside its token; null where the token is enough. Once set it never becomes another. */
  readonly binding: Binding | null;
  readonly method: SignInMethod;
  readonly openedAt: number;
  /** When its holder last proved who they are; `0` for a key that came from elsewhere, and a device that was spared the second step. */
  readonly authenticatedAt: number;
  /** At most a minute behind the last use. */
  readonly seenAt: number;
  readonly expiresAt: number;
  readonly openedRevision: number;
  readonly roles: readonly string[];
  readonly ending: Ending | null;
};

export type SessionPolicy = { readonly idleMs: number };

/** For how long after its displacement a device may finish what its host lets it; 0 for not at all. */
export type GracePolicy = { readonly graceMs: number };

export type SessionState =
  | { readonly live: true }
  | { readonly live: false; readonly reason: EndReason; readonly at: number; readonly by: DeviceSummary | null };

const LIVE: SessionState = { live: true };

/** Is a session live at `now`, and if not, why not and since when? */
export function sessionState(session: Session, policy: SessionPolicy, now: number): SessionState {
  if (session.ending !== null)
    return { live: false, reason: session.ending.reason, at: session.ending.at, by: session.ending.by };
  const end = Math.min(session.expiresAt, session.seenAt + policy.idleMs);
  if (now >= end) return { live: false, reason: 'expired', at: end, by: null };
  if (isOfWrongClock(session, now)) return { live: false, reason: 'expired', at: now, by: null };
  return LIVE;
}

/**
 * Was it opened further ahead than it may live? Then a clock was wrong, and it would live for as long as that was ahead. Less
 * than that ends nobody: a clock that was put right must not sign everybody out.
 */
function isOfWrongClock({ openedAt, expiresAt }: Session, now: number): boolean {
  return openedAt - now > expiresAt - openedAt;
}

/**
 * Until when may a displaced device finish what it was at? null where it may not: what ended its session was anything else, or its
 * time is over. A clock that was put back since knows nothing of how long ago that was.
 */
export function graceEnd(session: Session, { graceMs }: GracePolicy, now: number): number | null {
  const { ending, expiresAt } = session;
  if (ending?.reason !== 'displaced') return null;
  const end = Math.min(ending.at + graceMs, expiresAt);
  return now >= ending.at && now < end ? end : null;
}

/** Did the holder prove who they are within `freshMs` of now? What lies further ahead was a wrong clock's. */
export function isFresh(session: Session, freshMs: number, now: number): boolean {
  return Math.abs(now - session.authenticatedAt) < freshMs;
}
