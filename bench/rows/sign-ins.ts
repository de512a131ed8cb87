import { availableParallelism } from 'node:os';
import { nameOf, PASSWORD } from '../data/database.ts';
import { onFile, type Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { asSpeed, type Figure, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { LoadAsked, Loaded } from '../load/closed-loop.ts';
import { type Pattern, postPattern } from '../load/connection.ts';
import type { HashingAsked } from '../processes/argon2.ts';
import { uncountedServer } from '../servers/environment.ts';
import { fill, writeFills } from './fill.ts';

const ACCOUNTS = 2_000;

/** A sign-in by password; a user's name goes into it. */
export const signIn: Pattern = postPattern(
  '/auth/login/',
  ['{"username":"', `","password":"${PASSWORD}"}`],
  nameOf(1).length,
);

export const signIns: Row = {
  name: 'sign-ins',
  title: 'Sign-ins over HTTP, hashing as many at a time as raw Argon2id',
  needsPeers: false,
  async measure(bench) {
    const { path } = await fill(bench, ACCOUNTS);
    const place = onFile(path);
    const all = bench.isQuick ? [usual] : [usual, 1, 2, 4, 8];
    return await measureSignIns(bench, { row: 'sign-ins', what: 'POST /auth/login/', place, accounts: ACCOUNTS, all });
  },
};

/** As many hashes at a time as there are by default. */
export const usual = Math.max(1, availableParallelism() - 1);

export type SigningIn = {
  readonly row: string;
  readonly what: string;
  readonly place: Place;
  readonly accounts: number;
  /** How many hashes are under way at a time, in one measurement after the other. */
  readonly all: readonly number[];
};

export async function measureSignIns(
  bench: Bench,
  { row, what, place, accounts, all }: SigningIn,
): Promise<readonly Figure[]> {
  const fills = writeNames(bench, accounts);
  const load = await bench.start('load/closed-loop.ts');
  const raw = await bench.start('processes/argon2.ts');
  const figures: Figure[] = [];
  for (const inFlight of new Set(all)) {
    const server = await bench.start('servers/latchkey.ts', { environment: uncountedServer(place, inFlight) });
    figures.push(await against(bench, { server, raw, load, fills, inFlight, row, what }));
    await server.stop();
  }
  await Promise.all([load.stop(), raw.stop()]);
  return figures;
}

/** The names of accounts, for requests that sign in. */
export function writeNames(bench: Bench, count: number): string {
  return writeFills(
    bench,
    'names',
    Array.from({ length: count }, (_, index) => nameOf(index + 1)),
  );
}

type Sides = {
  readonly server: Child;
  readonly raw: Child;
  readonly load: Child;
  readonly fills: string;
  readonly inFlight: number;
  readonly row: string;
  readonly what: string;
};

async function against(bench: Bench, { server, raw, load, fills, inFlight, row, what }: Sides): Promise<Figure> {
  const ms = bench.isQuick ? 1_500 : 4_000;
  // Twice as many clients as hashes in flight: there is always one that waits.
  const asked = { port: server.port, clients: inFlight * 2, ms, pattern: signIn, fills, expect: 200 };
  const perSecond = await interleave(
    {
      argon2: () => raw.ask<number>('run', { inFlight, ms } satisfies HashingAsked),
      latchkey: async () => (await load.ask<Loaded>('run', asked satisfies LoadAsked)).perSecond,
    },
    { rounds: 3, progress: bench.progress, what: `${row}: ${what}, ${inFlight} hashes at a time` },
  );
  return asSpeed(
    `${what}, ${inFlight} at a time${inFlight === usual ? ' (the default here)' : ''}`,
    '/s',
    perSecond.latchkey,
    { against: `raw Argon2id, ${inFlight} at a time`, floor: perSecond.argon2, goal: { atLeast: 0.9 } },
  );
}
