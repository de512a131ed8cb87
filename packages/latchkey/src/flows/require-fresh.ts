import { Refusal } from '../model/reasons.ts';
import { isFresh, type Session } from '../model/session.ts';
import type { Parts } from './parts.ts';

/** The session of somebody who asks, and the store's time when it was checked. */
export type Asking = { readonly session: Session; readonly now: number };

/**
 * Whether the session's holder proved who they are a moment ago. They may have done so at another node, after this one read the
 * session that it remembers: before a no, the store is asked.
 */
export async function isFreshNow({ settings, store }: Parts, { session, now }: Asking): Promise<boolean> {
  const { freshMs } = settings.sessions;
  if (isFresh(session, freshMs, now)) return true;
  const kept = await store.sessions.list(session.accountId);
  const own = kept.sessions.find(({ id }) => id === session.id);
  return own !== undefined && isFresh(own, freshMs, kept.now);
}

/** Throws `reauthentication_required` where the session's holder did not prove who they are a moment ago. */
export async function requireFresh(parts: Parts, asking: Asking): Promise<void> {
  if (!(await isFreshNow(parts, asking))) throw new Refusal('reauthentication_required');
}
