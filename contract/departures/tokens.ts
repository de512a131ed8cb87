/** Departures of JWT mode: a token is good only as long as its session. */
import { messageIn } from '../answer.ts';
import { isObject } from '../json.ts';
import { promised } from '../promise.ts';
import { tokenAskedAbout } from '../promise-of-tokens.ts';
import type { Situation } from '../situation.ts';
import type { Departure } from './departure.ts';
import { OF_SIGN_OUT } from './regular.ts';

const NOT_DELETED =
  'Neither cookies or blacklist are enabled, so the token has not been deleted server side. Please make sure the token is deleted client side.';

/** Signing out ends the session, and needs no refresh token for it. */
export const tokenSignOut: Departure = {
  id: 'token-sign-out',
  whole(situation) {
    const { asked, profile, recorded } = situation;
    if (asked.route !== 'logout' || profile.jwt === null) return null;
    const detail = messageIn(recorded, 'detail') ?? '';
    const isKept = recorded.status === 200 && detail === NOT_DELETED;
    const isRefused = recorded.status === 401 && recorded.authenticate === null && OF_SIGN_OUT.test(detail);
    return isKept || isRefused ? promised(situation) : null;
  },
};

/** A token whose session is over is over itself, whatever it says. */
export const endedToken: Departure = {
  id: 'ended-token',
  whole(situation) {
    const { asked } = situation;
    if (asked.route !== 'token-verify' && asked.route !== 'token-refresh') return null;
    const isTaken = isGoodAnswer(situation) && tokenAskedAbout(situation)?.session.ended != null;
    return isTaken ? promised(situation) : null;
  },
};

const MEMBERS = /^(?:access(?:,refresh)?,access_expiration(?:,refresh_expiration)?)?$/;

/** What Django answers where a token is good: nothing at all to whoever asks after it, else new tokens and when they are over. */
function isGoodAnswer({ recorded: { status, body }, placeholders }: Situation): boolean {
  if (status !== 200 || body.kind !== 'json' || !isObject(body.value)) return false;
  const values = Object.values(body.value);
  const areMade = values.every((value) => typeof value === 'string' && placeholders.isOne(value));
  return areMade && MEMBERS.test(Object.keys(body.value).join());
}

/** A refresh token that was just exchanged is answered as it was before. */
export const forgivenRefresh: Departure = {
  id: 'forgiven-refresh',
  whole(situation) {
    const { asked, recorded } = situation;
    if (asked.route !== 'token-refresh') return null;
    const found = tokenAskedAbout(situation);
    const isUsed = found?.token.isUsed === true && found.session.ended === null;
    const isOver = recorded.status === 401 && messageIn(recorded, 'detail') === 'Token is blacklisted';
    return isUsed && isOver ? promised(situation) : null;
  },
};
