/** What a recorded request asks for: which route, with which fields, on whose behalf. */
import { isObject, type Json, parseJson } from './json.ts';
import type { RecordedRequest } from './recording.ts';

export type Route =
  | 'login'
  | 'signin'
  | 'token'
  | 'logout'
  | 'user'
  | 'password-change'
  | 'password-reset'
  | 'reset-confirm'
  | 'registration'
  | 'verify-email'
  | 'resend-email'
  | 'confirm-page'
  | 'sent-page'
  | 'login-page'
  | 'logout-page'
  | 'social-login'
  | 'social-connect'
  | 'social-list'
  | 'social-disconnect'
  | 'token-verify'
  | 'token-refresh'
  | 'whoami'
  | 'home'
  | 'other';

const ROUTES: readonly (readonly [pattern: RegExp, route: Route])[] = [
  [/^\/auth\/login\/$/, 'login'],
  [/^\/auth\/signin\/$/, 'signin'],
  [/^\/api\/token\/$/, 'token'],
  [/^\/auth\/logout\/$/, 'logout'],
  [/^\/auth\/user\/$/, 'user'],
  [/^\/auth\/password\/change\/$/, 'password-change'],
  [/^\/auth\/password\/reset\/$/, 'password-reset'],
  [/^\/auth\/password\/reset\/confirm\/$/, 'reset-confirm'],
  [/^\/auth\/registration\/$/, 'registration'],
  [/^\/auth\/registration\/verify-email\/$/, 'verify-email'],
  [/^\/auth\/registration\/resend-email\/$/, 'resend-email'],
  [/^\/auth\/registration\/account-confirm-email\/[^/]+\/$/, 'confirm-page'],
  [/^\/auth\/registration\/account-email-verification-sent\/$/, 'sent-page'],
  [/^\/auth\/social(?:\/accounts|accounts)\/$/, 'social-list'],
  [/^\/auth\/social(?:\/accounts|accounts)\/\d+\/disconnect\/$/, 'social-disconnect'],
  [/^\/auth\/social\/[^/]+\/connect\/$/, 'social-connect'],
  [/^\/auth\/social\/[^/]+\/$/, 'social-login'],
  [/^\/auth\/token\/verify\/$/, 'token-verify'],
  [/^\/auth\/token\/refresh\/$/, 'token-refresh'],
  [/^\/api\/whoami\/$/, 'whoami'],
  [/^\/login\/$/, 'login-page'],
  [/^\/logout\/$/, 'logout-page'],
  [/^\/(?:home\/)?$/, 'home'],
];

const SIGN_IN: readonly Route[] = ['login', 'signin', 'token'];
const PROTECTED: readonly Route[] = [
  'user',
  'password-change',
  'social-connect',
  'social-list',
  'social-disconnect',
  'whoami',
];
const FORMS: readonly Route[] = ['login-page', 'logout-page'];
const ELSEWHERE: readonly Route[] = ['confirm-page', 'sent-page', 'home', 'other', ...FORMS];

/** Routes that answer with a key for a password. */
export function isSignIn(route: Route): boolean {
  return SIGN_IN.includes(route);
}

/** Routes for the signed-in alone. */
export function isProtected(route: Route): boolean {
  return PROTECTED.includes(route);
}

/** Django's own pages with a form. */
export function isForm(route: Route): boolean {
  return FORMS.includes(route);
}

/** Routes of the API that anybody may use. */
export function isOpen(route: Route): boolean {
  return !isProtected(route) && !ELSEWHERE.includes(route);
}

/** `HEAD` counts as `GET`; a body is read by its declared type. */
export type Asked = {
  readonly method: string;
  readonly route: Route;
  /** Without its query. */
  readonly path: string;
  /** The query with its question mark, or `''`. */
  readonly search: string;
  readonly hasSlash: boolean;
  /** What `?format=` asks for, or null. */
  readonly format: string | null;
  /** What `?next=` asks for, or null. */
  readonly next: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: ReadonlyMap<string, Json>;
};

export function askedBy(request: RecordedRequest): Asked {
  const path = request.path.split('?')[0] ?? '';
  const whole = path.endsWith('/') ? path : `${path}/`;
  const query = new URLSearchParams(request.path.split('?')[1] ?? '');
  return {
    method: request.method,
    route: ROUTES.find(([pattern]) => pattern.test(whole))?.[1] ?? 'other',
    path,
    search: request.path.slice(path.length),
    hasSlash: path.endsWith('/'),
    format: query.get('format'),
    next: query.get('next'),
    headers: request.headers,
    fields: fieldsOf(request),
  };
}

/** A field as the server takes it: numbers as text, outer white space taken off; null where it is no text. */
export function fieldOf(asked: Asked, name: string): string | null {
  return typedField(asked, name)?.trim() ?? null;
}

/** A field as it was typed. */
export function typedField({ fields }: Asked, name: string): string | null {
  const value = fields.get(name);
  return typeof value === 'number' ? String(value) : typeof value === 'string' ? value : null;
}

function fieldsOf({ headers, body }: RecordedRequest): ReadonlyMap<string, Json> {
  const type = headers['Content-Type'] ?? '';
  if (isObject(body)) return new Map('base64' in body ? [] : Object.entries(body));
  if (typeof body !== 'string') return new Map();
  if (type.startsWith('application/x-www-form-urlencoded')) return new Map(new URLSearchParams(body));
  if (type.startsWith('multipart/form-data')) return new Map(partsOf(body));
  return type.startsWith('application/json') ? fieldsInText(body) : new Map();
}

/** Text that was not parsed: broken, or with names twice, of which the last counts. */
function fieldsInText(body: string): ReadonlyMap<string, Json> {
  try {
    const value = parseJson(body);
    return isObject(value) ? new Map(Object.entries(value)) : new Map();
  } catch {
    return new Map();
  }
}

function partsOf(body: string): readonly (readonly [string, string])[] {
  const parts = body.matchAll(/name="([^"]*)"\r\n\r\n([\s\S]*?)\r\n--/g);
  return [...parts].map(([, name = '', value = '']) => [name, value]);
}
