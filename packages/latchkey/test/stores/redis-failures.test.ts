/** A Redis that cannot do its work: everything is unavailable at once, nothing is half done, and all returns by itself. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openRedisStore, type RedisStore } from '../../src/stores/redis/store.ts';
import { command, type OwnRedis, startable, startRedis } from '../servers/redis.ts';
import { eventually } from './redis-eventually.ts';
import { admission, endingOf, liveOf, newGate, secret, signIn, withWorld } from './redis-parts.ts';

const missing = startable();

/** Milliseconds within which a check gives up, with plenty of room. */
const CHECK_GIVES_UP_MS = 2500;

const unavailable = { name: 'StoreUnavailable' };

async function set(server: OwnRedis, name: string, value: string | number): Promise<void> {
  await command(server.url, 'CONFIG', 'SET', name, value);
}

describe('a Redis that fails', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
  after(() => server.stop());

  test('F-35: one that stopped answering makes a check unavailable in a moment, and a change with an unknown outcome', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const gate = newGate();
      const { token } = await signIn(store, gate);
      await server.pause();
      try {
        const began = performance.now();
        const change = assert.rejects(signIn(store, gate), {
          ...unavailable,
          message: /did not answer in time.*may have been done/,
        });
        await assert.rejects(store.sessions.find(token), unavailable);
        assert.ok(performance.now() - began < CHECK_GIVES_UP_MS, 'a check waits a second, not three');
        await change;
      } finally {
        server.resume();
      }
      await eventually(() => store.sessions.find(token));
    }));

  test('one that is killed is unavailable at once, keeps what was answered, and returns by itself', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const gate = newGate();
      const [first, second] = [await signIn(store, gate), await signIn(store, gate)];
      const waiting = Array.from({ length: 20 }, () => signIn(store, gate));
      const all = Promise.allSettled(waiting);
      await server.kill();
      for (const outcome of await all) {
        if (outcome.status === 'rejected') assert.equal((outcome.reason as Error).name, 'StoreUnavailable');
      }
      const began = performance.now();
      await assert.rejects(store.sessions.find(first.token), {
        ...unavailable,
        message: /127\.0\.0\.1:\d+ cannot be reached/,
      });
      assert.ok(performance.now() - began < 500, 'at once');
      await server.restart();
      await eventually(() => store.sessions.find(first.token));
      assert.equal((await endingOf(store, first))?.reason, 'displaced');
      assert.notEqual(await store.sessions.find(second.token), null);
      assert.equal((await liveOf(store, gate)).length, 1);
    }));

  test('one whose memory is full changes nothing, not even half, and answers checks', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const gate = newGate();
      const first = await signIn(store, gate);
      await set(server, 'maxmemory', 1);
      try {
        await assert.rejects(signIn(store, gate), { ...unavailable, message: /\(OOM\)/ });
        await assert.rejects(store.writable(), unavailable);
        assert.equal(await endingOf(store, first), null);
      } finally {
        await set(server, 'maxmemory', 0);
      }
      await store.writable();
      assert.equal((await signIn(store, gate)).session.sequence, 2);
    }));

  test('one with too few replicas, or that became one, changes nothing', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const gate = newGate();
      await signIn(store, gate);
      await set(server, 'min-replicas-to-write', 1);
      await assert.rejects(signIn(store, gate), { ...unavailable, message: /\(NOREPLICAS\)/ });
      await set(server, 'min-replicas-to-write', 0);
      await command(server.url, 'REPLICAOF', '127.0.0.1', 1);
      try {
        await assert.rejects(signIn(store, gate), { ...unavailable, message: /\(READONLY\)/ });
      } finally {
        await command(server.url, 'REPLICAOF', 'NO', 'ONE');
      }
      await eventually(() => signIn(store, gate));
      assert.equal((await liveOf(store, gate))[0]?.sequence, 2);
    }));

  test('scripts that a server forgot are told again', () =>
    withWorld(server.freshPrefix(), async ({ store }) => {
      const gate = newGate();
      const { token } = await signIn(store, gate);
      await command(server.url, 'SCRIPT', 'FLUSH', 'SYNC');
      assert.notEqual(await store.sessions.find(token), null);
      assert.equal((await signIn(store, gate)).displaced.length, 1);
    }));

  test('a change that no replica has is no change that was made: it is said so', () =>
    withWorld(server.freshPrefix(), async ({ connect, store }) => {
      const waiting = await connect({ wait: { replicas: 1, ms: 50 } });
      const gate = newGate();
      const refused = { ...unavailable, message: /not replicated: 0 of 1 replicas had it within 50 ms/ };
      await assert.rejects(signIn(waiting, gate), refused);
      const { token } = await signIn(store, gate);
      assert.notEqual(await waiting.sessions.find(token), null, 'checks wait for nobody');
      const many = await Promise.allSettled(Array.from({ length: 20 }, () => signIn(waiting, gate)));
      assert.deepEqual(new Set(many.map(({ status }) => status)), new Set(['rejected']));
    }));

  test('P9: a password is in no message, and neither is what a command carried', async () => {
    await set(server, 'requirepass', 'tr0ub4dor');
    const url = (password: string): string => server.url.replace('//', `//:${password}@`);
    const texts: string[] = [];
    const failing = async (work: () => Promise<unknown>): Promise<void> => {
      const error = await work().then(
        () => assert.fail('it did not fail'),
        (reason: unknown) => reason,
      );
      for (let at: unknown = error; at instanceof Error; at = at.cause)
        texts.push(JSON.stringify([at.message, at.stack, { ...at }]));
    };
    try {
      await failing(() => openRedisStore(url('wrong-secret')));
      await failing(() => openRedisStore(server.url));
      await failing(() => openRedisStore(`${url('wrong-secret')}/x/y`));
      const store: RedisStore = await openRedisStore(url('tr0ub4dor'), server.freshPrefix());
      await command(url('tr0ub4dor'), 'ACL', 'SETUSER', 'default', '-evalsha');
      await failing(() => store.sessions.admit(admission(newGate(), { tokenHash: secret(7) })));
      await command(url('tr0ub4dor'), 'ACL', 'SETUSER', 'default', '+evalsha');
      await store.close();
    } finally {
      await command(url('tr0ub4dor'), 'CONFIG', 'SET', 'requirepass', '');
    }
    assert.equal(texts.length, 4);
    assert.doesNotMatch(texts.join(), /wrong-secret|tr0ub4dor|BwcHBw/);
    assert.match(texts.join(), /WRONGPASS/);
    assert.match(texts.join(), /NOAUTH/);
    assert.match(texts.join(), /NOPERM/);
  });

  test('nobody who names a server that is not there waits for long', async () => {
    const began = performance.now();
    await assert.rejects(openRedisStore('redis://127.0.0.1:1'), {
      ...unavailable,
      message: /127\.0\.0\.1:1 .*ECONNREFUSED/,
    });
    assert.ok(performance.now() - began < 6000);
  });
});
