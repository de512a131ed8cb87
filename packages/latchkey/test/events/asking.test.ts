import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { cookiePairIn, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { listen, readerOf } from './listening.ts';

const APP = 'https://app.example';

async function cookieOf(server: TestServer): Promise<string> {
  return cookiePairIn(await server.post('/auth/login/', { username: 'alice', password: PASSWORD }), 'latchkey');
}

/** The head of an answer to a request as it stands, on a connection of its own, and what follows until `until` is in it. */
async function exchange(server: TestServer, request: string, until: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  try {
    socket.write(request);
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes(until)) break;
    }
  } finally {
    socket.destroy();
  }
  return text;
}

describe('who may listen', () => {
  test('C21: nobody without a credential, nor with one that is none', async () => {
    await using server = await testServer();
    const missing = await server.ask('/auth/events/');
    assert.deepEqual([missing.status, missing.headers.get('latchkey-reason')], [401, 'not_authenticated']);
    const wrongs = ['Token lk_1_x', 'Token', 'Token a b', `Bearer ${'0'.repeat(40)}`];
    for (const authorization of wrongs) {
      const { status, headers } = await server.ask('/auth/events/', { headers: { authorization } });
      assert.deepEqual([status, headers.get('latchkey-reason')], [401, 'invalid_token'], authorization);
    }
    assert.equal(server.assembled.parts.streams.count(), 0);
  });

  test('a page by its cookie, and its end is worded as its next answer is', async () => {
    await using server = await testServer();
    await server.register('alice');
    const cookie = await cookieOf(server);
    for (const headers of [{ cookie }, { cookie, 'sec-fetch-site': 'same-origin' }]) {
      const stream = await listen(server.url, { headers });
      await stream.next('hello');
      stream.close();
    }
    const stream = await listen(server.url, { headers: { cookie } });
    await stream.next('hello');
    await server.signIn('alice');
    const ended = await stream.next('ended');
    assert.deepEqual(ended.data, (await server.ask('/auth/session/', { headers: { cookie } })).body);
    const told = { cookie, 'last-event-id': ended.id };
    assert.equal((await server.ask('/auth/events/', { headers: told })).status, 204);
  });

  test('C11: no other site’s page by the cookie, whether its session lives or not', async () => {
    await using server = await testServer({ corsOrigins: [APP] });
    await server.register('alice');
    const dead = await cookieOf(server);
    const cookie = await cookieOf(server);
    const foreign = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      for (const sent of [cookie, dead]) {
        const { status, headers: given } = await server.ask('/auth/events/', { headers: { ...headers, cookie: sent } });
        assert.deepEqual([status, given.get('latchkey-reason')], [403, 'origin_not_allowed'], JSON.stringify(headers));
      }
    }
    assert.equal(server.assembled.parts.streams.count(), 0);
    const stream = await listen(server.url, { headers: { cookie, origin: APP, 'sec-fetch-site': 'cross-site' } });
    assert.equal(stream.response.headers.get('access-control-allow-origin'), APP);
    assert.equal(stream.response.headers.get('access-control-allow-credentials'), 'true');
    await stream.next('hello');
    stream.close();
  });

  test('a page of an allowed origin may say where it left off', async () => {
    await using server = await testServer({ corsOrigins: [APP] });
    const headers = { origin: APP, 'access-control-request-method': 'GET' };
    const preflight = await server.ask('/auth/events/', { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /\bLast-Event-ID\b/);
  });
});

describe('how it is asked for', () => {
  test('with the slash at the end and without, and by those who take a stream', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    for (const path of ['/auth/events/', '/auth/events']) {
      for (const accept of ['text/event-stream', '*/*', 'text/*', 'application/json, text/event-stream;q=0.1']) {
        const stream = await listen(server.url, { path, key, headers: { accept } });
        await stream.next('hello');
        stream.close();
      }
    }
    for (const accept of ['application/json', 'text/html', 'text/plain']) {
      const { status, headers } = await server.ask('/auth/events/', { key, headers: { accept } });
      assert.deepEqual([status, headers.get('latchkey-reason')], [406, 'not_acceptable'], accept);
    }
  });

  test('by GET alone', async () => {
    await using server = await testServer();
    const dead = await server.register('alice');
    const key = await server.signIn('alice');
    for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const one of [key, dead]) {
        const { status, headers } = await server.ask('/auth/events/', { method, key: one });
        assert.deepEqual([status, headers.get('allow')], [405, 'GET, OPTIONS'], method);
      }
    }
    assert.equal(server.assembled.parts.streams.count(), 0);
  });

  test('by HTTP/1.0 too, whose body ends with the connection', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const request = `GET /auth/events/ HTTP/1.0\r\nHost: x\r\nAuthorization: Token ${key}\r\n\r\n`;
    const told = exchange(server, request, 'event: ended');
    while (server.assembled.parts.streams.count() === 0) await new Promise(setImmediate);
    await server.signIn('alice');
    const text = await told;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.match(text, /\r\n\r\nretry: \d+\nevent: hello\n/);
  });
});

describe('a host of any kind', () => {
  test('P6: the handler alone answers with a stream', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const request = new Request('http://127.0.0.1:8787/auth/events/', { headers: { authorization: `Token ${key}` } });
    const response = await server.auth.handler(request);
    const stream = readerOf(response, () => undefined);
    await stream.next('hello');
    await server.signIn('alice');
    assert.equal((await stream.next('ended')).data['code'], 'session_displaced');
    assert.deepEqual(await stream.rest(), []);
    assert.equal(server.assembled.parts.streams.count(), 0);
  });

  test('P2: who cancels the answer gives the place back', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const request = new Request('http://127.0.0.1:8787/auth/events/', { headers: { authorization: `Token ${key}` } });
    const response = await server.auth.handler(request);
    assert.equal(server.assembled.parts.streams.count(), 1);
    await response.body?.cancel();
    assert.equal(server.assembled.parts.streams.count(), 0);
  });
});
