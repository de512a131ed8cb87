/** What a provider says of somebody, read with care: nothing of it need be there, or be what it should be. */
import { isEmail } from '../../model/account.ts';
import type { Identity } from '../../model/social.ts';

export type Claims = Readonly<Record<string, unknown>>;

export function claimsIn(value: unknown): Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : {};
}

const LONGEST = 254;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

/** Text that may be shown, `''` for what is none. */
export function textIn(claims: Claims, name: string): string {
  const value = claims[name];
  return typeof value === 'string' ? [...value.replace(CONTROL, '').trim()].slice(0, LONGEST).join('') : '';
}

/** A name that a provider gives once: text, or a number that JSON holds exactly. Throws where there is none. */
export function subjectIn(claims: Claims, name: string): string {
  const value = claims[name];
  if (typeof value === 'string' && value !== '' && value.length <= 255) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw new Error(`there is no ${name}`);
}

/** An address as it was said, or `''` where mail cannot be sent to it. */
export function emailIn(value: unknown): string {
  return typeof value === 'string' && isEmail(value) ? value : '';
}

/** A whole name in two, for providers that have it in one. */
export function namesIn(whole: string): Pick<Identity, 'firstName' | 'lastName'> {
  const [firstName = '', ...rest] = whole.split(' ').filter((part) => part !== '');
  return { firstName, lastName: rest.join(' ') };
}
