import { type PasswordShown, showPassword } from '../credentials/password.ts';
import { emailKey, usernameKey } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import type { Caller } from '../sessions/admit.ts';
import { readDeviceTokens } from '../sessions/device-token.ts';
import type { AccountRecord } from '../stores/store.ts';
import { type CountedAttempt, countAttempt, ofAccount, ofNobody } from './attempts.ts';
import { completeSignIn, type SignInOutcome } from './complete-sign-in.ts';
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
 * Signs somebody in by a password, or has them show a second step. Throws `invalid_credentials` alike for nobody, a wrong password, no password, a suspended
 * account and a proof that was voided meanwhile; `email_not_verified` only after the right password; `too_many_attempts`;
 * `busy`.
 */
export async function signInWithPassword(parts: Parts, input: PasswordSignIn): Promise<SignInOutcome> {
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
): Promise<SignInOutcome> {
  const shown = await showToAny(parts, claimants, input);
  if (shown === null) throw new Refusal('invalid_credentials');
  const { record, proof, renew } = shown;
  if (parts.settings.accounts.emailVerification === 'mandatory' && !record.account.emailVerified) {
    throw new Refusal('email_not_verified');
  }
  if (renew !== null) renewLater(parts, record, renew);

  const outcome = await completeSignIn(parts, { account: record.account, proof, caller: input.caller });
  if (outcome === null) throw new Refusal('invalid_credentials');
  return outcome;
}

/** As much is read for a claim of nobody's as for any other. */
async function findClaimants(parts: Parts, claim: Claim): Promise<readonly AccountRecord[]> {
  const { accounts } = parts.store;
  const { emailVerification, usernameCase } = parts.settings.accounts;
  const named = 'email' in claim ? await accounts.findByEmail(emailKey(claim.email)) : [];
  const username = 'email' in claim ? claim.otherwise : claim.username;
  const byName = username === null ? null : await accounts.findByUsername(usernameKey(username, usernameCase));
  // Who signed up with somebody else's address must not be told so here: until it is verified, it is nobody's.
  const isMandatory = emailVerification === 'mandatory';
  const byEmail = named.filter(({ account }) => account.emailVerified || !isMandatory);
  return byEmail.length > 0 || byName === null ? byEmail : [byName];
}

function canonical({ accounts }: Settings, claim: Claim): string {
  return 'email' in claim ? emailKey(claim.email) : usernameKey(claim.username, accounts.usernameCase);
}

type Shown = Extract<PasswordShown, { kind: 'right' }> & { readonly record: AccountRecord };

/**
 * Holds the password against each account that may be meant: several only where nobody has verified the address. Each has tries
 * of its own; one that has none left is passed over, and only where no other is left the refusal is told. A password that is
 * right for one was a guess at those before it, and counts: else whoever names somebody's address could guess for ever. Whoever
 * knows the device has the first turn, so that its owner costs the others nothing.
 */
async function showToAny(
  parts: Parts,
  claimants: readonly AccountRecord[],
  input: PasswordSignIn,
): Promise<Shown | null> {
  let isTried = false;
  let held: Refusal | null = null;
  for (const record of claimants.length === 0 ? [null] : inTurn(parts, claimants, input.caller)) {
    const network = isTried ? null : input.network;
    const attempt = await countFor(parts, record, { ...input, network });
    if (attempt instanceof Refusal) {
      held = attempt;
      continue;
    }
    const { password, isStripped } = input;
    const shown = await attempt.during(() => {
      // Beside the hashing, for anybody alike: whether there is such an account shows in no hook's time.
      void input.caller.place();
      return showPassword(parts.hasher, record, password, { isStripped });
    });
    if (shown.kind === 'right' && record !== null) {
      await attempt.succeeded();
      return { ...shown, record };
    }
    isTried = true;
  }
  if (!isTried && held !== null) throw held;
  return null;
}

function inTurn(parts: Parts, claimants: readonly AccountRecord[], caller: Caller): readonly AccountRecord[] {
  const isKnown = (record: AccountRecord): number => Number(knownDevice(parts, record, caller) !== null);
  return claimants.toSorted((a, b) => isKnown(b) - isKnown(a));
}

/** The device that the account knows, unless it was known before something voided what the account allowed until then. */
function knownDevice({ keys }: Parts, { account, gate }: AccountRecord, { deviceTokens }: Caller): string | null {
  const known = readDeviceTokens(keys, account.id, deviceTokens);
  return known !== null && known.revision >= gate.validFrom ? known.id : null;
}

async function countFor(
  parts: Parts,
  record: AccountRecord | null,
  { claim, caller, network }: PasswordSignIn,
): Promise<CountedAttempt | Refusal> {
  const attempt =
    record === null
      ? { whose: ofNobody(canonical(parts.settings, claim)), deviceId: null }
      : {
          whose: ofAccount(record.account.id),
          deviceId: knownDevice(parts, record, caller),
        };
  try {
    return await countAttempt(parts, { ...attempt, network });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
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
