import { showPassword } from '../credentials/password.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { isFresh, type Session } from '../model/session.ts';
import { field as fieldTexts, password as texts } from '../texts/api.ts';
import { countAttempt, ofAccount } from './attempts.ts';
import type { Parts } from './parts.ts';
import { unlessOver } from './unless-over.ts';

export type Closing = {
  readonly session: Session;
  /** The store's time when the session was checked. */
  readonly now: number;
  readonly password: string | null;
  readonly network: string | null;
};

/** Removes the caller's account for good. Asks for the password, unless its holder proved who they are a moment ago. */
export async function closeAccount(parts: Parts, { session, now, password, network }: Closing): Promise<void> {
  const record = await parts.store.accounts.find(session.accountId);
  if (record === null) throw new Refusal('account_disabled');
  if (password !== null) {
    const attempt = await countAttempt(parts, {
      whose: ofAccount(session.accountId),
      deviceId: session.device.id,
      network,
    });
    const shown = await attempt.during(() => showPassword(parts.hasher, record, password, { isStripped: true }));
    if (shown.kind === 'wrong') throw invalidInput({ password: [texts.incorrect] });
    await attempt.succeeded();
  } else if (!isFresh(session, parts.settings.sessions.freshMs, now)) {
    throw invalidInput({ password: [fieldTexts.required] });
  }
  const closing = parts.store.accounts.close({ id: session.accountId, by: session });
  if (unlessOver(await closing) === null) throw new Refusal('account_disabled');
  parts.endings.nudge();
  parts.tell({ type: 'account_closed', account: record.account });
}
