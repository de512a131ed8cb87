import type { AccountId, SessionId } from '../model/account.ts';
import { type Session, sessionState } from '../model/session.ts';
import type { By } from '../stores/store.ts';
import type { Parts } from './parts.ts';
import { forgetDevice } from './tickets.ts';
import { unlessOver } from './unless-over.ts';

/** The account's live sessions, the newest first. */
export async function listSessions(parts: Parts, accountId: AccountId): Promise<readonly Session[]> {
  const { sessions, now } = await parts.store.sessions.list(accountId);
  return sessions.filter((session) => sessionState(session, parts.settings.sessions, now).live);
}

/**
 * Ends one session of an account, or finds that it has ended. A device that was signed out from elsewhere is asked for a second step
 * when it next signs in. false for a session of nobody's or somebody else's, alike.
 */
export async function endSession(
  parts: Parts,
  end: {
    readonly accountId: AccountId;
    readonly sessionId: SessionId;
    readonly by: By;
    readonly reason: 'signed_out' | 'revoked';
  },
): Promise<boolean> {
  const done = unlessOver(await parts.store.sessions.end(end));
  if (done?.isEndedNow === true) {
    if (end.by?.id !== end.sessionId) await forgetDevice(parts, end.accountId, done.session.device.id);
    parts.endings.nudge();
    parts.tell({ type: 'sessions_ended', accountId: end.accountId, sessions: [done.session] });
  }
  return done !== null;
}

/** Ends every session of an account but the one that asks, and stops sign-ins that are under way. How many; null when it is gone. */
export async function endSessions(parts: Parts, accountId: AccountId, by: By): Promise<number | null> {
  const done = unlessOver(await parts.store.accounts.signOutEverywhere({ id: accountId, by, kept: by?.id ?? null }));
  if (done === null) return null;
  parts.endings.nudge();
  parts.tell({ type: 'sessions_ended', accountId, sessions: done.ended });
  return done.ended.length;
}
