/**
 * When a node may answer from what it remembers, and when a change is in force on all nodes. No input, no output, no clock but
 * the one it is handed: `docs/coherence.md` has the protocol, its proof and its limits.
 *
 * A node beats on each lane of the feed. What it has remembered is good as long as one of its own beats came back that it sent
 * no more than the horizon ago: then it has heard every change that was committed before that beat was sent. Whoever makes a
 * change waits until every node that may still trust its memory has heard of it, or cannot trust it any longer.
 */
import type { AccountId } from '../model/account.ts';
import type { FeedMessage, NodeId, Notice } from '../stores/feed.ts';

/** How long a node trusts its memory after it sent the newest beat that came back. */
export const HORIZON_MS = 1_000;

/** Local clocks may run this much faster or slower than each other; real ones differ by a thousandth of that. */
const CLOCK_TOLERANCE = 1.1;

/** Longer than any node trusts its memory after its beat was heard, in milliseconds. */
export const TRUST_MS = HORIZON_MS * CLOCK_TOLERANCE;

/** Accounts that share a bucket forget together: one in 16,384. A power of two, and few enough to stay in a processor's cache. */
const BUCKETS = 16_384;

/** What a session that is remembered hangs on: its account, and how much this node had heard when the read was sent. */
export type Origin = { readonly lane: number; readonly bucket: number; readonly mark: number };

type Lane = {
  isUp: boolean;
  /** How much had been heard when it was last connected or lost: what was read before may have missed something. */
  brokenAt: number;
  /** When it was connected. */
  upAt: number;
  /** When the newest beat was sent that came back. */
  echoedAt: number;
  /** Whether one ever did. */
  hasEchoed: boolean;
  /** The beats that are on their way: when each was sent, by its count. */
  readonly sentAt: Map<number, number>;
  /** The nodes that were heard to beat, and when last. */
  readonly beats: Map<NodeId, number>;
};

/** One of this node's own changes, on its way to being in force. */
type Wait = {
  readonly madeAt: number;
  /** Until when a node may trust its memory without having heard of it; null until the change itself was heard. */
  until: Map<NodeId, number> | null;
  /** Until when nodes may that nobody here has heard of. */
  unseenUntil: number;
  readonly acknowledged: Set<NodeId>;
};

export type Coherence = ReturnType<typeof coherence>;

/** `now` is in milliseconds, never goes back, and goes on while the process stands still. */
export function coherence(node: NodeId, lanes: number, now: () => number, buckets = BUCKETS) {
  const state = Array.from({ length: lanes }, newLane);
  const changedAt = new Float64Array(buckets);
  const waits = new Map<number, Wait>();
  let heard = 0;
  let beats = 0;

  const bucketOf = (accountId: AccountId): number => spread(accountId) & (buckets - 1);

  const laneAt = (lane: number): Lane => {
    const found = state[lane];
    if (found === undefined) throw new RangeError(`There is no lane ${lane}.`);
    return found;
  };

  const forget = (accountId: AccountId): void => {
    heard++;
    changedAt[bucketOf(accountId)] = heard;
  };

  const waitOf = (number: number): Wait => {
    const known = waits.get(number);
    if (known !== undefined) return known;
    const wait: Wait = { madeAt: now(), until: null, unseenUntil: 0, acknowledged: new Set() };
    waits.set(number, wait);
    return wait;
  };

  /** This node's own change has come back: who beat before it may not have heard of it yet, who beats after it has. */
  const own = (number: number, lane: Lane): void => {
    const wait = waitOf(number);
    wait.until = new Map([...lane.beats].map(([other, at]) => [other, at + TRUST_MS]));
    wait.until.delete(node);
    // A beat that was sent before this lane was connected was not heard here, and may be trusted elsewhere.
    wait.unseenUntil = lane.upAt + TRUST_MS;
  };

  const beaten = (lane: Lane, from: NodeId, count: number): void => {
    lane.beats.set(from, now());
    if (from !== node) return;
    const sentAt = lane.sentAt.get(count);
    if (sentAt === undefined) return;
    lane.echoedAt = Math.max(lane.echoedAt, sentAt);
    lane.hasEchoed = true;
    for (const earlier of lane.sentAt.keys()) {
      if (earlier > count) break;
      lane.sentAt.delete(earlier);
    }
  };

  /** What nobody waits for any more: calls whose outcome was never known, and nodes that are gone. */
  const tidy = (lane: Lane): void => {
    const before = now() - 2 * TRUST_MS;
    for (const [number, { madeAt }] of waits) {
      if (madeAt < before) waits.delete(number);
    }
    for (const [other, at] of lane.beats) {
      if (at < before) lane.beats.delete(other);
    }
    for (const [count, at] of lane.sentAt) {
      if (at >= before) break;
      lane.sentAt.delete(count);
    }
  };

  const distrust = (lane: Lane): void => {
    lane.echoedAt = Number.NEGATIVE_INFINITY;
    lane.sentAt.clear();
  };

  const breakOff = (lane: Lane, isUp: boolean): void => {
    distrust(lane);
    heard++;
    lane.brokenAt = heard;
    lane.isUp = isUp;
  };

  return {
    up(at: number): void {
      const lane = laneAt(at);
      breakOff(lane, true);
      lane.upAt = now();
      lane.beats.clear();
    },
    down(at: number): void {
      breakOff(laneAt(at), false);
    },
    /** Whether it is a change of another node, which waits to hear that it was heard. */
    hear(at: number, message: FeedMessage): boolean {
      const lane = laneAt(at);
      if (message.kind === 'beat') {
        beaten(lane, message.node, message.count);
        return false;
      }
      if (message.kind === 'left') {
        lane.beats.delete(message.node);
        for (const { until } of waits.values()) until?.delete(message.node);
        return false;
      }
      forget(message.accountId);
      // Before the lane is up it is not known since when it hears.
      if (message.node === node && lane.isUp) own(message.number, lane);
      return message.node !== node;
    },
    acknowledged(by: NodeId, numbers: readonly number[]): void {
      for (const number of numbers) waitOf(number).acknowledged.add(by);
    },
    /** The count of a beat that is to be sent now, or null where there is nobody to hear it. */
    beat(at: number): number | null {
      const lane = laneAt(at);
      tidy(lane);
      if (!lane.isUp) return null;
      beats++;
      lane.sentAt.set(beats, now());
      return beats;
    },
    /** Something is wrong with time itself: nothing that was sent until now says anything any more. */
    distrust(): void {
      for (const lane of state) distrust(lane);
    },
    /** Whether the memory may be trusted at a time that was looked at after what was remembered was looked up, in the same turn. */
    isFresh(at: number, time: number): boolean {
      return time - laneAt(at).echoedAt <= HORIZON_MS;
    },
    /** For how long nothing has come back that proves a lane to work, in milliseconds. */
    silenceMs(at: number): number {
      const { echoedAt, upAt, isUp } = laneAt(at);
      return isUp ? now() - Math.max(echoedAt, upAt) : 0;
    },
    /** How much was heard until now: to be asked before a read is sent. */
    mark: (): number => heard,
    origin: (at: number, accountId: AccountId, mark: number): Origin => ({
      lane: at,
      bucket: bucketOf(accountId),
      mark,
    }),
    /** Whether nothing has been heard since that could have changed what was read. */
    isCurrent({ lane, bucket, mark }: Origin): boolean {
      const { brokenAt, isUp } = laneAt(lane);
      return isUp && brokenAt <= mark && (changedAt[bucket] ?? 0) <= mark;
    },
    /** Whether a beat ever came back on a lane. */
    hasEchoed: (at: number): boolean => laneAt(at).hasEchoed,
    /** How long ago the newest beat was sent that came back, in milliseconds. */
    ageMs: (at: number): number => now() - laneAt(at).echoedAt,
    /** A change of this node was committed: forgets at once what it had remembered of the account. */
    made({ number, accountId }: Notice): void {
      forget(accountId);
      waitOf(number);
    },
    /** How long to wait at most until it is in force on all nodes: 0 when it is. Less may do, where acknowledgements come. */
    leftMs({ number }: Notice): number {
      const { madeAt, until, unseenUntil, acknowledged } = waitOf(number);
      const latest = madeAt + TRUST_MS;
      if (until === null) return Math.max(0, latest - now());
      let trustedUntil = unseenUntil;
      for (const [other, at] of until) {
        if (!acknowledged.has(other)) trustedUntil = Math.max(trustedUntil, at);
      }
      return Math.max(0, Math.min(latest, trustedUntil) - now());
    },
    /** The nodes whose acknowledgement is still waited for. */
    missing({ number }: Notice): readonly NodeId[] {
      const { until, acknowledged } = waitOf(number);
      return [...(until?.keys() ?? [])].filter((other) => !acknowledged.has(other));
    },
    settled({ number }: Notice): void {
      waits.delete(number);
    },
  };
}

function newLane(): Lane {
  const never = Number.NEGATIVE_INFINITY;
  return {
    isUp: false,
    brokenAt: 0,
    upAt: never,
    echoedAt: never,
    hasEchoed: false,
    sentAt: new Map(),
    beats: new Map(),
  };
}

/** Neighbouring numbers lie far apart (Knuth's multiplicative hash). */
function spread(accountId: AccountId): number {
  return Math.imul(accountId, 0x9e37_79b1) >>> 16;
}
