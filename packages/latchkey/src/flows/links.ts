/** The links that mails carry: a secret that works once, of which the store keeps the hash. */
import { hashOfLinkSecret, newLinkSecret, type SecretHash } from '../crypto/token.ts';
import type { Account, AccountId } from '../model/account.ts';
import { emailKey } from '../model/account.ts';
import type { ClaimedEmail } from '../model/email-change.ts';
import type { Session } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import { type DisownedSession, NOT_ME_MS } from '../model/takeover.ts';
import type { AccountRecord, NewOnce, OutboxItem } from '../stores/store.ts';
import { type Allowance, takeQuietly } from './attempts.ts';
import type { Parts } from './parts.ts';

export type IssuedLink = { readonly link: NewOnce; readonly outbox: readonly OutboxItem[] };

/** A link that verifies one address, and the mail that takes it there. */
export function verificationLink(parts: Parts, to: { readonly username: string; readonly email: string }): IssuedLink {
  const secret = newLinkSecret();
  const { links, verifyLinkMs } = parts.settings.mail;
  const link = fill(links.verifyEmail, { key: secret });
  return {
    link: {
      purpose: 'verify-email',
      hash: hashOfLinkSecret('verify-email', secret),
      lifetimeMs: verifyLinkMs,
      data: emailKey(to.email),
    },
    outbox: [parts.mail({ kind: 'verify-email', to: to.email, username: to.username, link })],
  };
}

/**
 * A link for an address that nobody has verified, mailed to somebody who is not signed in: it verifies the address, and takes away
 * what whoever made the account has of it.
 */
export function claimLink(parts: Parts, { id, email, username }: Account): IssuedLink {
  const secret = newLinkSecret();
  const { links, verifyLinkMs } = parts.settings.mail;
  const claimed: ClaimedEmail = { account: id, address: email, key: emailKey(email) };
  const link = fill(links.verifyEmail, { key: secret });
  return {
    link: {
      purpose: 'claim-email',
      hash: hashOfLinkSecret('claim-email', secret),
      lifetimeMs: verifyLinkMs,
      data: JSON.stringify(claimed),
    },
    outbox: [parts.mail({ kind: 'claim-email', to: email, username, link })],
  };
}

/** A link that lets an account's owner choose a new password, and the mail that takes it to the address that is kept. */
export function resetLink(parts: Parts, account: Account): IssuedLink {
  const { uid, token, link } = resetTicket(parts.settings, account.id);
  const href = fill(parts.settings.mail.links.resetPassword, { uid, token });
  const { email: to, username } = account;
  return { link, outbox: [parts.mail({ kind: 'reset-password', to, username, link: href })] };
}

/** The same for somebody who has just shown that they read the account's mail: it is told, and not mailed. */
export function resetTicket(
  settings: Settings,
  id: AccountId,
): { readonly uid: string; readonly token: string; readonly link: NewOnce } {
  const token = newLinkSecret();
  const hash = hashOfLinkSecret('reset-password', token);
  const link: NewOnce = { purpose: 'reset-password', hash, lifetimeMs: settings.mail.resetLinkMs, data: '' };
  return { uid: uidOf(settings, id), token, link };
}

/**
 * Mails a link to each account that has an address, where it is meant for it. The same is done and written for an address that
 * nobody has, and for one that has been mailed too often lately nothing at all: in both cases nothing shows.
 */
export async function mailLinks(
  parts: Parts,
  email: string,
  links: {
    readonly purpose: NewOnce['purpose'];
    /** Whose wish it is, or null where that is not known. */
    readonly network: string | null;
    readonly isMeant: (record: AccountRecord) => boolean;
    readonly linkFor: (record: AccountRecord) => IssuedLink;
    /** What is kept where no link of this purpose is; what is told of it is nothing. */
    readonly linkOfNobody?: () => NewOnce;
    /** Where some are mailed a link of this other purpose in its place, the rest keep one of nobody's beside theirs. */
    readonly inPlace?: NewOnce['purpose'];
  },
): Promise<void> {
  const records = await parts.store.accounts.findByEmail(emailKey(email));
  const most = Math.max(1, records.length);
  const allowances = [...mailsTo(parts, email, links.purpose, most), ...mailsFrom(parts, links.network)];
  const taken = await takeQuietly(parts, allowances);
  if (taken.slice(most).includes(false) || taken[0] === false) return;
  const left = records.filter((_, index) => taken[index] !== false);
  const issued = left.filter(links.isMeant).map((record) => ({ id: record.account.id, ...links.linkFor(record) }));
  const outbox = issued.length > 0 ? issued.flatMap((one) => one.outbox) : [parts.mail({ kind: 'nothing' })];
  const isMissing = (purpose: NewOnce['purpose']): boolean => issued.every(({ link }) => link.purpose !== purpose);
  const ofNobody: NewOnce[] = [];
  if (isMissing(links.purpose)) ofNobody.push(links.linkOfNobody?.() ?? linkOfNobody(links.purpose));
  if (links.inPlace !== undefined && isMissing(links.inPlace)) ofNobody.push(linkOfNobody(links.inPlace));
  const given = [...issued, ...ofNobody.map((link) => ({ id: null, link }))];
  await parts.store.accounts.issueLinks({ links: given, outbox });
  parts.mailWaits();
}

/** What mails count against that somebody asks for who need not be their owner: each purpose by itself, or one would use up another. */
export function mailsTo(
  { settings: { attempts } }: Parts,
  email: string,
  purpose: NewOnce['purpose'],
  mails = 1,
): readonly Allowance[] {
  if (attempts === 'off') return [];
  const allowance = { kind: `mail ${purpose}`, of: emailKey(email), rate: attempts.mailsPerAddress };
  return Array.from({ length: mails }, () => allowance);
}

/** Whoever asks for mails to one address after another. */
function mailsFrom({ settings: { attempts } }: Parts, network: string | null): readonly Allowance[] {
  return attempts === 'off' || network === null ? [] : [{ kind: 'mails', of: network, rate: attempts.mailsPerNetwork }];
}

function linkOfNobody(purpose: NewOnce['purpose']): NewOnce {
  return { purpose, hash: hashOfLinkSecret(purpose, newLinkSecret()), lifetimeMs: 60_000, data: '' };
}

/** Where somebody begins to choose a new password: what a mail about a change that was not theirs points at. */
export function forgotLink(settings: Settings): string {
  return `${settings.origin}/password/reset/`;
}

/** Where somebody begins who has not done what a mail tells of, and whose mail carries nothing that would show who they are. */
export function notMeLink(settings: Settings): string {
  return `${settings.origin}/not-me/`;
}

export type DisownLink = {
  /** To be kept for the account, with the mail that carries it. */
  readonly link: NewOnce;
  /** Where the mail leads. */
  readonly href: string;
};

/**
 * A link of its own for the mail that tells an account's owner of one session: whoever follows it says that this was not them, and
 * has shown by it that they read the account's mail. For an address that is verified, and for no other (`notMeLink`).
 */
export function disownLink(settings: Settings, { id, accountId, openedAt }: Session): DisownLink {
  const disowned: DisownedSession = { account: accountId, session: id, since: openedAt };
  const { hash, href } = arrivalLink(settings);
  return { link: { purpose: 'not-me', hash, lifetimeMs: NOT_ME_MS, data: JSON.stringify(disowned) }, href };
}

/** The same for a session that is about to be opened: the door keeps the rest with it. */
export function arrivalLink(settings: Settings): { readonly hash: SecretHash; readonly href: string } {
  const secret = newLinkSecret();
  return { hash: hashOfLinkSecret('not-me', secret), href: `${settings.origin}/not-me/${secret}/` };
}

/** A link that signs its reader in, in the browser that asked for it. */
export function signInLink(settings: Settings, token: string): string {
  return fill(settings.mail.links.signIn, { token });
}

/** A link by which a new address is confirmed. */
export function changeEmailLink({ origin }: Settings, secret: string): string {
  return `${origin}/account/email/confirm/${secret}/`;
}

/** A link by which an account gets the address back that it had before. */
export function undoEmailLink({ origin }: Settings, secret: string): string {
  return `${origin}/account/email/undo/${secret}/`;
}

/** A link that opens the sign-up of an account, for one address where one is given. */
export function invitationLink(settings: Settings, secret: string): string {
  return fill(settings.mail.links.invitation, { invitation: secret });
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An account's number as links carry it: in base 36 with allauth, in base64url without. */
function uidOf({ wire }: Settings, id: AccountId): string {
  return wire.uid === 'base36' ? id.toString(36) : Buffer.from(String(id)).toString('base64url');
}

/** The number that a link carries, or null for what is none. */
export function accountIdOf({ wire }: Settings, uid: string): AccountId | null {
  const id = wire.uid === 'base36' ? fromBase36(uid) : fromBase64Url(uid);
  return Number.isSafeInteger(id) && id > 0 && uid.length <= 20 ? id : null;
}

function fromBase36(uid: string): number {
  return /^[0-9a-z]+$/i.test(uid) ? Number.parseInt(uid, 36) : Number.NaN;
}

function fromBase64Url(uid: string): number {
  const digits = Buffer.from(uid, 'base64url').toString('latin1');
  return /^[0-9]+$/.test(digits) ? Number(digits) : Number.NaN;
}
