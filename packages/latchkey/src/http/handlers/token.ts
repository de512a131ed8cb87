/** JWT mode, as dj-rest-auth has it over djangorestframework-simplejwt. */
import { isUnused, type Refreshed, refreshSession } from '../../flows/refresh-session.ts';
import type { Code } from '../../model/reasons.ts';
import type { JwtRefusal, WebTokens } from '../../sessions/jwt.ts';
import type { Refused } from '../../sessions/verify.ts';
import { jwt as texts } from '../../texts/api.ts';
import { json, refuse, withCookies } from '../answers.ts';
import { endOf } from '../authenticate.ts';
import type { Call } from '../call.ts';
import { refreshCookieIn, tokenCookies } from '../cookies.ts';
import { expirations } from './token-pair.ts';

function tokensOf({ parts }: Call): WebTokens {
  if (parts.jwt === null) throw new Error('There are no tokens where JWT mode is off.');
  return parts.jwt;
}

/** Is this a token of ours, of whatever type, that was not used up, and whose session is live? */
export async function verify(call: Call): Promise<Response> {
  const checked = await tokensOf(call).check(call.parts, call.values['token'] ?? '', ['access', 'refresh']);
  if (checked.live) {
    const isGood = await isUnused(call.parts, checked.claims);
    return isGood ? json(200, {}, call.headers) : blacklisted(call, 'invalid_token');
  }
  const { jwt, refused } = checked;
  return isFlawed(jwt) ? refuseToken(call, jwt, refused) : blacklisted(call, refused.code);
}

function blacklisted({ headers }: Call, code: Code): Response {
  return json(400, { non_field_errors: [texts.over] }, { ...headers, 'Latchkey-Reason': code });
}

/** By the field, else by the cookie. */
export async function refresh(call: Call): Promise<Response> {
  const { parts, headers, values } = call;
  const jwt = tokensOf(call);
  const token = values['refresh'] ?? refreshCookieIn(parts.settings, call.request.headers.get('cookie'));
  if (token === null) {
    const more = { code: 'token_not_valid' };
    return refuse(call, { code: 'not_authenticated', detail: texts.noRefreshToken, more });
  }
  const refreshed = await refreshSession(parts, jwt, token);
  if (!refreshed.isGood) return refuseToken(call, refreshed.jwt, refreshed.refused);
  return withCookies(json(200, bodyOf(jwt, refreshed), headers), tokenCookies(parts.settings, refreshed));
}

/** Where no cookie can take the next refresh token, the body does, or its client could not go on. */
function bodyOf({ settings }: WebTokens, { access, refresh }: Extract<Refreshed, { isGood: true }>) {
  const isShown = refresh !== null && (!settings.httpOnly || settings.cookies.refresh === null);
  return {
    access: access.token,
    ...(isShown && { refresh: refresh.token }),
    ...expirations(access, isShown ? refresh : null),
  };
}

function isFlawed(jwt: JwtRefusal): boolean {
  return jwt === 'invalid' || jwt === 'expired' || jwt === 'wrong_type';
}

/** As djangorestframework-simplejwt says it, with its `code` where it has one. */
function refuseToken(call: Call, jwt: JwtRefusal, refused: Refused): Response {
  const end = endOf(refused);
  if (jwt === 'inactive' || jwt === 'gone') {
    return refuse(call, { code: refused.code, detail: texts.noAccount, more: end });
  }
  return refuse(call, { code: refused.code, detail: texts[jwt], more: { code: 'token_not_valid', ...end } });
}

/** For whoever checks tokens without asking. Good to keep for a while: what signs next is in it long before it does. */
export async function keySet(call: Call): Promise<Response> {
  return json(200, await tokensOf(call).jwks(), { ...call.headers, 'Cache-Control': 'public, max-age=300' });
}
