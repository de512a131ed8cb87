/** Signing in by other providers, as dj-rest-auth has it: a client brings what the provider gave it. */
import { type BroughtByClient, identityFromClient, providerOf } from '../../flows/ask-provider.ts';
import { type Connection, connectBrought, connectionsOf, disconnectProvider } from '../../flows/connect-providers.ts';
import { signInWithProvider } from '../../flows/sign-in-with-provider.ts';
import { Refusal } from '../../model/reasons.ts';
import { json } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';
import { isoTime } from '../time.ts';
import { answerRegistered } from './registration.ts';

export async function signIn(call: Call): Promise<Response> {
  const { parts, network } = call;
  // First: a code of the provider's is good once, and is not to be used up by whoever has to come again with a proof.
  const caller = await call.caller();
  const shown = await shownBy(call);
  const invitation = textOf(call, 'invitation');
  const outcome = await signInWithProvider(parts, { ...shown, invitation, caller, network });
  return await answerRegistered(call, outcome, 200);
}

export async function connect(call: SignedInCall): Promise<Response> {
  const shown = await shownBy(call);
  return json(200, bodyOf(await connectBrought(call.parts, call.who, shown)), call.headers);
}

async function shownBy(call: Call) {
  const { parts, params, network } = call;
  const provider = providerOf(parts, params['provider'] ?? '');
  return { provider, identity: await identityFromClient(parts, { provider, brought: broughtBy(call), network }) };
}

function broughtBy(call: Call): BroughtByClient {
  const { access_token: accessToken = '', code = '', id_token: idToken = '' } = call.values;
  return {
    ...{ accessToken, code, idToken },
    nonce: textOf(call, 'nonce'),
    verifier: textOf(call, 'code_verifier'),
    callbackUrl: textOf(call, 'callback_url'),
  };
}

/** A field of ours beside dj-rest-auth's; null where it is not there or is no text. */
function textOf({ body }: Call, name: string): string | null {
  const value = body.get(name);
  return typeof value === 'string' && value !== '' ? value : null;
}

export async function list({ parts, who, headers }: SignedInCall): Promise<Response> {
  return json(200, (await connectionsOf(parts, who.session.accountId)).map(bodyOf), headers);
}

function bodyOf(connection: Connection): Readonly<Record<string, unknown>> {
  const { number, providerId, subject, connectedAt, lastUsedAt } = connection;
  const times = { last_login: isoTime(lastUsedAt ?? connectedAt), date_joined: isoTime(connectedAt) };
  return { id: number, provider: providerId, uid: subject, ...times };
}

export async function disconnect({ parts, who, params, headers }: SignedInCall): Promise<Response> {
  const number = Number(params['number']);
  if (!Number.isSafeInteger(number)) throw new Refusal('not_found');
  await disconnectProvider(parts, who, number);
  return json(200, {}, headers);
}
