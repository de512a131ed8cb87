/** Signing in by what is mailed to a verified address, by the API. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import { type TestInstance, testLatchkey } from 'latchkey/testing';
import { Device, PASSWORD } from '../library/device.ts';
import { codeAt } from '../second-step/app.ts';
import { codeIn, tokenIn } from './mails.ts';

const ASK = '/auth/magic-link/';
const CONFIRM = '/auth/magic-link/confirm/';
const MINUTE_MS = 60_000;
const VOID = { ticket: ['Invalid or expired token.'] };
const WRONG_CODE = { code: ['Invalid code.'] };
const WRONG_TOKEN = { token: ['Invalid value'] };

type Options = Parameters<typeof testLatchkey>[0];

/** With ann and bob, whose addresses are verified. */
function withTwo(options: Options, work: (instance: TestInstance) => Promise<void>): () => Promise<void> {
  return async () => {
    const instance = await testLatchkey({ ...options, accounts: { signInByMail: true, ...options?.accounts } });
    try {
      for (const username of ['ann', 'bob']) {
        const email = `${username}@example.com`;
        await instance.auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
      }
      await work(instance);
    } finally {
      await instance.close();
    }
  };
}

type Asked = { readonly ticket: string; readonly token: string; readonly code: string };

async function asked({ auth, mailbox }: TestInstance, device: Device, email = 'ann@example.com'): Promise<Asked> {
  const { status, body } = await device.ask('POST', ASK, { email });
  assert.equal(status, 200);
  assert.equal(body['detail'], 'If there is an account with this address, a mail is on its way to it.');
  await auth.settle();
  const mail = mailbox.mails.filter(({ to }) => to === email).at(-1);
  return { ticket: String(body['ticket']), token: tokenIn(mail), code: codeIn(mail) };
}

const WAYS = ['token', 'code'] as const;

const only = (way: (typeof WAYS)[number], given: Asked) => ({ ticket: given.ticket, [way]: given[way] });

describe('a mailed link and a mailed code', () => {
  test('it is off unless it is switched on, and then there is no such path', async () => {
    const instance = await testLatchkey();
    for (const path of [ASK, CONFIRM, '/login/mail/', '/login/mail/x/']) {
      assert.equal((await new Device(instance.auth).ask('GET', path)).status, 404, path);
    }
    await instance.close();
  });

  for (const way of WAYS) {
    test(
      `E1, E23: by its ${way} one signs in once, with the ticket of whoever asked, in a quarter of an hour`,
      withTwo({ sessions: { limit: 'unlimited' } }, async (instance) => {
        const { auth, clock } = instance;
        const device = new Device(auth);
        const first = await asked(instance, device);
        const second = await asked(instance, new Device(auth));
        const crossed = await device.ask('POST', CONFIRM, { ticket: first.ticket, [way]: second[way] });
        assert.deepEqual(crossed.body, way === 'code' ? WRONG_CODE : WRONG_TOKEN, 'another mail’s');
        assert.equal((await device.ask('POST', CONFIRM, { [way]: first[way] })).status, 400, 'without a ticket');
        const done = await device.ask('POST', CONFIRM, only(way, first));
        assert.equal(done.status, 200, done.text);
        assert.equal(await device.why(), null);
        for (const other of WAYS) {
          assert.deepEqual((await device.ask('POST', CONFIRM, only(other, first))).body, VOID, 'either is used up');
        }
        clock.advance(15 * MINUTE_MS - 1);
        const third = await asked(instance, device);
        clock.advance(1);
        assert.deepEqual((await device.ask('POST', CONFIRM, only(way, second))).body, VOID, 'E2: its time is over');
        assert.equal((await device.ask('POST', CONFIRM, only(way, third))).status, 200);
      }),
    );

    test(
      `E1: of twenty uses of one ${way} at once, one signs in`,
      withTwo({ sessions: { limit: 'unlimited' } }, async (instance) => {
        const given = await asked(instance, new Device(instance.auth));
        const devices = Array.from({ length: 20 }, () => new Device(instance.auth));
        const uses = devices.map((device, at) =>
          device.ask('POST', CONFIRM, only(at % 2 === 0 ? way : 'token', given)),
        );
        const all = await Promise.all(uses);
        assert.equal(all.filter(({ status }) => status === 200).length, 1);
        for (const { status, body } of all) if (status !== 200) assert.deepEqual(body, VOID);
        assert.equal((await instance.auth.sessions.list(1)).length, 1);
      }),
    );
  }

  test(
    'a code may be typed in small letters and with blanks',
    withTwo({}, async (instance) => {
      const device = new Device(instance.auth);
      const { ticket, code } = await asked(instance, device);
      const typed = ` ${code.toLowerCase().replace('-', ' ')} `;
      assert.equal((await device.ask('POST', CONFIRM, { ticket, code: typed })).status, 200);
    }),
  );

  test(
    'E7: one account’s link and code are of no use with the other’s ticket',
    withTwo({}, async (instance) => {
      const [ann, bob] = [new Device(instance.auth), new Device(instance.auth)];
      const own = await asked(instance, ann);
      const other = await asked(instance, bob, 'bob@example.com');
      for (const way of WAYS) {
        assert.equal((await ann.ask('POST', CONFIRM, { ticket: own.ticket, [way]: other[way] })).status, 400);
        assert.equal((await bob.ask('POST', CONFIRM, { ticket: other.ticket, [way]: own[way] })).status, 400);
      }
      assert.equal((await bob.ask('POST', CONFIRM, only('code', other))).status, 200);
      assert.equal((await bob.ask('GET', '/auth/user/')).body['username'], 'bob');
    }),
  );

  test(
    'E11: five codes for an address, however often one is asked for, for nobody’s as for an account’s; its link still works',
    withTwo({ rateLimits: 'on' }, async (instance) => {
      const { auth } = instance;
      for (const email of ['ann@example.com', 'nobody@example.com']) {
        const statuses: number[] = [];
        for (let times = 0; times < 3; times++) {
          const device = new Device(auth);
          const ticket = (await device.ask('POST', ASK, { email })).body['ticket'];
          for (let tries = 0; tries < 2; tries++) {
            statuses.push((await device.ask('POST', CONFIRM, { ticket, code: 'AAAA-AAAA' })).status);
          }
        }
        assert.deepEqual(statuses, [400, 400, 400, 400, 400, 429], email);
      }
      const device = new Device(auth);
      const given = await asked(instance, device);
      assert.equal((await device.ask('POST', CONFIRM, only('code', given))).status, 429);
      assert.equal((await device.ask('POST', CONFIRM, only('token', given))).status, 200);
    }),
  );

  test('a host hears of each that was refused, and whose it was', async () => {
    const told: string[] = [];
    const onEvent = (event: LatchkeyEvent) =>
      void (event.type === 'sign_in_refused' && told.push(`${event.accountId} ${event.code}`));
    await withTwo({ onEvent }, async (instance) => {
      for (const email of ['bob@example.com', 'nobody@example.com']) {
        const device = new Device(instance.auth);
        const ticket = (await device.ask('POST', ASK, { email })).body['ticket'];
        await device.ask('POST', CONFIRM, { ticket, code: 'AAAA-AAAA' });
      }
      await instance.auth.settle();
    })();
    assert.deepEqual(told, ['2 invalid_input', 'null invalid_input']);
  });

  test(
    'E11: two hundred guesses at once are five',
    withTwo({ rateLimits: 'on' }, async (instance) => {
      const device = new Device(instance.auth);
      const { ticket } = await asked(instance, device);
      const guesses = Array.from({ length: 200 }, () => device.ask('POST', CONFIRM, { ticket, code: 'AAAA-AAAA' }));
      const statuses = (await Promise.all(guesses)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 400).length, 5);
      assert.equal(statuses.filter((status) => status === 429).length, 195);
    }),
  );

  test(
    'A5: a ticket of nobody’s is answered as an account’s is',
    withTwo({}, async ({ auth }) => {
      const answers: string[] = [];
      for (const email of ['ann@example.com', 'nobody@example.com']) {
        const device = new Device(auth);
        const ticket = (await device.ask('POST', ASK, { email })).body['ticket'];
        for (const shown of [{ code: 'AAAA-AAAA' }, { token: 'a'.repeat(43) }, {}]) {
          answers.push((await device.ask('POST', CONFIRM, { ticket, ...shown })).text);
        }
      }
      assert.deepEqual(answers.slice(0, 3), answers.slice(3));
    }),
  );

  const voids: Readonly<Record<string, (instance: TestInstance, device: Device) => Promise<unknown>>> = {
    'a password change': async (_, device) => {
      await device.signIn();
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      assert.equal((await device.ask('POST', '/auth/password/change/', twice)).status, 200);
    },
    'a sign-out everywhere': ({ auth }) => auth.sessions.endAll(1),
    'a suspension': ({ auth }) => auth.accounts.suspend(1),
    'a suspension that is over': async ({ auth }) => {
      await auth.accounts.suspend(1);
      await auth.accounts.reactivate(1);
    },
  };
  for (const [what, work] of Object.entries(voids)) {
    test(
      `E3: ${what} voids what was mailed before`,
      withTwo({}, async (instance) => {
        const device = new Device(instance.auth);
        const given = await asked(instance, device);
        await work(instance, new Device(instance.auth));
        for (const way of WAYS) assert.deepEqual((await device.ask('POST', CONFIRM, only(way, given))).body, VOID);
      }),
    );
  }

  test(
    'E19, E23: an address that is not verified signs nobody in, and is mailed what verifies it',
    withTwo({}, async ({ auth, mailbox }) => {
      await auth.accounts.create({ username: 'eve', email: 'eve@example.com', password: PASSWORD });
      mailbox.clear();
      await new Device(auth).ask('POST', ASK, { email: 'eve@example.com' });
      await auth.settle();
      const [mail, ...others] = mailbox.mails;
      assert.deepEqual(others, []);
      assert.match(mail?.text ?? '', /account-confirm-email/);
      assert.equal((await auth.accounts.findByEmail('eve@example.com'))[0]?.emailVerified, false);
    }),
  );

  test(
    'H6, P7: a second step is asked for after it, and nobody is displaced before',
    withTwo({}, async (instance) => {
      const { auth, clock } = instance;
      const device = new Device(auth);
      await device.signIn();
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      const secret = String(body['secret']);
      const given = { activation_token: body['activation_token'], code: codeAt(secret, clock()) };
      assert.equal((await device.ask('POST', '/auth/mfa/totp/activate/', given)).status, 200);
      clock.advance(30_000);
      const other = new Device(auth);
      const mailed = await asked(instance, other);
      const half = await other.ask('POST', CONFIRM, only('token', mailed));
      assert.equal(half.body['mfa_required'], true);
      assert.equal('key' in half.body, false);
      assert.equal(await device.why(), null);
      assert.deepEqual((await other.ask('POST', CONFIRM, only('code', mailed))).body, VOID, 'it is used up by then');
      const done = { ticket: half.body['ticket'], code: codeAt(secret, clock()) };
      assert.equal((await other.ask('POST', '/auth/login/second-step/', done)).status, 200);
      assert.equal(await device.why(), 'session_displaced');
    }),
  );

  test(
    'B6: it lets the owner in whom strangers keep out by guessing passwords',
    withTwo({ rateLimits: 'on' }, async (instance) => {
      const device = new Device(instance.auth);
      for (let times = 0; times < 11; times++) await new Device(instance.auth).signIn('ann', 'wrong');
      assert.equal((await device.signIn()).status, 429);
      const given = await asked(instance, device);
      assert.equal((await device.ask('POST', CONFIRM, only('token', given))).status, 200);
      assert.equal((await new Device(instance.auth).signIn()).status, 200);
    }),
  );
});
