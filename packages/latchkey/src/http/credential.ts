import { djangoSessionToken } from '../crypto/token.ts';
import type { JwtSettings } from '../model/jwt.ts';
import type { Settings } from '../model/settings.ts';
import { jwt as jwtTexts, credential as texts } from '../texts/api.ts';
import { readCookie, sessionCookieName } from './cookies.ts';

/** What a request brings to say who it comes from. */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string; readonly via: 'header' | 'cookie'; readonly isDpop: boolean }
  /** An access token of JWT mode, or what stands where one would. */
  | { readonly kind: 'jwt'; readonly token: string; readonly via: 'header' | 'cookie' }
  /** A header that names one of our schemes and carries no token. */
  | { readonly kind: 'malformed'; readonly detail: string };

/** Where headers are read from: a `Request`'s, or a plain record as `node:http` has it. */
export type HeaderSource = { get(name: string): string | null };

const NONE: Presented = { kind: 'none' };
const SCHEME = /^(?:token|bearer|dpop)$/i;
const USUAL_LENGTH = 128;
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * What stands where nearly every client writes its token, whatever it is; null where nothing does. What has a blank in it is none: by
 * such a text a cookie of Django's is known.
 */
export function usualToken(header: string | null): string | null {
  if (header === null || header.length > USUAL_LENGTH) return null;
  const end = header.indexOf(' ') + 1;
  const scheme = header.slice(0, end);
  if (scheme !== 'Token ' && scheme !== 'Bearer ') return null;
  return header.indexOf(' ', end) < 0 ? header.slice(end) : null;
}

/** The header where there is one of our schemes, else the cookie: the two are never mixed. */
export function presentedCredential(settings: Settings, headers: HeaderSource): Presented {
  const authorization = settings.wire.key ? headers.get('authorization') : null;
  const fromHeader = authorization === null ? NONE : fromAuthorization(authorization);
  if (fromHeader.kind !== 'none') return fromHeader;
  const access = settings.jwt === null ? NONE : presentedAccess(settings.jwt, headers);
  if (access.kind !== 'none') return access;
  const cookies = headers.get('cookie');
  const token = readCookie(cookies, sessionCookieName(settings)) ?? tokenOfDjango(settings, cookies);
  return token === null ? NONE : { kind: 'token', token, via: 'cookie', isDpop: false };
}

/** As djangorestframework-simplejwt and dj-rest-auth read it: `Bearer` in these letters, and the cookie only where there is no header. */
function presentedAccess({ cookies }: JwtSettings, headers: HeaderSource): Presented {
  const authorization = headers.get('authorization');
  if (authorization !== null) return bearerIn(authorization);
  const token = cookies.access === null ? null : readCookie(headers.get('cookie'), cookies.access);
  return token === null || token === '' ? NONE : { kind: 'jwt', token, via: 'cookie' };
}

function bearerIn(header: string): Presented {
  const [scheme, token, ...rest] = header.split(/[ \t]+/).filter((word) => word !== '');
  if (scheme !== 'Bearer') return NONE;
  if (token === undefined || rest.length > 0) return { kind: 'malformed', detail: jwtTexts.malformedHeader };
  return { kind: 'jwt', token, via: 'header' };
}

/** A browser that was signed in to Django, and has not been here to sign in since. */
function tokenOfDjango({ django: { sessionCookie } }: Settings, cookies: string | null): string | null {
  const key = sessionCookie === null ? null : readCookie(cookies, sessionCookie);
  return key === null ? null : djangoSessionToken(key);
}

/** `Token K`, `Bearer K` or `DPoP K`, the scheme in any case, with any run of blanks between (as Django REST framework splits it). */
function fromAuthorization(header: string): Presented {
  const usual = usualToken(header);
  if (usual !== null && VISIBLE.test(usual)) return { kind: 'token', token: usual, via: 'header', isDpop: false };
  const words = header.split(/[ \t]+/).filter((word) => word !== '');
  const [scheme, token, ...rest] = words;
  if (scheme === undefined || !SCHEME.test(scheme)) return NONE;
  if (token === undefined) return { kind: 'malformed', detail: texts.emptyHeader };
  if (rest.length > 0) return { kind: 'malformed', detail: texts.headerWithSpaces };
  if (!isUtf8(token)) return { kind: 'malformed', detail: texts.headerNotText };
  return { kind: 'token', token, via: 'header', isDpop: /^dpop$/i.test(scheme) };
}

/** Header values arrive as one letter per byte. */
function isUtf8(text: string): boolean {
  if (/^[\x20-\x7e]*$/.test(text)) return true;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
    return true;
  } catch {
    return false;
  }
}
