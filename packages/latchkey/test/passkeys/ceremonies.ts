/** What devices do with passkeys, over the API. */
import assert from 'node:assert/strict';
import type { Answer, Device } from '../library/device.ts';
import type { Authenticator, Options, Twist } from './authenticator.ts';

const BASE = '/auth/passkeys';

export async function creationOptions(device: Device): Promise<Options> {
  const { status, body, text } = await device.ask('POST', `${BASE}/register/begin/`, {});
  assert.equal(status, 200, text);
  return body;
}

/** Makes a passkey for whoever is signed in on a device. */
export async function register(
  device: Device,
  authenticator: Authenticator,
  { twist = {}, name }: { readonly twist?: Twist; readonly name?: string } = {},
): Promise<Answer> {
  const credential = authenticator.create(await creationOptions(device), twist);
  return await device.ask('POST', `${BASE}/register/complete/`, { credential, ...(name !== undefined && { name }) });
}

/** The same, where it goes well. */
export async function registered(device: Device, authenticator: Authenticator, name = 'Phone'): Promise<Authenticator> {
  const { status, text } = await register(device, authenticator, { name });
  assert.equal(status, 201, text);
  return authenticator;
}

export type Request = { readonly options: Options; readonly sessionId: string };

export async function begin(device: Device, body: Options = {}): Promise<Request> {
  const answer = await device.ask('POST', `${BASE}/login/begin/`, body);
  assert.equal(answer.status, 200, answer.text);
  return { options: answer.body, sessionId: String(answer.body['session_id']) };
}

export async function complete(device: Device, credential: unknown, sessionId: string): Promise<Answer> {
  return await device.ask('POST', `${BASE}/login/complete/`, { credential, session_id: sessionId });
}

export async function signIn(device: Device, authenticator: Authenticator, twist: Twist = {}): Promise<Answer> {
  const { options, sessionId } = await begin(device);
  return await complete(device, authenticator.get(options, twist), sessionId);
}

export const EXPIRED = { non_field_errors: ['Authentication challenge has expired. Please start over.'] };
export const UNKNOWN = { non_field_errors: ['Credential not found.'] };
export const WRONG = { non_field_errors: ['Authentication verification failed: this is not what was asked for.'] };
export const MALFORMED = { non_field_errors: ['Invalid credential format.'] };
export const NOT_REGISTERED = {
  non_field_errors: ['Registration verification failed: this is not what was asked for.'],
};
export const REGISTRATION_EXPIRED = {
  non_field_errors: ['Registration challenge has expired. Please start over.'],
};
