/** PostgreSQL as operators have it: shared, restarted, stalled, altered, out of reach. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { migrations } from '../../src/stores/postgres/migrations.ts';
import { type PostgresOptions, postgresStore } from '../../src/stores/postgres/store.ts';
import { type Store, StoreUnavailable } from '../../src/stores/store.ts';
import {
  available,
  type OwnPostgres,
  openPostgres,
  type PostgresServer,
  startable,
  startPostgres,
} from '../servers/postgres.ts';
import { admission, endingOf, makeAccount, signIn } from './people.ts';

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Tries again until it succeeds, for at most a minute. */
async function untilItWorks<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable, String(error));
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

describe('PostgreSQL that is shared', { skip: available() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await openPostgres();
  });
  after(() => server.stop());

  const withStores = async (
    options: readonly PostgresOptions[],
    work: (...stores: Store[]) => Promise<void>,
  ): Promise<void> => {
    const stores = await Promise.all(options.map(postgresStore));
    try {
      await work(...stores);
    } finally {
      for (const store of stores) await store.close();
    }
  };

  test('two schemas of one database know nothing of each other, whatever they are called', async () => {
    const { url } = server;
    const names = ['latchkey_test "quoted" $1', `latchkey_test_${'long'.repeat(11)}`];
    await withStores(
      names.map((schema) => ({ url, schema })),
      async (...stores) => {
        for (const store of stores) {
          const gate = await makeAccount(store, 'the-same-name');
          const first = await signIn(store, gate);
          await signIn(store, gate);
          assert.equal((await endingOf(store, first))?.reason, 'displaced');
          assert.equal((await store.sessions.changes({ after: 0, limit: 9 })).length, 3);
        }
        assert.notEqual(stores[0]?.feed?.node, stores[1]?.feed?.node);
      },
    );
    for (const name of names) await query(url, `DROP SCHEMA "${name.replaceAll('"', '""')}" CASCADE`);
  });

  test('an own pool serves two stores beside its host, reads as its host does, and stays open', async () => {
    const schemas = [await server.freshSchema(), await server.freshSchema()];
    const pool = new pg.Pool({ connectionString: server.url, max: 3 });
    await withStores(
      schemas.map(({ schema }) => ({ pool, schema })),
      async (...stores) => {
        for (const store of stores) {
          const gate = await makeAccount(store);
          await Promise.all(Array.from({ length: 20 }, () => signIn(store, gate)));
          assert.equal((await store.sessions.list(gate.accountId)).sessions.length, 1);
        }
        const { rows } = await pool.query('SELECT 1::int8 AS big');
        assert.deepEqual(rows, [{ big: '1' }], 'the driver is left as it is');
      },
    );
    assert.equal((await pool.query('SELECT 1 AS one')).rowCount, 1);
    await pool.end();
  });

  test('nodes that start at once make the tables once, the schema too', async () => {
    const schema = 'latchkey_test_made';
    const options = Array.from({ length: 6 }, () => ({ url: server.url, schema }));
    await withStores(options, async (...stores) => {
      for (const store of stores) await makeAccount(store);
    });
    const steps = await query(server.url, `SELECT number FROM ${schema}.migration`);
    assert.equal(steps.length, migrations.length);
    await withStores([{ url: server.url, schema }], async (store) => {
      assert.equal((await store?.accounts.page({ after: 0, limit: 10 }))?.length, 6, 'all is there the next time');
    });
    await query(server.url, `DROP SCHEMA ${schema} CASCADE`);
  });

  test('a database of a newer version is refused', async () => {
    const { url, schema } = await server.freshSchema();
    await withStores([{ url, schema }], async () => undefined);
    await query(url, `INSERT INTO ${schema}.migration VALUES (99, 'of a newer version')`);
    await assert.rejects(postgresStore({ url, schema }), {
      name: 'StoreUnavailable',
      message: `This database is at step 99, and this version of Latchkey knows ${migrations.length}. Run the version that wrote it, or a newer one.`,
    });
  });

  test('a running node outlives the columns that a newer one adds', async () => {
    const { url, schema } = await server.freshSchema();
    await withStores([{ url, schema }], async (store) => {
      assert.ok(store !== undefined);
      const gate = await makeAccount(store);
      const first = await signIn(store, gate);
      await store.accounts.find(gate.accountId);
      for (const table of ['account', 'session', 'gate', 'history', 'email'])
        await query(url, `ALTER TABLE ${schema}.${table} ADD COLUMN newer TEXT`);
      const reads = await Promise.all(Array.from({ length: 5 }, () => store.accounts.find(gate.accountId)));
      assert.ok(reads.every((record) => record?.account.id === gate.accountId));
      await Promise.all(Array.from({ length: 12 }, () => signIn(store, gate)));
      assert.equal((await endingOf(store, first))?.reason, 'displaced');
      assert.equal((await store.sessions.list(gate.accountId)).sessions.length, 1);
    });
  });

  test('of two accounts that take one name at once, one gets it and the other is told', async () => {
    const { url, schema } = await server.freshSchema();
    await withStores([{ url, schema }], async (store) => {
      assert.ok(store !== undefined);
      for (let round = 0; round < 10; round++) {
        const gates = [await makeAccount(store), await makeAccount(store)];
        const username = { name: `New${round}`, key: `new${round}` };
        const outcomes = await Promise.all(
          gates.map(({ accountId }) => store.accounts.updateProfile({ id: accountId, by: null, username })),
        );
        assert.equal(outcomes.filter((outcome) => outcome === 'username_taken').length, 1);
      }
    });
  });

  test('who waits too long for an account is told that the store is busy, and nobody else waits', async () => {
    const { url, schema } = await server.freshSchema();
    await withStores([{ url, schema }], async (store) => {
      assert.ok(store !== undefined);
      const [gate, other] = [await makeAccount(store), await makeAccount(store)];
      const first = await signIn(store, gate);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query(`BEGIN; SELECT * FROM ${schema}.account WHERE id = ${gate.accountId} FOR UPDATE`);
      const waiting = assert.rejects(signIn(store, gate), { name: 'StoreUnavailable', message: /lock timeout/ });
      await signIn(store, other);
      assert.equal(await endingOf(store, first), null);
      await waiting;
      await holder.end();
      await signIn(store, gate);
    });
  });

  test('who has waited long for an account waits once more: a crowd that thins out turns nobody away', async () => {
    const { url, schema } = await server.freshSchema();
    await withStores([{ url, schema }], async (store) => {
      assert.ok(store !== undefined);
      const gate = await makeAccount(store);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query(`BEGIN; SELECT * FROM ${schema}.account WHERE id = ${gate.accountId} FOR UPDATE`);
      const [first] = await Promise.all([
        signIn(store, gate),
        // Longer than one wait, and shorter than two.
        sleep(3_000).then(() => holder.end()),
      ]);
      assert.equal(await endingOf(store, first), null);
    });
  });

  test('P8: a commit waits for the disk, whatever the server would do; a counter waits for none', async () => {
    const { url, schema } = await server.freshSchema();
    const name = new URL(url).pathname.slice(1);
    await query(url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    try {
      await withStores([{ url, schema }], async (store) => {
        await query(
          url,
          `SET search_path = ${schema};
          CREATE TABLE seen (tab TEXT, way TEXT);
          CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO ${schema}.seen VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NEW; END $$;
          CREATE TRIGGER seeing AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION see();
          CREATE TRIGGER seeing AFTER INSERT ON counter FOR EACH ROW EXECUTE FUNCTION see()`,
        );
        assert.ok(store !== undefined);
        await makeAccount(store);
        await store.counters.take([{ key: 'k', limit: 1, windowMs: 1_000 }]);
        assert.deepEqual(await query(url, `SELECT * FROM ${schema}.seen`), [
          { tab: 'account', way: 'on' },
          { tab: 'counter', way: 'off' },
        ]);
      });
    } finally {
      await query(url, `ALTER DATABASE ${name} RESET synchronous_commit`);
    }
  });
});

describe('PostgreSQL that cannot be used', { skip: startable() ?? false }, () => {
  let server: OwnPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  const urlWith = (change: Partial<Pick<URL, 'username' | 'password' | 'hostname' | 'port' | 'pathname'>>): string =>
    Object.assign(new URL(server.url), change).href;

  const cases: readonly (readonly [what: string, url: () => string, message: RegExp])[] = [
    [
      'a wrong password',
      () => urlWith({ password: 'wrong-secret' }),
      /password authentication failed.*Check the user and the password/,
    ],
    ['a wrong port', () => urlWith({ port: '1' }), /ECONNREFUSED.*See that it runs and can be reached/],
    ['a host that nobody has', () => urlWith({ hostname: 'nowhere.invalid' }), /ENOTFOUND|EAI_AGAIN/],
    ['no such database', () => urlWith({ pathname: '/missing' }), /does not exist.*CREATE DATABASE/],
    [
      'no URL at all',
      () => 'postgres://user:wrong-secret@host:port/',
      /cannot be read.*postgres:\/\/user:password@host/,
    ],
  ];
  for (const [what, url, message] of cases) {
    test(`${what} is told with what to do about it, and without a password`, async () => {
      const error = await postgresStore({ url: url() }).then(
        () => assert.fail('it was opened'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, message);
      const all = `${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.cause)} ${String(error.cause)}`;
      assert.doesNotMatch(all, new RegExp(`wrong-secret|${new URL(server.url).password}`));
    });
  }

  test('a host without the driver is told to install it', async () => {
    const store = new URL('../../src/stores/postgres/store.ts', import.meta.url).href;
    const program = `
      import { registerHooks } from 'node:module';
      registerHooks({ resolve: (name, context, next) => next(name === 'pg' ? 'pg-is-not-here' : name, context) });
      const { postgresStore } = await import('${store}');
      await postgresStore({ url: 'postgres://127.0.0.1/' }).catch(({ name, message }) => console.log(name, message));`;
    const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.match(stdout, /^StoreUnavailable .*npm install pg/);
  });

  test('a user who may make no schema is told who can', async () => {
    await query(server.url, `CREATE ROLE poor LOGIN PASSWORD 'poor'`);
    const url = urlWith({ username: 'poor', password: 'poor' });
    await assert.rejects(postgresStore({ url }), {
      name: 'StoreUnavailable',
      message: /permission denied.*CREATE SCHEMA "latchkey" AUTHORIZATION/,
    });
    await query(server.url, 'CREATE SCHEMA latchkey AUTHORIZATION poor');
    const store = await postgresStore({ url });
    await makeAccount(store);
    await store.close();
  });

  test('a database whose encoding has no room for every name is refused', async () => {
    await query(
      server.url,
      `CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`,
    );
    await assert.rejects(postgresStore({ url: urlWith({ pathname: '/narrow' }) }), {
      message: /keeps text as LATIN1.*ENCODING 'UTF8'/,
    });
  });

  for (const mode of ['fast', 'immediate'] as const) {
    test(`P8: a restart (${mode}) in the middle is an illness for a while and loses nothing that was answered`, async () => {
      const { url, schema } = await server.freshSchema();
      const store = await postgresStore({ url, schema });
      const gate = await makeAccount(store);
      const answered = [await signIn(store, gate, 'unlimited')];
      let failures = 0;
      let isOver = false;
      const signingIn = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          const outcome = await signIn(store, gate, 'unlimited').catch((error: unknown) => error);
          if (outcome instanceof StoreUnavailable) {
            failures++;
            await sleep(20);
          } else if (outcome instanceof Error) throw outcome;
          else answered.push(outcome as (typeof answered)[number]);
        }
      });
      const checking = (async () => {
        while (!isOver) {
          const [one] = answered;
          assert.ok(one !== undefined);
          const found = await store.sessions.find(one.token).catch((error: unknown) => error);
          if (found instanceof Error) assert.ok(found instanceof StoreUnavailable, String(found));
          assert.notEqual(found, null, 'a store that is ill is not one that has no such session');
          await sleep(5);
        }
      })();
      await sleep(100);
      await server.restart(mode);
      await untilItWorks(() =>
        store.sessions.find(answered[0]?.token ?? { accountId: null, hash: new Uint8Array(32) }),
      );
      await untilItWorks(() => signIn(store, gate, 'unlimited'));
      await untilItWorks(() => store.writable());
      isOver = true;
      await Promise.all([...signingIn, checking]);
      assert.ok(failures > 0);
      for (const one of answered) assert.equal(await endingOf(store, one), null);
      await store.close();
    });
  }

  test('a server that stalls is given up on: a check after a second, a change after some, and both work again by themselves', async () => {
    const { url, schema } = await server.freshSchema();
    const store = await postgresStore({ url, schema });
    const gate = await makeAccount(store);
    const first = await signIn(store, gate, 'unlimited');
    assert.equal(await endingOf(store, first), null);
    await server.pause();
    try {
      const check = await tookMs(() => assert.rejects(store.sessions.find(first.token), StoreUnavailable));
      assert.ok(check > 800 && check < 2_500, `a check took ${check} ms`);
      const change = await tookMs(() => assert.rejects(signIn(store, gate, 'unlimited'), StoreUnavailable));
      assert.ok(change < 7_500, `a change took ${change} ms`);
    } finally {
      server.resume();
    }
    assert.equal(await untilItWorks(() => endingOf(store, first)), null);
    await untilItWorks(() => signIn(store, gate, 'unlimited'));
    await store.close();
  });

  test('a pool that is used up is an illness after five seconds, not a wait without end', async () => {
    const { schema } = await server.freshSchema();
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    const store = await postgresStore({ pool, schema });
    const taken = await pool.connect();
    const waited = await tookMs(() =>
      assert.rejects(store.settings.getOrSet('name', 'x'), {
        name: 'StoreUnavailable',
        message: /no connection was free/,
      }),
    );
    assert.ok(waited > 4_000 && waited < 9_000, `${waited} ms`);
    taken.release();
    assert.equal(await store.settings.getOrSet('name', 'x'), 'x');
    assert.equal(pool.idleCount, 1, 'what came too late went back');
    await store.close();
    await pool.end();
  });

  test('a standby is refused, and so is a primary that has become one: what it shows may be over', async () => {
    const { url, schema } = await server.freshSchema();
    const store = await postgresStore({ url, schema });
    const gate = await makeAccount(store);
    const first = await signIn(store, gate);
    const [folder] = await query(url, 'SHOW data_directory');
    const signal = join(String(folder?.['data_directory']), 'standby.signal');
    writeFileSync(signal, '');
    await server.restart('fast');
    try {
      await assert.rejects(postgresStore({ url, schema }), { name: 'StoreUnavailable', message: /is a standby/ });
      await assert.rejects(store.writable(), { name: 'StoreUnavailable', message: /read-only/ });
      await assert.rejects(store.sessions.find(first.token), { name: 'StoreUnavailable', message: /is a standby/ });
      await assert.rejects(store.sessions.admit(admission(gate)), StoreUnavailable);
    } finally {
      rmSync(signal);
      await server.restart('fast');
    }
    assert.equal(await untilItWorks(() => endingOf(store, first)), null);
    await untilItWorks(() => store.writable());
    await store.close();
  });
});
