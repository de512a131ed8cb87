import type { SessionId } from '../model/account.ts';
import type { Approval, ApprovalId, Verdict } from '../model/approval.ts';
import { invalidInput } from '../model/reasons.ts';
import { type Session, sessionState } from '../model/session.ts';
import { approval as texts } from '../texts/api.ts';
import { choiceOfApproval, numberOf } from './approval-tickets.ts';
import { deviceLabels } from './manage-devices.ts';
import type { Parts } from './parts.ts';
import { TICKET_MS } from './tickets.ts';
import { unlessOver } from './unless-over.ts';

/** A device that asks to come in, as those see it who are in. */
export type ApprovalAsked = Pick<Approval, 'id' | 'device' | 'place' | 'askedAt' | 'waitsUntil'> & {
  /** It is shown where they ask, too. */
  readonly number: string;
  /** In whose place it may come, the longest in first, and so many of them at least have to end. */
  readonly among: readonly Session[];
  readonly least: number;
};

/** What waits for an answer in the account of a session, the first that asked first. */
export async function approvalsFor(
  parts: Parts,
  { accountId }: Session,
): Promise<{
  readonly approvals: readonly ApprovalAsked[];
  /** What the account's owner calls their devices, by the ids of these. */
  readonly labels: ReadonlyMap<string, string>;
  readonly now: number;
}> {
  const { approvals, now } = await parts.store.approvals.waiting(accountId);
  if (approvals.length === 0) return { approvals: [], labels: new Map(), now };
  const { sessions, now: at } = await parts.store.sessions.list(accountId);
  const live = sessions.filter((one) => sessionState(one, parts.settings.sessions, at).live).toReversed();
  const labels = await deviceLabels(parts, accountId);
  return { approvals: approvals.map((one) => askedOf(one, live)), labels, now };
}

function askedOf(approval: Approval, live: readonly Session[]): ApprovalAsked {
  const { id, device, place, askedAt, waitsUntil } = approval;
  const { among, least } = choiceOfApproval(approval);
  const eligible = live.filter((session) => among.includes(session.id));
  return { id, device, place, askedAt, waitsUntil, number: numberOf(approval), among: eligible, least };
}

/**
 * Lets one in, in the place of those in `ends`, or, where that is null, of whom the rule displaces when they come. Whether it waited
 * for that. Throws `invalid_input` on `end` where too few of those are named that have to go. Who goes is looked at once more when they
 * come in: what may not be chosen stays.
 */
export async function approve(
  parts: Parts,
  { id, by, ends }: { readonly id: ApprovalId; readonly by: Session; readonly ends: readonly SessionId[] | null },
): Promise<boolean> {
  const { approvals } = await approvalsFor(parts, by);
  const asked = approvals.find((one) => one.id === id);
  if (asked === undefined) return false;
  const { among, least } = asked;
  const chosen = among.filter((session) => ends?.includes(session.id));
  if (ends !== null && chosen.length < Math.min(least, among.length)) throw invalidInput({ end: [texts.tooFew] });
  return await answer(parts, { id, by, verdict: { kind: 'approved', by: by.id, ends } });
}

/** Lets one not in. Whether it waited for that. */
export async function decline(
  parts: Parts,
  { id, by }: { readonly id: ApprovalId; readonly by: Session },
): Promise<boolean> {
  return await answer(parts, { id, by, verdict: { kind: 'declined' } });
}

async function answer(
  parts: Parts,
  { id, by, verdict }: { readonly id: ApprovalId; readonly by: Session; readonly verdict: Verdict },
): Promise<boolean> {
  const collectMs = verdict.kind === 'approved' ? parts.settings.sessions.approvalMs : TICKET_MS;
  const given = { accountId: by.accountId, id, by, verdict, collectMs };
  const done = unlessOver(await parts.store.approvals.answer(given));
  if (done !== null) parts.endings.nudge();
  return done !== null;
}
