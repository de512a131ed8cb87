import { DEVICE_ALGORITHMS } from '../credentials/dbsc.ts';
import type { SignedIn } from '../flows/complete-sign-in.ts';
import type { Parts } from '../flows/parts.ts';
import { BOUND_COOKIE_MS } from '../sessions/bound-cookies.ts';
import type { Headers } from './answers.ts';
import { boundCookie } from './cookies.ts';

/** Where browsers bind their sessions, below the base path, and where they renew the cookie for it. */
export const REGISTER_PATH = '/dbsc/register/';
export const REFRESH_PATH = '/dbsc/refresh/';

/** What an answer has more by which a browser is let in. */
export type Offered = { readonly headers: Headers; readonly cookies: readonly string[] };

const NOTHING: Offered = { headers: {}, cookies: [] };

/**
 * Asks the browser that is let in to bind its session to a key, where it can: what a browser does not know it passes over. On what
 * another site made it ask for it will bring no cookie when it does (`SameSite`): a code that stands in no other answer is enough there.
 */
export function offerFor(
  { settings, boundCookies }: Pick<Parts, 'settings' | 'boundCookies'>,
  { headers }: Request,
  { session, token }: Pick<SignedIn, 'session' | 'token'>,
): Offered {
  const offer = boundCookies.offer(session, token, headers.get('sec-fetch-site') !== 'cross-site');
  if (offer === null) return NOTHING;
  const { authorization, challenge, cookie } = offer;
  const path = settings.basePath + REGISTER_PATH;
  return {
    headers: {
      'Secure-Session-Registration': `(${DEVICE_ALGORITHMS});path="${path}";challenge="${challenge}";authorization="${authorization}"`,
    },
    cookies: [boundCookie(settings, cookie, BOUND_COOKIE_MS)],
  };
}
