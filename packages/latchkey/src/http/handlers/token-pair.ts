/** What a sign-in is answered with in JWT mode, as dj-rest-auth has it. */
import { readToken } from '../../crypto/token.ts';
import type { SignedIn } from '../../flows/complete-sign-in.ts';
import { issueTokens } from '../../flows/refresh-session.ts';
import type { IssuedToken, WebTokens } from '../../sessions/jwt.ts';
import { json, withCookies } from '../answers.ts';
import type { Call } from '../call.ts';
import { tokenCookies } from '../cookies.ts';
import { cookiesFor } from '../sign-in-cookies.ts';
import { isoTime } from '../time.ts';
import { accountBody } from './account.ts';

const CREATED = 201;

/** Of a sign-in: both tokens and whose they are. Of a registration dj-rest-auth tells the refresh token in any case, and sets no cookies. */
export async function answerTokens(
  call: Call,
  jwt: WebTokens,
  signedIn: SignedIn,
  { status, more }: { readonly status: number; readonly more: Readonly<Record<string, unknown>> },
): Promise<Response> {
  const { parts, headers, request } = call;
  const { settings } = parts;

  const pair = await issueTokens(parts, jwt, { session: signedIn.session, handle: handleOf(signedIn.token) });
  const isNew = status === CREATED;
  const body = {
    access: pair.access.token,
    refresh: isNew || !jwt.settings.httpOnly ? pair.refresh.token : '',
    user: accountBody(signedIn.account),
    ...(jwt.settings.returnExpiration && !isNew && expirations(pair.access, pair.refresh)),
    ...{ device: signedIn.deviceToken, ...more },
  };
  const cookies = [
    ...(isNew ? [] : tokenCookies(settings, pair)),
    ...(settings.wire.cookie ? cookiesFor(settings, request, signedIn) : []),
  ];
  return withCookies(json(status, body, headers), cookies);
}

/** When tokens are over, as dj-rest-auth tells it. */
export function expirations(access: IssuedToken, refresh: IssuedToken | null): Readonly<Record<string, string>> {
  return {
    access_expiration: isoTime(access.expiresAt),
    ...(refresh !== null && { refresh_expiration: isoTime(refresh.expiresAt) }),
  };
}

/** Of a session's own token its hash is enough to find it. */
function handleOf(token: string): Uint8Array {
  const read = readToken(token);
  if (read === null) throw new Error('A session was opened with what is no token.');
  return read.hash;
}
