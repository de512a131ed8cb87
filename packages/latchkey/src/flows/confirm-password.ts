import { type PasswordShown, showPassword } from '../credentials/password.ts';
import type { AccountId } from '../model/account.ts';
import type { Session } from '../model/session.ts';
import type { AccountRecord } from '../stores/store.ts';
import { countAttempt, ofAccount } from './attempts.ts';
import type { Parts } from './parts.ts';

export type TypedPassword = {
  readonly session: Session;
  readonly password: string;
  readonly network: string | null;
};

/** Whether an account has a password that could be asked for. */
export async function hasPassword({ store }: Parts, id: AccountId): Promise<boolean> {
  return ((await store.accounts.find(id))?.passwordHash ?? null) !== null;
}

/** Whoever is signed in types their password once more. Counted as at sign-in. Throws `too_many_attempts`, `busy`. */
export async function confirmPassword(
  parts: Parts,
  record: AccountRecord,
  { session, password, network }: TypedPassword,
): Promise<PasswordShown> {
  const whose = ofAccount(record.account.id);
  const attempt = await countAttempt(parts, { whose, deviceId: session.device.id, network });
  const shown = await attempt.during(() => showPassword(parts.hasher, record, password, { isStripped: true }));
  if (shown.kind === 'right') await attempt.succeeded();
  return shown;
}
