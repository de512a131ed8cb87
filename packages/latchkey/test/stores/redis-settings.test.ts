/** What an operator says of Redis, and how Redis itself is set. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openRedisStore } from '../../src/stores/redis/store.ts';
import { targetOf } from '../../src/stores/redis/target.ts';
import { command, startable, startRedis } from '../servers/redis.ts';

describe('a URL says where Redis is', () => {
  const plain = { isTls: false, username: null, password: null, database: 0, primaryName: null };
  const at = (host: string, port: number) => ({ host, port });
  const good: Readonly<Record<string, object>> = {
    'redis://127.0.0.1:6380': { ...plain, kind: 'alone', endpoints: [at('127.0.0.1', 6380)] },
    'redis://redis.test': { ...plain, kind: 'alone', endpoints: [at('redis.test', 6379)] },
    'rediss://ann:p%40ss%3A%2F@redis.test/3': {
      ...plain,
      kind: 'alone',
      endpoints: [at('redis.test', 6379)],
      isTls: true,
      username: 'ann',
      password: 'p@ss:/',
      database: 3,
    },
    'redis://:secret@[::1]:7': { ...plain, kind: 'alone', endpoints: [at('::1', 7)], password: 'secret' },
    'redis+sentinel://:x@a:1,b,c:3/my%20primary/2': {
      ...plain,
      kind: 'sentinel',
      endpoints: [at('a', 1), at('b', 26_379), at('c', 3)],
      password: 'x',
      primaryName: 'my primary',
      database: 2,
    },
    'rediss+cluster://a:1,b:2': { ...plain, kind: 'cluster', endpoints: [at('a', 1), at('b', 2)], isTls: true },
  };
  for (const [url, target] of Object.entries(good)) test(url, () => assert.deepEqual(targetOf(url), target));

  const bad: Readonly<Record<string, RegExp>> = {
    'http://hunter2@a': /another form/,
    'redis://a:hunter2@a@b': /another form/,
    'redis://a,b': /several hosts/,
    'redis://a:70000': /a host or its port/,
    'redis://:hunter2@a:port': /a host or its port/,
    'redis://hunter2@a': /no password/,
    'redis://x:hunter2%@a': /percent-encoded/,
    'redis://:hunter2@a/x': /no database/,
    'redis+sentinel://:hunter2@a': /name, which is missing/,
    'redis+cluster://:hunter2@a/1': /database 0 alone/,
  };
  for (const [url, why] of Object.entries(bad)) {
    test(`${url} is refused, with the forms that there are, and without what it holds`, () => {
      assert.throws(
        () => targetOf(url),
        (error: Error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, why);
          assert.match(error.message, /redis\+sentinel:\/\/HOST/);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
      );
    });
  }

  test('a prefix that would make another hash tag is refused', async () => {
    await assert.rejects(openRedisStore('redis://127.0.0.1:1', { prefix: 'a{b}' }), /prefix/);
  });
});

const missing = startable();

describe('how Redis is set is looked at when it is opened', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await startRedis();
  after(() => server.stop());
  const warningsWith = async (
    ...settings: readonly (readonly [name: string, value: string])[]
  ): Promise<readonly string[]> => {
    for (const [name, value] of settings) await command(server.url, 'CONFIG', 'SET', name, value);
    const store = await openRedisStore(server.url);
    await store.close();
    return store.warnings;
  };

  test('one that deletes live sessions when its memory is full is refused, with the remedy', async () => {
    await assert.rejects(
      warningsWith(['maxmemory', '100mb'], ['maxmemory-policy', 'allkeys-lru']),
      /CONFIG SET maxmemory-policy noeviction/,
    );
    await warningsWith(['maxmemory', '0']);
    await warningsWith(['maxmemory', '100mb'], ['maxmemory-policy', 'noeviction']);
  });

  test('one that keeps nothing on its disk is warned of', async () => {
    const warnings = await warningsWith(['save', ''], ['appendonly', 'no']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /everybody is signed out.*CONFIG SET appendonly yes/);
    assert.deepEqual(await warningsWith(['save', ''], ['appendonly', 'yes']), []);
  });

  test('P4: one that a crash brings back with ended sessions alive is warned of: snapshots alone, as Debian sets it', async () => {
    const warnings = await warningsWith(['save', '3600 1 300 100 60 10000'], ['appendonly', 'no']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /displaced or signed out are good again\. CONFIG SET appendonly yes/);
    assert.deepEqual(await warningsWith(['appendonly', 'yes']), []);
  });

  test('one that never asks the disk whether it has it is warned of', async () => {
    const warnings = await warningsWith(['appendonly', 'yes'], ['appendfsync', 'no']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /half a minute.*CONFIG SET appendfsync everysec/);
    for (const often of ['everysec', 'always']) assert.deepEqual(await warningsWith(['appendfsync', often]), []);
  });

  test('one with replicas that takes writes without them is warned of', async () => {
    const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    try {
      while (!String(await command(server.url, 'INFO', 'replication')).includes('state=online'));
      assert.match((await warningsWith(['appendonly', 'yes'])).join(), /CONFIG SET min-replicas-to-write 1/);
      assert.deepEqual(await warningsWith(['min-replicas-to-write', '1']), []);
      await assert.rejects(openRedisStore(replica.url), /is a replica: name its primary/);
      const url = server.url;
      const store = await openRedisStore(url, { wait: { replicas: 1, ms: 1000 } });
      await store.sessions.setRule('x');
      await store.close();
    } finally {
      await command(server.url, 'CONFIG', 'SET', 'min-replicas-to-write', 0);
      await replica.stop();
    }
  });

  test('one that lets nobody look is warned of', async () => {
    await command(server.url, 'ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-config');
    const store = await openRedisStore(server.url.replace('//', '//app:pw@'));
    assert.match(store.warnings.join(), /lets nobody look at its settings/);
    await store.close();
  });
});
