import { hashOfLinkSecret } from '../crypto/token.ts';
import type { AccountId } from '../model/account.ts';
import type { ClaimedEmail } from '../model/email-change.ts';
import { Refusal } from '../model/reasons.ts';
import { forgetFailures } from './attempts.ts';
import { verifyByDjango } from './django-links.ts';
import { claimLink, mailLinks, resetLink, verificationLink } from './links.ts';
import type { Parts } from './parts.ts';

/** `claimed`: what was there before is gone, and a link to choose a password is mailed. */
export type EmailVerified = 'verified' | 'claimed';

/** Marks the address that a link was mailed to as verified. Signs nobody in. Throws `not_found` for a link that is not good. */
export async function verifyEmail(parts: Parts, key: string): Promise<EmailVerified> {
  const ours = await parts.store.accounts.verifyEmail(hashOfLinkSecret('verify-email', key));
  const record = ours ?? (await verifyByDjango(parts, key));
  if (record === null) {
    await claimEmail(parts, key);
    return 'claimed';
  }
  parts.tell({ type: 'email_verified', account: record.account });
  return 'verified';
}

/** Whether this link takes away what was there before. Spends nothing. */
export async function isClaim(parts: Parts, key: string): Promise<boolean> {
  return (await parts.store.once.peek({ purpose: 'claim-email', hash: hashOfLinkSecret('claim-email', key) })) !== null;
}

async function claimEmail(parts: Parts, key: string): Promise<void> {
  const hash = hashOfLinkSecret('claim-email', key);
  const kept = await parts.store.once.peek({ purpose: 'claim-email', hash });
  if (kept === null) throw new Refusal('not_found');
  const { account: id } = JSON.parse(kept) as ClaimedEmail;
  const record = await parts.store.accounts.find(id);
  if (record === null) throw new Refusal('not_found');
  const { link: reset, outbox } = resetLink(parts, record.account);
  await forgetFailures(parts, id);
  const done = await parts.store.accounts.claimEmail({ id, link: hash, reset, outbox });
  if (done === null) throw new Refusal('not_found');
  parts.endings.nudge();
  parts.mailWaits();
  parts.tell({ type: 'email_verified', account: done.record.account });
}

/**
 * Sends the link again to an address that waits to be verified. Whether there is one shows neither in the answer nor in its time. Who
 * is signed in to the account gets what they got before; of anybody else it is not known whether they made it, and theirs claims it.
 */
export async function resendVerification(
  parts: Parts,
  {
    email,
    network,
    asker,
  }: { readonly email: string; readonly network: string | null; readonly asker: AccountId | null },
): Promise<void> {
  await mailLinks(parts, email, {
    purpose: 'verify-email',
    inPlace: 'claim-email',
    network,
    isMeant: ({ account }) => account.state === 'active' && !account.emailVerified,
    linkFor: ({ account }) => (account.id === asker ? verificationLink(parts, account) : claimLink(parts, account)),
  });
}
