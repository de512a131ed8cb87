import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { bucketOf, slotOfBucket } from '../../src/stores/redis/keys.ts';
import { openRedisStore, type RedisStore } from '../../src/stores/redis/store.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { command } from '../servers/redis.ts';
import { available, type RedisCluster, startRedisCluster } from '../servers/redis-cluster.ts';
import { cases } from './redis-cases.ts';
import { eventually } from './redis-eventually.ts';
import { feedCases } from './redis-feed-cases.ts';
import { listen, untilHeard } from './redis-listener.ts';
import { endingOf, type In, liveOf, newGate, secret, signIn, withWorld } from './redis-parts.ts';

const missing = available();
const unavailable = { name: 'StoreUnavailable' };

function keysOf(cluster: RedisCluster) {
  const seeds = cluster.seeds.map(({ host, port }) => `${host}:${port}`);
  return { url: `redis+cluster://${seeds.slice(0, 2)}`, prefix: cluster.newPrefix() };
}

const keyOf = (bucket: number): string => `{${bucket.toString(16).padStart(2, '0')}}`;

/** A gate of an account whose keys lie in a bucket. */
function gateIn(bucket: number) {
  for (;;) {
    const gate = newGate();
    if (bucketOf(gate.accountId) === bucket) return gate;
  }
}

describe('a Redis Cluster keeps sessions', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const cluster = await startRedisCluster({ replicas: 0 });
  after(() => cluster.stop());

  for (const [name, run] of Object.entries(cases)) test(name, () => withWorld(keysOf(cluster), run));
  for (const [name, run] of Object.entries(feedCases)) test(`the feed: ${name}`, () => withWorld(keysOf(cluster), run));

  test('it refuses a script that reaches beyond the slot of its keys, even to what the same node keeps', async () => {
    const owner = await cluster.ownerOf(keyOf(0));
    for (let bucket = 1; bucket < 64; bucket++) {
      if ((await cluster.ownerOf(keyOf(bucket))) !== owner) continue;
      const reach = `#!lua\nreturn redis.call('EXISTS', '${keyOf(bucket)}x')`;
      await assert.rejects(command(owner?.url ?? '', 'EVAL', reach, 1, `${keyOf(0)}x`), /do not hash to the same slot/);
      return;
    }
    assert.fail('a node keeps several buckets');
  });

  test('the slots of the hash tags are those that the Cluster says', async () => {
    const url = cluster.nodes[0]?.url ?? '';
    for (let bucket = 0; bucket < 64; bucket++) {
      assert.equal(await command(url, 'CLUSTER', 'KEYSLOT', `lk:${keyOf(bucket)}:due`), slotOfBucket(bucket));
    }
  });

  for (const first of ['sessions', 'lists'] as const)
    test(`F-1: while a slot moves, key by key, ${first} first, nobody is let in beside another, and every session is found`, () =>
      withWorld(keysOf(cluster), async ({ store, connect }) => {
        const bucket = 7;
        const gates = Array.from({ length: 4 }, () => gateIn(bucket));
        const signedIn: In[] = [];
        for (const gate of gates) signedIn.push(await signIn(store, gate), await signIn(store, gate));
        const looked = signedIn.slice(0, 8);
        const listener = await listen(await connect());
        const from = listener.heard.length;
        let refused = 0;
        const tryAll = async (): Promise<void> => {
          for (const gate of gates) {
            const outcome = await signIn(store, gate).catch(onlyUnavailable);
            if (outcome === null) refused++;
            else signedIn.push(outcome);
          }
        };
        await moveSlot(cluster, bucket, first, async () => {
          await tryAll();
          for (const one of looked) await endingOf(store, one);
          for (const gate of gates) {
            const live = await liveOf(store, gate).catch(onlyUnavailable);
            assert.ok(live === null || live.length === 1, 'all of a list, or nothing');
          }
          assert.equal(await store.sessions.find({ accountId: gates[0]?.accountId ?? 0, hash: secret(99) }), null);
        });
        // told by the server, before anybody looks again who keeps what
        await listener.until(`down ${bucket}`, from, 2500);
        assert.ok(refused > 0, 'of what is on its way nobody looks at half');
        for (const gate of gates) {
          signedIn.push(await eventually(() => signIn(store, gate)));
          assert.equal((await liveOf(store, gate)).length, 1);
        }
        const endings = await Promise.all(signedIn.map((one) => endingOf(store, one)));
        assert.equal(endings.filter((ending) => ending === null).length, gates.length, 'exactly one of each account');
        await listener.until(`up ${bucket}`, from);
        await untilHeard(listener, bucket, from);
        await listener.line.close();
      }));
});

function onlyUnavailable(error: unknown): null {
  assert.ok(error instanceof StoreUnavailable, String(error));
  return null;
}

/** Moves a bucket's slot to another master, as operators do, and calls back after each key. */
async function moveSlot(
  cluster: RedisCluster,
  bucket: number,
  first: 'sessions' | 'lists',
  during: () => Promise<void>,
): Promise<void> {
  const slot = slotOfBucket(bucket);
  const source = await cluster.ownerOf(keyOf(bucket));
  const target = cluster.nodes.find((node) => node !== source);
  assert.ok(source !== null && target !== undefined);
  const [sourceId, targetId] = await Promise.all([source, target].map(({ url }) => command(url, 'CLUSTER', 'MYID')));
  await command(target.url, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(sourceId));
  await command(source.url, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(targetId));
  for (;;) {
    // what comes into being meanwhile moves as well
    const keys = (await command(source.url, 'CLUSTER', 'GETKEYSINSLOT', slot, 1000)) as readonly string[];
    if (keys.length === 0) break;
    const rank = (key: string): number => (key.includes(':s:') === (first === 'sessions') ? 0 : 1);
    for (const key of keys.toSorted((a, b) => rank(a) - rank(b))) {
      await command(source.url, 'MIGRATE', '127.0.0.1', target.port, key, 0, 5000);
      await during();
    }
  }
  for (const { url } of [target, source, ...cluster.nodes])
    await command(url, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(targetId));
}

describe('a Redis Cluster whose masters fail', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const cluster = await startRedisCluster({ nodeTimeoutMs: 1000 });
  after(() => cluster.stop());

  /** A store, a listener, and an account in the bucket and in another that another master keeps. */
  const prepared = async (store: RedisStore, bucket: number) => {
    const from = await cluster.ownerOf(keyOf(bucket));
    assert.ok(from !== null);
    let elsewhere = 0;
    while ((await cluster.ownerOf(keyOf(elsewhere))) === from) elsewhere++;
    const [mine, other] = [gateIn(bucket), gateIn(elsewhere)];
    const inside = await eventually(() => signIn(store, mine));
    const beside = await eventually(() => signIn(store, other));
    return { from, elsewhere, mine, other, inside, beside, listener: await listen(store) };
  };

  test('a switch to a replica is followed at once, and no beat comes back over the former master', () =>
    withWorld(keysOf(cluster), async ({ store, connect }) => {
      const bucket = 5;
      const asking = await connect();
      const { from, mine, inside, listener } = await prepared(store, bucket);
      const before = listener.heard.length;
      const id = String(await command(from.url, 'CLUSTER', 'MYID'));
      const replicas = (await command(from.url, 'CLUSTER', 'REPLICAS', id)) as readonly string[];
      const port = Number(/127\.0\.0\.1:(\d+)@/.exec(replicas[0] ?? '')?.[1]);
      await command(`redis://127.0.0.1:${port}`, 'CLUSTER', 'FAILOVER');
      const to = await cluster.untilFailedOver(keyOf(bucket), from);
      assert.equal(to.port, port);
      assert.equal(await endingOf(asking, inside), null, 'with the first question');
      await untilHeard(listener, bucket, before);
      assert.ok(listener.heard.slice(before).includes(`down ${bucket}`));
      const again = await eventually(() => signIn(store, mine));
      assert.deepEqual(
        again.displaced.map(({ id: of }) => of),
        [inside.session.id],
      );
      await listener.until(new RegExp(`^${bucket} changed .* ${mine.accountId}$`), before);
      await listener.line.close();
    }));

  test('a master that dies takes its own accounts out, and they are back with its replica', () =>
    withWorld(keysOf(cluster), async ({ store, connect }) => {
      const bucket = 9;
      const waiting = await connect({ wait: { replicas: 1, ms: 1000 } });
      const { from, elsewhere, mine, other, beside, listener } = await prepared(store, bucket);
      const last = await eventually(() => signIn(waiting, mine));
      const before = listener.heard.length;
      await from.kill();
      const failing = performance.now();
      await assert.rejects(store.sessions.find(last.token), unavailable);
      assert.ok(performance.now() - failing < 2500);
      assert.equal(await endingOf(store, beside), null, 'the others are not concerned');
      await signIn(store, other);
      await listener.until(`down ${bucket}`, before);
      assert.ok(!listener.heard.slice(before).includes(`down ${elsewhere}`));
      await cluster.untilFailedOver(keyOf(bucket), from);
      assert.equal(await eventually(() => endingOf(store, last)), null, 'what a replica had is kept');
      const next = await eventually(() => signIn(store, mine));
      assert.deepEqual(
        next.displaced.map(({ id }) => id),
        [last.session.id],
      );
      await untilHeard(listener, bucket, before);
      await listener.line.close();
      await from.restart();
    }));

  test('a master that stops, and goes on as a replica, is left, and its late word is not listened to', () =>
    withWorld(keysOf(cluster), async ({ store }) => {
      const bucket = 40;
      const { from, mine, listener } = await prepared(store, bucket);
      const before = listener.heard.length;
      await from.pause();
      let to = from;
      try {
        to = await cluster.untilFailedOver(keyOf(bucket), from);
        listener.line.reconnect(bucket);
        await untilHeard(listener, bucket, before);
        await eventually(() => signIn(store, mine));
      } finally {
        from.resume();
      }
      assert.notEqual(to, from);
      await eventually(() => signIn(store, mine));
      assert.equal((await eventually(() => liveOf(store, mine))).length, 1);
      await untilHeard(listener, bucket, listener.heard.length);
      await listener.line.close();
    }));

  test('nobody who names nodes that are not there waits for long', async () => {
    await assert.rejects(openRedisStore('redis+cluster://127.0.0.1:1,127.0.0.1:2'), unavailable);
    const [first] = cluster.nodes;
    await assert.rejects(openRedisStore(first?.url ?? ''), /redis\+cluster:\/\//);
  });
});
