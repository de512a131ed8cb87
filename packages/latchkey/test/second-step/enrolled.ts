/** Somebody who has an authenticator app, and the two halves of their sign-in. */
import assert from 'node:assert/strict';
import type { TestInstance } from 'latchkey/testing';
import { type Answer, Device } from '../library/device.ts';
import { codeAt } from './app.ts';

export const STEP_MS = 30_000;

export type Enrolled = { readonly device: Device; readonly secret: string; readonly codes: readonly string[] };

/** Ann signs in and sets an app up; the clock stands in a later step then. */
export async function enrol({ auth, clock }: TestInstance): Promise<Enrolled> {
  const device = new Device(auth);
  await device.signIn();
  const { body, status } = await device.ask('GET', '/auth/mfa/totp/activate/');
  assert.equal(status, 200);
  const secret = String(body['secret']);
  const activation = { activation_token: body['activation_token'], code: codeAt(secret, clock()) };
  const done = await device.ask('POST', '/auth/mfa/totp/activate/', activation);
  assert.equal(done.status, 200, done.text);
  clock.advance(STEP_MS);
  return { device, secret, codes: done.body['recovery_codes'] as readonly string[] };
}

export async function half(device: Device): Promise<string> {
  const { status, body } = await device.signIn();
  assert.equal(status, 200);
  assert.equal(body['mfa_required'], true);
  assert.equal('key' in body, false);
  assert.equal(body['ticket'], body['ephemeral_token']);
  return String(body['ticket']);
}

export async function show(device: Device, ticket: string, code: string, more = {}): Promise<Answer> {
  return await device.ask('POST', '/auth/login/second-step/', { ticket, code, ...more });
}

export const WRONG = { code: ['Invalid code.'] };
export const VOID = { ticket: ['Invalid or expired token.'] };
