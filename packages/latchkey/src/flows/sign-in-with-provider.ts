import {
  keptIdentity,
  showIdentity,
  showNewIdentity,
  socialCredential,
  socialId,
} from '../credentials/social/social.ts';
import { randomBase62 } from '../crypto/base62.ts';
import { emailKey, usernameKey } from '../model/account.ts';
import type { Credential, NewCredential } from '../model/credential.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { type Identity, type SocialProvider, usernameFor } from '../model/social.ts';
import { type Caller, refuseOtherRule } from '../sessions/admit.ts';
import type { AccountRecord, Created } from '../stores/store.ts';
import { account as accountTexts, social as texts } from '../texts/api.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { type Accepted, lookAtInvitation } from './invite.ts';
import type { Parts } from './parts.ts';
import { countAgainstNetwork, type Registered, verificationOrNotice } from './register.ts';

export type ShownIdentity = {
  readonly provider: SocialProvider;
  readonly identity: Identity;
  /** The secret of an invitation, or null. */
  readonly invitation: string | null;
  readonly caller: Caller;
  readonly network: string | null;
};

/**
 * Signs somebody in who is known to a provider, or makes them an account. Into an account that is there somebody comes for the first
 * time by an address that the provider *and* this account have verified, and by nothing else. Throws `registration_closed`,
 * `invalid_input`, `email_not_verified`, `too_many_attempts`, and `invalid_credentials` for a suspended account and where
 * something voided what was shown meanwhile.
 */
export async function signInWithProvider(parts: Parts, shown: ShownIdentity): Promise<Registered> {
  try {
    const known = (await knownBy(parts, shown.identity)) ?? (await linked(parts, shown));
    return known === null ? await signUp(parts, shown) : await signIn(parts, known, shown);
  } catch (error) {
    if (error instanceof Refusal) parts.tell({ type: 'sign_in_refused', accountId: null, code: error.code });
    throw error;
  }
}

type Known = { readonly record: AccountRecord } & (
  | { readonly credential: Pick<Credential, 'id' | 'data' | 'accountId'> }
  /** What the account is to have once they are in. */
  | { readonly adds: NewCredential }
);

/** The account that has this identity. Its gate is read after the credential, and at the door the credential must still be there. */
async function knownBy(parts: Parts, identity: Identity): Promise<Known | null> {
  const credential = await parts.store.credentials.find(socialId(identity));
  if (credential === null) return null;
  const { issuer, subject } = keptIdentity(credential);
  if (issuer !== identity.issuer || subject !== identity.subject)
    throw new Error('An identity is kept under another one.');
  const record = await parts.store.accounts.find(credential.accountId);
  return record === null ? null : { record, credential };
}

async function signIn(parts: Parts, known: Known, { identity, caller }: ShownIdentity): Promise<Registered> {
  const { account, gate } = known.record;
  if (gate.state !== 'active') throw new Refusal('invalid_credentials');
  if (parts.settings.accounts.emailVerification === 'mandatory' && !account.emailVerified) {
    throw new Refusal('email_not_verified');
  }
  const proof =
    'adds' in known ? showNewIdentity(gate, known.adds, identity) : showIdentity(gate, known.credential, identity);
  const outcome = await completeSignIn(parts, { account, proof, caller });
  if (outcome === null) throw new Refusal('invalid_credentials');
  return outcome;
}

/**
 * The account that verified the address which the provider says is verified. One that merely named it is left alone: whoever made it
 * may have done so to be found in it (F7, F8). Nothing is changed here: whoever has another step to show has not shown that it is theirs.
 */
async function linked(parts: Parts, { provider, identity }: ShownIdentity): Promise<Known | null> {
  if (!identity.isEmailVerified) return null;
  const [record] = await parts.store.accounts.findByEmail(emailKey(identity.email));
  if (record?.account.emailVerified !== true) return null;
  // Who has shown the address as theirs may hear that it is known here (A8).
  if (!parts.settings.social.linkByEmail) throw invalidInput({ non_field_errors: [accountTexts.emailTaken] });
  const { credentials } = await parts.store.credentials.list(record.account.id);
  return { record, adds: socialCredential(provider, identity, credentials) };
}

/** A new account, of whom the provider says it is, with no password. */
async function signUp(parts: Parts, shown: ShownIdentity): Promise<Registered> {
  const { accounts } = parts.settings;
  const { identity } = shown;
  await refuseClosed(parts, shown);
  await refuseOtherRule(parts);
  await countAgainstNetwork(parts, shown.network, { kind: 'registration', times: 1 });
  const accepted = shown.invitation === null ? null : await lookAtInvitation(parts, shown.invitation, identity.email);
  const credential = socialCredential(shown.provider, identity, []);
  const created = await createUnderFreeName(parts, { identity, credential, accepted });
  // Somebody else was quicker, with the same identity or the same address: now it is known.
  if (created === null) {
    const known = (await knownBy(parts, identity)) ?? (await linked(parts, shown));
    if (known === null) throw new Refusal('busy', { retryAfterSeconds: 1 });
    return await signIn(parts, known, shown);
  }
  parts.mailWaits();
  parts.tell({ type: 'registered', account: created.account });
  if (accounts.emailVerification === 'mandatory' && !created.account.emailVerified)
    return { kind: 'verification-sent' };
  return await signIn(parts, { record: created, credential: { ...credential, accountId: created.account.id } }, shown);
}

async function refuseClosed(parts: Parts, { identity, invitation }: ShownIdentity): Promise<void> {
  const { registration, emailRequired } = parts.settings.accounts;
  const isOpen = registration === 'open' || (registration === 'invited' && invitation !== null);
  if (!isOpen) throw new Refusal('registration_closed');
  if (emailRequired && identity.email === '') {
    throw invalidInput({ non_field_errors: [texts.emailMissing] });
  }
}

/** So many names are tried, the plain one first. */
const NAMES = 8;

type SignUp = { readonly identity: Identity; readonly credential: NewCredential; readonly accepted: Accepted | null };

/** null where the identity or its address is somebody's by now. */
async function createUnderFreeName(parts: Parts, signUp: SignUp): Promise<AccountRecord | null> {
  const plain = usernameFor(signUp.identity);
  for (let tries = 0; tries < NAMES; tries++) {
    const username = tries === 0 ? plain : `${plain}-${randomBase62(2 + tries).toLowerCase()}`;
    const created = await create(parts, username, signUp);
    if (created.kind === 'created') return created.record;
    if (created.kind === 'credential_taken' || created.kind === 'email_taken') return null;
    if (created.kind === 'invitation_void') throw invalidInput({ invitation: [accountTexts.invitationInvalid] });
  }
  throw new Refusal('busy', { retryAfterSeconds: 1 });
}

async function create(parts: Parts, username: string, { identity, credential, accepted }: SignUp): Promise<Created> {
  const key = usernameKey(username, parts.settings.accounts.usernameCase);
  if ((await parts.store.accounts.findByUsername(key)) !== null) return { kind: 'username_taken' };
  const { email, isEmailVerified, firstName, lastName } = identity;
  const refused = await parts.hooks.beforeRegistration({ username, email, profile: {} });
  if (refused !== null) throw invalidInput(refused);
  const isProven = isEmailVerified || (email !== '' && accepted?.isEmailProven === true);
  const { link, outbox } =
    email === '' || isProven ? { link: null, outbox: [] } : await verificationOrNotice(parts, { username, email });
  return await parts.store.accounts.create({
    ...{ username, usernameKey: key, firstName, lastName, profile: {}, password: null, state: 'active' },
    email: email === '' ? null : { address: email, key: emailKey(email), verified: isProven },
    // Whether somebody has an address that was not shown to be theirs must not show: it is told to its owner.
    emailUnique: false,
    roles: accepted?.roles ?? [],
    invitation: accepted?.hash ?? null,
    ...{ credentials: [credential], link, outbox },
  });
}
