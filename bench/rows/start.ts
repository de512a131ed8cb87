import { join } from 'node:path';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asTime, type Figure, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { StartAsked, Started } from '../processes/start.ts';

const CLI = new URL('../../packages/latchkey/src/cli/main.ts', import.meta.url).pathname;
const BARE = new URL('../servers/first-answer.ts', import.meta.url).pathname;

const ASKS = [
  ['/healthz', 200],
  ['/auth/session/', 401],
] as const;

export const start: Row = {
  name: 'start',
  title: 'From the start of `latchkey serve` to its first answer',
  needsPeers: false,
  async measure(bench) {
    const starter = await bench.start('processes/start.ts');
    const times = await interleave(
      {
        bare: () =>
          startOnce(starter, bench, { args: ['--conditions=source', BARE], cache: join(bench.folder, 'bare') }),
        cold: () => startCold(starter, bench),
        warm: () =>
          startOnce(starter, bench, {
            args: ['--conditions=source', CLI, 'serve'],
            cache: join(bench.folder, 'warm'),
            database: join(bench.folder, 'warm.db'),
          }),
      },
      { rounds: bench.isQuick ? 3 : 10, progress: bench.progress, what: 'start' },
    );
    const nth = (of: readonly Started[], index: number): readonly number[] => of.map((one) => one[index] ?? Number.NaN);
    const line = (what: string, of: readonly Started[], index: number): Figure => {
      const held = { against: 'node:http alone', floor: nth(times.bare, index), goal: { measuredAtMost: 500 } };
      return asTime(what, 'ms', nth(of, index), held);
    };
    return [
      line('as `npm start` runs it again: /healthz', times.warm, 0),
      line('the same: /auth/session/ (401)', times.warm, 1),
      line('nothing compiled before, no database yet: /healthz', times.cold, 0),
      line('the same: /auth/session/ (401)', times.cold, 1),
    ];
  },
};

type How = { readonly args: readonly string[]; readonly cache: string; readonly database?: string };

async function startOnce(starter: Child, bench: Bench, { args, cache, database }: How): Promise<Started> {
  const environment = {
    NODE_COMPILE_CACHE: cache,
    ...(database !== undefined && { LATCHKEY_DATABASE: `sqlite:${database}` }),
  };
  return await starter.ask('run', { args, environment, folder: bench.folder, asks: ASKS } satisfies StartAsked);
}

async function startCold(starter: Child, bench: Bench): Promise<Started> {
  const [cache, database] = [join(bench.folder, 'cold'), join(bench.folder, 'cold.db')];
  bench.remove(cache);
  bench.remove(database);
  return await startOnce(starter, bench, { args: ['--conditions=source', CLI, 'serve'], cache, database });
}
