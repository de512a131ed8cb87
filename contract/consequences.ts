/** What a step brings about when it goes as it was expected to: for the world, and for what the placeholders stand for. */
import { type Expected, tokenCookiesIn } from './answer.ts';
import { fieldOf, isSignIn, type Route, typedField } from './asked.ts';
import { cookieIn, type Outcome, secretIn } from './compare.ts';
import { changed } from './departures/answers.ts';
import { namedByBasic } from './departures/credentials.ts';
import { ownerOfNewPassword } from './departures/mails.ts';
import { isObject, parseJson } from './json.ts';
import { claimOf, registered, whoseSignIn } from './promise-of-entry.ts';
import { tokenAskedAbout } from './promise-of-tokens.ts';
import type { Situation } from './situation.ts';
import { type KnownAccount, type KnownSession, newAccount, type There } from './world.ts';

export type Done = {
  readonly situation: Situation;
  readonly expected: Expected;
  readonly departures: readonly string[];
  readonly outcome: Outcome;
  /** The session cookie that was sent, or null. */
  readonly cookie: string | null;
};

export function follow(done: Done): void {
  const { situation, expected } = done;
  const { asked, recorded, world } = situation;
  rebindCookie(done);
  const owner = ownerOfNewPassword(situation);
  notePassword(done, owner);
  noteMissing(done);
  if (asked.route === 'login-page') followSignInByForm(done);
  else if (asked.route === 'logout-page') followSignOutByForm(done);
  else if (isSignIn(asked.route)) followSignIn(done);
  else if (expected.status < 300 && isDoing(situation)) followers[asked.route]?.(done, owner);
  if (asked.route === 'confirm-page') noteConfirmed(done);
  noteLinks(done);
  world.apart = {
    users: world.apart.users + expected.users - recorded.users,
    verified: world.apart.verified + (expected.verified ?? 0) - (recorded.verified ?? 0),
  };
}

/** Whether a request is one that changes something. */
function isDoing({ asked, profile }: Situation): boolean {
  if (asked.method === 'GET' || asked.method === 'HEAD') return asked.route === 'logout' && profile.signsOutOnGet;
  return asked.method !== 'OPTIONS';
}

/** A recorded cookie that was not set here stands for the one that the browser has instead, or for nothing. */
function rebindCookie({ situation, expected, outcome, cookie }: Done): void {
  const { recorded, placeholders, asked } = situation;
  if (recorded.cookie.kind !== 'set') return;
  const isKept = asked.route === 'password-change' && expected.cookie.kind === 'untouched';
  const value = expected.cookie.kind === 'set' ? cookieIn(outcome.received) : isKept ? cookie : null;
  placeholders.bind(recorded.cookie.as, value);
}

/** The token of the session that an answer opens: key and cookie of one sign-in are one. */
function tokenIn({ received }: Outcome): string | null {
  const body = received.text.startsWith('{') ? parseJson(received.text) : null;
  const key = isObject(body) ? (body['key'] ?? body['token']) : null;
  if (typeof key === 'string') return key;
  // Of JWT mode the cookie is of the same session; where there is none, the access token names it.
  const access = isObject(body) ? body['access'] : null;
  return cookieIn(received) ?? (typeof access === 'string' ? access : null);
}

/** The tokens that an answer carries, in its body or in its cookies, are the session's. */
function noteTokens({ situation: { profile }, outcome: { received } }: Done, session: KnownSession): void {
  const body = received.text.startsWith('{') ? parseJson(received.text) : null;
  const cookies = tokenCookiesIn(received.cookies, profile);
  for (const [type, name] of [
    ['access', profile.jwt?.cookie],
    ['refresh', profile.jwt?.refreshCookie],
  ] as const) {
    const told = isObject(body) ? body[type] : null;
    const value = typeof told === 'string' && told !== '' ? told : cookies.find((one) => one.name === name)?.value;
    if (value !== undefined && value !== '') session.tokens.push({ value, type, isExpired: false, isUsed: false });
  }
}

function followRefresh(done: Done): void {
  const found = done.situation.asked.route === 'token-refresh' ? tokenAskedAbout(done.situation) : null;
  if (found === null) return;
  if (done.situation.profile.jwt?.isRotated === true) found.token.isUsed = true;
  noteTokens(done, found.session);
}

function followSignIn(done: Done): void {
  const { situation, expected, outcome } = done;
  const { world, asked } = situation;
  const claim = asked.method === 'POST' ? claimOf(situation) : null;
  if (claim === null) return;
  const token = expected.status < 300 ? tokenIn(outcome) : null;
  if (token === null) {
    if (expected.reason === 'invalid_credentials') world.count(world.failures, claim.whose);
    return;
  }
  const found = whoseSignIn(situation, claim);
  const account = found === 'unknown' ? claim.accounts[0] : found;
  if (account === undefined || account === null) throw new Error('Somebody is to be signed in, and nobody is meant.');
  noteTokens(done, world.open(account, token));
  // A hash that came along is renewed: from now on the password counts in its normal form.
  if (account.password.kind === 'text') account.password = { ...account.password, isImported: false };
  voidAsDjango(situation, account);
}

/** A sign-in by a page: what the browser was signed in to before it ends. */
function followSignInByForm({ situation, expected, outcome }: Done): void {
  const { asked, carried, isForeign, world } = situation;
  const claim = asked.method === 'POST' && !isForeign ? claimOf(situation) : null;
  if (claim === null || expected.status === 429 || (typedField(asked, 'password') ?? '') === '') return;
  const found = whoseSignIn(situation, claim);
  const account = found === 'unknown' ? (claim.accounts[0] ?? null) : found;
  const token = expected.status === 302 ? cookieIn(outcome.received) : null;
  if (token === null || account === null) {
    if (account === null) world.count(world.failures, claim.whose);
    return;
  }
  if (carried.kind === 'live' && carried.account.id !== account.id) carried.session.ended = 'signed_out';
  world.open(account, token);
  if (account.password.kind === 'text') account.password = { ...account.password, isImported: false };
  voidAsDjango(situation, account);
}

function followSignOutByForm({ situation: { asked, carried, isForeign } }: Done): void {
  const isDone = asked.method === 'POST' && !isForeign;
  if (isDone && carried.kind === 'live') carried.session.ended = 'signed_out';
}

/** In Django, a sign-in that makes a session voids the links by which its account's password may be reset. */
function voidAsDjango({ asked, profile, recorded, world }: Situation, { id }: KnownAccount): void {
  const isByApi = asked.route === 'login' && (profile.hasCookies || !profile.hasKeys) && recorded.status < 300;
  const isSession = isByApi || (asked.route === 'login-page' && recorded.status === 302);
  for (const link of isSession ? world.links : []) {
    if (link.accountId === id && link.purpose === 'reset-password') link.isVoidInDjango = true;
  }
}

/** What a request brings about that is done, by its route. */
const followers: Partial<Readonly<Record<Route, (done: Done, owner: KnownAccount | null) => void>>> = {
  registration: followRegistration,
  logout: followSignOut,
  'password-change': followChange,
  'reset-confirm': followReset,
  user: followUser,
  'verify-email': followVerification,
  'password-reset': followMails,
  'resend-email': followMails,
  'token-refresh': followRefresh,
};

function followSignOut({ situation }: Done): void {
  const { caller, carried } = situation;
  for (const one of [caller, carried]) if (one.kind === 'live') one.session.ended ??= 'signed_out';
  const refresh = tokenAskedAbout(situation);
  if (refresh !== null && !refresh.token.isExpired) refresh.session.ended ??= 'signed_out';
}

function followChange({ situation: { asked, caller, profile, world } }: Done, owner: KnownAccount | null): void {
  if (owner === null || caller.kind !== 'live') return;
  world.setPassword(owner, fieldOf(asked, 'new_password1') ?? '');
  const isOwnEnded = profile.endsOwnSession && caller.scheme === 'cookie';
  world.end(owner.id, 'password_changed', isOwnEnded ? null : caller.session);
}

function followReset({ situation: { asked, world } }: Done, owner: KnownAccount | null): void {
  if (owner === null) return;
  world.setPassword(owner, fieldOf(asked, 'new_password1') ?? '');
  world.end(owner.id, 'password_changed', null);
  world.failures.delete(String(owner.id));
}

function followUser(done: Done): void {
  const { asked, caller, world } = done.situation;
  if (caller.kind !== 'live') return;
  if (asked.method === 'DELETE') world.remove(caller.account);
  else rename(done, caller.account);
}

function followRegistration(done: Done): void {
  const { situation, outcome } = done;
  const { world, recorded } = situation;
  const account = world.add(registered(situation));
  const token = tokenIn(outcome);
  if (token !== null) noteTokens(done, world.open(account, token));
  if (recorded.status >= 300) setApart(done, account, { isMissing: true });
}

function rename(done: Done, account: KnownAccount): void {
  const { username, firstName, lastName } = account;
  Object.assign(account, changed(done.situation, account));
  if (done.situation.recorded.status !== 200) setApart(done, account, { username, firstName, lastName });
}

function followMails({ situation }: Done): void {
  const { asked, world } = situation;
  const email = fieldOf(asked, 'email');
  if (email === null) return;
  world.count(world.mailsTo, email.toLowerCase());
  // Asking for a reset, Django brings its table of addresses up to date.
  if (asked.route === 'password-reset') for (const account of world.byEmail(email)) account.isListed = true;
}

function followVerification(done: Done): void {
  const account = linkedAccount(done);
  if (account === null) return;
  account.isVerified = true;
  const { isVerified: _, ...there } = account.there;
  account.there = there;
  for (const link of done.situation.world.links) {
    if (link.purpose === 'verify-email' && link.accountId === account.id) link.isGood = false;
  }
}

/** A page that verified an address by being looked at, which none does here. */
function noteConfirmed(done: Done): void {
  const account = done.situation.recorded.status === 302 ? linkedAccount(done) : null;
  if (account !== null) setApart(done, account, { isVerified: true });
}

/** Whose address the link verifies that a request brings, in its path or in its body. */
function linkedAccount({ situation }: Done): KnownAccount | null {
  const { asked, world, placeholders } = situation;
  const inPath = /\/account-confirm-email\/([^/]+)\/$/.exec(asked.path)?.[1];
  const link = world.link('verify-email', placeholders.fill(inPath ?? fieldOf(asked, 'key') ?? ''));
  return link === null ? null : world.byId(link.accountId);
}

function noteLinks({ situation, outcome }: Done): void {
  const { asked, world, profile } = situation;
  for (const mail of outcome.mails) {
    const { secret, uid } = secretIn(mail);
    const isVerifying = mail.kind === 'verify-email';
    const waiting = world.byEmail(mail.to).filter((account) => !hasLink(situation, account, outcome));
    const account = isVerifying
      ? asked.route === 'registration'
        ? world.accounts.at(-1)
        : waiting[0]
      : world.byId(numberOf(uid, profile.hasAllauth));
    if (secret === '' || account === undefined || account === null) continue;
    const purpose = isVerifying ? 'verify-email' : 'reset-password';
    world.links.push({ purpose, secret, accountId: account.id, isGood: true, isVoidInDjango: false });
  }
}

/** Was one of these mails the account's already? */
function hasLink({ world }: Situation, { id }: KnownAccount, { mails }: Outcome): boolean {
  return mails.some((mail) => world.link('verify-email', secretIn(mail).secret)?.accountId === id);
}

function numberOf(uid: string, isBase36: boolean): number {
  return isBase36 ? Number.parseInt(uid, 36) : Number(Buffer.from(uid, 'base64url').toString());
}

/** A new password that was set in the recording alone, or here alone. Looked at before it is set. */
function notePassword(done: Done, owner: KnownAccount | null): void {
  const { asked, caller, recorded, world } = done.situation;
  const session = asked.route === 'password-change' && caller.kind === 'dead' ? caller.session : null;
  const named = done.departures.includes('no-basic') ? namedByBasic(done.situation) : null;
  const account = session === null ? (owner ?? named) : world.byId(session.accountId);
  if (account === null) return;
  const [isThere, isHere] = [recorded.status === 200, done.expected.status === 200];
  const { password = account.password, ...there } = account.there;
  if (isThere && isHere) account.there = there;
  else if (isHere) setApart(done, account, { password });
  else if (isThere) {
    const text = fieldOf(asked, 'new_password1') ?? '';
    setApart(done, account, { password: { kind: 'text', text, isImported: false } });
    for (const live of world.liveOf(account.id)) live.isOverThere = true;
  }
}

/** An account that a registration made in the recording alone. */
function noteMissing({ situation, expected, departures }: Done): void {
  const { asked, recorded, world } = situation;
  const isMadeThere = asked.route === 'registration' && asked.method === 'POST' && recorded.status < 300;
  if (!isMadeThere || expected.status < 300) return;
  world.onlyThere.push(newAccount(world.accounts.length + 1, registered(situation)));
  world.apartBy = departures[0] ?? world.apartBy;
}

function setApart({ situation, departures }: Done, account: KnownAccount, there: There): void {
  account.there = { ...account.there, ...there };
  situation.world.apartBy = departures[0] ?? situation.world.apartBy;
}
