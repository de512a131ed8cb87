import { hashOfLinkSecret } from '../crypto/token.ts';
import type { AccountId } from '../model/account.ts';
import { invalidInput } from '../model/reasons.ts';
import { deviceTokenFor, newDeviceId, readDeviceTokens } from '../sessions/device-token.ts';
import { password as texts } from '../texts/api.ts';
import { forgetFailures } from './attempts.ts';
import { djangoReset } from './django-links.ts';
import { accountIdOf, forgotLink, mailLinks, resetLink } from './links.ts';
import { flawsOf } from './new-password.ts';
import type { Parts } from './parts.ts';

/** Mails a link to whoever has this address. Who that is, or that it is nobody, shows neither in the answer nor in its time. */
export async function requestPasswordReset(parts: Parts, email: string, network: string | null): Promise<void> {
  await mailLinks(parts, email, {
    purpose: 'reset-password',
    network,
    isMeant: ({ account }) => account.state === 'active',
    linkFor: ({ account }) => resetLink(parts, account),
  });
}

export type PasswordReset = {
  readonly uid: string;
  readonly token: string;
  readonly newPassword1: string;
  readonly newPassword2: string;
  /** The device tokens that the client sent, or null. */
  readonly deviceTokens: string | null;
};

export type PasswordResetDone = { readonly accountId: AccountId; readonly deviceToken: string };

/**
 * Sets a new password by a mailed link, and signs every device out; signs nobody in. The rules for passwords come first: a
 * weak one must not use up the link. Returns whose it was, and a device token: whoever has the account's mail has proved to be its owner, and must
 * not be kept out again by strangers who go on guessing.
 */
export async function resetPassword(parts: Parts, reset: PasswordReset): Promise<PasswordResetDone> {
  const id = accountIdOf(parts.settings, reset.uid);
  const record = id === null ? null : await parts.store.accounts.find(id);
  if (record === null) throw invalidInput({ uid: [texts.invalidLink] });
  const { account } = record;
  const hash = hashOfLinkSecret('reset-password', reset.token);
  const isOurs = await parts.store.accounts.hasLink({ id: account.id, purpose: 'reset-password', hash });
  const link = isOurs ? hash : await djangoReset(parts, record, reset.token);
  if (link === null) throw invalidInput({ token: [texts.invalidLink] });

  if (reset.newPassword1 !== reset.newPassword2) throw invalidInput({ new_password2: [texts.mismatch] });
  const flaws = await flawsOf(parts, reset.newPassword1, account);
  if (flaws.length > 0) throw invalidInput({ new_password2: flaws });

  const notice = {
    kind: 'password-changed',
    to: account.email,
    username: account.username,
    link: forgotLink(parts.settings),
  } as const;
  await forgetFailures(parts, account.id);
  const done = await parts.store.accounts.resetPassword({
    id: account.id,
    link,
    to: await parts.hasher.hash(reset.newPassword1),
    outbox: account.email === '' ? [] : [parts.mail(notice)],
  });
  if (done === null) throw invalidInput({ token: [texts.invalidLink] });
  parts.endings.nudge();
  parts.mailWaits();
  parts.tell({ type: 'password_reset', account });
  const device = readDeviceTokens(parts.keys, account.id, reset.deviceTokens)?.id ?? newDeviceId();
  const known = { id: device, revision: done.record.gate.revision };
  return { accountId: account.id, deviceToken: deviceTokenFor(parts.keys, account.id, known) };
}
