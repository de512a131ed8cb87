/** What an operator does to an account, by command or by the host application. */
import { proveImportedKey } from '../credentials/imported-key.ts';
import { type Account, type AccountId, emailKey, isEmail, isUsername, usernameKey } from '../model/account.ts';
import { UNKNOWN_DEVICE } from '../model/device.ts';
import { type Flaw, type Flaws, invalidInput } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { Created } from '../stores/store.ts';
import { field as fieldTexts, account as texts } from '../texts/api.ts';
import { forgetWrongCodes } from './attempts.ts';
import { completeImports } from './complete-sign-in.ts';
import { flawsOf } from './new-password.ts';
import { noticeTo, tellEnded } from './own-account.ts';
import type { Parts } from './parts.ts';

export type OperatorAccount = {
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly firstName: string;
  readonly lastName: string;
  /** null leaves the account without a password: its owner sets one by a mailed link. */
  readonly password: string | null;
  readonly roles: readonly string[];
};

/** Makes an account. Throws `invalid_input` with all that is wrong. */
export async function createAccount(parts: Parts, input: OperatorAccount): Promise<Account> {
  const { username, email, password } = input;
  const errors: Record<string, readonly Flaw[]> = {};
  if (!isUsername(username)) errors['username'] = [texts.usernameInvalid];
  if (email !== '' && !isEmail(email)) errors['email'] = [fieldTexts.email];
  const flaws = password === null ? [] : await flawsOf(parts, password, input);
  if (flaws.length > 0) errors['password'] = flaws;
  if (Object.keys(errors).length > 0) throw invalidInput(errors);

  const created = await parts.store.accounts.create({
    username,
    usernameKey: usernameKey(username, parts.settings.accounts.usernameCase),
    email: email === '' ? null : { address: email, key: emailKey(email), verified: input.emailVerified },
    emailUnique: parts.settings.accounts.emailUnique,
    firstName: input.firstName,
    lastName: input.lastName,
    profile: {},
    password: password === null ? null : await parts.hasher.hash(password),
    state: 'active',
    roles: input.roles,
    invitation: null,
    link: null,
    outbox: [],
  });
  if (created.kind !== 'created') throw invalidInput(takenErrors(created.kind));
  parts.tell({ type: 'registered', account: created.record.account });
  return created.record.account;
}

function takenErrors(kind: Exclude<Created['kind'], 'created'>): Flaws {
  return kind === 'email_taken' ? { email: [texts.emailTaken] } : { username: [texts.usernameTaken] };
}

/** Keeps an account out, and ends its sessions at once. null when there is none. */
export async function suspendAccount(parts: Parts, id: AccountId): Promise<Account | null> {
  const done = await parts.store.accounts.setState({ id, state: 'suspended' });
  if (done === null) return null;
  parts.endings.nudge();
  if (done.isChanged) parts.tell({ type: 'account_suspended', account: done.record.account });
  return done.record.account;
}

/** Lets a suspended account in again. Its sessions stay ended. null when there is none. */
export async function reactivateAccount(parts: Parts, id: AccountId): Promise<Account | null> {
  const done = await parts.store.accounts.setState({ id, state: 'active' });
  if (done === null) return null;
  if (done.isChanged) parts.tell({ type: 'account_reactivated', account: done.record.account });
  return done.record.account;
}

/**
 * Gives an account these roles and no others. Its sessions show them at their next check; where a second step is demanded for the
 * first time by that, they end: they were opened without, or it cannot be told. null when there is none.
 */
export async function setRoles(parts: Parts, id: AccountId, roles: readonly string[]): Promise<Account | null> {
  const { demandedOf } = parts.settings.secondStep;
  const done = await parts.store.accounts.setRoles({ id, roles, demandedOf });
  if (done === null) return null;
  if (done.ended.length > 0) tellEnded(parts, id, done);
  parts.tell({ type: 'roles_changed', account: done.record.account });
  return done.record.account;
}

/** Removes an account's second steps, and tells its owner. How many there were; null when there is no such account. */
export async function resetSecondStep(parts: Parts, id: AccountId): Promise<number | null> {
  const record = await parts.store.accounts.find(id);
  if (record === null) return null;
  const outbox = noticeTo(parts, record.account, { kind: 'second-step-reset' });
  const done = await parts.store.accounts.resetSecondStep({ id, outbox });
  if (done === null) return null;
  await forgetWrongCodes(parts, id);
  if (done.removed === 0) return 0;
  parts.endings.nudge();
  parts.mailWaits();
  parts.tell({ type: 'second_step_reset', account: done.record.account });
  return done.removed;
}

/**
 * Brings along a Django REST framework key of an account: a live session of an unknown device, until the account's next
 * sign-in brings it to its limit. null for what is no key, no account, or an account that is not active.
 */
export async function importKey(
  parts: Parts,
  { accountId, key, isFresh }: { readonly accountId: AccountId; readonly key: string; readonly isFresh: boolean },
): Promise<Session | null> {
  const record = await parts.store.accounts.find(accountId);
  const shown = record === null ? null : proveImportedKey(record.gate, key);
  if (shown === null) return null;
  const [session] = await completeImports(parts, [{ ...shown, isFresh, device: UNKNOWN_DEVICE }]);
  return session ?? null;
}
