/** What nodes do when they do not hear of each other: they read, they wait, and they are never wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { open } from '../../src/latchkey.ts';
import { available as noPooler, startPgBouncer } from '../servers/pgbouncer.ts';
import { type OwnPostgres, startable, startPostgres } from '../servers/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';
import { QUICK } from '../serving.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

describe('three nodes whose feed leads through a proxy', { skip: startable() ?? false }, () => {
  let server: OwnPostgres;
  let proxy: TcpProxy;
  let fleet: Fleet;
  before(async () => {
    server = await startPostgres();
    proxy = await startTcpProxy(server.port);
    fleet = await startFleet({ LATCHKEY_DATABASE: server.url, LATCHKEY_FEED_URL: proxy.through(server.url) });
  });
  after(async () => {
    await fleet.stop();
    await proxy.stop();
    await server.stop();
  });

  const isRemembering = async (key: string): Promise<boolean> => {
    const before = await fleet.figure(0, 'latchkey_check_hits_total');
    await fleet.check(key);
    return (await fleet.figure(0, 'latchkey_check_hits_total')) > before;
  };

  for (const [what, disturb] of [
    ['nothing comes over it any more', () => proxy.stall('to-client')],
    ['nothing goes over it any more', () => proxy.stall('to-server')],
    ['its connections are cut and refused', () => proxy.refuse()],
  ] as const) {
    test(`F-36, P3: where ${what} a node reads the store, and no displaced key is accepted`, async () => {
      const username = `person${what.length}`;
      await fleet.register(username);
      let key = await fleet.signIn(username);
      await until('the nodes remember', () => isRemembering(key));
      disturb();
      for (let turn = 0; turn < 4; turn++) {
        const next = await fleet.signIn(username, turn);
        assert.deepEqual(
          await fleet.check(key),
          fleet.nodes.map(() => '401 session_displaced'),
        );
        key = next;
      }
      assert.equal(await isRemembering(key), false);
      assert.deepEqual(await fleet.check(key), ['200', '200', '200']);
      proxy.letGo();
      await until('the nodes remember again', () => isRemembering(key));
      await until('a sign-in waits in vain for nobody', async () => {
        const before = await fleet.figure(0, 'latchkey_unacknowledged_total');
        await fleet.signIn(username);
        return (await fleet.figure(0, 'latchkey_unacknowledged_total')) === before;
      });
    });
  }
});

describe('a node that hears nothing for a while', { skip: startable() ?? false }, () => {
  let server: OwnPostgres;
  let proxy: TcpProxy;
  let nodes: readonly [Fleet, Fleet];
  before(async () => {
    server = await startPostgres();
    proxy = await startTcpProxy(server.port);
    const environment = { LATCHKEY_DATABASE: server.url, LATCHKEY_SESSION_LIMIT: '1' };
    const deaf = { ...environment, LATCHKEY_FEED_URL: proxy.through(server.url) };
    nodes = [await startFleet(environment, 1), await startFleet(deaf, 1)];
  });
  after(async () => {
    await Promise.all(nodes.map((fleet) => fleet.stop()));
    await proxy.stop();
    await server.stop();
  });

  test('I5: who signs out with what is being displaced is told so when no node accepts it any more', async () => {
    const [hearing, deaf] = nodes;
    await hearing.register('ann');
    for (let turn = 0; turn < 3; turn++) {
      const key = await hearing.signIn('ann');
      const hits = (): Promise<number> => deaf.figure(0, 'latchkey_check_hits_total');
      await until('it remembers', async () => {
        const before = await hits();
        assert.deepEqual(await deaf.check(key), ['200']);
        return (await hits()) > before;
      });
      proxy.stall('to-client');
      const displacing = hearing.signIn('ann');
      await until('it is over', async () => (await hearing.check(key))[0] === '401 session_displaced');
      const url = `${hearing.nodes[0]?.url}/auth/logout/`;
      const answer = await fetch(url, { method: 'POST', headers: { authorization: `Token ${key}` } });
      assert.equal(answer.status, 200);
      assert.deepEqual(await deaf.check(key), ['401 session_displaced']);
      await displacing;
      proxy.letGo();
    }
  });
});

describe('behind a pooler', { skip: startable() ?? noPooler() ?? false }, () => {
  let server: OwnPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('without a way past it checks are strict, and acked is refused with its remedy', async () => {
    const pooler = await startPgBouncer(server.url);
    const environment = { ...QUICK, LATCHKEY_DATABASE: pooler.url, LATCHKEY_POOLER: 'true' };
    const { auth, assembled } = await open({}, { environment, role: 'node' });
    assert.equal(assembled.parts.settings.checks.trust, 'strict');
    await auth.close();
    const wanted = open({}, { environment: { ...environment, LATCHKEY_CHECKS: 'acked' }, role: 'node' });
    await assert.rejects(wanted, /through a pooler nodes do not hear of each other: set LATCHKEY_FEED_URL/);
    const direct = { ...environment, LATCHKEY_FEED_URL: server.url };
    const past = await open({}, { environment: direct, role: 'node' });
    assert.equal(past.assembled.parts.settings.checks.trust, 'acked');
    await until(
      'it may trust its memory',
      async () => (past.assembled.parts.memory.figures().horizonAgeMs ?? 1e9) < 1_000,
    );
    await past.auth.close();
    await pooler.stop();
  });
});
