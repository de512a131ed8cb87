/** What Django and allauth have handed out, and still is to be good: links in mailboxes, browser sessions, recovery codes. */
import { createHmac } from 'node:crypto';
import { isSameText, readSigned, saltedHmac } from '../crypto/django-signing.ts';
import type { AccountId } from '../model/account.ts';

const RESET_SALT = 'django.contrib.auth.tokens.PasswordResetTokenGenerator';
const RESET_TOKEN = /^([0-9a-z]{1,13})-([0-9a-f]{32})$/;

/** Tokens count seconds from here, in the local time of the server that made them. */
const TOKENS_BEGIN = Date.UTC(2001, 0, 1);

/** A server's clock may be so far ahead of UTC. */
const FURTHEST_AHEAD_MS = 14 * 3_600_000;

/** The account as Django knew it when it made a token. */
export type TokenOwner = {
  readonly id: AccountId;
  /** The stored string. */
  readonly password: string;
  /** `2026-01-31 12:00:00` as Django kept it, or `''`. */
  readonly lastLogin: string;
  readonly email: string;
  /** All that allauth knew of theirs. */
  readonly addresses: readonly string[];
};

/**
 * Whether this is a token of `PasswordResetTokenGenerator`, or of allauth's `EmailAwarePasswordResetTokenGenerator`, that is not too
 * old. It is of the password, the last sign-in and the addresses of then: with another one of these it is void.
 */
export function isResetToken(
  token: string,
  owner: TokenOwner,
  { secret, now, lifetimeMs }: { readonly secret: string; readonly now: number; readonly lifetimeMs: number },
): boolean {
  const [, time, digest] = RESET_TOKEN.exec(token) ?? [];
  if (time === undefined || digest === undefined) return false;
  const seconds = Number.parseInt(time, 36);
  const ageMs = now - (TOKENS_BEGIN + seconds * 1000);
  if (ageMs > lifetimeMs || ageMs < -FURTHEST_AHEAD_MS) return false;
  const value = `${owner.id}${owner.password}${owner.lastLogin}${seconds}${owner.email}`;
  const emails = [...new Set([owner.email, ...owner.addresses])]
    .filter((address) => address !== '')
    .toSorted(byCodePoint);
  const isOf = (text: string): boolean => isSameText(everySecond(saltedHmac(RESET_SALT, text, secret)), digest);
  // Both are looked at, whichever it is.
  return [value, value + emails.join('|')].map(isOf).includes(true);
}

function everySecond(digest: Buffer): string {
  return digest.toString('hex').replace(/(.)./g, '$1');
}

/** As Python sorts texts. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** allauth's `SALT`. */
const EMAIL_SALT = 'account';

/** The number of the address that a link of allauth's `EmailConfirmationHMAC` confirms, and when it was made; null for what is none. */
export function confirmedEmail(
  key: string,
  secret: string,
): { readonly number: number; readonly signedAt: number } | null {
  const signed = readSigned(key, EMAIL_SALT, secret);
  const isNumber = typeof signed?.value === 'number' && Number.isSafeInteger(signed.value);
  return signed !== null && isNumber ? { number: Number(signed.value), signedAt: signed.signedAt } : null;
}

const SESSION_SALT = 'django.contrib.sessions.SessionStore';
const SESSION_HASH_SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash';

/** Who a browser session is signed in as, and what it says that their password was; null for nobody's, and for what does not open. */
export type SignedInAs = { readonly accountId: AccountId; readonly hash: string };

export function readSession(data: string, secret: string): SignedInAs | null {
  const value = readSigned(data, SESSION_SALT, secret)?.value;
  if (typeof value !== 'object' || value === null) return null;
  const { _auth_user_id: id, _auth_user_hash: hash } = value as { readonly [key: string]: unknown };
  const accountId = Number(id);
  const isNumber = typeof id === 'string' && /^\d{1,16}$/.test(id) && Number.isSafeInteger(accountId);
  return isNumber && typeof hash === 'string' ? { accountId, hash } : null;
}

/** Whether a session's owner has had this password ever since: with another one Django ends it. */
export function isOfPassword({ hash }: SignedInAs, password: string, secret: string): boolean {
  return isSameText(saltedHmac(SESSION_HASH_SALT, password, secret).toString('hex'), hash);
}

const CODES = 10;
const DIGITS = 8;

/** allauth's recovery codes, which follow from a seed (`mfa.recovery_codes`), less those whose bit in `usedMask` is set. */
export function codesOfSeed(seed: string, usedMask: number): readonly string[] {
  const codes: string[] = [];
  let message = '';
  for (let at = 0; at < CODES; at++) {
    message += `${String(at).padStart(3, ' ')},`;
    const value = createHmac('sha1', seed).update(message).digest().readUInt32BE(0) % 10 ** DIGITS;
    if (((usedMask >>> at) & 1) === 0) codes.push(String(value).padStart(DIGITS, '0'));
  }
  return codes;
}
