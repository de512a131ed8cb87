/** Codes of an authenticator app (RFC 6238): six digits, thirty seconds, SHA-1, as all of them know it. */
import type { Keys } from '../crypto/keys.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential, NewCredential } from '../model/credential.ts';
import type { CredentialUse } from '../model/once.ts';

const PERIOD_MS = 30_000;
const DIGITS = 6;

/** A code counts in its own step, the one before and the one after: a clock may be half a minute off, and typing takes time. */
const WINDOW = 1;

/** As RFC 4226 (4, R6) recommends. */
const SECRET_BYTES = 20;

/** What is kept, sealed: whose it is, so that no row passes for another's; the secret; the last step that was used. */
type Kept = { readonly account: AccountId; readonly secret: string; readonly step: number };

/** A secret, in base32 as apps take it. Random, and shown once. */
export async function newTotpSecret(): Promise<string> {
  const { Secret } = await import('otpauth');
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The address that an app reads from a picture (Key Uri Format). */
export async function totpUrl(
  secret: string,
  who: { readonly site: string; readonly username: string },
): Promise<string> {
  const { Secret, TOTP } = await import('otpauth');
  const settings = { digits: DIGITS, period: PERIOD_MS / 1000, algorithm: 'SHA1' };
  return new TOTP({ ...settings, issuer: who.site, label: who.username, secret: Secret.fromBase32(secret) }).toString();
}

/** An account has one at most: the id says so. */
export function totpId(accountId: AccountId): string {
  return `totp-${accountId}`;
}

/** A secret becomes a credential by a code of it; null for a wrong one. The code is used up. */
export async function enrolTotp(
  keys: Keys,
  accountId: AccountId,
  { secret, code, now }: { readonly secret: string; readonly code: string; readonly now: number },
): Promise<NewCredential | null> {
  const step = await stepOf(secret, code, now);
  if (step === null) return null;
  const data = seal(keys, { account: accountId, secret, step });
  return { id: totpId(accountId), kind: 'totp', label: '', data };
}

/** What an app was set up with elsewhere: its secret in base32, and the last step that was used. null for what is no secret. */
export function importedTotp(
  keys: Keys,
  accountId: AccountId,
  { secret, step }: { readonly secret: string; readonly step: number },
): NewCredential | null {
  const plain = secret.toUpperCase().replace(/=+$/, '');
  if (!/^[A-Z2-7]{16,128}$/.test(plain)) return null;
  return {
    id: totpId(accountId),
    kind: 'totp',
    label: '',
    data: seal(keys, { account: accountId, secret: plain, step }),
  };
}

/** The secret of an app, in base32, for where it goes from here; null where it does not open. */
export function exportedTotp(keys: Keys, credential: Pick<Credential, 'accountId' | 'data'>): string | null {
  return open(keys, credential)?.secret ?? null;
}

/** Whether it may be one of an app. */
export function isTotpCode(typed: string): boolean {
  return /^\d{6}$/.test(typed);
}

/**
 * The use that a code amounts to, sealed with the newest key; null for a wrong one, and for one of a step that was used, or of one
 * before it; `sealed` where the secret does not open.
 */
export async function showTotp(
  keys: Keys,
  { id, accountId, data }: Credential,
  { code, now }: { readonly code: string; readonly now: number },
): Promise<CredentialUse | 'sealed' | null> {
  const kept = open(keys, { accountId, data });
  if (kept === null) return 'sealed';
  const step = await stepOf(kept.secret, code, now);
  if (step === null || step <= kept.step) return null;
  return { credential: id, from: data, to: seal(keys, { ...kept, step }) };
}

/** Whether the secrets that are given open it. */
export function opensTotp(keys: Keys, credential: Pick<Credential, 'accountId' | 'data'>): boolean {
  return open(keys, credential) !== null;
}

const PURPOSE = 'totp';

function open(keys: Keys, { accountId, data }: Pick<Credential, 'accountId' | 'data'>): Kept | null {
  try {
    const kept = JSON.parse(keys.open(PURPOSE, data)) as Kept;
    return kept.account === accountId ? kept : null;
  } catch {
    return null;
  }
}

function seal(keys: Keys, kept: Kept): Uint8Array {
  return keys.seal(PURPOSE, JSON.stringify(kept));
}

/** The step that a code is of, within the window; null for what is no code of any. */
async function stepOf(secret: string, code: string, now: number): Promise<number | null> {
  if (!isTotpCode(code)) return null;
  const { Secret, TOTP } = await import('otpauth');
  const totp = new TOTP({
    digits: DIGITS,
    period: PERIOD_MS / 1000,
    algorithm: 'SHA1',
    secret: Secret.fromBase32(secret),
  });
  const delta = totp.validate({ token: code, timestamp: now, window: WINDOW });
  return delta === null ? null : Math.floor(now / PERIOD_MS) + delta;
}
