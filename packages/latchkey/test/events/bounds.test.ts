import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import { type TestServer, testServer } from '../http/serving.ts';
import { type Listening, listen } from './listening.ts';

async function untilCount(server: TestServer, count: number): Promise<void> {
  while (server.assembled.parts.streams.count() !== count) await new Promise(setImmediate);
}

async function opened(server: TestServer, key: string, count: number): Promise<readonly Listening[]> {
  const streams = await Promise.all(Array.from({ length: count }, () => listen(server.url, { key })));
  for (const stream of streams) await stream.next('hello');
  return streams;
}

describe('P2: there is room for so many', () => {
  test('of an account: one more is told to wait, others are not, and a place that is left is free', async () => {
    await using server = await testServer({ events: { perAccount: 3 } });
    const key = await server.register('alice');
    const bob = await server.register('bob');
    const streams = await opened(server, key, 3);
    const refused = await server.ask('/auth/events/', { key });
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.deepEqual(refused.body, {
      detail: 'Too many event streams are open for this account.',
      code: 'too_many_streams',
    });
    const others = await opened(server, bob, 1);
    streams[0]?.close();
    await untilCount(server, 3);
    const again = await opened(server, key, 1);
    for (const stream of [...streams, ...others, ...again]) stream.close();
    await untilCount(server, 0);
  });

  test('of an account, asked for at once', async () => {
    await using server = await testServer({ events: { perAccount: 3 } });
    const key = await server.register('alice');
    const streams = await Promise.all(Array.from({ length: 20 }, () => listen(server.url, { key })));
    const statuses = streams.map(({ response }) => response.status);
    assert.equal(statuses.filter((status) => status === 200).length, 3);
    assert.equal(statuses.filter((status) => status === 429).length, 17);
    for (const stream of streams) stream.close();
  });

  test('in all', async () => {
    await using server = await testServer({ events: { total: 2 } });
    const alice = await server.register('alice');
    const streams = [...(await opened(server, alice, 1)), ...(await opened(server, await server.register('bob'), 1))];
    const refused = await server.ask('/auth/events/', { key: await server.register('carol') });
    assert.deepEqual([refused.status, refused.headers.get('latchkey-reason')], [503, 'busy']);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    for (const stream of streams) stream.close();
  });

  test('a store that falls ill while one is opened leaves no place taken', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const { sessions } = server.assembled.parts.store;
    const position = sessions.position;
    Object.assign(sessions, { position: () => Promise.reject(new Error('ill')) });
    assert.equal((await server.ask('/auth/events/', { key })).status, 500);
    assert.equal(server.assembled.parts.streams.count(), 0);
    Object.assign(sessions, { position });
    const [stream] = await opened(server, key, 1);
    stream?.close();
  });
});

/** Signs a device with a long name in and in again, so that the account's other devices have much to hear of. */
async function makeNews(server: TestServer, accountId: number, isEnough: () => boolean): Promise<void> {
  const { store, rule, endings } = server.assembled.parts;
  const record = await store.accounts.find(accountId);
  assert.ok(record !== null);
  while (!isEnough()) {
    await store.sessions.admit({
      session: {
        ...{ id: newSessionId(), tokenHash: newSessionToken(accountId).hash, method: 'password' },
        ...{
          ...{ place: null, coordinates: null, network: null, client: null, binding: null },
          device: { id: 'again', class: 'cli', name: 'curl'.repeat(2_000) },
          lifetimeMs: 1_000_000_000,
          isFresh: true,
        },
      },
      ...{ gate: record.gate, spends: [], limits: [{ bucket: 'account', max: 'unlimited' }], whenFull: 'displace' },
      ...{ idleMs: 1_000_000_000, rule },
    });
    endings.nudge();
    await new Promise(setImmediate);
  }
}

async function rawStream(server: TestServer, key: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /auth/events/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${key}\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

describe('P2: a reader who does not read', () => {
  test('of a connection is cut when too much waits', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited' } });
    const key = await server.register('alice');
    const slow = await rawStream(server, key);
    slow.pause();
    await makeNews(server, 1, () => server.assembled.parts.streams.count() === 0);
    slow.destroy();
  });

  test('of a response, too: what waits is bounded in bytes', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited' } });
    const key = await server.register('alice');
    const request = new Request('http://127.0.0.1:8787/auth/events/', { headers: { authorization: `Token ${key}` } });
    const response = await server.auth.handler(request);
    await makeNews(server, 1, () => server.assembled.parts.streams.count() === 0);
    await assert.rejects(response.text());
  });

  test('and in time: what waits over two heartbeats is given up', async () => {
    await using server = await testServer({ events: { heartbeatSeconds: 0.02 } });
    const key = await server.register('alice');
    const request = new Request('http://127.0.0.1:8787/auth/events/', { headers: { authorization: `Token ${key}` } });
    const response = await server.auth.handler(request);
    await untilCount(server, 0);
    await assert.rejects(response.text());
  });
});
