import { hashOfLinkSecret, newLinkSecret } from '../crypto/token.ts';
import { emailKey, isEmail } from '../model/account.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { field as fieldTexts, account as texts } from '../texts/api.ts';
import { invitationLink } from './links.ts';
import type { Parts } from './parts.ts';

/** What an invitation allows: an account for one address (which it proves) or for whoever holds it, with these roles. */
type Terms = { readonly emailKey: string | null; readonly roles: readonly string[] };

export type Invitation = {
  /** The secret, once: whoever holds it may sign up, once. */
  readonly invitation: string;
  readonly link: string;
};

/**
 * Invites somebody to sign up, and mails it to them where an address is given. Throws `invalid_input`, and
 * `registration_closed` where an invitation would open nothing.
 */
export async function invite(
  parts: Parts,
  { email, roles }: { readonly email: string | null; readonly roles: readonly string[] },
): Promise<Invitation> {
  if (parts.settings.accounts.registration === 'closed') throw new Refusal('registration_closed', { message: CLOSED });
  if (email !== null && !isEmail(email)) throw invalidInput({ email: [fieldTexts.email] });
  const invitation = newLinkSecret();
  const terms: Terms = { emailKey: email === null ? null : emailKey(email), roles };
  await parts.store.once.put({
    purpose: 'invitation',
    hash: hashOfLinkSecret('invitation', invitation),
    lifetimeMs: parts.settings.mail.invitationMs,
    data: JSON.stringify(terms),
  });
  const link = invitationLink(parts.settings, invitation);
  if (email !== null) {
    await parts.store.outbox.put([parts.mail({ kind: 'invitation', to: email, link })]);
    parts.mailWaits();
  }
  return { invitation, link };
}

const CLOSED = 'Nobody can sign up, with an invitation neither: accounts.registration is closed.';

export type Accepted = {
  readonly hash: Uint8Array;
  readonly roles: readonly string[];
  readonly isEmailProven: boolean;
};

/** Looks at an invitation that somebody brings. Throws `invalid_input` where it is not good, or is another address's. */
export async function lookAtInvitation(parts: Parts, secret: string, email: string): Promise<Accepted> {
  const hash = hashOfLinkSecret('invitation', secret);
  const data = await parts.store.once.peek({ purpose: 'invitation', hash });
  const terms = data === null ? null : (JSON.parse(data) as Terms);
  const isTheirs = terms !== null && (terms.emailKey === null || terms.emailKey === emailKey(email));
  if (!isTheirs) throw invalidInput({ invitation: [texts.invitationInvalid] });
  return { hash, roles: terms.roles, isEmailProven: terms.emailKey !== null };
}
