import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { AccountRecord } from '../stores/store.ts';
import { field as fieldTexts, password as texts } from '../texts/api.ts';
import { confirmPassword } from './confirm-password.ts';
import { flawsOf } from './new-password.ts';
import { noticeTo, ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type Asking, isFreshNow } from './require-fresh.ts';
import { requireStepUp } from './step-up.ts';
import { unlessOver } from './unless-over.ts';

export type PasswordChange = {
  readonly session: Session;
  /** The store's time when the session was checked. */
  readonly now: number;
  /** What was given as the old password, or null. */
  readonly oldPassword: string | null;
  readonly newPassword1: string;
  readonly newPassword2: string;
  /** Whether the caller's own session ends too. */
  readonly isOwnEnded: boolean;
  readonly network: string | null;
};

/**
 * Sets a new password for the session's account, and signs every other device out. The old one is asked for unless its holder
 * proved who they are a moment ago, or where the settings ask for it always. Throws `invalid_input`, `too_many_attempts`, and
 * `reauthentication_required` where there is none to ask for, or where it is not enough.
 */
export async function changePassword(parts: Parts, change: PasswordChange): Promise<void> {
  const record = await ownRecord(parts, change.session.accountId);
  await requireStepUp(parts, record, change);
  if (record.passwordHash !== null && (await isOldPasswordAsked(parts, change)))
    await confirmOld(parts, record, change);

  if (change.newPassword1 !== change.newPassword2) throw invalidInput({ new_password2: [texts.mismatch] });
  const flaws = await flawsOf(parts, change.newPassword1, record.account);
  if (flaws.length > 0) throw invalidInput({ new_password2: flaws });

  const { account } = record;
  const changing = parts.store.accounts.changePassword({
    id: account.id,
    by: change.session,
    kept: change.isOwnEnded ? null : change.session.id,
    to: await parts.hasher.hash(change.newPassword1),
    outbox: noticeTo(parts, account, { kind: 'password-changed' }),
  });
  if (unlessOver(await changing) === null) throw new Refusal('account_disabled');
  parts.endings.nudge();
  parts.mailWaits();
  parts.tell({ type: 'password_changed', account });
}

/** Of an account that has one. */
export async function isOldPasswordAsked(parts: Parts, asking: Asking): Promise<boolean> {
  return parts.settings.wire.oldPasswordField || !(await isFreshNow(parts, asking));
}

async function confirmOld(
  parts: Parts,
  record: AccountRecord,
  { session, oldPassword, network }: PasswordChange,
): Promise<void> {
  if (oldPassword === null) throw invalidInput({ old_password: [fieldTexts.required] });
  const shown = await confirmPassword(parts, record, { session, password: oldPassword, network });
  if (shown.kind === 'wrong') throw invalidInput({ old_password: [texts.oldIncorrect] });
}
