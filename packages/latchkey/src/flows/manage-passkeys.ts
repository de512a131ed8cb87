/** An account's owner makes passkeys for it, names them, and removes them. */
import {
  type CreationOptions,
  creationOptions,
  enrolPasskey,
  type Passkey,
  passkeyId,
  passkeyOf,
  passkeysAmong,
  presentedIn,
  userHandle,
} from '../credentials/passkey.ts';
import type { AccountId } from '../model/account.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import { passkey as texts } from '../texts/api.ts';
import { noticeTo, ownRecord, tellEnded } from './own-account.ts';
import type { Parts } from './parts.ts';
import { answeredChallenge, issueChallenge } from './passkey-challenges.ts';
import { type Asking, requireFresh } from './require-fresh.ts';
import { unlessOver } from './unless-over.ts';

/** More than anybody has, and few enough to be shown and named to an authenticator. */
const MOST = 20;

/** The account's passkeys, the newest first. */
export async function listPasskeys(parts: Parts, accountId: AccountId): Promise<readonly Passkey[]> {
  const { credentials } = await parts.store.credentials.list(accountId);
  return passkeysAmong(credentials).toReversed();
}

/** One of the account's own; `not_found` for nobody's and somebody else's, alike. */
export async function findPasskey(parts: Parts, accountId: AccountId, id: string): Promise<Passkey> {
  const found = (await listPasskeys(parts, accountId)).find((passkey) => passkey.id === id);
  if (found === undefined) throw new Refusal('not_found');
  return found;
}

/** By what name authenticators know the account. */
export function handleOf({ settings }: Parts, accountId: AccountId): string {
  return userHandle(settings.passkeys.rpId, accountId);
}

/** Begins to make one, which is called so unless it is given another name in the end. Throws `reauthentication_required`, `too_many_attempts`. */
export async function beginPasskey(
  parts: Parts,
  { session, now }: Asking,
  { name, network }: { readonly name: string; readonly network: string | null },
): Promise<CreationOptions> {
  await requireFresh(parts, { session, now });
  const { account } = await ownRecord(parts, session.accountId);
  const has = await listPasskeys(parts, account.id);
  if (has.length >= MOST) throw invalidInput({ non_field_errors: [texts.full(MOST)] });
  const bound = { boundTo: boundTo(session), network, data: name };
  const challenge = await issueChallenge(parts, 'passkey-registration', bound);
  const site = new URL(parts.settings.origin).hostname;
  return creationOptions(parts.settings.passkeys, account, { challenge, has, site });
}

function boundTo({ accountId, id }: Session): string {
  return `${accountId} ${id}`;
}

export type NewPasskey = {
  /** JSON, as `PublicKeyCredential.toJSON()` has it. */
  readonly credential: string;
  /** `''` where its owner gave it none, or gave it at the beginning. */
  readonly name: string;
};

/** Keeps a new passkey, and tells its owner by mail. Throws `reauthentication_required`, `invalid_input`. */
export async function addPasskey(parts: Parts, { session, now }: Asking, given: NewPasskey): Promise<Passkey> {
  await requireFresh(parts, { session, now });
  const { accountId } = session;
  const presented = presentedIn(given.credential);
  if (presented === null) throw invalidInput({ non_field_errors: [texts.registrationWrong] });
  const bound = { presented, boundTo: [boundTo(session)] };
  const challenge = await answeredChallenge(parts, 'passkey-registration', bound);
  // Of two answers to one challenge, one is looked at.
  const begunAs = challenge === null ? null : await parts.store.once.spend(challenge);
  if (begunAs === null) throw invalidInput({ non_field_errors: [texts.registrationExpired] });
  const label = given.name || begunAs || texts.usualName;
  const credential = await enrolPasskey(parts.settings.passkeys, { presented, label });
  if (credential === null) throw invalidInput({ non_field_errors: [texts.registrationWrong] });
  const { account } = await ownRecord(parts, accountId);
  const done = unlessOver(
    await parts.store.credentials.add({
      ...{ accountId, by: session, provenAt: null, credentials: [credential], replaces: [] },
      ...{ voids: false, kept: session.id, outbox: noticeTo(parts, account, { kind: 'passkey-added' }) },
    }),
  );
  if (done === null) throw new Refusal('account_disabled');
  if ('refused' in done) throw invalidInput({ non_field_errors: [texts.taken] });
  parts.mailWaits();
  const kept = await parts.store.credentials.find(credential.id);
  if (kept === null) throw new Refusal('not_found');
  return passkeyOf(kept);
}

/** Calls one something else. Throws `not_found`. */
export async function renamePasskey(parts: Parts, accountId: AccountId, id: string, name: string): Promise<Passkey> {
  const isRenamed = await parts.store.credentials.rename({ accountId, id: passkeyId(id), label: name });
  if (!isRenamed) throw new Refusal('not_found');
  return await findPasskey(parts, accountId, id);
}

/** Removes one, and signs every other device out. Throws `reauthentication_required`, `not_found`, `last_way_in`. */
export async function removePasskey(parts: Parts, { session, now }: Asking, id: string): Promise<void> {
  const { accountId } = session;
  await findPasskey(parts, accountId, id);
  await requireFresh(parts, { session, now });
  const { account } = await ownRecord(parts, accountId);
  const done = unlessOver(
    await parts.store.credentials.remove({
      ...{ accountId, by: session, ids: [passkeyId(id)], use: null, kept: session.id },
      outbox: noticeTo(parts, account, { kind: 'passkey-removed' }),
    }),
  );
  if (done === null) throw new Refusal('not_found');
  if ('refused' in done) throw new Refusal('last_way_in');
  tellEnded(parts, accountId, done);
}
