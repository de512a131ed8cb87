import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeId, Notice } from '../stores/feed.ts';
import { type Coherence, TRUST_MS } from './coherence.ts';

/** `acked`: a change is answered when every node has heard of it. `bounded`: at once, and nodes hear of it within the horizon. */
export type Trust = 'acked' | 'bounded';

export type WaitFigures = {
  /** Changes that waited for other nodes: how many, for how long in all, and how many by how long, up to each bound. */
  readonly waits: {
    readonly count: number;
    readonly sumMs: number;
    readonly byMs: readonly { readonly upToMs: number; readonly count: number }[];
  };
  /** How often a node did not acknowledge in time, by node. */
  readonly unacknowledged: ReadonlyMap<NodeId, number>;
};

const BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, Number.POSITIVE_INFINITY];

/** Nodes that are gone do not stay in the figures for ever. */
const MOST_NODES = 100;

/** Where changes wait until they are in force on every node. */
export function waitingRoom(protocol: Coherence, trust: Trust, now: () => number) {
  const waiting = new Set<() => void>();
  const byMs = BOUNDS_MS.map((upToMs) => ({ upToMs, count: 0 }));
  const unacknowledged = new Map<NodeId, number>();
  let sumMs = 0;

  const blame = (nodes: readonly NodeId[]): void => {
    for (const node of nodes) {
      if (unacknowledged.size >= MOST_NODES) unacknowledged.clear();
      unacknowledged.set(node, (unacknowledged.get(node) ?? 0) + 1);
    }
  };

  const note = (waitedMs: number): void => {
    sumMs += waitedMs;
    const bound = byMs.find(({ upToMs }) => waitedMs <= upToMs);
    if (bound !== undefined) bound.count++;
  };

  /** Resolves when there is nothing left to wait for. */
  const wait = (notice: Notice): Promise<void> =>
    new Promise((resolve) => {
      let timer: NodeJS.Timeout | null = null;
      const look = (): void => {
        if (timer !== null) clearTimeout(timer);
        const leftMs = protocol.leftMs(notice);
        if (leftMs > 0) {
          timer = setTimeout(look, leftMs);
          return;
        }
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });

  return {
    /** Something was heard that may end a wait. */
    look(): void {
      for (const look of waiting) look();
    },
    async inForce(notice: Notice): Promise<void> {
      protocol.made(notice);
      if (trust === 'bounded') {
        protocol.settled(notice);
        return;
      }
      const since = now();
      await wait(notice);
      note(now() - since);
      blame(protocol.missing(notice));
      protocol.settled(notice);
    },
    figures(): WaitFigures {
      const count = byMs.reduce((sum, bound) => sum + bound.count, 0);
      return { waits: { count, sumMs, byMs }, unacknowledged };
    },
  };
}

/** For a process that hears nothing, such as a command: by then every node has heard of a change, or trusts its memory no longer. */
export async function inForceWithoutHearing(): Promise<void> {
  await sleep(TRUST_MS);
}

/** Acknowledges what was heard in one turn of the event loop together. */
export function gatherAcknowledgements(send: (writer: NodeId, numbers: readonly number[]) => void) {
  let gathered = new Map<NodeId, number[]>();
  const flush = (): void => {
    const all = gathered;
    gathered = new Map();
    for (const [writer, numbers] of all) send(writer, numbers);
  };
  return {
    add(writer: NodeId, number: number): void {
      if (gathered.size === 0) setImmediate(flush);
      const numbers = gathered.get(writer);
      if (numbers === undefined) gathered.set(writer, [number]);
      else numbers.push(number);
    },
  };
}
