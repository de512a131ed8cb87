import type { SignedIn } from '../flows/complete-sign-in.ts';
import type { Settings } from '../model/settings.ts';
import { rememberedTokens } from '../sessions/device-token.ts';
import { deviceCookie, deviceCookieName, readCookie, sessionCookie } from './cookies.ts';

/** What a browser keeps of a sign-in: the session, unless its token is not enough, and the device beside those of its other accounts. */
export function cookiesFor(settings: Settings, request: Request, signedIn: SignedIn): readonly string[] {
  const carried = readCookie(request.headers.get('cookie'), deviceCookieName(settings));
  const tokens = rememberedTokens(carried, signedIn.deviceToken);
  const device = deviceCookie(settings, tokens);
  return signedIn.session.binding === null ? [sessionCookie(settings, signedIn.token), device] : [device];
}
