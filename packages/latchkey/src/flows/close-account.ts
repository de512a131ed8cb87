import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import { field as fieldTexts, password as texts } from '../texts/api.ts';
import { confirmPassword } from './confirm-password.ts';
import { ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import { isFreshNow } from './require-fresh.ts';
import { requireStepUp } from './step-up.ts';
import { unlessOver } from './unless-over.ts';

export type Closing = {
  readonly session: Session;
  /** The store's time when the session was checked. */
  readonly now: number;
  readonly password: string | null;
  readonly network: string | null;
};

/**
 * Removes the caller's account for good. Asks for the password, unless its holder proved who they are a moment ago; throws
 * `reauthentication_required` where there is none, or where it is not enough.
 */
export async function closeAccount(parts: Parts, { session, now, password, network }: Closing): Promise<void> {
  const record = await ownRecord(parts, session.accountId);
  await requireStepUp(parts, record, { session, now });
  if (password !== null) {
    const shown = await confirmPassword(parts, record, { session, password, network });
    if (shown.kind === 'wrong') throw invalidInput({ password: [texts.incorrect] });
  } else if (!(await isFreshNow(parts, { session, now }))) {
    throw invalidInput({ password: [fieldTexts.required] });
  }
  const closing = parts.store.accounts.close({ id: session.accountId, by: session });
  if (unlessOver(await closing) === null) throw new Refusal('account_disabled');
  parts.endings.nudge();
  parts.tell({ type: 'account_closed', account: record.account });
}
