import { type Account, type AccountId, isUsername, usernameKey } from '../model/account.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import { account as texts } from '../texts/api.ts';
import { takeOne } from './attempts.ts';
import type { Parts } from './parts.ts';
import { unlessOver } from './unless-over.ts';

export type ProfileInput = {
  readonly username?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  /** What the extra fields are to be, from what they are; null where they stay. Asked again where somebody else was quicker. */
  readonly profile?: (current: Account['profile']) => Promise<Account['profile'] | null>;
};

/** A client that changes its own fields many times at once is told to come back. */
const TRIES = 20;

/** Each new name tells whether somebody has it: there is an end to asking. */
const NEW_NAMES = { limit: 10, windowMs: 3_600_000 } as const;

/** Changes what is given of the session's account's names and extra fields. Throws `invalid_input`,
 * `too_many_attempts`. */
export async function updateProfile(parts: Parts, by: Session, input: ProfileInput): Promise<Account> {
  const { accountId: id } = by;
  const { username, profile, ...names } = input;
  if (username !== undefined && !isUsername(username)) throw invalidInput({ username: [texts.usernameInvalid] });
  const name = username === undefined ? {} : { username: nameOf(parts, username) };
  if (username !== undefined) await countNewName(parts, id, username);
  for (let tries = 0; tries < TRIES; tries++) {
    const from = (await parts.store.accounts.find(id))?.account.profile;
    if (from === undefined) throw new Refusal('account_disabled');
    const to = await profile?.(from);
    const extra = to == null ? {} : { profile: { from, to } };
    const changed = unlessOver(await parts.store.accounts.updateProfile({ id, by, ...names, ...name, ...extra }));
    if (changed === 'profile_moved') continue;
    if (changed === 'username_taken') throw invalidInput({ username: [texts.usernameTaken] });
    if (changed === null) throw new Refusal('account_disabled');
    parts.tell({ type: 'profile_changed', account: changed.account });
    return changed.account;
  }
  throw new Refusal('busy', { retryAfterSeconds: 1 });
}

/** What it is called already is no new name. */
async function countNewName(parts: Parts, id: AccountId, username: string): Promise<void> {
  if (parts.settings.attempts === 'off') return;
  const record = await parts.store.accounts.find(id);
  if (record?.account.username === username) return;
  await takeOne(parts, 'new-name', String(id), NEW_NAMES);
}

function nameOf(parts: Parts, username: string) {
  return { name: username, key: usernameKey(username, parts.settings.accounts.usernameCase) };
}
