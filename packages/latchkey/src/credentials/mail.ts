/**
 * A link and a code in one mail, for one sign-in: good once, together with the secret of whoever asked (the ticket), which is in no
 * mail. What is kept tells neither: both are hashed with the ticket, which is kept as a hash alone.
 */
import { timingSafeEqual } from 'node:crypto';
import { hashOfLinkSecret, newLinkSecret, newTypedCode, typedCode } from '../crypto/token.ts';
import type { AccountId, Gate } from '../model/account.ts';
import type { OnceRef } from '../model/once.ts';
import { type Proof, prove } from './proof.ts';

export type MailSecrets = {
  /** Stays with whoever asked. */
  readonly ticket: string;
  /** What the link carries. */
  readonly token: string;
  /** What is typed instead, as `ABCD-EFGH`. */
  readonly code: string;
};

/** Whose sign-in it is, and under what its tries are counted. */
export type MailFor = {
  /** null for an address that nobody has: kept like any other, and shown by nothing. */
  readonly account: { readonly id: AccountId; readonly revision: number } | null;
  readonly counted: string;
};

type Kept = MailFor & { readonly token: string; readonly code: string };

const PURPOSE = 'mail-sign-in';

export function newMailSecrets(): MailSecrets {
  return { ticket: newLinkSecret(), token: newLinkSecret(), code: newTypedCode() };
}

export function mailSignInRef(ticket: string): OnceRef {
  return { purpose: PURPOSE, hash: hashOfLinkSecret(PURPOSE, ticket) };
}

/** What is kept under the ticket's hash, as text. */
export function keptOfMail(secrets: MailSecrets, whose: MailFor): string {
  const { ticket, token, code } = secrets;
  const kept: Kept = { ...whose, token: hashed(ticket, 'token', token), code: hashed(ticket, 'code', typedCode(code)) };
  return JSON.stringify(kept);
}

/** For whom it is kept. */
export function mailForIn(kept: string): MailFor {
  const { account, counted } = JSON.parse(kept) as Kept;
  return { account, counted };
}

export type ShownOfMail = { readonly token: string } | { readonly code: string };

export type MailShown = {
  readonly accountId: AccountId;
  /** null where something voided it since the mail was asked for. */
  proofAt(gate: Gate): Proof | null;
};

/** Is this what the mail said? null where it is not. The proof uses the ticket up, and with it the link and the code. */
export function showMail(text: string, ticket: string, shown: ShownOfMail): MailShown | null {
  const kept = JSON.parse(text) as Kept;
  const isRight =
    'token' in shown
      ? isSame(kept.token, hashed(ticket, 'token', shown.token))
      : isSame(kept.code, hashed(ticket, 'code', typedCode(shown.code)));
  const { account } = kept;
  if (!isRight || account === null) return null;
  return {
    accountId: account.id,
    proofAt(gate) {
      const isGood = gate.accountId === account.id && gate.state === 'active' && account.revision >= gate.validFrom;
      return isGood ? prove(gate, 'mail', { spends: [mailSignInRef(ticket)] }) : null;
    },
  };
}

/** What is kept of a code that was mailed to somebody who has shown a first proof, and waits with a ticket. */
export function keptOfStep(ticket: string, code: string): string {
  return hashed(ticket, 'step', typedCode(code));
}

/** Is this the code that was mailed to whoever waits with this ticket? */
export function isCodeOfStep(kept: string, ticket: string, typed: string): boolean {
  return isSame(kept, keptOfStep(ticket, typed));
}

function hashed(ticket: string, what: 'token' | 'code' | 'step', secret: string): string {
  return Buffer.from(hashOfLinkSecret(`${PURPOSE} ${what}`, `${ticket} ${secret}`)).toString('base64url');
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
