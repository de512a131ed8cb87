/** What every change of an account by its owner has in common: who it is, the mail that tells of it, and what follows. */
import type { OwnerNotice } from '../mail/message.ts';
import type { Account, AccountId } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { AccountRecord, OutboxItem, Voided } from '../stores/store.ts';
import { forgotLink } from './links.ts';
import type { Parts } from './parts.ts';

/** The account of a session, which may be closed by now: then that is over as well. Throws `account_disabled`. */
export async function ownRecord({ store }: Parts, id: AccountId): Promise<AccountRecord> {
  const record = await store.accounts.find(id);
  if (record === null) throw new Refusal('account_disabled');
  return record;
}

/** A mail to an account's owner, with the way to take the account back; none where it has no address. */
export function noticeTo(
  parts: Parts,
  { email, username }: Pick<Account, 'email' | 'username'>,
  notice: OwnerNotice,
): readonly OutboxItem[] {
  return email === '' ? [] : [parts.mail({ ...notice, to: email, username, link: forgotLink(parts.settings) })];
}

/** Makes a change known by which sessions ended: to whoever listens, by mail, and to the host. */
export function tellEnded(parts: Parts, accountId: AccountId, { ended }: Pick<Voided, 'ended'>): void {
  parts.endings.nudge();
  parts.mailWaits();
  if (ended.length > 0) parts.tell({ type: 'sessions_ended', accountId, sessions: ended });
}
