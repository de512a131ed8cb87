import { Refusal } from '../model/reasons.ts';
import { isFresh, type Session } from '../model/session.ts';
import type { Parts } from './parts.ts';

/** Throws `reauthentication_required` where the session's holder did not prove who they are a moment ago. */
export function requireFresh({ settings }: Parts, session: Session, now: number): void {
  if (!isFresh(session, settings.sessions.freshMs, now)) throw new Refusal('reauthentication_required');
}
