/** How nodes on PostgreSQL hear of each other: what the coherence of their memories rests on. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Feed, FeedLine, FeedMember, FeedMessage, Notice } from '../../src/stores/feed.ts';
import { postgresStore } from '../../src/stores/postgres/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { available, openPostgres, type PostgresServer, type TestSchema } from '../servers/postgres.ts';
import { endingOf, makeAccount, signIn } from './people.ts';

const WRITER = new URL('./postgres-writer.ts', import.meta.url).pathname;

/** A node that writes down what it hears. */
type Node = {
  readonly store: Store;
  readonly feed: Feed;
  readonly line: FeedLine;
  /** `up`, `down`, and what was said, in their order. */
  readonly log: ('up' | 'down' | FeedMessage)[];
  readonly acknowledged: (readonly [by: string, notices: readonly number[]])[];
  /** Resolves when the log has it, from its `from`th entry on. */
  until(isIt: (entry: Node['log'][number]) => boolean, from?: number): Promise<void>;
};

const isUp = (entry: unknown): boolean => entry === 'up';
const isBeat =
  (count: number) =>
  (entry: Node['log'][number]): boolean =>
    typeof entry === 'object' && entry.kind === 'beat' && entry.count === count;
const changesIn = ({ log }: Node): readonly number[] =>
  log.flatMap((entry) => (typeof entry === 'object' && entry.kind === 'changed' ? [entry.accountId] : []));

describe('nodes on PostgreSQL hear of each other', { skip: available() ?? false }, () => {
  let server: PostgresServer;
  let schema: TestSchema;
  const opened: Store[] = [];
  before(async () => {
    server = await openPostgres();
    schema = await server.freshSchema();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  after(() => server.stop());

  const connect = async (more: { readonly feedUrl?: string; readonly pooler?: boolean } = {}): Promise<Store> => {
    const store = await postgresStore({ url: server.url, schema: schema.schema, ...more });
    opened.push(store);
    return store;
  };

  const node = async (given: Partial<FeedMember> = {}, store?: Store): Promise<Node> => {
    const its = store ?? (await connect());
    const { feed } = its;
    assert.ok(feed !== null);
    const log: Node['log'] = [];
    const acknowledged: [string, readonly number[]][] = [];
    let changed = Promise.withResolvers<void>();
    const add = (entry: Node['log'][number]): void => {
      log.push(entry);
      changed.resolve();
      changed = Promise.withResolvers();
    };
    const line = feed.join({
      up: () => add('up'),
      down: () => add('down'),
      acknowledged(by, notices) {
        acknowledged.push([by, notices]);
        changed.resolve();
        changed = Promise.withResolvers();
      },
      committed: async () => undefined,
      ...given,
      heard(lane, message) {
        given.heard?.(lane, message);
        add(message);
      },
    });
    assert.deepEqual(log, [], 'nothing is heard before join has returned');
    const until: Node['until'] = async (isIt, from = 0) => {
      const late = sleep(10_000, 'late', { ref: false });
      while (!log.slice(from).some(isIt)) {
        if ((await Promise.race([changed.promise, late])) === 'late') assert.fail(`not heard: ${JSON.stringify(log)}`);
      }
    };
    await until(isUp);
    return { store: its, feed, line, log, acknowledged, until };
  };

  /** All that was said until now has been heard after this. */
  let beats = 1_000_000;
  const settle = async (one: Node): Promise<void> => {
    beats++;
    one.line.beat(0, beats);
    await one.until(isBeat(beats));
  };

  test('what was committed before a beat was sent is heard before that beat, however many connections write', async () => {
    const returned = new Set<string>();
    const keyOf = (of: string, number: number): string => `${of} ${number}`;
    const expected = new Map<number, readonly string[]>();
    const heard = new Set<string>();
    const overtaken: string[] = [];
    let checked = 0;
    const listening = await node({
      heard(_, message) {
        if (message.kind === 'changed') heard.add(keyOf(message.node, message.number));
        if (message.kind !== 'beat') return;
        overtaken.push(...(expected.get(message.count) ?? []).filter((key) => !heard.has(key)));
        if (expected.delete(message.count)) checked++;
      },
    });
    const writers = await Promise.all(
      [1, 2, 3].map(async () => {
        const store = await connect();
        const { feed } = store;
        assert.ok(feed !== null);
        const committed = async ({ number }: Notice) => void returned.add(keyOf(feed.node, number));
        return await node({ committed }, store);
      }),
    );
    let isOver = false;
    const writing = writers.flatMap((writer) =>
      Array.from({ length: 4 }, async () => {
        const gate = await makeAccount(writer.store);
        for (let turn = 0; turn < 25; turn++) await signIn(writer.store, gate);
      }),
    );
    const beating = (async () => {
      for (let count = 1; !isOver; count++) {
        expected.set(count, [...returned]);
        listening.line.beat(0, count);
        await sleep(2);
      }
    })();
    await Promise.all(writing);
    isOver = true;
    await beating;
    await settle(listening);
    assert.deepEqual(overtaken, []);
    assert.equal(returned.size, 12 * 24, 'each sign-in but the first of an account displaced somebody');
    assert.deepEqual([...heard].sort(), [...returned].sort());
    assert.ok(checked > 50, `${checked} beats were looked at`);
    assert.equal(expected.size, 0);
  });

  test('a connection that is lost is told as down, made anew, and told as up', async () => {
    const one = await node();
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    const { rows } = await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      [`latchkey feed ${one.feed.node}`],
    );
    await admin.end();
    assert.equal(rows.length, 1);
    await one.until(isUp, 1);
    assert.deepEqual(one.log, ['up', 'down', 'up']);
    const gate = await makeAccount(one.store);
    for (let turn = 0; turn < 2; turn++) await signIn(one.store, gate);
    await settle(one);
    assert.deepEqual(changesIn(one), [gate.accountId]);
  });

  test('a lane that is given up is connected anew, and what was sent on the old one is not heard on the new', async () => {
    const one = await node();
    one.line.reconnect(0);
    assert.deepEqual(one.log, ['up', 'down']);
    one.line.beat(0, 7);
    await one.until(isUp, 2);
    await settle(one);
    assert.ok(!one.log.some(isBeat(7)));
  });

  test('what ends or changes sessions is announced, and nothing else', async () => {
    const one = await node();
    const other = await connect();
    const gate = await makeAccount(other);
    const { accountId } = gate;
    const announced = async (work: () => Promise<unknown>): Promise<number> => {
      const before = changesIn(one).length;
      await work();
      await settle(one);
      const after = changesIn(one);
      assert.ok(after.slice(before).every((id) => id === accountId));
      return after.length - before;
    };
    assert.equal(await announced(() => signIn(other, gate)), 0, 'a sign-in that ends nobody');
    assert.equal(await announced(() => signIn(other, gate)), 1, 'one that displaces');
    assert.equal(
      await announced(() => other.accounts.setRoles({ id: accountId, roles: ['staff'], demandedOf: 'nobody' })),
      1,
    );
    const { token, session } = await signIn(other, gate, 'unlimited');
    assert.equal(await announced(() => other.sessions.touch({ tokens: [token], idleMs: 1_000_000 })), 0);
    const end = { accountId, sessionId: session.id, by: null, reason: 'signed_out' } as const;
    assert.equal(await announced(() => other.sessions.end(end)), 1);
    assert.equal(await announced(() => other.sessions.end(end)), 1, 'it had ended: whoever did it may still wait');
    assert.equal(await announced(() => other.accounts.signOutEverywhere({ id: accountId, by: null, kept: null })), 1);
    assert.equal(await announced(() => other.accounts.setState({ id: accountId, state: 'suspended' })), 1);
    assert.equal(await announced(() => other.accounts.setState({ id: accountId, state: 'suspended' })), 1, 'it was');
    assert.equal(await announced(() => other.accounts.close({ id: accountId, by: null })), 1);
  });

  test('what is rolled back is announced to nobody', async () => {
    const one = await node();
    const gate = await makeAccount(one.store);
    const first = await signIn(one.store, gate);
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(`SET search_path = ${schema.schema};
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused at the commit'; END $$;
      CREATE CONSTRAINT TRIGGER refusing AFTER INSERT ON session DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.account_id = ${gate.accountId}) EXECUTE FUNCTION refuse()`);
    await assert.rejects(signIn(one.store, gate), /refused at the commit/);
    await admin.query(`DROP TRIGGER refusing ON ${schema.schema}.session`);
    await admin.end();
    await settle(one);
    assert.deepEqual(changesIn(one), []);
    assert.equal(await endingOf(one.store, first), null);
  });

  test('P4: what was committed is announced, though its writer is killed before it answers', async () => {
    const one = await node();
    const gate = await makeAccount(one.store);
    const first = await signIn(one.store, gate);
    const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', WRITER];
    const killed = promisify(execFile)(process.execPath, [...args, server.url, schema.schema, String(gate.accountId)]);
    await assert.rejects(killed, { signal: 'SIGKILL', stdout: '' });
    await settle(one);
    assert.deepEqual(changesIn(one), [gate.accountId]);
    assert.equal((await endingOf(one.store, first))?.reason, 'displaced');
  });

  test('an acknowledgement reaches the writer alone, and a node that leaves says so to all', async () => {
    const [writer, other, third] = [await node(), await node(), await node()];
    const numbers = Array.from({ length: 1_000 }, (_, number) => number);
    other.line.acknowledge(writer.feed.node, numbers);
    await other.line.leave();
    const isLeaving = (entry: Node['log'][number]): boolean =>
      typeof entry === 'object' && entry.kind === 'left' && entry.node === other.feed.node;
    await Promise.all([writer, other, third].map((one) => one.until(isLeaving)));
    assert.deepEqual(
      writer.acknowledged.flatMap(([, notices]) => notices),
      numbers,
    );
    assert.ok(writer.acknowledged.every(([by]) => by === other.feed.node));
    assert.deepEqual([...other.acknowledged, ...third.acknowledged], []);
  });

  test('who watches hears at once of what another node ended, without being a member', async () => {
    const [one, other] = [await connect(), await connect()];
    const gate = await makeAccount(one);
    await signIn(one, gate);
    const events: number[] = [];
    const stop = other.sessions.watch(() => events.push(performance.now()));
    // By the second look it listens: what comes between two looks comes from the feed.
    while (events.length < 2) await sleep(10);
    const before = events.length;
    for (let turn = 0; turn < 20; turn++) await signIn(one, gate);
    while (events.length < before + 20) await sleep(5);
    stop();
  });

  test('a member that joins while others watch is told at once that its lane is up', async () => {
    const store = await connect();
    const stop = store.sessions.watch(() => undefined);
    await sleep(200);
    const one = await node({}, store);
    stop();
    await settle(one);
    await one.line.close();
    const gate = await makeAccount(store);
    for (let turn = 0; turn < 2; turn++) await signIn(store, gate);
    await sleep(50);
    assert.deepEqual(changesIn(one), [], 'a line that is closed is silent');
  });

  test('a feed that hears nothing of the changes is refused: another database is as silent as one where nothing happens', async () => {
    const elsewhere = new URL(server.url);
    elsewhere.pathname = '/template1';
    await assert.rejects(connect({ feedUrl: elsewhere.href }), {
      name: 'StoreUnavailable',
      message: /^The feed's URL cannot be used: .*It is to lead to the same database/,
    });
    const store = await connect({ feedUrl: server.url });
    await settle(await node({}, store));
    assert.equal((await connect({ pooler: true })).feed, null, 'a pooler lets nobody listen');
  });
});
