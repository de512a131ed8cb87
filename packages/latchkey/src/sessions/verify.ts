import type { DeviceProofFlaw } from '../credentials/dbsc.ts';
import type { ProofFlaw } from '../credentials/dpop.ts';
import { hashLetters, readToken } from '../crypto/token.ts';
import type { AccountId, SessionId } from '../model/account.ts';
import type { DeviceSummary } from '../model/device.ts';
import { type Code, codeOfEnd } from '../model/reasons.ts';
import { type Session, sessionState, type TokenRef } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import type { EndingNotice, Store } from '../stores/store.ts';
import type { BoundCookies } from './bound-cookies.ts';
import type { WebTokens } from './jwt.ts';
import type { KeyProofs } from './key-proofs.ts';
import type { Found, Memory } from './memory.ts';
import type { Outlook, Signals } from './signals.ts';
import { TOUCH_EVERY_MS, type Touches } from './touches.ts';

export type Checker = {
  readonly store: Store;
  readonly settings: Settings;
  readonly memory: Memory<LiveCheck>;
  readonly touches: Touches;
  readonly signals: Signals;
  readonly keyProofs: KeyProofs;
  /** The tokens of JWT mode; null where that is off. */
  readonly jwt: WebTokens | null;
  readonly boundCookies: BoundCookies;
  /** Hears that somebody showed the token of a session without the key that it is bound to. Never throws, is never waited for. */
  readonly misused: (session: Session, flaw: ProofFlaw | DeviceProofFlaw) => void;
};

/** Why a token is refused, and what its holder may know of it. */
export type Refused = {
  readonly live: false;
  readonly code: Code;
  /** Which session that was; null for what never was one, or was purged. */
  readonly sessionId: SessionId | null;
  /** Whose it was; null as above. */
  readonly accountId: AccountId | null;
  /** When the session ended; null for what was never one. */
  readonly at: number | null;
  /** What took its place, for a displaced session. */
  readonly by: DeviceSummary | null;
  /** The store's time at the check; null for what was never one, and for an end that was heard of. */
  readonly now: number | null;
};

export type Checked = LiveCheck | Refused;

export const UNKNOWN: Refused = {
  ...{ live: false, code: 'invalid_token', sessionId: null, accountId: null },
  ...{ at: null, by: null, now: null },
};

/**
 * Is this a live session's token (its key is not asked for here), and if not, why not? From this node's memory, where it has the session and may trust it;
 * otherwise by one read of the store, and none for what cannot be a token.
 */
export function verify(checker: Checker, token: string): Checked | Promise<Checked> {
  const hash = hashLetters(token);
  if (hash === null) return UNKNOWN;
  const known = checker.memory.recall(hash);
  return known ?? verifyInStore(checker, token, hash);
}

/** The part of `verify` that asks nobody: null where somebody must be asked. */
export function remembered(checker: Checker, token: string): LiveCheck | null {
  const hash = hashLetters(token);
  return hash === null ? null : checker.memory.recall(hash);
}

async function verifyInStore(checker: Checker, token: string, hash: string): Promise<Checked> {
  const presented = readToken(token);
  return presented === null ? UNKNOWN : await verifyRef(checker, presented, hash);
}

/** The same of what names a session by the hash of its token, which are the letters of `hash`. One read of the store. */
export async function verifyRef(checker: Checker, presented: TokenRef, hash: string): Promise<Checked> {
  const found = await checker.memory.read(presented, hash);
  if (found === null) return UNKNOWN;
  const { session, now } = found;
  const state = sessionState(session, checker.settings.sessions, now);
  if (!state.live) return refusedFor({ ...state, sessionId: session.id, accountId: session.accountId }, now);
  // Whoever has the token of a bound session and not its key has not used it.
  if (session.binding === null && now - session.seenAt >= TOUCH_EVERY_MS) checker.touches.add(presented);
  return new LiveCheck(checker, hash, found);
}

/** Notes a use of a bound session by its key, where that is due. */
export function noteUse({ touches }: Pick<Checker, 'touches'>, checked: LiveCheck): void {
  if (checked.now - checked.session.seenAt >= TOUCH_EVERY_MS) touches.add(checked.token);
}

/** What the holder of a session that is over may know of it. */
export function refusedFor({ reason, ...ended }: EndingNotice, now: number | null = null): Refused {
  const { sessionId, accountId, at, by } = ended;
  return { live: false, code: codeOfEnd[reason], sessionId, accountId, at, by, now };
}

/**
 * A live session. Whoever checks it next may be given the same one, as long as it is remembered: nothing is made anew that most
 * checks have no use for.
 */
export class LiveCheck {
  readonly live = true;
  readonly signedIn = true;
  readonly session: Session;
  /** What the account is allowed, as of this check. */
  readonly account: { readonly id: AccountId; readonly roles: readonly string[] };
  /** Whether its token is not enough: it is bound to a key. */
  readonly isBound: boolean;
  readonly #checker: Checker;
  readonly #hash: string;
  readonly #found: Found;
  #answer: Promise<LiveCheck> | null = null;
  /** What a client's next proof of possession is to have in it, to be sent along as `DPoP-Nonce`; null where that need not be. */
  readonly dpopNonce: string | null;

  constructor(checker: Checker, hash: string, found: Found, dpopNonce: string | null = null) {
    this.#checker = checker;
    this.#hash = hash;
    this.#found = found;
    this.session = found.session;
    this.dpopNonce = dpopNonce;
    this.isBound = found.session.binding !== null;
    this.account = { id: found.session.accountId, roles: found.session.roles };
  }

  /** Itself, as whoever awaits it has it: one promise for all who are given this check. */
  get answer(): Promise<LiveCheck> {
    this.#answer ??= Promise.resolve(this);
    return this.#answer;
  }

  /** The store's time: at the check, or later where it is remembered. */
  get now(): number {
    return this.#found.now;
  }

  get token(): TokenRef {
    return { accountId: this.session.accountId, hash: Buffer.from(this.#hash, 'latin1') };
  }

  /** The same check for one request alone. */
  withNonce(nonce: string): LiveCheck {
    return new LiveCheck(this.#checker, this.#hash, this.#found, nonce);
  }

  /** Fires when the session ends, on whatever node and for whatever reason. Made when it is first asked for. */
  get signal(): AbortSignal {
    return this.#checker.signals.of(this.session.id, () => outlook(this.#checker, this.token));
  }
}

/** Why a session's signal fired. */
export class SessionEnded extends Error {
  override readonly name = 'SessionEnded';
  readonly code: Code;
  constructor(code: Code) {
    super(`The session is over: ${code}.`);
    this.code = code;
  }
}

async function outlook(checker: Checker, token: TokenRef): Promise<Outlook> {
  const state = await prospect(checker, token);
  return state.live ? state : { live: false, reason: new SessionEnded(state.code) };
}

/** For how long is the session of a token live if nothing happens, or why is it not? */
export async function prospect(
  { store, settings }: Pick<Checker, 'store' | 'settings'>,
  token: TokenRef,
): Promise<{ readonly live: true; readonly forMs: number } | Refused> {
  const found = await store.sessions.find(token);
  if (found === null) return UNKNOWN;
  const { session, now } = found;
  const state = sessionState(session, settings.sessions, now);
  if (!state.live) return refusedFor({ ...state, sessionId: session.id, accountId: session.accountId });
  return { live: true, forMs: Math.min(session.expiresAt, session.seenAt + settings.sessions.idleMs) - now };
}
