import type { Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asTime, type Figure, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { LoadAsked, Loaded } from '../load/closed-loop.ts';
import { uncountedServer } from '../servers/environment.ts';
import { signIn, writeNames } from './sign-ins.ts';
import { type StoreServer, sharedServers, telling } from './stores.ts';

const ACCOUNTS = 2_000;
const NODES = [1, 3, 10];

const ROW = 'acknowledgements';

export const acknowledgements: Row = {
  name: ROW,
  title:
    'What a sign-in that displaces waits for until every node has acknowledged it, with a cheap hash, one at a time',
  needsPeers: false,
  async measure(bench) {
    const figures: Figure[] = [];
    for (const server of await sharedServers(bench)) figures.push(...(await measureServer(bench, server)));
    return figures;
  },
};

/** The nodes of a store all check in the same way, so each way has a store of its own. */
async function measureServer(bench: Bench, { name, placeAt, fill }: StoreServer): Promise<readonly Figure[]> {
  const cheap = { passwordHash: 'dangerously-cheap' } as const;
  const strict = { ...placeAt(0), ...cheap, checks: 'strict' } as const;
  const acked = { ...placeAt(1), ...cheap, checks: 'acked' } as const;
  const content = { count: ACCOUNTS, what: 'accounts and sessions' } as const;
  for (const place of [strict, acked]) await fill(place, content, telling(bench, ROW));
  const figures: Figure[] = [];
  for (const nodes of NODES) figures.push(...(await measureNodes(bench, { name, nodes, strict, acked })));
  return figures;
}

type Both = { readonly name: string; readonly nodes: number; readonly strict: Place; readonly acked: Place };

async function measureNodes(bench: Bench, { name, nodes, strict, acked }: Both): Promise<readonly Figure[]> {
  const load = await bench.start('load/closed-loop.ts');
  const fills = writeNames(bench, ACCOUNTS);
  const ms = bench.isQuick ? 1_500 : 2_500;
  const running: Child[] = [];
  const startAll = async (place: Place): Promise<() => Promise<Loaded>> => {
    const environment = uncountedServer(place);
    // One by one: the first brings the tables up to date.
    for (let node = 0; node < nodes; node++) running.push(await bench.start('servers/latchkey.ts', { environment }));
    const { port } = running.at(-1) as Child;
    const asked = { port, clients: 1, ms, pattern: signIn, fills, expect: 200 };
    return () => load.ask('run', asked satisfies LoadAsked);
  };
  const took = await interleave(
    { strict: await startAll(strict), acked: await startAll(acked) },
    { rounds: bench.isQuick ? 2 : 5, progress: bench.progress, what: `${ROW}: ${name}, ${nodes}` },
  );
  await Promise.all([load, ...running].map((child) => child.stop()));
  const among = nodes === 1 ? '1 node' : `${nodes} nodes`;
  const line = (what: string, of: 'p50' | 'p99'): readonly Figure[] => {
    const [waited, floor] = [took.acked.map((one) => one[of]), took.strict.map((one) => one[of])];
    const added = waited.map((time, round) => time - (floor[round] ?? Number.NaN));
    return [
      asTime(what, 'ms', waited, { against: 'the same, strict: nobody to wait for', floor }),
      plain(`what the acknowledgements add, ${of}`, 'ms', added),
    ];
  };
  return [...line(`${name}, acked, ${among}: a sign-in, p50`, 'p50'), ...line('the same, p99', 'p99')];
}
