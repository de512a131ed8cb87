import { proveWhole } from '../credentials/waiting-proof.ts';
import type { Account, SessionId } from '../model/account.ts';
import { invalidInput } from '../model/reasons.ts';
import { type Session, sessionState } from '../model/session.ts';
import type { Caller } from '../sessions/admit.ts';
import { chooseSession as texts } from '../texts/api.ts';
import { type Choice, choiceOf, choiceRef } from './choice-tickets.ts';
import { completeSignIn, type NoPlace, type WholeOutcome } from './complete-sign-in.ts';
import { deviceLabels } from './manage-devices.ts';
import type { Parts } from './parts.ts';

/**
 * Signs somebody in who found no place, in that of the sessions that they choose. What may not be chosen stays; where that is not
 * enough, or others were quicker, the outcome is `full` again, with another ticket. Throws `invalid_input` on `ticket` where that is
 * used, too old, another device's, or void.
 */
export async function chooseSessions(
  parts: Parts,
  { ticket, ends, caller }: { readonly ticket: string; readonly ends: readonly SessionId[]; readonly caller: Caller },
): Promise<WholeOutcome> {
  const { choice, account } = await waitingChoice(parts, ticket, caller);
  const proof = proveWhole(choice.proof, choiceRef(ticket), []);
  const { isRemembered, isFresh } = choice;
  const outcome = await completeSignIn(parts, { account, proof, caller, ends, isRemembered, isFresh });
  if (outcome === null || outcome.kind === 'second-step') throw ticketVoid();
  return outcome;
}

/** What somebody may choose among, those that are still there: the first that was in longest. Throws as above. */
export async function sessionsToChoose(
  parts: Parts,
  { ticket, caller }: { readonly ticket: string; readonly caller: Caller },
): Promise<Omit<NoPlace, 'next'> & Pick<Choice, 'isAgain'>> {
  const { choice, account } = await waitingChoice(parts, ticket, caller);
  const { sessions, now } = await parts.store.sessions.list(account.id);
  const isLive = (session: Session): boolean => sessionState(session, parts.settings.sessions, now).live;
  const among = sessions.filter((session) => choice.among.includes(session.id) && isLive(session)).toReversed();
  const labels = await deviceLabels(parts, account.id);
  return { among, labels, now, least: choice.least, isAgain: choice.isAgain };
}

async function waitingChoice(
  parts: Parts,
  ticket: string,
  caller: Caller,
): Promise<{ readonly choice: Choice; readonly account: Account }> {
  const choice = await choiceOf(parts, ticket, caller);
  const record = choice === null ? null : await parts.store.accounts.find(choice.proof.gate.accountId);
  if (choice === null || record === null) throw ticketVoid();
  const { account, gate } = record;
  if (gate.state !== 'active' || choice.proof.gate.revision < gate.validFrom) throw ticketVoid();
  return { choice, account };
}

function ticketVoid() {
  return invalidInput({ ticket: [texts.ticketVoid] });
}
