/** What this node remembers of sessions that were live when they were read, so that most checks ask nobody. */
import { type Session, type SessionPolicy, sessionState, type TokenRef } from '../model/session.ts';
import type { Feed, FeedLine, FeedMember } from '../stores/feed.ts';
import type { SessionStore } from '../stores/store.ts';
import { coherence, type Origin } from './coherence.ts';
import type { Warn } from './endings.ts';
import { gatherAcknowledgements, type Trust, type WaitFigures, waitingRoom } from './in-force.ts';
import { startPulse } from './pulse.ts';
import { type Remembered, remembered } from './remembered.ts';
import { TOUCH_EVERY_MS } from './touches.ts';

/** A session as it was read. */
export type Found = { readonly session: Session; readonly now: number };

/** `Check` is what a check of a live session amounts to: made once for what is remembered. */
export type Memory<Check> = {
  /** Whether anything is ever remembered. */
  readonly isInUse: boolean;
  /** What is known to be live at this very moment, by the hash of its token as letters; null where the store must be asked. */
  recall(hash: string): Check | null;
  /** Asks the store, and remembers what is live. */
  read(token: TokenRef, hash: string): Promise<Found | null>;
  figures(): MemoryFigures;
  /** Trusts nothing from now on, and tells the other nodes. */
  close(): Promise<void>;
};

export type MemoryFigures = {
  /** How long ago the newest beat that came back was sent, on the lane where that is longest; null where nothing is remembered. */
  readonly horizonAgeMs: number | null;
  readonly remembered: number;
  readonly hits: number;
  readonly reads: number;
  /** Reads of what was remembered while it could not be trusted. */
  readonly staleReads: number;
  /** What was read and not remembered, because a change was heard meanwhile. */
  readonly fillsRefused: number;
  /** How often a lane was silent for so long that its connection was given up. */
  readonly reconnects: number;
} & WaitFigures;

export type MemoryParts<Check> = {
  readonly feed: Feed;
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly trust: Trust;
  /** How many sessions are remembered at most. */
  readonly most: number;
  readonly policy: SessionPolicy;
  readonly warn: Warn;
  /** Milliseconds that never go back and go on while the process stands still. */
  readonly monotonic: () => number;
  readonly wallClock: () => number;
  /** What a check of a live session is, by what was read; `now` there goes on. */
  readonly checkOf: CheckOf<Check>;
};

export type CheckOf<Check> = (found: Found, hash: string) => Check;

/** Reads the store at every check. */
export function noMemory(sessions: Pick<SessionStore, 'find'>): Memory<never> {
  let reads = 0;
  return {
    isInUse: false,
    recall: () => null,
    async read(token) {
      reads++;
      return await sessions.find(token);
    },
    figures: () => ({ ...NO_FIGURES, reads }),
    close: async () => undefined,
  };
}

const NO_FIGURES: MemoryFigures = {
  ...{ horizonAgeMs: null, remembered: 0, hits: 0, reads: 0, staleReads: 0, fillsRefused: 0, reconnects: 0 },
  waits: { count: 0, sumMs: 0, byMs: [] },
  unacknowledged: new Map(),
};

/** Flat: what a check looks at lies together. */
type Entry<Check> = Origin & {
  readonly check: Check;
  /** By the monotonic clock; a whole number, which the runtime keeps in the object itself. */
  readonly until: number;
};

/** Within so much a use that was just noted is read back. */
const NOTED_WITHIN_MS = 2_000;

/** For how long what was read may be taken for live: until time alone would end it, and no longer than until its use is to be noted again. */
function keepMs({ session, now }: Found, policy: SessionPolicy): number {
  if (!sessionState(session, policy, now).live) return 0;
  const end = Math.min(session.expiresAt, session.seenAt + policy.idleMs);
  return Math.min(end, Math.max(session.seenAt + TOUCH_EVERY_MS, now + NOTED_WITHIN_MS)) - now;
}

/** As it was read, with a time that goes on: the store's is ahead of the monotonic clock by `offset`. */
function lasting(session: Session, offset: number, monotonic: () => number): Found {
  return {
    session,
    get now() {
      return monotonic() + offset;
    },
  };
}

/** Joins the feed, and remembers what is read as long as the feed can be trusted. */
export function nodeMemory<Check>(parts: MemoryParts<Check>): Memory<Check> {
  const { feed, sessions, most, monotonic: now, wallClock, warn } = parts;
  const protocol = coherence(feed.node, feed.lanes, now);
  const entries: Remembered<Entry<Check>> = remembered(most);
  const waiting = waitingRoom(protocol, parts.trust, now);
  const acknowledgements = gatherAcknowledgements((writer, numbers) => line.acknowledge(writer, numbers));
  const counts = { hits: 0, reads: 0, staleReads: 0, fillsRefused: 0, reconnects: 0 };

  const member: FeedMember = {
    up(lane) {
      protocol.up(lane);
      pulse.beat(lane);
    },
    down: protocol.down,
    heard(lane, message) {
      const isOthersChange = protocol.hear(lane, message);
      if (isOthersChange && message.kind === 'changed' && parts.trust === 'acked')
        acknowledgements.add(message.node, message.number);
      if (message.kind !== 'beat') waiting.look();
    },
    acknowledged(by, numbers) {
      protocol.acknowledged(by, numbers);
      waiting.look();
    },
    committed: waiting.inForce,
  };
  const line: FeedLine = feed.join(member);
  const onReconnect = (): void => void counts.reconnects++;
  const pulse = startPulse({ protocol, line, lanes: feed.lanes, now, wallClock, warn, onReconnect });

  const remember = (hash: string, entry: Entry<Check>): void => {
    if (protocol.isCurrent(entry)) entries.set(hash, entry);
    else counts.fillsRefused++;
  };

  return {
    isInUse: true,
    recall(hash) {
      const entry = entries.get(hash);
      if (entry === undefined) return null;
      const at = now();
      if (at >= entry.until || !protocol.isCurrent(entry)) {
        entries.delete(hash);
        return null;
      }
      if (!protocol.isFresh(entry.lane, at)) {
        counts.staleReads++;
        return null;
      }
      counts.hits++;
      return entry.check;
    },
    async read(token, hash) {
      counts.reads++;
      const readAt = now();
      const mark = protocol.mark();
      const found = await sessions.find(token);
      if (found === null) return null;
      const forMs = keepMs(found, parts.policy);
      if (forMs <= 0) return found;
      const { session } = found;
      const { lane, bucket } = protocol.origin(feed.laneOf(session.accountId), session.accountId, mark);
      const check = parts.checkOf(lasting(session, found.now - readAt, now), hash);
      remember(hash, { lane, bucket, mark, check, until: Math.floor(readAt + forMs) });
      return found;
    },
    figures: () => ({
      ...counts,
      ...waiting.figures(),
      remembered: entries.count(),
      horizonAgeMs: Math.max(...Array.from({ length: feed.lanes }, (_, lane) => protocol.ageMs(lane))),
    }),
    async close() {
      pulse.stop();
      protocol.distrust();
      await line.leave();
      await line.close();
    },
  };
}
