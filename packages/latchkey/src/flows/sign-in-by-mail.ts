/** Somebody signs in by what is mailed to an address that they have verified. */
import {
  keptOfMail,
  type MailFor,
  mailForIn,
  mailSignInRef,
  newMailSecrets,
  type ShownOfMail,
  showMail,
} from '../credentials/mail.ts';
import { emailKey } from '../model/account.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Caller } from '../sessions/admit.ts';
import { field as fieldTexts, signInByMail as texts } from '../texts/api.ts';
import { countMailCode, forgetFailures } from './attempts.ts';
import { completeSignIn, type SignInOutcome } from './complete-sign-in.ts';
import { claimLink, type IssuedLink, mailLinks, signInLink } from './links.ts';
import type { Parts } from './parts.ts';

/** For how long a link and a code are good. */
export const SIGN_IN_MAIL_MS = 15 * 60_000;

/**
 * Mails a link and a code to whoever has verified this address; who only named it is mailed the link that claims it. Returns the
 * ticket without which neither does anything. Whether there is such an account shows neither in the answer nor in its time.
 */
export async function askForSignInMail(
  parts: Parts,
  { email, network }: { readonly email: string; readonly network: string | null },
): Promise<{ readonly ticket: string }> {
  const secrets = newMailSecrets();
  const counted = parts.keys.pseudonym('mail-codes', emailKey(email));
  const linkOf = (account: MailFor['account']): IssuedLink['link'] => ({
    ...mailSignInRef(secrets.ticket),
    lifetimeMs: SIGN_IN_MAIL_MS,
    data: keptOfMail(secrets, { account, counted }),
  });
  await mailLinks(parts, email, {
    purpose: 'mail-sign-in',
    inPlace: 'claim-email',
    network,
    isMeant: ({ account }) => account.state === 'active',
    linkFor({ account, gate }) {
      if (!account.emailVerified) return claimLink(parts, account);
      const { email: to, username } = account;
      const link = signInLink(parts.settings, secrets.token);
      const notice = { kind: 'sign-in', to, username, link, code: secrets.code } as const;
      return { link: linkOf({ id: account.id, revision: gate.revision }), outbox: [parts.mail(notice)] };
    },
    linkOfNobody: () => linkOf(null),
  });
  return { ticket: secrets.ticket };
}

export type MailSignIn = {
  readonly ticket: string;
  /** What the mail's link carries, or the code that stands in it; the link goes before. */
  readonly token: string | null;
  readonly code: string | null;
  readonly caller: Caller;
};

/**
 * Signs somebody in by what their mail said, or has them show a second step. Throws `invalid_input` on `ticket` where that is used,
 * too old or void, on `token` or `code` where it is not the mail's; `too_many_attempts`.
 */
export async function signInByMail(parts: Parts, given: MailSignIn): Promise<SignInOutcome> {
  const shown = shownOf(given);
  const kept = await parts.store.once.peek(mailSignInRef(given.ticket));
  if (kept === null) throw invalidInput({ ticket: [texts.ticketVoid] });
  const whose = mailForIn(kept);
  try {
    return await signInFor(parts, { ...given, kept, shown, counted: whose.counted });
  } catch (error) {
    const accountId = whose.account?.id ?? null;
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId, code: error.code });
    throw error;
  }
}

type Showing = Pick<MailSignIn, 'ticket' | 'caller'> & {
  readonly kept: string;
  readonly shown: ShownOfMail;
  /** Under what its tries are counted. */
  readonly counted: string;
};

async function signInFor(parts: Parts, { ticket, caller, kept, shown, ...given }: Showing): Promise<SignInOutcome> {
  const counted = 'code' in shown ? await countMailCode(parts, { counted: given.counted, ticket }) : null;
  const right = showMail(kept, ticket, shown);
  if (right === null) {
    throw invalidInput('code' in shown ? { code: [texts.codeWrong] } : { token: [texts.tokenWrong] });
  }
  const record = await parts.store.accounts.find(right.accountId);
  const proof = record === null ? null : right.proofAt(record.gate);
  const outcome =
    record === null || proof === null ? null : await completeSignIn(parts, { account: record.account, proof, caller });
  if (outcome === null) throw invalidInput({ ticket: [texts.ticketVoid] });
  await counted?.succeeded();
  await forgetFailures(parts, right.accountId);
  return outcome;
}

function shownOf({ token, code }: MailSignIn): ShownOfMail {
  if (token !== null) return { token };
  if (code !== null) return { code };
  throw invalidInput({ code: [fieldTexts.required] });
}
