import { type Account, type AccountId, isUsername, usernameKey } from '../model/account.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { account as texts } from '../texts/api.ts';
import type { Parts } from './parts.ts';

export type ProfileInput = {
  readonly username?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly profile?: Account['profile'];
};

/** Changes what is given of an account's names and extra fields. Throws `invalid_input`. */
export async function updateProfile(parts: Parts, id: AccountId, input: ProfileInput): Promise<Account> {
  const { username, ...rest } = input;
  if (username !== undefined && !isUsername(username)) throw invalidInput({ username: [texts.usernameInvalid] });
  const name = username === undefined ? {} : { username: nameOf(parts, username) };
  const changed = await parts.store.accounts.updateProfile({ id, ...name, ...rest });
  if (changed === 'username_taken') throw invalidInput({ username: [texts.usernameTaken] });
  if (changed === null) throw new Refusal('account_disabled');
  parts.tell({ type: 'profile_changed', account: changed.account });
  return changed.account;
}

function nameOf(parts: Parts, username: string) {
  return { name: username, key: usernameKey(username, parts.settings.accounts.usernameCase) };
}
