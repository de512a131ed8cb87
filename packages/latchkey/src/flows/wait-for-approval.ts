import { proveWhole } from '../credentials/waiting-proof.ts';
import type { Account } from '../model/account.ts';
import { type Approval, approvalState } from '../model/approval.ts';
import { invalidInput } from '../model/reasons.ts';
import { sessionState } from '../model/session.ts';
import type { Caller } from '../sessions/admit.ts';
import { chooseSession as texts } from '../texts/api.ts';
import { approvalRef, numberOf, ownChoiceOf, type Waiting } from './approval-tickets.ts';
import type { Choice } from './choice-tickets.ts';
import { completeSignIn, type WholeOutcome } from './complete-sign-in.ts';
import type { Parts } from './parts.ts';

/** What became of a sign-in that asked to be let in. */
export type WaitOutcome =
  | WholeOutcome
  /** Nobody has answered. */
  | ({ readonly kind: 'waiting' } & Waiting)
  /** Nobody is let in by it any more. */
  | { readonly kind: 'turned-away'; readonly code: 'approval_declined' | 'approval_expired' };

type Held = {
  readonly ticket: string;
  readonly approval: Approval;
  readonly choice: Choice;
  readonly account: Account;
  readonly now: number;
};

/**
 * Signs somebody in whom one of the account's sessions has let in, in the place of whom that one said; or who finds room by now. Where
 * others were quicker the outcome is `full`, and another request is out. Throws `invalid_input` on `ticket` where that is used, too old, another
 * device's, or void: by what voids a proof, and by the end of the session that let it in.
 */
export async function comeInByApproval(
  parts: Parts,
  asked: { readonly ticket: string; readonly caller: Caller },
): Promise<WaitOutcome> {
  const held = await heldBy(parts, asked);
  const { approval, choice, account, ticket } = held;
  const state = await stateOf(parts, held);
  if (state === 'waiting') return { kind: 'waiting', ...waitingOf(held) };
  if (state === 'declined') return { kind: 'turned-away', code: 'approval_declined' };
  if (state === 'expired') return { kind: 'turned-away', code: 'approval_expired' };
  const { isRemembered, isFresh } = choice;
  const proof = proveWhole(choice.proof, approvalRef(ticket), []);
  const given = approval.verdict?.kind === 'approved' ? approval.verdict : null;
  const { caller } = asked;
  // Where there was room in the meantime nobody has said yes.
  const entering = { caller, approval: given, mayBeHalf: given === null, isRemembered, isFresh };
  const outcome = await completeSignIn(parts, { account, proof, ...entering });
  if (outcome === null || outcome.kind === 'second-step') throw ticketVoid();
  return outcome;
}

export type WaitState = 'waiting' | 'approved' | 'declined' | 'expired' | 'room';

/** What became of it until now, with what its holder is told while it waits. Uses nothing up, and opens nothing. Throws as above. */
export async function lookAtApproval(
  parts: Parts,
  asked: { readonly ticket: string; readonly caller: Caller },
): Promise<Waiting & { readonly state: WaitState; readonly now: number }> {
  const held = await heldBy(parts, asked);
  return { ...waitingOf(held), state: await stateOf(parts, held), now: held.now };
}

function waitingOf({ ticket, approval }: Held): Waiting {
  return { ticket, number: numberOf(approval), waitsUntil: approval.waitsUntil };
}

/** While it waits there may be room: one of those who had the places is out. */
async function stateOf(parts: Parts, { approval, choice, account, now }: Held): Promise<WaitState> {
  const state = approvalState(approval, now);
  if (state !== 'waiting') return state;
  const { sessions, now: at } = await parts.store.sessions.list(account.id);
  const live = sessions.filter((one) => sessionState(one, parts.settings.sessions, at).live).map(({ id }) => id);
  return choice.among.every((id) => live.includes(id)) ? 'waiting' : 'room';
}

async function heldBy(
  parts: Parts,
  { ticket, caller }: { readonly ticket: string; readonly caller: Caller },
): Promise<Held> {
  const found = await parts.store.approvals.find(approvalRef(ticket).hash);
  const choice = found === null ? null : ownChoiceOf(parts, found.approval, caller);
  const record = choice === null ? null : await parts.store.accounts.find(choice.proof.gate.accountId);
  if (found === null || choice === null || record === null) throw ticketVoid();
  const { account, gate } = record;
  if (gate.state !== 'active' || choice.proof.gate.revision < gate.validFrom) throw ticketVoid();
  return { ...found, ticket, choice, account };
}

function ticketVoid() {
  return invalidInput({ ticket: [texts.ticketVoid] });
}
