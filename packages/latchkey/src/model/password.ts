/**
 * What a new password must be: Django's four validators, as pure rules that answer with a reason. Their texts are in
 * `texts/api.ts`. NIST SP 800-63B-4, 3.1.1.2: no composition rules, each code point counts as one.
 */

export type PasswordRule = 'similarity' | 'length' | 'common' | 'numeric';

export type PasswordFlaw =
  | { readonly rule: 'similarity'; readonly to: 'username' | 'first name' | 'last name' | 'email address' }
  | { readonly rule: 'length'; readonly minLength: number }
  | { readonly rule: 'common' }
  | { readonly rule: 'numeric' };

export type PasswordPolicy = {
  readonly rules: readonly PasswordRule[];
  /** In code points. */
  readonly minLength: number;
};

/** The person whose password it is, as far as a password may resemble them. */
export type PasswordOwner = {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
};

/**
 * A hash that describes itself, and the name of its scheme with its cost (`argon2id$m=19456,t=2,p=1`), by which what is to be
 * renewed is found.
 */
export type PasswordHash = { readonly hash: string; readonly scheme: string };

/** What Django read only where it was told to: too quick to compute to keep a password from whoever steals the table. */
export const OLD_SCHEMES = ['md5', 'sha1', 'unsalted_md5', 'unsalted_sha1'] as const;

export type OldScheme = (typeof OLD_SCHEMES)[number];

/** Longest password that is hashed, in code units; a longer one is answered as a wrong one, unhashed. */
export const MAX_PASSWORD_LENGTH = 1024;

/** All flaws of a new password, in Django's order; `owner` is null where the person is not known yet. */
export function passwordFlaws(
  password: string,
  owner: PasswordOwner | null,
  policy: PasswordPolicy,
  isCommon: (password: string) => boolean,
): readonly PasswordFlaw[] {
  const flaws: PasswordFlaw[] = [];
  if (policy.rules.includes('similarity') && owner !== null) {
    const to = resembles(password, owner);
    if (to !== null) flaws.push({ rule: 'similarity', to });
  }
  if (policy.rules.includes('length') && codePoints(password) < policy.minLength)
    flaws.push({ rule: 'length', minLength: policy.minLength });
  if (policy.rules.includes('common') && isCommon(password.toLowerCase().trim())) flaws.push({ rule: 'common' });
  if (policy.rules.includes('numeric') && /^[\p{Nd}\p{No}]+$/u.test(password)) flaws.push({ rule: 'numeric' });
  return flaws;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const MAX_SIMILARITY = 0.7;

/** The first attribute that the password is too similar to, in Django's order, or null. */
function resembles(
  password: string,
  owner: PasswordOwner,
): 'username' | 'first name' | 'last name' | 'email address' | null {
  const attributes = [
    ['username', owner.username],
    ['first name', owner.firstName],
    ['last name', owner.lastName],
    ['email address', owner.email],
  ] as const;
  const lower = password.toLowerCase();
  for (const [name, value] of attributes) {
    const whole = value.toLowerCase();
    const parts = [...whole.split(/[^\p{L}\p{N}_]+/u), whole].filter((part) => part !== '');
    if (parts.some((part) => !isTooShortToMatter(lower, part) && quickRatio(lower, part) >= MAX_SIMILARITY))
      return name;
  }
  return null;
}

/** Django's bound on pointless comparisons: a part so much shorter than the password cannot reach the ratio. */
function isTooShortToMatter(password: string, part: string): boolean {
  const bound = (MAX_SIMILARITY / 2) * password.length;
  return password.length >= 10 * part.length && part.length < bound;
}

/** An upper bound of similarity: twice the letters in common over all letters (Python's `SequenceMatcher.quick_ratio`). */
function quickRatio(a: string, b: string): number {
  const left = new Map<string, number>();
  for (const letter of b) left.set(letter, (left.get(letter) ?? 0) + 1);
  let common = 0;
  for (const letter of a) {
    const count = left.get(letter) ?? 0;
    if (count > 0) {
      left.set(letter, count - 1);
      common++;
    }
  }
  return (2 * common) / (codePoints(a) + codePoints(b));
}
