import type { Proof } from '../credentials/proof.ts';
import { keptIdentity } from '../credentials/social/social.ts';
import type { Account, AccountId, SessionId } from '../model/account.ts';
import type { Limit } from '../model/admission.ts';
import { limitsFor, looksAtClaims } from '../model/limits.ts';
import { Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import {
  type Admitting,
  admit,
  admitImported,
  type Caller,
  type GivenApproval,
  type ImportedKey,
  type Opened,
  type Outcome,
} from '../sessions/admit.ts';
import type { OutboxItem } from '../stores/store.ts';
import { askForApproval, type Waiting } from './approval-tickets.ts';
import { type Asking, newChoice } from './choice-tickets.ts';
import { admitDefended, isTold } from './defend-owner.ts';
import { deviceLabels } from './manage-devices.ts';
import { arrivalMails } from './new-device.ts';
import { noticeTo } from './own-account.ts';
import type { Parts } from './parts.ts';
import { rememberDevice, type SecondStepDue, secondStepDue } from './tickets.ts';

export type SignedIn = Omit<Opened, 'isArrival'> & { readonly account: Account };

/** The account is full, and nobody goes for a newcomer. */
export type NoPlace = {
  /** How its holder may go on: by choosing among them (`choose-sessions.ts`), or by waiting for one of them (`wait-for-approval.ts`). */
  readonly next: { readonly kind: 'choose'; readonly ticket: string } | ({ readonly kind: 'wait' } & Waiting) | null;
  /** The sessions that have the places, the longest in first. */
  readonly among: readonly Session[];
  /** What the account's owner calls their devices, by the ids of these. */
  readonly labels: ReadonlyMap<string, string>;
  /** So many of them at least have to end. */
  readonly least: number;
  /** The store's time. */
  readonly now: number;
};

/** Somebody is in, has shown one of two things, or finds no place: then nobody is, and nobody is displaced. */
export type SignInOutcome =
  | ({ readonly kind: 'signed-in' } & SignedIn)
  | ({ readonly kind: 'second-step' } & SecondStepDue)
  | ({ readonly kind: 'full' } & NoPlace);

/** What a whole proof comes to. */
export type WholeOutcome = Exclude<SignInOutcome, { kind: 'second-step' }>;

type Completing = {
  readonly account: Account;
  readonly proof: Proof;
  readonly caller: Caller;
  /** The sessions that were chosen to end. */
  readonly ends?: readonly SessionId[];
  /** By whom they were let in. */
  readonly approval?: GivenApproval | null;
  /** Whether the proof is that of a ticket, for which no more than a password may have been shown; where sessions are chosen it is. */
  readonly mayBeHalf?: boolean;
  /** Whether the device is not to be asked for a second step for a while, where the settings allow it. */
  readonly isRemembered?: boolean;
  /** Whether its session counts as of somebody who has just shown all that there is to show. */
  readonly isFresh?: boolean;
  /** Mails that tell of what the proof uses up. */
  readonly outbox?: readonly OutboxItem[];
};

/**
 * The last stage of every way in, and the only one that opens a session: nobody is signed in before it. null where the proof
 * was voided on its way here (a password change, a suspension) or was used already, which is answered as a wrong password is.
 */
export async function completeSignIn(
  parts: Parts,
  {
    account,
    proof,
    caller,
    ends = [],
    approval = null,
    mayBeHalf = ends.length > 0,
    isRemembered = false,
    isFresh = true,
    outbox = [],
  }: Completing,
): Promise<SignInOutcome | null> {
  const due = await secondStepDue(parts, { account, proof, caller });
  if (due === 'void') return null;
  if (typeof due === 'object') return { kind: 'second-step', ...due };
  const limits = await limitsOf(parts, account);
  const mails = [...outbox, ...connectedBy(parts, account, proof)];
  const isFreshNow = isFresh && due === 'none';
  const isToldOtherwise = isTold(parts, limits);
  const arrivalAt = (place: string | null) =>
    arrivalMails(parts, account, { device: caller.device, place, isToldOtherwise });
  const entering = { caller, limits, ends, approval, outbox: mails, arrivalAt, isFresh: isFreshNow };
  const enter = (shown: Proof, terms: Admitting): Promise<Outcome> => admit(parts, shown, terms);
  const outcome = await admitDefended(parts, proof, { account, enter, mayBeHalf, ...entering });
  if (outcome.kind === 'void') return null;
  if (mails.length > 0 || (outcome.kind === 'opened' && outcome.isArrival)) parts.mailWaits();
  if (outcome.kind === 'step-up') return { ...outcome, kind: 'second-step' };
  if (outcome.kind === 'full') {
    const asking = { account, proof, caller, isAgain: ends.length > 0, isRemembered, isFresh: isFreshNow };
    return { kind: 'full', ...(await noPlace(parts, { ...asking, ...outcome })) };
  }
  const { session, token, deviceToken, displaced } = outcome;
  const { id: deviceId } = session.device;
  const isKept = isRemembered && parts.settings.secondStep.rememberMs > 0;
  if (isKept && deviceId !== null) await rememberDevice(parts, proof.gate, deviceId);
  parts.tell({ type: 'signed_in', account, session, displaced });
  return { kind: 'signed-in', session, token, deviceToken, displaced, account };
}

/** Tells an account's owner of whoever it is to know from now on. */
function connectedBy(parts: Parts, account: Account, { spends }: Proof): readonly OutboxItem[] {
  return spends.flatMap((spend) => {
    if (!('adds' in spend) || spend.adds.kind !== 'social') return [];
    const { provider: id } = keptIdentity(spend.adds);
    const provider = parts.settings.social.providers.find((one) => one.id === id)?.name ?? id;
    return noticeTo(parts, account, { kind: 'social-connected', provider });
  });
}

/** The host hears of a sign-in that was refused, or of somebody signed in who could not show again who they are. */
export async function tellingRefusals<Done>(
  parts: Parts,
  accountId: AccountId,
  work: () => Promise<Done>,
): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId, code: error.code });
    throw error;
  }
}

/** The limits of an account, as they are now. Throws what the host's hook throws; `busy`. */
async function limitsOf(parts: Parts, account: Account): Promise<readonly Limit[]> {
  const ofHost = await parts.hooks.limitOf(account);
  const { sessions } = parts.settings;
  if (ofHost === 'unlimited' && looksAtClaims(sessions)) {
    throw new TypeError('hooks.limitOf must answer with a number where classes or clients are limited.');
  }
  return limitsFor(sessions, { roles: account.roles, ofHost });
}

/** That it is full is no failed sign-in: nothing is counted. */
async function noPlace(
  parts: Parts,
  {
    account,
    among,
    least,
    now,
    ...asking
  }: Omit<NoPlace, 'next' | 'labels'> & {
    readonly account: Account;
    readonly proof: Proof;
    readonly caller: Caller;
    readonly isAgain: boolean;
    readonly isRemembered: boolean;
    readonly isFresh: boolean;
  },
): Promise<NoPlace> {
  const next = await nextFor(parts, { among, least, ...asking });
  const code = next === null ? 'limit_reached' : codes[next.kind];
  parts.tell({ type: 'sign_in_refused', accountId: account.id, code });
  return { next, among, labels: await deviceLabels(parts, account.id), least, now };
}

const codes = { choose: 'choose_session', wait: 'approval_required' } as const;

async function nextFor(parts: Parts, asking: Asking): Promise<NoPlace['next']> {
  const { whenFull } = parts.settings.sessions;
  if (whenFull === 'ask') return { kind: 'choose', ticket: await newChoice(parts, asking) };
  const waiting = whenFull === 'approve' ? await askForApproval(parts, asking) : null;
  return waiting === null ? null : { kind: 'wait', ...waiting };
}

/** Keys that come from elsewhere become sessions of unknown devices; null for each as above. */
export async function completeImports(
  parts: Parts,
  keys: readonly ImportedKey[],
): Promise<readonly (Session | null)[]> {
  return await admitImported(parts, keys);
}

/** One of them. */
export async function completeImport(parts: Parts, key: ImportedKey): Promise<Session | null> {
  const [session] = await completeImports(parts, [key]);
  return session ?? null;
}
