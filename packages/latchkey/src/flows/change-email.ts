/**
 * Another address for an account: the new one has to confirm it, the old one hears of it before and after, and may take it back.
 */
import { hashOfLinkSecret, newLinkSecret } from '../crypto/token.ts';
import { type Account, type AccountId, emailKey } from '../model/account.ts';
import type { FormerEmail, PendingEmail } from '../model/email-change.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { NewOnce, OutboxItem } from '../stores/store.ts';
import { password as texts } from '../texts/api.ts';
import { forgetFailures, takeOne, takeQuietly } from './attempts.ts';
import { changeEmailLink, forgotLink, mailsTo, resetLink, undoEmailLink } from './links.ts';
import { noticeTo, ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type Asking, requireFresh } from './require-fresh.ts';
import { unlessOver } from './unless-over.ts';

/** Each tells the old address, and mails to another. */
const CHANGES = { limit: 10, windowMs: 3_600_000 } as const;

/** Whoever has the address that somebody wants hears of it so often. */
const OWNER_IS_TOLD = { limit: 1, windowMs: 3_600_000 } as const;

/** Who reads a mailbox that somebody else has taken an account from may be away for a while. */
const UNDO_MS = 7 * 86_400_000;

/**
 * Mails a link to a new address, and tells the old one. Whether the new one is somebody else's shows nowhere but in the mail to it.
 * Throws `reauthentication_required`, `too_many_attempts`, and the refusal of a session that is over by now.
 */
export async function askEmailChange(parts: Parts, asking: Asking & { readonly email: string }): Promise<void> {
  await requireFresh(parts, asking);
  const { session, email } = asking;
  const { account, gate } = await ownRecord(parts, session.accountId);
  if (parts.settings.attempts !== 'off') await takeOne(parts, 'email-change', String(account.id), CHANGES);
  const secret = newLinkSecret();
  const pending: PendingEmail = {
    ...{ account: account.id, address: email, key: emailKey(email) },
    ...{ revision: gate.revision, since: session.openedAt },
  };
  const link: NewOnce = {
    purpose: 'change-email',
    hash: hashOfLinkSecret('change-email', secret),
    lifetimeMs: parts.settings.mail.verifyLinkMs,
    data: JSON.stringify(pending),
  };
  const toNew = await mailToNew(parts, account, { email, link: changeEmailLink(parts.settings, secret) });
  const toOld = noticeTo(parts, account, { kind: 'email-change-asked' });
  const begun = parts.store.accounts.beginEmailChange({
    id: account.id,
    by: session,
    link,
    outbox: [toNew, ...toOld],
  });
  if (unlessOver(await begun) === null) throw new Refusal('account_disabled');
  parts.mailWaits();
}

/** The same is done and kept for an address that is free and for one that is not; the link to one that is not goes to nobody. */
async function mailToNew(
  parts: Parts,
  account: Account,
  { email, link }: { readonly email: string; readonly link: string },
): Promise<OutboxItem> {
  const [holder] = await parts.store.accounts.findByEmail(emailKey(email));
  const owner = holder?.account.emailVerified === true && holder.account.id !== account.id ? holder.account : null;
  const [isTold = true, isMailed = true] = await takeQuietly(parts, [
    { kind: 'address-in-use', of: emailKey(email), rate: OWNER_IS_TOLD },
    ...mailsTo(parts, email, 'change-email'),
  ]);
  const inUse = { kind: 'email-in-use', link: forgotLink(parts.settings) } as const;
  const change = { kind: 'change-email', to: email, username: account.username, link } as const;
  const ofOwner = owner === null ? null : parts.mail({ ...inUse, to: owner.email, username: owner.username });
  const ofFree = parts.mail(change);
  if (!isMailed || (ofOwner !== null && !isTold)) return parts.mail({ kind: 'nothing' });
  return ofOwner ?? ofFree;
}

/**
 * The new address is the account's from now on; the old one, where it was verified, is mailed how to take that back. Signs nobody
 * in. Throws `invalid_input` on `key`.
 */
export async function confirmEmailChange(parts: Parts, key: string): Promise<void> {
  const link = hashOfLinkSecret('change-email', key);
  const pending = await keptFor<PendingEmail>(parts, { purpose: 'change-email', hash: link });
  const { account } = await recordOf(parts, pending.account);
  const { undo, outbox } = undoFor(parts, account, pending.since);
  const done = await parts.store.accounts.confirmEmailChange({ id: account.id, link, undo, outbox });
  if (done === null) throw voidLink();
  parts.mailWaits();
  parts.tell({ type: 'email_changed', account: done.account });
}

/** Of an address that nobody has confirmed it is not known whose it is: it gets no such link. */
function undoFor(parts: Parts, { id, email, emailVerified, username }: Account, since: number) {
  if (email === '' || !emailVerified) return { undo: null, outbox: [] };
  const secret = newLinkSecret();
  const former: FormerEmail = { account: id, address: email, key: emailKey(email), since };
  const hash = hashOfLinkSecret('undo-email', secret);
  const undo: NewOnce = { purpose: 'undo-email', hash, lifetimeMs: UNDO_MS, data: JSON.stringify(former) };
  const link = undoEmailLink(parts.settings, secret);
  return { undo, outbox: [parts.mail({ kind: 'email-changed', to: email, username, link })] };
}

/**
 * The account has its former address again, and nothing that whoever took it may know or have set up: no password, no passkey, no
 * connection, no app of theirs. All its devices are signed out, and a link to choose a new password is mailed there.
 * Throws as above. Returns whose it was.
 */
export async function undoEmailChange(parts: Parts, key: string): Promise<AccountId> {
  const link = hashOfLinkSecret('undo-email', key);
  const former = await keptFor<FormerEmail>(parts, { purpose: 'undo-email', hash: link });
  const { account } = await recordOf(parts, former.account);
  const { link: reset, outbox } = resetLink(parts, { ...account, email: former.address });
  await forgetFailures(parts, account.id);
  const done = await parts.store.accounts.undoEmailChange({ id: account.id, link, reset, outbox });
  if (done === null) throw voidLink();
  parts.endings.nudge();
  parts.mailWaits();
  parts.tell({ type: 'email_change_undone', account: done.record.account });
  return account.id;
}

async function keptFor<Kept>(parts: Parts, ref: Pick<NewOnce, 'purpose' | 'hash'>): Promise<Kept> {
  const text = await parts.store.once.peek(ref);
  if (text === null) throw voidLink();
  return JSON.parse(text) as Kept;
}

async function recordOf(parts: Parts, id: AccountId) {
  const record = await parts.store.accounts.find(id);
  if (record === null) throw voidLink();
  return record;
}

function voidLink(): Refusal {
  return invalidInput({ key: [texts.invalidLink] });
}
