/** Makes the faults of a plan, one after the other, and writes down from when to when each was. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend, Made } from './backends/backend.ts';
import type { Fault } from './history.ts';
import type { Recorder } from './recorder.ts';
import type { NodeFault, PlannedFault } from './schedule.ts';
import type { Node } from './supervisor.ts';

export type FaultsParts = {
  readonly nodes: readonly Node[];
  readonly backend: Backend;
  readonly record: Recorder;
  /** Told of each as it begins. */
  readonly tell: (fault: PlannedFault) => void;
  /** Whether there is no need of more. */
  readonly isOver: () => boolean;
};

const byNode: Readonly<Record<NodeFault, (node: Node, planned: PlannedFault) => Promise<void>>> = {
  async kill(node, { forMs }) {
    await node.end('SIGKILL');
    await sleep(forMs);
    await node.start();
  },
  async restart(node) {
    await node.end('SIGTERM');
    await node.start();
  },
  async pause(node, { forMs }) {
    node.signal('SIGSTOP');
    await sleep(forMs);
    node.signal('SIGCONT');
  },
  async block(node, { forMs }) {
    await node.tell('/block', { ms: forMs });
  },
  async clock(node, { forMs, shiftMs }) {
    await node.tell('/clock', { shiftMs });
    await sleep(forMs);
    await node.tell('/clock', { shiftMs: 0 });
  },
};

/** Returns when the last is over. What the time of the run has no room for any more is left out. */
export async function makeFaults(plan: readonly PlannedFault[], seconds: number, parts: FaultsParts): Promise<void> {
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  for (const planned of plan) {
    const waitMs = planned.atMs - elapsed();
    if (waitMs > 0) await sleep(waitMs);
    if (elapsed() >= seconds * 1000 || parts.isOver()) return;
    parts.tell(planned);
    await makeOne(planned, parts);
  }
}

async function makeOne(planned: PlannedFault, { nodes, backend, record }: FaultsParts): Promise<void> {
  const { fault, forMs } = planned;
  const node = planned.node === null ? undefined : nodes[planned.node];
  const called = performance.now();
  let made: Made = null;
  if (isOfNode(fault)) {
    if (node === undefined) throw new Error(`There is no node ${planned.node}.`);
    await byNode[fault](node, planned);
  } else {
    made = (await backend.faults[fault]?.({ node: planned.node, forMs })) ?? null;
  }
  record.add({ op: 'fault', fault, node: node?.name ?? null, called, returned: performance.now(), ...toldOf(made) });
}

function isOfNode(fault: PlannedFault['fault']): fault is NodeFault {
  return fault in byNode;
}

function toldOf(made: Made): Pick<Fault, 'cutOff' | 'failover'> {
  return made !== null && 'failover' in made ? { cutOff: null, failover: made.failover } : { cutOff: made };
}
