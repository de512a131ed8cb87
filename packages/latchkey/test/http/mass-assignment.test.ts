/** What a body, a query or a header may not change: everything but the fields of its route. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandardSchema } from '../../src/http/extra-fields.ts';
import { memberOf, PASSWORD, type TestServer, testServer } from './serving.ts';

/** Names that other systems obeyed, with what an attacker would like. */
const WISHES: Readonly<Record<string, unknown>> = {
  is_staff: true,
  is_superuser: true,
  isAdmin: true,
  is_active: true,
  role: 'admin',
  roles: ['admin'],
  permissions: ['*'],
  groups: [1],
  id: 7,
  pk: 7,
  account_id: 7,
  accountId: 7,
  user_id: 7,
  email: 'evil@evil.example',
  email_verified: true,
  emailVerified: true,
  verified: true,
  phone_verified: true,
  password: 'chosen by evil 1',
  password_hash: 'cheap$x$x',
  passwordHash: 'cheap$x$x',
  mfa_enabled: false,
  state: 'suspended',
  revision: 99,
  valid_from: 99,
  validFrom: 99,
  kept: 'ses_x',
  session_limit: 'unlimited',
  sessionLimit: 99,
  limit: 99,
  max_sessions: 99,
  lifetime: 9e9,
  lifetime_days: 9e9,
  expires_in: 9e9,
  expires_at: '2999-01-01',
  idle: 9e9,
  device_class: 'unlimited',
  deviceClass: 'unlimited',
  class: 'unlimited',
  device: 'unlimited',
  tenant_id: 7,
  created_at: '1970-01-01',
  date_joined: '1970-01-01',
  last_login: '1970-01-01',
  metadata: { system: true },
  'metadata.system': true,
  user: { role: 'admin', is_staff: true, pk: 7 },
  account: { roles: ['admin'], state: 'active' },
  data: { attributes: { role: 'admin' } },
};

/** As forms and other frameworks spell what is nested. */
const SPELLED: Readonly<Record<string, string>> = {
  'user.role': 'admin',
  'user[role]': 'admin',
  'user[is_staff]': 'true',
  'account[roles][]': 'admin',
  'roles[]': 'admin',
  'roles[0]': 'admin',
  'account.roles.0': 'admin',
  'gate.validFrom': '99',
};

/** All of an account but what a person may set of it. */
function fixed(server: TestServer): string {
  const account = server.rows(
    'SELECT id, password_hash, state, roles, revision, valid_from, kept, reason, created_at FROM account',
  );
  const others = ['email', 'gate', 'once', 'credential'].map((table) => server.rows(`SELECT * FROM ${table}`));
  const sessions = server.rows('SELECT id, device_class, expires_at, ended_at, roles, opened_revision FROM session');
  return JSON.stringify([account, others, sessions]);
}

for (const method of ['PUT', 'PATCH']) {
  test(`K1, K3, E20: ${method} user/ changes names alone, whatever else is in the body`, async () => {
    await using server = await testServer();
    const key = await server.register('alice', { email: 'alice@example.com' });
    const before = fixed(server);
    const names = { username: 'alice', first_name: 'A', last_name: 'L' };
    const expected = { pk: 1, ...names, email: 'alice@example.com' };
    const json = { ...WISHES, ...SPELLED, ...names };
    assert.deepEqual((await server.ask('/auth/user/', { method, key, json })).body, expected);
    const flat = Object.entries(WISHES).map(([name, value]) => [name, String(value)]);
    const form = { ...Object.fromEntries(flat), ...SPELLED, ...names };
    assert.deepEqual((await server.ask('/auth/user/', { method, key, form })).body, expected);
    const query = new URLSearchParams({ ...Object.fromEntries(flat), ...SPELLED }).toString();
    assert.deepEqual((await server.ask(`/auth/user/?${query}`, { method, key, json: names })).body, expected);
    assert.equal(fixed(server), before);
  });
}

test('K1: where the host keeps extra fields, wishes are extra fields and nothing else', async () => {
  const anything: StandardSchema = {
    '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
  };
  await using server = await testServer({ fields: anything });
  const key = await server.register('alice', { email: 'alice@example.com' });
  const before = fixed(server);
  const { body } = await server.ask('/auth/user/', { method: 'PATCH', key, json: { ...WISHES, ...SPELLED } });
  for (const [name, own] of [
    ['pk', 1],
    ['username', 'alice'],
    ['email', 'alice@example.com'],
  ] as const) {
    assert.equal(Reflect.get(Object(body), name), own);
  }
  const session = await server.ask('/auth/session/', { key });
  assert.deepEqual(Reflect.get(Object(session.body), 'user'), { pk: 1, roles: [] });
  assert.equal(session.headers.get('latchkey-roles'), '');
  assert.equal(fixed(server), before);
  const [row] = server.rows('SELECT profile FROM account');
  const profile: unknown = JSON.parse(String(row?.['profile']));
  for (const ours of ['pk', 'username', 'email', 'password']) assert.equal(Reflect.has(Object(profile), ours), false);
});

test('K2, E20: signing up gives what everybody gets, whatever else is in the body', async () => {
  await using plain = await testServer();
  await plain.register('alice', { email: 'alice@example.com' });
  await using wishing = await testServer();
  const { password: _, email: __, ...wishes } = WISHES;
  await wishing.register('alice', { ...wishes, ...SPELLED, email: 'alice@example.com' });
  const given = (server: TestServer) =>
    JSON.stringify([
      server.rows('SELECT id, username, first_name, state, roles, revision, valid_from, kept, profile FROM account'),
      server.rows('SELECT account_id, address, verified, is_primary FROM email'),
      server.rows('SELECT account_id, sequence, device_class, method, expires_at, opened_revision, roles FROM session'),
      server.rows('SELECT * FROM gate'),
    ]);
  assert.equal(given(wishing), given(plain));
});

test('K2: an invitation gives its own roles, and no body adds to them', async () => {
  await using server = await testServer({ accounts: { registration: 'invited' } });
  const { invitation } = await server.auth.accounts.invite({ roles: ['editor'] });
  await server.register('alice', { invitation, roles: ['admin'], role: 'admin', 'roles[]': 'admin' });
  assert.deepEqual((await server.auth.accounts.find(1))?.roles, ['editor']);
});

test('K2, E20: nor do the other routes that take a body', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: 'alice@example.com' });
  const { password: _, email: __, ...wishes } = { ...WISHES, ...SPELLED };
  const kept = () =>
    JSON.stringify(['account', 'email', 'gate', 'session'].map((name) => server.rows(`SELECT * FROM ${name}`)));
  const before = kept();
  const email = 'alice@example.com';
  for (const [path, json, status] of [
    ['/auth/registration/resend-email/', { email }, 200],
    ['/auth/password/reset/', { email }, 200],
    ['/auth/registration/verify-email/', { key: 'x', email, verified: true }, 404],
    ['/auth/password/reset/confirm/', { uid: '1', token: 'x', new_password1: PASSWORD, new_password2: PASSWORD }, 400],
    ['/auth/logout/', {}, 200],
  ] as const) {
    assert.equal((await server.post(path, { ...wishes, ...json })).status, status, path);
  }
  assert.equal(kept(), before);
  assert.equal(await server.isLive(key), true);
});

test('G10: a key is of whoever’s password was shown, and is shown once, whomever the body names beside', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  await server.register('alice');
  await server.register('bob');
  const others = {
    user: 2,
    user_id: 2,
    userId: 2,
    pk: 2,
    id: 2,
    account: 2,
    account_id: 2,
    key: 'lk_mine',
    token: 'lk_mine',
  };
  for (const path of ['/api/token/', '/auth/signin/', '/auth/login/']) {
    const { status, body } = await server.post(path, { ...others, username: 'alice', password: PASSWORD });
    assert.equal(status, 200, path);
    const key = memberOf(body, 'token') || memberOf(body, 'key');
    const { body: who } = await server.ask('/auth/user/', { key });
    assert.deepEqual([Reflect.get(Object(who), 'pk'), Reflect.get(Object(who), 'username')], [1, 'alice'], path);
    assert.equal(server.bytes().includes(key), false, 'what is kept is its hash');
    for (const shows of ['/auth/sessions/', '/auth/session/', '/auth/user/export/'])
      assert.equal((await server.ask(shows, { key })).text.includes(key), false, shows);
    assert.equal((await server.post(path, { ...others, password: PASSWORD }, { key })).status, 400, 'nor by a key');
  }
  assert.equal((await server.auth.sessions.list(2)).length, 1);
});

/** Whatever might be taken for a claim to more places, longer ones, or better ones. */
const CLAIMS: readonly Readonly<Record<string, string>>[] = [
  { 'user-agent': 'curl/8.0' },
  { 'user-agent': 'unlimited' },
  { 'user-agent': 'Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 SamsungBrowser/3.0 TV Safari/538.1' },
  { 'x-client': 'unlimited', 'x-client-type': 'tv', 'x-device-class': 'unlimited', 'latchkey-class': 'cli' },
  { 'latchkey-device': 'unlimited' },
  { 'latchkey-device': `ld_${'a'.repeat(22)}_${'b'.repeat(43)}` },
  { 'x-session-limit': '99', 'latchkey-limit': '99', 'x-max-sessions': '99' },
  { 'sec-ch-ua-platform': '"Android"', 'sec-ch-ua-mobile': '?1', dnt: '1' },
  { cookie: 'limit=99; latchkey-limit=99; fresh_login=True' },
];

test('K4, F-16: no body, query, header, cookie or user agent gives an account a second place or a longer stay', async () => {
  await using server = await testServer();
  let key = await server.register('alice');
  const { password: _, ...wishes } = WISHES;
  const thirtyDays = server.clock() + 30 * 24 * 3_600_000;
  const query = new URLSearchParams({ limit: '99', fresh_login: 'True', keep: 'true', remember: '1' }).toString();
  for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
    for (const headers of CLAIMS) {
      const json = { ...wishes, ...SPELLED, email: '', username: 'alice', password: PASSWORD };
      const answer = await server.post(`${path}?${query}`, json, { headers });
      assert.equal(answer.status, 200, `${path} ${answer.text}`);
      assert.equal(await server.isLive(key), false, `${path} ${JSON.stringify(headers)}`);
      key = memberOf(answer.body, 'key') || memberOf(answer.body, 'token');
      const [live, ...more] = await server.auth.sessions.list(1);
      assert.deepEqual(more, []);
      assert.equal(live?.expiresAt, thirtyDays);
    }
  }
});

test('K5, C18: another account’s session and one of nobody’s are not found, alike, and go on', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const alice = await server.register('alice');
  const bob = await server.register('bob');
  const dead = await server.signIn('bob');
  const [deads, bobs] = await server.auth.sessions.list(2);
  await server.auth.sessions.end(2, deads?.id ?? '');
  const before = server.contents();
  const answers = [];
  for (const id of [bobs?.id, deads?.id, 'ses_0000000000000000000000', '1', '2', '*', '%', 'null', 'end-others%2F']) {
    const { status, text, headers } = await server.ask(`/auth/sessions/${id}/`, { method: 'DELETE', key: alice });
    answers.push(`${status} ${text} ${headers.get('latchkey-reason')}`);
  }
  assert.deepEqual(new Set(answers), new Set(['404 {"detail":"Not found.","code":"not_found"} not_found']));
  assert.equal(server.contents(), before);
  assert.equal(await server.isLive(bob), true);
  assert.equal(await server.isLive(dead), false);
});

test('K5: what one account lists, reads, changes and ends is its own', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const alice = await server.register('alice');
  const bob = await server.register('bob', { email: 'bob@example.com' });
  const aim = { pk: 2, id: 2, user: 2, user_id: 2, account: 2, username: 'alice', email: 'bob@example.com' };
  const query = '?pk=2&id=2&user=2&user_id=2&account_id=2&username=bob';
  const before = JSON.stringify(server.rows('SELECT * FROM account WHERE id = 2'));
  assert.match((await server.ask(`/auth/user/${query}`, { key: alice })).text, /^\{"pk":1,/);
  assert.equal((await server.ask(`/auth/user/${query}`, { method: 'PUT', key: alice, json: aim })).status, 200);
  const listed = await server.ask(`/auth/sessions/${query}`, { key: alice });
  assert.equal(Array.isArray(listed.body) && listed.body.length, 1);
  assert.deepEqual((await server.post(`/auth/sessions/end-others/${query}`, aim, { key: alice })).body, { ended: 0 });
  const twice = { new_password1: 'other horses 5!', new_password2: 'other horses 5!' };
  assert.equal((await server.post(`/auth/password/change/${query}`, { ...aim, ...twice }, { key: alice })).status, 200);
  assert.equal((await server.ask(`/auth/user/${query}`, { method: 'DELETE', key: alice, json: aim })).status, 204);
  assert.equal(JSON.stringify(server.rows('SELECT * FROM account WHERE id = 2')), before);
  assert.equal(await server.isLive(bob), true);
  await server.signIn('bob');
});

test('K9: the session that is looked up is the one that ends: the one in the path', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const own = await server.register('alice');
  await server.register('bob');
  const other = await server.signIn('alice');
  const sessions = await server.auth.sessions.list(1);
  const [otherId = '', ownId = ''] = sessions.map(({ id }) => id);
  const [bobs] = await server.auth.sessions.list(2);
  const json = { id: bobs?.id, session: bobs?.id, ':id': ownId };
  const path = `/auth/sessions/${otherId}/?id=${ownId}&id=${bobs?.id}`;
  assert.equal((await server.ask(path, { method: 'DELETE', key: own, json })).status, 204);
  assert.equal(await server.isLive(other), false);
  assert.equal(await server.isLive(own), true);
  assert.equal((await server.auth.sessions.list(2)).length, 1);
});
