/** `hooks.beforeRegistration`: the host's say in who may sign up. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Registration } from 'latchkey';
import { type TestInstance, testLatchkey } from 'latchkey/testing';
import { type Answer, ask, PASSWORD } from './device.ts';

type Options = NonNullable<Parameters<typeof testLatchkey>[0]>;

async function withInstance(options: Options, work: (instance: TestInstance) => Promise<void>): Promise<void> {
  const instance = await testLatchkey(options);
  try {
    await work(instance);
  } finally {
    await instance.close();
  }
}

async function register({ auth }: TestInstance, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const body = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD, ...more };
  return await ask(auth, 'POST', '/auth/registration/', { body });
}

/** No account, no session, no mail: as if nobody had asked. */
async function assertNothingKept({ auth, mailbox }: TestInstance): Promise<void> {
  assert.deepEqual(await auth.accounts.list(), []);
  await auth.settle();
  assert.deepEqual(mailbox.mails, []);
}

describe('beforeRegistration', () => {
  for (const [name, later] of [
    ['at once', (errors: Readonly<Record<string, readonly string[]>>) => errors],
    ['later', async (errors: Readonly<Record<string, readonly string[]>>) => await Promise.resolve(errors)],
  ] as const) {
    test(`refuses ${name}, with messages under its fields, and nothing is kept`, async () => {
      const errors = { email: ['Only addresses of the school.'], plan: ['This plan is sold out.', 'Take another.'] };
      await withInstance({ hooks: { beforeRegistration: () => later(errors) } }, async (instance) => {
        const refused = await register(instance);
        assert.equal(refused.status, 400);
        assert.equal(refused.reason, 'invalid_input');
        assert.deepEqual(refused.body, errors);
        await assertNothingKept(instance);
      });
    });
  }

  test('lets in by null, by undefined, and by promises of them', async () => {
    const answers = [null, undefined, Promise.resolve(null), Promise.resolve(undefined)];
    await withInstance({ hooks: { beforeRegistration: () => answers.shift() } }, async (instance) => {
      for (const username of ['bob', 'eve', 'dan', 'flo']) {
        assert.equal((await register(instance, { username, email: `${username}@example.com` })).status, 201);
      }
      assert.equal((await instance.auth.accounts.list()).length, 4);
    });
  });

  test('is asked only once all is well-formed, and is told no password', async () => {
    const asked: Registration[] = [];
    const beforeRegistration = (registration: Registration) => {
      asked.push(registration);
      return null;
    };
    await withInstance({ hooks: { beforeRegistration } }, async (instance) => {
      assert.equal((await register(instance, { username: 'b b' })).status, 400);
      assert.equal((await register(instance, { password2: 'not the same' })).status, 400);
      assert.equal((await register(instance, { password1: 'password', password2: 'password' })).status, 400);
      assert.deepEqual(asked, []);
      assert.equal((await register(instance)).status, 201);
      assert.deepEqual(asked, [{ username: 'bob', email: 'bob@example.com', profile: {} }]);
    });
  });

  test('a fault in it is answered by 500, is logged without what was typed, and nothing is kept', async () => {
    const lines: string[] = [];
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (details: object, message: string) => {
        lines.push(`${message} ${JSON.stringify(details)}`);
        assert.ok('err' in details && details.err instanceof Error);
        assert.equal(details.err.message, 'the plans cannot be reached');
      },
    };
    const beforeRegistration = () => {
      throw new Error('the plans cannot be reached');
    };
    await withInstance({ hooks: { beforeRegistration }, log }, async (instance) => {
      const answer = await register(instance);
      assert.equal(answer.status, 500);
      assert.deepEqual(answer.body, { detail: 'Something went wrong here. It was logged.', code: 'internal_error' });
      await assertNothingKept(instance);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /"method":"POST","path":"\/auth\/registration\/"/);
      assert.doesNotMatch(lines[0] ?? '', /bob|correct horse/);
    });
  });

  test('what it refuses uses up no invitation', async () => {
    let isOpen = false;
    const hooks = { beforeRegistration: () => (isOpen ? null : { username: ['Not today.'] }) };
    await withInstance({ hooks, accounts: { registration: 'invited' } }, async (instance) => {
      await assert.rejects(instance.auth.accounts.invite({ email: 'nobody' }), { code: 'invalid_input' });
      assert.deepEqual(instance.mailbox.mails, []);
      const { invitation } = await instance.auth.accounts.invite();
      assert.equal((await register(instance, { invitation })).status, 400);
      isOpen = true;
      assert.equal((await register(instance, { invitation })).status, 201);
    });
  });

  test('is not asked about accounts that the host makes itself', async () => {
    const hooks = { beforeRegistration: () => ({ username: ['Nobody.'] }) };
    await withInstance({ hooks }, async ({ auth }) => {
      assert.equal((await auth.accounts.create({ username: 'ann' })).username, 'ann');
    });
  });
});
