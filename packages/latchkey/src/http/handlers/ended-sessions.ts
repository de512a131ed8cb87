/** The feed of ended sessions, for servers that check tokens without asking: ids and times, and nothing of whose they were. */
import { type EndedPage, endedSince, positionBefore } from '../../sessions/ended-since.ts';
import { json, refuse } from '../answers.ts';
import type { Call } from '../call.ts';

/** A reader waits no longer than this, in milliseconds. */
const LONGEST_WAIT_MS = 25_000;
/** A node may be so much behind another; whoever follows takes tokens that are older by as much, issued by one that is ahead. */
const CLOCKS_APART_MS = 60_000;

/**
 * What ended after `after`; without it, whatever a token may still be about of. Where there is nothing, it waits up to `wait`
 * milliseconds for something. `looked_after` says how long after it was asked it has looked: all that ended before that is told.
 */
export async function tell(call: Call): Promise<Response> {
  const { parts, request, headers } = call;
  const { jwt } = parts;
  if (jwt?.isFollower(bearerOf(request)) !== true) return refuse(call, { code: 'not_authenticated' });
  const { sessions } = parts.store;
  const query = new URL(request.url).searchParams;
  const [after, waitMs] = [numberIn(query.get('after')), numberIn(query.get('wait')) ?? 0];
  const askedAt = performance.now();
  const { accessMs } = jwt.settings;
  const now = jwt.now();
  // A position that nobody has reached yet is of another database, such as one before a backup was restored.
  const isKnown = after !== null && after <= (await sessions.position());
  const from = isKnown ? after : await positionBefore(sessions, now - accessMs - 2 * CLOCKS_APART_MS);
  const { page, lookedAt } = await nextPage(call, from, isKnown ? Math.min(waitMs, LONGEST_WAIT_MS) : 0);
  return json(
    200,
    {
      position: page.position,
      ended: page.ended,
      more: page.isMore,
      ...{ now: jwt.now(), looked_after: lookedAt - askedAt, keep: accessMs },
    },
    headers,
  );
}

type Looked = { readonly page: EndedPage; readonly lookedAt: number };

async function nextPage({ parts, request }: Call, from: number, waitMs: number): Promise<Looked> {
  const look = async (): Promise<Looked> => {
    const lookedAt = performance.now();
    return { lookedAt, page: await endedSince(parts.store.sessions, from) };
  };
  // Listened for before it is looked: what happens in between wakes it up.
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const stop = waitMs > 0 ? parts.endings.onEnded(() => resolve()) : () => undefined;
  const timer = setTimeout(resolve, waitMs);
  request.signal.addEventListener('abort', () => resolve(), { once: true });
  try {
    const first = await look();
    if (waitMs <= 0 || first.page.ended.length > 0 || first.page.isMore) return first;
    await ended;
    return await look();
  } finally {
    clearTimeout(timer);
    stop();
  }
}

function bearerOf({ headers }: Request): string {
  return /^Bearer ([\x21-\x7e]{1,512})$/.exec(headers.get('authorization') ?? '')?.[1] ?? '';
}

/** A whole number of digits; null for anything else. */
function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
