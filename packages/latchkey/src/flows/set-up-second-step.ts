/** An account's owner sets up an authenticator app as the second step of signing in, gets codes for its loss, and takes it away. */
import { codesLeft, newRecoveryCodes, recoveryCodesId } from '../credentials/recovery-codes.ts';
import { enrolTotp, newTotpSecret, totpId, totpUrl } from '../credentials/totp.ts';
import { proveWhole, type WaitingProof } from '../credentials/waiting-proof.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { isDemanded } from '../model/second-step.ts';
import type { Caller } from '../sessions/admit.ts';
import type { AccountRecord, By, CredentialRefused, Over, Voided } from '../stores/store.ts';
import { secondStep as texts } from '../texts/api.ts';
import { forgetWrongCodes } from './attempts.ts';
import { completeSignIn, type SignedIn, tellingRefusals } from './complete-sign-in.ts';
import { noticeTo, ownRecord, tellEnded } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type Asking, requireFresh } from './require-fresh.ts';
import { type Waiting, waitingFor } from './show-second-step.ts';
import { secondStepsOf, ticketRef } from './tickets.ts';
import { tryCode } from './typed-code.ts';
import { unlessOver } from './unless-over.ts';

/** What an app needs to make codes. Shown once. */
export type Enrolment = {
  /** In base32. */
  readonly secret: string;
  readonly url: string;
  /** Sealed: brings the secret back together with a first code, and nothing is kept until then. */
  readonly activationToken: string;
};

const ENROLMENT_MS = 15 * 60_000;
const PURPOSE = 'totp enrolment';

type Pending = {
  readonly account: AccountId;
  readonly revision: number;
  readonly secret: string;
  readonly until: number;
  /** Whether it takes the place of the app that there is. */
  readonly isReplacing: boolean;
};

/**
 * Begins to set an app up, in the place of another where that `isReplacing`: whose session is fresh has shown a second step for it.
 * Throws `reauthentication_required`; `second_step_present` where there is one that is not to be replaced.
 */
export async function beginTotp(
  parts: Parts,
  { session, now }: Asking,
  { isReplacing }: Pick<Pending, 'isReplacing'>,
): Promise<Enrolment> {
  await requireFresh(parts, { session, now });
  const record = await ownRecord(parts, session.accountId);
  if (!isReplacing) await refusePresent(parts, session.accountId);
  return await enrolmentFor(parts, record, { now, isReplacing });
}

/** The same for a sign-in that waits because a second step is demanded of its account, and there is none. */
export async function beginTotpAtSignIn(parts: Parts, ticket: string): Promise<Enrolment> {
  const { account, waiting } = await waitingFor(parts, ticket);
  const { now } = await parts.store.credentials.list(account.id);
  if ((await secondStepsOf(parts, waiting)).length > 0) throw new Refusal('second_step_present');
  return await enrolmentFor(parts, await ownRecord(parts, account.id), { now, isReplacing: false });
}

/** What was begun, to be shown once more after a wrong code; null where the token is none of ours. */
export async function enrolmentAgain(
  parts: Parts,
  { username }: Pick<Account, 'username'>,
  activationToken: string,
): Promise<Enrolment | null> {
  const pending = pendingIn(parts, activationToken);
  if (pending === null) return null;
  return { secret: pending.secret, url: await urlFor(parts, username, pending.secret), activationToken };
}

async function urlFor({ settings }: Parts, username: string, secret: string): Promise<string> {
  return await totpUrl(secret, { site: new URL(settings.origin).hostname, username });
}

async function enrolmentFor(
  parts: Parts,
  { account, gate }: AccountRecord,
  { now, isReplacing }: { readonly now: number; readonly isReplacing: boolean },
): Promise<Enrolment> {
  const secret = await newTotpSecret();
  const until = now + ENROLMENT_MS;
  const pending: Pending = { account: account.id, revision: gate.revision, secret, until, isReplacing };
  const sealed = parts.keys.seal(PURPOSE, JSON.stringify(pending));
  const url = await urlFor(parts, account.username, secret);
  return { secret, url, activationToken: Buffer.from(sealed).toString('base64url') };
}

export type Confirmation = { readonly activationToken: string; readonly code: string };

/**
 * Sets the app up by a first code of it, and signs every other device out: they came in without. Returns the recovery codes,
 * once. Throws `reauthentication_required`, `invalid_input`, `second_step_present`.
 */
export async function confirmTotp(
  parts: Parts,
  { session, now }: Asking,
  confirmation: Confirmation,
): Promise<readonly string[]> {
  await requireFresh(parts, { session, now });
  const record = await ownRecord(parts, session.accountId);
  const { codes } = await add(parts, record, { by: session, now, provenAt: null, ...confirmation });
  return codes;
}

/** The same for a sign-in that waits for it, which is done by this. */
export async function confirmTotpAtSignIn(
  parts: Parts,
  given: Confirmation & { readonly ticket: string; readonly caller: Caller },
): Promise<{ readonly signedIn: SignedIn; readonly codes: readonly string[] }> {
  const { waiting, account } = await waitingFor(parts, given.ticket);
  return await tellingRefusals(parts, account.id, () => addAtSignIn(parts, { ...given, waiting, account }));
}

async function addAtSignIn(
  parts: Parts,
  { waiting, account, ...given }: Confirmation & Waiting & { readonly ticket: string; readonly caller: Caller },
): Promise<{ readonly signedIn: SignedIn; readonly codes: readonly string[] }> {
  // Whoever has one to show may not make themselves another in its place.
  if ((await secondStepsOf(parts, waiting)).length > 0) throw new Refusal('second_step_present');
  const { now } = await parts.store.credentials.list(account.id);
  const record = await ownRecord(parts, account.id);
  const adding = { by: null, now, provenAt: waiting.gate.revision, ...given };
  const { codes, done } = await add(parts, record, adding);
  const renewed: WaitingProof = { ...waiting, gate: done.record.gate };
  const proof = proveWhole(renewed, ticketRef(given.ticket), []);
  const outcome = await completeSignIn(parts, { account, proof, caller: given.caller });
  if (outcome?.kind !== 'signed-in') throw invalidInput({ ticket: [texts.ticketVoid] });
  return { signedIn: outcome, codes };
}

type Adding = Confirmation & {
  readonly by: By;
  readonly now: number;
  readonly provenAt: number | null;
};

async function add(
  parts: Parts,
  { account, gate }: AccountRecord,
  { by, now, provenAt, activationToken, code }: Adding,
): Promise<{ readonly codes: readonly string[]; readonly done: Voided }> {
  // Not counted: whoever types this code was shown what it is made from, and has nothing to guess.
  const pending = pendingFor(parts, activationToken, { accountId: account.id, revision: gate.revision, now });
  const { secret, isReplacing } = pending;
  const totp = await enrolTotp(parts.keys, account.id, { secret, code: code.replace(/\s/g, ''), now });
  if (totp === null) throw invalidInput({ code: [texts.codeWrongAtSetUp] });
  const { codes, credential } = newRecoveryCodes(account.id);
  const done = await parts.store.credentials.add({
    // Of two replacements at once, the second was begun before the first, and is void.
    ...{ accountId: account.id, by, provenAt: isReplacing ? gate.revision : provenAt },
    ...{ credentials: [totp, credential], replaces: isReplacing ? ['totp', 'recovery_codes'] : ['recovery_codes'] },
    ...{ voids: true, kept: by?.id ?? null },
    outbox: noticeTo(parts, account, { kind: isReplacing ? 'second-step-replaced' : 'second-step-on' }),
  });
  if (done === null && isReplacing) throw invalidInput({ activation_token: [texts.activationVoid] });
  const added = voidedOf(done);
  await forgetWrongCodes(parts, account.id);
  tellEnded(parts, account.id, added);
  return { codes, done: added };
}

/** Takes the app away by a code of it or of the ten, and signs every other device out. */
export async function removeTotp(parts: Parts, { session }: Asking, code: string): Promise<void> {
  const { accountId } = session;
  const { account } = await ownRecord(parts, accountId);
  const { credentials } = await parts.store.credentials.list(accountId);
  if (!hasTotp(credentials)) throw new Refusal('second_step_absent');
  if (isDemanded(parts.settings.secondStep, account.roles)) throw new Refusal('second_step_demanded');
  const typed = { accountId, holder: session.id, code, kinds: ['totp', 'recovery_codes'] } as const;
  const { used, succeeded } = await tryCode(parts, typed);
  if (used === null) throw invalidInput({ code: [texts.codeWrong] });
  const done = await parts.store.credentials.remove({
    ...{ accountId, by: session, ids: [totpId(accountId), recoveryCodesId(accountId)] },
    ...{ use: used.use, kept: session.id, outbox: noticeTo(parts, account, { kind: 'second-step-off' }) },
  });
  if (done === null) throw invalidInput({ code: [texts.codeWrong] });
  const removed = voidedOf(done);
  await succeeded();
  tellEnded(parts, accountId, removed);
}

/** Ten new recovery codes in the place of those that are left. Throws `reauthentication_required`, `second_step_absent`. */
export async function renewRecoveryCodes(parts: Parts, { session, now }: Asking): Promise<readonly string[]> {
  await requireFresh(parts, { session, now });
  const { accountId } = session;
  const { account } = await ownRecord(parts, accountId);
  const { credentials } = await parts.store.credentials.list(accountId);
  if (!hasTotp(credentials)) throw new Refusal('second_step_absent');
  const { codes, credential } = newRecoveryCodes(accountId);
  const done = await parts.store.credentials.add({
    ...{ accountId, by: session, provenAt: null, credentials: [credential] },
    ...{ replaces: ['recovery_codes'], voids: false, kept: session.id },
    outbox: noticeTo(parts, account, { kind: 'recovery-codes-renewed' }),
  });
  voidedOf(done);
  parts.mailWaits();
  return codes;
}

export type SecondStepStatus = {
  /** null where there is none. */
  readonly totp: { readonly createdAt: number; readonly lastUsedAt: number | null } | null;
  readonly recoveryCodesLeft: number;
};

export async function secondStepStatus(parts: Parts, accountId: AccountId): Promise<SecondStepStatus> {
  const { credentials } = await parts.store.credentials.list(accountId);
  const totp = credentials.find(({ kind }) => kind === 'totp');
  const codes = credentials.find(({ kind }) => kind === 'recovery_codes');
  return { totp: totp ?? null, recoveryCodesLeft: codes === undefined ? 0 : codesLeft(codes) };
}

function hasTotp(credentials: readonly Credential[]): boolean {
  return credentials.some(({ kind }) => kind === 'totp');
}

async function refusePresent(parts: Parts, accountId: AccountId): Promise<void> {
  const { credentials } = await parts.store.credentials.list(accountId);
  if (hasTotp(credentials)) throw new Refusal('second_step_present');
}

/** What a token brings back: of this account, begun lately, and nothing voided it since. */
function pendingFor(
  parts: Parts,
  token: string,
  { accountId, revision, now }: { readonly accountId: AccountId; readonly revision: number; readonly now: number },
): Pending {
  const pending = pendingIn(parts, token);
  if (pending === null || now >= pending.until || pending.revision !== revision) {
    throw invalidInput({ activation_token: [texts.activationVoid] });
  }
  if (pending.account !== accountId) throw invalidInput({ activation_token: [texts.activationOfAnother] });
  return pending;
}

function pendingIn({ keys }: Parts, token: string): Pending | null {
  try {
    return JSON.parse(keys.open(PURPOSE, Buffer.from(token, 'base64url'))) as Pending;
  } catch {
    return null;
  }
}

function voidedOf(done: Voided | Over | CredentialRefused | null): Voided {
  const changed = unlessOver(done);
  if (changed === null) throw new Refusal('account_disabled');
  if ('refused' in changed) throw new Refusal('second_step_present');
  return changed;
}
