import { showRecoveryCode } from '../credentials/recovery-codes.ts';
import { showTotp } from '../credentials/totp.ts';
import { proveWhole, type WaitingProof } from '../credentials/waiting-proof.ts';
import type { Account } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import type { CredentialUse } from '../model/once.ts';
import { invalidInput } from '../model/reasons.ts';
import type { Caller } from '../sessions/admit.ts';
import type { OutboxItem } from '../stores/store.ts';
import { secondStep as texts } from '../texts/api.ts';
import { countCode } from './attempts.ts';
import { completeSignIn, type SignedIn } from './complete-sign-in.ts';
import { forgotLink } from './links.ts';
import type { Parts } from './parts.ts';
import { rememberDevice, ticketRef, waitingProof } from './tickets.ts';

export type SecondStepShown = {
  readonly ticket: string;
  /** Of an authenticator app, or a recovery code. */
  readonly code: string;
  /** Whether the device is not to be asked again for a while, where the settings allow it. */
  readonly isRemembered: boolean;
  readonly caller: Caller;
};

/**
 * Signs somebody in by the second of two steps. Throws `invalid_input` on `ticket` where that is used, too old or no good any
 * more, and on `code` for a wrong one and for one that was used; `too_many_attempts`.
 */
export async function showSecondStep(parts: Parts, shown: SecondStepShown): Promise<SignedIn> {
  const { waiting, account } = await waitingFor(parts, shown.ticket);
  const { accountId } = waiting.gate;
  const counted = await countCode(parts, { accountId, ticket: shown.ticket });
  const { credentials, now } = await parts.store.credentials.list(accountId);
  const use = await useOf(parts, credentials, { code: shown.code, now });
  if (use === null) throw invalidInput({ code: [texts.codeWrong] });
  const proof = proveWhole(waiting, ticketRef(shown.ticket), [use.use]);
  const outbox = use.isRecovery ? noticeOfUse(parts, account) : [];
  const outcome = await completeSignIn(parts, { account, proof, caller: shown.caller, outbox });
  if (outcome?.kind !== 'signed-in') {
    await waitingFor(parts, shown.ticket);
    throw invalidInput({ code: [texts.codeWrong] });
  }
  await counted.succeeded();
  const { id: deviceId } = outcome.session.device;
  const isKept = shown.isRemembered && parts.settings.secondStep.rememberMs > 0 && deviceId !== null;
  if (isKept) await rememberDevice(parts, waiting.gate, deviceId);
  return outcome;
}

/** Who waits with a ticket. Throws `invalid_input` on `ticket` where that is used or too old, or where something voided the proof that waits. */
export async function waitingFor(
  parts: Parts,
  ticket: string,
): Promise<{ readonly waiting: WaitingProof; readonly account: Account }> {
  const waiting = await waitingProof(parts, ticket);
  const record = waiting === null ? null : await parts.store.accounts.find(waiting.gate.accountId);
  const isGood = record?.gate.state === 'active' && waiting !== null && waiting.gate.revision >= record.gate.validFrom;
  if (!isGood) throw invalidInput({ ticket: [texts.ticketVoid] });
  return { waiting, account: record.account };
}

type Used = { readonly use: CredentialUse; readonly isRecovery: boolean };

/** Which of an account's second steps a code is of, and the use of it that it amounts to. */
export async function useOf(
  parts: Parts,
  credentials: readonly Credential[],
  given: { readonly code: string; readonly now: number },
): Promise<Used | null> {
  const code = given.code.replace(/\s/g, '');
  for (const credential of credentials) {
    if (credential.kind === 'totp') {
      const use = await showTotp(parts.keys, credential, { code, now: given.now });
      if (use !== null) return { use, isRecovery: false };
    }
    if (credential.kind === 'recovery_codes') {
      const use = showRecoveryCode(credential, code);
      if (use !== null) return { use, isRecovery: true };
    }
  }
  return null;
}

/** A recovery code was used: its owner hears of it, with the way to take the account back. */
function noticeOfUse(parts: Parts, { email, username }: Account): readonly OutboxItem[] {
  const link = forgotLink(parts.settings);
  return email === '' ? [] : [parts.mail({ kind: 'recovery-code-used', to: email, username, link })];
}
