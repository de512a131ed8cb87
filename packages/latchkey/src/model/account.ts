import { domainToASCII } from 'node:url';
import type { EndReason } from './reasons.ts';

/** An account's number: a safe integer, given by the store, visible to its owner as `pk`, never used again. */
export type AccountId = number;

/** A session's public name (`ses_…`): fit for lists and logs, of no use as a credential. */
export type SessionId = string;

export type AccountState = 'active' | 'suspended' | 'closed';

/**
 * What the session store knows of an account. The account row holds all of it, and every change hands over the whole,
 * never a bare number, so that a lost, repeated or overtaken hand-over does no harm: the highest revision wins.
 */
export type Gate = {
  readonly accountId: AccountId;
  readonly state: AccountState;
  readonly roles: readonly string[];
  /** Moves with every change of what the account allows. */
  readonly revision: number;
  /** The last revision that voided proofs and sessions: what is older is void, except `kept`. */
  readonly validFrom: number;
  /** The one session that `validFrom` spared (the owner's own, who made the change), or null. */
  readonly kept: SessionId | null;
  /** What the sessions below `validFrom` are told. */
  readonly reason: EndReason;
};

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Extra fields that the host application declared for its accounts. */
export type Profile = Readonly<Record<string, Json>>;

export type Account = {
  readonly id: AccountId;
  readonly username: string;
  /** The primary address as it was typed, `''` when there is none. */
  readonly email: string;
  readonly emailVerified: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly profile: Profile;
  readonly state: AccountState;
  readonly roles: readonly string[];
  /** Milliseconds since 1970, the store's clock. */
  readonly createdAt: number;
};

/** The first gate of a new account. */
export function firstGate(accountId: AccountId, roles: readonly string[]): Gate {
  return { accountId, state: 'active', roles, revision: 1, validFrom: 1, kept: null, reason: 'revoked' };
}

/** The gate after a change that voids what was proved and opened before it; `kept` is the one session it spares. */
export function voidedGate(
  gate: Gate,
  change: { reason: EndReason; kept: SessionId | null; state?: AccountState },
): Gate {
  const revision = gate.revision + 1;
  return {
    ...gate,
    revision,
    validFrom: revision,
    kept: change.kept,
    reason: change.reason,
    state: change.state ?? gate.state,
  };
}

/** Is a session that was opened at a revision still within the gate? */
export function isWithinGate(
  gate: Gate,
  session: { readonly id: SessionId; readonly openedRevision: number },
): boolean {
  return session.openedRevision >= gate.validFrom || session.id === gate.kept;
}

/** How usernames are told apart: Django alone compares them exactly, with allauth the case is ignored. */
export type UsernameCase = 'ignore' | 'exact';

/** The one form in which usernames are compared and made unique: NFKC, and lower case unless the case counts. */
export function usernameKey(username: string, usernameCase: UsernameCase): string {
  const form = username.normalize('NFKC');
  return usernameCase === 'ignore' ? form.toLowerCase() : form;
}

/** Letters, digits and `@ . + - _`, in any script (Django's `UnicodeUsernameValidator`). */
export function isUsername(text: string): boolean {
  return /^[\p{L}\p{N}_.@+-]+$/u.test(text);
}

/** The one form in which e-mail addresses are compared and made unique: NFKC, lower case, the domain in ASCII (IDNA). */
export function emailKey(address: string): string {
  return inAscii(address.normalize('NFKC').toLowerCase());
}

/**
 * An address as mail is sent to it. What was typed in full-width or other letters becomes what was found to be an address:
 * whoever delivers it must not read another domain into it.
 */
export function deliverableEmail(address: string): string {
  return /^[\x20-\x7e]*$/.test(address) ? address : inAscii(address.normalize('NFKC'));
}

function inAscii(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = domainToASCII(address.slice(at + 1));
  return domain === '' ? address : `${address.slice(0, at)}@${domain}`;
}

/** Longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets). */
const MAX_EMAIL_LENGTH = 254;

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
/** The last label is no number: that would be an IPv4 address. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/i;

/** ASCII that is in no domain name. Before a `/`, a `?`, a `#` or a `:` the parser of host names would stop and be content. */
const NOT_IN_DOMAIN = /[^a-z0-9.\-\u0080-\u{10ffff}]/iu;

/**
 * Is this an address that mail may be sent to? A dot-atom and a domain name of two labels or more (or `localhost`), after
 * NFKC: no quoted parts, comments or address literals, in which parsers disagree about who gets the mail.
 */
export function isEmail(address: string): boolean {
  const form = address.normalize('NFKC');
  if (form.length > MAX_EMAIL_LENGTH) return false;
  const at = form.lastIndexOf('@');
  const local = form.slice(0, at);
  if (at < 1 || local.length > 64 || !LOCAL_PART.test(local)) return false;
  const domain = form.slice(at + 1);
  if (NOT_IN_DOMAIN.test(domain)) return false;
  const ascii = domainToASCII(domain);
  return ascii === 'localhost' || DOMAIN.test(ascii);
}
