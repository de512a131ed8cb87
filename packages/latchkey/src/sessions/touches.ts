import type { TokenRef } from '../model/session.ts';
import type { Store } from '../stores/store.ts';
import type { Warn } from './endings.ts';

/** Gathers "last seen" for a moment and writes it in one go, beside the requests and not in them. */
export type Touches = {
  add(token: TokenRef): void;
  /** Writes what was gathered, now. */
  flush(): Promise<void>;
};

/** “Last seen” is written at most this often, in milliseconds. */
export const TOUCH_EVERY_MS = 60_000;

const GATHER_MS = 1_000;

export function gatherTouches(store: Store, idleMs: number, warn: Warn): Touches {
  const gathered = new Map<string, TokenRef>();
  let timer: NodeJS.Timeout | null = null;

  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const tokens = [...gathered.values()];
    gathered.clear();
    if (tokens.length === 0) return;
    try {
      await store.sessions.touch({ tokens, idleMs });
    } catch (error) {
      warn({ err: error }, '“last seen” could not be written; the next use is another try');
    }
  };

  return {
    add(token) {
      gathered.set(Buffer.from(token.hash).toString('base64'), token);
      timer ??= setTimeout(() => void flush(), GATHER_MS).unref();
    },
    flush,
  };
}
