import {
  beginTotp,
  beginTotpAtSignIn,
  confirmTotp,
  confirmTotpAtSignIn,
  type Enrolment,
  removeTotp,
  renewRecoveryCodes,
  secondStepStatus,
} from '../../flows/set-up-second-step.ts';
import { type Step, showSecondStep } from '../../flows/show-second-step.ts';
import { invalidInput, Refusal } from '../../model/reasons.ts';
import { field, secondStep as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';
import type { Values } from '../fields.ts';
import { isoTime } from '../time.ts';
import { answerOutcome } from './sign-in.ts';

/** The second of two steps, or the first code of an app that has to be set up before. */
export async function show(call: Call): Promise<Response> {
  const { ticket = '', activation_token: activationToken } = call.values;
  const step = stepIn(call.values);
  const { parts } = call;
  const caller = await call.caller();
  if (activationToken === undefined) {
    const isRemembered = isTrue(call.body.get('remember'));
    return await answerOutcome(call, await showSecondStep(parts, { ticket, step, isRemembered, caller }), 200);
  }
  const code = 'code' in step ? step.code : '';
  const { outcome, codes } = await confirmTotpAtSignIn(parts, { ticket, code, activationToken, caller });
  return await answerOutcome(call, outcome, 200, { recovery_codes: codes });
}

function stepIn({ code, credential, session_id: sessionId = '' }: Values): Step {
  if (credential !== undefined) return { credential, sessionId };
  if (code === undefined) throw invalidInput({ code: [field.required] });
  return { code };
}

/** dj-rest-auth's `mfa/verify/`: the same under its names. */
export async function verify(call: Call): Promise<Response> {
  const { ephemeral_token: ticket = '', code = '' } = call.values;
  const isRemembered = isTrue(call.body.get('remember'));
  try {
    const shown = { ticket, step: { code }, isRemembered, caller: await call.caller() };
    return await answerOutcome(call, await showSecondStep(call.parts, shown), 200);
  } catch (error) {
    const flaws = error instanceof Refusal ? error.flaws : null;
    if (flaws?.['ticket'] === undefined) throw error;
    throw invalidInput({ ephemeral_token: flaws['ticket'] });
  }
}

function isTrue(given: unknown): boolean {
  return given === true || given === 'true' || given === '1' || given === 'on';
}

export async function setUpAtSignIn(call: Call): Promise<Response> {
  return json(200, await bodyOf(await beginTotpAtSignIn(call.parts, call.values['ticket'] ?? '')), call.headers);
}

/** With `?replace=true` in the place of the app that there is: what the activation token then says, which is all that completes it. */
export async function beginActivation({ parts, who, request, headers }: SignedInCall): Promise<Response> {
  const isReplacing = new URL(request.url).searchParams.get('replace') === 'true';
  return json(200, await bodyOf(await beginTotp(parts, who, { isReplacing })), headers);
}

async function bodyOf({ secret, url, activationToken }: Enrolment): Promise<Readonly<Record<string, string>>> {
  const { renderSVG } = await import('uqr');
  const picture = `data:image/svg+xml;base64,${Buffer.from(renderSVG(url)).toString('base64')}`;
  return { secret, totp_url: url, qr_code_data_uri: picture, activation_token: activationToken };
}

export async function activate({ parts, who, values, headers }: SignedInCall): Promise<Response> {
  const { activation_token: activationToken = '', code = '' } = values;
  return json(200, { recovery_codes: await confirmTotp(parts, who, { activationToken, code }) }, headers);
}

export async function deactivate({ parts, who, values, headers }: SignedInCall): Promise<Response> {
  await removeTotp(parts, who, values['code'] ?? '');
  return json(200, { detail: texts.off }, headers);
}

export async function status({ parts, who, headers }: SignedInCall): Promise<Response> {
  const { totp, recoveryCodesLeft } = await secondStepStatus(parts, who.session.accountId);
  const times = {
    created_at: totp === null ? null : isoTime(totp.createdAt),
    last_used_at: totp?.lastUsedAt == null ? null : isoTime(totp.lastUsedAt),
  };
  return json(200, { mfa_enabled: totp !== null, ...times, recovery_codes_left: recoveryCodesLeft }, headers);
}

/** How many are left: they were shown once, and are kept as hashes. */
export async function recoveryCodes({ parts, who, headers }: SignedInCall): Promise<Response> {
  const { recoveryCodesLeft } = await secondStepStatus(parts, who.session.accountId);
  return json(200, { codes: [], left: recoveryCodesLeft }, headers);
}

export async function renewCodes({ parts, who, headers }: SignedInCall): Promise<Response> {
  return json(200, { codes: await renewRecoveryCodes(parts, who) }, headers);
}
