/** What asks for the password again: a change of password and the end of an account, ten minutes after signing in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from './serving.ts';

const FRESH_MS = 10 * 60_000;
const TWICE = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
const REQUIRED = 'This field is required.';

const change = (server: TestServer, key: string, more: Readonly<Record<string, unknown>> = {}) =>
  server.post('/auth/password/change/', { ...TWICE, ...more }, { key });

const close = (server: TestServer, key: string, json: Readonly<Record<string, unknown>> = {}) =>
  server.ask('/auth/user/', { method: 'DELETE', key, json });

test('V6.2.3: a password change needs no old password until ten minutes are over, and then it does', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  server.clock.advance(FRESH_MS - 1);
  assert.deepEqual((await change(server, key)).body, { detail: 'New password has been saved.' });
  server.clock.advance(1);
  const before = server.contents();
  assert.deepEqual((await change(server, key)).body, { old_password: [REQUIRED] });
  for (const wrong of [PASSWORD, '', ' ', `${OTHER_PASSWORD}x`, OTHER_PASSWORD.toUpperCase()]) {
    const { body } = await change(server, key, { old_password: wrong });
    const message = 'Your old password was entered incorrectly. Please enter it again.';
    assert.deepEqual(body, { old_password: [message] }, wrong);
  }
  for (const mistyped of [null, true, [OTHER_PASSWORD], { $ne: '' }]) {
    assert.deepEqual((await change(server, key, { old_password: mistyped })).body, { old_password: [REQUIRED] });
  }
  assert.equal(server.contents(), before);
  assert.equal((await change(server, key, { old_password: OTHER_PASSWORD })).status, 200);
});

test('V6.2.3: while it is fresh, an old password in the body is ignored, as recorded', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  assert.equal((await change(server, key, { old_password: 'wrong' })).status, 200);
});

test('V6.2.2, V7.4.3: a password change keeps the caller in and signs every other device out, and the new password is the one', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const key = await server.register('alice', { email: 'alice@example.com' });
  const others = [await server.signIn('alice'), await server.signIn('alice')];
  assert.equal((await change(server, key)).status, 200);
  assert.equal(await server.isLive(key), true);
  for (const other of others) {
    assert.equal(memberOf((await server.ask('/auth/user/', { key: other })).body, 'code'), 'password_changed');
  }
  const signIn = (password: string) => server.post('/auth/login/', { username: 'alice', password });
  assert.equal((await signIn(PASSWORD)).status, 400);
  assert.equal((await signIn(OTHER_PASSWORD)).status, 200);
  const [, notice] = await server.mailsTo('alice@example.com');
  assert.match(notice?.subject ?? '', /^Your password for 127\.0\.0\.1 was changed/);
});

test('V7.5.3, F-16: nothing that a client says makes a sign-in fresh, and neither does using it', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  for (let minute = 0; minute < 10; minute++) {
    server.clock.advance(60_000);
    await server.ask('/auth/user/', { key });
  }
  const headers = { 'x-fresh': '1', 'x-reauthenticated': 'true', date: 'Thu, 01 Jan 2026 12:00:00 GMT' };
  const more = { fresh: true, authenticated_at: Date.now(), now: 0, t: 0 };
  const answer = await server.post('/auth/password/change/?fresh=true&t=0', { ...TWICE, ...more }, { key, headers });
  assert.deepEqual(answer.body, { old_password: [REQUIRED] });
});

test('V7.5.3: a key that was brought along from elsewhere is not fresh', async () => {
  await using server = await testServer();
  await server.register('alice');
  const key = 'c'.repeat(40);
  await server.auth.sessions.importKey(1, key);
  assert.deepEqual((await change(server, key)).body, { old_password: [REQUIRED] });
  assert.deepEqual((await close(server, key)).body, { password: [REQUIRED] });
  assert.equal((await change(server, key, { old_password: PASSWORD })).status, 200);
});

test('V6.2.3: where the settings ask for the old password always, a fresh sign-in does not do', async () => {
  await using server = await testServer({ django: { oldPasswordField: true } });
  const key = await server.register('alice');
  assert.deepEqual((await change(server, key)).body, { old_password: [REQUIRED] });
  assert.equal((await change(server, key, { old_password: 'wrong' })).status, 400);
  assert.equal((await change(server, key, { old_password: PASSWORD })).status, 200);
});

test('V7.4.3: where the settings say so, a password change by cookie ends the caller’s own session, and one by key does not', async () => {
  await using server = await testServer({ django: { logoutOnPasswordChange: true } });
  const key = await server.register('alice');
  const answer = await server.post('/auth/password/change/', TWICE, { headers: { cookie: `latchkey=${key}` } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.getSetCookie().join(), /^latchkey=; .*Max-Age=0/);
  assert.equal(await server.isLive(key), false);
  const again = await server.signIn('alice', {}, OTHER_PASSWORD);
  assert.equal((await server.post('/auth/password/change/', TWICE, { key: again })).status, 200);
  assert.equal(await server.isLive(again), true);
});

test('V6.2.3: mismatched, weak and short new passwords are refused, and nothing changes', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: 'alice@example.com' });
  const before = server.contents();
  const refused = async (password1: string, password2: string, message: RegExp) => {
    const json = { new_password1: password1, new_password2: password2 };
    const { status, text } = await server.post('/auth/password/change/', json, { key });
    assert.equal(status, 400);
    assert.match(text, message);
  };
  await refused(OTHER_PASSWORD, PASSWORD, /didn’t match/);
  await refused('short', 'short', /too short/);
  await refused('password1', 'password1', /too common/);
  await refused('8274619305', '8274619305', /entirely numeric/);
  await refused('alice@example', 'alice@example', /too similar to the email address/);
  await refused('😀'.repeat(7), '😀'.repeat(7), /at least 8 characters/);
  assert.equal(server.contents(), before);
});

test('E24: closing an account asks for nothing while it is fresh, and for the password once ten minutes are over', async () => {
  await using server = await testServer();
  const first = await server.register('alice');
  server.clock.advance(FRESH_MS - 1);
  assert.equal((await close(server, first)).status, 204);

  const key = await server.register('alice');
  server.clock.advance(FRESH_MS);
  const before = server.contents();
  assert.deepEqual((await close(server, key)).body, { password: [REQUIRED] });
  assert.deepEqual((await server.ask('/auth/user/', { method: 'DELETE', key })).body, { password: [REQUIRED] });
  assert.equal(server.contents(), before);
  assert.equal((await close(server, key, { password: PASSWORD })).status, 204);
  assert.equal(server.rows('SELECT 1 FROM account').length, 0);
});

test('E24: a wrong password closes nothing, fresh or not', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  for (const elapsed of [0, FRESH_MS]) {
    server.clock.advance(elapsed);
    const { status, body } = await close(server, key, { password: 'wrong' });
    assert.equal(status, 400);
    assert.deepEqual(body, { password: ['Your password was entered incorrectly. Please enter it again.'] });
  }
  for (const password of [null, true, [PASSWORD], { $ne: '' }]) {
    assert.equal((await close(server, key, { password })).status, 400);
  }
  assert.equal(await server.isLive(key), true);
});

test('E24, C7: a closed account is gone with all that names its owner, and its number and keys are nobody’s for ever', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const key = await server.register('alice', { email: 'alice@example.com' });
  const other = await server.signIn('alice');
  const cookie = `latchkey=${other}`;
  assert.equal((await server.ask('/auth/user/', { method: 'DELETE', headers: { cookie } })).status, 204);
  for (const dead of [key, other]) {
    assert.equal(memberOf((await server.ask('/auth/user/', { key: dead })).body, 'code'), 'account_disabled');
  }
  assert.equal((await server.post('/auth/login/', { username: 'alice', password: PASSWORD })).status, 400);
  for (const table of ['account', 'email', 'once', 'credential']) {
    assert.deepEqual(server.rows(`SELECT * FROM ${table}`), [], table);
  }
  const again = await server.register('alice', { email: 'alice@example.com' });
  assert.match((await server.ask('/auth/user/', { key: again })).text, /^\{"pk":2,/);
  for (const dead of [key, other]) assert.equal(await server.isLive(dead), false);
});
