import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { command } from '../servers/redis.ts';
import { available, type RedisSentinel, startRedisSentinel } from '../servers/redis-sentinel.ts';
import { cases } from './redis-cases.ts';
import { eventually } from './redis-eventually.ts';
import { feedCases } from './redis-feed-cases.ts';
import { listen, untilHeard } from './redis-listener.ts';
import { endingOf, liveOf, newGate, signIn, withWorld } from './redis-parts.ts';

const missing = available();

function keysOf({ sentinels, name, newPrefix }: RedisSentinel) {
  return {
    url: `redis+sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`)}/${name}`,
    prefix: newPrefix(),
  };
}

describe('Redis under Sentinel keeps sessions', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const redis = await startRedisSentinel();
  after(() => redis.stop());

  for (const [name, run] of Object.entries(cases)) test(name, () => withWorld(keysOf(redis), run));
  for (const [name, run] of Object.entries(feedCases)) test(`the feed: ${name}`, () => withWorld(keysOf(redis), run));

  test('a switch to a replica is followed, and what it had is kept', () =>
    withWorld(keysOf(redis), async ({ store, connect }) => {
      const waiting = await connect({ wait: { replicas: 1, ms: 2000 } });
      const gate = newGate();
      const inside = await eventually(() => signIn(waiting, gate));
      const listener = await listen(store);
      const from = listener.heard.length;
      const before = await redis.master();
      const [first] = redis.sentinels;
      await command(`redis://127.0.0.1:${first?.port}`, 'SENTINEL', 'FAILOVER', redis.name);
      await redis.untilFailedOver(before);
      const next = await eventually(() => signIn(store, gate));
      assert.deepEqual(
        next.displaced.map(({ id }) => id),
        [inside.session.id],
      );
      await listener.until('down 0', from);
      await untilHeard(listener, 0, from);
      await eventually(() => signIn(store, gate));
      await listener.until(new RegExp(`changed .* ${gate.accountId}$`), from);
      await listener.line.close();
    }));

  test('a primary that stops answering is left for its replica, and not believed when it goes on', () =>
    withWorld(keysOf(redis), async ({ store, connect }) => {
      const waiting = await connect({ wait: { replicas: 1, ms: 2000 } });
      const gate = newGate();
      const inside = await eventually(() => signIn(waiting, gate));
      const listener = await listen(store);
      const before = await redis.master();
      await before.pause();
      try {
        await redis.untilFailedOver(before);
        const next = await eventually(() => signIn(store, gate));
        assert.deepEqual(
          next.displaced.map(({ id }) => id),
          [inside.session.id],
        );
        listener.line.reconnect(0);
        await untilHeard(listener, 0, listener.heard.length);
      } finally {
        before.resume();
      }
      await eventually(() => signIn(store, gate));
      assert.equal((await eventually(() => liveOf(store, gate))).length, 1);
      await listener.line.close();
    }));

  test('a primary that dies is left for its replica', () =>
    withWorld(keysOf(redis), async ({ store, connect }) => {
      const waiting = await connect({ wait: { replicas: 1, ms: 2000 } });
      const gate = newGate();
      const inside = await eventually(() => signIn(waiting, gate));
      const listener = await listen(store);
      const from = listener.heard.length;
      const before = await redis.master();
      await before.kill();
      await assert.rejects(store.sessions.find(inside.token), { name: 'StoreUnavailable' });
      await redis.untilFailedOver(before);
      assert.equal(await eventually(() => endingOf(store, inside)), null);
      await eventually(() => signIn(store, gate));
      assert.equal((await eventually(() => liveOf(store, gate))).length, 1);
      await untilHeard(listener, 0, from);
      await listener.line.close();
    }));
});
