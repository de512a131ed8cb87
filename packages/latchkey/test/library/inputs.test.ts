/** What a host that no compiler has looked at hands in: refused by name, before it reaches the store. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Latchkey, latchkey } from 'latchkey';
import { testLatchkey } from 'latchkey/testing';
import { PASSWORD, signedIn } from './device.ts';

type Face = Latchkey['accounts'] | Latchkey['sessions'];

/** Calls as JavaScript would, whatever the types say. */
async function call(face: Face, name: string, ...given: readonly unknown[]): Promise<unknown> {
  const method: unknown = Reflect.get(face, name);
  assert.ok(typeof method === 'function', name);
  return await Reflect.apply(method, face, given);
}

const NO_NUMBERS = [undefined, null, '1', Number.NaN, 1.5, 2 ** 60, 1n, {}];
const NO_ROLES = ['superadmin', null, {}, [1], [''], ['a', undefined], ['\ud800'], new Set(['a'])];

const wrong: readonly (readonly [
  face: 'accounts' | 'sessions',
  name: string,
  given: readonly unknown[],
  says: RegExp,
])[] = [
  ...['find', 'suspend', 'reactivate', 'resetSecondStep', 'setRoles'].flatMap((name) =>
    NO_NUMBERS.map((id) => ['accounts', name, [id, []], /: id must be a whole number\.$/] as const),
  ),
  ...['list', 'end', 'endAll', 'importKey'].flatMap((name) =>
    NO_NUMBERS.map((id) => ['sessions', name, [id, 'x'], /: accountId must be a whole number\.$/] as const),
  ),
  ...[-1, 1.5, Number.NaN, '5', null, Number.POSITIVE_INFINITY].flatMap((number) => [
    ['accounts', 'list', [{ limit: number }], /^accounts\.list: limit must be a whole number, 0 or more\.$/] as const,
    ['accounts', 'list', [{ after: number }], /^accounts\.list: after must be/] as const,
  ]),
  ...NO_ROLES.flatMap((roles) => [
    [
      'accounts',
      'setRoles',
      [1, roles],
      /^accounts\.setRoles: roles must be a list of texts, none of them empty\.$/,
    ] as const,
    ['accounts', 'create', [{ username: 'x', roles }], /^accounts\.create: roles must be/] as const,
    ['accounts', 'invite', [{ roles }], /^accounts\.invite: roles must be/] as const,
  ]),
  ...[undefined, null, 5, {}, ['ann']].flatMap((name) => [
    ['accounts', 'findByUsername', [name], /: name must be text\.$/] as const,
    ['accounts', 'findByEmail', [name], /: email must be text\.$/] as const,
    ['sessions', 'end', [1, name], /: sessionId must be text\.$/] as const,
    ['sessions', 'importKey', [1, name], /: key must be text\.$/] as const,
    ['sessions', 'blacklistToken', [name, new Date(0)], /: jti must be text\.$/] as const,
    ['sessions', 'blacklistToken', ['x', name], /: expiresAt must be a date\.$/] as const,
    ['sessions', 'onEnded', [name], /: listener must be a function\.$/] as const,
  ]),
  ['accounts', 'create', [{ username: 'x', emailVerified: 'false' }], /: emailVerified must be true or false\.$/],
  ['accounts', 'invite', [{ email: 5 }], /: email must be text\.$/],
  ['sessions', 'importKey', [1, 'a'.repeat(40), { isFresh: 'no' }], /: isFresh must be true or false\.$/],
  ['sessions', 'blacklistToken', ['x', new Date(Number.NaN)], /: expiresAt must be a date\.$/],
  ['sessions', 'blacklistToken', ['x', new Date(0)], /: there are no tokens where JWT mode is off\.$/],
];

describe('arguments of another type are a TypeError that names them, and change nothing', () => {
  for (const [face, name] of wrong.filter(([, name], at) => wrong.findIndex(([, other]) => other === name) === at)) {
    test(`${face}.${name}`, async () => {
      const { auth, mailbox, close } = await testLatchkey();
      await auth.accounts.create({ username: 'ann', password: PASSWORD, roles: ['pupil'] });
      const [device] = await signedIn(auth, 1);
      for (const [of, called, given, message] of wrong) {
        if (of !== face || called !== name) continue;
        await assert.rejects(async () => await call(auth[face], name, ...given), { name: 'TypeError', message });
      }
      assert.equal(await device?.why(), null);
      const accounts = await auth.accounts.list();
      assert.deepEqual(
        accounts.map(({ username, roles, state }) => [username, roles, state]),
        [['ann', ['pupil'], 'active']],
      );
      assert.equal((await auth.sessions.list(1)).length, 1);
      assert.deepEqual(mailbox.mails, []);
      await close();
    });
  }

  test('a list has as many as were asked for, none where none were', async () => {
    const { auth, close } = await testLatchkey();
    for (const username of ['ann', 'bob', 'cleo']) await auth.accounts.create({ username });
    const names = async (page: Parameters<Latchkey['accounts']['list']>[0]) =>
      (await auth.accounts.list(page)).map(({ username }) => username);
    assert.deepEqual(await names({ limit: 2 }), ['ann', 'bob']);
    assert.deepEqual(await names({ after: 2, limit: 5000 }), ['cleo']);
    assert.deepEqual(await names({ limit: 0 }), []);
    await close();
  });
});

const flawed: readonly (readonly [given: Readonly<Record<string, unknown>>, field: string])[] = [
  [{}, 'username'],
  [{ username: null }, 'username'],
  [{ username: 5 }, 'username'],
  [{ username: '' }, 'username'],
  [{ username: ' x' }, 'username'],
  [{ username: 'x'.repeat(151) }, 'username'],
  [{ email: null }, 'email'],
  [{ email: 'nowhere' }, 'email'],
  [{ firstName: 'a\0b' }, 'firstName'],
  [{ firstName: 'x'.repeat(151) }, 'firstName'],
  [{ lastName: '\ud800' }, 'lastName'],
  [{ lastName: ['x'] }, 'lastName'],
  [{ password: '' }, 'password'],
  [{ password: 12_345_678 }, 'password'],
];

describe('what a person may have typed is refused under its field', () => {
  for (const [given, field] of flawed) {
    test(JSON.stringify(given), async () => {
      const { auth, close } = await testLatchkey();
      const account = field === 'username' ? given : { username: 'ann', ...given };
      await assert.rejects(call(auth.accounts, 'create', account), (error: Error & { fields?: object }) => {
        assert.deepEqual([error.name, Object.keys(error.fields ?? {})], ['Refusal', [field]]);
        return true;
      });
      assert.deepEqual(await auth.accounts.list(), []);
      await close();
    });
  }

  test('what is given as undefined is not given', async () => {
    const { auth, close } = await testLatchkey();
    await call(auth.accounts, 'create', { username: 'ann', email: undefined, roles: undefined, password: undefined });
    assert.equal((await auth.accounts.findByUsername('ann'))?.email, '');
    await close();
  });
});

const misnamed: readonly (readonly [options: Readonly<Record<string, unknown>>, problem: RegExp])[] = [
  [{ onEvnt: () => undefined }, /^onEvnt is no setting/],
  [
    { hooks: { beforeRegistartion: () => null } },
    /^hooks\.beforeRegistartion is nothing that hooks can have: beforeRegistration, placeOf, limitOf\.$/,
  ],
  [{ hooks: { beforeRegistration: 'no' } }, /^hooks\.beforeRegistration must be a function\.$/],
  [{ hooks: () => null }, /^hooks must be an object\.$/],
  [
    { mailTemplates: { 'reset-pasword': () => ({}) } },
    /^mailTemplates\.reset-pasword is nothing that .*: verify-email, claim-email, reset-password/,
  ],
  [{ mailTemplates: { invitation: {} } }, /^mailTemplates\.invitation must be a function\.$/],
  [{ pageTemplates: { signIn: () => '' } }, /^pageTemplates\.signIn is nothing that .*: frame, sign-in/],
  [{ pageTemplates: { 'sign-in': '<p>' } }, /^pageTemplates\.sign-in must be a function\.$/],
  [{ pageTemplates: { constructor: () => '' } }, /^pageTemplates\.constructor is nothing/],
  [{ views: { hoem: {} } }, /^views\.hoem is nothing that views can have: home\.$/],
  [{ onEvent: {} }, /^onEvent must be a function\.$/],
  [{ sendMail: 'smtp://x' }, /^sendMail must be a function\.$/],
  [{ clock: 5 }, /^clock must be a function\.$/],
  [{ log: { info: () => undefined, warn: () => undefined } }, /^log\.error must be a function\.$/],
  [{ fields: { parse: () => null } }, /^fields must be a schema that speaks Standard Schema/],
];

describe('F-11: options that are code are refused by name where nothing would hear of them', () => {
  for (const [options, problem] of misnamed) {
    test(String(problem), async () => {
      const error: unknown = await latchkey({ database: 'sqlite::memory:', ...options }).catch(
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof Error && 'problems' in error && Array.isArray(error.problems), String(error));
      assert.equal(error.problems.length, 1, String(error));
      assert.match(String(error.problems[0]), problem);
    });
  }

  test('together with everything else that is wrong', async () => {
    const options = { database: 'nonsense', hooks: { before: 1 }, sessions: { limit: 'many' } } as object;
    await assert.rejects(latchkey(options), (error: Error) => {
      assert.match(error.message, /hooks\.before .*\n.*sessions\.limit .*\n.*LATCHKEY_DATABASE/);
      return true;
    });
  });
});
