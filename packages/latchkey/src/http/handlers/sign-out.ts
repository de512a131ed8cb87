import { signOut as endOwn, signOutOver } from '../../flows/sign-out.ts';
import { Refusal } from '../../model/reasons.ts';
import type { WebTokens } from '../../sessions/jwt.ts';
import { verify } from '../../sessions/verify.ts';
import { signOut as texts } from '../../texts/api.ts';
import { json, withCookies } from '../answers.ts';
import { refuseCredential } from '../authenticate.ts';
import { readBody } from '../body.ts';
import type { Call } from '../call.ts';
import {
  boundCookieName,
  noSessionCookies,
  noTokenCookies,
  readCookie,
  refreshCookieIn,
  sessionCookieName,
} from '../cookies.ts';
import { isOriginAllowed } from '../origin.ts';

/** Ends the caller's session, by key or by cookie or by both. A dead one is as good as none. */
export async function logout(call: Call): Promise<Response> {
  const { parts, who, withheld, headers } = call;
  // It is live, and stays so: its holder must not take it for ended.
  if (withheld !== null) return refuseCredential(call, withheld);
  if (parts.jwt !== null) return await signOutByToken(call, parts.jwt);
  if (who === null && !parts.settings.wire.cookie) return json(400, { detail: texts.notSignedIn }, headers);
  const { cookies } = await endShown(call);
  return withCookies(json(200, { detail: texts.done }, headers), cookies);
}

/** Ends what the caller has shown, live or over; and how its cookie is taken back, where there is one. */
async function endShown(call: Call): Promise<{ readonly isEnded: boolean; readonly cookies: readonly string[] }> {
  const { parts, who, refused, request } = call;
  if (who !== null) await endOwn(parts, who.session);
  else if (refused !== null) await signOutOver(parts, refused);
  const isEnded = who !== null || (refused !== null && refused.sessionId !== null);
  const cookie = readCookie(request.headers.get('cookie'), sessionCookieName(parts.settings));
  if (cookie === null) return { isEnded, cookies: [] };
  const isSame = who?.via === 'cookie' && parts.jwt === null;
  const isCarriedEnded = isSame || (await endCarried(call, cookie));
  return { isEnded: isEnded || isCarriedEnded, cookies: noSessionCookies(parts.settings, request) };
}

/** The cookie beside a key, dead or alive, may be another session's: it is the caller's own all the same. Whether it is over. */
async function endCarried({ parts, request }: Call, cookie: string): Promise<boolean> {
  const carried = await verify(parts, cookie);
  if (!carried.live) {
    await signOutOver(parts, carried);
    return carried.sessionId !== null;
  }
  // Whoever has copied the token of a bound session cannot end it either.
  const { session, now } = carried;
  const beside = readCookie(request.headers.get('cookie'), boundCookieName(parts.settings));
  const isTheirs = session.binding?.kind === 'dbsc' && 'until' in parts.boundCookies.read(session.id, beside, now);
  if (session.binding !== null && !isTheirs) return false;
  await endOwn(parts, session);
  return true;
}

/** `GET logout/` signs out only where the settings say so; the recorded server lists the method in any case. */
export async function logoutOnGet(call: Call): Promise<Response> {
  const { settings } = call.parts;
  if (!settings.wire.logoutOnGet) throw new Refusal('method_not_allowed');
  // Here a GET changes something, and a picture on somebody else's page must not be able to send one.
  if (!isOriginAllowed(settings, call.request.headers)) throw new Refusal('origin_not_allowed');
  return await logout(call);
}

/**
 * Ends whatever the caller shows: the access token's session, the cookie's, and that of a refresh token in the body or in its cookie.
 * Nobody is told to be signed out who shows nothing but an access token that is over: its session goes on.
 */
async function signOutByToken(call: Call, jwt: WebTokens): Promise<Response> {
  const { parts, refused } = call;
  const shown = await endShown(call);
  const refreshed = await Promise.all((await refreshTokensIn(call)).map((token) => endByRefresh(call, jwt, token)));
  const isEnded = shown.isEnded || refreshed.includes(true);
  if (!isEnded && refused?.code === 'token_expired') {
    return refuseCredential(call, { kind: 'dead', refused, via: 'header', jwt: 'expired' });
  }
  const answer = json(200, { detail: texts.done }, call.headers);
  return withCookies(answer, [...shown.cookies, ...noTokenCookies(parts.settings)]);
}

/** A body that cannot be read stops nobody from signing out. */
async function refreshTokensIn(call: Call): Promise<readonly string[]> {
  const { request, parts } = call;
  const body = request.method === 'POST' ? await readBody(request).catch(() => null) : null;
  const given = body?.get('refresh');
  return [given, refreshCookieIn(parts.settings, request.headers.get('cookie'))].filter(
    (token) => typeof token === 'string',
  );
}

/** Whether it was, or is by now, signed out. */
async function endByRefresh({ parts }: Call, jwt: WebTokens, token: string): Promise<boolean> {
  const checked = await jwt.check(parts, token, ['refresh']);
  if (checked.live) await endOwn(parts, checked.checked.session);
  else await signOutOver(parts, checked.refused);
  return checked.live || checked.refused.sessionId !== null;
}
