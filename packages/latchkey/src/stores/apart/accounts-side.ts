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
    /** The gates of all accounts with these numbers, both ends among them. */
    gatesOf(range: { readonly from: AccountId; readonly to: AccountId }): Promise<readonly Gate[]>;
    /** These gates were handed over; a later one of the same account is still to go. */
    handedOver(gates: readonly Gate[]): Promise<void>;
    /** Writes down what a stream says, once, whoever else does. */
    writeStream(page: Page): Promise<void>;
    /** Forgets an account's devices, and takes what is known of them out of its history. */
    forgetDevices(accountId: AccountId): Promise<void>;
  };
};
