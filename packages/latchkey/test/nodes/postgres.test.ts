import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OwnPostgres, startable, startPostgres } from '../servers/postgres.ts';
import { type Fleet, startFleet, until } from './fleet.ts';
import { promisesOfNodes } from './promises.ts';

describe('three nodes on PostgreSQL', { skip: startable() ?? false }, () => {
  let server: OwnPostgres;
  let fleet: Fleet;
  before(async () => {
    server = await startPostgres({ disk: 'durable' });
    fleet = await startFleet({ LATCHKEY_DATABASE: server.url });
  });
  after(async () => {
    await fleet.stop();
    await server.stop();
  });

  test('F-35, I11: with the database gone a check is 503 within the horizon and not live after it; service returns by itself', async () => {
    await fleet.register('ann');
    const key = await fleet.signIn('ann');
    for (let times = 0; times < 3; times++) assert.deepEqual(await fleet.check(key), ['200', '200', '200']);
    await server.pause();
    const stopped = performance.now();
    await until('every node says that the store is not there', async () =>
      (await fleet.check(key)).every((verdict) => verdict === '503 store_unavailable'),
    );
    assert.ok(performance.now() - stopped < 4_000, 'the horizon is a second, and a read has another');
    for (let times = 0; times < 3; times++) {
      assert.deepEqual(
        await fleet.check(key),
        fleet.nodes.map(() => '503 store_unavailable'),
      );
    }
    await server.resume();
    await until('every node is back', async () => (await fleet.check(key)).every((verdict) => verdict === '200'));
  });

  test('F-37, P8: a crash of the database loses no sign-in, and nothing that was ended comes back', async () => {
    await fleet.register('ben');
    const old = await fleet.signIn('ben');
    const key = await fleet.signIn('ben', 1);
    await server.restart('immediate');
    await until('every node is back', async () => (await fleet.check(key)).every((verdict) => verdict === '200'));
    assert.deepEqual(
      await fleet.check(old),
      fleet.nodes.map(() => '401 session_displaced'),
    );
  });

  for (const { name, run } of promisesOfNodes) test(name, () => run(fleet));
});
