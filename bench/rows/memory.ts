import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Filled } from '../data/database.ts';
import { onFile } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asTime, type Figure, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { LoadAsked, Loaded } from '../load/closed-loop.ts';
import { getPattern } from '../load/connection.ts';
import type { ChecksAsked } from '../processes/checks.ts';
import { productionServer } from '../servers/environment.ts';
import { fill, writeTokens } from './fill.ts';

const FEW = 1_000;

export const memory: Row = {
  name: 'memory',
  title: 'Memory, disk, and a check among many sessions',
  needsPeers: false,
  async measure(bench) {
    const many = bench.isQuick ? 100_000 : 1_000_000;
    const idle = await measureIdle(bench);
    const few = await fill(bench, FEW);
    const filled = await fill(bench, many);
    const count = many.toLocaleString('en');
    return [
      idle,
      await measureLoaded(bench, filled, count),
      ...measureDisk(filled, many),
      await measureChecks(bench, { few, filled, count }),
    ];
  },
};

async function measureIdle(bench: Bench): Promise<Figure> {
  const once = (start: (run: number) => Promise<Child>): (() => Promise<number>) => {
    let run = 0;
    return async () => {
      const server = await start(run++);
      await sleep(1_000);
      const { rssBytes } = await server.usage();
      await server.stop();
      return rssBytes / 1e6;
    };
  };
  const cache = { NODE_COMPILE_CACHE: join(bench.folder, 'compiled') };
  const megabytes = await interleave(
    {
      bare: once(() => bench.start('servers/bare.ts', { args: ['node'], environment: cache })),
      latchkey: once((run) =>
        bench.start('servers/latchkey.ts', {
          environment: { ...productionServer(onFile(join(bench.folder, `idle-${run}.db`))), ...cache },
        }),
      ),
    },
    { rounds: bench.isQuick ? 2 : 5, progress: bench.progress, what: 'memory' },
  );
  const held = { against: 'node:http alone', floor: megabytes.bare, goal: { measuredAtMost: 100 } };
  return asTime('resident memory of `latchkey serve`, idle', 'MB', megabytes.latchkey, held);
}

async function measureLoaded(bench: Bench, { path, tokens }: Filled, count: string): Promise<Figure> {
  const fills = writeTokens(bench, tokens);
  const server = await bench.start('servers/latchkey.ts', { environment: productionServer(onFile(path)) });
  const load = await bench.start('load/closed-loop.ts');
  const pattern = getPattern('/auth/session/');
  const megabytes: number[] = [];
  for (let part = 1; part <= 4; part++) {
    bench.progress.say(`memory: checks among ${count} sessions, part ${part} of 4`);
    const ms = bench.isQuick ? 500 : 2_500;
    await load.ask<Loaded>('run', {
      ...{ port: server.port, clients: 32, ms, pattern, fills, expect: 200 },
    } satisfies LoadAsked);
    megabytes.push((await server.usage()).rssBytes / 1e6);
  }
  await server.stop();
  await load.stop();
  return plain(`the same with ${count} sessions stored, under checks over all of them`, 'MB', megabytes.slice(1));
}

/** Pages as SQLite itself counts them, table by table with its indexes. */
function measureDisk({ path }: Filled, sessions: number): readonly Figure[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const size = db.prepare(
    `SELECT sum(dbstat.pgsize) AS bytes FROM dbstat JOIN sqlite_schema ON sqlite_schema.name = dbstat.name
     WHERE dbstat.aggregate = TRUE AND sqlite_schema.tbl_name = ?`,
  );
  const bytesOf = (table: string): number => Number(size.get(table)?.['bytes']) / sessions;
  const figures = [
    plain('on disk per session, with its indexes', 'B', [bytesOf('session')]),
    plain('on disk per session, its history and its account’s gate', 'B', [bytesOf('history') + bytesOf('gate')]),
    plain('on disk per account, with its address', 'B', [bytesOf('account') + bytesOf('email')]),
  ];
  db.close();
  return figures;
}

type Both = { readonly few: Filled; readonly filled: Filled; readonly count: string };

async function measureChecks(bench: Bench, { few, filled, count }: Both): Promise<Figure> {
  const child = await bench.start('processes/checks.ts');
  await child.ask('load', few);
  await child.ask('load', filled);
  const once = (database: string) => (): Promise<number> =>
    child.ask('measure', { database, variant: 'headers', checks: 20_000 } satisfies ChecksAsked);
  const cpu = await interleave(
    { few: once(few.path), many: once(filled.path) },
    { rounds: bench.isQuick ? 5 : 15, progress: bench.progress, what: 'memory: a check among many' },
  );
  const held = { against: `among ${FEW.toLocaleString('en')}`, floor: cpu.few, goal: { atMost: 1.3 } };
  return asTime(`authenticate(req.headers) among ${count} sessions, CPU`, 'µs', cpu.many, held);
}
