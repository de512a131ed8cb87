/** Requests of every kind for the property tests: right ones, wrong ones, and noise, to every route and page. */
import fc from 'fast-check';
import type { Settings } from '../../src/model/settings.ts';
import { pageRoutes } from '../../src/pages/app.ts';
import { type Place, placesOf } from './route-fields.ts';
import { authorizationOf, OTHER_PASSWORD, PASSWORD } from './serving.ts';

/** Where the credential of somebody who is signed in goes. What it is, is known when the request is sent. */
export type Credential = 'none' | 'key' | 'cookie' | 'both';

export type Noise = {
  /** The route's path as the table has it; null for a page. */
  readonly path: string | null;
  readonly target: string;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly credential: Credential;
  readonly body: Uint8Array;
  readonly isChunked: boolean;
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'LINK'];

/** Text that has been trouble somewhere, among text of any kind. */
const hostileText = fc.oneof(
  fc.constantFrom('alice', 'ALICE', 'bob', PASSWORD, OTHER_PASSWORD, 'alice@example.com', 'bob@ｅxample.com', '1', ''),
  fc.constantFrom(
    "' OR 1=1--",
    '{{7*7}}',
    '../../etc/passwd',
    '%00',
    '<script>',
    '__proto__',
    'constructor',
    '\0',
    'ses_x',
  ),
  fc.constantFrom(
    '\ud800',
    'a\udfff',
    '\ufeff',
    '\u202e',
    'İ',
    'ſ',
    '😀'.repeat(99),
    'x'.repeat(2_000),
    'a@b'.repeat(99),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.emailAddress(),
);

const anyValue = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 20 }) },
);

/** Values that the fields of a route may well have. */
const LIKELY: Readonly<Record<string, readonly string[]>> = {
  username: ['alice', 'carol', 'Alice', 'alice@example.com', 'дина', 'eve.1', 'fay_2', 'gil+3'],
  email: ['alice@example.com', '', 'nobody@example.com'],
  password: [PASSWORD, OTHER_PASSWORD],
  password1: [PASSWORD],
  password2: [PASSWORD],
  new_password1: [OTHER_PASSWORD],
  new_password2: [OTHER_PASSWORD],
  old_password: [PASSWORD],
  uid: ['1', '2', 'zz'],
  token: ['a'.repeat(43), PASSWORD],
  key: ['a'.repeat(43)],
};

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf8'));

type Members = Readonly<Record<string, unknown>>;

function membersFor({ route }: Place, settings: Settings): fc.Arbitrary<Members> {
  const names = Object.values(route.fields(settings)).flatMap((fields) => fields.map(({ name }) => name));
  const right = (name: string) =>
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...(LIKELY[name] ?? [''])) }, anyValue);
  const known = Object.fromEntries([...names, 'old_password'].map((name) => [name, right(name)]));
  const ours = fc.oneof(fc.record(known), fc.record(known, { requiredKeys: [] }));
  const others = fc.dictionary(hostileText, anyValue, { maxKeys: 3, noNullPrototype: true });
  return fc.tuple(others, ours).map(([more, own]) => ({ ...more, ...own }));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const formOf = (members: Members): string =>
  Object.entries(members)
    .map(([name, value]) => [name, textOf(value)].map((text) => encodeURIComponent(text.toWellFormed())).join('='))
    .join('&');

const multipartOf = (members: Members): string =>
  `${Object.entries(members)
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${textOf(value)}\r\n`)
    .join('')}--x--\r\n`;

const TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'] as const;

type Body = { readonly type: string | null; readonly bytes: Uint8Array };

/** A body as its type says it is. */
function rightBody(members: fc.Arbitrary<Members>): fc.Arbitrary<Body> {
  const encoders = [(given: Members) => JSON.stringify(given), formOf, multipartOf];
  return fc
    .tuple(members, fc.nat(2))
    .map(([given, index]) => ({ type: TYPES[index] ?? null, bytes: utf8(encoders[index]?.(given) ?? '') }));
}

/** As letters in a header may be. */
const headerText = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map(String.fromCharCode),
    maxLength: 60,
  })
  .map((text) => text.trim());

function anyBody(members: fc.Arbitrary<Members>): fc.Arbitrary<Body> {
  const right = rightBody(members);
  const type = fc.oneof(fc.constantFrom(...TYPES, 'application/json; charset=utf-16', 'text/plain', null), headerText);
  return fc.oneof(
    { weight: 14, arbitrary: right },
    // The right body cut short, of the wrong type, and with a byte changed.
    {
      weight: 2,
      arbitrary: fc.tuple(right, fc.nat(200)).map(([body, end]) => ({ ...body, bytes: body.bytes.slice(0, end) })),
    },
    { weight: 2, arbitrary: fc.tuple(right, type).map(([body, other]) => ({ ...body, type: other })) },
    {
      weight: 2,
      arbitrary: fc.tuple(right, fc.nat(200), fc.nat(255)).map(([body, at, byte]) => ({
        ...body,
        bytes: body.bytes.map((was, index) => (index === at ? byte : was)),
      })),
    },
    { weight: 2, arbitrary: fc.record({ type, bytes: fc.uint8Array({ maxLength: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ type, bytes: fc.constant(new Uint8Array()) }) },
    { weight: 1, arbitrary: fc.record({ type, bytes: fc.constant(latin1('['.repeat(20_000))) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type,
        bytes: fc.constant(latin1(`{"a":1,"b":${'['.repeat(9_000)}${']'.repeat(9_000)}}`)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type, bytes: fc.constant(latin1(JSON.stringify({ password: 'x'.repeat(66_000) }))) }),
    },
  );
}

/** Most requests have few of these; any of them may be noise. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  Accept: ['application/json', '*/*', 'text/html', 'application/xml', 'application/*;q=0'],
  Origin: ['http://127.0.0.1:8787', 'https://evil.example', 'null'],
  'Sec-Fetch-Site': ['same-origin', 'cross-site', 'none'],
  Authorization: ['Token', 'Token garbage', `Token ${'b'.repeat(40)}`, 'Bearer a b', 'Basic eDp4'],
  Cookie: ['latchkey=garbage', 'latchkey=a; latchkey=b', 'latchkey-device=ld_x', '=', ';;;'],
  'Latchkey-Device': ['garbage', `ld_${'a'.repeat(22)}_${'b'.repeat(43)}`],
  'User-Agent': ['curl/8', 'Mozilla/5.0 (Windows NT 10.0) Firefox/1', '<script>/1 x', '(('],
  'Content-Encoding': ['gzip', 'br', 'identity'],
  'Accept-Language': ['de', '*'],
  'X-Forwarded-For': ['127.0.0.1', '::1, x'],
  'X-HTTP-Method-Override': ['DELETE'],
  'Access-Control-Request-Method': ['POST'],
};

/** With none of these a request gets past the first checks: most should, for what lies behind them. */
const HARMLESS = ['Latchkey-Device', 'User-Agent', 'Accept-Language', 'X-Forwarded-For', 'X-HTTP-Method-Override'];

const headersAmong = (names: readonly string[]) =>
  fc
    .subarray([...names], { maxLength: 3 })
    .chain((some) => fc.tuple(...some.map((name) => fc.tuple(fc.constant(name), headerValue(name)))));

const someHeaders = fc.oneof(
  { weight: 3, arbitrary: headersAmong(HARMLESS) },
  { weight: 1, arbitrary: headersAmong(Object.keys(HEADERS)) },
);

function headerValue(name: string): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...(HEADERS[name] ?? [''])) }, headerText);
}

const query = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  fc.constantFrom('?format=json', '?format=xml', '?callback=x', '?__proto__[x]=1', '?%', '?x=1&x=2'),
  fc.webQueryParameters().map((text) => `?${text}`),
);

const PAGES = [
  ...pageRoutes.map(({ path }) => `${path.replace(/:\w+/g, 'abc')}/`.replace('//', '/')),
  '/auth/assets/style.css',
  '/nowhere/',
];

const PAGE_FIELDS = [
  'username',
  'password',
  'next',
  'email',
  'end',
  'password1',
  'new_password1',
  'new_password2',
  'credential',
  'session_id',
];

/** A path of a route, now and then with noise where it has a name. */
function targetOf({ path }: Place): fc.Arbitrary<string> {
  if (!path.includes('ses_nobody')) return fc.constant(path);
  return fc.oneof(
    fc.constant(path),
    hostileText.map((text) => path.replace('nobody', encodeURIComponent(text.toWellFormed()))),
  );
}

function requestTo(place: Place, settings: Settings): fc.Arbitrary<Noise> {
  const usual = fc.constantFrom(...Object.keys(place.route.methods));
  return fc
    .record({
      target: fc.tuple(targetOf(place), query).map(([path, asked]) => path + asked),
      method: fc.oneof({ weight: 9, arbitrary: usual }, fc.constantFrom(...METHODS)),
      headers: someHeaders,
      credential: fc.constantFrom<Credential>('none', 'key', 'key', 'cookie', 'both'),
      body: anyBody(membersFor(place, settings)),
      isChunked: fc.boolean(),
    })
    .map(({ body, headers, ...rest }) => ({ ...rest, path: place.path, ...typed(body, headers) }));
}

function typed({ type, bytes }: Body, headers: Noise['headers']): Pick<Noise, 'headers' | 'body'> {
  return { body: bytes, headers: type === null ? headers : [...headers, ['Content-Type', type]] };
}

function requestToPage(): fc.Arbitrary<Noise> {
  const members = fc.dictionary(fc.constantFrom(...PAGE_FIELDS), anyValue, {
    noNullPrototype: true,
  });
  return fc
    .record({
      target: fc.tuple(fc.constantFrom(...PAGES), query).map(([path, asked]) => path + asked),
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'),
      headers: someHeaders,
      credential: fc.constantFrom<Credential>('none', 'cookie'),
      body: anyBody(members),
      isChunked: fc.boolean(),
    })
    .map(({ body, headers, ...rest }) => ({ ...rest, path: null, ...typed(body, headers) }));
}

/** Every route is as likely as any other, and all pages together as four of them; a stream, which has no end, is none of them. */
export function anyRequest(settings: Settings): fc.Arbitrary<Noise> {
  const places = placesOf(settings).filter(({ route }) => route.access !== 'following');
  return fc.oneof(...places.map((place) => requestTo(place, settings)), {
    weight: 4,
    arbitrary: requestToPage(),
  });
}

/** A request as bytes, with what proves who sends it. */
export function bytesOf(noise: Noise, key: string): Uint8Array {
  const { method, target, headers, credential, body, isChunked } = noise;
  const lines = headers.filter(([name]) => credential === 'none' || (name !== 'Authorization' && name !== 'Cookie'));
  const own = [
    ...(credential === 'key' || credential === 'both' ? [`Authorization: ${authorizationOf(key)}`] : []),
    ...(credential === 'cookie' || credential === 'both' ? [`Cookie: latchkey=${key}`] : []),
    isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
  ];
  const all = ['Host: 127.0.0.1', 'Connection: close', ...lines.map(([name, value]) => `${name}: ${value}`), ...own];
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`, 'latin1');
  if (!isChunked) return Buffer.concat([head, body]);
  const chunk = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`;
  return Buffer.concat([head, latin1(chunk), body, latin1(chunk === '' ? '0\r\n\r\n' : '\r\n0\r\n\r\n')]);
}
