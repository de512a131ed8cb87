import type { Session } from '../model/session.ts';
import type { Refused } from '../sessions/verify.ts';
import type { Parts } from './parts.ts';
import { unlessOver } from './unless-over.ts';

/** Ends the caller's own session. One that has ended already stays as it is: a displaced device's sign-out touches nobody. */
export async function signOut(parts: Parts, session: Session): Promise<void> {
  const { accountId, id: sessionId } = session;
  const done = unlessOver(await parts.store.sessions.end({ accountId, sessionId, by: session, reason: 'signed_out' }));
  if (done?.isEndedNow !== true) return;
  parts.endings.nudge();
  parts.tell({ type: 'signed_out', session: done.session });
}

/** Longer than an ending takes until it is in force on every node, whatever becomes of whoever made it. */
const IN_FORCE_MS = 10_000;

/**
 * Somebody signs out with what is over already. Whoever ended it may still wait for other nodes to hear of it: who is told to be
 * signed out is so on all of them, so that this waits, too.
 */
export async function signOutOver(parts: Parts, { sessionId, accountId, at, now }: Refused): Promise<void> {
  if (sessionId === null || accountId === null) return;
  const isLongOver = at !== null && now !== null && now - at > IN_FORCE_MS;
  if (!isLongOver) await parts.store.sessions.end({ accountId, sessionId, by: null, reason: 'signed_out' });
}
