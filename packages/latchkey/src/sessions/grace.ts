/** What a displaced device may still finish, where its host asks for that at a call. Nothing else goes on with its token. */
import { readToken } from '../crypto/token.ts';
import { type AccountId, isWithinGate } from '../model/account.ts';
import { graceEnd, type Session } from '../model/session.ts';
import type { Checker } from './verify.ts';

/** A device that was displaced a moment ago. */
export type Grace = {
  readonly session: Session;
  /** What the account is allowed, as of this check. */
  readonly account: { readonly id: AccountId; readonly roles: readonly string[] };
  /** When its time is over: milliseconds since 1970, the store's clock. */
  readonly until: number;
};

/**
 * Whether the session of a token was displaced a moment ago, as the store has it at this moment; null where that is too long ago, or
 * anything but that has ended it, or has voided since what the account's sessions were opened by.
 */
export async function graceOf(
  { store, settings }: Pick<Checker, 'store' | 'settings'>,
  token: string,
): Promise<Grace | null> {
  const presented = settings.sessions.graceMs === 0 ? null : readToken(token);
  const found = presented === null ? null : await store.sessions.find(presented);
  if (found === null) return null;
  const { session, now } = found;
  const until = graceEnd(session, settings.sessions, now);
  if (until === null) return null;
  // A session that has ended is not ended again: whether something would have is known to its account.
  const record = await store.accounts.find(session.accountId);
  if (record === null || record.gate.state !== 'active' || !isWithinGate(record.gate, session)) return null;
  const { id, roles } = record.account;
  return { session, account: { id, roles }, until };
}
