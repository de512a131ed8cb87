import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey, LatchkeyOptions } from '../../src/latchkey.ts';
import type { Mailbox } from '../../src/testing/mailbox.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { ask, limited, PASSWORD, withTest, wordsOf } from './asking.ts';

const HOUR_MS = 3_600_000;

const mandatory: LatchkeyOptions = { accounts: { emailVerification: 'mandatory', signInBy: 'username_email' } };

async function register(auth: Latchkey, username: string, email: string): Promise<Response> {
  return await ask(auth, '/auth/registration/', {
    json: { username, email, password1: PASSWORD, password2: PASSWORD },
  });
}

/** An account whose address is verified. */
async function owner(auth: Latchkey) {
  return await auth.accounts.create({
    username: 'owner',
    email: 'owner@mail.test',
    emailVerified: true,
    password: 'the-owner-has-an0ther',
  });
}

async function mailsOf(auth: Latchkey, mailbox: Mailbox, work: () => Promise<unknown>) {
  mailbox.clear();
  await work();
  await auth.settle();
  return mailbox.mails.map(({ to, subject }) => `${to}: ${subject}`);
}

describe('with mandatory verification, signing up does not tell whose address is taken', () => {
  test('A2: a taken address is answered as a free one is', async () => {
    await withTest(mandatory, async ({ auth }) => {
      await owner(auth);
      const free = await wordsOf(await register(auth, 'free', 'free@mail.test'));
      assert.match(free, /^201\n.*Verification e-mail sent\./s);
      for (const [name, email] of [
        ['taken', 'owner@mail.test'],
        ['other', 'OWNER@mail.TEST'],
      ] as const) {
        assert.equal(await wordsOf(await register(auth, name, email)), free);
      }
    });
  });

  test('A2: a free address gets a link, a taken one a notice to its owner, and neither gets both', async () => {
    await withTest(mandatory, async ({ auth, mailbox }) => {
      await owner(auth);
      assert.deepEqual(await mailsOf(auth, mailbox, () => register(auth, 'free', 'free@mail.test')), [
        'free@mail.test: Confirm your e-mail address for 127.0.0.1',
      ]);
      assert.deepEqual(await mailsOf(auth, mailbox, () => register(auth, 'taken', 'OWNER@mail.test')), [
        'owner@mail.test: You already have an account on 127.0.0.1',
      ]);
      // The notice helps the owner back in. It carries nothing that would let its reader verify the newcomer's account.
      assert.equal(linkIn(mailbox.mails[0]), 'http://127.0.0.1:8787/password/reset/');
    });
  });

  test('A2: the owner is told once an hour, however often somebody tries', async () => {
    await withTest(mandatory, async ({ auth, mailbox, clock }) => {
      await owner(auth);
      const notices = async (username: string) =>
        (await mailsOf(auth, mailbox, () => register(auth, username, 'owner@mail.test'))).length;
      assert.equal(await notices('one'), 1);
      assert.equal(await notices('two'), 0);
      clock.advance(HOUR_MS - 1);
      assert.equal(await notices('three'), 0);
      clock.advance(1);
      assert.equal(await notices('four'), 1);
    });
  });

  test('A2: the username is taken afterwards, whether the address was or not', async () => {
    await withTest(mandatory, async ({ auth }) => {
      await owner(auth);
      await register(auth, 'free', 'free@mail.test');
      await register(auth, 'taken', 'owner@mail.test');
      const again = await wordsOf(await register(auth, 'free', 'new1@mail.test'));
      assert.match(again, /A user with that username already exists\./);
      assert.equal(await wordsOf(await register(auth, 'taken', 'new2@mail.test')), again);
    });
  });

  const later: readonly (readonly [what: string, path: string, body: (name: string, email: string) => object])[] = [
    ['signs in by name', '/auth/login/', (username) => ({ username, password: PASSWORD })],
    ['signs in by name at the article’s route', '/auth/signin/', (username) => ({ username, password: PASSWORD })],
    ['gets a token by name', '/api/token/', (username) => ({ username, password: PASSWORD })],
    ['signs in by address', '/auth/login/', (_, email) => ({ email, password: PASSWORD })],
    ['signs in by address as a name', '/auth/login/', (_, email) => ({ username: email, password: PASSWORD })],
    ['signs in by address with a wrong password', '/auth/login/', (_, email) => ({ email, password: 'x' })],
    ['asks for the link again', '/auth/registration/resend-email/', (_, email) => ({ email })],
    ['asks for a reset', '/auth/password/reset/', (_, email) => ({ email })],
  ];
  for (const [what, path, body] of later) {
    test(`A2: afterwards, whoever ${what} cannot tell which it was`, async () => {
      await withTest(mandatory, async ({ auth }) => {
        await owner(auth);
        await register(auth, 'free', 'free@mail.test');
        await register(auth, 'taken', 'owner@mail.test');
        const free = await wordsOf(await ask(auth, path, { json: body('free', 'free@mail.test') }));
        const taken = await wordsOf(await ask(auth, path, { json: body('taken', 'owner@mail.test') }));
        assert.equal(taken, free);
      });
    });
  }

  test('A2: whoever verifies a free address comes in by name and by address', async () => {
    await withTest(mandatory, async ({ auth, mailbox }) => {
      await register(auth, 'free', 'free@mail.test');
      await auth.settle();
      const key = linkIn(mailbox.mails[0]).split('/').at(-2);
      assert.equal((await ask(auth, '/auth/registration/verify-email/', { json: { key } })).status, 200);
      for (const claim of [{ username: 'free' }, { email: 'free@mail.test' }, { username: 'free@mail.test' }]) {
        assert.equal((await ask(auth, '/auth/login/', { json: { ...claim, password: PASSWORD } })).status, 200);
      }
    });
  });

  test('A2, B19: an address gets so many mails an hour, whatever they are asked for by', async () => {
    const settings = { ...mandatory, ...limited({ mailsPerAddress: '3/hour', registrationsPerNetwork: '1000/hour' }) };
    await withTest(settings, async ({ auth, mailbox, clock }) => {
      let made = 0;
      const asked = async (): Promise<readonly string[]> =>
        await mailsOf(auth, mailbox, async () => {
          for (const last = made + 4; made < last; made++) {
            const answer = await register(auth, `user${made}`, 'victim@mail.test');
            assert.equal(answer.status, 201);
          }
          await ask(auth, '/auth/registration/resend-email/', { json: { email: 'victim@mail.test' } });
        });
      assert.equal((await asked()).length, 3);
      assert.equal((await asked()).length, 0);
      clock.advance(HOUR_MS);
      assert.equal((await asked()).length, 3);
    });
  });
});

describe('where verification is not mandatory, the recorded answers tell', () => {
  for (const emailVerification of ['none', 'optional'] as const) {
    test(`A2: a verified address of somebody else is named as taken with verification “${emailVerification}”`, async () => {
      await withTest({ accounts: { emailVerification } }, async ({ auth, mailbox }) => {
        await owner(auth);
        const answer = await register(auth, 'taken', 'owner@mail.test');
        assert.equal(answer.status, 400);
        assert.deepEqual(await answer.json(), { email: ['User is already registered with this e-mail address.'] });
        await auth.settle();
        assert.deepEqual(mailbox.mails, []);
      });
    });
  }
});
