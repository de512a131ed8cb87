/** What every answer says about itself, also when it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { placesOf } from './route-fields.ts';
import { type Answer, cookieIn, cookiePairIn, PASSWORD, type TestServer, testServer } from './serving.ts';

const HTTPS = 'https://accounts.example';

type Named = readonly [name: string, answer: Answer];

/** Every path, asked in every way that leads to another kind of answer; and the pages; and paths of nobody. */
async function everyAnswer(server: TestServer): Promise<readonly Named[]> {
  const key = await server.register('alice', { email: 'alice@example.com' });
  const answers: Named[] = [];
  const note = async (name: string, answer: Promise<Answer>): Promise<void> => {
    answers.push([name, await answer]);
  };
  for (const { path } of placesOf(server.assembled.parts.settings)) {
    for (const method of ['OPTIONS', 'GET', 'PATCH']) await note(`${method} ${path}`, server.ask(path, { method }));
    await note(`GET ${path} with a key`, server.ask(path, { key }));
    await note(`POST ${path} of nothing`, server.post(path, {}));
    await note(`POST ${path} of broken JSON`, server.post(path, undefined, { body: '{', headers: JSON_TYPE }));
    await note(`POST ${path} of XML`, server.post(path, undefined, { body: '<x/>', headers: XML_TYPE }));
    await note(`POST ${path} from elsewhere`, server.post(path, {}, { headers: { origin: 'https://evil.example' } }));
    await note(`POST ${path} too large`, server.post(path, { x: 'x'.repeat(70_000) }));
    await note(`GET ${path} as XML`, server.ask(path, { headers: { accept: 'application/xml' } }));
    await note(`GET ${path} in a format`, server.ask(`${path}?format=xml`));
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    await note(`preflight of ${path}`, server.ask(path, { method: 'OPTIONS', headers: preflight }));
  }
  const link = await server.resetLink('alice@example.com');
  const cookie = cookiePairIn(await server.ask(link.pathname), '__Host-latchkey-link');
  for (const path of PAGES) {
    await note(`GET ${path}`, server.ask(path, { headers: { cookie } }));
    await note(`POST ${path}`, server.ask(path, { method: 'POST', form: {}, headers: { cookie } }));
    await note(`POST ${path} from elsewhere`, server.ask(path, { method: 'POST', form: {}, headers: { origin: 'x' } }));
    await note(`POST ${path} of XML`, server.ask(path, { method: 'POST', body: '<x/>', headers: XML_TYPE }));
    await note(`POST ${path} too large`, server.ask(path, { method: 'POST', form: { x: 'x'.repeat(70_000) } }));
  }
  await note('GET a link', server.ask(link.pathname));
  for (const path of ['/', '/auth/', '/auth/nowhere/', '/favicon.ico']) await note(`GET ${path}`, server.ask(path));
  await note('POST login/', server.post('/auth/login/', { username: 'alice', password: PASSWORD }));
  await note('GET of a displaced key', server.ask('/auth/user/', { key }));
  return answers;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const XML_TYPE = { 'content-type': 'application/xml' };

const PAGES = [
  '/password/reset/',
  '/password/reset/confirm/',
  '/auth/registration/account-confirm-email/x/',
  '/auth/registration/account-email-verification-sent/',
];

test('V3.4.1–V3.4.8, N8, N15: every answer over https says how it may be kept, framed, guessed at and referred to', async () => {
  await using server = await testServer({ origin: HTTPS });
  for (const [name, { status, headers }] of await everyAnswer(server)) {
    const what = `${name}: ${status}`;
    assert.ok(status < 500, what);
    assert.match(headers.get('cache-control') ?? '', /^no-store(?:, no-transform)?$/, what);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
    assert.equal(headers.get('x-frame-options'), 'DENY', what);
    // A page's own forms must say whose they are, where a browser says it in no other way.
    const isPage = headers.get('content-type')?.startsWith('text/html') === true;
    assert.equal(headers.get('referrer-policy'), isPage ? 'strict-origin' : 'no-referrer', what);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', what);
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', what);
    assert.equal(headers.get('strict-transport-security'), 'max-age=63072000; includeSubDomains', what);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/, what);
    assert.match(policy, /frame-ancestors 'none'/, what);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/, what);
    assert.equal(headers.get('server'), null, what);
    assert.equal(headers.get('x-powered-by'), null, what);
  }
});

test('V3.4.1: over plain http nothing is said of https', async () => {
  await using server = await testServer();
  for (const [name, { headers }] of await everyAnswer(server)) {
    assert.equal(headers.get('strict-transport-security'), null, name);
  }
});

test('V4.1.1, V4.1.4: an answer of the API is JSON under a type that says so, with the methods of its route', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  for (const { path, route } of placesOf(server.assembled.parts.settings)) {
    for (const asked of [{}, { key }, { method: 'POST' }, { method: 'OPTIONS' }, { method: 'PATCH' }]) {
      const { status, headers, body } = await server.ask(path, asked);
      assert.equal(headers.get('allow'), route.allow, path);
      if (status === 200 && route.access === 'following' && 'key' in asked) continue;
      assert.equal(headers.get('content-type'), 'application/json', `${path} ${status}`);
      assert.ok(typeof body === 'object' && body !== null, path);
    }
  }
});

test('N11: a fault behind an answer shows in the log and in nothing of the answer', async () => {
  await using server = await testServer({ origin: HTTPS });
  const key = await server.register('alice');
  const { accounts } = server.assembled.parts.store;
  const failWith = (error: Error): void => {
    Object.assign(accounts, { find: () => Promise.reject(error) });
  };
  failWith(new Error('SELECT secret FROM /var/lib at x.ts:1'));
  const fault = await server.ask('/auth/user/', { key });
  assert.equal(fault.status, 500);
  assert.equal(fault.text, '{"detail":"Something went wrong here. It was logged.","code":"internal_error"}');
  failWith(new StoreUnavailable('SQLite: disk I/O error at /var/lib'));
  const ill = await server.ask('/auth/user/', { key });
  assert.equal(ill.status, 503);
  assert.equal(
    ill.text,
    '{"detail":"The store cannot be reached. Please try again shortly.","code":"store_unavailable"}',
  );
  assert.equal(ill.headers.get('retry-after'), '1');
  for (const { headers } of [fault, ill]) {
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('strict-transport-security') ?? '', /^max-age=/);
  }
  assert.equal(server.errors.length, 2);
});

test('C4, V3.3: cookies over https bear __Host-, Secure, HttpOnly, SameSite=Lax and Path=/, when they are set and when they go', async () => {
  await using server = await testServer({ origin: HTTPS });
  await server.register('alice', { email: 'alice@example.com' });
  const login = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  const attributes = (seconds: number) => `; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax; Secure`;
  assert.match(cookieIn(login, '__Host-latchkey'), /^__Host-latchkey=lk_1_\w{49};/);
  assert.ok(cookieIn(login, '__Host-latchkey').endsWith(attributes(30 * 86_400)));
  assert.match(cookieIn(login, '__Host-latchkey-device'), /^__Host-latchkey-device=ld_\w{22}_\d+_[\w-]{43};/);
  assert.ok(cookieIn(login, '__Host-latchkey-device').endsWith(attributes(400 * 86_400)));
  const cookie = cookiePairIn(login, '__Host-latchkey');

  const page = await server.ask((await server.resetLink('alice@example.com')).pathname);
  assert.ok(cookieIn(page, '__Host-latchkey-link').endsWith(attributes(3_600)));
  const link = cookiePairIn(page, '__Host-latchkey-link');
  const form = { new_password1: 'other horse 7!', new_password2: 'other horse 7!' };
  const done = await server.ask('/password/reset/confirm/', { method: 'POST', form, headers: { cookie: link } });
  assert.equal(cookieIn(done, '__Host-latchkey-link'), `__Host-latchkey-link=${attributes(0)}`);

  const out = await server.post('/auth/logout/', {}, { headers: { cookie } });
  assert.equal(cookieIn(out, '__Host-latchkey'), `__Host-latchkey=${attributes(0)}`);
  const again = await server.post('/auth/login/', { username: 'alice', password: 'other horse 7!' });
  const mine = { cookie: cookiePairIn(again, '__Host-latchkey') };
  const closed = await server.ask('/auth/user/', { method: 'DELETE', headers: mine });
  assert.equal(closed.status, 204);
  assert.equal(cookieIn(closed, '__Host-latchkey'), `__Host-latchkey=${attributes(0)}`);
  for (const answer of [login, page, done, out, again, closed]) {
    for (const set of answer.headers.getSetCookie()) assert.doesNotMatch(set, /Domain/i);
  }
});

test('C4: on plain-http loopback they are the same without prefix and Secure', async () => {
  await using server = await testServer();
  await server.register('alice');
  const login = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  const names = login.headers.getSetCookie().map((cookie) => cookie.replace(/=[^;]+/, ''));
  assert.deepEqual(names, [
    'latchkey; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax',
    'latchkey-device; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax',
  ]);
  const out = await server.post('/auth/logout/', {}, { headers: { cookie: cookiePairIn(login, 'latchkey') } });
  assert.equal(cookieIn(out, 'latchkey'), 'latchkey=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
});

test('C1, C17: over https a cookie without the prefix is no credential, and a planted one is not taken over', async () => {
  await using server = await testServer({ origin: HTTPS });
  const key = await server.register('alice');
  const who = (cookie: string) => server.ask('/auth/session/', { headers: { cookie } });
  assert.equal((await who(`latchkey=${key}`)).status, 401);
  assert.equal((await who(`__Host-latchkey=${key}`)).status, 200);
  const headers = { cookie: `__Host-latchkey=${key}; __Host-latchkey-device=planted` };
  const login = await server.post('/auth/login/', { username: 'alice', password: PASSWORD }, { headers });
  assert.notEqual(cookiePairIn(login, '__Host-latchkey'), `__Host-latchkey=${key}`);
  assert.doesNotMatch(cookieIn(login, '__Host-latchkey-device'), /planted/);
  assert.equal((await who(`__Host-latchkey=${key}`)).status, 401);
});

test('N7: roles in a header are letters that a header can carry', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  await server.auth.accounts.setRoles(1, ['editor', 'a,b', '编辑', '100%', 'x y']);
  const { status, headers } = await server.ask('/auth/session/', { key });
  assert.equal(status, 200);
  assert.equal(headers.get('latchkey-roles'), 'editor,a%2Cb,%E7%BC%96%E8%BE%91,100%25,x%20y');
});
