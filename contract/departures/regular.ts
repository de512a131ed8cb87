/** What every answer of the recorded server has, so that one that is replaced as a whole is looked at as a whole. */
import { type CookieEffect, messageIn, type TokenCookie } from '../answer.ts';
import { isForm, type Route } from '../asked.ts';
import { isObject, type Json } from '../json.ts';
import { takenBack } from '../promise-of-tokens.ts';
import type { Situation } from '../situation.ts';

export const PAGE = 'text/html; charset=utf-8';

/** Is the recorded answer, in all that no rule is about, one that Django gives? Where it is not, no rule speaks for it. */
export function isRegular(situation: Situation): boolean {
  const { recorded, asked } = situation;
  const { status, body } = recorded;
  const isSentOn = status === 301 || status === 302;
  const members = body.kind === 'json' && isObject(body.value) ? body.value : {};
  const own = situation.profile.jwt === null ? ['detail'] : ['detail', 'code', 'messages'];
  const hasMoreThanDetail = 'detail' in members && Object.keys(members).some((name) => !own.includes(name));
  const isMailed = /^(?:registration|password-reset|resend-email)$/.test(asked.route) && status < 300;
  return (
    recorded.contentType === typeOf(situation) &&
    recorded.authenticate === (status === 401 && !isOwnRefusal(situation) ? situation.profile.challenge : null) &&
    (recorded.waitSeconds !== null) === (status === 429) &&
    (recorded.location !== null) === isSentOn &&
    (body.kind === 'none' || !isSentOn) &&
    (recorded.mails.length === 0 || isMailed) &&
    !hasMoreThanDetail &&
    isKey(situation, members['key'] ?? members['token']) &&
    cookiesOf(situation).includes(recorded.cookie.kind) &&
    areTokenCookiesOf(situation)
  );
}

/** A key that is new, or one that somebody has already; field errors have messages there. */
function isKey({ placeholders, world }: Situation, key: Json | undefined): boolean {
  return typeof key !== 'string' || placeholders.isOne(key) || world.sessionOf(key) !== null;
}

function typeOf({ asked, recorded: { status, body } }: Situation): string | null {
  if (status === 204) return null;
  if (body.kind === 'page' || status === 301 || status === 302) return PAGE;
  return asked.route === 'home' ? 'text/plain' : 'application/json';
}

/** What Django may do with its session cookie. */
function cookiesOf(situation: Situation): readonly CookieEffect['kind'][] {
  const { asked, profile, recorded } = situation;
  const isSent = /\bsessionid=/.test(asked.headers['Cookie'] ?? '');
  const done: Partial<Readonly<Record<Route, CookieEffect['kind']>>> = {
    login: profile.hasCookies || !profile.hasKeys ? 'set' : 'untouched',
    registration: 'set',
    'password-change': profile.endsOwnSession ? 'untouched' : 'set',
    logout: isSent ? 'cleared' : 'untouched',
  };
  if (isForm(asked.route)) return cookiesOfForm(situation, isSent);
  const isDone = recorded.status < 300 && asked.method !== 'OPTIONS';
  const only = isDone ? done[asked.route] : undefined;
  if (only !== undefined) return [only];
  // A session that is over is taken back with whatever is answered next.
  return isSent ? ['untouched', 'cleared'] : ['untouched'];
}

/** A sign-in by a form sends on and sets it, a sign-out takes it back; nothing else touches it. */
function cookiesOfForm({ asked, recorded }: Situation, isSent: boolean): readonly CookieEffect['kind'][] {
  if (asked.route === 'login-page') return [recorded.status === 302 ? 'set' : 'untouched'];
  return isSent && recorded.status !== 403 ? ['cleared'] : ['untouched'];
}

/** Of the cookies of JWT mode a sign-in and a refresh set some, and a sign-out takes all of them back. */
function areTokenCookiesOf({ asked, recorded, profile: { jwt } }: Situation): boolean {
  const { tokenCookies, status } = recorded;
  const isDone = status < 300 && asked.method !== 'OPTIONS';
  const names = [jwt?.cookie, jwt?.refreshCookie].filter((name) => name != null);
  if (asked.route === 'login' && isDone) return tokenCookies.length === names.length;
  if (asked.route === 'logout' && (isDone || isOwnAnswer(recorded))) {
    return termsOf(tokenCookies) === termsOf(jwt === null ? [] : takenBack(jwt));
  }
  return tokenCookies.length === 0 || (asked.route === 'token-refresh' && isDone);
}

function termsOf(cookies: readonly TokenCookie[]): string {
  return JSON.stringify(
    cookies.map(({ name, value, path, domain, sameSite, maxAge }) => [name, value, path, domain, sameSite, maxAge]),
  );
}

/** dj-rest-auth's own refusal of a sign-out has no challenge. */
function isOwnRefusal({ asked, recorded }: Situation): boolean {
  return asked.route === 'logout' && isOwnAnswer(recorded);
}

function isOwnAnswer(recorded: Situation['recorded']): boolean {
  return recorded.status === 401 && OF_SIGN_OUT.test(messageIn(recorded, 'detail') ?? '');
}

/** What dj-rest-auth says to a sign-out whose refresh token it does not take. */
export const OF_SIGN_OUT =
  /^(?:Refresh token was not included in (?:request|cookie) data\.|Token is (?:invalid|expired|blacklisted)|Token has wrong type)$/;
