/** dj-rest-auth's `passkeys/…`. */
import { CHALLENGE_MS, type Passkey } from '../../credentials/passkey.ts';
import { newLinkSecret } from '../../crypto/token.ts';
import {
  addPasskey,
  beginPasskey,
  findPasskey,
  handleOf,
  listPasskeys,
  removePasskey,
  renamePasskey,
} from '../../flows/manage-passkeys.ts';
import { beginPasskeyAgain } from '../../flows/reauthenticate.ts';
import { beginPasskeyStep } from '../../flows/show-second-step.ts';
import { beginPasskeySignIn, type PasskeyRequest, signInWithPasskey } from '../../flows/sign-in-with-passkey.ts';
import { invalidInput } from '../../model/reasons.ts';
import type { Settings } from '../../model/settings.ts';
import { field } from '../../texts/api.ts';
import { empty, json, withCookies } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';
import { linkCookie, linkCookieName, readCookie } from '../cookies.ts';
import { isoTime } from '../time.ts';
import { answerOutcome } from './sign-in.ts';

/** The same answer whoever is named. */
export async function beginLogin(call: Call): Promise<Response> {
  const { parts, network, headers } = call;
  if (call.values['bind'] !== 'true') {
    return json(200, bodyOf(await beginPasskeySignIn(parts, { browser: null, network })), headers);
  }
  const browser = browserOf(parts.settings, call.request) ?? newLinkSecret();
  const body = bodyOf(await beginPasskeySignIn(parts, { browser, network }));
  return withCookies(json(200, body, headers), [linkCookie(parts.settings, 'passkey', browser, CHALLENGE_MS)]);
}

function bodyOf({ options, sessionId }: PasskeyRequest): Readonly<Record<string, unknown>> {
  return { ...options, session_id: sessionId };
}

/** The browser that a challenge is bound to, by its cookie; null for one that has none. */
export function browserOf(settings: Settings, request: Request): string | null {
  const value = readCookie(request.headers.get('cookie'), linkCookieName(settings, 'passkey'));
  return value !== null && /^\w{20,100}$/.test(value) ? value : null;
}

export async function completeLogin(call: Call): Promise<Response> {
  const { parts, values, request } = call;
  const { credential = '', session_id: sessionId = '' } = values;
  const browser = browserOf(parts.settings, request);
  const given = { credential, sessionId, browser, isBound: false, caller: await call.caller() };
  return await answerOutcome(call, await signInWithPasskey(parts, given), 200);
}

/** For the second of two steps: by the ticket that was given, or by that of the browser's cookie. */
export async function beginSecondStep({ parts, values, request, network, headers }: Call): Promise<Response> {
  const cookie = readCookie(request.headers.get('cookie'), linkCookieName(parts.settings, 'ticket'));
  const ticket = values['ticket'] ?? cookie;
  if (ticket === null) throw invalidInput({ ticket: [field.required] });
  return json(200, bodyOf(await beginPasskeyStep(parts, { ticket, network })), headers);
}

/** For the session that asks, which is made fresh by it. */
export async function beginAgain({ parts, who, network, headers }: SignedInCall): Promise<Response> {
  return json(200, bodyOf(await beginPasskeyAgain(parts, who, network)), headers);
}

export async function beginRegistration({ parts, who, values, network, headers }: SignedInCall): Promise<Response> {
  return json(200, await beginPasskey(parts, who, { name: values['name'] ?? '', network }), headers);
}

export async function completeRegistration(call: SignedInCall): Promise<Response> {
  const { parts, who, values, headers } = call;
  const { credential = '', name = '' } = values;
  return json(201, rowOf(call, await addPasskey(parts, who, { credential, name })), headers);
}

export async function list(call: SignedInCall): Promise<Response> {
  const passkeys = await listPasskeys(call.parts, call.who.session.accountId);
  return json(
    200,
    passkeys.map((passkey) => rowOf(call, passkey)),
    call.headers,
  );
}

export async function find(call: SignedInCall): Promise<Response> {
  const { parts, who, params, headers } = call;
  return json(200, rowOf(call, await findPasskey(parts, who.session.accountId, params['id'] ?? '')), headers);
}

/** Answers with all of it, where the recorded server answers with the name alone. */
export async function rename(call: SignedInCall): Promise<Response> {
  const { parts, who, params, values, headers } = call;
  const { accountId } = who.session;
  const id = params['id'] ?? '';
  const { name } = values;
  if (name === '') throw invalidInput({ name: [field.blank] });
  const renamed =
    name === undefined ? await findPasskey(parts, accountId, id) : await renamePasskey(parts, accountId, id, name);
  return json(200, rowOf(call, renamed), headers);
}

export async function remove({ parts, who, params, headers }: SignedInCall): Promise<Response> {
  await removePasskey(parts, who, params['id'] ?? '');
  return empty(204, headers);
}

/** By `rp_id` and `user_handle` a client tells authenticators which passkeys are left, and how the account is called now. */
function rowOf({ parts, who }: SignedInCall, passkey: Passkey): Readonly<Record<string, unknown>> {
  const { id, name, createdAt, lastUsedAt, transports, isSynced } = passkey;
  return {
    ...{ id, name, credential_id: id, created_at: isoTime(createdAt) },
    last_used_at: lastUsedAt === null ? null : isoTime(lastUsedAt),
    ...{ transports, discoverable: true, synced: isSynced },
    ...{ rp_id: parts.settings.passkeys.rpId, user_handle: handleOf(parts, who.session.accountId) },
  };
}
