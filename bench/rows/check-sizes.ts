import { freemem } from 'node:os';
import { join } from 'node:path';
import { fillSqlite } from '../data/fill-sqlite.ts';
import { onFile } from '../data/place.ts';
import { randomToken } from '../data/tokens.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asTime, type Figure, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import { getPattern } from '../load/connection.ts';
import type { SizeLoadAsked } from '../processes/size-checks.ts';
import type { StoreChecked, Timing } from '../processes/timed.ts';
import { PATH } from '../servers/answer.ts';
import { writeFills } from './fill.ts';
import { cpuOf, measureServers, type Target } from './served.ts';
import { postgresServer, redisServer, type Store, type StoreServer, telling } from './stores.ts';

const ROW = 'check-sizes';

/** How many a route is asked for, out of all. */
const FILLS = 100_000;
const IN_FLIGHT = 32;

/** What a session takes in Redis, with as much again for what else is under way. */
const REDIS_BYTES = 800;

export const checkSizes: Row = {
  name: ROW,
  title: 'A strict check among more and more sessions, drawn at random over all of them',
  needsPeers: false,
  async measure(bench) {
    const sizes = bench.isQuick ? [1_000, 20_000, 50_000] : [1_000, 1_000_000, 10_000_000];
    const figures = [...(await measureServer(bench, sqlite(bench), sizes))];
    // Before PostgreSQL, which would take a share of the memory.
    const redis = await redisServer(bench, false);
    if (redis !== null) figures.push(...(await measureServer(bench, redis, fitting(bench, sizes))));
    const postgres = await postgresServer(bench);
    if (postgres !== null) figures.push(...(await measureServer(bench, postgres, sizes)));
    return figures;
  },
};

function sqlite(bench: Bench): StoreServer {
  const fileOf = (number: number): string => join(bench.folder, `sessions-${number}.db`);
  return {
    name: 'SQLite',
    placeAt: (number) => onFile(fileOf(number)),
    fill: (place, { count }, said) => fillSqlite(place.database.slice('sqlite:'.length), count, said),
  };
}

function fitting(bench: Bench, sizes: readonly number[]): readonly number[] {
  const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  return sizes.filter((size, at) => {
    const needed = sum(sizes.slice(0, at + 1)) * REDIS_BYTES;
    const doesFit = needed < freemem();
    if (!doesFit) bench.leaveOut(`Redis, ${shown(size)} sessions`, `needs ${Math.ceil(needed / 2 ** 30)} GB of memory`);
    return doesFit;
  });
}

async function measureServer(
  bench: Bench,
  { name, placeAt, fill }: StoreServer,
  sizes: readonly number[],
): Promise<readonly Figure[]> {
  const stores: Sized[] = [];
  for (const [number, count] of sizes.entries()) {
    const place = placeAt(number);
    await fill(place, { count, what: 'sessions', isPacked: true }, telling(bench, `${ROW}: ${name}`));
    stores.push({ name, count, place: { ...place, checks: 'strict' } });
  }
  return [...(await measureChecks(bench, name, stores)), ...(await measureRoute(bench, name, stores))];
}

type Sized = Store & { readonly count: number };

async function measureChecks(bench: Bench, name: string, stores: readonly Sized[]): Promise<readonly Figure[]> {
  const children: Child[] = [];
  const variants: Record<string, () => Promise<StoreChecked>> = {};
  for (const { place, count } of stores) {
    const child = await bench.start('processes/size-checks.ts');
    await child.ask('load', { place, count } satisfies SizeLoadAsked);
    children.push(child);
    const measure = (timing: Timing) => (): Promise<StoreChecked> => child.ask('measure', timing);
    variants[`one ${count}`] = measure({ checks: bench.isQuick ? 500 : 4_000, inFlight: 1 });
    variants[`many ${count}`] = measure({ checks: IN_FLIGHT * (bench.isQuick ? 50 : 300), inFlight: IN_FLIGHT });
  }
  const took = await interleave(variants, {
    rounds: bench.isQuick ? 3 : 8,
    progress: bench.progress,
    what: `${ROW}: ${name}`,
  });
  await Promise.all(children.map((child) => child.stop()));
  const time = (count: number): readonly number[] => (took[`one ${count}`] ?? []).map((one) => 1e6 / one.perSecond);
  const cpu = (count: number): readonly number[] => (took[`many ${count}`] ?? []).map((one) => one.cpuUs);
  return [
    ...bySize(stores, `${name}: authenticate(req.headers), one at a time, time`, time),
    ...bySize(stores, `${name}: the same, ${IN_FLIGHT} at a time, CPU of the node`, cpu),
  ];
}

async function measureRoute(bench: Bench, name: string, stores: readonly Sized[]): Promise<readonly Figure[]> {
  const targets: Record<string, Target> = {};
  // The fewest and the most.
  const ends = stores.filter((_, at) => at === 0 || at === stores.length - 1);
  for (const { place, count } of ends) {
    const server = await bench.start('servers/latchkey-host.ts', {
      args: [JSON.stringify(place), 'headers'],
      environment: { NODE_ENV: 'production' },
    });
    const tokens = Array.from({ length: FILLS }, () => `Authorization: Token ${randomToken(count)}`);
    const fills = writeFills(bench, `tokens-${count}`, tokens);
    targets[String(count)] = { server, pattern: getPattern(PATH), fills };
  }
  const served = await measureServers(bench, `${ROW}: ${name}, a route`, targets, 3);
  for (const { server } of Object.values(targets)) await server.stop();
  const cpu = (count: number): readonly number[] => cpuOf(served[String(count)] ?? []);
  return bySize(ends, `${name}: Hono app under it, CPU per request`, cpu);
}

/** Each size against the smallest. */
function bySize(
  stores: readonly Sized[],
  what: string,
  samples: (count: number) => readonly number[],
): readonly Figure[] {
  const [fewest, ...more] = stores.map(({ count }) => count);
  if (fewest === undefined) return [];
  const floor = samples(fewest);
  const held = { against: `among ${shown(fewest)}`, floor, goal: { atMost: 1.3 } };
  if (more.length === 0) return [plain(`${what}, among ${shown(fewest)}`, 'µs', floor)];
  return more.map((count) => asTime(`${what}, among ${shown(count)}`, 'µs', samples(count), held));
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
