/**
 * A mailed link's secret, moved to a cookie before any page is shown: it stands in no address that a page could pass on, that a
 * history keeps or that a proxy writes down after the first one.
 */
import { type LinkPurpose, linkCookie, linkCookieName, readCookie } from '../http/cookies.ts';
import { sendOn, type Visit } from './visit.ts';

const SECRET = /^[\w.:-]{1,200}$/;

/** Moves it, and sends the browser on to the page; null for what no link of ours carries. */
export function carrySecret(
  visit: Visit,
  carried: { readonly purpose: LinkPurpose; readonly secret: string; readonly lifetimeMs: number; readonly to: string },
): Response | null {
  const { purpose, secret, lifetimeMs, to } = carried;
  if (!SECRET.test(secret)) return null;
  return sendOn(visit, to, { cookies: [linkCookie(visit.parts.settings, purpose, secret, lifetimeMs)] });
}

/** The secret that the browser carries, or null. */
export function carriedSecret({ parts, request }: Visit, purpose: LinkPurpose): string | null {
  const value = readCookie(request.headers.get('cookie'), linkCookieName(parts.settings, purpose));
  return value !== null && SECRET.test(value) ? value : null;
}

/** The cookie that takes it back. */
export function dropSecret({ parts }: Visit, purpose: LinkPurpose): string {
  return linkCookie(parts.settings, purpose, null);
}
