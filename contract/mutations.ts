/** Recordings of a step with one place changed: what a replay must notice. */
import { isObject, type Json, type JsonObject } from './json.ts';
import type { RecordedStep } from './recording.ts';

/** The place that was changed, such as `body.detail`, and the step with the change. */
export type Mutation = readonly [place: string, step: RecordedStep];

/** Every recording that differs from this one in one place of its answer, or of what it brought about. */
export function mutationsOf(step: RecordedStep): readonly Mutation[] {
  const { response, mails, users, verified } = step;
  const answer = (change: Partial<RecordedStep['response']>): RecordedStep => ({
    ...step,
    response: { ...response, ...change },
  });
  return [
    ['status', answer({ status: response.status + 1 })],
    ...headerChanges(response.headers).map(([place, headers]): Mutation => [place, answer({ headers })]),
    ...bodyChanges('body', response.body).map(([place, body]): Mutation => [place, answer({ body })]),
    ...cookieChanges(response.cookies).map(([place, cookies]): Mutation => [place, answer({ cookies })]),
    ...mailChanges(mails).map(([place, changed]): Mutation => [place, { ...step, mails: changed }]),
    ['number of accounts', { ...step, users: users + 1 }],
    ...(verified === null ? [] : [['number of verified addresses', { ...step, verified: verified + 1 }] as const]),
  ];
}

type Headers = RecordedStep['response']['headers'];

function headerChanges(headers: Headers): readonly (readonly [string, Headers])[] {
  const changes: Headers = {
    'Content-Type': `${headers['Content-Type'] ?? 'text/plain'}; charset=x`,
    Allow: `${headers['Allow'] ?? 'GET'}, TRACE`,
    'WWW-Authenticate': headers['WWW-Authenticate'] === undefined ? 'Token' : 'Tokem',
    'Retry-After': '7',
    Location: `${headers['Location'] ?? ''}/x`,
    'X-Frame-Options': 'SAMEORIGIN',
    'X-Content-Type-Options': 'sniff',
  };
  const told = Object.entries(changes).filter(([name]) => name !== 'Retry-After' || headers[name] === undefined);
  const missing = Object.keys(headers).filter((name) => /^(?:WWW-Authenticate|Retry-After|Location)$/.test(name));
  return [
    ...told.map(([name, value]) => [name, { ...headers, [name]: value }] as const),
    ...missing.map((name) => [`no ${name}`, without(headers, name)] as const),
  ];
}

function without(headers: Headers, name: string): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));
}

/** Each text with another last letter, each number with another value, each list with another item, and keys in another order. */
function bodyChanges(place: string, body: Json): readonly (readonly [string, Json])[] {
  // Of a page nothing was kept; where any value may stand, no other than the one that was recorded.
  if (typeof body === 'string') return body === '<html>' ? [] : [[place, `${body.slice(0, -1)}~`]];
  if (typeof body === 'number') return [[place, body + 1]];
  if (typeof body === 'boolean') return [[place, !body]];
  if (body === null) return [];
  if (!isObject(body)) return listChanges(place, body);
  const names = Object.keys(body);
  const within = names.flatMap((name) =>
    bodyChanges(`${place}.${name}`, body[name] ?? null).map(
      ([inner, value]) => [inner, { ...body, [name]: value }] as const,
    ),
  );
  const turned: JsonObject = Object.fromEntries(Object.entries(body).reverse());
  return [
    ...within,
    [`${place} with more`, { ...body, more: 1 }],
    ...(names.length > 1 ? [[`${place} turned`, turned] as const] : []),
  ];
}

function listChanges(place: string, list: readonly Json[]): readonly (readonly [string, Json])[] {
  const within = list.flatMap((item, index) =>
    bodyChanges(`${place}[${index}]`, item).map(([inner, value]) => [inner, list.with(index, value)] as const),
  );
  return [...within, [`${place} with more`, [...list, 'more']]];
}

function cookieChanges(cookies: readonly string[]): readonly (readonly [string, readonly string[]])[] {
  const isOf = (cookie: string): boolean => cookie.startsWith('sessionid=');
  const others = cookies.filter((cookie) => !isOf(cookie));
  const tokens = cookies.filter((cookie) => /^(?:access|refresh)=/.test(cookie));
  const changed = tokens.flatMap((cookie) => [
    ['no token cookie', cookies.filter((other) => other !== cookie)] as const,
    [
      'a token cookie with another path',
      cookies.with(cookies.indexOf(cookie), cookie.replace('Path=/', 'Path=/x/')),
    ] as const,
    [
      'a token cookie with another age',
      cookies.with(cookies.indexOf(cookie), cookie.replace('Max-Age=', 'Max-Age=1')),
    ] as const,
  ]);
  const hasSession = others.length < cookies.length;
  const session = hasSession
    ? (['no session cookie', others] as const)
    : (['a session cookie', [...others, 'sessionid=<sessionid9>; Path=/']] as const);
  return [session, ...changed];
}

type Mails = RecordedStep['mails'];

function mailChanges(mails: Mails): readonly (readonly [string, Mails])[] {
  const more = [...mails, { to: 'somebody@example.com', body: '<reset-token9>' }];
  const changed = mails.map(
    (mail, index) => [`mails[${index}].to`, mails.with(index, { ...mail, to: `x${mail.to}` })] as const,
  );
  return [
    ['one more mail', more],
    ...changed,
    ...(mails.length > 0 ? [['one mail less', mails.slice(1)] as const] : []),
  ];
}
