import type { Settings } from '../model/settings.ts';
import type { HeaderSource } from './credential.ts';

/**
 * May a request that changes something come from where it says it comes from? Browsers say it in `Sec-Fetch-Site`, older ones
 * in `Origin`; whoever says neither is no browser, and has no cookies that somebody else could borrow.
 */
export function isOriginAllowed(settings: Settings, headers: HeaderSource): boolean {
  const origin = headers.get('origin');
  if (origin !== null && settings.corsOrigins.includes(origin)) return true;
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  return origin === null || origin === settings.origin;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Does a request only look (RFC 9110, 9.2.1)? One that would become a socket does not, whatever its method: browsers let every
 * site open those, with our cookies (RFC 6455, 10.2).
 */
export function isSafe(method: string, headers: HeaderSource): boolean {
  return SAFE_METHODS.has(method) && headers.get('upgrade') === null;
}
