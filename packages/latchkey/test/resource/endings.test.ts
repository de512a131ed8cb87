/** For how long what was told of endings is known, by servers whose settings and clocks differ. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { followEndedSessions } from '../../src/resource/ended-sessions.ts';
import { jwtServer } from '../jwt/tokens.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const LONG_MS = 10 * MINUTE_MS;
const SHORT_MS = 5 * SECOND_MS;

type Told = {
  readonly keep: number;
  readonly aheadMs?: number;
  readonly ended?: readonly [id: string, agoMs: number][];
};

/** Follows a server that says these things, one after the other. */
async function following(told: readonly Told[], look: (endings: ReturnType<typeof followEndedSessions>) => void) {
  let position = 0;
  const server = createServer((_, response) => {
    const { keep, aheadMs = 0, ended = [] } = told[Math.min(position, told.length - 1)] ?? { keep: 0 };
    position++;
    const now = Date.now() + aheadMs;
    const page = { position, now, keep, looked_after: 0, more: false };
    response.end(JSON.stringify({ ...page, ended: ended.map(([id, agoMs]) => ({ id, at: now - agoMs })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const endings = followEndedSessions({ url, secret: 'any', boundMs: 5_000, warn: () => undefined });
  try {
    for (const end = Date.now() + 10_000; position <= told.length; await sleep(5)) assert.ok(Date.now() < end);
    look(endings);
  } finally {
    endings.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('an ending is known as long as any token from before it is believed, whoever told it', async () => {
  const ended: Told['ended'] = [
    ['ses_seconds_ago', 30 * SECOND_MS],
    ['ses_minutes_ago', 5 * MINUTE_MS],
    ['ses_long_ago', 15 * MINUTE_MS],
  ];
  await following([{ keep: LONG_MS }, { keep: LONG_MS, ended }, { keep: LONG_MS }], (endings) => {
    for (const id of ['ses_seconds_ago', 'ses_minutes_ago']) assert.equal(endings.hasEnded(id), true, id);
    assert.equal(endings.hasEnded('ses_long_ago'), false, 'of before that no token is believed');
    assert.ok(Date.now() - 15 * MINUTE_MS + MINUTE_MS < endings.knownSince());
  });
});

test('what was once forgotten stays so: nothing from before it is believed, however long the others are', async () => {
  const ended: Told['ended'] = [['ses_minutes_ago', 5 * MINUTE_MS]];
  await following([{ keep: LONG_MS, ended }, { keep: SHORT_MS }, { keep: LONG_MS }], (endings) => {
    assert.equal(endings.hasEnded('ses_minutes_ago'), false);
    assert.ok(endings.knownSince() > Date.now() - 5 * MINUTE_MS + MINUTE_MS, 'its tokens are too old');
  });
});

test('who begins to follow is told of a minute more than they believe tokens of: whoever issued one may be ahead', async () => {
  const endingsSecret = 'what-lets-a-server-follow-the-endings';
  await using server = await jwtServer({ jwt: { endingsSecret, accessSeconds: 60 } });
  await server.register('alice');
  await server.signIn('alice');
  const told = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${endingsSecret}` };
    const { status, body } = await server.ask('/auth/ended-sessions/', { headers });
    assert.equal(status, 200);
    return (body as { readonly ended: readonly unknown[] }).ended.length;
  };
  server.clock.advance(170 * SECOND_MS);
  assert.equal(await told(), 1);
  server.clock.advance(20 * SECOND_MS);
  assert.equal(await told(), 0);
});

test('a server whose clock is ahead makes no token too old for long', async () => {
  await following([{ keep: LONG_MS, aheadMs: 60 * MINUTE_MS }, { keep: LONG_MS }], (endings) => {
    assert.ok(endings.knownSince() <= Date.now() - LONG_MS);
  });
});
