/** A passkey as the second of two steps: where an app could be asked for, and where a second step is demanded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { type Answer, Device, PASSWORD, withAnn } from '../library/device.ts';
import { codeAt } from '../second-step/app.ts';
import { Authenticator, type Options } from './authenticator.ts';
import { begin, EXPIRED, registered, UNKNOWN, WRONG } from './ceremonies.ts';

const DEMANDED = { secondStep: { demandedOf: ['admin'] } } as const;

async function demandOf({ auth }: TestInstance, email: string): Promise<void> {
  const [account] = await auth.accounts.findByEmail(email);
  await auth.accounts.setRoles(account?.id ?? 0, ['admin']);
}

async function annWith(instance: TestInstance, authenticator = new Authenticator()) {
  const device = new Device(instance.auth);
  await device.signIn();
  await registered(device, authenticator);
  return { device, authenticator };
}

async function half(device: Device, username = 'ann'): Promise<{ readonly ticket: string; readonly kinds: unknown }> {
  const { body } = await device.signIn(username);
  assert.equal('key' in body, false);
  return { ticket: String(body['ticket']), kinds: body['second_step'] };
}

async function askFor(
  device: Device,
  ticket: string,
): Promise<{ readonly options: Options; readonly sessionId: string }> {
  const { status, body, text } = await device.ask('POST', '/auth/login/second-step/passkey/', { ticket });
  assert.equal(status, 200, text);
  return { options: body, sessionId: String(body['session_id']) };
}

async function show(device: Device, ticket: string, credential: unknown, sessionId: string): Promise<Answer> {
  return await device.ask('POST', '/auth/login/second-step/', { ticket, credential, session_id: sessionId });
}

describe('a passkey as the second step', () => {
  test(
    'alone does not ask for one; where one is demanded it is shown, and no app has to be set up',
    withAnn(DEMANDED, async (instance) => {
      const { device, authenticator } = await annWith(instance, new Authenticator({ isVerified: false }));
      assert.equal('key' in (await device.signIn()).body, true);
      await demandOf(instance, 'ann@example.com');
      const other = new Device(instance.auth);
      const { ticket, kinds } = await half(other);
      assert.deepEqual(kinds, ['passkey']);
      assert.equal(await device.why(), 'session_revoked', 'who came in without is out');
      const set = await other.ask('POST', '/auth/login/second-step/set-up/', { ticket });
      assert.equal(set.reason, 'second_step_present', 'H6: nor can an app be set up in its place');
      const { options, sessionId } = await askFor(other, ticket);
      assert.deepEqual(options['allowCredentials'], [
        { id: authenticator.credentialId, type: 'public-key', transports: ['internal'] },
      ]);
      const done = await show(other, ticket, authenticator.get(options, { userHandle: null }), sessionId);
      assert.equal(done.status, 200, done.text);
      assert.equal(await other.why(), null);
    }),
  );

  test(
    'stands in for a code where there is an app; the ticket is spent with it, and so is the challenge',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { device, authenticator } = await annWith(instance, new Authenticator({ counts: false }));
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      const code = codeAt(String(body['secret']), instance.clock());
      await device.ask('POST', '/auth/mfa/totp/activate/', { activation_token: body['activation_token'], code });
      const other = new Device(instance.auth);
      const { ticket, kinds } = await half(other);
      assert.deepEqual(kinds, ['totp', 'recovery_codes', 'passkey']);
      const { options, sessionId } = await askFor(other, ticket);
      const credential = authenticator.get(options);
      const answers = await Promise.all(
        [1, 2, 3].map(() => show(new Device(instance.auth), ticket, credential, sessionId)),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400], 'one of three at once');
      assert.deepEqual((await show(other, ticket, credential, sessionId)).body, {
        ticket: ['Invalid or expired token.'],
      });
    }),
  );

  test(
    'H17: of another account is none; H11: nor is an answer to another ticket’s challenge, or to a sign-in’s',
    withAnn({ ...DEMANDED, sessions: { limit: 9 } }, async (instance) => {
      const { auth } = instance;
      const { authenticator } = await annWith(instance);
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      const bobs = await registered(bob, new Authenticator());
      for (const email of ['ann@example.com', 'bob@example.com']) await demandOf(instance, email);
      const device = new Device(auth);
      const [first, second] = [await half(device), await half(device)];
      const asked = await askFor(device, first.ticket);
      assert.deepEqual((await show(device, first.ticket, bobs.get(asked.options), asked.sessionId)).body, UNKNOWN);
      const right = authenticator.get(asked.options);
      assert.deepEqual((await show(device, second.ticket, right, asked.sessionId)).body, EXPIRED);
      const signIn = await begin(device);
      const ofSignIn = authenticator.get(signIn.options);
      assert.deepEqual((await show(device, first.ticket, ofSignIn, signIn.sessionId)).body, EXPIRED);
      assert.deepEqual((await show(device, first.ticket, right, signIn.sessionId)).body, EXPIRED);
      const wrong = authenticator.get(asked.options, { origin: 'https://evil.example' });
      assert.deepEqual((await show(device, first.ticket, wrong, asked.sessionId)).body, WRONG);
      assert.deepEqual(
        (await show(device, first.ticket, right, asked.sessionId)).body,
        EXPIRED,
        'burnt by the wrong one',
      );
      const again = await askFor(device, first.ticket);
      assert.equal((await show(device, first.ticket, authenticator.get(again.options), again.sessionId)).status, 200);
    }),
  );

  test(
    'whoever lost it is brought back by an operator',
    withAnn(DEMANDED, async (instance) => {
      const { auth, mailbox } = instance;
      await annWith(instance);
      await demandOf(instance, 'ann@example.com');
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      assert.equal(await auth.accounts.resetSecondStep(ann?.id ?? 0), 1);
      const { body } = await new Device(auth).signIn();
      assert.equal(body['set_up'], true);
      await auth.settle();
      assert.match(mailbox.mails.at(-1)?.subject ?? '', /second step .* was removed/);
    }),
  );

  test(
    'H5: what asks for it needs a ticket that is good, and an account that has one',
    withAnn(DEMANDED, async (instance) => {
      const device = new Device(instance.auth);
      await demandOf(instance, 'ann@example.com');
      const path = '/auth/login/second-step/passkey/';
      const { ticket } = await half(device);
      assert.equal((await device.ask('POST', path, { ticket })).reason, 'second_step_absent');
      assert.deepEqual((await device.ask('POST', path, { ticket: 'x' })).body, {
        ticket: ['Invalid or expired token.'],
      });
      assert.deepEqual((await device.ask('POST', path, {})).body, { ticket: ['This field is required.'] });
    }),
  );
});
