/**
 * Whatever is usable once, used by several at the same time, of whom some bring another account's: one of those who bring the right
 * thing wins, and nobody else does.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type TestInstance, testLatchkey } from 'latchkey/testing';
import { Device, PASSWORD } from '../library/device.ts';
import { codeIn, tokenIn } from './mails.ts';

let instance: TestInstance;
before(async () => {
  instance = await testLatchkey({ accounts: { signInByMail: true }, sessions: { limit: 'unlimited' } });
});
after(() => instance.close());

type Use = { readonly path: string; readonly body: Readonly<Record<string, string>> };

/** The ways in which one secret of an account may be used; `of` another account's are never right. */
type Kind = (username: string) => Promise<readonly Use[]>;

let made = 0;

async function newAccount(): Promise<string> {
  made++;
  const username = `person${made}`;
  const email = `${username}@example.com`;
  await instance.auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
  return username;
}

async function newestTo(address: string) {
  await instance.auth.settle();
  return instance.mailbox.mails.filter(({ to }) => to === address).at(-1);
}

async function changed(username: string): Promise<{ readonly device: Device; readonly address: string }> {
  const device = new Device(instance.auth);
  await device.signIn(username);
  const address = `${username}@new.example`;
  await device.ask('POST', '/auth/user/email/', { email: address });
  return { device, address };
}

const KINDS: Readonly<Record<string, Kind>> = {
  async 'a mailed link and its code'(username) {
    const email = `${username}@example.com`;
    const { body } = await new Device(instance.auth).ask('POST', '/auth/magic-link/', { email });
    const mail = await newestTo(email);
    const [path, ticket] = ['/auth/magic-link/confirm/', String(body['ticket'])];
    return [
      { path, body: { ticket, token: tokenIn(mail) } },
      { path, body: { ticket, code: codeIn(mail) } },
    ];
  },
  async 'a link that changes an address'(username) {
    const { address } = await changed(username);
    return [{ path: '/auth/user/email/confirm/', body: { key: tokenIn(await newestTo(address)) } }];
  },
  async 'a link that takes a change back'(username) {
    const { device, address } = await changed(username);
    await device.ask('POST', '/auth/user/email/confirm/', { key: tokenIn(await newestTo(address)) });
    return [{ path: '/auth/user/email/undo/', body: { key: tokenIn(await newestTo(`${username}@example.com`)) } }];
  },
};

for (const [what, kind] of Object.entries(KINDS)) {
  test(`E1, E7: of any number of uses of ${what} at once one wins, and what is put together of two accounts’ never`, async () => {
    const orders = fc.array(fc.record({ way: fc.nat(1), isMixed: fc.boolean() }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        const uses = await kind(await newAccount());
        const others = await kind(await newAccount());
        const [first] = uses;
        assert.ok(first !== undefined);
        const asked = order.map(({ way, isMixed }) => {
          const use = uses[way % uses.length] ?? first;
          if (!isMixed) return { isRight: true, ...use };
          const theirs = others[way % others.length]?.body ?? {};
          // Their secret beside our ticket; where there is one part alone, with a letter changed.
          const body =
            'ticket' in use.body ? { ...theirs, ticket: use.body['ticket'] ?? '' } : { key: `${theirs['key']}x` };
          return { isRight: false, path: use.path, body };
        });
        const answers = await Promise.all(
          asked.map(({ path, body }) => new Device(instance.auth).ask('POST', path, body)),
        );
        const won = answers.map(({ status }) => status === 200);
        assert.equal(won.filter(Boolean).length, asked.some(({ isRight }) => isRight) ? 1 : 0);
        for (const [at, isWon] of won.entries()) assert.ok(!isWon || asked[at]?.isRight === true);
      }),
      { numRuns: 25 },
    );
  });
}
