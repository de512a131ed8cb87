import type { Session } from '../model/session.ts';
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
