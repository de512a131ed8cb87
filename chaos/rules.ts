/** What a history is judged by. */

/** How nodes check keys: every time in the store, from memory with endings that wait for every node, or from memory alone. */
export type Mode = 'strict' | 'acked' | 'bounded';

export type Rules = {
  readonly mode: Mode;
  /** Live sessions that an account may have. */
  readonly limit: number;
  /** For how long a node may trust its memory; 0 where it has none. */
  readonly horizonMs: number;
  /** How far apart a node's heartbeats are; 0 where it has none. */
  readonly heartbeatMs: number;
  /** A session ends by itself after so long. */
  readonly lifetimeMs: number;
  /** Whether somebody listened all the while to what nodes tell. */
  readonly listens: boolean;
  /** The nodes that must serve again once the last fault is over. */
  readonly nodes: readonly string[];
  /** So long after the last fault they do. */
  readonly recoversWithinMs: number;
  /** The 99th percentile of what they then take to answer. */
  readonly answersWithinMs: number;
  /** More memory than a node may hold. */
  readonly rssBytes: number;
};

export const DEFAULT_RULES: Rules = {
  mode: 'strict',
  limit: 2,
  horizonMs: 0,
  heartbeatMs: 0,
  lifetimeMs: 24 * 3_600_000,
  listens: false,
  nodes: [],
  recoversWithinMs: 5_000,
  answersWithinMs: 500,
  rssBytes: 512 * 1024 * 1024,
};

/** How long an ended session may still be taken for live after an operation that ended it was acknowledged. */
export function staleAfterAnswer({ mode, horizonMs }: Rules): number {
  return mode === 'bounded' ? horizonMs : 0;
}

/** The same after an operation that nobody answered, such as one whose node died: from when somebody saw that it came about. */
export function staleWithoutAnswer({ mode, horizonMs }: Rules): number {
  return mode === 'strict' ? 0 : horizonMs;
}
