/** What lies between a node and PostgreSQL: answers that are lost, and a feed that goes silent. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { FeedMessage } from '../../src/stores/feed.ts';
import { type PostgresOptions, postgresStore } from '../../src/stores/postgres/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { type OwnPostgres, startable, startPostgres } from '../servers/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';
import { endingOf, makeAccount, signIn } from './people.ts';

type Heard = ('up' | 'down' | FeedMessage)[];

/** Joins a store's feed and writes down what it hears. */
function listenTo(store: Store): {
  readonly log: Heard;
  until(isIt: () => boolean): Promise<void>;
  readonly line: ReturnType<NonNullable<Store['feed']>['join']>;
} {
  const { feed } = store;
  assert.ok(feed !== null);
  const log: Heard = [];
  const line = feed.join({
    up: () => log.push('up'),
    down: () => log.push('down'),
    heard: (_, message) => log.push(message),
    acknowledged: () => undefined,
    committed: async () => undefined,
  });
  const until = async (isIt: () => boolean): Promise<void> => {
    for (const deadline = performance.now() + 60_000; !isIt(); await sleep(10))
      assert.ok(performance.now() < deadline, JSON.stringify(log));
  };
  return { log, line, until };
}

describe('the way to PostgreSQL', { skip: startable() ?? false }, () => {
  let server: OwnPostgres;
  let proxy: TcpProxy;
  before(async () => {
    server = await startPostgres();
    proxy = await startTcpProxy(server.port);
  });
  after(async () => {
    await proxy.stop();
    await server.stop();
  });

  const opened: Store[] = [];
  afterEach(async () => {
    proxy.letGo();
    for (const store of opened.splice(0)) await store.close();
  });
  const open = async (options: PostgresOptions): Promise<Store> => {
    const store = await postgresStore(options);
    opened.push(store);
    return store;
  };

  test('a commit whose answer is lost is told as one of which nobody knows, and is not made again', async () => {
    const { url, schema } = await server.freshSchema();
    const [store, witness] = [await open({ url: proxy.through(url), schema }), await open({ url, schema })];
    const { log, until } = listenTo(witness);
    await until(() => log.includes('up'));
    const gate = await makeAccount(store);
    const first = await signIn(store, gate);
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query(`SET search_path = ${schema};
      CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER lingering AFTER INSERT ON session DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION linger()`);
    await admin.end();
    const lost = assert.rejects(signIn(store, gate), {
      name: 'StoreUnavailable',
      message: /lost with a commit under way: whether the change was made is not known/,
    });
    await sleep(200);
    proxy.cut();
    await lost;
    await until(() => log.length > 1);
    assert.equal((await endingOf(witness, first))?.reason, 'displaced', 'it was made, and was announced');
    assert.equal((await witness.sessions.list(gate.accountId)).sessions[0]?.sequence, 2, 'once');
  });

  test('a feed that is cut or goes silent is down, and up again only once it hears', async () => {
    const { url, schema } = await server.freshSchema();
    const store = await open({ url, schema, feedUrl: proxy.through(url) });
    const { log, line, until } = listenTo(store);
    await until(() => log.includes('up'));
    proxy.cut();
    await until(() => log.length === 3);
    assert.deepEqual(log, ['up', 'down', 'up']);
    proxy.stall('to-client');
    line.reconnect(0);
    await sleep(500);
    assert.deepEqual(log.slice(3), ['down'], 'connected, and deaf');
    proxy.letGo();
    await until(() => log.length === 5);
    assert.equal(log[4], 'up');
    line.beat(0, 1);
    await until(() => log.length === 6);
  });

  test('a beat that is never answered ends its connection, whoever waits', async () => {
    const { url, schema } = await server.freshSchema();
    const store = await open({ url, schema, feedUrl: proxy.through(url) });
    const { log, line, until } = listenTo(store);
    await until(() => log.includes('up'));
    proxy.stall();
    line.beat(0, 1);
    await until(() => log.includes('down'));
    proxy.letGo();
    await until(() => log.length === 3);
    assert.deepEqual(log, ['up', 'down', 'up'], 'and what was stalled is not heard');
  });
});

/** Greets whoever comes, and hangs up in the same breath, as a server does that is just being stopped. */
async function stopping(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const message = (kind: string, body: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(kind), length, body]);
  };
  const said = Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('Z', Buffer.from('I')),
    message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')),
  ]);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://latchkey@127.0.0.1:${port}/latchkey`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test('P8: a server that hangs up as it greets is an illness, and ends no process', async () => {
  const server = await stopping();
  for (let turn = 0; turn < 5; turn++) {
    await assert.rejects(postgresStore({ url: server.url, schema: 'latchkey' }), { name: 'StoreUnavailable' });
  }
  await server.stop();
});
