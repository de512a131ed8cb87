/** What a step is expected to answer and to bring about: at first as recorded, then as the departures have it. */
import type { Code } from 'latchkey';
import { isObject, type Json } from './json.ts';
import type { Profile } from './profile.ts';
import type { RecordedMail, RecordedStep } from './recording.ts';

export type ExpectedBody =
  | { readonly kind: 'json'; readonly value: Json }
  /** JSON of the status's usual shape, where the recording has a page of the browsable API. */
  | { readonly kind: 'some-json' }
  /** JSON whose `detail` tells, in words of our own, why a body is no JSON. */
  | { readonly kind: 'json-complaint' }
  | { readonly kind: 'text'; readonly text: string }
  /** Some page: its words are tested elsewhere. */
  | { readonly kind: 'page' }
  | { readonly kind: 'none' };

/** What becomes of the browser's session cookie. */
export type CookieEffect =
  | { readonly kind: 'untouched' }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'set'; readonly as: string };

/** A cookie of JWT mode as an answer sets it, or takes it back (`value` is `''`). `Secure` follows the origin here. */
export type TokenCookie = {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain: string | null;
  readonly sameSite: string;
  readonly maxAge: number;
  /** Of one that is taken back it does not matter. */
  readonly isHttpOnly: boolean;
};

export type MailKind =
  | 'verify-email'
  | 'reset-password'
  | 'password-changed'
  | 'address-in-use'
  | 'social-connected'
  | 'social-disconnected';

export type ExpectedMail = {
  readonly kind: MailKind;
  readonly to: string;
  /** The placeholder that the link's secret binds; null for a mail without one, or one that is not used again. */
  readonly secret: string | null;
  /** The placeholder of the account's number in the link, or null. */
  readonly uid: string | null;
};

export type Expected = {
  readonly status: number;
  readonly contentType: string | null;
  /** The methods that `Allow` must have among its own. */
  readonly allow: readonly string[];
  readonly authenticate: string | null;
  readonly location: string | null;
  /** null where nothing was recorded: having it is no harm. */
  readonly frameOptions: string | null;
  readonly contentTypeOptions: string | null;
  /** How many seconds a client is told to wait at most; null where it is not told to. */
  readonly waitSeconds: number | null;
  readonly body: ExpectedBody;
  readonly cookie: CookieEffect;
  /** By their names. */
  readonly tokenCookies: readonly TokenCookie[];
  readonly mails: readonly ExpectedMail[];
  readonly users: number;
  /** null where the recorded project did not count them. */
  readonly verified: number | null;
  /** The header `Latchkey-Reason`; `unsaid` for answers that have none, `any` where it is not told what is wrong. */
  readonly reason: Code | 'unsaid' | 'any';
};

/** Where the counts of the replay are apart from the recorded ones by now, and rightly so. */
export type Apart = { readonly users: number; readonly verified: number };

/** The answer as it was recorded, without a reason: that is added when all else is settled. */
export function recordedAnswer(step: RecordedStep, profile: Profile, apart: Apart): Expected {
  const { status, headers, body } = step.response;
  return {
    status,
    contentType: headers['Content-Type'] ?? null,
    allow: (headers['Allow'] ?? '').split(', ').filter((method) => method !== ''),
    authenticate: headers['WWW-Authenticate'] ?? null,
    location: headers['Location'] ?? null,
    frameOptions: headers['X-Frame-Options'] ?? null,
    contentTypeOptions: headers['X-Content-Type-Options'] ?? null,
    waitSeconds: headers['Retry-After'] === undefined ? null : profile.throttleSeconds,
    body: bodyOf(body, headers['Content-Type'] ?? ''),
    cookie: cookieEffect(step.response.cookies),
    tokenCookies: tokenCookiesIn(step.response.cookies, profile),
    mails: step.mails.map(mailOf),
    users: step.users + apart.users,
    verified: step.verified === null ? null : step.verified + apart.verified,
    reason: 'unsaid',
  };
}

function bodyOf(body: Json, contentType: string): ExpectedBody {
  if (body === '') return { kind: 'none' };
  if (contentType.startsWith('text/html')) return { kind: 'page' };
  if (contentType.startsWith('application/json')) return { kind: 'json', value: body };
  return { kind: 'text', text: String(body) };
}

/** Of Django's cookies, the session's counts; `csrftoken` and `messages` have nothing that answers to them. */
function cookieEffect(cookies: readonly string[]): CookieEffect {
  const session = cookies.find((cookie) => cookie.startsWith('sessionid='));
  if (session === undefined) return { kind: 'untouched' };
  const value = session.slice('sessionid='.length).split(';')[0] ?? '';
  return value === '""' || value === '' ? { kind: 'cleared' } : { kind: 'set', as: value };
}

/** Those among an answer's cookies that JWT mode sets. */
export function tokenCookiesIn(cookies: readonly string[], { jwt }: Pick<Profile, 'jwt'>): readonly TokenCookie[] {
  const names = [jwt?.cookie, jwt?.refreshCookie];
  return tokenCookiesOf(cookies).filter(({ name }) => names.includes(name));
}

export function tokenCookiesOf(cookies: readonly string[]): readonly TokenCookie[] {
  return cookies.map(tokenCookieOf).toSorted((one, other) => one.name.localeCompare(other.name));
}

function tokenCookieOf(cookie: string): TokenCookie {
  const [pair = '', ...terms] = cookie.split('; ');
  const term = (name: string): string | null =>
    terms.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const equals = pair.indexOf('=');
  const value = pair.slice(equals + 1);
  return {
    name: pair.slice(0, equals),
    value: value === '""' ? '' : value,
    path: term('Path') ?? '',
    domain: term('Domain'),
    sameSite: term('SameSite') ?? '',
    maxAge: Number(term('Max-Age')),
    isHttpOnly: terms.includes('HttpOnly'),
  };
}

function mailOf({ to, body }: RecordedMail): ExpectedMail {
  const placeholder = (pattern: RegExp): string | null => pattern.exec(body)?.[0] ?? null;
  const key = placeholder(/<email-key\d*>/);
  const token = placeholder(/<reset-token\d*>/);
  return {
    kind: key === null ? 'reset-password' : 'verify-email',
    to,
    secret: key ?? token,
    uid: placeholder(/<uid\d*>/),
  };
}

/** The text under `detail`, or the one message under `non_field_errors`, or null. */
export function messageIn({ body }: Expected, name: 'detail' | 'non_field_errors'): string | null {
  if (body.kind !== 'json' || !isObject(body.value)) return null;
  const value = body.value[name];
  const [only] = Array.isArray(value) ? value : [value];
  return typeof only === 'string' ? only : null;
}

/** Is this field errors, and nothing but these? */
export function isFieldErrors({ status, body }: Expected, errors: Readonly<Record<string, string>>): boolean {
  if (status !== 400 || body.kind !== 'json') return false;
  const expected = Object.fromEntries(Object.entries(errors).map(([name, message]) => [name, [message]]));
  return JSON.stringify(body.value) === JSON.stringify(expected);
}

/** The same status and the same body, whatever key it carries. */
export function isAlike(one: Expected, other: Expected): boolean {
  return shapeOf(one) === shapeOf(other);
}

function shapeOf({ status, body }: Expected): string {
  const hasKey =
    body.kind === 'json' &&
    status < 300 &&
    isObject(body.value) &&
    ['key', 'token', 'access'].some((name) => name in (body.value as object));
  return JSON.stringify([status, hasKey && isObject(body.value) ? Object.keys(body.value) : body]);
}
