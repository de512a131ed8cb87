/** Where an answer and what it brought about differ from what was expected. */
import { type Expected, type ExpectedMail, type TokenCookie, tokenCookiesOf } from './answer.ts';
import type { SentMail } from './instance.ts';
import { isObject, type Json, type JsonObject, parseJson } from './json.ts';
import type { Placeholders } from './placeholders.ts';
import { COOKIE, type Received } from './wire.ts';

/** What came of a step. */
export type Outcome = {
  readonly received: Received;
  readonly mails: readonly SentMail[];
  readonly users: number;
  readonly verified: number;
};

export type Difference = { readonly place: string; readonly expected: string; readonly actual: string };

/** All differences, and every placeholder bound that was met. */
export function compare(expected: Expected, outcome: Outcome, placeholders: Placeholders): readonly Difference[] {
  return [
    ...compareHead(expected, outcome.received),
    ...compareBody(expected, outcome.received, placeholders),
    ...compareCookie(expected, outcome.received, placeholders),
    ...compareTokenCookies(expected, outcome.received, placeholders),
    ...compareMails(expected.mails, outcome.mails, placeholders),
    ...compareCounts(expected, outcome),
  ];
}

function differ(place: string, expected: unknown, actual: unknown): readonly Difference[] {
  if (expected === actual) return [];
  return [{ place, expected: shown(expected), actual: shown(actual) }];
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

function compareHead(expected: Expected, { status, headers }: Received): readonly Difference[] {
  const allowed = (headers['allow'] ?? '').split(', ');
  const missing = expected.allow.filter((method) => !allowed.includes(method));
  const reason = headers['latchkey-reason'] ?? 'unsaid';
  return [
    ...differ('status', expected.status, status),
    ...differ('Content-Type', expected.contentType, headers['content-type'] ?? null),
    ...(missing.length > 0 ? differ('Allow', expected.allow.join(', '), headers['allow'] ?? null) : []),
    ...differ('WWW-Authenticate', expected.authenticate, headers['www-authenticate'] ?? null),
    ...differ('Location', expected.location, headers['location'] ?? null),
    ...(expected.frameOptions === null
      ? []
      : differ('X-Frame-Options', expected.frameOptions, headers['x-frame-options'] ?? null)),
    ...(expected.contentTypeOptions === null
      ? []
      : differ('X-Content-Type-Options', expected.contentTypeOptions, headers['x-content-type-options'] ?? null)),
    ...compareWait(expected, headers['retry-after']),
    ...(expected.reason === 'any' ? [] : differ('Latchkey-Reason', expected.reason, reason)),
  ];
}

function compareWait({ waitSeconds }: Expected, told: string | undefined): readonly Difference[] {
  if (waitSeconds === null) return differ('Retry-After', null, told ?? null);
  const isWithin = told !== undefined && /^[1-9]\d*$/.test(told) && Number(told) <= waitSeconds;
  return isWithin ? [] : differ('Retry-After', `1 to ${waitSeconds}`, told ?? null);
}

function compareBody(expected: Expected, received: Received, placeholders: Placeholders): readonly Difference[] {
  const { body } = expected;
  const { text } = received;
  switch (body.kind) {
    case 'none':
      return differ('body', '', text);
    case 'text':
      return differ('body', body.text, text);
    case 'page':
      return /^\s*<!doctype html>/i.test(text) ? [] : differ('body', 'a page', text);
    case 'some-json':
      return jsonIn(text) === undefined ? differ('body', 'JSON', text) : [];
    case 'json-complaint':
      return compareComplaint(text);
    case 'json':
      return compareJsonBody(waitAsTold(body.value, received), expected, { text, placeholders });
  }
}

function jsonIn(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** In words of our own, which say where and never what was sent. */
const COMPLAINT =
  /^JSON parse error - (?:Expecting value: char \d+|the body is not valid UTF-8|Out of range float values are not JSON compliant)$/;

function compareComplaint(text: string): readonly Difference[] {
  const body = jsonIn(text);
  const detail = isObject(body) ? body['detail'] : undefined;
  const isComplaint = typeof detail === 'string' && COMPLAINT.test(detail);
  return isComplaint ? [] : differ('body.detail', 'JSON parse error - …', detail ?? text);
}

/** The same number of seconds in header and text, whichever it is: `compareWait` sees to the header. */
function waitAsTold(body: Json, { headers }: Received): Json {
  const told = headers['retry-after'];
  if (told === undefined || !isObject(body) || typeof body['detail'] !== 'string') return body;
  const unit = told === '1' ? 'second' : 'seconds';
  const detail = body['detail'].replace(/available in \d+ seconds?\./, `available in ${told} ${unit}.`);
  return { ...body, detail };
}

type Found = { readonly text: string; readonly placeholders: Placeholders };

/** More keys are welcome but in field errors, where each is somebody's field; `code` says the same as the header. */
function compareJsonBody(
  value: Json,
  { status, reason }: Expected,
  { text, placeholders }: Found,
): readonly Difference[] {
  const actual = jsonIn(text);
  if (actual === undefined) return differ('body', shown(value), text);
  const hasDetail = isObject(value) && 'detail' in value;
  const mayHaveMore = isObject(value) && (status < 400 || hasDetail);
  // Where Django has a `code` of its own, that stays.
  const code =
    hasDetail && !('code' in value) && isObject(actual) && reason !== 'unsaid'
      ? differ('body.code', reason, actual['code'])
      : [];
  return [...compareJson('body', value, actual, { placeholders, mayHaveMore }), ...code];
}

const ISO_DATE = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

type How = { readonly placeholders: Placeholders; readonly mayHaveMore: boolean };

function compareJson(place: string, expected: Json, actual: Json | undefined, how: How): readonly Difference[] {
  if (expected === '<date>' && typeof actual === 'string' && ISO_DATE.test(actual)) return [];
  if (typeof expected === 'string' && how.placeholders.isOne(expected)) {
    const wrong = typeof actual === 'string' ? how.placeholders.meet(expected, actual) : 'no text';
    return wrong === null ? [] : differ(place, expected, `${shown(actual)}: ${wrong}`);
  }
  if (isObject(expected)) return compareObject(place, expected, actual, how);
  if (!Array.isArray(expected)) return differ(place, expected, actual);
  if (!Array.isArray(actual) || actual.length !== expected.length) return differ(place, shown(expected), shown(actual));
  const inner = { ...how, mayHaveMore: false };
  return expected.flatMap((item: Json, index) => compareJson(`${place}[${index}]`, item, actual[index], inner));
}

function compareObject(place: string, expected: JsonObject, actual: Json | undefined, how: How): readonly Difference[] {
  if (!isObject(actual)) return differ(place, shown(expected), shown(actual));
  const names = Object.keys(expected);
  const inner = { ...how, mayHaveMore: false };
  const within = names.flatMap((name) => compareJson(`${place}.${name}`, expected[name] ?? null, actual[name], inner));
  const order = how.mayHaveMore ? Object.keys(actual).filter((name) => names.includes(name)) : Object.keys(actual);
  return within.length > 0 ? within : differ(`${place}'s keys`, names.join(', '), order.join(', '));
}

/** The value of our session cookie in an answer: text, `''` where it is cleared, null where it is not touched. */
export function cookieIn({ cookies }: Received): string | null {
  const cookie = cookies.find((one) => one.startsWith(`${COOKIE}=`));
  return cookie?.slice(COOKIE.length + 1).split(';')[0] ?? null;
}

/** What every cookie of a session says of itself on plain http. */
const COOKIE_TERMS = /; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/;

/** Those of JWT mode are as the settings have them. */
function compareTokenCookies(
  { tokenCookies }: Expected,
  { cookies }: Received,
  placeholders: Placeholders,
): readonly Difference[] {
  const names = new Set(tokenCookies.map(({ name }) => name));
  const others = cookies.filter((one) => !one.startsWith('latchkey'));
  const received = tokenCookiesOf(others);
  const extra = received.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  return [
    ...differ('token cookies', '', extra.join(', ')),
    ...tokenCookies.flatMap((expected) => {
      const actual = received.find(({ name }) => name === expected.name);
      return compareTokenCookie(expected, actual, placeholders);
    }),
  ];
}

function compareTokenCookie(
  expected: TokenCookie,
  actual: TokenCookie | undefined,
  placeholders: Placeholders,
): readonly Difference[] {
  const { name, value } = expected;
  const place = `cookie ${name}`;
  if (actual === undefined) return differ(place, value, null);
  const isKept = value !== '' && actual.value !== '';
  const wrong = isKept ? placeholders.meet(value, actual.value) : value === actual.value ? null : 'another';
  return [
    ...(wrong === null ? [] : differ(place, value, `${actual.value}: ${wrong}`)),
    ...differ(`${place}'s terms`, termsOf(expected), termsOf(actual)),
    ...(value === '' ? [] : differ(`${place}'s HttpOnly`, expected.isHttpOnly, actual.isHttpOnly)),
  ];
}

function termsOf({ path, domain, sameSite, maxAge }: TokenCookie): string {
  return JSON.stringify([path, domain, sameSite, maxAge]);
}

function compareCookie({ cookie }: Expected, received: Received, placeholders: Placeholders): readonly Difference[] {
  const value = cookieIn(received);
  const careless = received.cookies.find((one) => one.startsWith('latchkey') && !COOKIE_TERMS.test(one));
  const terms = careless === undefined ? [] : differ('Set-Cookie', 'HttpOnly, SameSite=Lax, Path=/', careless);
  if (cookie.kind !== 'set') return [...terms, ...differ('session cookie', cookie.kind, effectOf(value))];
  const wrong = value === null ? 'untouched' : value === '' ? 'cleared' : placeholders.meet(cookie.as, value);
  return [...terms, ...(wrong === null ? [] : differ('session cookie', `set to ${cookie.as}`, wrong))];
}

function effectOf(value: string | null): string {
  if (value === null) return 'untouched';
  return value === '' ? 'cleared' : 'set';
}

function compareMails(
  expected: readonly ExpectedMail[],
  mails: readonly SentMail[],
  placeholders: Placeholders,
): readonly Difference[] {
  const wanted = expected.map(({ kind, to }) => `${kind} to ${to}`).sort();
  const sent = mails.map(({ kind, to }) => `${kind} to ${to}`).sort();
  const differences = differ('mails', wanted.join('; '), sent.join('; '));
  return differences.length > 0 ? differences : bindLinks(expected, mails, placeholders);
}

/** The secrets and numbers in the links, mail by mail in their order. */
function bindLinks(
  expected: readonly ExpectedMail[],
  mails: readonly SentMail[],
  placeholders: Placeholders,
): readonly Difference[] {
  const left = [...mails];
  return expected.flatMap((mail) => {
    const index = left.findIndex(({ kind, to }) => kind === mail.kind && to === mail.to);
    const [sent] = left.splice(index, 1);
    const { secret, uid } = secretIn(sent);
    return [...meetLink(mail.secret, secret, placeholders), ...meetLink(mail.uid, uid, placeholders)];
  });
}

function meetLink(placeholder: string | null, value: string, placeholders: Placeholders): readonly Difference[] {
  const wrong = placeholder === null ? null : placeholders.meet(placeholder, value);
  return wrong === null ? [] : differ('link', placeholder, `${value}: ${wrong}`);
}

/** What a mailed link carries; `''` for what it does not. */
export function secretIn(mail: SentMail | undefined): { readonly secret: string; readonly uid: string } {
  const [, key] = /\/account-confirm-email\/([^/]+)\/$/.exec(mail?.link ?? '') ?? [];
  const [, uid, token] = /\/password\/reset\/confirm\/([^/]+)\/([^/]+)\/$/.exec(mail?.link ?? '') ?? [];
  return { secret: key ?? token ?? '', uid: uid ?? '' };
}

function compareCounts(expected: Expected, { users, verified }: Outcome): readonly Difference[] {
  return [
    ...differ('number of accounts', expected.users, users),
    ...(expected.verified === null ? [] : differ('number of verified addresses', expected.verified, verified)),
  ];
}
