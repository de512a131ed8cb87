/** The one place that answers. Flows return or throw; here it becomes a status, a body and headers. */
import { type Code, type Flaws, Refusal, worded } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import { StoreUnavailable } from '../stores/store.ts';
import {
  account,
  approval,
  chooseSession,
  credential,
  jwt,
  passkey,
  request,
  secondStep,
  signIn,
  trouble,
} from '../texts/api.ts';
import { fill, type Speech, speechIn } from '../texts/catalogue.ts';
import { flawInWords } from '../texts/flaws.ts';
import { LANGUAGES, languageFor } from '../texts/reader.ts';
import { duration } from '../texts/time.ts';

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
  token_expired: { status: 401, text: jwt.expired },
  not_authenticated: { status: 401, text: credential.missing },
  // Where somebody signs in, as RFC 9449, 5 and 8, has it; a credential that is no good is answered by 401.
  invalid_dpop_proof: { status: 400, text: credential.proofWrong },
  use_dpop_nonce: { status: 400, text: credential.nonceNeeded },
  dpop_request_unknown: { status: 401, text: credential.requestUnknown },
  invalid_dbsc_proof: { status: 400, text: credential.deviceProofWrong },
  // Browsers take any other 4xx for the end of the session.
  dbsc_challenge: { status: 403, text: credential.deviceChallenge },
  invalid_credentials: { status: 400, text: signIn.invalid, isFieldless: true },
  email_not_verified: { status: 400, text: signIn.emailNotVerified, isFieldless: true },
  second_step_required: { status: 401, text: secondStep.due },
  limit_reached: { status: 409, text: chooseSession.full },
  choose_session: { status: 409, text: chooseSession.choose },
  approval_required: { status: 409, text: approval.required },
  approval_declined: { status: 409, text: approval.declined },
  approval_expired: { status: 409, text: approval.expired },
  second_step_present: { status: 400, text: secondStep.present },
  second_step_absent: { status: 400, text: secondStep.absent },
  second_step_demanded: { status: 400, text: secondStep.demanded },
  reauthentication_required: { status: 403, text: secondStep.reauthenticate },
  last_way_in: { status: 400, text: passkey.lastWayIn },
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

/** What the API's own texts are in. */
const [OWN_LANGUAGE] = LANGUAGES;

/** What every answer says about itself. Kept as plain records: adding to a `Headers` object costs several times as much. */
export function baseHeaders({ origin, wire }: Settings): Headers {
  return {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Vary: wire.apiLanguages ? 'Accept, Cookie, Origin, Accept-Language' : 'Accept, Cookie, Origin',
    ...(wire.apiLanguages && { 'Content-Language': OWN_LANGUAGE }),
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(origin.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
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

/** What all answers to a request share. */
export type Manner = {
  readonly settings: Settings;
  /** What each of them has in any case. */
  readonly headers: Headers;
  /** The words of the reader's language; null for the API's own, which are English. */
  readonly speech: Speech | null;
};

/** The words for whoever asks, where the settings want more than the API's own. */
export async function speechFor({ wire }: Settings, acceptLanguage: string | null): Promise<Speech | null> {
  if (!wire.apiLanguages) return null;
  const language = languageFor(acceptLanguage);
  return language === OWN_LANGUAGE ? null : await speechIn(language);
}

type InWords = (speech: Speech, waitSeconds: number) => string;

// Why a session ended is said with a device and a time, which stand beside `detail`: here it is that it ended.
const signedOut: InWords = ({ words }) => words.signedOut.title;
const nobody: InWords = ({ words }) => words.signedOut.needed;
const unavailable: InWords = ({ words }) => words.errors.unavailable.text;
const wait: InWords = ({ words, language }, seconds) =>
  fill(words.errors.too_many_attempts.text, { duration: duration(language, seconds) });

/** What catalogues have for a code. What is not here is said to whoever writes a client, and stays English. */
const inWords: Partial<Readonly<Record<Code, InWords>>> = {
  session_displaced: signedOut,
  session_expired: signedOut,
  signed_out: signedOut,
  session_revoked: signedOut,
  password_changed: signedOut,
  account_disabled: ({ words }) => words.signedOut.account_disabled,
  invalid_token: nobody,
  token_expired: nobody,
  not_authenticated: nobody,
  invalid_credentials: ({ words }) => words.flaws.credentials_wrong,
  email_not_verified: ({ words }) => words.flaws.email_unverified,
  limit_reached: ({ words }) => words.chooseSession.full,
  choose_session: ({ words }) => words.chooseSession.lead,
  approval_required: ({ words }) => words.waitForApproval.lead,
  approval_declined: ({ words }) => words.waitForApproval.declined,
  approval_expired: ({ words }) => words.waitForApproval.late,
  too_many_attempts: wait,
  too_many_streams: wait,
  registration_closed: ({ words }) => words.signUp.closed,
  busy: unavailable,
  rule_mismatch: unavailable,
  store_unavailable: unavailable,
  internal_error: ({ words }) => words.errors.internal.text,
};

export type RefusalAnswer = {
  readonly code: Code;
  /** What is said instead of the code's own text, whatever language its reader has. */
  readonly detail?: string;
  /** What is said instead of the code's own text in English. */
  readonly english?: string;
  /** More keys beside `detail`. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number | null;
  /** Instead of the code's own, whatever the settings make of that. */
  readonly status?: number;
  readonly headers?: Headers;
};

/** The body of a refusal, in English. */
export function bodyOf(answer: RefusalAnswer): Readonly<Record<string, unknown>> {
  return bodyWith(answer, answer.detail ?? answer.english ?? kinds[answer.code].text);
}

function bodyWith({ code, more }: RefusalAnswer, said: string): Readonly<Record<string, unknown>> {
  return kinds[code].isFieldless === true ? { non_field_errors: [said] } : { detail: said, code, ...more };
}

/** A refusal: `detail` as the recorded server words it, `code` beside it and in the header `Latchkey-Reason`. */
export function refuse({ settings, headers, speech }: Manner, answer: RefusalAnswer): Response {
  const { code, detail, retryAfterSeconds = null } = answer;
  const kind = kinds[code];
  const status = answer.status ?? (kind.status === 401 ? settings.wire.signedOutStatus : kind.status);
  const inOthers =
    speech === null || detail !== undefined ? undefined : inWords[code]?.(speech, retryAfterSeconds ?? 1);
  return json(status, inOthers === undefined ? bodyOf(answer) : bodyWith(answer, inOthers), {
    ...headers,
    ...(inOthers !== undefined && contentLanguage(speech)),
    ...(status === 401 && { 'WWW-Authenticate': settings.jwt === null ? 'Token' : 'Bearer realm="api"' }),
    'Latchkey-Reason': code,
    ...(retryAfterSeconds !== null && { 'Retry-After': String(retryAfterSeconds) }),
    ...answer.headers,
  });
}

function contentLanguage(speech: Speech | null): Headers {
  return speech === null ? {} : { 'Content-Language': speech.language };
}

/** What went wrong, as an answer; `report` hears of what should not have happened. */
export function answerError(
  manner: Manner,
  error: unknown,
  { method, report }: { readonly method: string; readonly report: (error: unknown) => void },
): Response {
  if (error instanceof Refusal) return answerRefusal(manner, error, method);
  report(error);
  if (error instanceof StoreUnavailable) return refuse(manner, { code: 'store_unavailable', retryAfterSeconds: 1 });
  return refuse(manner, { code: 'internal_error' });
}

function answerRefusal(manner: Manner, refusal: Refusal, method: string): Response {
  const { code, flaws, retryAfterSeconds, nonce } = refusal;
  if (flaws !== null) return answerFlaws(manner, code, flaws);
  return refuse(manner, { code, retryAfterSeconds, headers: nonceHeader(nonce), ...saidOf(refusal, method) });
}

/** What a client's next proof of possession is to have in it (RFC 9449, 8). */
export function nonceHeader(nonce: string | null): Headers {
  return nonce === null ? {} : { 'DPoP-Nonce': nonce };
}

/** What a refusal says that the code's own text does not. */
function saidOf({ code, message, retryAfterSeconds }: Refusal, method: string): Partial<RefusalAnswer> {
  if (code === 'too_many_attempts') return { english: request.throttled(retryAfterSeconds ?? 1) };
  if (code === 'method_not_allowed') return { detail: request.methodNotAllowed(method) };
  return message === code ? {} : { detail: message };
}

/** 400 with messages under the fields that are wrong. */
function answerFlaws({ headers, speech }: Manner, code: Code, flaws: Flaws): Response {
  const body = speech === null ? worded(flaws) : worded(flaws, (flaw) => flawInWords(speech, flaw));
  return json(400, body, { ...headers, ...contentLanguage(speech), 'Latchkey-Reason': code });
}
