import { PROOF_ALGORITHMS } from '../credentials/dpop.ts';
import type { Code } from '../model/reasons.ts';
import { type Grace, graceOf } from '../sessions/grace.ts';
import type { JwtRefusal, WebTokens } from '../sessions/jwt.ts';
import { isOfKey } from '../sessions/key-proofs.ts';
import {
  type Checked,
  type Checker,
  type LiveCheck,
  noteUse,
  type Refused,
  remembered,
  verify,
} from '../sessions/verify.ts';
import { jwt as jwtTexts, credential as texts } from '../texts/api.ts';
import { bodyOf, type Headers, type Manner, nonceHeader, type RefusalAnswer, refuse } from './answers.ts';
import { boundCookieName, readCookie } from './cookies.ts';
import { type HeaderSource, type Presented, presentedCredential, usualToken } from './credential.ts';
import { isOriginAllowed, isSafe } from './origin.ts';
import { isoTime } from './time.ts';

/** What a request's credential amounts to. */
export type Authenticated =
  | {
      readonly live: true;
      readonly checked: LiveCheck;
      readonly via: 'header' | 'cookie';
      /** What the client's next proof is to have in it, or null where that need not be said. */
      readonly nonce: string | null;
      /** Until when what was shown is enough, by the store's time; null for as long as the session is live. */
      readonly until: number | null;
    }
  | { readonly live: false; readonly refusal: CredentialRefusal };

export type CredentialRefusal =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | {
      readonly kind: 'dead';
      readonly refused: Refused;
      readonly via: 'header' | 'cookie';
      readonly isDpop?: boolean;
      /** Of a token of JWT mode, how its own wire has it. */
      readonly jwt?: JwtRefusal;
    }
  /** A cookie on a request that another site made the browser send. */
  | { readonly kind: 'foreign-origin' }
  /** Live, and its key is not there; whoever has that is to use `nonce` where it is not null. */
  | { readonly kind: 'key-not-shown'; readonly nonce: string | null }
  /** A bound session by another scheme than `DPoP`, or one that is not bound by that. */
  | { readonly kind: 'other-scheme' }
  /** The cookie of a session that is bound, without the one that its browser renews by the key; `isSkipped` where that could not. */
  | { readonly kind: 'cookie-alone'; readonly isSkipped: boolean }
  /** Bound, and it is not known what the request is. */
  | { readonly kind: 'request-unknown' };

/** What is known of a request whose credential is asked for. */
export type Asked = {
  readonly method: string;
  /** Whole, or from its path on; null where only headers are known. */
  readonly url: string | null;
  readonly headers: HeaderSource;
  /** What a cookie must be fit for, where that is not `method`. */
  readonly countsAs?: string;
};

type Shown = Extract<Presented, { kind: 'token' }>;

const MISSING: Authenticated = { live: false, refusal: { kind: 'missing' } };
const FOREIGN: Authenticated = { live: false, refusal: { kind: 'foreign-origin' } };
const OTHER_SCHEME: Authenticated = { live: false, refusal: { kind: 'other-scheme' } };
const REQUEST_UNKNOWN: Authenticated = { live: false, refusal: { kind: 'request-unknown' } };

/**
 * Who is behind a request? A cookie counts on a request that does more than look only where its origin is one of ours; a bound
 * session only with a proof of its key, or the cookie that its browser has for one. What is known at once is no promise: the check's cost is the product's.
 */
export function authenticate(checker: Checker, asked: Asked): Authenticated | Promise<Authenticated> {
  const known = checker.memory.isInUse ? rememberedBy(checker, asked.headers.get('authorization')) : null;
  if (known !== null) return { live: true, checked: known, via: 'header', nonce: null, until: null };
  return authenticateAnew(checker, asked);
}

/** The same of what is not remembered. To read a header of a `Request` costs as much as all that is remembered does. */
export function authenticateAnew(checker: Checker, asked: Asked): Authenticated | Promise<Authenticated> {
  const { headers } = asked;
  const presented = presentedCredential(checker.settings, headers);
  if (presented.kind === 'none') return MISSING;
  if (presented.kind === 'malformed') return { live: false, refusal: presented };
  const method = asked.countsAs ?? asked.method;
  if (presented.via === 'cookie' && !isSafe(method, headers) && !isOriginAllowed(checker.settings, headers))
    return FOREIGN;
  if (presented.kind === 'jwt') return checker.jwt === null ? MISSING : byAccessToken(checker, checker.jwt, presented);
  const checked = verify(checker, presented.token);
  return checked instanceof Promise
    ? checked.then((read) => judged(checker, asked, presented, read))
    : judged(checker, asked, presented, checked);
}

/**
 * Whose token an `Authorization` header carries, where that is remembered and the token is enough: what is was good, and its form
 * needs no second look.
 */
export function rememberedBy(checker: Checker, authorization: string | null): LiveCheck | null {
  if (!checker.settings.wire.key) return null;
  const token = usualToken(authorization);
  if (token === null) return null;
  const known = remembered(checker, token);
  return known === null || known.isBound ? null : known;
}

async function byAccessToken(
  checker: Checker,
  jwt: WebTokens,
  { token, via }: Extract<Presented, { kind: 'jwt' }>,
): Promise<Authenticated> {
  const outcome = await jwt.check(checker, token, ['access']);
  if (outcome.live) {
    const until = outcome.claims.expiresAt * 1000;
    return { live: true, checked: outcome.checked, via, nonce: null, until };
  }
  return { live: false, refusal: { kind: 'dead', refused: outcome.refused, via, jwt: outcome.jwt } };
}

function judged(
  checker: Checker,
  asked: Asked,
  shown: Shown,
  checked: Checked,
): Authenticated | Promise<Authenticated> {
  const { via, isDpop } = shown;
  if (!checked.live) return { live: false, refusal: { kind: 'dead', refused: checked, via, isDpop } };
  const { binding } = checked.session;
  if (binding === null) return isDpop ? OTHER_SCHEME : unbound(checker, checked, via);
  if (binding.kind === 'dpop' && isDpop) return byKey(checker, asked, shown.token, checked, binding.thumbprint);
  if (binding.kind === 'dbsc' && via === 'cookie') return byBoundCookie(checker, asked, checked);
  checker.misused(checked.session, 'missing');
  return OTHER_SCHEME;
}

function unbound({ boundCookies }: Checker, checked: LiveCheck, via: Shown['via']): Authenticated {
  const until = via === 'cookie' ? boundCookies.mayBeBoundUntil(checked.session, checked.now) : null;
  return { live: true, checked, via, nonce: null, until };
}

/** Nobody is asked: the cookie that is renewed by the key says itself until when it is good. */
function byBoundCookie(checker: Checker, { headers }: Asked, checked: LiveCheck): Authenticated {
  const { session, now } = checked;
  const cookie = readCookie(headers.get('cookie'), boundCookieName(checker.settings));
  const read = checker.boundCookies.read(session.id, cookie, now);
  if ('flaw' in read) {
    // A browser says so where it could not renew it.
    const isSkipped = headers.get('secure-session-skipped') !== null;
    if (!isSkipped) checker.misused(session, read.flaw);
    return { live: false, refusal: { kind: 'cookie-alone', isSkipped } };
  }
  noteUse(checker, checked);
  return { live: true, checked, via: 'cookie', nonce: null, until: read.until };
}

async function byKey(
  checker: Checker,
  asked: Asked,
  token: string,
  checked: LiveCheck,
  thumbprint: string,
): Promise<Authenticated> {
  const { url } = asked;
  if (url === null) return REQUEST_UNKNOWN;
  const outcome = await checker.keyProofs.ofSession({ ...proofRequest({ ...asked, url }), token, thumbprint });
  if (!outcome.isGood) {
    const { flaw, nonce } = outcome;
    if (isOfKey(flaw) || flaw === 'replayed') checker.misused(checked.session, flaw);
    return { live: false, refusal: { kind: 'key-not-shown', nonce } };
  }
  noteUse(checker, checked);
  return { live: true, checked, via: 'header', nonce: outcome.nonce, until: null };
}

function proofRequest({ method, url, headers }: Asked & { readonly url: string }) {
  return { proof: headers.get('dpop'), method, path: pathOf(url), isChange: !isSafe(method, headers) };
}

/**
 * Of a request whose credential is over: whether its device was displaced a moment ago, and has shown the key that it is bound to,
 * if any. For hosts that ask; no route of ours does.
 */
export async function graceFor(checker: Checker, asked: Asked, refused: Authenticated): Promise<Grace | null> {
  if (refusedIn(refused)?.code !== 'session_displaced') return null;
  const presented = presentedCredential(checker.settings, asked.headers);
  const grace = presented.kind === 'token' ? await graceOf(checker, presented.token) : null;
  if (grace === null || presented.kind !== 'token') return null;
  const { binding } = grace.session;
  if (binding === null) return presented.isDpop ? null : grace;
  if (binding.kind !== 'dpop' || !presented.isDpop || asked.url === null) return null;
  const outcome = await checker.keyProofs.ofSession({
    ...proofRequest({ ...asked, url: asked.url }),
    ...{ token: presented.token, thumbprint: binding.thumbprint },
  });
  return outcome.isGood ? grace : null;
}

/** The path of a request's URL, whole or as its first line has it. */
export function pathOf(url: string): string {
  if (!url.startsWith('/')) return new URL(url).pathname;
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** Of a credential that is over, what is known of it. */
export function refusedIn(authenticated: Authenticated): Refused | null {
  return authenticated.live || authenticated.refusal.kind !== 'dead' ? null : authenticated.refusal.refused;
}

const WITHHELD: ReadonlySet<CredentialRefusal['kind']> = new Set(['key-not-shown', 'other-scheme', 'cookie-alone']);

/** Of a live session whose key was not shown, how that is refused. */
export function withheldIn(authenticated: Authenticated): CredentialRefusal | null {
  if (authenticated.live) return null;
  const { refusal } = authenticated;
  return WITHHELD.has(refusal.kind) ? refusal : null;
}

/** Whether a browser's session is live, and it could not renew the cookie that it needs. */
export function couldNotRenew(authenticated: Authenticated): boolean {
  return !authenticated.live && authenticated.refusal.kind === 'cookie-alone' && authenticated.refusal.isSkipped;
}

/** What a refused credential's holder is told, as the body of that answer in English. */
export function bodyOfRefusal(refusal: CredentialRefusal): Readonly<Record<string, unknown>> {
  return bodyOf(answerFor(refusal));
}

/** The answer to a credential that is no good: 401 as the recorded server has it, and why. */
export function refuseCredential(manner: Manner, refusal: CredentialRefusal): Response {
  return refuse(manner, answerFor(refusal));
}

/** The code of a refusal, as answers carry it. */
export function codeOfRefusal(refusal: CredentialRefusal): Code {
  return answerFor(refusal).code;
}

/** When a browser that could not renew its cookie may be able to. */
export const RENEW_AFTER_S = 5;

function answerFor(refusal: CredentialRefusal): RefusalAnswer {
  switch (refusal.kind) {
    case 'missing':
      return { code: 'not_authenticated' };
    case 'malformed': {
      const more = refusal.detail === jwtTexts.malformedHeader ? { code: 'bad_authorization_header' } : {};
      return { code: 'invalid_token', detail: refusal.detail, more };
    }
    case 'foreign-origin':
      return { code: 'origin_not_allowed' };
    case 'key-not-shown': {
      const { nonce } = refusal;
      const code = nonce === null ? 'invalid_dpop_proof' : 'use_dpop_nonce';
      return { code, status: 401, headers: { ...challenge(code), ...nonceHeader(nonce) } };
    }
    case 'other-scheme':
      return { code: 'invalid_token', status: 401, headers: challenge('invalid_token') };
    case 'cookie-alone':
      return refusal.isSkipped ? { code: 'busy', retryAfterSeconds: RENEW_AFTER_S } : { code: 'invalid_token' };
    case 'request-unknown':
      return { code: 'dpop_request_unknown', status: 401, headers: challenge('invalid_dpop_proof') };
    case 'dead': {
      const { code } = refusal.refused;
      const more = endOf(refusal.refused);
      if (refusal.jwt !== undefined) return answerForToken(code, refusal.jwt, more);
      // Of a cookie that is over the recorded server says what it says of none; why it is over stands beside it.
      const english = refusal.via === 'cookie' ? { english: texts.missing } : {};
      return {
        code,
        more,
        ...english,
        ...(refusal.isDpop === true && { status: 401, headers: challenge('invalid_token') }),
      };
    }
  }
}

/** When a session ended, and what took its place, where that is known. */
export function endOf({ at, by }: Refused): Readonly<Record<string, unknown>> {
  return {
    ...(at !== null && { at: isoTime(at) }),
    ...(by !== null && { by: { device: by.name, class: by.class } }),
  };
}

/** As djangorestframework-simplejwt refuses an access token. Its own `code` stands in the body, ours in the header. */
function answerForToken(code: Code, flaw: JwtRefusal, more: Readonly<Record<string, unknown>>): RefusalAnswer {
  if (flaw === 'inactive') return { code, detail: jwtTexts.inactive, more: { code: 'user_inactive', ...more } };
  if (flaw === 'gone') return { code, detail: jwtTexts.gone, more: { code: 'user_not_found', ...more } };
  const messages = [{ token_class: 'AccessToken', token_type: 'access', message: jwtTexts[flaw] }];
  return { code, detail: jwtTexts.noGoodType, more: { code: 'token_not_valid', messages, ...more } };
}

/** RFC 9449, 7.1. */
function challenge(error: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'): Headers {
  return { 'WWW-Authenticate': `DPoP error="${error}", algs="${PROOF_ALGORITHMS}"` };
}
