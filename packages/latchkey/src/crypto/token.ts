import { hash, randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { fromBase62, randomBase62, toBase62 } from './base62.ts';

/** SHA-256 of a token or of a mailed secret: all that is ever stored of it. */
export type SecretHash = Uint8Array;

/** A session's token, once, on its way to its holder. */
export type NewToken = { readonly token: string; readonly hash: SecretHash };

const SESSION_TOKEN = /^lk_[0-9A-Za-z]{1,11}_[0-9A-Za-z]{49}$/;
const DRF_KEY = /^[0-9a-f]{40}$/;
const CHECKSUM_LENGTH = 6;

/**
 * A new session token: `lk_`, the account's number, 256 random bits and a CRC-32 of all before it, in URL-safe letters.
 * The prefix lets secret scanners find it; the checksum keeps garbage away from the store and proves nothing.
 */
export function newSessionToken(accountNumber: number): NewToken {
  const body = `lk_${toBase62(accountNumber)}_${randomBase62(43)}`;
  const token = body + toBase62(crc32(body), CHECKSUM_LENGTH);
  return { token, hash: hashOf(token) };
}

/** What a token says of where it is kept: the account that its text names (a Django key names none), and its hash. */
export type PresentedToken = { readonly accountId: number | null; readonly hash: SecretHash };

/** Reads a presented token; null for what cannot be one: no store needs to be asked. */
export function readToken(presented: string): PresentedToken | null {
  if (SESSION_TOKEN.test(presented)) {
    const end = presented.length - CHECKSUM_LENGTH;
    if (fromBase62(presented, end) !== crc32(presented.slice(0, end))) return null;
    return { accountId: fromBase62(presented, 3, presented.indexOf('_', 3)), hash: hashOf(presented) };
  }
  const hash = hashOfDrfKey(presented) ?? (DJANGO_SESSION.test(presented) ? hashOf(presented) : null);
  return hash === null ? null : { accountId: null, hash };
}

const LONGEST_TOKEN = 128;

/** The hash of a presented token, one letter a byte, whatever it looks like; null for what is too long to be one. */
export function hashLetters(presented: string): string | null {
  return presented.length > LONGEST_TOKEN ? null : lettersOf(presented);
}

/** The hash of a Django REST framework key (40 lower-case hex digits), or null if it is not one. */
export function hashOfDrfKey(presented: string): SecretHash | null {
  return DRF_KEY.test(presented) ? hashOf(presented) : null;
}

/** With a blank, so that no header can carry it. */
const DJANGO_SESSION = /^sessionid [0-9a-z]{32}$/;

/** A Django session's key from its cookie, as a token: nothing that a header brings is taken for one. */
export function djangoSessionToken(sessionKey: string): string {
  return `sessionid ${sessionKey}`;
}

/** The hash of the key of a Django session (32 small letters and digits), or null if it is not one. */
export function hashOfDjangoSession(sessionKey: string): SecretHash | null {
  const token = djangoSessionToken(sessionKey);
  return DJANGO_SESSION.test(token) ? hashOf(token) : null;
}

/** A new secret for a mailed link or an invitation: 256 random bits in letters that survive any mail client. */
export function newLinkSecret(): string {
  return randomBase62(43);
}

/** Nothing that is read as something else; 32 letters, so that each is as likely as any other. */
const CODE_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A new code to be read in a mail and typed: 40 random bits as `ABCD-EFGH`. Few enough to be guessed where tries are not counted. */
export function newTypedCode(): string {
  const letters = [...randomBytes(8)].map((byte) => CODE_LETTERS[byte % CODE_LETTERS.length]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** A code however it was typed, as it is hashed. */
export function typedCode(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '');
}

/** The hash of a mailed secret; what it is for is part of what is hashed, so that one kind never passes for another. */
export function hashOfLinkSecret(purpose: string, secret: string): SecretHash {
  return hashOf(`${purpose}\n${secret}`);
}

/** A new public name for a session: 128 random bits, no credential. */
export function newSessionId(): string {
  return `ses_${randomBase62(22)}`;
}

/** A new public name for a request to come in: as above. */
export function newApprovalId(): string {
  return `apr_${randomBase62(22)}`;
}

/** A number by which two people who look at two screens tell that they look at the same thing: no secret. */
export function newNumberToCompare(): string {
  return String(randomInt(10_000)).padStart(4, '0');
}

/** As letters a hash costs a third of what it costs as bytes. */
function lettersOf(text: string): string {
  return hash('sha256', text, 'latin1');
}

function hashOf(text: string): SecretHash {
  return Buffer.from(lettersOf(text), 'latin1');
}
