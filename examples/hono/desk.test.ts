import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { latchkey } from 'latchkey';
import { nodeHandler } from 'latchkey/node';
import { resource } from 'latchkey/resource';
import { OWN_ORIGIN, PASSWORD } from '../behaviour.ts';
import { desk } from './src/desk.ts';

const endingsSecret = 'what-lets-the-desk-follow-the-endings';

test('the desk lets in whoever has a token, and nobody whose session has ended', async () => {
  const auth = await latchkey({
    origin: OWN_ORIGIN,
    database: 'sqlite::memory:',
    mail: { smtpUrl: 'none' },
    passwords: { hash: 'dangerously-cheap' },
    jwt: { use: true, httpOnly: false, endingsSecret },
  });
  const server = createServer(nodeHandler(auth)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokens = await resource({ issuer: OWN_ORIGIN, api: `${url}/auth`, endingsSecret });
  try {
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    const signIn = async (): Promise<string> => {
      const body = new URLSearchParams({ username: 'ann', password: PASSWORD });
      const answer = await fetch(`${url}/auth/login/`, { method: 'POST', body });
      return ((await answer.json()) as { access: string }).access;
    };
    const statusFor = async (access: string): Promise<number> =>
      (await desk(tokens).request('/desk/', { headers: { authorization: `Bearer ${access}` } })).status;
    const first = await signIn();
    assert.equal(await statusFor(first), 200);
    const second = await signIn();
    for (let tries = 0; (await statusFor(first)) === 200; tries++) {
      assert.ok(tries < 500, 'it goes on');
      await sleep(10);
    }
    assert.equal(await statusFor(first), 401);
    assert.equal(await statusFor(second), 200);
  } finally {
    tokens.close();
    server.close();
    server.closeAllConnections();
    await auth.close();
  }
});
