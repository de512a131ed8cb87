/** A step as its rules look at it. */
import { type Expected, type ExpectedBody, type ExpectedMail, messageIn } from './answer.ts';
import type { Asked } from './asked.ts';
import type { Caller, Credentials } from './caller.ts';
import type { Json } from './json.ts';
import type { Placeholders } from './placeholders.ts';
import type { Profile } from './profile.ts';
import type { KnownAccount, World } from './world.ts';

export type Situation = {
  readonly profile: Profile;
  readonly asked: Asked;
  readonly recorded: Expected;
  readonly world: World;
  readonly placeholders: Placeholders;
  readonly credentials: Credentials;
  readonly caller: Caller;
  /** The refresh token's cookie; null where none is sent. */
  readonly refreshCookie: string | null;
  /** Who the cookie alone would be. */
  readonly carried: Caller;
  /** Whether a session cookie is sent. */
  readonly hasCookie: boolean;
  /** Whether the request is sent as one that another site made the browser send. */
  readonly isForeign: boolean;
};

export type Given = {
  readonly status: number;
  readonly json?: Json;
  readonly body?: ExpectedBody;
  readonly cookie?: Expected['cookie'];
  readonly tokenCookies?: Expected['tokenCookies'];
  readonly mails?: readonly ExpectedMail[];
  /** How many accounts, and verified addresses, this adds. */
  readonly users?: number;
  readonly verified?: number;
  readonly waitSeconds?: number;
};

/** A whole answer in place of the recorded one: what is not given is as for any answer of the API, and nothing comes about. */
export function instead(situation: Situation, given: Given): Expected {
  const { recorded, asked, profile } = situation;
  const django = addedByDjango(situation);
  const json: ExpectedBody = given.json === undefined ? { kind: 'none' } : { kind: 'json', value: given.json };
  const body = given.body ?? json;
  return {
    ...recorded,
    status: given.status,
    contentType: given.status === 204 ? null : 'application/json',
    authenticate: given.status === 401 ? profile.challenge : null,
    location: null,
    waitSeconds: given.waitSeconds ?? null,
    body: asked.method === 'HEAD' ? { kind: 'none' } : body,
    cookie: given.cookie ?? { kind: 'untouched' },
    tokenCookies: given.tokenCookies ?? [],
    mails: given.mails ?? [],
    users: recorded.users - django.users + (given.users ?? 0),
    verified: recorded.verified === null ? null : recorded.verified - django.verified + (given.verified ?? 0),
  };
}

/** What the recorded answer brought about in Django. */
function addedByDjango({ asked, recorded }: Situation): { readonly users: number; readonly verified: number } {
  const isDone = recorded.status < 400;
  const isConfirmed = asked.route === 'verify-email' || (asked.route === 'confirm-page' && recorded.status === 302);
  return {
    users: isDone && recorded.status !== 301 && asked.route === 'registration' && asked.method === 'POST' ? 1 : 0,
    verified: isDone && isConfirmed && asked.method !== 'OPTIONS' ? 1 : 0,
  };
}

/** A mail without a link that is used again. */
export function notice(
  kind: 'password-changed' | 'address-in-use' | 'social-disconnected',
  { email }: KnownAccount,
): readonly ExpectedMail[] {
  return email === '' ? [] : [{ kind, to: email, secret: null, uid: null }];
}

const REFUSALS: ReadonlySet<string> = new Set([
  'Authentication credentials were not provided.',
  'Invalid token.',
  'Invalid token header. No credentials provided.',
  'Invalid token header. Token string should not contain spaces.',
  'Invalid token header. Token string should not contain invalid characters.',
  'User inactive or deleted.',
  'Given token not valid for any token type',
  'Authorization header must contain two space-delimited values',
  'User is inactive',
  'User not found',
]);

export const MISSING = 'Authentication credentials were not provided.';
export const INVALID_TOKEN = 'Invalid token.';

/** The text by which Django refused the credential, or null where it did not. */
export function refusalIn({ profile, recorded, asked }: Situation): string | null {
  const isStatus = recorded.status === profile.signedOutStatus;
  const isChallenge = recorded.authenticate === (profile.signedOutStatus === 401 ? profile.challenge : null);
  if (!isStatus || !isChallenge) return null;
  // An answer to HEAD has no text, and the browsable API's is in its page.
  if (asked.method === 'HEAD' || recorded.body.kind === 'page') return MISSING;
  const text = messageIn(recorded, 'detail');
  return text !== null && REFUSALS.has(text) ? text : null;
}

/** The answer to a credential that is no good here. Of a cookie that is over nothing is said but why it is. */
export function refuse(situation: Situation): Expected {
  const { caller, profile } = situation;
  const token = profile.jwt === null ? null : tokenRefusal(caller);
  if (token !== null) return instead(situation, { status: profile.signedOutStatus, json: token });
  const isKey = caller.kind === 'dead' && caller.scheme !== 'cookie';
  const detail = !isKey ? MISSING : caller.reason === 'account_disabled' ? 'User inactive or deleted.' : INVALID_TOKEN;
  return instead(situation, { status: profile.signedOutStatus, json: { detail } });
}

/** What a token is refused with, in djangorestframework-simplejwt's words; null where it is no token that is refused. */
function tokenRefusal(caller: Caller): Json | null {
  if (caller.kind === 'malformed') {
    const detail = 'Authorization header must contain two space-delimited values';
    return { detail, code: 'bad_authorization_header' };
  }
  if (caller.kind !== 'dead' || caller.token === undefined) return null;
  if (caller.token === 'inactive') return { detail: 'User is inactive', code: 'user_inactive' };
  if (caller.token === 'gone') return { detail: 'User not found', code: 'user_not_found' };
  const messages = [{ token_class: 'AccessToken', token_type: 'access', message: TOKEN_FLAWS[caller.token] }];
  return { detail: 'Given token not valid for any token type', code: 'token_not_valid', messages };
}

const TOKEN_FLAWS = {
  invalid: 'Token is invalid',
  expired: 'Token is expired',
  wrong_type: 'Token has wrong type',
  over: 'Token is blacklisted',
} as const;

/** The account as its owner sees it. */
export function ownView({ id, username, email, firstName, lastName }: KnownAccount): Json {
  return { pk: id, username, email, first_name: firstName, last_name: lastName };
}
