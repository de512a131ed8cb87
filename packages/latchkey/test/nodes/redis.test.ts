import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OwnRedis, startable, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { type Fleet, startFleet, until } from './fleet.ts';
import { promisesOfNodes } from './promises.ts';

describe('three nodes with sessions in Redis', { skip: startable() ?? false }, () => {
  const folder = temporaryFolder();
  let server: OwnRedis;
  let fleet: Fleet;
  before(async () => {
    server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    fleet = await startFleet({
      LATCHKEY_DATABASE: `sqlite:${folder.path}/test.db`,
      LATCHKEY_SESSIONS: server.url,
    });
  });
  after(async () => {
    await fleet.stop();
    await server.stop();
    folder.remove();
  });

  test('F-35, I11: with Redis gone a check is 503 within the horizon and not live after it; service returns by itself', async () => {
    await fleet.register('ann');
    const key = await fleet.signIn('ann');
    for (let times = 0; times < 3; times++) assert.deepEqual(await fleet.check(key), ['200', '200', '200']);
    await server.pause();
    await until('every node says that the store is not there', async () =>
      (await fleet.check(key)).every((verdict) => verdict === '503 store_unavailable'),
    );
    server.resume();
    await until('every node is back', async () => (await fleet.check(key)).every((verdict) => verdict === '200'));
  });

  test('F-37, P8: a Redis that is killed and keeps its log loses no sign-in, and nothing that was ended comes back', async () => {
    await fleet.register('ben');
    const old = await fleet.signIn('ben');
    const key = await fleet.signIn('ben', 1);
    await server.restart('SIGKILL');
    await until('every node is back', async () => (await fleet.check(key)).every((verdict) => verdict === '200'));
    assert.deepEqual(
      await fleet.check(old),
      fleet.nodes.map(() => '401 session_displaced'),
    );
  });

  for (const { name, run } of promisesOfNodes) test(name, () => run(fleet));
});
