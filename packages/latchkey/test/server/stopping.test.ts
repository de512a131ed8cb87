import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { PASSWORD } from '../attempts/asking.ts';
import { ask, QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';
import { sendHalf, untilRefused } from './half-sent.ts';

type World = { readonly server: ServingProcess; restart(): Promise<ServingProcess> };

async function withServer(
  environment: Readonly<Record<string, string>>,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const file = `${folder.path}/test.db`;
  const started = [await startServer(file, environment)];
  const [server] = started;
  try {
    await ask(`${server?.url}/auth/registration/`, {
      body: { username: 'ann', password1: PASSWORD, password2: PASSWORD },
    });
    await run({
      server: server ?? assert.fail(),
      async restart() {
        const again = await startServer(file, environment);
        started.push(again);
        return again;
      },
    });
  } finally {
    for (const one of started) await one.stop('SIGKILL');
    folder.remove();
  }
}

const CREDENTIALS = { username: 'ann', password: PASSWORD };
const SLOW = { LATCHKEY_RATE_LIMITS: 'off', LATCHKEY_HASH_CONCURRENCY: '1', LATCHKEY_SESSION_LIMIT: 'unlimited' };

test('P9: sign-ins that wait for their turn to be hashed are answered, kept, and the process ends well', async () => {
  await withServer(SLOW, async ({ server, restart }) => {
    const requests = await Promise.all(
      Array.from({ length: 12 }, () => sendHalf(server.url, '/auth/login/', CREDENTIALS)),
    );
    const answers = requests.map((request) => request.finish());
    await Promise.race(answers);
    server.process.kill('SIGTERM');
    const keys = (await Promise.all(answers)).map((answer) => /"key":"([^"]*)"/.exec(answer)?.[1]);
    if (server.process.exitCode === null) await once(server.process, 'exit');
    assert.equal(server.process.exitCode, 0);
    const again = await restart();
    for (const key of keys) {
      assert.equal((await ask(`${again.url}/auth/session/`, { key: key ?? '' })).status, 200);
    }
  });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`P9: after ${signal} nobody new is let in, and a request that is under way is still answered`, async () => {
    await withServer(QUICK, async ({ server }) => {
      const request = await sendHalf(server.url, '/auth/login/', CREDENTIALS);
      server.process.kill(signal);
      await untilRefused(server.url);
      assert.equal(server.process.exitCode, null);
      assert.match(await request.finish(), /^HTTP\/1\.1 200 .*"key":"lk_/s);
      if (server.process.exitCode === null) await once(server.process, 'exit');
      assert.equal(server.process.exitCode, 0);
    });
  });
}

test('P9: a second signal does not wait for whoever is under way', async () => {
  await withServer(QUICK, async ({ server }) => {
    const request = await sendHalf(server.url, '/auth/login/', CREDENTIALS);
    const ended = once(server.process, 'exit');
    server.process.kill('SIGTERM');
    await untilRefused(server.url);
    server.process.kill('SIGTERM');
    await ended;
    assert.equal(server.process.exitCode, 1);
    assert.equal(await request.answer, '');
  });
});

test('P9: a connection that is kept for a next request holds nothing up', async () => {
  await withServer(QUICK, async ({ server }) => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.stop();
    assert.equal(server.process.exitCode, 0);
    await closed;
  });
});

test('P8: what was acknowledged before a kill is there afterwards', async () => {
  await withServer(QUICK, async ({ server, restart }) => {
    const { body } = await ask(`${server.url}/auth/login/`, { body: CREDENTIALS });
    await server.stop('SIGKILL');
    const again = await restart();
    assert.equal((await ask(`${again.url}/auth/session/`, { key: String(body['key']) })).status, 200);
  });
});
