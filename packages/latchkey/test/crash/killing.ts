/** Kills an act at each of its places in turn, and looks at what is left. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { openTest } from '../../src/testing/instance.ts';
import { temporaryFolder } from '../serving.ts';

const POINTS = new URL('./crash-points.ts', import.meta.url).pathname;
const SCENARIO = new URL('./scenario.ts', import.meta.url).pathname;

/** The first, which lives, leaves its compiled modules to those that are killed. */
const cache = temporaryFolder();
process.once('exit', () => cache.remove());

export type Instance = Awaited<ReturnType<typeof openTest>>;

/** What a client saw after a kill (null: no answer), and what was kept as it was left. */
export type Left = { readonly answer: string | null; readonly instance: Instance };

/** Options that another process can be told. */
export type Told = Readonly<Record<string, unknown>>;

export type Act = {
  readonly name: string;
  readonly argument: string;
  /** Not within transactions, too: that they are done whole or not at all is seen by other acts. */
  readonly isAtAwaitsAlone?: true;
  /** The first of its places of which every third is tried; all of them where it is not given, or `LATCHKEY_TEST_EVERY_PLACE` is set. */
  readonly thirdsFrom?: number;
  /** What was made ready, as one of two that run at a time has it to itself, each time anew; and a file that is not there yet. */
  readonly copy: (lane: 0 | 1) => Promise<{ readonly options: Told; readonly answered: string }>;
};

/** Does it on a copy in a process of its own that kills itself at a place; 0 lets it live. */
async function runKilled(
  { name, argument, isAtAwaitsAlone, copy }: Act,
  { lane, killAt }: { readonly lane: 0 | 1; readonly killAt: number },
): Promise<{ readonly places: number; readonly options: Told; readonly answered: string }> {
  const { options, answered } = await copy(lane);
  const args = ['--conditions=source', '--import', POINTS, SCENARIO, name, JSON.stringify(options), answered, argument];
  const env = {
    ...process.env,
    LATCHKEY_TEST_KILL_AT: String(killAt),
    NODE_COMPILE_CACHE: cache.path,
    ...(isAtAwaitsAlone && { LATCHKEY_TEST_KILL_AT_AWAITS: '1' }),
  };
  const ended = await promisify(execFile)(process.execPath, args, { env }).then(
    ({ stdout }) => ({ stdout, signal: null }),
    (error: { signal: string | null; stderr: string }) => {
      if (error.signal !== 'SIGKILL') throw new Error(error.stderr);
      return { stdout: '', signal: error.signal };
    },
  );
  assert.equal(ended.signal, killAt === 0 ? null : 'SIGKILL', `place ${killAt}`);
  return { places: Number(ended.stdout), options, answered };
}

function placesOf({ thirdsFrom }: Act, count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  if (thirdsFrom === undefined || process.env['LATCHKEY_TEST_EVERY_PLACE'] !== undefined) return all;
  return all.filter((place) => place % 3 === thirdsFrom % 3);
}

/** Kills an act at each of its places, two at a time, and looks at what is left. */
export async function killEverywhere(act: Act, look: (left: Left, place: number) => Promise<void>): Promise<void> {
  const { places } = await runKilled(act, { lane: 0, killAt: 0 });
  assert.ok(places > 20, `${act.name} has ${places} places`);
  const left = placesOf(act, places);
  const next = async (lane: 0 | 1): Promise<void> => {
    for (let place = left.shift(); place !== undefined; place = left.shift()) {
      const { options, answered } = await runKilled(act, { lane, killAt: place });
      const answer = existsSync(answered) ? readFileSync(answered, 'utf8') : null;
      const instance = await openTest(options);
      await look({ answer, instance }, place);
      await instance.auth.close();
    }
  };
  await Promise.all([next(0), next(1)]);
}
