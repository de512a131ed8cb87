import type { AccountId } from './account.ts';

/** What an account has beside its password, to be signed in with or as a second step. */
export type CredentialKind = 'totp' | 'recovery_codes' | 'passkey' | 'social';

export type Credential = {
  /** Unique among all accounts' credentials of all kinds. */
  readonly id: string;
  readonly accountId: AccountId;
  readonly kind: CredentialKind;
  /** How its owner calls it; `''` where nobody named it. */
  readonly label: string;
  /** What proves it, as its kind keeps it: hashed or sealed where it is secret. */
  readonly data: Uint8Array;
  /** Milliseconds since 1970, the store's clock. */
  readonly createdAt: number;
  /** As above; null where it was never used. */
  readonly lastUsedAt: number | null;
};

/** As it is made. */
export type NewCredential = Pick<Credential, 'id' | 'kind' | 'label' | 'data'>;

/** Those by which somebody comes in who has shown nothing else. */
const WAYS_IN: ReadonlySet<CredentialKind> = new Set(['passkey', 'social']);

/** Would its owner still get in with what is left? Without a mailed link, which needs an address that is theirs. */
export function hasWayIn(hasPassword: boolean, left: readonly Pick<Credential, 'kind'>[]): boolean {
  return hasPassword || left.some(({ kind }) => WAYS_IN.has(kind));
}
