/** What is promised of Django's own pages, `/login/` and `/logout/`: which status, where to, and what becomes of the cookie. */
import type { Expected } from './answer.ts';
import { typedField } from './asked.ts';
import { claimOf, whoseSignIn } from './promise-of-entry.ts';
import { type Given, instead, type Situation } from './situation.ts';
import { MOST_FAILURES } from './world.ts';

const PAGE = 'text/html; charset=utf-8';

export function promisedForm(situation: Situation): Expected | null {
  const { asked, isForeign, hasCookie } = situation;
  if (asked.method === 'GET' || asked.method === 'HEAD') return asPage(situation, { status: 200 });
  if (asked.method === 'OPTIONS') return null;
  if (isForeign) return asPage(situation, { status: 403 });
  if (asked.method !== 'POST') return asPage(situation, { status: 405 });
  if (asked.route === 'login-page') return promisedSignInByForm(situation);
  const cookie = { kind: hasCookie ? 'cleared' : 'untouched' } as const;
  const next = localNext(situation);
  return next === null ? asPage(situation, { status: 200, cookie }) : sentOn(situation, next, cookie);
}

function asPage(situation: Situation, given: Given): Expected {
  return { ...instead(situation, { body: { kind: 'page' }, ...given }), contentType: PAGE, authenticate: null };
}

function sentOn(situation: Situation, location: string, cookie: Expected['cookie']): Expected {
  return { ...asPage(situation, { status: 302, body: { kind: 'none' }, cookie }), location };
}

const FAILURE_SECONDS = 300;

/** `isUnlimited` is for what would be answered if nobody had tried before. */
export function promisedSignInByForm(situation: Situation, { isUnlimited = false } = {}): Expected | null {
  const { profile, placeholders, world } = situation;
  const claimed = claimOf(situation);
  if (claimed === null || (typedField(situation.asked, 'password') ?? '') === '') {
    return asPage(situation, { status: 200 });
  }
  if (!isUnlimited && (world.failures.get(claimed.whose) ?? 0) >= MOST_FAILURES) {
    return asPage(situation, { status: 429, waitSeconds: FAILURE_SECONDS });
  }
  const account = whoseSignIn(situation, claimed);
  if (account === 'unknown') return null;
  const isKeptOut = account === null || (profile.emailVerification === 'mandatory' && !account.isVerified);
  if (isKeptOut) return asPage(situation, { status: 200 });
  return sentOn(situation, localNext(situation) ?? '/', { kind: 'set', as: placeholders.make('sessionid') });
}

/**
 * Where `next` leads: a path on this origin, as it is parsed, that begins with one slash before and after that, and has neither
 * a backslash nor control characters in it; never `/login/` again. The form's own goes before the address's. null for anything else.
 */
export function localNext(situation: Situation): string | null {
  const given = givenNext(situation);
  if (!/^\/(?!\/)/.test(given) || /[\\\p{Cc}\p{Zl}\p{Zp}]/u.test(given)) return null;
  const { pathname, search, hash } = new URL(given, 'http://host.invalid');
  return /^\/(?:\/|login(?:\/|$))/.test(pathname) ? null : pathname + search + hash;
}

/** `''` where there is none. */
export function givenNext({ asked }: Situation): string {
  return asked.fields.has('next') ? String(asked.fields.get('next')) : (asked.next ?? '');
}
