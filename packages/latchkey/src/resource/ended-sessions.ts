/** Which sessions have ended, as the server tells it; and for how long what is known of that may be believed. */
import { systemClock } from '../stores/clock.ts';

export type EndedSessions = {
  /** Whether a session is over; null where that is not known any more. */
  hasEnded(sessionId: string): boolean | null;
  /** Of what was issued before (milliseconds since 1970) the endings may not be known: the server had it last shorter. */
  knownSince(): number;
  /** Once it is first known; rejects where that takes longer than the bound. */
  begun(): Promise<void>;
  figures(): { readonly horizonAgeMs: number; readonly remembered: number; readonly failures: number };
  close(): void;
};

export type Following = {
  /** Where the server tells of endings. */
  readonly url: string;
  /** What lets one ask there. */
  readonly secret: string;
  /** What is known counts for so long after the server has last looked. */
  readonly boundMs: number;
  readonly warn: (details: object, message: string) => void;
};

/** An answer of the server's. Times are milliseconds since 1970, lengths are milliseconds. */
type Page = {
  readonly position: number;
  readonly ended: readonly { readonly id: string; readonly at: number }[];
  /** Whether there is more to be read at once. */
  readonly more: boolean;
  /** The server's time. */
  readonly now: number;
  /** How long after it was asked the server has looked. */
  readonly looked_after: number;
  /** How long a token may be about after its session has ended. */
  readonly keep: number;
};

const RETRY_MS = 200;
/** A node may be so much behind another. */
const CLOCKS_APART_MS = 60_000;

export function followEndedSessions({ url, secret, boundMs, warn }: Following): EndedSessions {
  /** When each ended, by the server's time. */
  const ended = new Map<string, number>();
  const closing = new AbortController();
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);
  const waitMs = Math.floor(Math.min(2_000, boundMs / 4));
  let horizon = Number.NEGATIVE_INFINITY;
  let knownSince = Number.NEGATIVE_INFINITY;
  let position: number | null = null;
  let failures = 0;

  const ask = async (): Promise<void> => {
    const sentAt = performance.now();
    const query = position === null ? '' : `?after=${position}&wait=${waitMs}`;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(waitMs + boundMs)]);
    const answer = await fetch(url + query, {
      headers: { authorization: `Bearer ${secret}` },
      redirect: 'error',
      signal,
    });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    const page = pageOf(await answer.json());
    note(page);
    position = page.position;
    if (page.more) return;
    // It has not looked later than it answered, whatever it says.
    horizon = Math.min(sentAt + page.looked_after, performance.now());
    first.resolve();
  };

  const note = ({ ended: told, now, keep }: Page): void => {
    for (const { id, at } of told) ended.set(id, at);
    // It never goes back: what was not told, or is forgotten by then, stays so. A server whose clock is ahead moves it no further than ours.
    knownSince = Math.max(knownSince, Math.min(now, systemClock()) - keep - CLOCKS_APART_MS);
    // Of a token that was issued before, by a clock that may be ahead of the one that saw it end, nothing is asked any more.
    for (const [id, at] of ended) if (at + CLOCKS_APART_MS < knownSince) ended.delete(id);
  };

  const follow = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await ask();
        failures = 0;
      } catch (error) {
        if (closing.signal.aborted) return;
        failures++;
        if (failures === 1) warn({ err: error }, 'ended sessions cannot be followed; tried again at once');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  const late = setTimeout(() => first.reject(new Error(`${url} did not tell which sessions have ended.`)), boundMs);
  late.unref();
  void follow();

  return {
    hasEnded(sessionId) {
      if (performance.now() - horizon > boundMs) return null;
      return ended.has(sessionId);
    },
    knownSince: () => knownSince,
    begun: () => first.promise,
    figures: () => ({ horizonAgeMs: performance.now() - horizon, remembered: ended.size, failures }),
    close() {
      clearTimeout(late);
      closing.abort();
      ended.clear();
      horizon = Number.NEGATIVE_INFINITY;
    },
  };
}

function pageOf(value: unknown): Page {
  const page = value as Page;
  const isPage =
    typeof page === 'object' &&
    page !== null &&
    [page.position, page.now, page.looked_after, page.keep].every((one) => Number.isFinite(one)) &&
    typeof page.more === 'boolean' &&
    Array.isArray(page.ended) &&
    page.ended.every(({ id, at }) => typeof id === 'string' && Number.isFinite(at));
  if (!isPage) throw new Error('The server’s answer tells of no endings.');
  return page;
}
