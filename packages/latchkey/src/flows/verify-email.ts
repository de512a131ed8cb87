import { hashOfLinkSecret } from '../crypto/token.ts';
import { Refusal } from '../model/reasons.ts';
import { mailLinks, verificationLink } from './links.ts';
import type { Parts } from './parts.ts';

/** Marks the address that a link was mailed to as verified. Signs nobody in. Throws `not_found` for a link that is not good. */
export async function verifyEmail(parts: Parts, key: string): Promise<void> {
  const record = await parts.store.accounts.verifyEmail(hashOfLinkSecret('verify-email', key));
  if (record === null) throw new Refusal('not_found');
  parts.tell({ type: 'email_verified', account: record.account });
}

/** Sends the link again to an address that waits to be verified. Whether there is one shows neither in the answer nor in its time. */
export async function resendVerification(parts: Parts, email: string, network: string | null): Promise<void> {
  await mailLinks(parts, email, {
    purpose: 'verify-email',
    network,
    isMeant: ({ account }) => account.state === 'active' && !account.emailVerified,
    linkFor: ({ account }) => verificationLink(parts, account),
  });
}
