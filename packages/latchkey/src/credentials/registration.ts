import type { Gate } from '../model/account.ts';
import { type Proof, prove } from './proof.ts';

/** Whoever has just made an account has shown what there is to show of it. */
export function proveRegistration(gate: Gate): Proof {
  return prove(gate, 'registration');
}
