import type { Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asSpeed, asTime, type Figure, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { StoreChecksAsked, StoreLoadAsked, Variant } from '../processes/store-checks.ts';
import type { StoreChecked } from '../processes/timed.ts';
import { type Store, sharedStores } from './stores.ts';

/** All of them fit into what a node remembers. */
const SESSIONS = 20_000;
const IN_FLIGHT = 32;

export const checkStores: Row = {
  name: 'check-stores',
  title: 'A check in process on stores that nodes share: from memory (acked), and every one a read (strict)',
  needsPeers: false,
  async measure(bench) {
    const figures: Figure[] = [];
    for (const store of await sharedStores(bench, 'check-stores', { count: SESSIONS, what: 'sessions' })) {
      figures.push(...(await fromMemory(bench, store)), ...(await byReads(bench, store)));
    }
    return figures;
  },
};

async function fromMemory(bench: Bench, { name, place }: Store): Promise<readonly Figure[]> {
  const child = await startChecks(bench, { ...place, checks: 'acked' });
  await child.ask('warm');
  const before = await child.ask<Counts>('counts');
  const cpu = await measureVariants(bench, child, {
    what: `check-stores: ${name}, from memory`,
    variants: ['map', 'headers', 'request'],
    ...{ checks: bench.isQuick ? 20_000 : 100_000, inFlight: 1 },
  });
  const after = await child.ask<Counts>('counts');
  await child.stop();
  const hits = after.hits - before.hits;
  const share = (hits / (hits + after.reads - before.reads)) * 100;
  const held = { against: 'SHA-256 and a Map of as many', floor: cpuOf(cpu.map), goal: { atLeast: 0.6 } };
  const among = `${SESSIONS.toLocaleString('en')} sessions`;
  return [
    asSpeed(`${name}, acked: authenticate(req.headers), random over ${among}, CPU`, 'µs', cpuOf(cpu.headers), held),
    asSpeed('authenticate(request), the same, CPU', 'µs', cpuOf(cpu.request), held),
    plain('of which were answered from memory', '%', [share]),
  ];
}

async function byReads(bench: Bench, { name, place }: Store): Promise<readonly Figure[]> {
  const child = await startChecks(bench, { ...place, checks: 'strict' });
  const cpu = await measureVariants(bench, child, {
    what: `check-stores: ${name}, by reads`,
    variants: ['read', 'headers', 'request'],
    ...{ checks: IN_FLIGHT * (bench.isQuick ? 100 : 600), inFlight: IN_FLIGHT },
  });
  await child.stop();
  const against = 'SHA-256 and that one read';
  const held = { against, floor: cpuOf(cpu.read) };
  return [
    asTime(
      `${name}, strict: authenticate(req.headers), ${IN_FLIGHT} at a time, CPU of the node`,
      'µs',
      cpuOf(cpu.headers),
      held,
    ),
    asTime('authenticate(request), the same, CPU of the node', 'µs', cpuOf(cpu.request), held),
    asSpeed('authenticate(req.headers), the same', '/s', rateOf(cpu.headers), { against, floor: rateOf(cpu.read) }),
  ];
}

type Counts = { readonly hits: number; readonly reads: number };

async function startChecks(bench: Bench, place: Place): Promise<Child> {
  const child = await bench.start('processes/store-checks.ts');
  await child.ask('load', { place, count: SESSIONS } satisfies StoreLoadAsked);
  return child;
}

type Measuring<Name extends Variant> = {
  readonly what: string;
  readonly variants: readonly Name[];
  readonly checks: number;
  readonly inFlight: number;
};

async function measureVariants<Name extends Variant>(
  bench: Bench,
  child: Child,
  { what, variants, checks, inFlight }: Measuring<Name>,
): Promise<Readonly<Record<Name, readonly StoreChecked[]>>> {
  const once = (variant: Variant) => (): Promise<StoreChecked> =>
    child.ask('measure', { variant, checks, inFlight } satisfies StoreChecksAsked);
  const all = Object.fromEntries(variants.map((variant) => [variant, once(variant)])) as Record<
    Name,
    () => Promise<StoreChecked>
  >;
  return await interleave(all, { rounds: bench.isQuick ? 5 : 15, progress: bench.progress, what });
}

function cpuOf(checked: readonly StoreChecked[]): readonly number[] {
  return checked.map(({ cpuUs }) => cpuUs);
}

function rateOf(checked: readonly StoreChecked[]): readonly number[] {
  return checked.map(({ perSecond }) => perSecond);
}
