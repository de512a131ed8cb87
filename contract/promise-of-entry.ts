/** What is promised to those who come in: by a password, or by signing up. */
import type { Expected, ExpectedMail } from './answer.ts';
import { fieldOf, typedField } from './asked.ts';
import type { Profile } from './profile.ts';
import { promisedPair } from './promise-of-tokens.ts';
import { instead, notice, type Situation } from './situation.ts';
import { type KnownAccount, MOST_FAILURES, type NewAccount, newAccount, type World } from './world.ts';

/** Who is meant by the fields of a sign-in. */
export type Claim = {
  /** Under what failures are counted. */
  readonly whose: string;
  readonly accounts: readonly KnownAccount[];
};

/** null where the fields name nobody in the way that the settings ask for. */
export function claimOf({ asked, profile, world }: Situation): Claim | null {
  const username = fieldOf(asked, 'username') ?? '';
  const email = fieldOf(asked, 'email') ?? '';
  const named = username === '' ? null : byName(world, username);
  const addressed = email === '' ? null : byEmail(world, email);
  if (asked.route === 'login-page') return claimByForm(world, username, profile.signInBy);
  switch (asked.route === 'token' ? 'username' : profile.signInBy) {
    case 'username':
      return named;
    case 'email':
      return addressed;
    case 'username_email':
      return addressed ?? (username.includes('@') ? someone(byEmail(world, username)) : null) ?? named;
    case 'any':
      return someone(addressed) ?? named ?? addressed;
  }
}

/** A page has one field, whatever stands in it. */
function claimByForm(world: World, typed: string, signInBy: Profile['signInBy']): Claim | null {
  if (typed === '') return null;
  if (signInBy === 'email') return byEmail(world, typed);
  const addressed = signInBy === 'username' || !typed.includes('@') ? null : someone(byEmail(world, typed));
  return addressed ?? byName(world, typed);
}

function byName(world: World, username: string): Claim {
  const account = world.byUsername(username);
  return account === null ? claim(world.nameKey(username), []) : claim(null, [account]);
}

function byEmail(world: World, email: string): Claim {
  return claim(email.toLowerCase(), world.byEmail(email));
}

/** Failures on an account are counted under its number, those on nobody under what was typed. */
function claim(typed: string | null, accounts: readonly KnownAccount[]): Claim {
  const [first] = accounts;
  return { whose: first === undefined ? `nobody ${typed}` : String(first.id), accounts };
}

/** The claim where it is somebody's. */
function someone(claim: Claim | null): Claim | null {
  return claim !== null && claim.accounts.length > 0 ? claim : null;
}

/** The account whose password this is, null for nobody's, `unknown` where the recording alone can tell. */
export function whoseSignIn(situation: Situation, claim: Claim): KnownAccount | null | 'unknown' {
  const typed = typedField(situation.asked, 'password') ?? '';
  for (const account of claim.accounts) {
    const match = account.isActive ? isPassword(account, typed, situation.asked.route !== 'token') : false;
    if (match === 'unknown') return 'unknown';
    if (match) return account;
  }
  return null;
}

/** Held as it was typed and then without outer white space; imported passwords in the very form that they have. */
function isPassword({ password }: KnownAccount, typed: string, isStripped: boolean): boolean | 'unknown' {
  if (password.kind === 'unknown') return 'unknown';
  if (password.kind === 'none') return false;
  const form = (text: string): string => (password.isImported ? text : text.normalize('NFC'));
  const candidates = isStripped ? [typed, typed.trim()] : [typed];
  return candidates.some((candidate) => form(candidate) === form(password.text));
}

/** `isUnlimited` is for what would be answered if nobody had tried before. */
export function promisedSignIn(situation: Situation, { isUnlimited = false } = {}): Expected | null {
  const { asked, profile, world } = situation;
  const password = fieldOf(asked, 'password');
  const claimed = claimOf(situation);
  if (claimed === null || password === null || password === '') return null;
  if (!isUnlimited && (world.failures.get(claimed.whose) ?? 0) >= MOST_FAILURES) return throttled(situation);
  const account = whoseSignIn(situation, claimed);
  if (account === 'unknown') return null;
  const refusal = refusalOf(account, profile.emailVerification === 'mandatory');
  if (refusal !== null) return instead(situation, { status: 400, json: { non_field_errors: [refusal] } });
  return account === null ? null : promisedKey(situation, account);
}

function refusalOf(account: KnownAccount | null, isMandatory: boolean): string | null {
  if (account === null) return 'Unable to log in with provided credentials.';
  return isMandatory && !account.isVerified ? 'E-mail is not verified.' : null;
}

const FAILURE_SECONDS = 300;

function throttled(situation: Situation): Expected {
  const detail = `Request was throttled. Expected available in ${FAILURE_SECONDS} seconds.`;
  return instead(situation, { status: 429, json: { detail }, waitSeconds: FAILURE_SECONDS });
}

/** The answer of a sign-in: a key of its own, and the cookie where the route sets one. */
function promisedKey(situation: Situation, account: KnownAccount): Expected {
  const { asked, placeholders, world } = situation;
  if (asked.route === 'token') return instead(situation, { status: 200, json: { token: placeholders.make('key') } });
  if (asked.route === 'signin') {
    const message = world.liveOf(account.id).length > 0 ? 'Old Token Deleted' : 'New Token Created';
    return instead(situation, { status: 200, json: { key: placeholders.make('key'), message } });
  }
  return signedIn(situation, { account, status: 200, mails: [] });
}

type Entering = {
  readonly account: KnownAccount;
  readonly status: 200 | 201;
  readonly mails: readonly ExpectedMail[];
};

function signedIn(situation: Situation, { account, status, mails }: Entering): Expected {
  const { profile, placeholders } = situation;
  const { jwt } = profile;
  const hasCookie = profile.hasCookies || !profile.hasKeys;
  return instead(situation, {
    status: profile.hasKeys ? status : 204,
    ...(profile.hasKeys && jwt === null && { json: { key: placeholders.make('key') } }),
    ...(jwt !== null && promisedPair(situation, jwt, { account, isNew: status === 201 })),
    cookie: hasCookie ? { kind: 'set', as: placeholders.make('sessionid') } : { kind: 'untouched' },
    mails,
    users: status === 201 ? 1 : 0,
  });
}

/** Of a registration whose fields are right: what is wrong with others was recorded where it was tried. */
export function promisedRegistration(situation: Situation): Expected | null {
  const { asked, profile, world } = situation;
  const email = fieldOf(asked, 'email') ?? '';
  if (isFlawed(situation, email)) return null;
  const owner = email === '' ? undefined : world.byEmail(email).find(({ isVerified }) => isVerified);
  if (profile.emailVerification === 'mandatory') return promisedLink(situation, email, owner);
  if (owner !== undefined && profile.isEmailUnique) return null;
  const isMailed = profile.emailVerification === 'optional' && email !== '';
  const account = newAccount(world.nextId, registered(situation));
  return signedIn(situation, { account, status: 201, mails: isMailed ? verification(situation, email) : [] });
}

function isFlawed({ asked, world }: Situation, email: string): boolean {
  const [username, password] = [fieldOf(asked, 'username') ?? '', fieldOf(asked, 'password1') ?? ''];
  const isWrong = password.length < 8 || password !== fieldOf(asked, 'password2') || isUndeliverable(email);
  return username === '' || isWrong || world.byUsername(username) !== null;
}

/** The same answer whether or not the address has an owner, who is told in the other case. */
function promisedLink(situation: Situation, email: string, owner: KnownAccount | undefined): Expected | null {
  if (email === '') return null;
  const mails = owner === undefined ? verification(situation, email) : notice('address-in-use', owner);
  return instead(situation, { status: 201, json: { detail: 'Verification e-mail sent.' }, mails, users: 1 });
}

/** Too long as a whole or before its `@` (RFC 5321, 4.5.3.1), in quotes, or at an address in brackets. */
export function isUndeliverable(email: string): boolean {
  return email.length > 254 || email.lastIndexOf('@') > 64 || /^".*"@|@\[.*\]$/.test(email);
}

function verification({ recorded }: Situation, to: string): readonly ExpectedMail[] {
  const secret = recorded.mails[0]?.secret ?? null;
  return [{ kind: 'verify-email', to, secret, uid: null }];
}

/** The account that a registration asks for. */
export function registered({ asked }: Situation): NewAccount {
  const password = { kind: 'text', text: fieldOf(asked, 'password1') ?? '', isImported: false } as const;
  return { username: fieldOf(asked, 'username') ?? '', email: fieldOf(asked, 'email') ?? '', password };
}
