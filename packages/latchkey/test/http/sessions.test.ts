/** `sessions/`, `sessions/{id}/`, `sessions/end-others/` and `session/`: an owner's view of the devices that are in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberOf, PASSWORD, type TestServer, testServer } from './serving.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0';

const open = () => testServer({ sessions: { limit: 'unlimited' } });

async function listed(server: TestServer, key: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { status, body } = await server.ask('/auth/sessions/', { key });
  assert.equal(status, 200);
  assert.ok(Array.isArray(body));
  return body;
}

const idOf = (session: Readonly<Record<string, unknown>> | undefined): string => memberOf(session, 'id');

test('F-6: every live session is in the list, the newest first, the caller’s own marked, with nothing else in it', async () => {
  await using server = await open();
  const first = await server.register('alice');
  server.clock.advance(60_000);
  const second = await server.signIn('alice', { 'user-agent': FIREFOX });
  server.clock.advance(60_000);
  const third = await server.signIn('alice', { 'user-agent': 'curl/8' });
  await server.register('bob');
  const sessions = await listed(server, second);
  assert.deepEqual(
    sessions.map(({ current, device, class: deviceClass, opened_at }) => [current, device, deviceClass, opened_at]),
    [
      [false, 'curl', 'cli', '2026-01-01T12:02:00.000Z'],
      [true, 'Firefox on Linux', 'web', '2026-01-01T12:01:00.000Z'],
      [false, 'a Node.js program', 'cli', '2026-01-01T12:00:00.000Z'],
    ],
  );
  const own = ['id', 'current', 'device', 'class', 'place', 'opened_at', 'last_seen_at', 'expires_at'];
  const members = [...own, 'name', 'remembered'];
  for (const session of sessions) assert.deepEqual(Object.keys(session), members);
  for (const key of [first, second, third]) assert.equal(await server.isLive(key), true);
});

test('F-8: sessions that ended, expired or fell idle are in no list', async () => {
  await using server = await open();
  const first = await server.register('alice');
  const second = await server.signIn('alice');
  await server.post('/auth/logout/', {}, { key: second });
  assert.equal((await listed(server, first)).length, 1);
  server.clock.advance(13 * 86_400_000);
  const third = await server.signIn('alice');
  assert.equal((await listed(server, third)).length, 2);
  server.clock.advance(86_400_000);
  assert.equal((await listed(server, third)).length, 1);
});

test('F-20, P9: no answer but the one that opens a session carries a credential, and lists carry ids alone', async () => {
  await using server = await open();
  const keys = [await server.register('alice', { email: 'alice@example.com' })];
  const opened = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  keys.push(memberOf(opened.body, 'key'));
  const device = memberOf(opened.body, 'device');
  const [key = ''] = keys;
  const [newest] = await listed(server, key);
  const answers = [
    await server.ask('/auth/sessions/', { key }),
    await server.ask('/auth/session/', { key }),
    await server.ask('/auth/user/', { key }),
    await server.ask('/auth/user/', { key, method: 'PATCH', json: {} }),
    await server.ask('/auth/sessions/', { key, method: 'OPTIONS' }),
    await server.ask(`/auth/sessions/${idOf(newest)}/`, { key, method: 'DELETE' }),
    await server.post('/auth/sessions/end-others/', {}, { key }),
    await server.post('/auth/password/reset/', { email: 'alice@example.com' }, { key }),
    await server.post('/auth/logout/', {}, { key }),
    await server.ask('/auth/user/', { key }),
  ];
  for (const { text, headers } of answers) {
    const said = text + JSON.stringify([...headers]);
    for (const secret of [...keys, device, PASSWORD]) assert.equal(said.includes(secret), false);
    assert.doesNotMatch(said, /lk_|ld_|token_hash|cheap\$/);
  }
  // An id from a list opens nothing.
  assert.equal(await server.isLive(idOf(newest)), false);
});

test('V7.5.2: sessions/{id}/ ends that session, says so to its holder, and no other', async () => {
  await using server = await open();
  const own = await server.register('alice');
  const lost = await server.signIn('alice');
  const [target] = await listed(server, own);
  assert.equal((await server.ask(`/auth/sessions/${idOf(target)}/`, { method: 'DELETE', key: own })).status, 204);
  assert.equal(memberOf((await server.ask('/auth/user/', { key: lost })).body, 'code'), 'session_revoked');
  assert.equal(await server.isLive(own), true);
  // Once more is as good as once, and tells no other story.
  server.clock.advance(1_000);
  assert.equal((await server.ask(`/auth/sessions/${idOf(target)}`, { method: 'DELETE', key: own })).status, 204);
  assert.equal(memberOf((await server.ask('/auth/user/', { key: lost })).body, 'at'), '2026-01-01T12:00:00.000Z');
});

test('V7.5.2: sessions/{id}/ of one’s own session is a sign-out', async () => {
  await using server = await open();
  const own = await server.register('alice');
  const [target] = await listed(server, own);
  assert.equal((await server.ask(`/auth/sessions/${idOf(target)}/`, { method: 'DELETE', key: own })).status, 204);
  assert.equal(memberOf((await server.ask('/auth/user/', { key: own })).body, 'code'), 'signed_out');
});

test('F-6: sessions/end-others/ ends every other session of this account, and says how many', async () => {
  await using server = await open();
  const own = await server.register('alice');
  const bob = await server.register('bob');
  const others = await Promise.all([1, 2, 3].map(() => server.signIn('alice')));
  await server.auth.sessions.importKey(1, 'c'.repeat(40));
  assert.deepEqual((await server.post('/auth/sessions/end-others/', {}, { key: own })).body, { ended: 4 });
  for (const key of [...others, 'c'.repeat(40)]) {
    assert.equal(memberOf((await server.ask('/auth/user/', { key })).body, 'code'), 'session_revoked');
  }
  assert.equal(await server.isLive(own), true);
  assert.equal(await server.isLive(bob), true);
  assert.deepEqual((await server.post('/auth/sessions/end-others/', {}, { key: own })).body, { ended: 0 });
});

test('V7.2.1: session/ tells who is signed in, in its body and in headers that a proxy can pass on', async () => {
  await using server = await open();
  await server.register('bob');
  const key = await server.register('alice');
  await server.auth.accounts.setRoles(2, ['editor', 'teacher']);
  const { status, body, headers } = await server.ask('/auth/session/', { key });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(Object(body)), ['user', 'session']);
  assert.deepEqual(Reflect.get(Object(body), 'user'), { pk: 2, roles: ['editor', 'teacher'] });
  assert.equal(Reflect.get(Object(Reflect.get(Object(body), 'session')), 'current'), true);
  assert.equal(headers.get('latchkey-account'), '2');
  assert.equal(headers.get('latchkey-roles'), 'editor,teacher');
  const head = await server.ask('/auth/session/', { key, method: 'HEAD' });
  assert.deepEqual([head.status, head.text, head.headers.get('latchkey-account')], [200, '', '2']);
  for (const { headers } of [await server.ask('/auth/session/'), await server.ask('/auth/session/', { key: 'x' })]) {
    assert.equal(headers.get('latchkey-account'), null);
    assert.equal(headers.get('latchkey-roles'), null);
  }
});

test('P2, P3: at the limit each sign-in turns the one before it off, by whatever way it came', async () => {
  await using server = await testServer();
  let before = await server.register('alice');
  for (const path of ['/auth/login/', '/auth/signin/', '/api/token/', '/auth/signin/']) {
    const { body } = await server.post(path, { username: 'alice', password: PASSWORD });
    const key = memberOf(body, 'key') || memberOf(body, 'token');
    assert.equal(memberOf((await server.ask('/auth/user/', { key: before })).body, 'code'), 'session_displaced', path);
    assert.equal(await server.isLive(key), true);
    if (path.includes('signin')) assert.equal(memberOf(body, 'message'), 'Old Token Deleted');
    before = key;
  }
});

test('F-16: what a client leaves out or adds changes nothing of who is displaced', async () => {
  const requests: readonly { readonly query?: string; readonly headers?: Readonly<Record<string, string>> }[] = [
    {},
    { query: '?fresh_login=True' },
    { query: '?fresh_login=False&logout_others=false&keep=true' },
    { headers: { cookie: 'fresh_login=True; sessionid=x; csrftoken=x' } },
    { headers: { 'x-requested-with': 'XMLHttpRequest', 'x-csrftoken': 'x' } },
    { headers: { cookie: 'latchkey=garbage' } },
  ];
  await using server = await testServer();
  let before = await server.register('alice');
  for (const { query = '', headers = {} } of requests) {
    const { body } = await server.post(`/auth/login/${query}`, { username: 'alice', password: PASSWORD }, { headers });
    assert.equal(await server.isLive(before), false, JSON.stringify({ query, headers }));
    before = memberOf(body, 'key');
    assert.equal((await listed(server, before)).length, 1);
  }
});

test('L9, F-26: the same device, by its header or by its cookie, takes its own place again', async () => {
  await using server = await testServer({ sessions: { limit: 2 } });
  const login = { username: 'alice', password: PASSWORD };
  const other = await server.register('alice');
  const first = await server.post('/auth/login/', login);
  const device = memberOf(first.body, 'device');
  for (const headers of [{ 'latchkey-device': device }, { cookie: `latchkey-device=${device}` }]) {
    const again = await server.post('/auth/login/', login, { headers });
    assert.equal(await server.isLive(other), true, 'the other device keeps its place');
    assert.equal((await listed(server, memberOf(again.body, 'key'))).length, 2);
    assert.equal(memberOf(again.body, 'device'), device);
  }
  assert.equal(await server.isLive(memberOf(first.body, 'key')), false);
});

test('V7.4.1: a sign-out by cookie ends the cookie’s session, and with a key beside it both', async () => {
  await using server = await open();
  const [one, two] = [await server.register('alice'), await server.signIn('alice')];
  const cookie = `latchkey=${one}`;
  await server.post('/auth/logout/', {}, { headers: { cookie } });
  assert.deepEqual([await server.isLive(one), await server.isLive(two)], [false, true]);
  const three = await server.signIn('alice');
  await server.post('/auth/logout/', {}, { key: two, headers: { cookie: `latchkey=${three}` } });
  assert.deepEqual([await server.isLive(two), await server.isLive(three)], [false, false]);
});
