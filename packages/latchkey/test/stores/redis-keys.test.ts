/** What lies in Redis: how long each key stays by itself, what it says, and what becomes of a write that was not finished. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { newSessionToken } from '../../src/crypto/token.ts';
import { BUCKETS, bucketOf } from '../../src/stores/redis/keys.ts';
import { available, command, openRedis } from '../servers/redis.ts';
import {
  admission,
  HOUR_MS,
  LIFETIME_MS,
  newGate,
  RULE,
  secret,
  signIn,
  type World,
  withWorld,
} from './redis-parts.ts';

const missing = available();
const DAY_MS = 24 * HOUR_MS;

async function keysOf({ keys: { url, prefix } }: World): Promise<readonly string[]> {
  return (await command(url, 'KEYS', `${prefix}*`)) as readonly string[];
}

/** A key of a bucket, by the end of its name. */
const keyIn = ({ keys: { prefix } }: World, bucket: number, name: string): string =>
  `${prefix}{${bucket.toString(16).padStart(2, '0')}}:${name}`;

describe('what lies in Redis', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await openRedis();
  after(() => server.stop());

  test('a time to live is a net below the rule: far longer than what is kept can matter, and on all that grows', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const { store, keys } = world;
      const gate = newGate();
      await signIn(store, gate, { max: 2 });
      await signIn(store, gate, { max: 2, method: 'imported', tokenHash: secret(4) });
      await store.sessions.raise(newGate());
      await store.counters.take([{ key: 'k', limit: 1, windowMs: HOUR_MS }]);
      await store.sessions.setRule(RULE);
      const leastOf: Readonly<Record<string, number>> = {
        s: LIFETIME_MS + 365 * DAY_MS,
        p: LIFETIME_MS + 365 * DAY_MS,
        a: 60 * DAY_MS,
        c: HOUR_MS,
      };
      const stays = ['due', 'history', 'rule', 'counters'];
      for (const key of await keysOf(world)) {
        const [kind = ''] = key.slice(keys.prefix.length + '{00}:'.length).split(':');
        const left = Number(await command(keys.url, 'PTTL', key));
        if (stays.includes(kind)) assert.equal(left, -1, key);
        else assert.ok(left > (leastOf[kind] ?? Number.POSITIVE_INFINITY), `${key}: ${left}`);
      }
    }));

  test('a gate stays as long as a session that it let in, however often it is handed over', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const { store, keys } = world;
      const gate = newGate();
      const key = keyIn(world, bucketOf(gate.accountId), `a:${gate.accountId}:gate`);
      await signIn(store, gate, { max: 2 });
      const before = Number(await command(keys.url, 'PTTL', key));
      await store.sessions.raise({ ...gate, revision: 2 });
      assert.ok(Number(await command(keys.url, 'PTTL', key)) > before - HOUR_MS);
    }));

  test('P9: of a token its hash alone is kept', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const gate = newGate();
      const { token, hash } = newSessionToken(gate.accountId);
      await signIn(world.store, gate, { tokenHash: hash });
      const all: unknown[] = [];
      for (const key of await keysOf(world)) all.push(key, await command(world.keys.url, 'DUMP', key));
      assert.ok(JSON.stringify(all).includes(Buffer.from(hash).toString('base64url')));
      assert.ok(!JSON.stringify(all).includes(token));
    }));

  test('P12, L24: of an account whose sessions were purged nothing is left but its gate, and a touch makes nothing', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const { store, clock } = world;
      const gate = newGate();
      for (let turn = 0; turn < 2; turn++) await signIn(store, gate);
      const inside = await signIn(store, gate);
      await signIn(store, gate, { method: 'imported', tokenHash: secret(4) });
      clock.advance(LIFETIME_MS + HOUR_MS);
      assert.equal(await store.sessions.purge({ keepMs: HOUR_MS, limit: 99 }), 4);
      const tokens = [inside.token, { accountId: null, hash: secret(4) }];
      await store.sessions.touch({ tokens, idleMs: 10 * LIFETIME_MS });
      const bucket = bucketOf(gate.accountId);
      const left = [keyIn(world, bucket, `a:${gate.accountId}:gate`), keyIn(world, bucket, 'history')];
      assert.deepEqual([...(await keysOf(world))].sort(), left.sort());
    }));

  test('F-39: a rule that was put in force by half is told to all, and finished by whoever looks', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const { store, connect, keys } = world;
      await store.sessions.setRule(RULE);
      const [first, last] = [0, BUCKETS - 1].map((bucket) => keyIn(world, bucket, 'rule'));
      const number = Number(await command(keys.url, 'HGET', first ?? '', 'number'));
      // the process that wrote it died after the first half
      for (let bucket = 0; bucket < BUCKETS / 2; bucket++)
        await command(
          keys.url,
          'HSET',
          keyIn(world, bucket, 'rule'),
          'number',
          number + 2 ** 31,
          'rule',
          'a newer rule',
        );

      const gates = Array.from({ length: 300 }, () => newGate());
      const outcomes = await Promise.all(gates.map((gate) => store.sessions.admit(admission(gate))));
      for (const [at, { kind }] of outcomes.entries()) {
        const isNew = bucketOf(gates[at]?.accountId ?? 0) < BUCKETS / 2;
        assert.equal(kind, isNew ? 'rule_mismatch' : 'admitted', 'an account’s door follows one rule');
      }
      assert.equal(await (await connect()).sessions.ruleInForce(), 'a newer rule');
      assert.equal(await command(keys.url, 'HGET', last ?? '', 'rule'), 'a newer rule');
      const after = await Promise.all(gates.map((gate) => store.sessions.admit(admission(gate))));
      assert.deepEqual(new Set(after.map(({ kind }) => kind)), new Set(['rule_mismatch']));
    }));

  test('a copy of the rule that was lost is made again', () =>
    withWorld(server.freshPrefix(), async (world) => {
      await world.store.sessions.setRule(RULE);
      await command(world.keys.url, 'DEL', keyIn(world, 17, 'rule'));
      assert.equal(await world.store.sessions.ruleInForce(), RULE);
      assert.equal(await command(world.keys.url, 'HGET', keyIn(world, 17, 'rule'), 'rule'), RULE);
    }));

  test('a session of which nothing is left but its place takes none', () =>
    withWorld(server.freshPrefix(), async (world) => {
      const { store, keys } = world;
      const gate = newGate();
      const { token } = await signIn(store, gate);
      const hash = Buffer.from(token.hash).toString('base64url');
      await command(keys.url, 'DEL', keyIn(world, bucketOf(gate.accountId), `s:${hash}`));
      assert.deepEqual((await store.sessions.list(gate.accountId)).sessions, []);
      const next = await signIn(store, gate);
      assert.deepEqual(next.displaced, []);
      const live = keyIn(world, bucketOf(gate.accountId), `a:${gate.accountId}:live`);
      assert.equal(await command(keys.url, 'ZCARD', live), 1);
    }));
});
