/** Who may sign up: everybody, whoever was invited, or nobody. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey } from 'latchkey';
import { linkIn, type TestInstance, testLatchkey } from 'latchkey/testing';
import { type Answer, ask, type Body, DAY_MS, Device, OWN_ORIGIN, PASSWORD } from './device.ts';

async function register(auth: Latchkey, body: Body): Promise<Answer> {
  const given = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD, ...body };
  return await ask(auth, 'POST', '/auth/registration/', { body: given });
}

function signUp(
  registration: 'open' | 'invited' | 'closed',
  work: (instance: TestInstance) => Promise<void>,
  emailVerification: 'optional' | 'mandatory' = 'optional',
): () => Promise<void> {
  return async () => {
    const instance = await testLatchkey({ accounts: { registration, emailVerification } });
    try {
      await work(instance);
    } finally {
      await instance.close();
    }
  };
}

const INVALID = { invitation: ['Invalid value'] };

async function refused(auth: Latchkey, body: Body): Promise<void> {
  const answer = await register(auth, body);
  assert.equal(answer.status, 400, answer.text);
  assert.deepEqual(answer.body, INVALID);
}

describe('closed', () => {
  test(
    'nobody signs up and nobody can be invited; the host still makes accounts',
    signUp('closed', async ({ auth, mailbox }) => {
      await assert.rejects(auth.accounts.invite({ email: 'bob@example.com' }), {
        name: 'Refusal',
        code: 'registration_closed',
        message: 'Nobody can sign up, with an invitation neither: accounts.registration is closed.',
      });
      await auth.settle();
      assert.deepEqual(mailbox.mails, []);
      for (const body of [{}, { invitation: 'x'.repeat(43) }]) {
        const answer = await register(auth, body);
        assert.equal(answer.status, 403);
        assert.deepEqual(answer.body, { detail: 'Registration is closed.', code: 'registration_closed' });
      }
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      assert.equal((await new Device(auth).signIn()).status, 200);
      assert.equal((await auth.accounts.list()).length, 1);
    }),
  );
});

describe('open', () => {
  test(
    'an invitation is not asked for; one that is brought gives its roles, proves its address, and must be good',
    signUp('open', async ({ auth, mailbox }) => {
      assert.equal((await register(auth, {})).status, 201);
      await auth.accounts.invite({ email: 'eve@example.com', roles: ['teacher'] });
      await auth.settle();
      const invitation = linkIn(mailbox.mails.at(-1)).split('?invitation=')[1];
      const eve = { username: 'eve', email: 'eve@example.com' };
      await refused(auth, { ...eve, invitation: 'anything' });
      await refused(auth, { ...eve, email: 'mallory@example.com', invitation });
      assert.equal((await register(auth, { ...eve, invitation })).status, 201);
      const account = await auth.accounts.findByUsername('eve');
      assert.deepEqual([account?.roles, account?.emailVerified], [['teacher'], true]);
    }),
  );

  test(
    'OPTIONS shows no invitation, as the recorded route has none',
    signUp('open', async ({ auth }) => {
      const { actions } = (await ask(auth, 'OPTIONS', '/auth/registration/')).body as { actions: { POST: object } };
      assert.deepEqual(Object.keys(actions.POST), ['username', 'email', 'password1', 'password2']);
    }),
  );
});

describe('invited', () => {
  test(
    'nobody signs up without an invitation, or with a wrong one',
    signUp('invited', async ({ auth }) => {
      await refused(auth, {});
      await refused(auth, { invitation: 'x'.repeat(43) });
      assert.deepEqual(await auth.accounts.list(), []);
    }),
  );

  test(
    'an invitation to nobody in particular is good for whoever brings it, once, and gives its roles',
    signUp('invited', async ({ auth, mailbox }) => {
      const { invitation, link } = await auth.accounts.invite({ roles: ['teacher'] });
      assert.equal(link, `${OWN_ORIGIN}/signup/?invitation=${invitation}`);
      const answer = await register(auth, { invitation });
      assert.equal(answer.status, 201);
      const who = await auth.authenticate({ authorization: `Token ${answer.body['key']}` });
      assert.deepEqual(who.signedIn && who.account, { id: 1, roles: ['teacher'] });
      assert.equal((await auth.accounts.find(1))?.emailVerified, false, 'it proves no address');
      await refused(auth, { username: 'eve', email: 'eve@example.com', invitation });
      await auth.settle();
      assert.deepEqual(
        mailbox.mails.map(({ to }) => to),
        ['bob@example.com'],
        'the invitation was mailed to nobody',
      );
    }),
  );

  test(
    'an invitation by mail is bound to its address, and proves it',
    signUp(
      'invited',
      async ({ auth, mailbox }) => {
        await auth.accounts.invite({ email: 'Bob@Example.com', roles: ['student'] });
        await auth.settle();
        const [mail] = mailbox.mails;
        assert.equal(mail?.to, 'Bob@Example.com');
        assert.equal(mail?.subject, 'You are invited to 127.0.0.1');
        const invitation = linkIn(mail).split('?invitation=')[1];
        await refused(auth, { email: 'eve@example.com', invitation });
        const answer = await register(auth, { email: 'bob@example.COM', invitation });
        assert.equal(answer.status, 201);
        assert.match(String(answer.body['key']), /^lk_/, 'there is nothing to wait for: the address is proven');
        const account = await auth.accounts.findByUsername('bob');
        assert.deepEqual([account?.emailVerified, account?.roles], [true, ['student']]);
        await auth.settle();
        assert.equal(mailbox.mails.length, 1, 'nothing is left to verify');
      },
      'mandatory',
    ),
  );

  test(
    'an invitation is good until its seventh day is over',
    signUp('invited', async ({ auth, clock }) => {
      const [used, late] = [await auth.accounts.invite(), await auth.accounts.invite()];
      clock.advance(7 * DAY_MS - 1);
      assert.equal((await register(auth, { invitation: used.invitation })).status, 201);
      clock.advance(1);
      await refused(auth, { username: 'eve', email: 'eve@example.com', invitation: late.invitation });
    }),
  );

  test(
    'of many who bring one invitation at once, one signs up',
    signUp('invited', async ({ auth }) => {
      const { invitation } = await auth.accounts.invite();
      const names = ['ada', 'bea', 'cleo', 'dora', 'ella', 'fay'];
      const answers = await Promise.all(
        names.map((username) => register(auth, { username, email: `${username}@example.com`, invitation })),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 400, 400, 400, 400, 400]);
      assert.equal((await auth.accounts.list()).length, 1);
    }),
  );

  test(
    'a sign-up that is refused for something else does not use it up',
    signUp('invited', async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { invitation } = await auth.accounts.invite();
      const flawed: readonly Body[] = [
        { username: 'ann' },
        { email: 'nowhere' },
        { password1: '12345678', password2: '12345678' },
        { password2: 'not the same' },
      ];
      for (const body of flawed) {
        const answer = await register(auth, { ...body, invitation });
        assert.equal(answer.status, 400);
        assert.equal(answer.body['invitation'], undefined);
      }
      assert.equal((await register(auth, { invitation })).status, 201);
    }),
  );

  test(
    'OPTIONS names the field where it is asked for',
    signUp('invited', async ({ auth }) => {
      const { body } = await ask(auth, 'OPTIONS', '/auth/registration/');
      const { POST } = body['actions'] as { readonly POST: Body };
      assert.ok('invitation' in POST);
    }),
  );
});
