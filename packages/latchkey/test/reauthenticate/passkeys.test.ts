/** Step-up by a passkey: for the session that asked, once, and by one that verifies its holder where a password would not do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { type Answer, Device, PASSWORD, withAnn } from '../library/device.ts';
import { Authenticator, type Twist } from '../passkeys/authenticator.ts';
import { begin, EXPIRED, MALFORMED, registered, signIn, UNKNOWN, WRONG } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';

const LATER_MS = 11 * 60_000;
const AGAIN = '/auth/reauthenticate/';
const SET_UP = '/auth/mfa/totp/activate/';

async function annWith({ auth, clock }: TestInstance, authenticator: Authenticator): Promise<Device> {
  const device = new Device(auth);
  await device.signIn();
  await registered(device, authenticator);
  clock.advance(LATER_MS);
  return device;
}

async function asked(device: Device) {
  const { status, body, text } = await device.ask('POST', `${AGAIN}passkey/`, {});
  assert.equal(status, 200, text);
  return { options: body, sessionId: String(body['session_id']) };
}

async function again(device: Device, authenticator: Authenticator, twist: Twist = {}): Promise<Answer> {
  const { options, sessionId } = await asked(device);
  return await device.ask('POST', AGAIN, { credential: authenticator.get(options, twist), session_id: sessionId });
}

const isFresh = async (device: Device): Promise<boolean> =>
  (await device.ask('POST', '/auth/passkeys/register/begin/', {})).status === 200;

async function enrolOn(device: Device, instance: TestInstance): Promise<void> {
  const { body } = await device.ask('GET', SET_UP);
  const given = { activation_token: body['activation_token'], code: codeAt(String(body['secret']), instance.clock()) };
  assert.equal((await device.ask('POST', SET_UP, given)).status, 200);
}

describe('reauthenticate/ by a passkey', () => {
  test(
    'V7.5.1: it makes its session fresh, and no other; a use of it is spent',
    withAnn({ sessions: { limit: 2 } }, async (instance) => {
      const authenticator = new Authenticator();
      const device = await annWith(instance, authenticator);
      const other = new Device(instance.auth);
      await other.signIn();
      instance.clock.advance(LATER_MS);
      assert.equal(await isFresh(device), false);
      const { options, sessionId } = await asked(device);
      assert.equal(options['userVerification'], 'preferred');
      const given = { credential: authenticator.get(options), session_id: sessionId };
      const all = await Promise.all([1, 2, 3].map(() => device.ask('POST', AGAIN, given)));
      assert.deepEqual(all.map(({ status }) => status).sort(), [200, 400, 400], 'of three at once one is good');
      assert.equal(await isFresh(device), true);
      assert.equal(await isFresh(other), false);
      assert.deepEqual((await device.ask('POST', AGAIN, given)).body, EXPIRED);
    }),
  );

  test(
    'H13, H9: with an app it takes one that verifies its holder; without, one that does not does as well',
    withAnn({}, async (instance) => {
      const button = new Authenticator({ isVerified: false });
      const device = await annWith(instance, button);
      assert.equal((await again(device, button)).status, 200, 'as a password does');
      await enrolOn(device, instance);
      instance.clock.advance(LATER_MS);
      const { options } = await asked(device);
      assert.equal(options['userVerification'], 'required');
      assert.deepEqual((await again(device, button)).body, WRONG);
      assert.equal(await isFresh(device), false);
      assert.equal((await again(device, button, { isVerified: true })).status, 200);
      assert.equal(await isFresh(device), true);
    }),
  );

  test(
    'H9: where a second step is demanded a password alone does not do, and a passkey that verifies does',
    withAnn({ secondStep: { demandedOf: ['admin'] } }, async (instance) => {
      const { auth, clock } = instance;
      const authenticator = new Authenticator();
      await annWith(instance, authenticator);
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      await auth.accounts.setRoles(ann?.id ?? 0, ['admin']);
      const device = new Device(auth);
      assert.equal((await signIn(device, authenticator)).status, 200);
      clock.advance(LATER_MS);
      const refused = await device.ask('POST', AGAIN, { password: PASSWORD });
      assert.deepEqual(refused.body, { credential: ['This field is required.'] });
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      const change = () => device.ask('POST', '/auth/password/change/', { ...twice, old_password: PASSWORD });
      assert.equal((await change()).reason, 'reauthentication_required');
      assert.equal((await again(device, authenticator)).status, 200);
      assert.equal((await change()).status, 200);
    }),
  );

  test(
    'H11: an answer to another session’s challenge, or to a sign-in’s, or with a use of before is none',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const authenticator = new Authenticator();
      const device = await annWith(instance, authenticator);
      const other = new Device(instance.auth);
      await other.signIn();
      instance.clock.advance(LATER_MS);
      const own = await asked(device);
      const credential = authenticator.get(own.options);
      const elsewhere = await other.ask('POST', AGAIN, { credential, session_id: own.sessionId });
      assert.deepEqual(elsewhere.body, EXPIRED);
      const signingIn = await begin(device);
      const ofSignIn = { credential: authenticator.get(signingIn.options), session_id: signingIn.sessionId };
      assert.deepEqual((await device.ask('POST', AGAIN, ofSignIn)).body, EXPIRED);
      assert.deepEqual(
        (await device.ask('POST', AGAIN, { credential, session_id: signingIn.sessionId })).body,
        EXPIRED,
      );
      const asSignIn = await device.ask('POST', '/auth/passkeys/login/complete/', {
        credential,
        session_id: own.sessionId,
      });
      assert.deepEqual(asSignIn.body, EXPIRED, 'nor does it sign in');
      instance.clock.advance(5 * 60_000);
      assert.deepEqual((await device.ask('POST', AGAIN, { credential, session_id: own.sessionId })).body, EXPIRED);
      assert.equal(await isFresh(device), false);
    }),
  );

  test(
    'H17, H12: another account’s is none, and neither is one that is wrong, or is nothing at all',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { auth } = instance;
      const authenticator = new Authenticator();
      const device = await annWith(instance, authenticator);
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      const none = await bob.ask('POST', `${AGAIN}passkey/`, {});
      assert.equal(none.status, 404, 'who has none is asked for none');
      const bobs = await registered(bob, new Authenticator());
      assert.deepEqual((await again(device, bobs)).body, UNKNOWN);
      assert.deepEqual((await again(device, authenticator, { origin: 'https://evil.example' })).body, WRONG);
      const burnt = await asked(device);
      const wrong = {
        session_id: burnt.sessionId,
        credential: authenticator.get(burnt.options, { rpId: 'evil.example' }),
      };
      assert.deepEqual((await device.ask('POST', AGAIN, wrong)).body, WRONG);
      const right = { session_id: burnt.sessionId, credential: authenticator.get(burnt.options) };
      assert.deepEqual((await device.ask('POST', AGAIN, right)).body, EXPIRED, 'burnt by the wrong one');
      assert.deepEqual((await device.ask('POST', AGAIN, { credential: {}, session_id: 'x' })).body, MALFORMED);
      assert.equal(await isFresh(device), false);
      assert.equal((await new Device(auth).ask('POST', `${AGAIN}passkey/`, {})).status, 401);
    }),
  );
});
