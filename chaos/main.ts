/** `npm run chaos`: faults on purpose, and what was promised held against what happened. */
import { parseArgs } from 'node:util';
import { backends } from './backends/all.ts';
import { bugs } from './bugs.ts';
import { check, doubtOf, reportOf, violationsOf } from './check.ts';
import { measureFailovers } from './failover.ts';
import { readHistory } from './history.ts';
import { FOUND_WITHIN_SECONDS, search } from './planted.ts';
import type { Mode } from './rules.ts';
import { DEFAULT_RUN, type RunOptions, run } from './run.ts';

const MODES: readonly Mode[] = ['strict', 'acked', 'bounded'];

const USAGE = `npm run chaos -- [--store STORE] [--mode MODE] [--seconds N] [--seed N] …
npm run chaos -- check FILE
npm run chaos -- failover [--rounds N] [--seed N]
npm run chaos -- bugs [--store STORE] [--seconds N] [--bug NAME]

  --store STORE    ${Object.keys(backends).join(', ')}
  --mode MODE      how nodes check keys: ${MODES.join(', ')} (default: the store's usual way)
  --seconds N      how long there are faults (default: ${DEFAULT_RUN.seconds}; of bugs, at most ${FOUND_WITHIN_SECONDS})
  --seed N         another one gives other faults and other requests; each run prints its own
  --limit N        live sessions of an account (default: ${DEFAULT_RUN.limit})
  --bug NAME       plants a bug, which must be found: ${Object.keys(bugs).join(', ')}
  --history FILE   where the history goes (default: kept if something is wrong)

  bugs             plants one bug after the other, each with three seeds; each must be found
  failover         what is lost when Redis masters die, by settings, as a table
  --rounds N       how many die with each combination of settings (default: 9)
  check FILE       the invariants over a history that a run has kept, once more
`;

const options = {
  store: { type: 'string', default: 'sqlite' },
  mode: { type: 'string' },
  seconds: { type: 'string' },
  seed: { type: 'string' },
  limit: { type: 'string', default: String(DEFAULT_RUN.limit) },
  bug: { type: 'string' },
  history: { type: 'string' },
  rounds: { type: 'string', default: '9' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** 0 where nothing is wrong, 1 where something is. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [command, file] = positionals;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  if (values.help) {
    say(USAGE);
    return 0;
  }
  if (command === 'check' && file !== undefined) return await checkAgain(file, say);
  if (command !== undefined && command !== 'bugs' && command !== 'failover') throw new Error(USAGE);
  const { seconds, limit, mode, bug, history } = values;
  const given: RunOptions = {
    ...DEFAULT_RUN,
    store: values.store,
    seed: values.seed === undefined ? Date.now() % 1_000_000 : numberIn('seed', values.seed),
    seconds: numberIn('seconds', seconds ?? String(command === 'bugs' ? FOUND_WITHIN_SECONDS : DEFAULT_RUN.seconds)),
    limit: numberIn('limit', limit),
    mode: modeIn(mode),
    bug: bug ?? null,
    history: history ?? null,
    say,
  };
  if (command === 'failover') {
    return await measureFailovers({ rounds: numberIn('rounds', values.rounds), seed: given.seed, say });
  }
  if (command === 'bugs') return await findBugs(given);
  say(`seed ${given.seed}, ${given.store}, ${given.seconds} s`);
  const { violations, history: kept, entries } = await run(given);
  say(`\n${violations} violations, seed ${given.seed}${kept === null ? '' : `, history in ${kept}`}`);
  return violations > 0 || doubtOf(entries) !== null ? 1 : 0;
}

const SEEDS = [1, 2, 3];

/** Nobody waits for nodes that are known to be ill. */
const QUICK = { rules: { recoversWithinMs: 0 }, say: () => undefined };

/** A bug that is not found is a test that proves nothing. */
async function findBugs(given: RunOptions): Promise<number> {
  let missed = 0;
  const isMeant = (name: string): boolean => given.bug === null || given.bug === name;
  const here = Object.entries(bugs).filter(([name, { stores }]) => stores.includes(given.store) && isMeant(name));
  for (const [bug] of here) {
    for (const seed of SEEDS) {
      const began = performance.now();
      const { isFound, says } = await search({ ...given, ...QUICK, bug, seed });
      if (!isFound) missed++;
      const seconds = Math.round((performance.now() - began) / 1000);
      given.say(`${isFound ? '✓' : '✖'} ${bug}, seed ${seed}: ${says} (${seconds} s in all)`);
    }
  }
  given.say(`${missed} of ${here.length * SEEDS.length} were not found as what they are`);
  return missed > 0 ? 1 : 0;
}

async function checkAgain(file: string, say: (text: string) => void): Promise<number> {
  const history = await readHistory(file);
  const checked = check(history);
  say(reportOf(history, checked));
  return violationsOf(checked) > 0 || doubtOf(history) !== null ? 1 : 0;
}

function numberIn(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number; “${text}” is none.`);
  return number;
}

function modeIn(text: string | undefined): Mode | null {
  const mode = MODES.find((known) => known === text);
  if (text !== undefined && mode === undefined) throw new Error(`--mode must be one of ${MODES.join(', ')}.`);
  return mode ?? null;
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
