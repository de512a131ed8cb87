/** Links that Django has mailed go on working where its `SECRET_KEY` is given: what they stand for is looked up in what came along. */
import { confirmedEmail, isResetToken } from '../credentials/django.ts';
import { emailKey } from '../model/account.ts';
import type { AccountRecord } from '../stores/store.ts';
import type { Parts } from './parts.ts';

/** The reset that a token of Django's stands for: good while the password is the one that it was made with. null for none. */
export async function djangoReset(
  { store, settings: { django } }: Parts,
  { account: { id, email: current }, passwordHash }: AccountRecord,
  token: string,
): Promise<{ readonly whilePasswordIs: string | null } | null> {
  const secret = django.secretKey();
  const origin = secret === null ? null : await store.imports.origin(id);
  if (secret === null || origin === null) return null;
  const { lastLogin, email, addresses } = origin;
  // What was mailed to an address that is not the account's any more is void, as there.
  const mailedTo = email === '' ? addresses : [email];
  if (!mailedTo.some((address) => emailKey(address) === emailKey(current))) return null;
  const { now } = await store.credentials.list(id);
  const owner = { id, password: passwordHash ?? origin.unusable, lastLogin, email, addresses };
  const isGood = isResetToken(token, owner, { secret, now, lifetimeMs: django.resetLinkMs });
  return isGood ? { whilePasswordIs: passwordHash } : null;
}

/** Marks the address that a key of allauth's confirms as verified. null for what is none, too old, or done already. */
export async function verifyByDjango(
  { store, settings: { django, mail } }: Parts,
  key: string,
): Promise<AccountRecord | null> {
  const secret = django.secretKey();
  const confirmed = secret === null ? null : confirmedEmail(key, secret);
  if (confirmed === null) return null;
  return await store.imports.verifyEmail({ ...confirmed, lifetimeMs: mail.verifyLinkMs });
}
