/** Ten codes on paper, each of which stands in once for a second step that was lost. */
import { randomBytes } from 'node:crypto';
import type { Keys } from '../crypto/keys.ts';
import { hashOfLinkSecret } from '../crypto/token.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential, NewCredential } from '../model/credential.ts';
import type { CredentialUse } from '../model/once.ts';

const CODES = 10;

/** 80 bits: as many as a hash that is quick to compute must be guessed from. */
const LETTERS = 16;

/** Crockford's base 32: nothing that is read as something else. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export type RecoveryCodes = {
  /** As they are shown: here, and never again. */
  readonly codes: readonly string[];
  readonly credential: NewCredential;
};

export function recoveryCodesId(accountId: AccountId): string {
  return `recovery-codes-${accountId}`;
}

/** A new set, which takes the place of any other. */
export function newRecoveryCodes(accountId: AccountId): RecoveryCodes {
  const codes = Array.from({ length: CODES }, newCode);
  const data = dataOf(codes.map((code) => hashOf(accountId, canonical(code))));
  return { codes, credential: { id: recoveryCodesId(accountId), kind: 'recovery_codes', label: '', data } };
}

function newCode(): string {
  const letters = [...randomBytes(LETTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}

const SIGNED = 'signed:';

/** Codes of elsewhere, which may be short enough to be guessed from a hash: they are kept as signatures, which nobody else can make. */
export function importedRecoveryCodes(keys: Keys, accountId: AccountId, codes: readonly string[]): NewCredential {
  const data = dataOf(codes.map((code) => SIGNED + keys.sign(PURPOSE, textOf(accountId, canonical(code)))));
  return { id: recoveryCodesId(accountId), kind: 'recovery_codes', label: '', data };
}

const PURPOSE = 'recovery-code';

/** The use that a code amounts to, or null where it is none of those that are left. */
export function showRecoveryCode(keys: Keys, { id, accountId, data }: Credential, typed: string): CredentialUse | null {
  const left = hashesIn(data);
  const code = canonical(typed);
  const hash = hashOf(accountId, code);
  const isShown = (kept: string): boolean =>
    kept === hash ||
    (kept.startsWith(SIGNED) && keys.isSignature(PURPOSE, textOf(accountId, code), kept.slice(SIGNED.length)));
  const used = left.find(isShown);
  if (used === undefined) return null;
  return { credential: id, from: data, to: dataOf(left.filter((other) => other !== used)) };
}

export function codesLeft({ data }: Pick<Credential, 'data'>): number {
  return hashesIn(data).length;
}

/** However it was typed: in capitals, with blanks, and with the letters that the alphabet leaves out. */
function canonical(typed: string): string {
  return typed.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
}

function hashOf(accountId: AccountId, code: string): string {
  return Buffer.from(hashOfLinkSecret(PURPOSE, textOf(accountId, code))).toString('base64url');
}

/** Whose it is is part of it, so that no row passes for another's. */
function textOf(accountId: AccountId, code: string): string {
  return `${accountId} ${code}`;
}

function dataOf(hashes: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(hashes));
}

function hashesIn(data: Uint8Array): readonly string[] {
  return JSON.parse(new TextDecoder().decode(data)) as readonly string[];
}
