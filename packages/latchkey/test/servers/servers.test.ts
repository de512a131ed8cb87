import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import * as pgbouncer from './pgbouncer.ts';
import * as postgres from './postgres.ts';
import { find } from './programs.ts';
import * as redis from './redis.ts';
import { command } from './redis.ts';
import * as cluster from './redis-cluster.ts';
import * as sentinel from './redis-sentinel.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

/** Every folder of these tests is made in this one. */
const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
const START_AND_END = new URL('./start-and-end.ts', import.meta.url).pathname;

before(() => {
  // the servers' user passes through
  chmodSync(folder, 0o711);
  process.env['TMPDIR'] = folder;
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Processes that run in a folder of these tests; unknown, and so none, where there is no /proc. */
function processes(): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  });
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function assertNothingLeft(ports: readonly number[]): Promise<void> {
  assert.deepEqual(readdirSync(folder), [], 'no folder is left');
  assert.deepEqual(processes(), [], 'no process is left');
  for (const port of ports) assert.equal(await isListening(port), false, `nobody listens on ${port}`);
}

const ask = async (url: string, sql: string): Promise<unknown> =>
  Object.values((await postgres.query(url, sql))[0] ?? {})[0];

/** What was started for a test is stopped with it, though it fail half way. */
async function within<Started extends { stop(): Promise<void> }>(
  t: TestContext,
  starting: Promise<Started>,
): Promise<Started> {
  const started = await starting;
  t.after(() => started.stop());
  return started;
}

/** Whether it is answered within 300 ms. */
const isSoon = (answer: Promise<unknown>): Promise<boolean> =>
  Promise.race([answer.then(() => true), sleep(300).then(() => false)]);

describe('PostgreSQL of a test', { skip: postgres.startable() ?? false }, () => {
  test('starts, answers, is restarted with what was kept, and leaves nothing', async (t) => {
    const server = await within(t, postgres.startPostgres({ disk: 'durable', settings: { max_connections: '20' } }));
    assert.match(String(await ask(server.url, 'show server_version')), /^(?:1[5-9]|[2-9]\d)\./);
    assert.equal(await ask(server.url, 'show fsync'), 'on');
    assert.equal(await ask(server.url, 'show synchronous_commit'), 'on');
    assert.equal(await ask(server.url, 'show max_connections'), '20');
    await ask(server.url, "create table kept as select 'it' as what");
    const client = new pg.Client(server.url);
    const cut = new Promise((resolve) => client.once('error', resolve));
    await client.connect();
    await server.restart('immediate');
    await cut;
    assert.match(server.log(), /database system was not properly shut down/);
    await server.restart('fast');
    assert.equal(await ask(server.url, 'select what from kept'), 'it');
    await server.stop();
    await assertNothingLeft([server.port]);
  });

  test('waits for no disk, wants its password, sorts as people do, and gives each test a schema', async (t) => {
    const server = await within(t, postgres.startPostgres());
    assert.equal(await ask(server.url, 'show fsync'), 'off');
    const other = new URL(server.url);
    other.password = 'another';
    await assert.rejects(ask(other.href, 'select 1'), /password authentication failed/);
    assert.equal(await ask(server.url, "select 'b' > 'A' and 'B' > 'a'"), true);

    const [dropped, kept] = [await server.freshSchema(), await server.freshSchema()];
    for (const { url, schema } of [dropped, kept]) await ask(url, `create table ${schema}.here ()`);
    await dropped.drop();
    const left = await postgres.query(server.url, "select schemaname from pg_tables where tablename = 'here'");
    assert.deepEqual(left, [{ schemaname: kept.schema }]);
  });

  test('is the named one where LATCHKEY_TEST_POSTGRES_URL names one, which is left as it was', async (t) => {
    const server = await within(t, postgres.startPostgres());
    process.env['LATCHKEY_TEST_POSTGRES_URL'] = server.url;
    t.after(() => delete process.env['LATCHKEY_TEST_POSTGRES_URL']);
    assert.equal(postgres.available(), null);
    assert.match(postgres.startable() ?? '', /^LATCHKEY_TEST_POSTGRES_URL names a server that no test may restart/);
    const named = await postgres.openPostgres();
    assert.equal(named.url, server.url);
    const { schema } = await named.freshSchema();
    await ask(named.url, `create table ${schema}.here ()`);
    await named.stop();
    assert.equal(await ask(server.url, `select count(*)::int from pg_namespace where nspname = '${schema}'`), 0);
  });

  test('paused, no connection of it is answered, and all are after it', async (t) => {
    const server = await within(t, postgres.startPostgres());
    const client = new pg.Client(server.url);
    client.on('error', () => undefined);
    await client.connect();
    await server.pause();
    const [old, fresh] = [client.query('select 1'), ask(server.url, 'select 1')];
    assert.equal(await isSoon(old), false);
    assert.equal(await isSoon(fresh), false);
    server.resume();
    await Promise.all([old, fresh]);
    await server.pause();
    await server.stop();
    await assertNothingLeft([server.port]);
  });

  test('one that does not come up tells its log, and leaves nothing', async () => {
    await assert.rejects(postgres.startPostgres({ settings: { shared_buffers: 'plenty' } }), /shared_buffers.*plenty/s);
    await assertNothingLeft([]);
  });
});

describe('PgBouncer of a test', { skip: pgbouncer.available() ?? postgres.startable() ?? false }, () => {
  test('shares a few connections among many clients by transaction, and leaves nothing', async (t) => {
    const server = await within(t, postgres.startPostgres());
    const pooler = await within(t, pgbouncer.startPgBouncer(server.url, { poolSize: 1 }));
    const clients = [new pg.Client(pooler.url), new pg.Client(pooler.url)] as const;
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.connect();
    }
    const backends = await Promise.all(clients.map((client) => client.query('select pg_backend_pid() as pid')));
    assert.equal(new Set(backends.map(({ rows }) => rows[0].pid)).size, 1);
    await clients[0].query('begin');
    const waiting = clients[1].query('select 1');
    assert.equal(await isSoon(waiting), false, 'a transaction has the connection to itself');
    await clients[0].query('commit');
    await waiting;
    const statement = { name: 'known', text: 'select 1' };
    await clients[0].query(statement);
    await assert.rejects(clients[1].query(statement), /already exists/, 'it keeps none for a client');
    await pooler.restart();
    assert.equal(await ask(pooler.url, 'select 1'), 1);
    await pooler.stop();
    await server.stop();
    await assertNothingLeft([server.port, pooler.port]);
  });
});

describe('Redis of a test', { skip: redis.startable() ?? false }, () => {
  test('starts, answers, forgets or keeps over a kill as its settings say, and leaves nothing', async (t) => {
    const [forgetful, durable] = await Promise.all([
      within(t, redis.startRedis()),
      within(t, redis.startRedis({ appendonly: 'yes', appendfsync: 'always' })),
    ]);
    for (const server of [forgetful, durable]) {
      assert.equal(await command(server.url, 'SET', 'what', 'it'), 'OK');
      await server.restart('SIGKILL');
    }
    assert.equal(await command(forgetful.url, 'GET', 'what'), null);
    assert.equal(await command(durable.url, 'GET', 'what'), 'it');
    await durable.kill();
    await assert.rejects(command(durable.url, 'PING'));
    await Promise.all([forgetful.stop(), durable.stop()]);
    await assertNothingLeft([forgetful.port, durable.port]);
  });

  test('paused, it does not answer, and does after it', async (t) => {
    const server = await within(t, redis.startRedis());
    await server.pause();
    const answer = command(server.url, 'PING');
    assert.equal(await isSoon(answer), false);
    server.resume();
    assert.equal(await answer, 'PONG');
  });

  test('a prefix is cleared of its keys, and of no others', async (t) => {
    const server = await within(t, redis.startRedis());
    const [one, other] = [server.freshPrefix(), server.freshPrefix()];
    for (let at = 0; at < 20; at++) await command(server.url, 'SET', `${one.prefix}${at}`, at);
    await command(server.url, 'SET', `${other.prefix}kept`, 1);
    await one.clear();
    assert.deepEqual(await command(server.url, 'KEYS', '*'), [`${other.prefix}kept`]);
  });

  test('is the named one where LATCHKEY_TEST_REDIS_URL names one, which is left as it was', async (t) => {
    const server = await within(t, redis.startRedis());
    process.env['LATCHKEY_TEST_REDIS_URL'] = server.url;
    t.after(() => delete process.env['LATCHKEY_TEST_REDIS_URL']);
    assert.equal(redis.available(), null);
    assert.match(cluster.available() ?? '', /^LATCHKEY_TEST_REDIS_URL names a server that no test may restart/);
    const named = await redis.openRedis();
    assert.equal(named.url, server.url);
    await command(server.url, 'SET', 'its own', 1);
    await command(named.url, 'SET', `${named.freshPrefix().prefix}1`, 1);
    await named.stop();
    assert.deepEqual(await command(server.url, 'KEYS', '*'), ['its own']);
  });

  test('one that does not come up tells its log, and leaves nothing', async () => {
    await assert.rejects(redis.startRedis({ maxmemory: 'plenty' }), /maxmemory.*plenty/s);
    await assertNothingLeft([]);
  });
});

describe('Redis under Sentinel', { skip: sentinel.available() ?? false }, () => {
  test('a killed master is followed by a replica, and comes back as one', async (t) => {
    const servers = await within(t, sentinel.startRedisSentinel());
    const master = await servers.master();
    assert.equal(master, servers.nodes[0]);
    await command(master.url, 'SET', 'what', 'it');
    await command(master.url, 'WAIT', 1, 1000);
    await master.kill();
    const next = await servers.untilFailedOver(master);
    assert.equal(await command(next.url, 'GET', 'what'), 'it');
    assert.equal(await command(next.url, 'SET', 'what', 'more'), 'OK');
    await master.restart();
    await until(async () => String(await command(master.url, 'ROLE')).startsWith('slave'), 'the old master follows');
    await servers.stop();
    await assertNothingLeft([...servers.nodes, ...servers.sentinels].map(({ port }) => port));
  });
});

describe('Redis Cluster', { skip: cluster.available() ?? false }, () => {
  test("a killed master's slots have a new one, and it comes back as a replica", async (t) => {
    const servers = await within(t, cluster.startRedisCluster());
    const owners = await Promise.all(['a', 'b', 'c'].map((key) => servers.ownerOf(key)));
    assert.equal(new Set(owners).size, 3, 'the three keys are of different masters');
    const owner = await servers.ownerOf('{a}1');
    assert.ok(owner !== null && owner === owners[0], 'a hash tag decides');
    await command(owner.url, 'SET', 'a', 'it');
    await command(owner.url, 'WAIT', 1, 1000);
    await owner.kill();
    const next = await servers.untilFailedOver('a', owner);
    assert.equal(await servers.ownerOf('a'), next);
    assert.equal(await command(next.url, 'GET', 'a'), 'it');
    await owner.restart();
    await until(async () => String(await command(owner.url, 'ROLE')).startsWith('slave'), 'the old master follows');
    await servers.stop();
    await assertNothingLeft(servers.nodes.map(({ port }) => port));
  });

  test('has no replicas where none are wanted', async (t) => {
    const servers = await within(t, cluster.startRedisCluster({ replicas: 0 }));
    assert.equal(servers.nodes.length, 3);
    for (const key of ['a', 'b', 'c']) assert.ok((await servers.ownerOf(key)) !== null);
  });
});

describe('a proxy', { skip: redis.startable() ?? false }, () => {
  const client = async (port: number) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const received: string[] = [];
    socket.on('data', (bytes) => received.push(String(bytes)));
    return { socket, received, text: () => received.join('') };
  };

  test('holds one direction until it lets go, and nothing is lost or out of order', async (t) => {
    const server = await within(t, redis.startRedis());
    const proxy = await within(t, startTcpProxy(server.port));
    assert.equal(await command(proxy.through(server.url), 'PING'), 'PONG');
    const { socket, text } = await client(proxy.port);

    proxy.stall('to-client');
    socket.write('INCR n\r\nINCR n\r\n');
    await until(async () => (await command(server.url, 'GET', 'n')) === '2', 'the server had the commands');
    await sleep(50);
    assert.equal(text(), '', 'its answers are held');
    proxy.letGo();
    await until(async () => text() === ':1\r\n:2\r\n', 'they are let go');

    proxy.stall('to-server');
    socket.write('INCR n\r\n');
    await sleep(100);
    assert.equal(await command(server.url, 'GET', 'n'), '2', 'the command is held');
    const late = command(proxy.through(server.url), 'PING');
    assert.equal(await isSoon(late), false, 'a connection that comes is held, too');
    proxy.letGo();
    assert.equal(await late, 'PONG');
    await until(async () => text() === ':1\r\n:2\r\n:3\r\n', 'it is let go');
    socket.destroy();
  });

  test('carries more than its buffers hold, through a stall', async (t) => {
    const server = await within(t, redis.startRedis());
    const proxy = await within(t, startTcpProxy(server.port));
    const value = 'v'.repeat(8_000_000);
    const { socket, text } = await client(proxy.port);
    proxy.stall('to-server');
    socket.write(`*2\r\n$4\r\nECHO\r\n$${value.length}\r\n${value}\r\n`);
    await sleep(100);
    proxy.letGo();
    await until(async () => text() === `$${value.length}\r\n${value}\r\n`, 'all of it came back');
    socket.destroy();
  });

  test('cuts every connection, refuses for a while, and listens no more once stopped', async (t) => {
    const server = await within(t, redis.startRedis());
    const proxy = await within(t, startTcpProxy(server.port));
    const clients = await Promise.all([client(proxy.port), client(proxy.port)]);
    await until(async () => proxy.connections() === 2, 'both are connected');
    const closed = clients.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)));
    proxy.cut();
    await Promise.all(closed);
    await until(async () => proxy.connections() === 0, 'none is connected');
    assert.equal(await command(proxy.through(server.url), 'PING'), 'PONG', 'whoever comes again is served');
    proxy.refuse();
    await assert.rejects(command(proxy.through(server.url), 'PING'));
    proxy.letGo();
    assert.equal(await command(proxy.through(server.url), 'PING'), 'PONG');
    await Promise.all([proxy.stop(), server.stop()]);
    assert.equal(await isListening(proxy.port), false);
  });
});

describe('a program that is not there', () => {
  const wanted = { name: 'redis-server', folders: [], oldestMajor: 7 };
  test('is told of, and so is one that is too old', { skip: redis.startable() ?? false }, () => {
    assert.equal(find({ ...wanted, name: 'no-such-server' }), 'no no-such-server on this machine');
    assert.match(String(find({ ...wanted, oldestMajor: 99 })), /is version \d+\.\S+, and 99 or later is wanted$/);
    assert.ok(typeof find(wanted) === 'object');
  });
});

const missing = pgbouncer.available() ?? postgres.startable() ?? redis.startable();
describe('servers that a test forgot do not outlive its process', { skip: missing ?? false }, () => {
  const endings: readonly (readonly [ending: string, signal: NodeJS.Signals | null])[] = [
    ['has nothing left to do', null],
    ['throws', null],
    ['is killed', 'SIGTERM'],
    ['is killed', 'SIGKILL'],
  ];
  for (const [ending, signal] of endings) {
    test(`when it ${ending}${signal === null ? '' : ` by ${signal}`}`, async () => {
      const child = spawn(process.execPath, ['--conditions=source', START_AND_END, ending], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const exit = once(child, 'exit');
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const ports = JSON.parse(line) as readonly number[];
      if (signal !== null && process.platform === 'linux') assert.ok(processes().length >= 4, 'they run');
      if (signal !== null) child.kill(signal);
      await exit;
      await until(async () => readdirSync(folder).length === 0, 'their folders are gone');
      await assertNothingLeft(ports);
    });
  }
});
