/** Dead credentials: each tells its holder why, and none keeps anybody from signing in again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf } from './route-fields.ts';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from './serving.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0';
const DAY_MS = 86_400_000;

type Dead = {
  readonly name: string;
  /** Makes it dead. Returns what is sent in `Authorization`, whole. */
  readonly kill: (server: TestServer, key: string) => Promise<string>;
  readonly detail: string;
  readonly code: string;
  /** What else the body has. */
  readonly more?: (server: TestServer) => Readonly<Record<string, unknown>>;
};

const at = (server: TestServer) => ({ at: new Date(server.clock()).toISOString() });

const INVALID = 'Invalid token.';

const DEAD: readonly Dead[] = [
  {
    name: 'displaced',
    async kill(server, key) {
      await server.signIn('alice', { 'user-agent': FIREFOX });
      return `Token ${key}`;
    },
    detail: INVALID,
    code: 'session_displaced',
    more: (server) => ({ ...at(server), by: { device: 'Firefox on Windows', class: 'web' } }),
  },
  {
    name: 'expired by its lifetime',
    async kill(server, key) {
      for (let day = 0; day < 30; day += 10) {
        server.clock.advance(10 * DAY_MS);
        await server.ask('/auth/user/', { key });
        await server.assembled.parts.touches.flush();
      }
      return `Bearer ${key}`;
    },
    detail: INVALID,
    code: 'session_expired',
    more: at,
  },
  {
    name: 'expired by not being used',
    async kill(server, key) {
      server.clock.advance(14 * DAY_MS);
      return `Token ${key}`;
    },
    detail: INVALID,
    code: 'session_expired',
    more: at,
  },
  {
    name: 'signed out',
    async kill(server, key) {
      await server.post('/auth/logout/', {}, { key });
      return `Token ${key}`;
    },
    detail: INVALID,
    code: 'signed_out',
    more: at,
  },
  {
    name: 'revoked by the owner elsewhere',
    async kill(server, key) {
      const [session] = await server.auth.sessions.list(1);
      await server.auth.sessions.end(1, session?.id ?? '');
      return `Token ${key}`;
    },
    detail: INVALID,
    code: 'session_revoked',
    more: at,
  },
  {
    name: 'voided by a new password',
    async kill(server, key) {
      const { uid, token } = await server.resetLink('alice@example.com');
      const twice = { new_password1: PASSWORD, new_password2: PASSWORD };
      await server.post('/auth/password/reset/confirm/', { uid, token, ...twice });
      return `Token ${key}`;
    },
    detail: INVALID,
    code: 'password_changed',
    more: at,
  },
  {
    name: 'of a suspended account',
    async kill(server, key) {
      await server.auth.accounts.suspend(1);
      return `Token ${key}`;
    },
    detail: 'User inactive or deleted.',
    code: 'account_disabled',
    more: at,
  },
  {
    name: 'of a closed account',
    async kill(server, key) {
      await server.ask('/auth/user/', { method: 'DELETE', key });
      return `Token ${key}`;
    },
    detail: 'User inactive or deleted.',
    code: 'account_disabled',
    more: at,
  },
  { name: 'garbage', kill: async () => 'Token garbage', detail: INVALID, code: 'invalid_token' },
  { name: 'of nobody', kill: async () => `Token ${'b'.repeat(40)}`, detail: INVALID, code: 'invalid_token' },
  {
    name: 'a header without a token',
    kill: async () => 'Token',
    detail: 'Invalid token header. No credentials provided.',
    code: 'invalid_token',
  },
  {
    name: 'a header with two tokens',
    kill: async () => 'Token a b',
    detail: 'Invalid token header. Token string should not contain spaces.',
    code: 'invalid_token',
  },
];

/** A server with alice, and one of her credentials that is dead, as it is sent. */
async function withDead({ kill }: Dead): Promise<{ readonly server: TestServer; readonly authorization: string }> {
  const server = await testServer();
  const key = await server.register('alice', { email: 'alice@example.com' });
  return { server, authorization: await kill(server, key) };
}

for (const dead of DEAD) {
  test(`P6, F-29: a credential that is ${dead.name} is told so on every protected route, with exactly what it may know`, async () => {
    const opened = await withDead(dead);
    await using server = opened.server;
    const { authorization } = opened;
    const expected = { detail: dead.detail, code: dead.code, ...dead.more?.(server) };
    const before = server.contents();
    for (const { path, route } of placesOf(server.assembled.parts.settings)) {
      // A stream tells the holders of ended sessions once more (events.test.ts).
      if (route.access !== 'signed-in') continue;
      for (const method of [...Object.keys(route.methods), 'OPTIONS']) {
        const { status, headers, body } = await server.ask(path, { method, headers: { authorization } });
        assert.equal(status, 401, `${method} ${path}`);
        assert.equal(JSON.stringify(body), JSON.stringify(expected), `${method} ${path}`);
        assert.equal(headers.get('latchkey-reason'), dead.code);
        assert.equal(headers.get('www-authenticate'), 'Token');
      }
    }
    assert.equal(server.contents(), before);
  });

  test(`C21: a credential that is ${dead.name} keeps nobody from signing in or out, signing up or resetting`, async () => {
    const opened = await withDead(dead);
    await using server = opened.server;
    const [, token = ''] = opened.authorization.split(' ');
    for (const headers of [{ authorization: opened.authorization }, { cookie: `latchkey=${token}` }]) {
      const kind = 'cookie' in headers ? 'cookie' : 'header';
      const fresh = { username: `bob-${kind}`, email: `bob-${kind}@example.com` };
      const signUp = { ...fresh, password1: PASSWORD, password2: PASSWORD };
      assert.equal((await server.post('/auth/registration/', signUp, { headers })).status, 201);
      const signIn = { username: fresh.username, password: PASSWORD };
      for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
        assert.equal((await server.post(path, signIn, { headers })).status, 200, `${path} by ${kind}`);
      }
      const verification = { key: await server.verifyKey(fresh.email) };
      assert.equal((await server.post('/auth/registration/verify-email/', verification, { headers })).status, 200);
      assert.equal((await server.post('/auth/registration/resend-email/', fresh, { headers })).status, 200);
      assert.equal((await server.post('/auth/password/reset/', fresh, { headers })).status, 200);
      const { uid, token: secret } = await server.resetLink(fresh.email);
      const reset = { uid, token: secret, new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      assert.equal((await server.post('/auth/password/reset/confirm/', reset, { headers })).status, 200);
      const out = await server.post('/auth/logout/', {}, { headers });
      assert.deepEqual([out.status, memberOf(out.body, 'detail')], [200, 'Successfully logged out.']);
      assert.equal((await server.ask('/auth/login/', { method: 'OPTIONS', headers })).status, 200);
    }
  });
}

test('F-4, L15: signing out with a displaced key leaves the session that displaced it alone', async () => {
  await using server = await testServer();
  const old = await server.register('alice');
  const current = await server.signIn('alice');
  const before = server.contents();
  await server.post('/auth/logout/', {}, { key: old });
  await server.post('/auth/logout/', {}, { headers: { cookie: `latchkey=${old}` } });
  assert.equal(server.contents(), before);
  assert.equal(await server.isLive(current), true);
});

test('F-29: what a displaced session is told of the newcomer is a name of ours and a class, whatever it calls itself', async () => {
  for (const agent of [
    '<script>alert(1)</script>/1.0 x',
    'Evil Corp (call 555-1234)/1 x',
    'x'.repeat(300),
    '\u00ff/1 x',
  ]) {
    await using server = await testServer();
    const old = await server.register('alice');
    await server.signIn('alice', { 'user-agent': agent });
    const { body } = await server.ask('/auth/user/', { key: old });
    assert.deepEqual(Object.keys(Object(body)), ['detail', 'code', 'at', 'by']);
    assert.deepEqual(Reflect.get(Object(body), 'by'), { device: 'an unknown device', class: 'unknown' }, agent);
  }
});

test('C21: a dead header beside a live cookie is dead, and a dead cookie beside a live header is not looked at', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const key = await server.register('alice');
  const both = (authorization: string, cookie: string) =>
    server.ask('/auth/session/', { headers: { authorization, cookie: `latchkey=${cookie}` } });
  assert.equal((await both('Token garbage', key)).status, 401);
  assert.equal((await both('Token', key)).status, 401);
  assert.equal((await both(`Token ${key}`, 'garbage')).status, 200);
  assert.equal((await both('Basic garbage', key)).status, 200, 'another scheme is none of ours');
});

test('P6: where the shop answered 403 to nobody, so do we, with the same reason', async () => {
  await using server = await testServer({ django: { signedOutStatus: '403' } });
  const old = await server.register('alice');
  await server.signIn('alice');
  const { status, headers, body } = await server.ask('/auth/user/', { key: old });
  assert.equal(status, 403);
  assert.equal(memberOf(body, 'code'), 'session_displaced');
  assert.equal(headers.get('www-authenticate'), null);
});
