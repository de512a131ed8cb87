import { askForSignInMail, signInByMail } from '../../flows/sign-in-by-mail.ts';
import { signInByMail as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { Call } from '../call.ts';
import { answerOutcome } from './sign-in.ts';

/** The same for every address; the ticket goes with what the mail says. */
export async function ask({ parts, values, network, headers }: Call): Promise<Response> {
  const { ticket } = await askForSignInMail(parts, { email: values['email'] ?? '', network });
  return json(200, { detail: texts.asked, ticket }, headers);
}

export async function confirm(call: Call): Promise<Response> {
  const { ticket = '', token = null, code = null } = call.values;
  const caller = await call.caller();
  return await answerOutcome(call, await signInByMail(call.parts, { ticket, token, code, caller }), 200);
}
