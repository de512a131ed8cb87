/** A proof that waits for its second step: kept as text under the hash of a ticket, and whole once the step is shown. */
import type { Gate } from '../model/account.ts';
import type { OnceRef, Spend } from '../model/once.ts';
import type { SignInMethod } from '../model/session.ts';
import { type Proof, prove } from './proof.ts';

/** What is kept of it. What it spent is spent by then. */
export type WaitingProof = { readonly gate: Gate; readonly method: SignInMethod };

export function textOf({ gate, method }: Proof): string {
  return JSON.stringify({ gate, method } satisfies WaitingProof);
}

export function waitingProofIn(text: string): WaitingProof {
  return JSON.parse(text) as WaitingProof;
}

/** The first proof and the second step together. Both the ticket and what shows the step are used up at the door. */
export function proveWhole({ gate, method }: WaitingProof, ticket: OnceRef, shown: readonly Spend[]): Proof {
  return prove(gate, method, { isWhole: true, spends: [ticket, ...shown] });
}
