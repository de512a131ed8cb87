/** The one place that answers. Flows return or throw; here it becomes a status, a body and headers. */
import { type Code, Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import { StoreUnavailable } from '../stores/store.ts';
import { account, credential, request, signIn, trouble } from '../texts/api.ts';

type Kind = {
  readonly status: number;
  readonly text: string /** Under `non_field_errors`, as the recorded server has it. */;
  readonly isFieldless?: true;
};

/** Every code with its status and its safe text. A text that depends on something is given where the refusal is made. */
const kinds: Readonly<Record<Code, Kind>> = {
  session_displaced: { status: 401, text: credential.invalid },
  session_expired: { status: 401, text: credential.invalid },
  signed_out: { status: 401, text: credential.invalid },
  session_revoked: { status: 401, text: credential.invalid },
  password_changed: { status: 401, text: credential.invalid },
  account_disabled: { status: 401, text: credential.accountDisabled },
  invalid_token: { status: 401, text: credential.invalid },
  not_authenticated: { status: 401, text: credential.missing },
  invalid_credentials: { status: 400, text: signIn.invalid, isFieldless: true },
  email_not_verified: { status: 400, text: signIn.emailNotVerified, isFieldless: true },
  invalid_input: { status: 400, text: '', isFieldless: true },
  too_many_attempts: { status: 429, text: '' },
  too_many_streams: { status: 429, text: request.tooManyStreams },
  registration_closed: { status: 403, text: account.registrationClosed },
  not_found: { status: 404, text: request.notFound },
  origin_not_allowed: { status: 403, text: request.originNotAllowed },
  method_not_allowed: { status: 405, text: '' },
  not_acceptable: { status: 406, text: request.notAcceptable },
  unsupported_media_type: { status: 415, text: '' },
  parse_error: { status: 400, text: '' },
  body_too_large: { status: 413, text: '' },
  busy: { status: 503, text: trouble.busy },
  rule_mismatch: { status: 503, text: trouble.ruleMismatch },
  store_unavailable: { status: 503, text: trouble.storeUnavailable },
  internal_error: { status: 500, text: trouble.internal },
};

/** The status of a code's answer. */
export function statusOf(code: Code): number {
  return kinds[code].status;
}

export type Headers = Readonly<Record<string, string>>;

/** What every answer says about itself. Kept as plain records: adding to a `Headers` object costs several times as much. */
export function baseHeaders(settings: Settings): Headers {
  return {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Vary: 'Accept, Cookie, Origin',
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(settings.origin.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
  };
}

export function json(status: number, body: unknown, headers: Headers): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** Answers without a body, which have no type either. */
export function empty(status: number, headers: Headers): Response {
  const { 'Content-Type': _, ...rest } = headers;
  return new Response(null, { status, headers: rest });
}

/** An answer with cookies; several headers of one name need a list. */
export function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('Set-Cookie', cookie);
  return response;
}

export type RefusalAnswer = {
  readonly code: Code;
  /** What is said instead of the code's own text. */
  readonly detail?: string;
  /** More keys beside `detail`. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Headers;
};

/** The body of a refusal. */
export function bodyOf({ code, detail, more }: RefusalAnswer): Readonly<Record<string, unknown>> {
  const { text, isFieldless } = kinds[code];
  const said = detail ?? text;
  return isFieldless === true ? { non_field_errors: [said] } : { detail: said, code, ...more };
}

/** A refusal: `detail` as the recorded server words it, `code` beside it and in the header `Latchkey-Reason`. */
export function refuse(settings: Settings, base: Headers, answer: RefusalAnswer): Response {
  const kind = kinds[answer.code];
  const isSignedOut = kind.status === 401;
  const status = isSignedOut ? settings.wire.signedOutStatus : kind.status;
  return json(status, bodyOf(answer), {
    ...base,
    ...(status === 401 && { 'WWW-Authenticate': 'Token' }),
    'Latchkey-Reason': answer.code,
    ...answer.headers,
  });
}

/** What went wrong, as an answer; `report` hears of what should not have happened. */
export function answerError(
  settings: Settings,
  base: Headers,
  error: unknown,
  { method, report }: { readonly method: string; readonly report: (error: unknown) => void },
): Response {
  if (error instanceof Refusal) return answerRefusal(settings, base, error, method);
  report(error);
  if (error instanceof StoreUnavailable) {
    return refuse(settings, base, { code: 'store_unavailable', headers: { 'Retry-After': '1' } });
  }
  return refuse(settings, base, { code: 'internal_error' });
}

function answerRefusal(settings: Settings, base: Headers, refusal: Refusal, method: string): Response {
  const { code, fields, retryAfterSeconds } = refusal;
  if (fields !== null) return json(400, fields, { ...base, 'Latchkey-Reason': code });
  const headers = retryAfterSeconds === null ? {} : { 'Retry-After': String(retryAfterSeconds) };
  const details: Partial<Record<Code, string>> = {
    too_many_attempts: request.throttled(retryAfterSeconds ?? 1),
    method_not_allowed: request.methodNotAllowed(method),
  };
  const given = refusal.message === code ? undefined : refusal.message;
  return refuse(settings, base, { code, headers, detail: details[code] ?? given ?? kinds[code].text });
}
