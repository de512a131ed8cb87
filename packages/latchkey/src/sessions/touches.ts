import type { Store } from '../stores/store.ts';
import type { Warn } from './endings.ts';

/** Gathers "last seen" for a moment and writes it in one go, beside the requests and not in them. */
export type Touches = {
  add(tokenHash: Uint8Array): void;
  /** Writes what was gathered, now. */
  flush(): Promise<void>;
};

const GATHER_MS = 1_000;

export function gatherTouches(store: Store, idleMs: number, warn: Warn): Touches {
  const gathered = new Map<string, Uint8Array>();
  let timer: NodeJS.Timeout | null = null;

  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const tokenHashes = [...gathered.values()];
    gathered.clear();
    if (tokenHashes.length === 0) return;
    try {
      await store.sessions.touch({ tokenHashes, idleMs });
    } catch (error) {
      warn({ err: error }, '“last seen” could not be written; the next use is another try');
    }
  };

  return {
    add(tokenHash) {
      gathered.set(Buffer.from(tokenHash).toString('base64'), tokenHash);
      timer ??= setTimeout(() => void flush(), GATHER_MS).unref();
    },
    flush,
  };
}
