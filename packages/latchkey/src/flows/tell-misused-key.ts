import { hash } from 'node:crypto';
import type { DeviceProofFlaw } from '../credentials/dbsc.ts';
import type { ProofFlaw } from '../credentials/dpop.ts';
import type { SessionId } from '../model/account.ts';
import type { Session } from '../model/session.ts';
import { isOfKey } from '../sessions/key-proofs.ts';
import { notMeLink } from './links.ts';
import type { Parts } from './parts.ts';

const DAY_MS = 24 * 3_600_000;

/** So many sessions are known here whose owners have heard; beyond that the store is asked again. */
const MOST_KNOWN = 1_000;

/**
 * Makes known that somebody shows the key of a session without that which it is bound to: to the host each time, to the session's
 * owner once a day by mail. Beside the request: its answer neither waits nor differs.
 */
export function misuseTeller(
  parts: () => Pick<Parts, 'store' | 'settings' | 'keyProofs' | 'tell' | 'background' | 'mail' | 'mailWaits'>,
): (session: Session, flaw: ProofFlaw | DeviceProofFlaw) => void {
  const told = new Map<SessionId, number>();

  const isDue = (sessionId: SessionId): boolean => {
    const now = performance.now();
    if (now - (told.get(sessionId) ?? Number.NEGATIVE_INFINITY) < DAY_MS) return false;
    if (told.size >= MOST_KNOWN) told.clear();
    told.set(sessionId, now);
    return true;
  };

  return (session, flaw) => {
    const { tell, background, keyProofs } = parts();
    const { id, accountId } = session;
    keyProofs.noteMisuse();
    tell({ type: 'key_misused', session, reason: flaw });
    if (!isOfKey(flaw) || !isDue(id)) return;
    background('telling an owner that a key was copied', async () => {
      try {
        await mailOwner(parts(), { id, accountId });
      } catch (error) {
        told.delete(id);
        throw error;
      }
    });
  };
}

async function mailOwner(
  { store, settings, mail, mailWaits }: Pick<Parts, 'store' | 'settings' | 'mail' | 'mailWaits'>,
  { id, accountId }: Pick<Session, 'id' | 'accountId'>,
): Promise<void> {
  const isFirst = await store.marks.add({ hash: hash('sha256', `key-misused ${id}`, 'buffer'), lifetimeMs: DAY_MS });
  const record = isFirst ? await store.accounts.find(accountId) : null;
  if (record === null || record.account.email === '') return;
  const { email: to, username } = record.account;
  await store.outbox.put([mail({ kind: 'key-misused', to, username, link: notMeLink(settings) })]);
  mailWaits();
}
