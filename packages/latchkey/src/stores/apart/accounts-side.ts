import type { AccountId, Gate } from '../../model/account.ts';
import type { Spend } from '../../model/once.ts';
import type { Page } from '../sql/apart.ts';
import type { OutboxItem, Store } from '../store.ts';

/** A database that keeps accounts and not their sessions. */
export type AccountsSide = Store & {
  readonly apart: {
    /** Spends all of these and keeps their mails in one transaction; false, and none is, where one of them is not good any more. */
    spend(what: { readonly spends: readonly Spend[]; readonly outbox?: readonly OutboxItem[] }): Promise<boolean>;
    /** Gates that were moved and have not been handed over: nobody else gets them for `leaseMs`. */
    claimHandovers(claim: { readonly limit: number; readonly leaseMs: number }): Promise<readonly Gate[]>;
    /** This gate was handed over; a later one of the account is still to go. */
    handedOver(gate: Gate): Promise<void>;
    /** Writes down what a stream says after a position, once; where it was written further meanwhile, nothing. Up to where it is now. */
    writeStream(page: Page): Promise<string | null>;
    /** Up to where a stream is written down; null where nothing is. */
    cursorOf(stream: string): Promise<string | null>;
    /** Takes what is known of devices out of an account's history. */
    forgetDevices(accountId: AccountId): Promise<void>;
  };
};
