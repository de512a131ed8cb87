/** What every answer of the recorded server has, so that one that is replaced as a whole is looked at as a whole. */
import type { CookieEffect } from '../answer.ts';
import { isForm, type Route } from '../asked.ts';
import { isObject, type Json } from '../json.ts';
import type { Situation } from '../situation.ts';

export const PAGE = 'text/html; charset=utf-8';

/** Is the recorded answer, in all that no rule is about, one that Django gives? Where it is not, no rule speaks for it. */
export function isRegular(situation: Situation): boolean {
  const { recorded, asked } = situation;
  const { status, body } = recorded;
  const isSentOn = status === 301 || status === 302;
  const members = body.kind === 'json' && isObject(body.value) ? body.value : {};
  const hasMoreThanDetail = 'detail' in members && Object.keys(members).length > 1;
  const isMailed = /^(?:registration|password-reset|resend-email)$/.test(asked.route) && status < 300;
  return (
    recorded.contentType === typeOf(situation) &&
    recorded.authenticate === (status === 401 ? 'Token' : null) &&
    (recorded.waitSeconds !== null) === (status === 429) &&
    (recorded.location !== null) === isSentOn &&
    (body.kind === 'none' || !isSentOn) &&
    (recorded.mails.length === 0 || isMailed) &&
    !hasMoreThanDetail &&
    isKey(situation, members['key'] ?? members['token']) &&
    cookiesOf(situation).includes(recorded.cookie.kind)
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
