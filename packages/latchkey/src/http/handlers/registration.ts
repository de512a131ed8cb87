import { register as makeAccount, type Registered } from '../../flows/register.ts';
import { resendVerification, verifyEmail } from '../../flows/verify-email.ts';
import { account as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { Call } from '../call.ts';
import { answerOutcome } from './sign-in.ts';

export async function register(call: Call): Promise<Response> {
  const { username = '', email = '', password1 = '', password2 = '', invitation } = call.values;
  const registered = await makeAccount(call.parts, {
    username,
    email,
    password1,
    password2,
    profile: async () => (await call.extra(null)) ?? {},
    invitation: invitation ?? null,
    caller: await call.caller(),
    network: call.network,
  });
  return await answerRegistered(call, registered, 201);
}

/** What a new account, or a sign-in that may have made one, came to. */
export async function answerRegistered(call: Call, registered: Registered, status: number): Promise<Response> {
  if (registered.kind === 'verification-sent') return json(201, { detail: texts.verificationSent }, call.headers);
  return await answerOutcome(call, registered, status);
}

export async function verify(call: Call): Promise<Response> {
  await verifyEmail(call.parts, call.values['key'] ?? '');
  return json(200, { detail: texts.emailVerified }, call.headers);
}

/** With no address, nobody is meant, and nobody gets a mail. */
export async function resend(call: Call): Promise<Response> {
  const { email } = call.values;
  const asker = call.who?.session.accountId ?? null;
  if (email !== undefined) await resendVerification(call.parts, { email, network: call.network, asker });
  return json(200, { detail: texts.resendDone }, call.headers);
}
