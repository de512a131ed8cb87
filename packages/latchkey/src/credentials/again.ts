import type { Gate } from '../model/account.ts';
import type { Spend } from '../model/once.ts';
import type { SignInMethod } from '../model/session.ts';
import { type Proof, prove } from './proof.ts';

/**
 * The holder of a session shows once more who they are, by what is no way in by itself, such as a code of their app. The session
 * stays what it is, and so does how it was opened.
 */
export function proveAgain(gate: Gate, method: SignInMethod, spends: readonly Spend[]): Proof {
  return prove(gate, method, { spends });
}
