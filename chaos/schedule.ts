/** Which faults a run has, when, where and for how long: all of it follows from the seed. */
import type { Seeded } from './seeded.ts';

/** Faults of a node, and those of a store that is able to have them. */
export const NODE_FAULTS = ['kill', 'restart', 'pause', 'block', 'clock'] as const;
export const STORE_FAULTS = ['store-restart', 'store-pause', 'feed-cut', 'feed-stall', 'failover'] as const;

export type NodeFault = (typeof NODE_FAULTS)[number];
export type StoreFault = (typeof STORE_FAULTS)[number];

export type PlannedFault = {
  /** After the run began, if the one before is over by then. */
  readonly atMs: number;
  readonly fault: NodeFault | StoreFault;
  /** null for one of the store as a whole. */
  readonly node: number | null;
  /** How long it lasts; of a kill, until the node is started again. */
  readonly forMs: number;
  /** How far a wall clock is put from the right time; 0 for any other fault. */
  readonly shiftMs: number;
};

export type Plan = {
  readonly seconds: number;
  readonly nodes: number;
  readonly storeFaults: readonly StoreFault[];
  /** No others than these; null for all. */
  readonly only?: readonly (NodeFault | StoreFault)[] | null;
  /** Whether times are the store's, so that a node's wall clock may be wrong by years. */
  readonly isClockOfStore: boolean;
};

const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 10 * 365.25 * 24 * HOUR_MS;

/** How long a fault lasts, from and to. */
const LASTS: Readonly<Record<NodeFault | StoreFault, readonly [fromMs: number, toMs: number]>> = {
  kill: [200, 200],
  restart: [0, 0],
  pause: [300, 2500],
  block: [300, 1500],
  clock: [300, 2000],
  'store-restart': [0, 500],
  'store-pause': [500, 4000],
  'feed-cut': [0, 0],
  'feed-stall': [200, 5000],
  failover: [0, 0],
};

/** One at a time, with 0.6 to 1.5 s from the end of one to the next. */
export function plannedFaults(random: Seeded, plan: Plan): PlannedFault[] {
  const { seconds, nodes, storeFaults, isClockOfStore, only = null } = plan;
  const shifts = isClockOfStore ? [HOUR_MS, TEN_YEARS_MS] : [HOUR_MS];
  const all: readonly (NodeFault | StoreFault)[] = [...NODE_FAULTS, ...storeFaults];
  const kinds = only === null ? all : all.filter((kind) => only.includes(kind));
  const planned: PlannedFault[] = [];
  /** Each kind once, in whatever order, before any comes again: short runs have all of them. */
  let left: (NodeFault | StoreFault)[] = [];
  for (let atMs = random.between(400, 1000); atMs < seconds * 1000; ) {
    if (left.length === 0) left = [...kinds];
    const fault = random.pick(left);
    left.splice(left.indexOf(fault), 1);
    const forMs = Math.round(random.between(...LASTS[fault]));
    const isOfNode = NODE_FAULTS.some((name) => name === fault) || fault === 'feed-stall';
    const node = isOfNode ? random.integer(0, nodes - 1) : null;
    const shift = random.pick(shifts) * (random.chance(0.5) ? 1 : -1);
    planned.push({ atMs: Math.round(atMs), fault, node, forMs, shiftMs: fault === 'clock' ? shift : 0 });
    atMs += forMs + random.between(600, 1500);
  }
  return planned;
}

/** A fault in a line, as a run prints it. */
export function faultText({ atMs, fault, node, forMs, shiftMs }: PlannedFault): string {
  const where = node === null ? '' : ` of node ${node}`;
  const how = forMs === 0 ? '' : ` for ${forMs} ms`;
  const by = shiftMs === 0 ? '' : ` by ${shiftMs / HOUR_MS} h`;
  return `${(atMs / 1000).toFixed(1).padStart(6)} s  ${fault}${where}${how}${by}`;
}
