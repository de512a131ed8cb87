/** A code that somebody typed: how often that may be tried, and which of the account's second steps it is of. */
import { showRecoveryCode } from '../credentials/recovery-codes.ts';
import { isTotpCode, showTotp } from '../credentials/totp.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import type { CredentialUse } from '../model/once.ts';
import { type CountedCode, countCode, type GuessableCode } from './attempts.ts';
import type { Parts } from './parts.ts';

export type TypedCode = {
  readonly accountId: AccountId;
  /** The ticket or the session that it is typed for. */
  readonly holder: string;
  readonly code: string;
  /** Of what it may be. */
  readonly kinds: readonly ('totp' | 'recovery_codes')[];
};

export type CodeUse = { readonly use: CredentialUse; readonly isRecovery: boolean };

export type Tried = CountedCode & {
  /** null where it is wrong. */
  readonly used: CodeUse | null;
};

/** Throws `too_many_attempts`, before anything is looked at. */
export async function tryCode(parts: Parts, typed: TypedCode): Promise<Tried> {
  const { accountId, holder, kinds } = typed;
  const code = typed.code.replace(/\s/g, '');
  const counted = await countCode(parts, { accountId, holder, guessable: guessableIn(code) });
  const { credentials, now } = await parts.store.credentials.list(accountId);
  for (const credential of credentials) {
    if (!kinds.some((kind) => kind === credential.kind)) continue;
    const used = await useOf(parts, credential, { code, now });
    if (used !== null) return { ...counted, used };
  }
  return { ...counted, used: null };
}

/** Recovery codes of elsewhere may be of eight digits; what is made here never is of digits alone. */
function guessableIn(code: string): GuessableCode | null {
  if (isTotpCode(code)) return 'app';
  return /^[\d-]*$/.test(code) ? 'digits' : null;
}

async function useOf(
  parts: Parts,
  credential: Credential,
  { code, now }: { readonly code: string; readonly now: number },
): Promise<CodeUse | null> {
  if (credential.kind === 'recovery_codes') {
    const use = showRecoveryCode(parts.keys, credential, code);
    return use === null ? null : { use, isRecovery: true };
  }
  if (!isTotpCode(code)) return null;
  const use = await showTotp(parts.keys, credential, { code, now });
  if (use !== 'sealed') return use === null ? null : { use, isRecovery: false };
  // Whoever has a recovery code comes in by that all the same.
  const { accountId } = credential;
  parts.warn({ accountId }, 'an authenticator app is sealed with a secret that is not given: see `latchkey doctor`');
  return null;
}
