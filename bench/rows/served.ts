import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asSpeed, type Figure } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { LoadAsked, Loaded } from '../load/closed-loop.ts';
import type { Pattern } from '../load/connection.ts';

/** What a server does under load. */
export type Served = { readonly perSecond: number; readonly cpuUs: number };

export type Target = { readonly server: Child; readonly pattern: Pattern; readonly fills: string };

const CLIENTS = 32;

/** Loads servers one after the other, round by round. */
export async function measureServers<Name extends string>(
  bench: Bench,
  what: string,
  targets: Readonly<Record<Name, Target>>,
  rounds = bench.isQuick ? 3 : 7,
): Promise<Readonly<Record<Name, readonly Served[]>>> {
  const load = await bench.start('load/closed-loop.ts');
  const names = Object.keys(targets) as Name[];
  const once = (name: Name) => async (): Promise<Served> => {
    const { server, pattern, fills } = targets[name];
    const ms = bench.isQuick ? 500 : 2_000;
    const asked = { port: server.port, clients: CLIENTS, ms, pattern, fills, expect: 200 };
    const before = await server.usage();
    const { answered, perSecond } = await load.ask<Loaded>('run', asked satisfies LoadAsked);
    const after = await server.usage();
    return { perSecond, cpuUs: (after.cpuUs - before.cpuUs) / answered };
  };
  const variants = Object.fromEntries(names.map((name) => [name, once(name)])) as Record<Name, () => Promise<Served>>;
  const served = await interleave(variants, { rounds, progress: bench.progress, what });
  await load.stop();
  return served;
}

type LoadAgainst = { readonly against: string; readonly floor: readonly Served[]; readonly atLeast?: number };

/** CPU time per request, which is the steadier figure, and requests per second. */
export function asLoad(what: string, served: readonly Served[], { against, floor, atLeast }: LoadAgainst): Figure[] {
  const goal = atLeast === undefined ? {} : { goal: { atLeast } };
  return [
    asSpeed(`${what}, CPU per request`, 'µs', cpuOf(served), { against, floor: cpuOf(floor), ...goal }),
    asSpeed(what, '/s', rateOf(served), { against, floor: rateOf(floor), ...goal }),
  ];
}

export function cpuOf(served: readonly Served[]): readonly number[] {
  return served.map(({ cpuUs }) => cpuUs);
}

export function rateOf(served: readonly Served[]): readonly number[] {
  return served.map(({ perSecond }) => perSecond);
}
