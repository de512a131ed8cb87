import { closeAccount } from '../../flows/close-account.ts';
import { exportAccount } from '../../flows/export-account.ts';
import { updateProfile } from '../../flows/update-profile.ts';
import type { Account } from '../../model/account.ts';
import { Refusal } from '../../model/reasons.ts';
import { empty, json, withCookies } from '../answers.ts';
import type { SignedInCall } from '../call.ts';
import { noSessionCookies, noTokenCookies } from '../cookies.ts';

/** An account as its owner sees it. */
export function accountBody(account: Account): Readonly<Record<string, unknown>> {
  const own = {
    pk: account.id,
    username: account.username,
    email: account.email,
    first_name: account.firstName,
    last_name: account.lastName,
  };
  // The host's fields come after ours, and never in their place.
  return { ...own, ...account.profile, ...own };
}

async function ownAccount({ parts, who }: SignedInCall): Promise<Account> {
  const record = await parts.store.accounts.find(who.session.accountId);
  if (record === null) throw new Refusal('account_disabled');
  return record.account;
}

export async function readUser(call: SignedInCall): Promise<Response> {
  return json(200, accountBody(await ownAccount(call)), call.headers);
}

/** PUT and PATCH: which fields must be there was seen to before; what is not given stays. */
export async function updateUser(call: SignedInCall): Promise<Response> {
  const { username, first_name, last_name } = call.values;
  const account = await updateProfile(call.parts, call.who.session, {
    ...(username !== undefined && { username }),
    ...(first_name !== undefined && { firstName: first_name }),
    ...(last_name !== undefined && { lastName: last_name }),
    profile: call.extra,
  });
  return json(200, accountBody(account), call.headers);
}

/** Everything that is kept of the account, to take along. */
export async function exportUser({ parts, who, headers }: SignedInCall): Promise<Response> {
  const disposition = { 'Content-Disposition': 'attachment; filename="account.json"' };
  return json(200, await exportAccount(parts, who.session.accountId), { ...headers, ...disposition });
}

export async function closeUser(call: SignedInCall): Promise<Response> {
  const { session, now } = call.who;
  await closeAccount(call.parts, { session, now, password: call.values['password'] ?? null, network: call.network });
  const { settings } = call.parts;
  return withCookies(empty(204, call.headers), [
    ...noSessionCookies(settings, call.request),
    ...noTokenCookies(settings),
  ]);
}
