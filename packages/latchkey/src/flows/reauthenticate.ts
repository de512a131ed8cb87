/** Whoever is signed in shows once more who they are, so that they may change what matters. */
import { proveAgain } from '../credentials/again.ts';
import type { Proof } from '../credentials/proof.ts';
import { showTotp } from '../credentials/totp.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import { invalidInput, type Refusal } from '../model/reasons.ts';
import { type StepUpKind, stepUpBy } from '../model/second-step.ts';
import { renew } from '../sessions/renew.ts';
import type { AccountRecord } from '../stores/store.ts';
import { field as fieldTexts, password as passwordTexts, secondStep as secondStepTexts } from '../texts/api.ts';
import { countCode } from './attempts.ts';
import { confirmPassword } from './confirm-password.ts';
import { ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import type { Asking } from './require-fresh.ts';
import { unlessOver } from './unless-over.ts';

export type Reauthentication = Asking & {
  readonly password: string | null;
  /** Of an authenticator app. A recovery code is for a sign-in. */
  readonly code: string | null;
  readonly network: string | null;
};

/** What is asked for; null where a new sign-in alone does. */
export async function askedAgain(parts: Parts, accountId: AccountId): Promise<StepUpKind | null> {
  const record = await parts.store.accounts.find(accountId);
  const { credentials } = await parts.store.credentials.list(accountId);
  const hasPassword = record !== null && record.passwordHash !== null;
  return stepUpBy({ kinds: credentials.map(({ kind }) => kind), hasPassword });
}

/**
 * Makes the session as fresh as a new one. Where a second step is set up, a password alone is half of what signs its owner in, and
 * does not do. Throws `invalid_input`, `too_many_attempts`, `busy`, and the refusal of a session that is over by now. Returns until
 * when it is fresh.
 */
export async function reauthenticate(parts: Parts, given: Reauthentication): Promise<{ readonly freshUntil: number }> {
  const { session } = given;
  const record = await ownRecord(parts, session.accountId);
  const { credentials, now } = await parts.store.credentials.list(session.accountId);
  const totp = credentials.find(({ kind }) => kind === 'totp');
  const shown =
    totp === undefined ? await byPassword(parts, record, given) : await byCode(parts, record, { ...given, now, totp });
  const done = unlessOver(await renew(parts, session, shown.proof));
  if (done.kind !== 'reauthenticated') throw shown.refusal;
  await shown.succeeded();
  return { freshUntil: done.session.authenticatedAt + parts.settings.sessions.freshMs };
}

type Shown = {
  readonly proof: Proof;
  /** What is said where it was voided or used up meanwhile: as of one that was wrong. */
  readonly refusal: Refusal;
  succeeded(): Promise<void>;
};

async function byPassword(
  parts: Parts,
  record: AccountRecord,
  { session, password, network }: Reauthentication,
): Promise<Shown> {
  if (password === null) throw invalidInput({ password: [fieldTexts.required] });
  const refusal = invalidInput({ password: [passwordTexts.incorrect] });
  const shown = await confirmPassword(parts, record, { session, password, network });
  if (shown.kind === 'wrong') throw refusal;
  return { proof: shown.proof, refusal, succeeded: async () => undefined };
}

async function byCode(
  parts: Parts,
  { gate }: AccountRecord,
  { session, code, now, totp }: Reauthentication & { readonly totp: Credential },
): Promise<Shown> {
  if (code === null) throw invalidInput({ code: [fieldTexts.required] });
  const refusal = invalidInput({ code: [secondStepTexts.codeWrong] });
  const counted = await countCode(parts, { accountId: session.accountId, ticket: session.id });
  const use = await showTotp(parts.keys, totp, { code: code.replace(/\s/g, ''), now });
  if (use === null) throw refusal;
  return { proof: proveAgain(gate, session.method, [use]), refusal, succeeded: counted.succeeded };
}
