import type { Settings } from '../model/settings.ts';
import type { IssuedToken } from '../sessions/jwt.ts';

/**
 * The session's token; what a browser shows beside it once the session is bound to a key of the browser's; and the device tokens that
 * let a browser take its own place again. Over https they bear the `__Host-` prefix (RFC 6265bis, 4.1.3.2); plain http, which is for development, can have neither prefix nor `Secure`.
 */
function prefixed(settings: Settings, name: string): string {
  return isSecure(settings) ? `__Host-${name}` : name;
}

export function isSecure(settings: Settings): boolean {
  return settings.origin.startsWith('https:');
}

export function sessionCookieName(settings: Settings): string {
  return prefixed(settings, 'latchkey');
}

export function boundCookieName(settings: Settings): string {
  return prefixed(settings, 'latchkey-bound');
}

export function deviceCookieName(settings: Settings): string {
  return prefixed(settings, 'latchkey-device');
}

/** Browsers keep no cookie longer (RFC 6265bis, 5.5). */
const DEVICE_SECONDS = 400 * 24 * 3600;

export function sessionCookie(settings: Settings, token: string): string {
  const seconds = Math.floor(settings.sessions.lifetimeMs / 1000);
  return cookie(settings, sessionCookieName(settings), token, seconds);
}

export function boundCookie(settings: Settings, value: string, lifetimeMs: number): string {
  return cookie(settings, boundCookieName(settings), value, Math.floor(lifetimeMs / 1000));
}

/** What it has beside its value and its age. */
export const BOUND_COOKIE_ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Lax; Secure';

export function deviceCookie(settings: Settings, tokens: string): string {
  return cookie(settings, deviceCookieName(settings), tokens, DEVICE_SECONDS);
}

/** The name of a cookie that carries a mailed link's secret for a while, so that it stands in no address. */
export function linkCookieName(settings: Settings, purpose: LinkPurpose): string {
  return prefixed(settings, purpose === 'reset' ? 'latchkey-link' : `latchkey-${purpose}`);
}

/** `mail` is what a link that signs in carries, `asked` the ticket of the browser that asked for it. */
export type LinkPurpose =
  | 'reset'
  | 'verify'
  | 'invitation'
  | 'ticket'
  | 'choice'
  | 'approval'
  | 'passkey'
  | 'mail'
  | 'asked'
  | 'email'
  | 'undo'
  | 'not-me'
  | 'provider'
  | 'provider-name';

/** With no value, it is taken back. */
export function linkCookie(settings: Settings, purpose: LinkPurpose, value: string | null, lifetimeMs = 0): string {
  const seconds = value === null ? 0 : Math.floor(lifetimeMs / 1000);
  return cookie(settings, linkCookieName(settings, purpose), value ?? '', seconds);
}

/** Takes the session's cookie back, and with it what stood beside it. */
export function noSessionCookies(settings: Settings, { headers }: Request): readonly string[] {
  const names = [sessionCookieName(settings)];
  if (readCookie(headers.get('cookie'), boundCookieName(settings)) !== null) names.push(boundCookieName(settings));
  return names.map((name) => cookie(settings, name, '', 0));
}

/** The cookies that JWT mode sets, as its settings have them: those of what was issued. */
export function tokenCookies(
  settings: Settings,
  { access, refresh }: { readonly access: IssuedToken; readonly refresh: IssuedToken | null },
): readonly string[] {
  const cookies = settings.jwt?.cookies;
  return [
    ...(cookies?.access == null ? [] : [tokenCookie(settings, 'access', access)]),
    ...(cookies?.refresh == null || refresh === null ? [] : [tokenCookie(settings, 'refresh', refresh)]),
  ];
}

/** The same taken back; none where there are none. */
export function noTokenCookies(settings: Settings): readonly string[] {
  const cookies = settings.jwt?.cookies;
  const over = { token: '', expiresAt: 0 };
  return (['access', 'refresh'] as const)
    .filter((kind) => cookies?.[kind] != null)
    .map((kind) => tokenCookie(settings, kind, over));
}

/** The refresh token that a browser sent; null where there is none. */
export function refreshCookieIn({ jwt }: Settings, header: string | null): string | null {
  const name = jwt?.cookies.refresh ?? null;
  const token = name === null ? null : readCookie(header, name);
  return token === '' ? null : token;
}

/** Not under the `__Host-` prefix: its name, its path and its domain are what the shop's clients know. */
function tokenCookie({ jwt, origin }: Settings, kind: 'access' | 'refresh', { token, expiresAt }: IssuedToken): string {
  if (jwt === null) throw new Error('There are no tokens where JWT mode is off.');
  const { cookies, httpOnly, accessMs, refreshMs } = jwt;
  const lifetimeMs = kind === 'access' ? accessMs : refreshMs;
  const parts = [
    `${cookies[kind]}=${token}`,
    ...(cookies.domain === null ? [] : [`Domain=${cookies.domain}`]),
    ...(httpOnly ? ['HttpOnly'] : []),
    `Max-Age=${expiresAt === 0 ? 0 : Math.floor(lifetimeMs / 1000)}`,
    `Path=${kind === 'access' ? '/' : cookies.refreshPath}`,
    `SameSite=${cookies.sameSite}`,
    ...(origin.startsWith('https:') ? ['Secure'] : []),
  ];
  return parts.join('; ');
}

function cookie(settings: Settings, name: string, value: string, maxAgeSeconds: number): string {
  const secure = isSecure(settings) ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** The value of a cookie; null where it is missing, and where it is there twice with two values: one of them is not ours. */
export function readCookie(header: string | null, name: string): string | null {
  if (header === null) return null;
  let found: string | null = null;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    if (found !== null && found !== value) return null;
    found = value;
  }
  return found;
}
