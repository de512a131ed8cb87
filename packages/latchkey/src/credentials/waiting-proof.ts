/** A proof that waits for its second step: kept as text under the hash of a ticket, and whole once the step is shown. */
import type { Gate } from '../model/account.ts';
import type { NewCredential } from '../model/credential.ts';
import type { OnceRef, Spend } from '../model/once.ts';
import type { SignInMethod } from '../model/session.ts';
import { type Proof, prove } from './proof.ts';

/** What is kept of it. What it spent is spent by then; what it adds waits with it. */
export type WaitingProof = {
  readonly gate: Gate;
  readonly method: SignInMethod;
  readonly adds: readonly NewCredential[];
  /** What is kept of the code that was mailed, where that is the one thing to show beside it (`mail.ts`); null where none was. */
  readonly mailed: string | null;
};

type Kept = Omit<WaitingProof, 'adds' | 'mailed'> & {
  readonly mailed?: string;
  /** Their data in base64url. */
  readonly adds?: readonly (Omit<NewCredential, 'data'> & { readonly data: string })[];
};

export function textOf({ gate, method, spends }: Proof, mailed: string | null = null): string {
  const adds = spends.flatMap((spend) => ('adds' in spend ? [spend.adds] : []));
  const kept = adds.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString('base64url') }));
  const more = { ...(kept.length > 0 && { adds: kept }), ...(mailed !== null && { mailed }) };
  return JSON.stringify({ gate, method, ...more } satisfies Kept);
}

export function waitingProofIn(text: string): WaitingProof {
  const { adds = [], mailed = null, ...rest } = JSON.parse(text) as Kept;
  return { ...rest, mailed, adds: adds.map((one) => ({ ...one, data: Buffer.from(one.data, 'base64url') })) };
}

/** The same proof, of which all that it uses up is used up by now. */
export function spentProof({ gate, method, isWhole }: Proof): Proof {
  return prove(gate, method, { isWhole });
}

/** The first proof and the second step together. Both the ticket and what shows the step are used up at the door, and what waited is added. */
export function proveWhole({ gate, method, adds }: WaitingProof, ticket: OnceRef, shown: readonly Spend[]): Proof {
  const additions = adds.map((one) => ({ accountId: gate.accountId, provenAt: gate.revision, adds: one }));
  return prove(gate, method, { isWhole: true, spends: [ticket, ...shown, ...additions] });
}
