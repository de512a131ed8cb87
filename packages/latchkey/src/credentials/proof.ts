import type { Gate } from '../model/account.ts';
import type { Spend } from '../model/once.ts';
import type { SignInMethod } from '../model/session.ts';

declare const proven: unique symbol;

/**
 * That somebody has shown a credential of an account. Only this folder makes one, and the door opens to nothing else. It
 * carries the account's gate as it was then, so that whatever voided it since is noticed, and what it uses up at the door.
 */
export type Proof = {
  readonly [proven]: true;
  readonly gate: Gate;
  readonly method: SignInMethod;
  /** Whether a second step was shown as well: without it nobody comes in who has one. */
  readonly isWhole: boolean;
  readonly spends: readonly Spend[];
};

const genuine = new WeakSet<Proof>();

/** For the credentials in this folder alone. */
export function prove(
  gate: Gate,
  method: SignInMethod,
  { isWhole = false, spends = [] }: { readonly isWhole?: boolean; readonly spends?: readonly Spend[] } = {},
): Proof {
  const proof = Object.freeze({ gate, method, isWhole, spends }) as Proof;
  genuine.add(proof);
  return proof;
}

/** Was this made by a credential, and not put together elsewhere? */
export function isGenuine(proof: Proof): boolean {
  return genuine.has(proof);
}
