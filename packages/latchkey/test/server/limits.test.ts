import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Serving, serve } from '../../src/server/serve.ts';

let serving: Serving;
before(async () => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const options = { database: 'sqlite::memory:', log: quiet, rateLimits: 'off' } as const;
  serving = await serve(options, { host: '127.0.0.1', port: 0 }, {});
});
after(() => serving.stop());

/** The server behind a request, as Node tells those who watch. */
async function serverItself(): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const listen = (message: unknown): void => resolve((message as { server: Server }).server);
  subscribe('http.server.request.start', listen);
  await fetch(`http://127.0.0.1:${serving.port}/healthz`);
  unsubscribe('http.server.request.start', listen);
  return await promise;
}

/** What the server answers to these bytes until it closes the connection. */
async function exchange(...parts: readonly string[]): Promise<string> {
  const socket = connect(serving.port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const part of parts) socket.write(part);
  await closed;
  return received;
}

describe('a client that takes its time, or too much', () => {
  test('P3: has ten seconds for its headers, fifteen for a request, and five between two', async () => {
    const server = await serverItself();
    assert.deepEqual([server.headersTimeout, server.requestTimeout, server.keepAliveTimeout], [10_000, 15_000, 5_000]);
    // How often it looks whether somebody's time is up.
    assert.equal(Reflect.get(server, 'connectionsCheckingInterval'), 5_000);
  });

  test('P3, J16: is cut off when its headers are more than sixteen kibibytes', async () => {
    const answer = await exchange(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
  });

  test('P3: is cut off in the middle of a body that is too large, not after it', async () => {
    const head = 'POST /auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const answer = await exchange(`${head}Content-Length: 1000000\r\n\r\n`, 'x'.repeat(1000));
    assert.match(answer, /^HTTP\/1\.1 413 .*Connection: close/is);
    const chunked = await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n`, `11170\r\n${'x'.repeat(70_000)}\r\n`);
    assert.match(chunked, /^HTTP\/1\.1 413 /);
  });
});

describe('what is nobody’s', () => {
  const unknown = [
    '/auth',
    '/auth/',
    '/auth/nothing/',
    '/api/',
    '/healthz/',
    '/readyz/x',
    '/../etc/passwd',
    '/dev/',
    '/favicon.ico',
  ];
  for (const path of unknown) {
    test(`N11, N15: ${path} is a page that says no more than that it is not there`, async () => {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await fetch(`http://127.0.0.1:${serving.port}${path}`, { method });
        assert.equal(answer.status, 404);
        assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
        for (const name of ['server', 'x-powered-by', 'set-cookie']) assert.equal(answer.headers.get(name), null);
        assert.doesNotMatch(await answer.text(), /latchkey|node|hono|\/work|\.ts|at /i);
      }
    });
  }
});
