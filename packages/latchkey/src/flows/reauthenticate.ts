/** Whoever is signed in shows once more who they are, so that they may change what matters. */
import { proveAgain } from '../credentials/again.ts';
import { passkeyId, passkeysAmong, presentedIn, requestOptions, showPasskey } from '../credentials/passkey.ts';
import type { Proof } from '../credentials/proof.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { StepUp } from '../model/second-step.ts';
import type { Session } from '../model/session.ts';
import { renew } from '../sessions/renew.ts';
import type { AccountRecord } from '../stores/store.ts';
import {
  field as fieldTexts,
  passkey as passkeyTexts,
  password as passwordTexts,
  secondStep as secondStepTexts,
} from '../texts/api.ts';
import { forgetWrongCodes } from './attempts.ts';
import { tellingRefusals } from './complete-sign-in.ts';
import { confirmPassword } from './confirm-password.ts';
import { ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import { answeredChallenge, issueChallenge } from './passkey-challenges.ts';
import type { Asking } from './require-fresh.ts';
import type { PasskeyRequest } from './sign-in-with-passkey.ts';
import { stepUpOf } from './step-up.ts';
import { tryCode } from './typed-code.ts';
import { unlessOver } from './unless-over.ts';

export type Reauthentication = Asking & {
  readonly password: string | null;
  /** Of an authenticator app. A recovery code is for a sign-in. */
  readonly code: string | null;
  /** What a passkey signed, with the challenge that it was asked for by. */
  readonly passkey: { readonly credential: string; readonly sessionId: string } | null;
  readonly network: string | null;
};

/** What is asked for. */
export async function askedAgain(parts: Parts, accountId: AccountId): Promise<StepUp> {
  return (await stepUpOf(parts, await ownRecord(parts, accountId))).stepUp;
}

/** Asks for a passkey of the session's account, for that session. Throws `not_found` where it has none, `too_many_attempts`. */
export async function beginPasskeyAgain(
  parts: Parts,
  { session }: Asking,
  network: string | null,
): Promise<PasskeyRequest> {
  const { stepUp, credentials } = await stepUpOf(parts, await ownRecord(parts, session.accountId));
  if (!stepUp.kinds.includes('passkey')) throw new Refusal('not_found');
  const asked = { boundTo: boundTo(session), network };
  const sessionId = await issueChallenge(parts, 'passkey-reauthentication', asked);
  const of = { of: passkeysAmong(credentials), isVerified: stepUp.isWhole };
  return { options: requestOptions(parts.settings.passkeys, sessionId, of), sessionId };
}

function boundTo({ accountId, id }: Session): string {
  return `${accountId} ${id}`;
}

/**
 * Makes the session as fresh as a new one. Where a second step is set up, a password alone is half of what signs its owner in, and
 * does not do. Throws `invalid_input`, `too_many_attempts`, `busy`, `reauthentication_required` where a new sign-in alone does, and
 * the refusal of a session that is over by now. Returns until when it is fresh.
 */
export async function reauthenticate(parts: Parts, given: Reauthentication): Promise<{ readonly freshUntil: number }> {
  return await tellingRefusals(parts, given.session.accountId, () => showAgain(parts, given));
}

async function showAgain(parts: Parts, given: Reauthentication): Promise<{ readonly freshUntil: number }> {
  const { session } = given;
  const record = await ownRecord(parts, session.accountId);
  const shown = await shownBy(parts, record, given);
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

async function shownBy(parts: Parts, record: AccountRecord, given: Reauthentication): Promise<Shown> {
  const { stepUp, credentials } = await stepUpOf(parts, record);
  const { kinds, isWhole } = stepUp;
  if (given.passkey !== null)
    return await byPasskey(parts, record, { ...given, ...given.passkey, credentials, isWhole });
  if (kinds.includes('code')) return await byCode(parts, record, given);
  if (kinds.includes('password')) return await byPassword(parts, record, given);
  if (kinds.includes('passkey')) throw invalidInput({ credential: [fieldTexts.required] });
  throw new Refusal('reauthentication_required');
}

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

async function byCode(parts: Parts, { gate }: AccountRecord, { session, code }: Reauthentication): Promise<Shown> {
  if (code === null) throw invalidInput({ code: [fieldTexts.required] });
  const refusal = invalidInput({ code: [secondStepTexts.codeWrong] });
  const typed = { accountId: session.accountId, holder: session.id, code, kinds: ['totp'] } as const;
  const { used, succeeded } = await tryCode(parts, typed);
  if (used === null) throw refusal;
  return { proof: proveAgain(gate, session.method, [used.use]), refusal, succeeded };
}

async function byPasskey(
  parts: Parts,
  { gate }: AccountRecord,
  given: Pick<Reauthentication, 'session'> & {
    readonly credential: string;
    readonly sessionId: string;
    readonly credentials: readonly Credential[];
    readonly isWhole: boolean;
  },
): Promise<Shown> {
  const { session } = given;
  const refusal = invalidInput({ non_field_errors: [passkeyTexts.wrong] });
  const presented = presentedIn(given.credential);
  if (presented === null) throw invalidInput({ non_field_errors: [passkeyTexts.malformed] });
  const bound = { presented, boundTo: [boundTo(session)] };
  const isAnswered = presented.challenge === given.sessionId;
  const challenge = isAnswered ? await answeredChallenge(parts, 'passkey-reauthentication', bound) : null;
  if (challenge === null) throw invalidInput({ non_field_errors: [passkeyTexts.signInExpired] });
  const credential = given.credentials.find(({ id }) => id === passkeyId(presented.id));
  if (credential === undefined) throw invalidInput({ non_field_errors: [passkeyTexts.unknown] });
  const shown = await showPasskey(parts.settings.passkeys, credential, { presented, isNamed: true });
  if (shown === null || (given.isWhole && !shown.isVerified)) {
    await parts.store.once.spend(challenge);
    throw refusal;
  }
  const proof = proveAgain(gate, session.method, [challenge, shown.use]);
  const succeeded = shown.isVerified ? () => forgetWrongCodes(parts, session.accountId) : async () => undefined;
  return { proof, refusal, succeeded };
}
