import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { toBase62 } from '../../packages/latchkey/src/crypto/base62.ts';

/** The first account is the one that Latchkey itself signed up; those that are copied from it follow. */
export const FIRST_COPY = 2;

/** The token of an account's session, as long as one that Latchkey makes and as hard to check: made again from the number alone. */
export function tokenOf(account: number): string {
  const body = `lk_${toBase62(account)}_${toBase62(account, 43)}`;
  return body + toBase62(crc32(body), 6);
}

export function hashOfToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The tokens of all of `count` copies. */
export function allTokens(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => tokenOf(FIRST_COPY + index));
}

/** One of them. */
export function randomToken(count: number): string {
  return tokenOf(FIRST_COPY + Math.floor(Math.random() * count));
}

/** When the sessions were last seen: within the last minute, as in use; or so that no use of them is due to be written down. */
export type Seen = 'as in use' | 'just now';

/** What `just now` lies ahead, in milliseconds: longer than a row is measured. */
export const AHEAD_MS = 3_600_000;
