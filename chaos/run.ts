/** One run: nodes on one store, clients, faults, and the history of it all held against the invariants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../packages/latchkey/test/servers/ports.ts';
import { backends } from './backends/all.ts';
import type { Backend } from './backends/backend.ts';
import { bugs } from './bugs.ts';
import { type Checked, check, reportOf, violationsOf } from './check.ts';
import { Clients } from './clients.ts';
import { makeFaults } from './faults.ts';
import type { Entry } from './history.ts';
import { ORIGIN } from './key-holders.ts';
import { type Recorder, recorder } from './recorder.ts';
import { DEFAULT_RULES, type Mode, type Rules } from './rules.ts';
import type { Report, Said } from './said.ts';
import { faultText, type PlannedFault, plannedFaults, type StoreFault } from './schedule.ts';
import { seeded } from './seeded.ts';
import { type Node, node } from './supervisor.ts';
import { World } from './world.ts';

export type RunOptions = {
  readonly store: string;
  /** Makes another than the usual one of that name; null for the usual one. */
  readonly backend: (() => Backend) | null;
  /** How the nodes check keys; null for the way in which the bug is found, or for the store's usual way. */
  readonly mode: Mode | null;
  readonly seed: number;
  /** How long there are faults. */
  readonly seconds: number;
  readonly nodes: number;
  readonly clients: number;
  readonly accounts: number;
  readonly limit: number;
  readonly rules: Partial<Rules>;
  /** The faults, where they do not follow from the seed; null where they do. */
  readonly plan: readonly PlannedFault[] | null;
  /** Whether nodes have delays at moments in which two things can cross. */
  readonly hasDelays: boolean;
  /** A bug that is planted into every node, or null. */
  readonly bug: string | null;
  /** The run is over as soon as one of these is found broken, by their numbers; null where it takes its time. */
  readonly stopsAt: readonly string[] | null;
  /** Whether what was seen so far is enough: else clients go on after the last fault, for a minute at most; null where it always is. */
  readonly isEnough: ((checked: readonly Checked[], operations: number) => boolean) | null;
  /** Where the history goes; null keeps it only if something is wrong, or should be. */
  readonly history: string | null;
  readonly say: (text: string) => void;
};

export const DEFAULT_RUN: Omit<RunOptions, 'say' | 'store' | 'seed'> = {
  mode: null,
  seconds: 20,
  nodes: 3,
  clients: 12,
  accounts: 40,
  limit: 2,
  rules: {},
  backend: null,
  plan: null,
  hasDelays: true,
  bug: null,
  stopsAt: null,
  isEnough: null,
  history: null,
};

export type RunResult = {
  readonly checked: readonly Checked[];
  readonly violations: number;
  /** Where the history is kept; null where it is not. */
  readonly history: string | null;
  readonly operations: number;
  readonly entries: readonly Entry[];
};

/** How long nodes may remember, with what they remember by, and how far apart their heartbeats are. */
const HORIZON_MS = 1_000;
const HEARTBEAT_MS = 200;

/** So long after they recovered, nodes are watched. */
const WATCHED_MS = 2_000;
/** By then every node has heard of everything. */
const HEARS_WITHIN_MS = 700;

export async function run(options: RunOptions): Promise<RunResult> {
  const backend = options.backend === null ? backendOf(options.store) : options.backend();
  const rules = rulesOf(options, backend);
  const path = options.history ?? join(mkdtempSync(join(tmpdir(), 'latchkey-chaos-')), 'history.jsonl');
  const record = recorder(path);
  record.add({ op: 'run', rules, seed: options.seed, store: backend.name });
  try {
    await backend.start(options.nodes);
    await live(options, { backend, record, rules });
  } catch (error) {
    options.say(`The history so far is in ${path}.`);
    throw error;
  } finally {
    await backend.stop();
    await record.close();
  }
  const checked = check(record.entries, rules);
  const violations = violationsOf(checked);
  options.say(reportOf(record.entries, checked));
  const isKept = options.history !== null || options.bug !== null || violations > 0;
  if (!isKept) rmSync(dirname(path), { recursive: true });
  const operations = operationsIn(record.entries);
  return { checked, violations, history: isKept ? path : null, operations, entries: record.entries };
}

function backendOf(store: string): Backend {
  const made = backends[store];
  if (made === undefined) throw new Error(`--store must be one of ${Object.keys(backends).join(', ')}.`);
  return made();
}

function rulesOf({ mode, bug, limit, nodes, rules }: RunOptions, backend: Backend): Rules {
  const checked = mode ?? bugs[bug ?? '']?.mode ?? backend.mode;
  if (!backend.modes.includes(checked)) throw new Error(`${backend.name} has no mode ${checked}.`);
  const remembers = checked === 'strict' ? {} : { horizonMs: HORIZON_MS, heartbeatMs: HEARTBEAT_MS };
  const names = Array.from({ length: nodes }, (_, n) => nameOf(n));
  return { ...DEFAULT_RULES, mode: checked, limit, nodes: names, listens: true, ...remembers, ...rules };
}

const nameOf = (n: number): string => `node ${n}`;

type Stage = { readonly backend: Backend; readonly record: Recorder; readonly rules: Rules };

/** Starts everything, lets it run, and leaves it stopped, with what was kept in the history. */
async function live(options: RunOptions, stage: Stage): Promise<void> {
  const { backend, record } = stage;
  const world = new World(options.limit);
  const nodes = await nodesOf(options, stage, world);
  try {
    const [first, ...others] = nodes;
    // The first makes the tables and the secret, which the others find.
    await first?.start();
    await Promise.all(others.map((one) => one.start()));
    await drive(options, stage, { nodes, world });
    await sleep(HEARS_WITHIN_MS);
    await Promise.all(nodes.map((one) => report(one, record)));
    await Promise.all(nodes.map((one) => one.end('SIGTERM')));
    for (const entry of await backend.readKept()) record.add(entry);
    record.add({ op: 'kept-all', at: performance.now() });
  } finally {
    for (const one of nodes) one.close();
  }
}

/** Lets clients go on until the faults are over and enough was seen, and has them stop however that ends: they would go on for ever. */
async function drive(
  options: RunOptions,
  stage: Stage,
  { nodes, world }: { readonly nodes: readonly Node[]; readonly world: World },
): Promise<void> {
  const { record, rules } = stage;
  const random = seeded(options.seed);
  const { accounts = options.accounts, more = [] } = bugs[options.bug ?? ''] ?? {};
  const clients = new Clients({ world, record, random, nodes, clients: options.clients, accounts, more });
  await clients.signUpAll();
  const running = clients.run();
  const found = foundOf(options, stage);
  try {
    const faults = faultsOf(options, stage, nodes, { random: random.fork('faults'), found });
    await Promise.race([running, faults]);
    await Promise.race([running, found.when, sleep(rules.recoversWithinMs + WATCHED_MS)]);
    if (!found.is()) await Promise.race([running, untilEnough(options, stage)]);
  } finally {
    found.stop();
    clients.stop();
    await running;
  }
}

const operationsIn = (entries: readonly Entry[]): number => entries.filter((entry) => 'outcome' in entry).length;

const LOOKS_AGAIN_MS = 1_000;
const ENOUGH_WITHIN_MS = 60_000;

async function untilEnough({ isEnough }: RunOptions, { record, rules }: Stage): Promise<void> {
  const deadline = performance.now() + ENOUGH_WITHIN_MS;
  while (isEnough !== null && performance.now() < deadline) {
    if (isEnough(check(record.entries, rules), operationsIn(record.entries))) return;
    await sleep(LOOKS_AGAIN_MS);
  }
}

/** Whether what was looked for has been found. */
type Found = { is(): boolean; readonly when: Promise<void>; stop(): void };

const LOOKS_EVERY_MS = 2_000;

function foundOf({ stopsAt }: RunOptions, { record, rules }: Stage): Found {
  const { promise: when, resolve } = Promise.withResolvers<void>();
  let is = false;
  const look = (): void => {
    is ||= check(record.entries, rules).some(({ id, violations }) => violations.length > 0 && stopsAt?.includes(id));
    if (is) resolve();
  };
  const timer = stopsAt === null ? null : setInterval(look, LOOKS_EVERY_MS);
  return { is: () => is, when, stop: () => void (timer !== null && clearInterval(timer)) };
}

async function faultsOf(
  { seconds, nodes: count, bug, plan: given, say }: RunOptions,
  { backend, record }: Stage,
  nodes: readonly Node[],
  { random, found }: { readonly random: ReturnType<typeof seeded>; readonly found: Found },
): Promise<void> {
  const storeFaults = Object.keys(backend.faults) as StoreFault[];
  const { isClockOfStore } = backend;
  const only = bugs[bug ?? '']?.faults ?? null;
  const plan = given ?? plannedFaults(random, { seconds, nodes: count, storeFaults, isClockOfStore, only });
  await makeFaults(plan, seconds, { nodes, backend, record, tell: (fault) => say(faultText(fault)), isOver: found.is });
}

async function nodesOf(options: RunOptions, { backend, record, rules }: Stage, world: World): Promise<readonly Node[]> {
  // A node that is killed must find its port free when it comes back.
  const ports = await Promise.all(Array.from({ length: options.nodes }, freePort));
  return ports.map((port, n) => {
    const name = nameOf(n);
    const onSaid = (said: Exclude<Said, { said: 'ready' }>): void => {
      if (said.said === 'reset-link') world.mailed(said.uid, said.token);
      else {
        const { session, position, reason } = said;
        record.add({ op: 'heard', node: name, at: performance.now(), session, position, reason });
      }
    };
    return node({ name, port, environment: environmentOf(options, rules, backend.environment(n)), onSaid });
  });
}

/** Nodes are alike in all but their way to the store. */
function environmentOf(
  { limit, bug, hasDelays }: RunOptions,
  { mode }: Rules,
  store: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    LATCHKEY_ORIGIN: ORIGIN,
    LATCHKEY_SESSION_LIMIT: String(limit),
    LATCHKEY_CHECKS: mode,
    LATCHKEY_PASSWORD_HASH: 'dangerously-cheap',
    LATCHKEY_RATE_LIMITS: 'off',
    LATCHKEY_EMAIL_VERIFICATION: 'none',
    LATCHKEY_TRUSTED_PROXIES: '127.0.0.1',
    LATCHKEY_UID: 'base36',
    ...(bug !== null && { LATCHKEY_TEST_BUG: bug }),
    ...(!hasDelays && { LATCHKEY_TEST_DELAYS: 'off' }),
    ...store,
  };
}

async function report(one: Node, record: Recorder): Promise<void> {
  const { status, body } = await one.tell('/report', {});
  if (status !== 200) throw new Error(`${one.name} does not say how it is.`);
  const { uncaught, rssBytes } = body as Report;
  record.add({ op: 'node-report', node: one.name, at: performance.now(), uncaught, rssBytes });
}
