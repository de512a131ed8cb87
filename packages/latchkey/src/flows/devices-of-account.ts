/** What is remembered of an account's devices, by which its owner is told from whoever has learned their password. */
import type { Proof } from '../credentials/proof.ts';
import { hashOfLinkSecret } from '../crypto/token.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { OncePurpose, OnceRef } from '../model/once.ts';
import type { Session } from '../model/session.ts';
import type { Takeover } from '../model/takeover.ts';
import type { Caller, Opened } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import type { NewOnce } from '../stores/store.ts';
import { TAKEOVERS_TOLD, takeQuietly } from './attempts.ts';
import { disownLink, notMeLink } from './links.ts';
import type { Parts } from './parts.ts';

const DAY_MS = 24 * 3_600_000;

/** For so long a device that signed in for the first time may be a stranger's, as far as anybody can tell. */
const NEW_MS = DAY_MS;

/** For so long a device may come back for its place, and get it from whoever took it. */
const PLACE_KEPT_MS = 30 * DAY_MS;

/** For so long after a device took its place back, new devices have to show more before they take one. */
const CONTESTED_MS = DAY_MS;

/** The link of each such mail ends whatever happened: more than a few a day say nothing new. */
const TOLD = { limit: 3, windowMs: DAY_MS };

/** A device that asks to come in, as its account knows it. */
export type KnownToAccount = {
  /** Whether it was signed in before, more than a day ago or by two proofs, and nothing voided since what the account allowed then. */
  readonly isKnown: boolean;
  /** The device that took its place, or null. */
  readonly goesFirst: string | null;
};

const UNKNOWN: KnownToAccount = { isKnown: false, goesFirst: null };

/** A device that brings nothing, or what another account gave it, is unknown. */
export async function deviceOf(
  { keys, store }: Parts,
  { gate }: Proof,
  { deviceTokens }: Caller,
): Promise<KnownToAccount> {
  const known = readDeviceTokens(keys, gate.accountId, deviceTokens);
  if (known === null || known.revision < gate.validFrom) return UNKNOWN;
  const [isNew, goesFirst] = await Promise.all([
    store.once.peek(noteOf('new-device', gate.accountId, known.id)),
    store.once.peek(noteOf('taken-place', gate.accountId, known.id)),
  ]);
  return isNew === null ? { isKnown: true, goesFirst } : UNKNOWN;
}

/** Whether a known device lately took its place back from a new one. */
export async function isContested({ store }: Parts, accountId: AccountId): Promise<boolean> {
  return (await store.once.peek(noteOf('contested-account', accountId))) !== null;
}

export type Entry = {
  readonly account: Account;
  readonly device: KnownToAccount;
  readonly by: Takeover['by'];
  readonly opened: Opened;
};

/** Remembers, before the sign-in is answered, that a device is new, whose place it took, and who has theirs back. */
export async function noteEntry(parts: Parts, entry: Entry): Promise<void> {
  const { account, device, by, opened } = entry;
  const { id: deviceId } = opened.session.device;
  if (by === 'new' && deviceId !== null) {
    await keep(parts, account.id, { ...noteOf('new-device', account.id, deviceId), lifetimeMs: NEW_MS, data: '' });
  }
  if (device.goesFirst !== null) await notePlaceBack(parts, entry);
  if (!device.isKnown && opened.displaced.length > 0) await notePlaceTaken(parts, entry);
}

/** It came back: from now on it goes as all others go. Who had its place has to show more for a while. */
async function notePlaceBack(parts: Parts, { account, device, opened: { session, displaced } }: Entry): Promise<void> {
  if (session.device.id !== null) await parts.store.once.spend(noteOf('taken-place', account.id, session.device.id));
  if (!displaced.some((gone) => gone.device.id === device.goesFirst)) return;
  const contested = { ...noteOf('contested-account', account.id), lifetimeMs: CONTESTED_MS, data: '' };
  await keep(parts, account.id, contested);
  parts.tell({ type: 'place_reclaimed', account, session, displaced });
}

async function notePlaceTaken(parts: Parts, { account, opened: { session, displaced } }: Entry): Promise<void> {
  parts.tell({ type: 'place_taken', account, session, displaced });
  for (const { device } of displaced) {
    // What may be a stranger's own has no place to come back for.
    if (device.id === null || (await parts.store.once.peek(noteOf('new-device', account.id, device.id))) !== null)
      continue;
    const data = session.device.id ?? '';
    await keep(parts, account.id, { ...noteOf('taken-place', account.id, device.id), lifetimeMs: PLACE_KEPT_MS, data });
  }
  await mailOwner(parts, account, session);
}

/** A way to say "this was not me" is a proof only where the address is known to be the owner's. */
async function mailOwner(parts: Parts, account: Account, session: Session): Promise<void> {
  const { id, email: to, emailVerified, username } = account;
  if (to === '' || parts.settings.attempts === 'off') return;
  const [isDue = false] = await takeQuietly(parts, [{ kind: TAKEOVERS_TOLD, of: String(id), rate: TOLD }]);
  if (!isDue) return;
  const disowning = emailVerified ? disownLink(parts.settings, session) : null;
  const link = disowning?.href ?? notMeLink(parts.settings);
  const mail = parts.mail({ kind: 'place-taken', to, username, link, device: session.device.name });
  const links = disowning === null ? [] : [{ id, link: disowning.link }];
  await parts.store.accounts.issueLinks({ links, outbox: [mail] });
  parts.mailWaits();
}

/** It goes with its account. Of two that note the same at once, both find it noted. */
async function keep({ store: { accounts, once } }: Parts, id: AccountId, link: NewOnce): Promise<void> {
  try {
    await accounts.issueLinks({ links: [{ id, link }], outbox: [] });
  } catch (error) {
    if ((await once.peek(link)) === null) throw error;
  }
}

type Noted = Extract<OncePurpose, 'new-device' | 'taken-place' | 'contested-account'>;

function noteOf(purpose: Noted, accountId: AccountId, deviceId = ''): OnceRef {
  return { purpose, hash: hashOfLinkSecret(purpose, `${accountId} ${deviceId}`) };
}
