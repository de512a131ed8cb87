import type { AccountId } from './account.ts';
import type { NewCredential } from './credential.ts';

/** What a thing that is usable once is for. */
export type OncePurpose =
  | 'verify-email'
  | 'claim-email'
  | 'reset-password'
  | 'invitation'
  | 'second-step'
  | 'choose-session'
  | 'approve-session'
  | 'remembered-device'
  | 'passkey-registration'
  | 'passkey-sign-in'
  | 'passkey-second-step'
  | 'passkey-reauthentication'
  | 'mail-sign-in'
  | 'change-email'
  | 'undo-email'
  | 'not-me'
  | 'mailed-step'
  | 'new-device'
  | 'taken-place'
  | 'contested-account'
  | 'social-sign-in'
  | 'refresh-token'
  | 'refreshed-token'
  | 'blacklisted-token';

/** A link, a code, a challenge, a ticket: known by the hash of its secret. */
export type OnceRef = { readonly purpose: OncePurpose; readonly hash: Uint8Array };

/** What a proof uses up at the door. */
export type Spend = OnceRef | CredentialUse | CredentialAddition;

/**
 * A use of a credential that no other may repeat: what is kept of it must still be `from`, and is `to` from then on. So a code's
 * time step, a recovery code or a counter is used up.
 */
export type CredentialUse = { readonly credential: string; readonly from: Uint8Array; readonly to: Uint8Array };

/**
 * What somebody has shown that their account is to know from then on, and not before they are in. It is added once: where the account
 * has it by then that is as good, and where something voided what was proved at `provenAt`, or somebody else has it, it is not.
 */
export type CredentialAddition = {
  readonly accountId: AccountId;
  readonly provenAt: number;
  readonly adds: NewCredential;
};
