/** What is promised in JWT mode: to those who come in, refresh, ask after a token, and sign out. */
import type { Expected, TokenCookie } from './answer.ts';
import { fieldOf } from './asked.ts';
import type { JwtProfile } from './profile.ts';
import { type Given, instead, ownView, type Situation } from './situation.ts';
import type { KnownAccount, KnownSession, KnownToken } from './world.ts';

type Made = { readonly access: string; readonly refresh: string | null };

/** Both tokens and whose they are, and their cookies but for a registration. */
export function promisedPair(
  { placeholders }: Situation,
  jwt: JwtProfile,
  { account, isNew }: { readonly account: KnownAccount; readonly isNew: boolean },
): Pick<Given, 'json' | 'tokenCookies'> {
  const isShown = isNew || !jwt.httpOnly;
  const access = placeholders.make('access');
  const refresh = isShown || jwt.refreshCookie !== null ? placeholders.make('refresh') : '';
  const expirations = { access_expiration: '<date>', refresh_expiration: '<date>' };
  return {
    json: {
      access,
      refresh: isShown ? refresh : '',
      user: ownView(account),
      ...(jwt.returnsExpiration && !isNew && expirations),
    },
    tokenCookies: isNew ? [] : cookiesOf(jwt, { access, refresh }),
  };
}

function cookiesOf(jwt: JwtProfile, { access, refresh }: Made): readonly TokenCookie[] {
  const terms = { domain: jwt.domain, sameSite: jwt.sameSite, isHttpOnly: jwt.httpOnly };
  return [
    ...(jwt.cookie === null
      ? []
      : [{ ...terms, name: jwt.cookie, value: access, path: '/', maxAge: access === '' ? 0 : jwt.accessSeconds }]),
    ...(jwt.refreshCookie === null || refresh === null
      ? []
      : [
          {
            ...terms,
            name: jwt.refreshCookie,
            value: refresh,
            path: jwt.refreshPath,
            maxAge: refresh === '' ? 0 : jwt.refreshSeconds,
          },
        ]),
  ];
}

/** Both taken back, where there are any. */
export function takenBack(jwt: JwtProfile): readonly TokenCookie[] {
  return cookiesOf(jwt, { access: '', refresh: '' });
}

type Found = { readonly session: KnownSession; readonly token: KnownToken };

/** The token that a request is about, in its field or in its cookie; null where it is none that was given here. */
export function tokenAskedAbout({ asked, world, placeholders, refreshCookie }: Situation): Found | null {
  const name = asked.route === 'token-verify' ? 'token' : 'refresh';
  const given = asked.fields.has(name) ? placeholders.fill(fieldOf(asked, name) ?? '') : null;
  const value = given ?? (asked.route === 'token-verify' ? null : refreshCookie);
  return value === null ? null : world.tokenOf(value);
}

/** What is wrong with a token by itself was recorded where it was tried. */
export function promisedToken(situation: Situation): Expected | null {
  const { asked, world } = situation;
  if (asked.method !== 'POST') return null;
  const found = tokenAskedAbout(situation);
  if (found === null || found.token.isExpired) return null;
  const { session, token } = found;
  if (asked.route === 'token-verify') {
    const isGood = session.ended === null && !token.isUsed;
    const over = { non_field_errors: ['Token is blacklisted'] };
    return instead(situation, isGood ? { status: 200, json: {} } : { status: 400, json: over });
  }
  if (token.type !== 'refresh') return null;
  if (session.ended === null && world.byId(session.accountId) !== null) return promisedRefresh(situation);
  const gone = { detail: 'No active account found for the given token.' };
  const over = { detail: 'Token is blacklisted', code: 'token_not_valid' };
  return instead(situation, { status: 401, json: session.ended === 'account_disabled' ? gone : over });
}

function promisedRefresh(situation: Situation): Expected | null {
  const { profile, placeholders } = situation;
  const { jwt } = profile;
  if (jwt === null) return null;
  const access = placeholders.make('access');
  const refresh = jwt.isRotated ? placeholders.make('refresh') : null;
  const isShown = refresh !== null && (!jwt.httpOnly || jwt.refreshCookie === null);
  return instead(situation, {
    status: 200,
    json: {
      access,
      ...(isShown && { refresh }),
      access_expiration: '<date>',
      ...(isShown && { refresh_expiration: '<date>' }),
    },
    tokenCookies: cookiesOf(jwt, { access, refresh }),
  });
}

/** Whoever shows nothing but an access token that is over is told so. */
export function promisedSignOutByToken(situation: Situation, jwt: JwtProfile): Expected | null {
  const { caller, carried, hasCookie } = situation;
  const refresh = tokenAskedAbout(situation);
  const isShown = carried.kind === 'live' || (refresh !== null && !refresh.token.isExpired);
  if (caller.kind === 'dead' && caller.token === 'expired' && !isShown) return null;
  return instead(situation, {
    status: 200,
    json: { detail: 'Successfully logged out.' },
    cookie: { kind: hasCookie ? 'cleared' : 'untouched' },
    tokenCookies: takenBack(jwt),
  });
}
