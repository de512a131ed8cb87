/** A session that ends while its request is under way changes nothing any more. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { PASSWORD, type TestServer, testServer } from './serving.ts';

const OTHER = 'a gr8 other one';

/** Sends a request but for the end of its body, which comes only when `between` is over. */
async function held(
  server: TestServer,
  [method, path, key, json]: readonly [method: string, path: string, key: string, json: object],
  between: () => Promise<unknown>,
): Promise<string> {
  const body = JSON.stringify(json);
  const socket = connect(server.port, '127.0.0.1');
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Token ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 1)}`);
  await server.ask('/auth/session/', { key });
  await between();
  socket.end(body.slice(1));
  return await text(socket);
}

const REQUESTS: Readonly<Record<string, readonly [method: string, path: string, json: object]>> = {
  'a new password': ['POST', '/auth/password/change/', { new_password1: OTHER, new_password2: OTHER }],
  'the end of the account': ['DELETE', '/auth/user/', { password: PASSWORD }],
  'another name': ['PATCH', '/auth/user/', { username: 'stolen' }],
};

describe('F-4, P3: a session that ends while its request is under way', () => {
  for (const [what, [method, path, json]] of Object.entries(REQUESTS)) {
    test(`does not get ${what}, and is told why`, async () => {
      await using server = await testServer();
      const thief = await server.register('ann');
      let before = '';
      const answer = await held(server, [method, path, thief, json], async () => {
        await server.signIn('ann');
        before = server.contents();
      });
      assert.match(answer, /^HTTP\/1\.1 401 /);
      assert.match(answer, /session_displaced/);
      assert.equal(server.contents(), before);
    });
  }

  test('ends nobody else’s session', async () => {
    await using server = await testServer({ sessions: { limit: 2 } });
    const { store } = server.assembled.parts;
    const thief = await server.register('ann');
    await server.signIn('ann');
    // What the route asks of the store when the session ended after its check.
    const [newest, oldest] = (await store.sessions.list(1)).sessions;
    assert.ok(newest !== undefined && oldest !== undefined);
    await server.auth.sessions.end(1, oldest.id);
    const end = { accountId: 1, sessionId: newest.id, by: oldest, reason: 'revoked' } as const;
    assert.deepEqual(await store.sessions.end(end), { over: 'revoked' });
    assert.equal((await server.auth.sessions.list(1)).length, 1);
    assert.equal((await server.ask('/auth/session/', { key: thief })).status, 401);
  });
});
