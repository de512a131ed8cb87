/** The keys that tokens are signed by, as the server publishes them. */
import { type JwsKey, jwsHeader, keyFromJwk, sharedKeyFrom } from '../crypto/jws.ts';

export type PublishedKeys = {
  /** Those that an access token with this header may be signed by. */
  forHeader(header: string): Promise<readonly JwsKey[]>;
  /** Another number whenever they are others: what was checked by those before is to be checked again. Waits for nothing. */
  edition(): number;
};

/** RFC 9068, 2.1. */
const ACCESS_TOKEN = 'at+jwt';
const READ_EVERY_MS = 60_000;
const READ_WITHIN_MS = 5_000;
/** Without having been read again, keys are believed for so long: any of them may have been withdrawn. */
const BELIEVED_MS = 10 * 60_000;

export function sharedSecret(secret: string): PublishedKeys {
  const key = sharedKeyFrom(secret);
  return { forHeader: async (header) => (jwsHeader(key, ACCESS_TOKEN) === header ? [key] : []), edition: () => 0 };
}

/**
 * Reads the key set once a minute at most, whatever headers come: one that nobody knows is asked after no more often. The clock is
 * monotonic, in milliseconds.
 */
export function keySetAt(url: string, clock: () => number = () => performance.now()): PublishedKeys {
  let keys: readonly JwsKey[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let believedFrom = Number.NEGATIVE_INFINITY;
  let edition = 0;
  let text = '';
  let reading: Promise<void> | null = null;

  const take = (found: readonly JwsKey[], as: string): void => {
    if (as !== text) edition++;
    [keys, text] = [found, as];
  };

  const read = async (): Promise<void> => {
    const askedAt = clock();
    readAt = askedAt;
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(READ_WITHIN_MS) });
    if (!answer.ok) throw new Error(`The key set was answered with ${answer.status}.`);
    const { keys: found } = (await answer.json()) as { readonly keys?: unknown };
    if (!Array.isArray(found)) throw new Error('What was read is no key set.');
    const usable = found.map((jwk: Readonly<Record<string, unknown>>) => keyFromJwk(jwk)).filter((key) => key !== null);
    take(usable, JSON.stringify(found));
    believedFrom = askedAt;
  };

  const readOnce = async (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = null;
    });
    await reading;
  };

  const isDue = (): boolean => clock() - readAt > READ_EVERY_MS;
  const forgetOld = (): void => {
    if (clock() - believedFrom > BELIEVED_MS) take([], '');
  };

  return {
    edition() {
      if (isDue()) void readOnce().catch(() => undefined);
      forgetOld();
      return edition;
    },
    async forHeader(header) {
      // What cannot be read now is believed for a while: a server that is restarted stops nobody elsewhere.
      if (isDue()) await readOnce().catch(() => undefined);
      else if (reading !== null) await reading.catch(() => undefined);
      forgetOld();
      return keys.filter((key) => jwsHeader(key, ACCESS_TOKEN) === header);
    },
  };
}
