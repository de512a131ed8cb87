/** A member of the feed that writes down what it hears, and waits for it. */
import type { Feed, FeedLine, FeedMember, Notice } from '../../src/stores/feed.ts';
import { feedText } from '../../src/stores/feed.ts';
import type { RedisStore } from '../../src/stores/redis/store.ts';

export type Listener = {
  readonly feed: Feed;
  readonly line: FeedLine;
  /** `up 0`, `down 0`, `0 changed NODE 1 1001`, `ack NODE 1,2`, in the order in which it was heard. */
  readonly heard: string[];
  readonly committed: Notice[];
  /** Calls that committed something resolve when this does. */
  hold(until: Promise<void>): void;
  /** Resolves with the first that matches, from the index on. */
  until(pattern: RegExp | string, from?: number, patienceMs?: number): Promise<string>;
};

/** No more than what keeps a test from waiting for ever. */
const PATIENCE_MS = 60_000;

/** Joins, and waits until every lane is up. */
export async function listen({ feed }: RedisStore): Promise<Listener> {
  const heard: string[] = [];
  const committed: Notice[] = [];
  const waiting = new Set<() => void>();
  let held: Promise<void> = Promise.resolve();
  const hear = (text: string): void => {
    heard.push(text);
    for (const look of waiting) look();
  };
  const member: FeedMember = {
    up: (lane) => hear(`up ${lane}`),
    down: (lane) => hear(`down ${lane}`),
    heard: (lane, message) => hear(`${lane} ${feedText(message)}`),
    acknowledged: (by, notices) => hear(`ack ${by} ${notices}`),
    async committed(notice) {
      committed.push(notice);
      await held;
    },
  };
  const line = feed.join(member);
  const until = async (pattern: RegExp | string, from = 0, patienceMs = PATIENCE_MS): Promise<string> => {
    const isIt = (text: string): boolean => (typeof pattern === 'string' ? text === pattern : pattern.test(text));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const found = heard.slice(from).find(isIt);
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`${pattern} was not heard: ${heard.slice(-20)}`)), patienceMs);
    waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(look);
    }
  };
  for (let lane = 0; lane < feed.lanes; lane++) await until(`up ${lane}`);
  return {
    feed,
    line,
    heard,
    committed,
    until,
    hold(until) {
      held = until;
    },
  };
}

/** Beats on a lane until the listener's own beat comes back over it. */
export async function untilHeard(listener: Listener, lane: number, from: number): Promise<void> {
  const timer = setInterval(() => listener.line.beat(lane, 4711), 100);
  try {
    await listener.until(`${lane} beat ${listener.feed.node} 4711`, from);
  } finally {
    clearInterval(timer);
  }
}
