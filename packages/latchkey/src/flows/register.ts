import { proveRegistration } from '../credentials/registration.ts';
import { type Account, emailKey, isUsername, usernameKey } from '../model/account.ts';
import { type Flaw, type Flaws, invalidInput, Refusal } from '../model/reasons.ts';
import { type Caller, refuseOtherRule } from '../sessions/admit.ts';
import type { Created, NewOnce, OutboxItem } from '../stores/store.ts';
import { password as passwordTexts, account as texts } from '../texts/api.ts';
import { takeOne, takeQuietly } from './attempts.ts';
import { completeSignIn, type SignInOutcome } from './complete-sign-in.ts';
import { type Accepted, lookAtInvitation } from './invite.ts';
import { forgotLink, mailsTo, verificationLink } from './links.ts';
import { flawsOf } from './new-password.ts';
import type { Parts, Registration } from './parts.ts';

export type RegistrationInput = {
  readonly username: string;
  readonly email: string;
  readonly password1: string;
  readonly password2: string;
  /** The host's extra fields. Asked for once it is known that somebody may sign up at all. */
  readonly profile: () => Promise<Account['profile']>;
  /** The secret of an invitation, or null. */
  readonly invitation: string | null;
  readonly caller: Caller;
  readonly network: string | null;
};

export type Registered =
  | SignInOutcome
  /** The account waits for its address to be verified; the answer is the same where the address has an owner already. */
  | { readonly kind: 'verification-sent' };

/** Somebody signs up with an address that has an owner: the owner hears of it so often. */
const OWNER_IS_TOLD = { limit: 1, windowMs: 3_600_000 } as const;

/** A form may be filled in wrongly. Each time it tells which names are taken, so there is an end to it. */
const TRIES_PER_ACCOUNT = 10;

/** Makes an account, and signs its owner in unless the address must be verified first. Throws `invalid_input`, `registration_closed`, `rule_mismatch`. */
export async function register(parts: Parts, input: RegistrationInput): Promise<Registered> {
  const { accounts } = parts.settings;
  if (accounts.registration === 'closed') throw new Refusal('registration_closed');
  await refuseOtherRule(parts);
  await countAgainstNetwork(parts, input.network, { kind: 'sign-up', times: TRIES_PER_ACCOUNT });
  await refuseFlawed(parts, input);
  const profile = await input.profile();
  await countAgainstNetwork(parts, input.network, { kind: 'registration', times: 1 });
  const { username, email } = input;
  const refused = await parts.hooks.beforeRegistration({ username, email, profile });
  if (refused !== null) throw invalidInput(refused);

  const accepted = input.invitation === null ? null : await lookAtInvitation(parts, input.invitation, input.email);
  const record = recordOf(await create(parts, { ...input, profile }, accepted));
  parts.mailWaits();
  parts.tell({ type: 'registered', account: record.account });
  if (accounts.emailVerification === 'mandatory' && !record.account.emailVerified) return { kind: 'verification-sent' };

  const proof = proveRegistration(record.gate);
  const outcome = await completeSignIn(parts, { account: record.account, proof, caller: input.caller });
  if (outcome === null) throw new Refusal('invalid_credentials');
  return outcome;
}

/** What a network may do so often. Throws `too_many_attempts`. */
export async function countAgainstNetwork(
  parts: Parts,
  network: string | null,
  { kind, times }: { readonly kind: string; readonly times: number },
): Promise<void> {
  const { attempts } = parts.settings;
  if (attempts === 'off' || network === null) return;
  const { limit, windowMs } = attempts.registrationsPerNetwork;
  await takeOne(parts, kind, network, { limit: limit * times, windowMs });
}

/** All that is wrong with single fields at once; then, only where they are right, what is wrong between them. */
async function refuseFlawed(parts: Parts, input: RegistrationInput): Promise<void> {
  const errors: Record<string, readonly Flaw[]> = {};
  const note = (field: string, messages: readonly Flaw[]): void => {
    if (messages.length > 0) errors[field] = messages;
  };
  note('username', await usernameFlaws(parts, input.username));
  note('email', await emailFlaws(parts, input.email));
  note('password1', await flawsOf(parts, input.password1, null));
  if (parts.settings.accounts.registration === 'invited' && input.invitation === null) {
    note('invitation', [texts.invitationInvalid]);
  }
  if (Object.keys(errors).length > 0) throw invalidInput(errors);

  if (input.password1 !== input.password2) {
    throw invalidInput({ non_field_errors: [passwordTexts.mismatchAtRegistration] });
  }
  const owner = { username: input.username, email: input.email, firstName: '', lastName: '' };
  const alike = await flawsOf(parts, input.password1, owner);
  if (alike.length > 0) throw invalidInput({ non_field_errors: alike });
}

/** What is wrong with a new username. */
async function usernameFlaws(parts: Parts, username: string): Promise<readonly Flaw[]> {
  if (!isUsername(username)) return [texts.usernameInvalid];
  const holder = await parts.store.accounts.findByUsername(usernameKey(username, parts.settings.accounts.usernameCase));
  return holder === null ? [] : [texts.usernameTaken];
}

/** With mandatory verification nothing is said of an address that has an owner: its owner is told instead. */
async function emailFlaws(parts: Parts, email: string): Promise<readonly Flaw[]> {
  const { emailUnique, emailVerification } = parts.settings.accounts;
  if (email === '' || !emailUnique || emailVerification === 'mandatory') return [];
  return (await ownerOf(parts, email)) === null ? [] : [texts.emailTaken];
}

async function ownerOf(parts: Parts, email: string): Promise<Account | null> {
  const [first] = await parts.store.accounts.findByEmail(emailKey(email));
  return first?.account.emailVerified === true ? first.account : null;
}

async function create(
  parts: Parts,
  input: Registration & Pick<RegistrationInput, 'password1'>,
  accepted: Accepted | null,
): Promise<Created> {
  const { emailUnique, emailVerification, usernameCase } = parts.settings.accounts;
  const { username, email } = input;
  const isTold = emailVerification !== 'mandatory';
  const isProven = accepted?.isEmailProven ?? false;
  const password = await parts.hasher.hash(input.password1);
  const { link, outbox } =
    email === '' || isProven ? NOTHING_TO_VERIFY : await verification(parts, { username, email });
  return await parts.store.accounts.create({
    username,
    usernameKey: usernameKey(username, usernameCase),
    email: email === '' ? null : { address: email, key: emailKey(email), verified: isProven },
    emailUnique: emailUnique && isTold,
    firstName: '',
    lastName: '',
    profile: input.profile,
    password,
    state: 'active',
    roles: accepted?.roles ?? [],
    invitation: accepted?.hash ?? null,
    link,
    outbox,
  });
}

type Verification = { readonly link: NewOnce | null; readonly outbox: readonly OutboxItem[] };

const NOTHING_TO_VERIFY: Verification = { link: null, outbox: [] };

/**
 * The link that verifies the address, or the notice to whom it belongs already, once an hour at most. The same is done and kept
 * either way, and where an address has had its mails for now: which it was shows neither in the answer nor in its time.
 */
async function verification(
  parts: Parts,
  to: { readonly username: string; readonly email: string },
): Promise<Verification> {
  const { emailVerification } = parts.settings.accounts;
  if (emailVerification === 'mandatory') return await verificationOrNotice(parts, to);
  return emailVerification === 'none' ? NOTHING_TO_VERIFY : await verificationUnder(parts, to, null);
}

/** The same wherever it is not told whether somebody has the address. */
export async function verificationOrNotice(
  parts: Parts,
  to: { readonly username: string; readonly email: string },
): Promise<Verification> {
  if (parts.settings.accounts.emailVerification === 'none') return NOTHING_TO_VERIFY;
  return await verificationUnder(parts, to, await ownerOf(parts, to.email));
}

async function verificationUnder(
  parts: Parts,
  { username, email }: { readonly username: string; readonly email: string },
  owner: Account | null,
): Promise<Verification> {
  const [isTold = true, isMailed = true] = await takeQuietly(parts, [
    { kind: 'address-in-use', of: emailKey(email), rate: OWNER_IS_TOLD },
    ...mailsTo(parts, email, 'verify-email'),
  ]);
  const nothing = [parts.mail({ kind: 'nothing' })];
  // The link to an address that is somebody else's is mailed to nobody.
  const { link, outbox } = verificationLink(parts, { username, email });
  if (owner === null) return { link, outbox: isMailed ? outbox : nothing };
  return { link, outbox: isMailed && isTold ? [noticeTo(parts, owner)] : nothing };
}

function noticeTo(parts: Parts, owner: Account): OutboxItem {
  const link = forgotLink(parts.settings);
  return parts.mail({ kind: 'address-in-use', to: owner.email, username: owner.username, link });
}

/** What was free when it was looked at may be taken by now: of two at once, one is told so. */
function recordOf(created: Created) {
  const errors: Readonly<Record<Exclude<Created['kind'], 'created' | 'credential_taken'>, Flaws>> = {
    username_taken: { username: [texts.usernameTaken] },
    email_taken: { email: [texts.emailTaken] },
    invitation_void: { invitation: [texts.invitationInvalid] },
  };
  if (created.kind === 'credential_taken') throw new Error('A credential that was not given is taken.');
  if (created.kind !== 'created') throw invalidInput(errors[created.kind]);
  return created.record;
}
