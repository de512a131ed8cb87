import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { available, command, openRedis, startable, startRedis } from '../servers/redis.ts';
import { cases } from './redis-cases.ts';
import { feedCases } from './redis-feed-cases.ts';
import { listen } from './redis-listener.ts';
import { newGate, signIn, withWorld } from './redis-parts.ts';

const missing = available();

describe('F-38: Redis stand-alone keeps sessions', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await openRedis();
  after(() => server.stop());
  for (const [name, run] of Object.entries(cases)) test(name, () => withWorld(server.freshPrefix(), run));
});

describe('Redis stand-alone tells nodes of each other', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await openRedis();
  after(() => server.stop());
  for (const [name, run] of Object.entries(feedCases)) test(name, () => withWorld(server.freshPrefix(), run));
});

const unstartable = startable();

describe('a feed on a server that fails', { skip: unstartable ?? false }, async () => {
  if (unstartable !== null) return;
  const server = await startRedis();
  after(() => server.stop());

  test('a connection that the server cuts is down, comes back, and missed what was said meanwhile', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const listener = await listen(store);
      const gate = newGate();
      await signIn(store, gate);
      const from = listener.heard.length;
      await command(server.url, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
      await listener.until('down 0', from);
      await listener.until('up 0', from);
      await signIn(store, gate);
      await listener.until(/changed/, from);
      assert.deepEqual(listener.heard.slice(from, from + 2), ['down 0', 'up 0']);
      await listener.line.close();
    }));

  test('a server that takes no writes sends no beat back, and the lane is down until it does', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const listener = await listen(store);
      const set = (replicas: number) => command(server.url, 'CONFIG', 'SET', 'min-replicas-to-write', replicas);
      const from = listener.heard.length;
      await set(1);
      try {
        listener.line.beat(0, 5);
        await listener.until('down 0', from);
      } finally {
        await set(0);
      }
      await listener.until('up 0', from);
      listener.line.beat(0, 6);
      await listener.until(/beat \S+ 6/, from);
      assert.ok(!listener.heard.some((text) => text.endsWith(' 5')));
      await listener.line.close();
    }));

  test('a server that stopped answering is given up when somebody says so, and heard again when it is back', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const listener = await listen(store);
      const from = listener.heard.length;
      await server.pause();
      try {
        listener.line.beat(0, 1);
        await sleep(100);
        assert.equal(listener.heard.length, from, 'nobody noticed yet');
        listener.line.reconnect(0);
        assert.equal(listener.heard[from], 'down 0');
      } finally {
        server.resume();
      }
      await listener.until('up 0', from);
      await listener.line.close();
    }));

  test('a server that restarts is heard again', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const listener = await listen(store);
      const from = listener.heard.length;
      await server.restart('SIGKILL');
      await listener.until('down 0', from);
      await listener.until('up 0', from);
      listener.line.beat(0, 3);
      await listener.until(/beat \S+ 3/, from);
      await listener.line.close();
    }));
});
