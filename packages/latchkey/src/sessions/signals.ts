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
  readonly controller: AbortController;
  timer: NodeJS.Timeout | null;
};

const ASK_AGAIN_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Each signal is kept as long as its session lives, about 220 bytes: nobody can tell from outside whether another signal was made
 * of it (`AbortSignal.any`), which does not keep it alive. `onFirst` is called once, when the first one is asked for: from then on
 * endings must be followed.
 */
export function sessionSignals(onFirst: () => void): Signals {
  const entries = new Map<SessionId, Entry>();
  let isFirst = true;

  const drop = (sessionId: SessionId): AbortController | undefined => {
    const entry = entries.get(sessionId);
    if (entry?.timer != null) clearTimeout(entry.timer);
    entries.delete(sessionId);
    return entry?.controller;
  };

  const abort = (sessionId: SessionId, reason: Error): void => drop(sessionId)?.abort(reason);

  const follow = async (sessionId: SessionId, entry: Entry, outlook: () => Promise<Outlook>): Promise<void> => {
    const state = await outlook().catch(() => ({ live: true, forMs: ASK_AGAIN_MS }) as const);
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
      const known = entries.get(sessionId);
      if (known !== undefined) return known.controller.signal;
      const entry: Entry = { controller: new AbortController(), timer: null };
      entries.set(sessionId, entry);
      if (isFirst) onFirst();
      isFirst = false;
      void follow(sessionId, entry, outlook);
      return entry.controller.signal;
    },
    abort,
    close() {
      for (const sessionId of [...entries.keys()]) drop(sessionId);
    },
  };
}
