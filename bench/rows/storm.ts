import { onFile, type Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import { asTime, type Figure, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { LoadAsked, Loaded } from '../load/closed-loop.ts';
import { getPattern } from '../load/connection.ts';
import type { RateAsked, Rated } from '../load/open-loop.ts';
import { uncountedServer } from '../servers/environment.ts';
import { fill, writeTokens } from './fill.ts';
import { signIn, writeNames } from './sign-ins.ts';

const SESSIONS = 20_000;
const CHECKS_PER_SECOND = 200;

/** The first accounts sign in and lose their sessions by it; the checks are of all the others. */
export const SIGNING_IN = 500;
const CLIENTS = 40;

export const storm: Row = {
  name: 'storm',
  title: 'Checks while many people sign in at once',
  needsPeers: false,
  async measure(bench) {
    const { path, tokens } = await fill(bench, SESSIONS);
    return await measureStorm(bench, {
      row: 'storm',
      what: 'checks',
      place: onFile(path),
      tokens: tokens.slice(SIGNING_IN),
    });
  },
};

export type Storm = {
  readonly row: string;
  readonly what: string;
  readonly place: Place;
  /** Of sessions that are checked, none of an account that signs in. */
  readonly tokens: readonly string[];
};

export async function measureStorm(bench: Bench, { row, what, place, tokens }: Storm): Promise<readonly Figure[]> {
  const { check, signInAll, stop } = await startAll(bench, place, tokens);
  const { idle, storm } = await interleave(
    {
      idle: async () => ({ ...(await check()), signIns: 0 }),
      storm: async () => {
        const [during, { perSecond }] = await Promise.all([check(), signInAll()]);
        return { ...during, signIns: perSecond };
      },
    },
    { rounds: bench.isQuick ? 2 : 5, progress: bench.progress, what: `${row}: ${what}` },
  );
  await stop();
  const signIns = storm.map((one) => one.signIns);
  return [...figuresOf(what, storm, idle), plain('sign-ins meanwhile', '/s', signIns)];
}

type Both = {
  readonly check: () => Promise<Rated>;
  readonly signInAll: () => Promise<Loaded>;
  readonly stop: () => Promise<unknown>;
};

async function startAll(bench: Bench, place: Place, tokens: readonly string[]): Promise<Both> {
  const fills = writeTokens(bench, tokens);
  const names = writeNames(bench, SIGNING_IN);
  const server = await bench.start('servers/latchkey.ts', { environment: uncountedServer(place) });
  const checks = await bench.start('load/open-loop.ts');
  const people = await bench.start('load/closed-loop.ts');
  const { port } = server;
  const ms = bench.isQuick ? 2_000 : 6_000;
  const pattern = getPattern('/auth/session/');
  const rate = { port, perSecond: CHECKS_PER_SECOND, ms, pattern, fills, expect: 200 };
  // A little longer than the checks, so that none of them finds nobody signing in.
  const load = { port, clients: CLIENTS, ms: ms + 200, pattern: signIn, fills: names, expect: 200 };
  return {
    check: () => checks.ask('run', rate satisfies RateAsked),
    signInAll: () => people.ask('run', load satisfies LoadAsked),
    stop: () => Promise.all([server.stop(), checks.stop(), people.stop()]),
  };
}

function figuresOf(checks: string, storm: readonly Rated[], idle: readonly Rated[]): readonly Figure[] {
  const line = (what: string, of: keyof Rated, atMost?: number): Figure =>
    asTime(
      what,
      'ms',
      storm.map((one) => one[of]),
      {
        against: 'the same, nobody signing in',
        floor: idle.map((one) => one[of]),
        ...(atMost !== undefined && { goal: { atMost } }),
      },
    );
  return [
    line(`${checks} at ${CHECKS_PER_SECOND}/s, ${CLIENTS} people signing in, p99`, 'p99', 3),
    line('the same, p50', 'p50'),
    line('of which the sender was late itself, p99', 'lateP99'),
  ];
}
