import { isGenuine, type Proof } from '../credentials/proof.ts';
import type { Session } from '../model/session.ts';
import type { Over, Reauthenticated, Store } from '../stores/store.ts';

/** A session is as fresh as one that was opened just now, by a proof of the same account. Opens nothing. */
export async function renew(
  { store }: { readonly store: Store },
  session: Session,
  proof: Proof,
): Promise<Reauthenticated | Over> {
  if (!isGenuine(proof))
    throw new TypeError('Nobody is taken for who they are without a proof that a credential made.');
  if (proof.gate.accountId !== session.accountId) throw new TypeError('The proof is another account’s.');
  return await store.sessions.reauthenticate({ by: session, gate: proof.gate, spends: proof.spends });
}
