import type { CredentialKind } from './credential.ts';
import type { SignInMethod } from './session.ts';

/** What an account has that can be shown after a first proof. */
type OwnStepKind = 'totp' | 'recovery_codes' | 'passkey';

/** What can be shown after a first proof: what the account has, or a code that was mailed for it (`mail`). */
export type SecondStepKind = OwnStepKind | 'mail';

export type SecondStepPolicy = {
  /** Of whom it is demanded: of nobody who did not set one up, of everybody, or of those with one of these roles. */
  readonly demandedOf: 'nobody' | 'everybody' | readonly string[];
  /** For how long a device on which one was shown is not asked again, in milliseconds; 0 asks each time. */
  readonly rememberMs: number;
};

const KINDS: readonly OwnStepKind[] = ['totp', 'recovery_codes', 'passkey'];

/** What an account has that can be shown after this first proof. A passkey is no second step after a passkey. */
export function secondStepsAfter(first: SignInMethod, has: readonly CredentialKind[]): readonly OwnStepKind[] {
  return KINDS.filter((kind) => has.includes(kind) && (kind !== 'passkey' || first !== 'passkey'));
}

/**
 * Is a second step to be shown, to be set up first, or neither? An authenticator app is there to be asked for. A passkey is there
 * to sign in with: it is a second step only where one is asked for in any case.
 */
export function secondStepFor(
  policy: SecondStepPolicy,
  {
    roles,
    kinds,
    first,
  }: { readonly roles: readonly string[]; readonly kinds: readonly CredentialKind[]; readonly first: SignInMethod },
): 'none' | 'show' | 'set-up' {
  if (kinds.includes('totp')) return 'show';
  if (!isDemanded(policy, roles)) return 'none';
  return secondStepsAfter(first, kinds).length > 0 ? 'show' : 'set-up';
}

/** May it not be switched off? */
export function isDemanded({ demandedOf }: Pick<SecondStepPolicy, 'demandedOf'>, roles: readonly string[]): boolean {
  if (demandedOf === 'nobody' || demandedOf === 'everybody') return demandedOf === 'everybody';
  return roles.some((role) => demandedOf.includes(role));
}

/** Is it demanded of whoever has these roles, and was not of whoever had those? Then whoever came in without has to show one. */
export function isNewlyDemanded(
  policy: Pick<SecondStepPolicy, 'demandedOf'>,
  { from, to }: { readonly from: readonly string[]; readonly to: readonly string[] },
): boolean {
  return isDemanded(policy, to) && !isDemanded(policy, from);
}

export type StepUpKind = 'password' | 'code' | 'passkey';

/** What makes a session fresh again. */
export type StepUp = {
  /** Any one of these; none where a new sign-in alone does. */
  readonly kinds: readonly StepUpKind[];
  /** Whether what is shown has to stand for two steps: a passkey does whose authenticator verified its holder. */
  readonly isWhole: boolean;
};

/**
 * By what a session's holder shows once more who they are: where an app is set up, or a second step is demanded, a password alone is
 * half of what signs them in.
 */
export function stepUpBy({
  kinds,
  hasPassword,
  isDemanded: isAsked,
}: {
  readonly kinds: readonly CredentialKind[];
  readonly hasPassword: boolean;
  readonly isDemanded: boolean;
}): StepUp {
  const hasApp = kinds.includes('totp');
  const isWhole = hasApp || isAsked;
  const passkey: readonly StepUpKind[] = kinds.includes('passkey') ? ['passkey'] : [];
  if (hasApp) return { kinds: ['code', ...passkey], isWhole };
  return { kinds: hasPassword && !isWhole ? ['password', ...passkey] : passkey, isWhole };
}
