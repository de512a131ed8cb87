/** Guesses at codes: how many there are, who hears of them, and that none of them shuts an account's owner out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import type { TestInstance } from 'latchkey/testing';
import { memberOf, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { Device, withAnn } from '../library/device.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { begin, registered, signIn } from '../passkeys/ceremonies.ts';
import { codeAt } from './app.ts';
import { enrol, half, STEP_MS, show, verifyAddress, WRONG } from './enrolled.ts';

const ON = { rateLimits: 'on', sessions: { limit: 99 } } as const;
const DAY_MS = 86_400_000;

/** Somebody who knows the password guesses, five with each of twenty tickets. */
async function guessAll({ auth, clock }: TestInstance): Promise<void> {
  for (let tickets = 0; tickets < 20; tickets++) {
    const thief = new Device(auth);
    const ticket = await half(thief);
    for (let tries = 0; tries < 5; tries++) assert.deepEqual((await show(thief, ticket, '000000')).body, WRONG);
    clock.advance(DAY_MS);
  }
}

async function setUp(device: Device, { clock }: TestInstance): Promise<number> {
  const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
  const given = { activation_token: body['activation_token'], code: codeAt(String(body['secret']), clock()) };
  return (await device.ask('POST', '/auth/mfa/totp/activate/', given)).status;
}

async function enrolAt(server: TestServer): Promise<void> {
  const key = await server.register('alice');
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  const code = codeAt(memberOf(body, 'secret'), server.clock());
  const given = { activation_token: memberOf(body, 'activation_token'), code };
  assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
}

describe('guesses at codes', () => {
  test(
    'H2, P10, F-40: a hundred wrong ones in a row, and codes of the app are over; a recovery code is not, and ends the row',
    withAnn(ON, async (instance) => {
      const { secret, codes } = await enrol(instance);
      const { auth, clock } = instance;
      await guessAll(instance);
      const owner = new Device(auth);
      const ticket = await half(owner);
      const byApp = await show(owner, ticket, codeAt(secret, clock()));
      assert.equal(byApp.reason, 'too_many_attempts', 'a new ticket gives no new hundred');
      const byCode = await show(owner, ticket, codes[0] ?? '');
      assert.equal(byCode.status, 200, byCode.text);
      clock.advance(STEP_MS);
      const next = new Device(auth);
      assert.equal((await show(next, await half(next), codeAt(secret, clock()))).status, 200);
    }),
  );

  test(
    'H2: a hundred codes of digits alone, as recovery codes from elsewhere are, and no other of them is looked at; the app still is',
    withAnn(ON, async (instance) => {
      const { secret, codes } = await enrol(instance);
      const { auth, clock } = instance;
      for (let tickets = 0; tickets < 20; tickets++) {
        const thief = new Device(auth);
        const ticket = await half(thief);
        for (let tries = 0; tries < 5; tries++) {
          const guess = String(10_000_000 + tickets * 5 + tries);
          assert.deepEqual(
            (await show(thief, ticket, tries === 0 ? `${guess.slice(0, 4)}-${guess.slice(4)}` : guess)).body,
            WRONG,
          );
        }
      }
      const thief = new Device(auth);
      assert.equal(
        (await show(thief, await half(thief), '99999999')).reason,
        'too_many_attempts',
        'whatever the ticket',
      );
      const owner = new Device(auth);
      assert.equal(
        (await show(owner, await half(owner), codeAt(secret, clock()))).status,
        200,
        'the app has a row of its own',
      );
      const again = new Device(auth);
      assert.deepEqual((await show(again, await half(again), '99999999')).body, WRONG, 'what was right ends the row');
      assert.equal((await show(again, await half(again), codes[0] ?? '')).status, 200);
    }),
  );

  test(
    'H2: a wrong recovery code counts by its ticket alone, and five of anything are all for one',
    withAnn(ON, async (instance) => {
      const { codes } = await enrol(instance);
      const device = new Device(instance.auth);
      const ticket = await half(device);
      for (const code of ['0000-0000-0000-0000', '000000', 'x', '00000000', '000 000']) {
        assert.equal((await show(device, ticket, code)).status, 400);
      }
      assert.equal((await show(device, ticket, codes[0] ?? '')).reason, 'too_many_attempts');
    }),
  );

  test(
    'P10: where the operator resets it, the row is over: an app can be set up again, and used',
    withAnn({ ...ON, secondStep: { demandedOf: 'everybody' } }, async (instance) => {
      const { auth, clock } = instance;
      const owner = new Device(auth);
      const ticket = String((await owner.signIn()).body['ticket']);
      const setUpWith = async (device: Device, of: string) => {
        const { body } = await device.ask('POST', '/auth/login/second-step/set-up/', { ticket: of });
        const secret = String(body['secret']);
        const given = { activation_token: body['activation_token'] };
        assert.equal((await show(device, of, codeAt(secret, clock()), given)).status, 200);
        clock.advance(STEP_MS);
        return secret;
      };
      await setUpWith(owner, ticket);
      await guessAll(instance);
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      await auth.accounts.resetSecondStep(ann?.id ?? 0);
      const again = new Device(auth);
      const secret = await setUpWith(again, String((await again.signIn()).body['ticket']));
      const next = new Device(auth);
      assert.equal((await show(next, await half(next), codeAt(secret, clock()))).status, 200);
    }),
  );

  test('P10: after the operator’s reset nothing is kept of what was guessed', async () => {
    await using server = await testServer({ rateLimits: 'on' });
    await enrolAt(server);
    const rows = () => server.rows(`SELECT key FROM counter WHERE key LIKE 'codes:%'`).length;
    const { body } = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
    await server.post('/auth/login/second-step/', { ticket: memberOf(body, 'ticket'), code: '000000' });
    assert.equal(rows(), 1);
    await server.auth.accounts.resetSecondStep(1);
    assert.equal(rows(), 0);
  });

  test(
    'P10, F-40: a passkey goes in whatever was guessed, and ends the row',
    withAnn(ON, async (instance) => {
      const { secret, device } = await enrol(instance);
      const { auth, clock } = instance;
      const authenticator = await registered(device, new Authenticator());
      await guessAll(instance);
      assert.equal((await signIn(new Device(auth), authenticator)).status, 200, 'alone');
      const next = new Device(auth);
      assert.equal((await show(next, await half(next), codeAt(secret, clock()))).status, 200);
      clock.advance(STEP_MS);
      await guessAll(instance);
      const second = new Device(auth);
      const ticket = await half(second);
      const { body } = await second.ask('POST', '/auth/login/second-step/passkey/', { ticket });
      const given = { ticket, credential: authenticator.get(body), session_id: body['session_id'] };
      assert.equal((await second.ask('POST', '/auth/login/second-step/', given)).status, 200, 'as the second step');
      const last = new Device(auth);
      assert.equal((await show(last, await half(last), codeAt(secret, clock()))).status, 200);
    }),
  );

  test(
    'H9: a session has five guesses at taking the app away, and its owner signs in all the same',
    withAnn(ON, async (instance) => {
      const { device, secret } = await enrol(instance);
      const { auth, clock } = instance;
      const off = (code: string) => device.ask('POST', '/auth/mfa/totp/deactivate/', { code });
      for (let tries = 0; tries < 5; tries++) assert.deepEqual((await off('000000')).body, WRONG);
      assert.equal((await off(codeAt(secret, clock()))).reason, 'too_many_attempts');
      const again = await device.ask('POST', '/auth/reauthenticate/', { code: codeAt(secret, clock()) });
      assert.equal(again.reason, 'too_many_attempts', 'B9: nor has it five more at proving who it is');
      const other = new Device(auth);
      assert.equal((await show(other, await half(other), codeAt(secret, clock()))).status, 200);
    }),
  );

  test(
    'B21: a mailed link gives no new hundred, and neither does a right password',
    withAnn(ON, async (instance) => {
      const { device: owner, secret } = await enrol(instance);
      await verifyAddress(instance, owner);
      const { auth, clock, mailbox } = instance;
      await guessAll(instance);
      const device = new Device(auth);
      await device.ask('POST', '/auth/password/reset/', { email: 'ann@example.com' });
      await auth.settle();
      const [, uid, token] = /reset\/confirm\/([^/]+)\/([^/\s]+)/.exec(mailbox.mails.at(-1)?.text ?? '') ?? [];
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      await device.ask('POST', '/auth/password/reset/confirm/', { uid, token, ...twice });
      const { body } = await device.signIn('ann', 'battery staple 7?');
      const right = await show(device, String(body['ticket']), codeAt(secret, clock()));
      assert.equal(right.reason, 'too_many_attempts');
    }),
  );

  test(
    'P10: nobody is kept from setting an app up by codes that were mistyped',
    withAnn(ON, async (instance) => {
      const device = new Device(instance.auth);
      await device.signIn();
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      for (let tries = 0; tries < 20; tries++) {
        const given = { activation_token: body['activation_token'], code: '000000' };
        assert.equal((await device.ask('POST', '/auth/mfa/totp/activate/', given)).status, 400);
      }
      assert.equal(await setUp(device, instance), 200);
    }),
  );

  test(
    'H10: its owner hears of five wrong ones, with however many tickets, once an hour at most; nobody hears of one',
    withAnn(ON, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock, mailbox } = instance;
      const told = async (): Promise<number> => {
        await auth.settle();
        return mailbox.mails.filter(({ subject }) => subject.startsWith('Wrong codes at your sign-in')).length;
      };
      const wrong = async (tries: number): Promise<void> => {
        for (let made = 0; made < tries; made++) {
          const device = new Device(auth);
          assert.deepEqual((await show(device, await half(device), '000000')).body, WRONG);
        }
      };
      await wrong(4);
      const owner = new Device(auth);
      assert.equal((await show(owner, await half(owner), codeAt(secret, clock()))).status, 200);
      assert.equal(await told(), 0);
      await wrong(3);
      assert.equal(await told(), 1);
      const mail = mailbox.mails.at(-1);
      assert.equal(mail?.to, 'ann@example.com');
      assert.match(mail?.text ?? '', /got past the first step of signing in to the account ann/);
      assert.match(mail?.text ?? '', /\/password\/reset\//);
      await wrong(9);
      assert.equal(await told(), 1);
      clock.advance(3_600_000);
      await wrong(5);
      assert.equal(await told(), 2);
    }),
  );

  test('H10, H14: the host hears of each that was refused, with whose account it is and no code', async () => {
    const events: LatchkeyEvent[] = [];
    await withAnn({ onEvent: (event) => void events.push(event) }, async (instance) => {
      const { device, codes } = await enrol(instance);
      const { auth } = instance;
      const refused = async (work: () => Promise<{ readonly status: number }>): Promise<void> => {
        events.length = 0;
        assert.equal((await work()).status, 400);
        await auth.settle();
        assert.deepEqual(events, [{ type: 'sign_in_refused', accountId: 1, code: 'invalid_input' }]);
      };
      const other = new Device(auth);
      const ticket = await half(other);
      await refused(() => show(other, ticket, '000000'));
      await refused(() => device.ask('POST', '/auth/reauthenticate/', { code: codes[0] }));
      const authenticator = await registered(device, new Authenticator());
      const { options, sessionId } = await begin(other);
      const given = { ticket, credential: authenticator.get(options), session_id: sessionId };
      await refused(() => other.ask('POST', '/auth/login/second-step/', given));
    })();
  });
});
