import {
  type Presented,
  passkeyId,
  presentedIn,
  provePasskey,
  type RequestOptions,
  requestOptions,
  showPasskey,
} from '../credentials/passkey.ts';
import type { Credential } from '../model/credential.ts';
import type { OnceRef } from '../model/once.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Caller } from '../sessions/admit.ts';
import { passkey as texts } from '../texts/api.ts';
import { forgetWrongCodes } from './attempts.ts';
import { completeSignIn, type SignInOutcome } from './complete-sign-in.ts';
import type { Parts } from './parts.ts';
import { answeredChallenge, issueChallenge } from './passkey-challenges.ts';

export type PasskeyRequest = {
  readonly options: RequestOptions;
  /** The secret that completes it. */
  readonly sessionId: string;
};

/** Asks for a passkey of anybody's: whoever they say they are changes nothing. Throws `too_many_attempts`. */
export async function beginPasskeySignIn(
  parts: Parts,
  asked: {
    /** The browser that alone may complete it, or null. */
    readonly browser: string | null;
    readonly network: string | null;
  },
): Promise<PasskeyRequest> {
  const boundTo = asked.browser ?? ANYBODY;
  const challenge = await issueChallenge(parts, 'passkey-sign-in', { boundTo, network: asked.network });
  return { options: requestOptions(parts.settings.passkeys, challenge), sessionId: challenge };
}

const ANYBODY = '';

export type PasskeySignIn = {
  readonly sessionId: string;
  /** JSON, as `PublicKeyCredential.toJSON()` has it. */
  readonly credential: string;
  /** The browser that asks, or null. */
  readonly browser: string | null;
  /** Whether the challenge must have been made for this browser. */
  readonly isBound: boolean;
  readonly caller: Caller;
};

/**
 * Signs somebody in by a passkey, or has them show a second step where the authenticator did not verify them and one is asked
 * for. Throws `invalid_input` for a challenge that is not good, an unknown passkey, and whatever is not right with what was
 * signed; `email_not_verified`.
 */
export async function signInWithPasskey(parts: Parts, given: PasskeySignIn): Promise<SignInOutcome> {
  const presented = presentedIn(given.credential);
  const credential = presented === null ? null : await parts.store.credentials.find(passkeyId(presented.id));
  try {
    if (presented === null) throw invalidInput({ non_field_errors: [texts.malformed] });
    return await signInBy(parts, credential, { presented, ...given });
  } catch (error) {
    const accountId = credential?.accountId ?? null;
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId, code: error.code });
    throw error;
  }
}

async function signInBy(
  parts: Parts,
  credential: Credential | null,
  { presented, ...given }: Omit<PasskeySignIn, 'credential'> & { readonly presented: Presented },
): Promise<SignInOutcome> {
  const challenge = await challengeOf(parts, presented, given);
  const record = credential === null ? null : await parts.store.accounts.find(credential.accountId);
  if (credential === null || record === null) throw invalidInput({ non_field_errors: [texts.unknown] });
  const shown = await showPasskey(parts.settings.passkeys, credential, { presented, isNamed: false });
  if (shown === null) {
    await parts.store.once.spend(challenge);
    throw invalidInput({ non_field_errors: [texts.wrong] });
  }
  const { account, gate } = record;
  if (gate.state !== 'active') throw invalidInput({ non_field_errors: [texts.disabled] });
  if (parts.settings.accounts.emailVerification === 'mandatory' && !account.emailVerified) {
    throw new Refusal('email_not_verified');
  }
  const proof = provePasskey(gate, shown, challenge);
  const outcome = await completeSignIn(parts, { account, proof, caller: given.caller });
  if (outcome === null) throw invalidInput({ non_field_errors: [texts.wrong] });
  if (shown.isVerified) await forgetWrongCodes(parts, account.id);
  return outcome;
}

async function challengeOf(
  parts: Parts,
  presented: Presented,
  { sessionId, browser, isBound }: Pick<PasskeySignIn, 'sessionId' | 'browser' | 'isBound'>,
): Promise<OnceRef> {
  const boundTo = [...(browser === null ? [] : [browser]), ...(isBound ? [] : [ANYBODY])];
  const isAnswered = presented.challenge === sessionId;
  const ref = isAnswered ? await answeredChallenge(parts, 'passkey-sign-in', { presented, boundTo }) : null;
  if (ref === null) throw invalidInput({ non_field_errors: [texts.signInExpired] });
  return ref;
}
