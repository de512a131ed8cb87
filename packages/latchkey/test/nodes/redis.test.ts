import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OwnRedis, startable, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { type Fleet, startFleet, until } from './fleet.ts';
import { promisesOfNodes } from './promises.ts';
import { saysNothingMeanwhile } from './store-gone.ts';

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

  test('F-35, I11: while Redis stands still a check is 503 once the horizon has passed, and service returns by itself', () =>
    saysNothingMeanwhile(fleet, 'ann', { leave: () => server.pause(), comeBack: () => server.resume() }));

  test('F-35, I11: so it is while Redis is stopped', () =>
    saysNothingMeanwhile(fleet, 'bea', { leave: () => server.kill(), comeBack: () => server.restart() }));

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

  for (const { name, run } of promisesOfNodes({ nodes: 3, remembers: true })) test(name, () => run(fleet));
});
