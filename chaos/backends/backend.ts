import type { Failover, KeptAccount, KeptEnding, KeptSession } from '../history.ts';
import type { Mode } from '../rules.ts';
import type { StoreFault } from '../schedule.ts';

/** A store that nodes share, and what can be done to it. One file each. */
export type Backend = {
  readonly name: string;
  /** How nodes check keys here, where nothing else is asked for. */
  readonly mode: Mode;
  readonly modes: readonly Mode[];
  /** Whether times are the store's own; else each node has its own clock. */
  readonly isClockOfStore: boolean;
  /** Makes a store of its own for a run with so many nodes. Resolves when they may connect. */
  start(nodes: number): Promise<void>;
  /** `LATCHKEY_*` for a node: each may come by a way of its own, which a fault can cut. */
  environment(node: number): Readonly<Record<string, string>>;
  /** What it can have done to it on purpose. Each resolves when the fault is over. */
  readonly faults: { readonly [Fault in StoreFault]?: (fault: StoreFaultAsked) => Promise<Made> };
  /** All that is kept, read past the nodes, which have stopped. */
  readKept(): Promise<readonly (KeptAccount | KeptSession | KeptEnding)[]>;
  /** Stops it and removes what it left. */
  stop(): Promise<void>;
};

/** What a history says of a fault of the store. */
export type Made = CutOff | { readonly failover: Failover };

export type StoreFaultAsked = { readonly node: number | null; readonly forMs: number };

/** Between which times, of the driver's clock, the store could surely not be reached; null where it could be, or where that is not sure. */
export type CutOff = { readonly from: number; readonly to: number } | null;
