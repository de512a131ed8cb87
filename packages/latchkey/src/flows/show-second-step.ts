import { isCodeOfStep } from '../credentials/mail.ts';
import { passkeyId, passkeysAmong, presentedIn, requestOptions, showPasskey } from '../credentials/passkey.ts';
import { proveWhole, type WaitingProof } from '../credentials/waiting-proof.ts';
import type { Account } from '../model/account.ts';
import type { Spend } from '../model/once.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { secondStepsAfter } from '../model/second-step.ts';
import type { Caller } from '../sessions/admit.ts';
import { signInByMail as mailTexts, passkey as passkeyTexts, secondStep as texts } from '../texts/api.ts';
import { countMailCode, forgetWrongCodes } from './attempts.ts';
import { completeSignIn, tellingRefusals, type WholeOutcome } from './complete-sign-in.ts';
import { noticeTo } from './own-account.ts';
import type { Parts } from './parts.ts';
import { answeredChallenge, issueChallenge } from './passkey-challenges.ts';
import type { PasskeyRequest } from './sign-in-with-passkey.ts';
import { ticketOf, waitingProof } from './tickets.ts';
import { tryCode } from './typed-code.ts';

/** A code of an authenticator app, a recovery code, or what a passkey signed. */
export type Step = { readonly code: string } | { readonly credential: string; readonly sessionId: string };

export type SecondStepShown = {
  readonly ticket: string;
  readonly step: Step;
  /** Whether the device is not to be asked again for a while, where the settings allow it. */
  readonly isRemembered: boolean;
  readonly caller: Caller;
};

/**
 * Signs somebody in by the second of two steps. Throws `invalid_input` on `ticket` where that is used, too old or no good any
 * more, on `code` for a wrong one and for one that was used, and on none for a passkey that is not right; `too_many_attempts`.
 */
export async function showSecondStep(parts: Parts, shown: SecondStepShown): Promise<WholeOutcome> {
  const { waiting, account } = await waitingFor(parts, shown.ticket);
  return await tellingRefusals(parts, account.id, () => signInBy(parts, { ...shown, waiting, account }));
}

/** Who waits: nobody yet. */
export type Waiting = { readonly waiting: WaitingProof; readonly account: Account };

async function signInBy(
  parts: Parts,
  { waiting, account, ...shown }: SecondStepShown & Waiting,
): Promise<WholeOutcome> {
  const { ticket, step } = shown;
  const right = await stepShown(parts, { ...shown, waiting, account });
  if (right === null) throw wrong(step, waiting);
  const proof = proveWhole(waiting, ticketOf(waiting, ticket), right.spends);
  const outbox = right.isRecovery ? noticeTo(parts, account, { kind: 'recovery-code-used' }) : [];
  const { caller } = shown;
  // A mailed code spares no device the second step of later.
  const isRemembered = shown.isRemembered && waiting.mailed === null;
  const outcome = await completeSignIn(parts, { account, proof, caller, isRemembered, outbox });
  if (outcome === null || outcome.kind === 'second-step') {
    await waitingFor(parts, ticket);
    throw wrong(step, waiting);
  }
  await right.succeeded();
  return outcome;
}

type Right = { readonly spends: readonly Spend[]; readonly isRecovery: boolean; succeeded(): Promise<void> };

function wrong(step: Step, { mailed }: WaitingProof): Refusal {
  if (!('code' in step)) return invalidInput({ non_field_errors: [passkeyTexts.wrong] });
  return invalidInput({ code: [mailed === null ? texts.codeWrong : mailTexts.codeWrong] });
}

async function stepShown(
  parts: Parts,
  { waiting, account, ticket, step }: Pick<SecondStepShown, 'ticket' | 'step'> & Waiting,
): Promise<Right | null> {
  if (!('code' in step)) return await passkeyShown(parts, { ...step, ticket, waiting });
  const { mailed } = waiting;
  if (mailed === null) return await codeShown(parts, account, { code: step.code, ticket });
  // Only who has shown a first proof gets here: a stranger cannot use these tries up.
  const counted = await countMailCode(parts, { counted: `step ${account.id}`, ticket });
  const isRight = isCodeOfStep(mailed, ticket, step.code);
  return isRight ? { spends: [], isRecovery: false, succeeded: () => counted.succeeded() } : null;
}

/** Whoever gets here has shown the first step: where code after code is wrong, the account's owner is told. */
async function codeShown(
  parts: Parts,
  account: Account,
  { code, ticket }: { readonly code: string; readonly ticket: string },
): Promise<Right | null> {
  const kinds = ['totp', 'recovery_codes'] as const;
  const { used, succeeded, failed } = await tryCode(parts, { accountId: account.id, holder: ticket, code, kinds });
  if (used !== null) return { spends: [used.use], isRecovery: used.isRecovery, succeeded };
  if (await failed()) {
    const outbox = noticeTo(parts, account, { kind: 'second-step-failed' });
    await parts.store.accounts.issueLinks({ links: [], outbox });
    parts.mailWaits();
  }
  return null;
}

/** Asks for a passkey of the account that waits. Throws `invalid_input` on `ticket`, `second_step_absent`, `too_many_attempts`. */
export async function beginPasskeyStep(
  parts: Parts,
  { ticket, network }: { readonly ticket: string; readonly network: string | null },
): Promise<PasskeyRequest> {
  const { waiting, account } = await waitingFor(parts, ticket);
  const { credentials } = await parts.store.credentials.list(account.id);
  const has = credentials.map(({ kind }) => kind);
  if (!secondStepsAfter(waiting.method, has).includes('passkey')) throw new Refusal('second_step_absent');
  const sessionId = await issueChallenge(parts, 'passkey-second-step', { boundTo: ticket, network });
  return { options: requestOptions(parts.settings.passkeys, sessionId, { of: passkeysAmong(credentials) }), sessionId };
}

/** Throws `invalid_input` for a challenge that is not good, or was not made for this ticket. */
async function passkeyShown(
  parts: Parts,
  given: {
    readonly credential: string;
    readonly sessionId: string;
    readonly ticket: string;
    readonly waiting: WaitingProof;
  },
): Promise<Right | null> {
  const presented = presentedIn(given.credential);
  if (presented === null) throw invalidInput({ non_field_errors: [passkeyTexts.malformed] });
  const bound = { presented, boundTo: [given.ticket] };
  const isAnswered = presented.challenge === given.sessionId;
  const challenge = isAnswered ? await answeredChallenge(parts, 'passkey-second-step', bound) : null;
  if (challenge === null) throw invalidInput({ non_field_errors: [passkeyTexts.signInExpired] });
  const { accountId } = given.waiting.gate;
  const { credentials } = await parts.store.credentials.list(accountId);
  const credential = credentials.find(({ id }) => id === passkeyId(presented.id));
  const isSecond = secondStepsAfter(given.waiting.method, ['passkey']).length > 0;
  if (credential === undefined || !isSecond) throw invalidInput({ non_field_errors: [passkeyTexts.unknown] });
  const shown = await showPasskey(parts.settings.passkeys, credential, { presented, isNamed: true });
  if (shown === null) await parts.store.once.spend(challenge);
  if (shown === null) return null;
  const succeeded = (): Promise<void> => forgetWrongCodes(parts, accountId);
  return { spends: [challenge, shown.use], isRecovery: false, succeeded };
}

/** Who waits with a ticket. Throws `invalid_input` on `ticket` where that is used or too old, or where something voided the proof that waits. */
export async function waitingFor(parts: Parts, ticket: string): Promise<Waiting> {
  const waiting = await waitingProof(parts, ticket);
  const record = waiting === null ? null : await parts.store.accounts.find(waiting.gate.accountId);
  const isGood = record?.gate.state === 'active' && waiting !== null && waiting.gate.revision >= record.gate.validFrom;
  if (!isGood) throw invalidInput({ ticket: [texts.ticketVoid] });
  return { waiting, account: record.account };
}
