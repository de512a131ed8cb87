import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { newSessionId, newSessionToken } from '../../packages/latchkey/src/crypto/token.ts';
import type { Gate } from '../../packages/latchkey/src/model/account.ts';
import { storeApart } from '../../packages/latchkey/src/stores/apart/store.ts';
import { postgresStore } from '../../packages/latchkey/src/stores/postgres/store.ts';
import { openRedisStore, type RedisStore } from '../../packages/latchkey/src/stores/redis/store.ts';
import { sqliteAccounts, sqliteStore } from '../../packages/latchkey/src/stores/sqlite/store.ts';
import type { Admit, Store } from '../../packages/latchkey/src/stores/store.ts';
import { nameOf } from '../data/database.ts';
import { ownPostgres, ownRedis } from '../data/own-servers.ts';
import type { Bench } from '../harness/bench.ts';
import { type Figure, plain, type Row } from '../harness/figure.ts';

const ROW = 'kept';
const AT_ONCE = 10;
const DAY_MS = 86_400_000;

export const kept: Row = {
  name: ROW,
  title: 'What is kept by the row, what the door writes alone, and signing everybody out after a backup was restored',
  needsPeers: false,
  async measure(bench) {
    const count = bench.isQuick ? 1_000 : 10_000;
    const figures: Figure[] = [];
    for (const open of [onSqlite, onPostgres, inRedis]) {
      const side = await open(bench);
      if (side === null) continue;
      figures.push(...(await measureSide(bench, side, count)));
      await side.close();
    }
    return figures;
  },
};

/** Bytes by what they are for, with all indexes. */
type Sizes = {
  readonly accounts: number;
  readonly sessions: number;
  /** The index by token alone, where it is none with the rows themselves. */
  readonly tokens?: number;
  readonly gates: number;
  readonly history: number;
};

type Side = {
  readonly name: string;
  readonly accounts: Store['accounts'];
  readonly sessions: Pick<Store['sessions'], 'admit'>;
  /** Everything is packed before: rows that are dead and pages that are half full are not counted. */
  sizes(): Promise<Sizes>;
  /** All of it together, as after a restore. */
  restored(): Promise<Pick<Store, 'accounts'>>;
  close(): Promise<void>;
};

type Timed = { readonly perSecond: number; readonly cpuUs: number };

/** Makes accounts, opens a session for each, and another that displaces it; then signs all of them out. */
async function measureSide(bench: Bench, side: Side, count: number): Promise<readonly Figure[]> {
  const { name, accounts, sessions } = side;
  const say = (what: string): void => bench.progress.say(`${ROW}: ${name}, ${what}`);
  const empty = await side.sizes();
  say('making accounts');
  const gates: Gate[] = [];
  await each(count, async (number) => void gates.push(await createAccount(accounts, number)));
  say('opening sessions');
  const withAccounts = await side.sizes();
  const opening = await each(count, async (at) => await admit(sessions, gates[at]));
  const live = await side.sizes();
  say('displacing sessions');
  const displacing = await each(count, async (at) => await admit(sessions, gates[at]));
  const both = await side.sizes();
  say('signing all out');
  const restored = await side.restored();
  const restoring = await timed(count, () => signAllOut(restored));
  const of = (part: keyof Sizes, after: Sizes, before: Sizes, each = 1): readonly number[] => [
    ((after[part] ?? 0) - (before[part] ?? 0)) / count / each,
  ];
  return [
    ...(withAccounts.accounts > 0
      ? [plain(`${name}: an account with an address and a password`, 'B', of('accounts', withAccounts, empty))]
      : []),
    plain(`${name}: a session that is live`, 'B', of('sessions', live, withAccounts)),
    plain(`${name}: one that has ended`, 'B', of('sessions', both, live)),
    ...(both.tokens === undefined
      ? []
      : [plain(`${name}: of either, in the index by token`, 'B', of('tokens', both, withAccounts, 2))]),
    plain(`${name}: the gate of an account`, 'B', of('gates', live, empty)),
    plain(`${name}: a line of history`, 'B', of('history', both, withAccounts, 3)),
    plain(`${name}: opening a session, ${AT_ONCE} at a time`, '/s', [opening.perSecond]),
    plain(`${name}: one that displaces another, ${AT_ONCE} at a time`, '/s', [displacing.perSecond]),
    plain(`${name}: the same, CPU of the node`, 'µs', [displacing.cpuUs]),
    plain(`${name}: signing an account out after a restore, with ${count.toLocaleString('en')}`, 'µs', [
      1e6 / restoring.perSecond,
    ]),
  ];
}

async function timed(count: number, work: () => Promise<void>): Promise<Timed> {
  const [cpu, begun] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count * 1000) / (performance.now() - begun), cpuUs: (user + system) / count };
}

/** Does something for each number, so many at a time. */
async function each(count: number, work: (number: number) => Promise<void>): Promise<Timed> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) await work(number);
  };
  return await timed(count, async () => void (await Promise.all(Array.from({ length: AT_ONCE }, worker))));
}

async function signAllOut(store: Pick<Store, 'accounts'>): Promise<void> {
  for (let after = 0, isMore = true; isMore; ) {
    const { accounts, upTo } = await store.accounts.signAllOut({ after, limit: 500 });
    isMore = accounts > 0;
    after = upTo;
  }
}

/** As long as those of Argon2id at the default parameters. */
const HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'s'.repeat(22)}$${'h'.repeat(43)}`;

async function createAccount(store: Store['accounts'], number: number): Promise<Gate> {
  const username = nameOf(number + 1);
  const address = `${username}@school.example`;
  const created = await store.create({
    ...{ username, usernameKey: username, firstName: 'Ann', lastName: 'Lee', profile: {}, roles: [] },
    ...{ email: { address, key: address, verified: true }, emailUnique: true, state: 'active' },
    ...{ password: { hash: HASH, scheme: 'argon2id' }, invitation: null, link: null, outbox: [] },
  });
  if (created.kind !== 'created') throw new Error(`An account was not made: ${created.kind}.`);
  return created.record.gate;
}

async function admit(sessions: Side['sessions'], gate: Gate | undefined): Promise<void> {
  if (gate === undefined) throw new Error('There is no such account.');
  const id = newSessionId();
  const { kind } = await sessions.admit({
    session: {
      ...{
        id,
        tokenHash: newSessionToken(gate.accountId).hash,
        place: null,
        coordinates: null,
        network: null,
        client: null,
        binding: null,
        method: 'password',
        isFresh: true,
      },
      device: { id: id.slice(4), class: 'web', name: 'Firefox on Windows' },
      lifetimeMs: 30 * DAY_MS,
    },
    ...{ gate, spends: [], limits: [{ bucket: 'account', max: 1 }], whenFull: 'displace' },
    ...{ idleMs: 14 * DAY_MS, rule: ROW },
  } satisfies Admit);
  if (kind !== 'admitted') throw new Error(`A session was not opened: ${kind}.`);
}

async function onSqlite(bench: Bench): Promise<Side> {
  const path = join(bench.folder, 'kept.db');
  const store = sqliteStore(path);
  return {
    ...{ name: 'SQLite', accounts: store.accounts, sessions: store.sessions },
    sizes: async () => sizesOfFile(path),
    restored: async () => store,
    close: () => store.close(),
  };
}

/** Pages as SQLite itself counts them, table by table with its indexes. */
function sizesOfFile(path: string): Sizes {
  const db = new DatabaseSync(path);
  db.exec('VACUUM');
  const size = db.prepare(
    `SELECT coalesce(sum(dbstat.pgsize), 0) AS bytes FROM dbstat JOIN sqlite_schema ON sqlite_schema.name = dbstat.name
     WHERE dbstat.aggregate = TRUE AND sqlite_schema.tbl_name = ?`,
  );
  const of = (table: string): number => Number(size.get(table)?.['bytes']);
  const sizes = {
    accounts: of('account') + of('email'),
    ...{ sessions: of('session'), gates: of('gate'), history: of('history') },
  };
  db.close();
  return sizes;
}

async function onPostgres(bench: Bench): Promise<Side | null> {
  const url = await ownPostgres(bench, 'PostgreSQL');
  if (url === null) return null;
  const store = await postgresStore({ url });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const of = async (table: string): Promise<number> => {
    await client.query(`VACUUM FULL latchkey.${table}`);
    const { rows } = await client.query(`SELECT pg_total_relation_size('latchkey.${table}') AS bytes`);
    return Number(rows[0].bytes);
  };
  const index = async (name: string): Promise<number> => {
    const { rows } = await client.query(`SELECT pg_relation_size('latchkey.${name}') AS bytes`);
    return Number(rows[0].bytes);
  };
  return {
    ...{ name: 'PostgreSQL', accounts: store.accounts, sessions: store.sessions },
    restored: async () => store,
    sizes: async () => ({
      accounts: (await of('account')) + (await of('email')),
      sessions: await of('session'),
      tokens: await index('session_pkey'),
      ...{ gates: await of('gate'), history: await of('history') },
    }),
    async close() {
      await client.end();
      await store.close();
    },
  };
}

/**
 * What the server's memory grows by, with gates measured beside: those of accounts that nobody has. Accounts and sessions come
 * together at the end alone: before, what happened is not to be written down in SQL.
 */
async function inRedis(bench: Bench): Promise<Side | null> {
  const url = await ownRedis(bench, 'Redis');
  if (url === null) return null;
  const elsewhere = await openRedisStore(url);
  const side = sqliteAccounts(join(bench.folder, 'kept-accounts.db'));
  let both: Store | null = null;
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  const gateBytes = await bytesOfGate(client, elsewhere);
  const used = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
  const streamed = async (): Promise<number> => {
    const streams = await client.keys('lk:*:history');
    const sizes = await Promise.all(streams.map((key) => client.memory('USAGE', key, 'SAMPLES', 0)));
    return sizes.reduce((sum: number, size) => sum + Number(size), 0);
  };
  return {
    ...{ name: 'Redis', accounts: side.accounts, sessions: elsewhere.sessions },
    async sizes() {
      const history = await streamed();
      const gates = gateBytes * Number(await client.eval(GATES, 0));
      return { accounts: 0, sessions: (await used()) - history - gates, gates, history };
    },
    async restored() {
      await client.flushdb();
      both = storeApart(side, elsewhere);
      return both;
    },
    async close() {
      client.disconnect();
      await both?.close();
    },
  };
}

const GATES_MEASURED = 10_000;

const GATES = `return #redis.call('KEYS', 'lk:*:gate')`;

async function bytesOfGate(client: Redis, { sessions }: RedisStore): Promise<number> {
  const used = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
  const raise = (number: number): Promise<unknown> =>
    sessions.raise({
      ...{ accountId: 10_000_000 + number, state: 'active', roles: [], revision: 1, validFrom: 1, kept: null },
      reason: 'revoked',
    });
  // The script itself is kept from the first on.
  await raise(0);
  const before = await used();
  await each(GATES_MEASURED, async (number) => void (await raise(number + 1)));
  const bytes = ((await used()) - before) / GATES_MEASURED;
  await client.flushdb();
  return bytes;
}
