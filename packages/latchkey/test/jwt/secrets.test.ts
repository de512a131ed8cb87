/** What a token is stays with whoever holds it: not in the log, not in the database, and no other secret is one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { memberOf, PASSWORD } from '../http/serving.ts';
import { QUICK, startServer, temporaryFolder } from '../serving.ts';
import { jwtServer, type Pair, partsIn } from './tokens.ts';

const ENDINGS_SECRET = 'what-lets-a-server-follow-the-endings';

test('V13: neither the log nor the database has a token, or a secret of tokens, in it', async () => {
  const folder = temporaryFolder();
  const file = `${folder.path}/test.db`;
  const server = await startServer(file, {
    ...QUICK,
    LATCHKEY_JWT: 'true',
    LATCHKEY_JWT_HTTPONLY: 'false',
    LATCHKEY_JWT_ENDINGS_SECRET: ENDINGS_SECRET,
  });
  const post = async (path: string, json: unknown, headers = {}): Promise<Pair> => {
    const answer = await fetch(`${server.url}/auth/${path}`, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return (await answer.json()) as Pair;
  };
  try {
    const first = await post('registration/', { username: 'ann', password1: PASSWORD, password2: PASSWORD });
    const second = await post('token/refresh/', { refresh: first.refresh });
    const third = await post('token/refresh/', { refresh: second.refresh });
    await post('token/verify/', { token: third.access });
    await post('token/refresh/', { refresh: `${third.refresh}x` });
    await fetch(`${server.url}/auth/ended-sessions/`, { headers: { authorization: `Bearer ${ENDINGS_SECRET}` } });
    await fetch(`${server.url}/auth/ended-sessions/`, { headers: { authorization: `Bearer ${ENDINGS_SECRET}x` } });
    await post('logout/', { refresh: third.refresh }, { authorization: `Bearer ${third.access}` });
    await server.stop('SIGTERM');
    const kept = ['', '-wal'].map((end) => {
      try {
        return readFileSync(file + end, 'latin1');
      } catch {
        return '';
      }
    });
    const said = server.output() + kept.join('');
    assert.ok(said.includes('session_opened'), 'the database was read');
    const tokens = [first, second, third].flatMap(({ access, refresh }) => [access, refresh]);
    for (const token of tokens) {
      const { letters } = partsIn(token);
      for (const secret of [letters.payload, letters.signature]) assert.equal(said.includes(secret), false, secret);
    }
    assert.equal(said.includes(ENDINGS_SECRET), false);
    assert.equal(said.includes('PRIVATE KEY'), false);
  } finally {
    await server.stop('SIGKILL');
    folder.remove();
  }
});

test('E6, V9.2.2: no secret of another kind is a token', async () => {
  await using server = await jwtServer({ sessions: { limit: 'unlimited' }, jwt: { endingsSecret: ENDINGS_SECRET } });
  await server.register('alice', { email: 'alice@example.com' });
  const { token: reset } = await server.resetLink('alice@example.com');
  const { body, headers } = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  const { access, refresh } = server.pairOf(body);
  const cookie = /latchkey=([^;]+)/.exec(headers.getSetCookie().join())?.[1] ?? assert.fail();
  const secrets = {
    'what the cookie holds': cookie,
    'a device token': memberOf(body, 'device'),
    'a link to reset a password': reset,
    'a link to verify an address': await server.verifyKey('alice@example.com'),
    'the secret of followers': ENDINGS_SECRET,
    'the id of the session': String(partsIn(access).payload['sid']),
    'the hash of its key': String(partsIn(access).payload['sth']),
    'a password': PASSWORD.replaceAll(' ', ''),
  };
  for (const [name, secret] of Object.entries(secrets)) {
    assert.equal(await server.check(secret), '401 invalid_token', name);
    assert.equal((await server.refresh(secret)).said, '401 invalid_token', name);
    assert.equal(await server.verify(secret), '401 invalid_token', name);
  }
  // And a token is nothing but a token.
  for (const token of [access, refresh, String(partsIn(access).payload['sth'])]) {
    assert.equal((await server.ask('/auth/session/', { headers: { cookie: `latchkey=${token}` } })).status, 401);
    const confirm = { uid: '1', token, new_password1: 'Brand-new-pw-77', new_password2: 'Brand-new-pw-77' };
    assert.equal((await server.post('/auth/password/reset/confirm/', confirm)).status, 400);
    assert.equal((await server.post('/auth/registration/verify-email/', { key: token })).status, 404);
    const feed = await server.ask('/auth/ended-sessions/', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(feed.status, 401);
  }
  assert.equal(await server.check(access), '200');
});
