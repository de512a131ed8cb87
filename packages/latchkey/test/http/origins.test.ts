/** Requests that another site makes a browser send: refused before anything is looked at, and never as a wrong password. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf } from './route-fields.ts';
import { cookiePairIn, PASSWORD, type TestServer, testServer } from './serving.ts';

const ORIGIN = 'https://accounts.example';
const ALLOWED = 'https://app.example';

const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    'a cross-site form',
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  ],
  [
    'a cross-site fetch',
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  ],
  ['a cross-site request without an origin', { 'sec-fetch-site': 'cross-site' }],
  ['an older browser', { origin: 'https://evil.example' }],
  ['a sandboxed page', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['an older browser’s sandboxed page', { origin: 'null' }],
  ['a sibling host', { origin: 'https://blog.accounts.example', 'sec-fetch-site': 'same-site' }],
  ['an older browser’s sibling host', { origin: 'https://blog.accounts.example' }],
  ['a sibling host without an origin', { 'sec-fetch-site': 'same-site' }],
  ['another port', { origin: 'https://accounts.example:8443', 'sec-fetch-site': 'same-site' }],
  ['an older browser’s other port', { origin: 'https://accounts.example:8443' }],
  ['another scheme', { origin: 'http://accounts.example' }],
  ['an origin that begins like ours', { origin: 'https://accounts.example.evil.example' }],
  ['an origin that ends like ours', { origin: 'https://evil-accounts.example' }],
  ['our origin with a slash', { origin: 'https://accounts.example/' }],
  ['two origins', { origin: 'https://accounts.example, https://evil.example' }],
  ['a Sec-Fetch-Site of nobody', { 'sec-fetch-site': 'same-origin, cross-site' }],
  [
    'an allowed origin’s name inside another',
    { origin: 'https://app.example.evil.example', 'sec-fetch-site': 'cross-site' },
  ],
];

const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  '',
];

async function withCookie(server: TestServer): Promise<{ readonly cookie: string; readonly key: string }> {
  const key = await server.register('alice', { email: 'alice@example.com' });
  const login = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  return { cookie: cookiePairIn(login, '__Host-latchkey'), key };
}

const open = () =>
  testServer({ origin: ORIGIN, corsOrigins: [ALLOWED], sessions: { limit: 'unlimited', whenFull: 'approve' } });

for (const [name, headers] of FOREIGN) {
  test(`C8, C10, C11, C12: ${name} changes nothing on any route, with a cookie, a key or nothing`, async () => {
    await using server = await open();
    const { cookie, key } = await withCookie(server);
    const before = server.contents();
    const right = { username: 'alice', password: PASSWORD, password1: PASSWORD, email: 'alice@example.com' };
    const body = new URLSearchParams({ ...right, new_password1: 'other horse 7!', new_password2: 'other horse 7!' });
    for (const { path, route } of placesOf(server.assembled.parts.settings)) {
      for (const method of Object.keys(route.methods)) {
        if (method === 'GET') continue;
        const type = { 'content-type': 'application/x-www-form-urlencoded' };
        for (const credential of [{}, { cookie }, { authorization: `Token ${key}` }]) {
          const asked = { method, body: body.toString(), headers: { ...headers, ...type, ...credential } };
          const answer = await server.ask(path, asked);
          assert.equal(answer.status, 403, `${method} ${path}`);
          const detail = 'CSRF Failed: Origin checking failed.';
          assert.deepEqual(answer.body, { detail, code: 'origin_not_allowed' });
          assert.deepEqual(answer.headers.getSetCookie(), [], 'nobody is signed in, and nobody out');
        }
      }
    }
    assert.equal(server.contents(), before);
    assert.equal((await server.ask('/auth/session/', { headers: { cookie } })).status, 200);
  });
}

test('C14, V3.5.1: no type of body gets a cross-site request through', async () => {
  await using server = await open();
  const { cookie } = await withCookie(server);
  const before = server.contents();
  for (const type of TYPES) {
    const headers = { cookie, origin: 'https://evil.example', ...(type !== '' && { 'content-type': type }) };
    for (const path of ['/auth/logout/', '/auth/sessions/end-others/', '/auth/password/change/', '/auth/login/']) {
      assert.equal((await server.ask(path, { method: 'POST', body: '{}', headers })).status, 403, `${path} ${type}`);
    }
  }
  assert.equal(server.contents(), before);
});

test('C12: where a GET signs out, one from another site does not', async () => {
  await using server = await testServer({ origin: ORIGIN, django: { logoutOnGet: true } });
  const { cookie } = await withCookie(server);
  const before = server.contents();
  for (const from of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
    assert.equal((await server.ask('/auth/logout/', { headers: { cookie, ...from } })).status, 403);
  }
  assert.equal(server.contents(), before);
  assert.equal((await server.ask('/auth/logout/', { headers: { cookie } })).status, 200);
  assert.notEqual(server.contents(), before);
});

test('C13: no method override makes a safe request a changing one', async () => {
  await using server = await open();
  const { cookie } = await withCookie(server);
  const before = server.contents();
  const overrides = {
    'x-http-method-override': 'POST',
    'x-http-method': 'DELETE',
    'x-method-override': 'DELETE',
    cookie,
    'sec-fetch-site': 'cross-site',
  };
  for (const path of ['/auth/user/', '/auth/logout/', '/auth/sessions/end-others/', '/auth/password/change/']) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      await server.ask(`${path}?_method=POST&_method=DELETE`, { method, headers: overrides });
    }
  }
  assert.equal(server.contents(), before);
});

test('V3.5.3, C12: GET, HEAD and OPTIONS of every route change nothing', async () => {
  await using server = await open();
  const { cookie, key } = await withCookie(server);
  const [session] = await server.auth.sessions.list(1);
  const before = server.contents();
  const paths = placesOf(server.assembled.parts.settings).map(({ path }) => path);
  for (const path of [...paths, `/auth/sessions/${session?.id}/`]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      await server.ask(path, { method, headers: { cookie } });
      await server.ask(path, { method, key });
    }
  }
  assert.equal(server.contents(), before);
});

const OURS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no browser', {}],
  ['our own page', { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }],
  ['our own page, whose referrer policy hides its origin', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ['an older browser on our own page', { origin: ORIGIN }],
  ['a person who typed the address', { 'sec-fetch-site': 'none' }],
  ['a page on the list', { origin: ALLOWED, 'sec-fetch-site': 'cross-site' }],
  ['an older browser on a page on the list', { origin: ALLOWED }],
];

for (const [name, headers] of OURS) {
  test(`C8: what ${name} sends is taken, with a cookie and without`, async () => {
    await using server = await open();
    const { cookie } = await withCookie(server);
    const signedIn = await server.post('/auth/login/', { username: 'alice', password: PASSWORD }, { headers });
    assert.equal(signedIn.status, 200);
    assert.match(cookiePairIn(signedIn, '__Host-latchkey'), /=lk_1_/);
    const out = await server.post('/auth/logout/', {}, { headers: { ...headers, cookie } });
    assert.deepEqual(out.body, { detail: 'Successfully logged out.' });
    assert.equal((await server.ask('/auth/session/', { headers: { cookie } })).status, 401);
  });
}

test('C10: a foreign sign-in with a wrong password is refused for where it comes from, as one with the right one is', async () => {
  await using server = await open();
  await withCookie(server);
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const answers = await Promise.all(
    [PASSWORD, 'wrong'].map((password) => server.post('/auth/login/', { username: 'alice', password }, { headers })),
  );
  assert.equal(answers[0]?.text, answers[1]?.text);
  assert.equal(answers[0]?.status, 403);
});
