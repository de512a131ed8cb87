/** What signing in and signing up end with: cookies of their own, and the browser's former session over. */
import type { SignedIn } from '../flows/complete-sign-in.ts';
import { signOut } from '../flows/sign-out.ts';
import { callerOf } from '../http/caller.ts';
import { deviceCookieName, readCookie } from '../http/cookies.ts';
import { type Offered, offerFor } from '../http/session-offer.ts';
import { cookiesFor } from '../http/sign-in-cookies.ts';
import type { Caller } from '../sessions/admit.ts';
import { deviceTokenFor, rememberedTokens } from '../sessions/device-token.ts';
import { type Form, landingFor, sendOn, type Visit } from './visit.ts';

/** Who asks to come in. A browser that is signed in is the device of that session, whatever became of its other cookie. */
export async function visitingCaller(visit: Visit): Promise<Caller> {
  const { request, parts, visitor } = visit;
  const carried = readCookie(request.headers.get('cookie'), deviceCookieName(parts.settings));
  const { accountId, device, openedRevision: revision } = visitor?.who.session ?? NOBODY;
  const deviceTokens =
    device.id === null
      ? carried
      : rememberedTokens(carried, deviceTokenFor(parts.keys, accountId, { id: device.id, revision }));
  return await callerOf(parts, visit, { deviceTokens, client: null, binding: null });
}

const NOBODY = { accountId: 0, device: { id: null }, openedRevision: 0 };

/** Lets somebody in who has a session now: a new cookie, and on to where they were going. */
export async function enter(
  visit: Visit,
  signedIn: SignedIn,
  form: Form,
  taken: readonly string[] = [],
): Promise<Response> {
  const { to, ...shown } = await entered(visit, signedIn, form, taken);
  return sendOn(visit, to, { status: 302, ...shown });
}

/** The same, for whoever is shown something before they go on. */
export async function entered(
  visit: Visit,
  signedIn: SignedIn,
  form: Form,
  taken: readonly string[],
): Promise<Offered & { readonly to: string }> {
  const { parts, visitor, request } = visit;
  const former = visitor?.who.session ?? null;
  // Of the same account and device, it was replaced at the door. Any other would live on in a cookie that nobody has any more.
  const isReplaced = former?.accountId === signedIn.account.id && former.device.id === signedIn.session.device.id;
  if (former !== null && !isReplaced) await signOut(parts, former);
  const offered = offerFor(parts, request, signedIn);
  const cookies = [...cookiesFor(parts.settings, request, signedIn), ...offered.cookies, ...taken];
  return { cookies, headers: offered.headers, to: landingFor(visit, form, signedIn.session.roles) };
}
