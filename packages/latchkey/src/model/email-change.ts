import type { AccountId, Gate } from './account.ts';

/** What a link that gives an account an address is kept with: exactly the one that it was mailed to. */
export type ClaimedEmail = {
  readonly account: AccountId;
  /** As it was typed, and as addresses are compared. */
  readonly address: string;
  readonly key: string;
};

/** What a link that changes an address is kept with. */
export type PendingEmail = ClaimedEmail & {
  /** The account's when it was asked for. */
  readonly revision: number;
  /** When the session that asked for it was opened, by the store's clock. */
  readonly since: number;
};

/** What a link that takes a change back is kept with: the verified address that the account had before. */
export type FormerEmail = ClaimedEmail & {
  /** When whoever asked for the change had signed in, by the store's clock: what was set up since may be theirs. */
  readonly since: number;
};

/** Is it still to be? A new password, a sign-out everywhere and whatever else voids what was proved before drops it. */
export function isStillMeant({ account, revision }: PendingEmail, gate: Gate): boolean {
  return gate.accountId === account && gate.state === 'active' && revision >= gate.validFrom;
}
