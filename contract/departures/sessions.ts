/** Departures that follow from the limit: each sign-in is a session of its own, and what ends it ends it wholly. */
import type { Code } from 'latchkey';
import { type Expected, messageIn } from '../answer.ts';
import { isProtected, isSignIn } from '../asked.ts';
import { isObject } from '../json.ts';
import { promised } from '../promise.ts';
import { refusalIn, type Situation } from '../situation.ts';
import type { KnownAccount } from '../world.ts';
import type { Departure } from './departure.ts';

/** Is the recorded answer what this account's owner would be told? Where nothing is promised, it may be that the request is wrong. */
export function isAnswerTo(situation: Situation, account: KnownAccount): boolean {
  const { recorded } = situation;
  const session = { token: '', accountId: account.id, ended: null, isOverThere: false, tokens: [] };
  const live = { kind: 'live', session, account, scheme: 'token' } as const;
  const told = promised({ ...situation, caller: live, carried: live });
  if (told === null) return recorded.status === 400 || recorded.status === 405 || recorded.status === 415;
  if (told.body.kind === 'some-json') return told.status === recorded.status && recorded.body.kind === 'json';
  return told.status === recorded.status && JSON.stringify(told.body) === JSON.stringify(recorded.body);
}

/** A key or a cookie that Django still takes, of a session that is over here. */
export function refusedFor(reason: Code): (situation: Situation) => Expected | null {
  return (situation) => {
    const { asked, caller, carried, world } = situation;
    const who = asked.route === 'home' ? carried : caller;
    if (who.kind !== 'dead' || who.reason !== reason || who.session === null) return null;
    const { accountId } = who.session;
    const account = [...world.accounts, ...world.closed].find(({ id }) => id === accountId);
    return account !== undefined && isTaken(situation, account) ? promised(situation) : null;
  };
}

/** Does the recorded server take the credential for this account's? */
function isTaken(situation: Situation, account: KnownAccount): boolean {
  const { asked, profile, recorded } = situation;
  if (refusalIn(situation) !== null) return false;
  if (asked.route === 'home' || isProtected(asked.route)) return isAnswerTo(situation, account);
  // Signing out with a key that is over is signing out with none: with the cookie switched off, that is an error.
  const isSignedOut = recorded.status === 200 && messageIn(recorded, 'detail') === 'Successfully logged out.';
  return asked.route === 'logout' && isSignedOut && !profile.hasCookies;
}

/** A later sign-in took the place. */
export const displaced: Departure = { id: 'displaced', whole: refusedFor('session_displaced') };

/** A password reset ended every session. */
export const resetEnds: Departure = { id: 'reset-ends', whole: refusedFor('password_changed') };

/** Key and cookie of a sign-in are one session: signing out by one ends both. */
export const oneSession: Departure = { id: 'one-session', whole: refusedFor('signed_out') };

/** Each sign-in has a key of its own where Django hands out the one of the account again. */
export const ownKey: Departure = {
  id: 'own-key',
  parts({ asked, recorded: { status, body, cookie }, placeholders, world }) {
    const isByForm = asked.route === 'login-page' && status === 302;
    const isOpened = status <= 204 && (isSignIn(asked.route) || asked.route === 'registration');
    if (!isByForm && !isOpened) return null;
    const name = asked.route === 'token' ? 'token' : 'key';
    const answer = body.kind === 'json' && isObject(body.value) ? body.value : {};
    const key = answer[name];
    const isKeyKnown = typeof key === 'string' && (placeholders.isBound(key) || world.sessionOf(key) !== null);
    const isCookieKnown = cookie.kind === 'set' && placeholders.isBound(cookie.as);
    if (!isKeyKnown && !isCookieKnown) return null;
    return {
      ...(isKeyKnown && { body: { kind: 'json', value: { ...answer, [name]: placeholders.make('key') } } }),
      ...(isCookieKnown && { cookie: { kind: 'set', as: placeholders.make('sessionid') } }),
    };
  },
};
