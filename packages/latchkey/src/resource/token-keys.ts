/** The keys that tokens are signed by, as the server publishes them. */
import { type JwsKey, jwsHeader, keyFromJwk, sharedKeyFrom } from '../crypto/jws.ts';

export type PublishedKeys = {
  /** Those that an access token with this header may be signed by. */
  forHeader(header: string): Promise<readonly JwsKey[]>;
};

/** RFC 9068, 2.1. */
const ACCESS_TOKEN = 'at+jwt';
const READ_EVERY_MS = 60_000;
const READ_WITHIN_MS = 5_000;

export function sharedSecret(secret: string): PublishedKeys {
  const key = sharedKeyFrom(secret);
  return { forHeader: async (header) => (jwsHeader(key, ACCESS_TOKEN) === header ? [key] : []) };
}

/** Reads the key set once a minute at most, whatever headers come: one that nobody knows is asked after no more often. */
export function keySetAt(url: string): PublishedKeys {
  let keys: readonly JwsKey[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    readAt = performance.now();
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(READ_WITHIN_MS) });
    if (!answer.ok) throw new Error(`The key set was answered with ${answer.status}.`);
    const { keys: found } = (await answer.json()) as { readonly keys?: unknown };
    if (!Array.isArray(found)) throw new Error('What was read is no key set.');
    keys = found.map((jwk: Readonly<Record<string, unknown>>) => keyFromJwk(jwk)).filter((key) => key !== null);
  };

  const readOnce = async (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = null;
    });
    await reading;
  };

  return {
    async forHeader(header) {
      // What cannot be read now is not forgotten: whether it may be believed at all, the feed of endings tells.
      if (performance.now() - readAt > READ_EVERY_MS) await readOnce().catch(() => undefined);
      else if (reading !== null) await reading.catch(() => undefined);
      return keys.filter((key) => jwsHeader(key, ACCESS_TOKEN) === header);
    },
  };
}
