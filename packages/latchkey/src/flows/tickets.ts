/** A sign-in that waits for its second step: whoever holds its ticket has shown one proof, and is nobody yet. */
import type { Proof } from '../credentials/proof.ts';
import { textOf, type WaitingProof, waitingProofIn } from '../credentials/waiting-proof.ts';
import { hashOfLinkSecret, newLinkSecret } from '../crypto/token.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { OnceRef } from '../model/once.ts';
import { type SecondStepKind, secondStepFor, secondStepsAfter } from '../model/second-step.ts';
import type { Caller } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import type { Parts } from './parts.ts';

export type SecondStepDue = {
  /** A secret, for whoever made the first step: good once, and for a while. */
  readonly ticket: string;
  /** What may be shown; nothing where the account has none yet, and has to set one up first. */
  readonly kinds: readonly SecondStepKind[];
};

/** For how long a sign-in waits. */
export const TICKET_MS = 10 * 60_000;

export function ticketRef(ticket: string): OnceRef {
  return refFor('second-step', ticket);
}

function refFor(purpose: 'second-step' | 'mailed-step', ticket: string): OnceRef {
  return { purpose, hash: hashOfLinkSecret(purpose, ticket) };
}

/** What is used up with the step that is shown. One that waits for a mailed code is of a kind of its own: with it nothing is set up. */
export function ticketOf({ mailed }: WaitingProof, ticket: string): OnceRef {
  return refFor(mailed === null ? 'second-step' : 'mailed-step', ticket);
}

/**
 * What a proof still needs, and the ticket to go on with; `none` where it needs nothing, and `remembered` where it is half of one
 * and the device is spared the other. What the proof spends is spent for a ticket, and where that was spent already there is none:
 * `void`.
 */
export async function secondStepDue(
  parts: Parts,
  { account, proof, caller }: { readonly account: Account; readonly proof: Proof; readonly caller: Caller },
): Promise<SecondStepDue | 'void' | 'none' | 'remembered'> {
  if (proof.isWhole) return 'none';
  const { credentials } = await parts.store.credentials.list(account.id);
  const kinds = credentials.map(({ kind }) => kind);
  const due = secondStepFor(parts.settings.secondStep, { roles: account.roles, kinds, first: proof.method });
  if (due === 'none') return 'none';
  if (due === 'show' && (await isRemembered(parts, proof, caller))) return 'remembered';
  if (!(await spendForTicket(parts, proof))) return 'void';
  const ticket = newLinkSecret();
  await keepTicket(parts, ticket, { proof, mailed: null });
  return { ticket, kinds: due === 'show' ? secondStepsAfter(proof.method, kinds) : [] };
}

/** Spends what a proof uses up before it waits; false where that was spent already. What it adds waits with it. */
export async function spendForTicket({ store }: Parts, { spends }: Proof): Promise<boolean> {
  for (const spend of spends) {
    // Half a sign-in changes nothing of the account: this waits for the other half.
    if ('adds' in spend) continue;
    const isSpent = 'purpose' in spend ? await store.once.spend(spend) : await store.credentials.use(spend);
    if (isSpent === null || isSpent === false) return false;
  }
  return true;
}

/**
 * Keeps a proof of which all is spent that it spends, until more is shown. `mailed` is what is kept of the code that the account's
 * owner is mailed, and null where something of the account's own is to be shown.
 */
export async function keepTicket(
  parts: Parts,
  ticket: string,
  { proof, mailed }: { readonly proof: Proof; readonly mailed: string | null },
): Promise<void> {
  const ref = refFor(mailed === null ? 'second-step' : 'mailed-step', ticket);
  await parts.store.once.put({ ...ref, lifetimeMs: TICKET_MS, data: textOf(proof, mailed) });
}

/** What whoever waits may show; nothing where they have to set one up first. */
export async function secondStepsOf(
  parts: Parts,
  { gate, method, mailed }: WaitingProof,
): Promise<readonly SecondStepKind[]> {
  if (mailed !== null) return ['mail'];
  const { credentials } = await parts.store.credentials.list(gate.accountId);
  return secondStepsAfter(
    method,
    credentials.map(({ kind }) => kind),
  );
}

/** The proof that waits for a ticket's holder, or null. */
export async function waitingProof(parts: Parts, ticket: string): Promise<WaitingProof | null> {
  const { once } = parts.store;
  const text = (await once.peek(ticketRef(ticket))) ?? (await once.peek(refFor('mailed-step', ticket)));
  return text === null ? null : waitingProofIn(text);
}

/** Whether this device was asked before, and its owner wanted that to last. */
async function isRemembered(parts: Parts, { gate }: Proof, { deviceTokens }: Caller): Promise<boolean> {
  const known = readDeviceTokens(parts.keys, gate.accountId, deviceTokens);
  if (known === null || known.revision < gate.validFrom) return false;
  return (await parts.store.once.peek(rememberedRef(gate, known.id))) !== null;
}

/** Notes that this device is not to be asked for a while. Whatever voids what the account allowed makes it forgotten. */
export async function rememberDevice(
  parts: Parts,
  gate: { readonly accountId: AccountId; readonly validFrom: number },
  deviceId: string,
): Promise<void> {
  const ref = rememberedRef(gate, deviceId);
  await parts.store.once.spend(ref);
  await parts.store.once.put({ ...ref, lifetimeMs: parts.settings.secondStep.rememberMs, data: '' });
}

/** Which of an account's devices are not asked for a while; none where there is no second step to ask for. */
export async function rememberedAmong(
  { store, settings }: Pick<Parts, 'store' | 'settings'>,
  accountId: AccountId,
  deviceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (settings.secondStep.rememberMs === 0 || deviceIds.length === 0) return new Set();
  const { credentials } = await store.credentials.list(accountId);
  const record = credentials.length === 0 ? null : await store.accounts.find(accountId);
  if (record === null) return new Set();
  const peeked = deviceIds.map(async (id) => [id, await store.once.peek(rememberedRef(record.gate, id))] as const);
  return new Set((await Promise.all(peeked)).flatMap(([id, kept]) => (kept === null ? [] : [id])));
}

/** Its owner has signed it out from elsewhere: they may have lost it. */
export async function forgetDevice(parts: Parts, accountId: AccountId, deviceId: string | null): Promise<void> {
  const record = deviceId === null ? null : await parts.store.accounts.find(accountId);
  if (record !== null && deviceId !== null) await parts.store.once.spend(rememberedRef(record.gate, deviceId));
}

function rememberedRef(
  { accountId, validFrom }: { readonly accountId: AccountId; readonly validFrom: number },
  deviceId: string,
): OnceRef {
  const purpose = 'remembered-device';
  return { purpose, hash: hashOfLinkSecret(purpose, `${accountId} ${deviceId} ${validFrom}`) };
}
