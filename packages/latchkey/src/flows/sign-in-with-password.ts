import { type PasswordShown, showPassword } from '../credentials/password.ts';
import { emailKey, usernameKey } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import type { Caller } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import type { AccountRecord } from '../stores/store.ts';
import { countAttempt } from './attempts.ts';
import { completeSignIn, type SignedIn } from './complete-sign-in.ts';
import type { Parts } from './parts.ts';

/** Who somebody says they are; `otherwise` is the username to look for where nobody has the address, or null. */
export type Claim = { readonly username: string } | { readonly email: string; readonly otherwise: string | null };

export type PasswordSignIn = {
  readonly claim: Claim;
  readonly password: string;
  /** Whether the password may also be what remains without outer white space. */
  readonly isStripped: boolean;
  readonly caller: Caller;
  readonly network: string | null;
};

/**
 * Signs somebody in by a password. Throws `invalid_credentials` alike for nobody, a wrong password, no password, a suspended
 * account and a proof that was voided meanwhile; `email_not_verified` only after the right password; `too_many_attempts`;
 * `busy`.
 */
export async function signInWithPassword(parts: Parts, input: PasswordSignIn): Promise<SignedIn> {
  const claimants = await findClaimants(parts, input.claim);
  const accountId = claimants[0]?.account.id ?? null;
  try {
    return await signInAmong(parts, claimants, input);
  } catch (error) {
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId, code: error.code });
    throw error;
  }
}

async function signInAmong(
  parts: Parts,
  claimants: readonly AccountRecord[],
  input: PasswordSignIn,
): Promise<SignedIn> {
  const [first] = claimants;
  const attempt = await countAttempt(parts, {
    whose: first === undefined ? canonical(parts.settings, input.claim) : String(first.account.id),
    deviceId: first === undefined ? null : readDeviceTokens(parts.keys, first.account.id, input.caller.deviceTokens),
    network: input.network,
  });

  const shown = await showToAny(parts, claimants, input);
  if (shown === null) throw new Refusal('invalid_credentials');
  await attempt.succeeded();
  const { record, proof, renew } = shown;
  if (parts.settings.accounts.emailVerification === 'mandatory' && !record.account.emailVerified) {
    throw new Refusal('email_not_verified');
  }
  if (renew !== null) renewLater(parts, record, renew);

  const signedIn = await completeSignIn(parts, { account: record.account, proof, caller: input.caller });
  if (signedIn === null) throw new Refusal('invalid_credentials');
  return signedIn;
}

async function findClaimants(parts: Parts, claim: Claim): Promise<readonly AccountRecord[]> {
  const { accounts } = parts.store;
  const claimants = 'email' in claim ? await accounts.findByEmail(emailKey(claim.email)) : [];
  const username = 'email' in claim ? claim.otherwise : claim.username;
  if (claimants.length > 0 || username === null) return claimants;
  const record = await accounts.findByUsername(usernameKey(username, parts.settings.accounts.usernameCase));
  return record === null ? [] : [record];
}

function canonical({ accounts }: Settings, claim: Claim): string {
  return 'email' in claim ? emailKey(claim.email) : usernameKey(claim.username, accounts.usernameCase);
}

type Shown = Extract<PasswordShown, { kind: 'right' }> & { readonly record: AccountRecord };

/** Holds the password against each account that may be meant: several only where nobody has verified the address. */
async function showToAny(
  parts: Parts,
  claimants: readonly AccountRecord[],
  { password, isStripped }: PasswordSignIn,
): Promise<Shown | null> {
  for (const record of claimants.length === 0 ? [null] : claimants) {
    const shown = await showPassword(parts.hasher, record, password, { isStripped });
    if (shown.kind === 'right' && record !== null) return { ...shown, record };
  }
  return null;
}

/** A hash of an older scheme or cost is renewed beside the sign-in, unless it was replaced meanwhile. */
function renewLater(
  parts: Parts,
  { account }: AccountRecord,
  { from, password }: { readonly from: string; readonly password: string },
): void {
  parts.background('renewing a password hash', async () => {
    const to = await parts.hasher.hash(password);
    await parts.store.accounts.renewHash({ id: account.id, from, to });
  });
}
