/** Hashes as other systems keep them become strings that are kept here, and say all that is needed to hold a password against them. */
import type { PasswordHash } from '../model/password.ts';
import { readHash } from './hash-schemes.ts';

/** What a Firebase project hashes with, as its console shows it: keys and separators in base64. */
export type FirebaseParameters = {
  readonly signerKey: string;
  readonly saltSeparator: string;
  readonly rounds: number;
  readonly memCost: number;
};

/** null for what is no hash by these parameters, or costs too much to compute. */
export function firebaseHash(
  { salt, hash }: { readonly salt: string; readonly hash: string },
  { signerKey, saltSeparator, rounds, memCost }: FirebaseParameters,
): PasswordHash | null {
  return kept(`$fbscrypt$v=1,n=${memCost},r=${rounds},p=1,ss=${saltSeparator},sk=${signerKey}$${salt}$${hash}`);
}

/** Salt and key in hex. The salt goes into scrypt as that text, and not as the bytes that it stands for. */
const BETTER_AUTH = /^([0-9a-f]{16,64}):([0-9a-f]{128})$/;

/** Which of the forms below has which beginning, and what is written before it to be read here. */
const BEFORE: readonly (readonly [RegExp, string])[] = [
  // Not ours, though it looks alike: passwords were not normalised for it.
  [/^\$argon2/, 'argon2'],
  [/^\$2[aby]\$/, 'bcrypt$'],
  [/^\$fbscrypt\$/, ''],
  [/^(?:bcrypt_sha256|pbkdf2_sha256|pbkdf2_sha1)\$/, ''],
];

/**
 * A stored hash whose form says what it is: Argon2, bcrypt, Firebase's as Supabase Auth keeps it, Django's; and better-auth's, where it
 * is from there. null for any other, and for what costs too much to compute.
 */
export function foreignHash(stored: string, from: 'better-auth' | 'any'): PasswordHash | null {
  const [, salt, key] = (from === 'better-auth' ? BETTER_AUTH.exec(stored) : null) ?? [];
  if (salt !== undefined && key !== undefined) {
    return kept(`scrypt_nfkc$16384$${salt}$16$1$${Buffer.from(key, 'hex').toString('base64')}`);
  }
  for (const [form, before] of BEFORE) if (form.test(stored)) return kept(before + stored);
  return null;
}

function kept(hash: string): PasswordHash | null {
  const scheme = readHash(hash)?.scheme;
  return scheme === undefined ? null : { hash, scheme };
}
