import type { FeedLine } from '../stores/feed.ts';
import { type Coherence, HORIZON_MS } from './coherence.ts';
import type { Warn } from './endings.ts';

const BEAT_EVERY_MS = HORIZON_MS / 5;

/** A lane that says nothing for so long is connected anew. */
const SILENT_MS = 2 * HORIZON_MS;

/** Clocks that disagree by this much from one beat to the next: one of them has jumped, or stood still. */
const JUMP_MS = HORIZON_MS / 2;

export type PulseParts = {
  readonly protocol: Coherence;
  readonly line: FeedLine;
  readonly lanes: number;
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly warn: Warn;
  readonly onReconnect: () => void;
};

export type Pulse = {
  /** Beats on one lane now. */
  beat(lane: number): void;
  stop(): void;
};

/** Beats on every lane as long as this process lives, and sees to lanes that have gone silent. */
export function startPulse({ protocol, line, lanes, now, wallClock, warn, onReconnect }: PulseParts): Pulse {
  const all = Array.from({ length: lanes }, (_, lane) => lane);
  let difference = wallClock() - now();
  const startedAt = now();
  let isTold = false;

  /** Whether it never brought anything back, for long enough to be sure. */
  const isMute = (lane: number): boolean => !protocol.hasEchoed(lane) && now() - startedAt > SILENT_MS;

  const warnOnce = (): void => {
    if (isTold) return;
    isTold = true;
    warn(
      {},
      'The feed does not bring back what this node says on it, so every check reads the store, and a sign-in that displaces somebody takes a second longer. Give this node a direct connection (LATCHKEY_FEED_URL), or set LATCHKEY_CHECKS=strict on all nodes.',
    );
  };

  /** A machine that was suspended may have had no clock that saw it: then only their difference tells. */
  const distrustJumps = (): void => {
    const current = wallClock() - now();
    if (Math.abs(current - difference) > JUMP_MS) protocol.distrust();
    difference = current;
  };

  const beat = (lane: number): void => {
    const count = protocol.beat(lane);
    if (count !== null) line.beat(lane, count);
    if (isMute(lane)) warnOnce();
    if (protocol.silenceMs(lane) <= SILENT_MS) return;
    onReconnect();
    line.reconnect(lane);
  };

  const timer = setInterval(() => {
    distrustJumps();
    for (const lane of all) beat(lane);
  }, BEAT_EVERY_MS);
  timer.unref();
  return { beat, stop: () => clearInterval(timer) };
}
