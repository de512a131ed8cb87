import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OwnPostgres, startable, startPostgres } from '../servers/postgres.ts';
import { type Fleet, startFleet, until } from './fleet.ts';
import { promisesOfNodes } from './promises.ts';
import { saysNothingMeanwhile } from './store-gone.ts';

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

  test('F-35, I11: while the database stands still a check is 503 once the horizon has passed, and service returns by itself', () =>
    saysNothingMeanwhile(fleet, 'ann', { leave: () => server.pause(), comeBack: () => server.resume() }));

  test('F-35, I11: so it is while the database is stopped', () =>
    saysNothingMeanwhile(fleet, 'bea', { leave: () => server.kill(), comeBack: () => server.restart('fast') }));

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

  for (const { name, run } of promisesOfNodes({ nodes: 3, remembers: true })) test(name, () => run(fleet));
});
