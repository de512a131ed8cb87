import type { Proof } from '../credentials/proof.ts';
import { keptIdentity } from '../credentials/social/social.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { DeviceSummary } from '../model/device.ts';
import { Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import { admit, admitImported, type Caller, type Opened } from '../sessions/admit.ts';
import type { OutboxItem } from '../stores/store.ts';
import { noticeTo } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type SecondStepDue, secondStepDue } from './tickets.ts';

export type SignedIn = Opened & { readonly account: Account };

/** Somebody is in, or has shown one of two things: then nobody is, and nobody is displaced. */
export type SignInOutcome =
  | ({ readonly kind: 'signed-in' } & SignedIn)
  | ({ readonly kind: 'second-step' } & SecondStepDue);

/**
 * The last stage of every way in, and the only one that opens a session: nobody is signed in before it. null where the proof
 * was voided on its way here (a password change, a suspension) or was used already, which is answered as a wrong password is.
 */
export async function completeSignIn(
  parts: Parts,
  {
    account,
    proof,
    caller,
    outbox = [],
  }: {
    readonly account: Account;
    readonly proof: Proof;
    readonly caller: Caller;
    /** Mails that tell of what the proof uses up. */
    readonly outbox?: readonly OutboxItem[];
  },
): Promise<SignInOutcome | null> {
  const due = await secondStepDue(parts, { account, proof, caller });
  if (due === 'void') return null;
  if (typeof due === 'object') return { kind: 'second-step', ...due };
  const mails = [...outbox, ...connectedBy(parts, account, proof)];
  const outcome = await admit(parts, proof, caller, { outbox: mails, isFresh: due === 'none' });
  if (outcome.kind === 'void') return null;
  if (mails.length > 0) parts.mailWaits();
  const { session, token, deviceToken, displaced } = outcome;
  parts.tell({ type: 'signed_in', account, session, displaced });
  return { kind: 'signed-in', session, token, deviceToken, displaced, account };
}

/** Tells an account's owner of whoever it is to know from now on. */
function connectedBy(parts: Parts, account: Account, { spends }: Proof): readonly OutboxItem[] {
  return spends.flatMap((spend) => {
    if (!('adds' in spend) || spend.adds.kind !== 'social') return [];
    const { provider: id } = keptIdentity(spend.adds);
    const provider = parts.settings.social.providers.find((one) => one.id === id)?.name ?? id;
    return noticeTo(parts, account, { kind: 'social-connected', provider });
  });
}

/** The host hears of a sign-in that was refused, or of somebody signed in who could not show again who they are. */
export async function tellingRefusals<Done>(
  parts: Parts,
  accountId: AccountId,
  work: () => Promise<Done>,
): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId, code: error.code });
    throw error;
  }
}

/** A key that comes from elsewhere becomes a session of an unknown device. null as above. */
export async function completeImport(
  parts: Parts,
  {
    proof,
    ...key
  }: {
    readonly proof: Proof;
    readonly tokenHash: Uint8Array;
    readonly isFresh: boolean;
    readonly device: DeviceSummary;
  },
): Promise<Session | null> {
  return await admitImported(parts, proof, key);
}
