import { join } from 'node:path';
import type { Bench } from '../harness/bench.ts';
import { type Figure, plain, type Row } from '../harness/figure.ts';
import type { OfKind, SharingFound, WriteAsked, YearAsked } from '../processes/sharing.ts';

/** Odd: the weights were fitted to years of even seeds. */
const SEEDS = [1, 3, 5, 7];

export const sharing: Row = {
  name: 'sharing',
  title: 'Who is passed around: a simulated year of accounts in SQLite, of seeds that were held out',
  needsPeers: false,
  async measure(bench) {
    const year: YearAsked = {
      path: join(bench.folder, 'year.db'),
      seeds: SEEDS,
      each: bench.isQuick ? 250 : 25_000,
    };
    const lines = await write(bench, year);
    // Another process, so that its memory is that of finding alone.
    bench.progress.say(`sharing: reading ${shown(lines)} lines of history`);
    const finder = await bench.start('processes/sharing.ts');
    const found = await finder.ask<SharingFound>('find', year);
    return figuresOf(found, `${shown(SEEDS.length * year.each)} accounts, ${shown(lines)} lines of history`);
  },
};

async function write(bench: Bench, { path, seeds, each }: YearAsked): Promise<number> {
  let lines = 0;
  for (const [index, seed] of seeds.entries()) {
    bench.progress.say(`sharing: making a year of ${shown(each)} accounts, ${index + 1} of ${seeds.length}`);
    const writer = await bench.start('processes/sharing.ts');
    lines += await writer.ask<number>('write', {
      path,
      seed,
      each,
      accounts: index * each,
      lines,
    } satisfies WriteAsked);
    await writer.stop();
  }
  return lines;
}

function figuresOf({ tookMs, cpuMs, readCpuMs, peakBytes, kinds }: SharingFound, of: string): readonly Figure[] {
  const sharers = kinds.filter(({ isSharing }) => isSharing);
  const [all, right, called] = [sum(sharers, 'accounts'), sum(sharers, 'called'), sum(kinds, 'called')];
  return [
    plain(`${of}: scoring them, CPU`, 'ms', [cpuMs - readCpuMs], { measuredAtMost: 60_000 }),
    plain('the same with reading them from the database', 'ms', [cpuMs], { measuredAtMost: 60_000 }),
    plain('that in time', 'ms', [tookMs]),
    plain('memory of the process at its highest', 'MB', [peakBytes / 1e6]),
    plain(`precision: of ${shown(called)} called shared, so many are`, '%', [(100 * right) / called], {
      measuredAtLeast: 95,
    }),
    plain(`recall: of ${shown(all)} that are shared, so many are called so`, '%', [(100 * right) / all], {
      measuredAtLeast: 80,
    }),
    ...kinds.toSorted((a, b) => Number(b.isSharing) - Number(a.isSharing)).map(figureOf),
  ];
}

/** Of those that share it is the recall, of the others it is how many are accused. */
function figureOf({ kind, isSharing, accounts, called }: OfKind): Figure {
  const what = `${isSharing ? 'shared' : 'not shared'}: of ${shown(accounts)} “${kind}”, called shared`;
  return plain(what, '%', [(100 * called) / accounts]);
}

function sum(kinds: readonly OfKind[], field: 'accounts' | 'called'): number {
  return kinds.reduce((total, kind) => total + kind[field], 0);
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
