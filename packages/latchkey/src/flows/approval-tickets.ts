/** A sign-in that found no place, and asks those who are in: what is kept of it, and its ticket. */
import { hashOfLinkSecret, newApprovalId, newLinkSecret, newNumberToCompare } from '../crypto/token.ts';
import type { AccountId } from '../model/account.ts';
import type { Approval } from '../model/approval.ts';
import type { OnceRef } from '../model/once.ts';
import type { Caller } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import { takeQuietly } from './attempts.ts';
import { type Asking, type Choice, choiceFor, choiceIn, textOfChoice } from './choice-tickets.ts';
import type { Parts } from './parts.ts';
import { TICKET_MS } from './tickets.ts';

/** What somebody needs who waits for an answer. */
export type Waiting = {
  /** A secret, for whoever asked: with it they hear what becomes of it, and come in. */
  readonly ticket: string;
  /** Shown here and where it is answered, so that whoever compares them answers the right one. */
  readonly number: string;
  /** Milliseconds since 1970, the store's clock. */
  readonly waitsUntil: number;
};

/** What its flow keeps of it. */
type Kept = { readonly number: string; readonly choice: string };

/** So many may wait at a time for an account, and so many be asked for in an hour: who has a password must not flood its owner. */
const MOST_WAITING = 3;
const ASKED_PER_HOUR = { limit: 10, windowMs: 3_600_000 };

/** Asks those who are in. null where too many have asked by now. */
export async function askForApproval(parts: Parts, asking: Asking): Promise<Waiting | null> {
  const { accountId } = asking.proof.gate;
  const { caller } = asking;
  const deviceId = readDeviceTokens(parts.keys, accountId, caller.deviceTokens)?.id ?? null;
  if (!(await mayAsk(parts, accountId, deviceId))) return null;
  const [ticket, number] = [newLinkSecret(), newNumberToCompare()];
  const approval = await parts.store.approvals.ask({
    approval: {
      ...{ id: newApprovalId(), accountId, ticket: approvalRef(ticket).hash },
      ...{ from: fromOf(accountId, deviceId, caller), device: caller.device, place: (await caller.place()).name },
      ...{ waitMs: parts.settings.sessions.approvalMs, tellMs: TICKET_MS },
      data: JSON.stringify({ number, choice: textOfChoice(parts, asking) } satisfies Kept),
    },
    most: MOST_WAITING,
  });
  if (approval === null) return null;
  parts.endings.nudge();
  return { ticket, number, waitsUntil: approval.waitsUntil };
}

/** A device that the account knows asks on its own account: strangers cannot use that up. */
async function mayAsk(parts: Parts, accountId: AccountId, deviceId: string | null): Promise<boolean> {
  if (parts.settings.attempts === 'off') return true;
  const of = deviceId === null ? String(accountId) : `${accountId} ${deviceId}`;
  const [isWithin = false] = await takeQuietly(parts, [{ kind: 'approvals', of, rate: ASKED_PER_HOUR }]);
  return isWithin;
}

/** Which device it is: one that the account does not know, by all that can be told of it. */
function fromOf(accountId: AccountId, deviceId: string | null, { device, client, binding, network }: Caller): string {
  return JSON.stringify(deviceId ?? [device.class, device.name, client, binding, network(accountId)]);
}

export function approvalRef(ticket: string): OnceRef {
  return { purpose: 'approve-session', hash: hashOfLinkSecret('approve-session', ticket) };
}

/** The number that is shown on both sides. */
export function numberOf({ data }: Approval): string {
  return (JSON.parse(data) as Kept).number;
}

/** The sign-in that waits. */
export function choiceOfApproval({ data }: Approval): Choice {
  return choiceIn((JSON.parse(data) as Kept).choice);
}

/** The same, for the device that asked; null for any other. */
export function ownChoiceOf(parts: Parts, { data }: Approval, caller: Caller): Choice | null {
  return choiceFor(parts, (JSON.parse(data) as Kept).choice, caller);
}
