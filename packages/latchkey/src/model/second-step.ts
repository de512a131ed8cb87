import type { CredentialKind } from './credential.ts';

/** What can be shown after a first proof. */
export type SecondStepKind = 'totp' | 'recovery_codes';

export type SecondStepPolicy = {
  /** Of whom it is demanded: of nobody who did not set one up, of everybody, or of those with one of these roles. */
  readonly demandedOf: 'nobody' | 'everybody' | readonly string[];
  /** For how long a device on which one was shown is not asked again, in milliseconds; 0 asks each time. */
  readonly rememberMs: number;
};

/** Is a second step to be shown, to be set up first, or neither? */
export function secondStepFor(
  policy: SecondStepPolicy,
  { roles, kinds }: { readonly roles: readonly string[]; readonly kinds: readonly CredentialKind[] },
): 'none' | 'show' | 'set-up' {
  if (kinds.includes('totp')) return 'show';
  return isDemanded(policy, roles) ? 'set-up' : 'none';
}

/** May it not be switched off? */
export function isDemanded({ demandedOf }: SecondStepPolicy, roles: readonly string[]): boolean {
  if (demandedOf === 'nobody' || demandedOf === 'everybody') return demandedOf === 'everybody';
  return roles.some((role) => demandedOf.includes(role));
}
