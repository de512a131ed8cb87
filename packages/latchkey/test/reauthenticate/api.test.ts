/** Step-up: whoever is signed in shows once more who they are, and may change what matters for a while. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { Device, PASSWORD, withAnn } from '../library/device.ts';
import { codeAt } from '../second-step/app.ts';

const LATER_MS = 11 * 60_000;
const STEP_MS = 30_000;
const AGAIN = '/auth/reauthenticate/';
const SET_UP = '/auth/mfa/totp/activate/';
const WRONG = { password: ['Your password was entered incorrectly. Please enter it again.'] };
const WRONG_CODE = { code: ['Invalid code.'] };
const REQUIRED = 'This field is required.';

async function later({ auth, clock }: TestInstance): Promise<Device> {
  const device = new Device(auth);
  await device.signIn();
  clock.advance(LATER_MS);
  assert.equal((await device.ask('GET', SET_UP)).reason, 'reauthentication_required');
  return device;
}

/** Ann has an app; she signed in a while ago. */
async function withApp(instance: TestInstance) {
  const { auth, clock } = instance;
  const device = new Device(auth);
  await device.signIn();
  const { body } = await device.ask('GET', SET_UP);
  const secret = String(body['secret']);
  const given = { activation_token: body['activation_token'], code: codeAt(secret, clock()) };
  const done = await device.ask('POST', SET_UP, given);
  clock.advance(LATER_MS);
  return { device, secret, codes: done.body['recovery_codes'] as readonly string[] };
}

const renewCodes = (device: Device) => device.ask('POST', '/auth/mfa/recovery-codes/regenerate/', {});

describe('reauthenticate/', () => {
  test(
    'V7.5.1: the password makes a session fresh for as long as a sign-in does, and no other session',
    withAnn({ sessions: { limit: 2 } }, async (instance) => {
      const { auth, clock } = instance;
      const other = new Device(auth);
      await other.signIn();
      const device = await later(instance);
      assert.deepEqual((await device.ask('POST', AGAIN, { password: 'wrong' })).body, WRONG);
      assert.equal((await device.ask('GET', SET_UP)).reason, 'reauthentication_required');
      const done = await device.ask('POST', AGAIN, { password: PASSWORD });
      const until = new Date(clock() + 600_000).toISOString();
      assert.deepEqual(done.body, { detail: 'You have proved who you are.', fresh_until: until });
      assert.equal((await device.ask('GET', SET_UP)).status, 200);
      assert.equal((await other.ask('GET', SET_UP)).reason, 'reauthentication_required');
      clock.advance(600_000);
      assert.equal((await device.ask('GET', SET_UP)).reason, 'reauthentication_required');
      assert.equal(await other.why(), null);
    }),
  );

  test(
    'V7.5.1: it lets the password be changed without the old one, and the account be closed',
    withAnn({}, async (instance) => {
      const device = await later(instance);
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      const change = () => device.ask('POST', '/auth/password/change/', twice);
      assert.deepEqual((await change()).body, { old_password: [REQUIRED] });
      await device.ask('POST', AGAIN, { password: PASSWORD });
      assert.equal((await change()).status, 200);
      instance.clock.advance(LATER_MS);
      assert.deepEqual((await device.ask('DELETE', '/auth/user/')).body, { password: [REQUIRED] });
      await device.ask('POST', AGAIN, { password: 'battery staple 7?' });
      assert.equal((await device.ask('DELETE', '/auth/user/')).status, 204);
    }),
  );

  test(
    'H9: with an app a code is asked for; neither the password nor a recovery code does instead',
    withAnn({}, async (instance) => {
      const { device, secret, codes } = await withApp(instance);
      assert.deepEqual((await device.ask('POST', AGAIN, { password: PASSWORD })).body, { code: [REQUIRED] });
      for (const code of ['000000', codes[0] ?? '']) {
        assert.deepEqual((await device.ask('POST', AGAIN, { password: PASSWORD, code })).body, WRONG_CODE);
      }
      assert.equal((await renewCodes(device)).reason, 'reauthentication_required');
      assert.equal((await device.ask('POST', AGAIN, { code: codeAt(secret, instance.clock()) })).status, 200);
      assert.equal((await renewCodes(device)).status, 200);
    }),
  );

  test(
    'V7.5.1: with an app neither the password is changed by the old one alone, nor the account closed',
    withAnn({}, async (instance) => {
      const { device, secret } = await withApp(instance);
      const { clock } = instance;
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      const change = (more = {}) => device.ask('POST', '/auth/password/change/', { ...twice, ...more });
      const close = (json = {}) => device.ask('DELETE', '/auth/user/', json);
      assert.equal((await change({ old_password: PASSWORD })).reason, 'reauthentication_required');
      assert.equal((await change()).reason, 'reauthentication_required');
      assert.equal((await close({ password: PASSWORD })).reason, 'reauthentication_required');
      assert.equal((await close()).reason, 'reauthentication_required');
      const step = () => device.ask('POST', AGAIN, { code: codeAt(secret, clock()) });
      assert.equal((await step()).status, 200);
      assert.deepEqual((await close({ password: 'wrong' })).body, WRONG, 'what is given has to be right');
      assert.equal((await change()).status, 200);
      clock.advance(LATER_MS);
      assert.equal((await close({ password: 'battery staple 7?' })).reason, 'reauthentication_required');
      assert.equal((await step()).status, 200);
      assert.equal((await close()).status, 204);
    }),
  );

  test(
    'H1: of twenty uses of one code at once, one makes its session fresh',
    withAnn({}, async (instance) => {
      const { device, secret } = await withApp(instance);
      const code = codeAt(secret, instance.clock());
      const all = await Promise.all(Array.from({ length: 20 }, () => device.ask('POST', AGAIN, { code })));
      assert.equal(all.filter(({ status }) => status === 200).length, 1);
      for (const { status, body } of all) if (status !== 200) assert.deepEqual(body, WRONG_CODE);
    }),
  );

  test(
    'H2: five codes for a session, and right ones do not count',
    withAnn({ rateLimits: 'on' }, async (instance) => {
      const { device, secret } = await withApp(instance);
      const { clock } = instance;
      for (let times = 0; times < 6; times++) {
        clock.advance(STEP_MS);
        assert.equal((await device.ask('POST', AGAIN, { code: codeAt(secret, clock()) })).status, 200);
      }
      for (let times = 0; times < 5; times++) {
        assert.equal((await device.ask('POST', AGAIN, { code: '000000' })).status, 400);
      }
      clock.advance(STEP_MS);
      const right = await device.ask('POST', AGAIN, { code: codeAt(secret, clock()) });
      assert.equal(right.reason, 'too_many_attempts');
    }),
  );

  test(
    'B1: passwords are counted as at sign-in, and a hundred guesses at once are no more than ten',
    withAnn({ rateLimits: 'on' }, async (instance) => {
      const device = await later(instance);
      const guesses = Array.from({ length: 40 }, (_, at) => device.ask('POST', AGAIN, { password: `wrong ${at}` }));
      const reasons = (await Promise.all(guesses)).map(({ reason }) => reason);
      assert.equal(reasons.filter((reason) => reason === 'invalid_input').length, 10);
      assert.equal(reasons.filter((reason) => reason === 'too_many_attempts').length, 30);
      assert.equal((await device.ask('POST', AGAIN, { password: PASSWORD })).reason, 'too_many_attempts');
    }),
  );

  test(
    'P3: nobody who is signed out does it, with whatever password',
    withAnn({ sessions: { limit: 1 } }, async (instance) => {
      const device = await later(instance);
      await new Device(instance.auth).signIn();
      assert.equal((await device.ask('POST', AGAIN, { password: PASSWORD })).reason, 'session_displaced');
      assert.equal((await new Device(instance.auth).ask('POST', AGAIN, { password: PASSWORD })).status, 401);
    }),
  );

  test(
    'J1: what is no text is refused, and so is nothing at all',
    withAnn({}, async (instance) => {
      const device = await later(instance);
      assert.deepEqual((await device.ask('POST', AGAIN, {})).body, { password: [REQUIRED] });
      for (const password of [null, true, ['x'], { $ne: '' }, '']) {
        assert.equal((await device.ask('POST', AGAIN, { password })).status, 400);
      }
    }),
  );
});
