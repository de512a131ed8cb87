import { getEventListeners } from 'node:events';
import type { SessionId } from '../model/account.ts';

/** How long a session lives on if nothing happens, or why and when it ended. */
export type Outlook =
  | { readonly live: true; readonly forMs: number }
  | { readonly live: false; readonly reason: Error };

export type Signals = {
  /**
   * The signal of a session, shared by all who ask. `outlook` is asked at once (the session may have ended since it was
   * checked) and whenever time alone may have ended it.
   */
  of(sessionId: SessionId, outlook: () => Promise<Outlook>): AbortSignal;
  abort(sessionId: SessionId, reason: Error): void;
  close(): void;
};

type Entry = {
  readonly signal: WeakRef<AbortSignal>;
  /** Keeps the signal alive while somebody listens who does not hold it. */
  held: AbortController | null;
  timer: NodeJS.Timeout | null;
};

const SWEEP_EVERY_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Where Node keeps which signals `AbortSignal.any` made of one: they do not keep it alive, and are no listeners of it.
 * undefined in a version that keeps them elsewhere.
 */
const DEPENDANTS = ((): symbol | undefined => {
  const { signal } = new AbortController();
  AbortSignal.any([signal]);
  return Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
})();

/** Does anybody listen, or hold a signal that was made of this one? Where that cannot be told, somebody may. */
function isWatched(signal: AbortSignal): boolean {
  if (DEPENDANTS === undefined || getEventListeners(signal, 'abort').length > 0) return true;
  const dependants: unknown = Reflect.get(signal, DEPENDANTS);
  return typeof dependants === 'object' && dependants !== null && Reflect.get(dependants, 'size') !== 0;
}

/** `onFirst` is called once, when the first signal is asked for: from then on endings must be followed. */
export function sessionSignals(onFirst: () => void): Signals {
  const entries = new Map<SessionId, Entry>();
  const controllers = new WeakMap<AbortSignal, AbortController>();
  let sweeper: NodeJS.Timeout | null = null;

  const drop = (sessionId: SessionId): void => {
    const entry = entries.get(sessionId);
    if (entry?.timer != null) clearTimeout(entry.timer);
    entries.delete(sessionId);
  };

  const abort = (sessionId: SessionId, reason: Error): void => {
    const signal = entries.get(sessionId)?.signal.deref();
    drop(sessionId);
    if (signal !== undefined) controllers.get(signal)?.abort(reason);
  };

  /** Lets go of signals that nobody listens to: whoever still holds one keeps it alive. */
  const sweep = (): void => {
    for (const [sessionId, entry] of entries) {
      const signal = entry.signal.deref();
      if (signal === undefined) drop(sessionId);
      else entry.held = isWatched(signal) ? (controllers.get(signal) ?? null) : null;
    }
  };

  const follow = async (sessionId: SessionId, entry: Entry, outlook: () => Promise<Outlook>): Promise<void> => {
    const state = await outlook().catch(() => ({ live: true, forMs: SWEEP_EVERY_MS }) as const);
    if (entries.get(sessionId) !== entry) return;
    if (!state.live) {
      abort(sessionId, state.reason);
      return;
    }
    const waitMs = Math.min(state.forMs + 1, LONGEST_TIMER_MS);
    entry.timer = setTimeout(() => void follow(sessionId, entry, outlook), waitMs);
    entry.timer.unref();
  };

  return {
    of(sessionId, outlook) {
      const known = entries.get(sessionId)?.signal.deref();
      if (known !== undefined) return known;
      const controller = new AbortController();
      controllers.set(controller.signal, controller);
      const entry: Entry = { signal: new WeakRef(controller.signal), held: controller, timer: null };
      entries.set(sessionId, entry);
      if (sweeper === null) {
        sweeper = setInterval(sweep, SWEEP_EVERY_MS).unref();
        onFirst();
      }
      void follow(sessionId, entry, outlook);
      return controller.signal;
    },
    abort,
    close() {
      if (sweeper !== null) clearInterval(sweeper);
      for (const sessionId of [...entries.keys()]) drop(sessionId);
    },
  };
}
