/** A sign-in that found no place: whoever holds its ticket has shown who they are, and may choose whose place they take. */
import type { Proof } from '../credentials/proof.ts';
import { textOf, type WaitingProof, waitingProofIn } from '../credentials/waiting-proof.ts';
import { hashOfLinkSecret, newLinkSecret } from '../crypto/token.ts';
import type { SessionId } from '../model/account.ts';
import type { OnceRef } from '../model/once.ts';
import type { Session } from '../model/session.ts';
import type { Caller } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import type { Parts } from './parts.ts';
import { TICKET_MS } from './tickets.ts';

/** What is kept of it. What its proof spent is spent. */
export type Choice = {
  readonly proof: WaitingProof;
  /** Those that it may choose among, and how many of them at least have to end. */
  readonly among: readonly SessionId[];
  readonly least: number;
  /** Whether it has chosen before, and that was not enough. */
  readonly isAgain: boolean;
  /** Whether the device is not to be asked for a second step for a while. */
  readonly isRemembered: boolean;
  /** Whether all was shown that there is to show: a remembered device spares its owner the second step, and no more. */
  readonly isFresh: boolean;
  /** Who asked: nobody else can go on. */
  readonly asker: string;
};

export type Asking = Pick<Choice, 'least' | 'isAgain' | 'isRemembered' | 'isFresh'> & {
  readonly proof: Proof;
  readonly caller: Caller;
  readonly among: readonly Session[];
};

/** Keeps a sign-in for the device that asked. Returns its ticket, a secret: good once, and for a while. */
export async function newChoice(parts: Parts, asking: Asking): Promise<string> {
  const ticket = newLinkSecret();
  await parts.store.once.put({ ...choiceRef(ticket), lifetimeMs: TICKET_MS, data: textOfChoice(parts, asking) });
  return ticket;
}

export function textOfChoice(parts: Parts, { proof, caller, among, ...more }: Asking): string {
  const asker = askerOf(parts, proof, caller);
  return JSON.stringify({ proof: textOf(proof), among: among.map(({ id }) => id), asker, ...more });
}

/** What a ticket is for; null where it is used or too old, or where another device brings it than asked for it. */
export async function choiceOf(parts: Parts, ticket: string, caller: Caller): Promise<Choice | null> {
  const text = await parts.store.once.peek(choiceRef(ticket));
  return text === null ? null : choiceFor(parts, text, caller);
}

/** As it was kept, for the device that asked; null for any other. */
export function choiceFor(parts: Parts, text: string, caller: Caller): Choice | null {
  const choice = choiceIn(text);
  return choice.asker === askerOf(parts, choice.proof, caller) ? choice : null;
}

export function choiceIn(text: string): Choice {
  const kept = JSON.parse(text) as Omit<Choice, 'proof'> & { readonly proof: string };
  return { ...kept, proof: waitingProofIn(kept.proof) };
}

export function choiceRef(ticket: string): OnceRef {
  return { purpose: 'choose-session', hash: hashOfLinkSecret('choose-session', ticket) };
}

/** The device as far as the account knows it, its client app and its key. */
function askerOf(
  parts: Parts,
  { gate }: Pick<WaitingProof, 'gate'>,
  { deviceTokens, client, binding }: Caller,
): string {
  const known = readDeviceTokens(parts.keys, gate.accountId, deviceTokens);
  return JSON.stringify([known?.id ?? null, client, binding]);
}
