import { hashOfDjangoSession, hashOfDrfKey } from '../crypto/token.ts';
import type { Gate } from '../model/account.ts';
import { type Proof, prove } from './proof.ts';

/** A Django REST framework key that an operator brings along from elsewhere, or null for what is none. */
export function proveImportedKey(
  gate: Gate,
  key: string,
): { readonly proof: Proof; readonly tokenHash: Uint8Array } | null {
  const tokenHash = hashOfDrfKey(key);
  return tokenHash === null ? null : { proof: prove(gate, 'imported'), tokenHash };
}

/** The browser session that Django knows by this key, as above. */
export function proveImportedSession(
  gate: Gate,
  sessionKey: string,
): { readonly proof: Proof; readonly tokenHash: Uint8Array } | null {
  const tokenHash = hashOfDjangoSession(sessionKey);
  return tokenHash === null ? null : { proof: prove(gate, 'imported'), tokenHash };
}
