import type { Gate } from '../model/account.ts';
import { candidatesFor, type Hasher } from './hasher.ts';
import { type Proof, prove } from './proof.ts';

/** Who is to have a password shown for: an account, or somebody who is not there. */
export type Claimed = { readonly gate: Gate; readonly passwordHash: string | null } | null;

export type PasswordShown =
  | {
      readonly kind: 'right';
      readonly proof: Proof;
      /** The hash that should be renewed and the password that it is of, or null. */
      readonly renew: { readonly from: string; readonly password: string } | null;
    }
  | { readonly kind: 'wrong' };

/**
 * Holds what was typed against an account's password. A hash is always computed, also where there is no account or no
 * password; a suspended account is answered as nobody is.
 */
export async function showPassword(
  hasher: Hasher,
  claimed: Claimed,
  typed: string,
  { isStripped }: { readonly isStripped: boolean },
): Promise<PasswordShown> {
  const active = claimed?.gate.state === 'active' ? claimed : null;
  const stored = active?.passwordHash ?? null;
  const { matched, isOutdated } = await hasher.verify(stored, candidatesFor(typed, isStripped));
  if (matched === null || active === null) return { kind: 'wrong' };
  const renew = isOutdated && stored !== null ? { from: stored, password: matched } : null;
  return { kind: 'right', proof: prove(active.gate, 'password'), renew };
}
