/** Departures in what a request may bring along to say on whose behalf it comes. */
import { messageIn } from '../answer.ts';
import { isOpen, isProtected } from '../asked.ts';
import { promised } from '../promise.ts';
import { instead, MISSING, refusalIn, refuse, type Situation } from '../situation.ts';
import type { KnownAccount } from '../world.ts';
import type { Departure } from './departure.ts';
import { isAnswerTo } from './sessions.ts';

/** `Bearer` is a scheme for keys, too. */
export const bearer: Departure = {
  id: 'bearer',
  whole(situation) {
    const { asked, caller, profile, recorded } = situation;
    if (profile.jwt !== null) return null;
    if ((caller.kind !== 'live' && caller.kind !== 'dead') || caller.scheme !== 'bearer') return null;
    if (isProtected(asked.route)) return refusalIn(situation) === MISSING ? promised(situation) : null;
    const isNobody = messageIn(recorded, 'detail')?.startsWith('You should be logged in to logout.') === true;
    return asked.route === 'logout' && isNobody ? promised(situation) : null;
  },
};

/** The cookie of a sign-in is a credential wherever its key is one. */
export const cookieCredential: Departure = {
  id: 'cookie-credential',
  whole(situation) {
    const { asked, caller, profile } = situation;
    if (profile.readsSession || (caller.kind !== 'live' && caller.kind !== 'dead')) return null;
    if (caller.scheme !== 'cookie' || !isProtected(asked.route) || refusalIn(situation) !== MISSING) return null;
    return promised(situation);
  },
};

/** A credential that is no good does not stand in the way of those who need none. */
export const deadCredential: Departure = {
  id: 'dead-credential',
  whole(situation) {
    const text = refusalIn(situation);
    const isMeant = isOpen(situation.asked.route) && text !== null && isTextFor(situation, text);
    if (situation.profile.jwt !== null && !isTokenRefused(situation)) return null;
    return isMeant ? promised(situation) : null;
  },
};

/** Is this, to the letter, how a token is refused? */
function isTokenRefused(situation: Situation): boolean {
  return JSON.stringify(situation.recorded.body) === JSON.stringify(refuse(situation).body);
}

/** Is this what Django says of the credential that is brought along? To `HEAD` it says nothing. */
function isTextFor({ asked, caller }: Situation, text: string): boolean {
  if (asked.method === 'HEAD') return caller.kind === 'malformed' || caller.kind === 'dead';
  if (caller.kind === 'malformed') return /^(?:Invalid token header\.|Authorization header must)/.test(text);
  if (caller.kind !== 'dead') return false;
  if (caller.token !== undefined)
    return text === 'Given token not valid for any token type' || caller.token === 'inactive';
  return text === (caller.reason === 'account_disabled' ? 'User inactive or deleted.' : 'Invalid token.');
}

const ABOUT_HEADER = /^CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header (?:incorrect|has .+)\.$/;
const ABOUT_NONE = /^CSRF Failed: CSRF (?:cookie not set|token missing)\.$/;

/** Where Django asks for a CSRF token, the browser's own word about where a request comes from counts. */
export const originCheck: Departure = {
  id: 'origin-check',
  whole(situation) {
    const { asked, caller, profile, recorded, isForeign } = situation;
    const isCookieSent = /\bcsrftoken=/.test(asked.headers['Cookie'] ?? '') || profile.jwt === null;
    const hasHeader = (asked.headers['X-CSRFToken'] ?? '') !== '' && isCookieSent;
    const isRefused = recorded.status === 403 && recorded.authenticate === null;
    const isText = (hasHeader ? ABOUT_HEADER : ABOUT_NONE).test(messageIn(recorded, 'detail') ?? '');
    if (!isForeign || !isRefused || !isText) return null;
    // No browser sends a key by itself: a host's own page looks at it alone. The API refuses what is foreign all the same.
    const isByKey =
      (caller.kind === 'live' || caller.kind === 'dead') && caller.scheme !== 'cookie' && caller.scheme !== 'access';
    if (asked.route === 'whoami' && (isByKey || caller.kind === 'nobody')) return promised(situation);
    return instead(situation, { status: 403, json: { detail: 'CSRF Failed: Origin checking failed.' } });
  },
};

/** Django hands out and takes back cookies where nobody signs in or out. */
export const cookies: Departure = {
  id: 'cookies',
  parts(situation) {
    const { asked, caller, profile, recorded, carried } = situation;
    const isAnonymous = profile.emailVerification === 'mandatory' || !profile.hasCookies;
    const isPosted = asked.method === 'POST' && recorded.status < 300;
    const isChange = asked.route === 'password-change' && isPosted && caller.kind === 'live';
    const isRegistration = asked.route === 'registration' && isPosted && isAnonymous && profile.hasKeys;
    const isBeside = isRegistration || (isChange && !profile.endsOwnSession);
    if (isBeside && recorded.cookie.kind === 'set') return { cookie: { kind: 'untouched' } };
    const isOwnEnded = isChange && profile.endsOwnSession && caller.scheme === 'cookie';
    if (isOwnEnded && recorded.cookie.kind === 'untouched') return { cookie: { kind: 'cleared' } };
    const isTakenBack = recorded.cookie.kind === 'cleared' && asked.route !== 'logout' && carried.kind === 'dead';
    return isTakenBack ? { cookie: { kind: 'untouched' } } : null;
  },
  /** A cookie of Django's that was never set here signs nobody in. */
  whole(situation) {
    const { asked, recorded, world, hasCookie } = situation;
    const isSent = /\bsessionid=</.test(asked.headers['Cookie'] ?? '');
    const isNamed = world.accounts.some(
      ({ username }) => recorded.body.kind === 'text' && recorded.body.text === `home of ${username}`,
    );
    return asked.route === 'home' && isSent && !hasCookie && isNamed ? promised(situation) : null;
  },
};

const ABOUT_BASIC =
  /^Invalid (?:username\/password|basic header\. (?:No credentials provided|Credentials string should not contain spaces|Credentials not correctly base64 encoded))\.$/;

/** What stands after the scheme; `''` for nothing, undefined where it is another one. */
function basicOf({ asked }: Situation): string | undefined {
  return /^basic\b\s*(\S*)/i.exec(asked.headers['Authorization'] ?? '')?.[1];
}

/** The account that a Basic header names, or null. */
export function namedByBasic(situation: Situation): KnownAccount | null {
  const [name = ''] = Buffer.from(basicOf(situation) ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return situation.world.byUsername(name);
}

/** HTTP Basic authentication is not offered. */
export const noBasic: Departure = {
  id: 'no-basic',
  whole(situation) {
    const { asked, profile, recorded, caller } = situation;
    if (!profile.isBasicRead || basicOf(situation) === undefined || caller.kind !== 'nobody') return null;
    const account = namedByBasic(situation);
    const isTaken = account !== null && isProtected(asked.route) && isAnswerTo(situation, account);
    const isWrong = recorded.status === 403 && ABOUT_BASIC.test(messageIn(recorded, 'detail') ?? '');
    if (isProtected(asked.route)) return isTaken || isWrong ? refuse(situation) : null;
    return isWrong ? promised(situation) : null;
  },
};
