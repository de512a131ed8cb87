import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DataOptions, groups, top } from '../../src/config.ts';
import { type Environment, InvalidSettings, resolveSettings } from '../../src/resolve-settings.ts';

/** What is wrong with options and environment, as an operator reads it. */
function problemsOf(given: unknown, environment: Environment): readonly string[] {
  try {
    resolveSettings(given as DataOptions, environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidSettings);
    return error.problems;
  }
}

type Wrong = {
  /** By environment variable. */
  readonly texts: readonly string[];
  /** In code, beside those. */
  readonly values: readonly unknown[];
  readonly says: RegExp;
};

const notWords: Wrong = { texts: ['', '  '], values: [5, {}, true, []], says: / must be text and not empty\.$/ };
const notOneOf = (...choices: readonly string[]): Wrong => ({
  texts: ['', 'x', `${choices[0]} `, `${choices[0]},${choices[1]}`],
  values: [0, false, {}, Number.NaN],
  says: new RegExp(` must be one of ${RegExp.escape(choices.join(', '))}\\.$`),
});
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const notTime = (unitMs: number, minMs: number, least: string): Wrong => ({
  texts: [
    '',
    '0',
    '-1',
    'x',
    '1 day',
    'NaN',
    'Infinity',
    String(3651 * (DAY_MS / unitMs)),
    String((minMs - 1) / unitMs),
  ],
  values: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, true, {}, [1], (minMs - 1) / unitMs],
  says: new RegExp(` must be a number, and ${least} or more and ten years at most\\.$`),
});
const notFlag: Wrong = { texts: ['', 'yes', 'TRUE', '2'], values: [1, 0, 'on', {}], says: / must be true or false\.$/ };
const notRate: Wrong = {
  texts: ['', '0/min', '10', '10/', '10/0min', '-1/min', '1.5/min', '10/lightyear', 'x/min', '10/min/min'],
  values: [10, {}, Number.NaN, true],
  says: / must be a number per time, such as 10\/5min, 3\/min, 20\/hour\.$/,
};
const notCount = (min: number, max: number): Wrong => ({
  texts: ['', 'x', '1.5', 'NaN', String(min - 1), String(max + 1), '-1'],
  values: [min - 1, max + 1, Number.NaN, 1.5, true, {}, [min]],
  says: new RegExp(` must be a whole number from ${min} to ${max}\\.$`),
});

const notCookieName: Wrong = {
  texts: ['', ' ', 'a b', 'a=b', 'a;b', 'a,b', '__Host-a', 'latchkey', 'Latchkey-device', 'x'.repeat(65)],
  values: [5, {}, true, []],
  says: / must be letters, digits, - and _, not begin with __ or latchkey, or none\.$/,
};

const notPath: Wrong = {
  texts: [
    '',
    'home',
    '//evil.example',
    'https://evil.example/',
    '/\\evil.example',
    'javascript:alert(1)',
    '/a\nb',
    ' /a',
  ],
  values: [],
  says: / must be a path on this origin/,
};
const notColour: Wrong = {
  texts: [
    '',
    'red',
    '#12',
    '#12345',
    '#1234567',
    '#000 #000 #000',
    '#000;}',
    'url(//evil.example)',
    '#000/**/',
    'var(--x)',
  ],
  values: [5, {}, [], ['#000'], { light: '#000' }, { light: '#000', dark: 'red' }, { light: '#000', dark: '#00;}' }],
  says: / must be a colour such as #1f4fd8, or two: #1f4fd8 #9db8ff\.$/,
};

/** Every option, with what it must not be. One that is new has to be added here. */
const wrong: Readonly<Record<string, Wrong>> = {
  origin: notWords,
  secret: notWords,
  database: notWords,
  basePath: notWords,
  trustedProxies: {
    texts: ['x', '10.0.0.0/33', '10.0.0.0/x', '::/129', '10.0.0.1/8/8', 'proxy.example', '10.0.0.1, x'],
    values: [5, {}, [5], ['x']],
    says: / must be /,
  },
  corsOrigins: {
    texts: ['*', 'app.example', 'https://app.example/', 'https://app.example/path', 'https://App.example', 'null'],
    values: [5, {}, [5], ['*']],
    says: / must be /,
  },
  rateLimits: notOneOf('on', 'off'),
  'sessions.limit': {
    texts: ['0', '-1', 'NaN', '', '  ', 'x', '1.5', 'Infinity', 'none', 'Unlimited', '1e99', '9007199254740993'],
    values: [0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, true, false, {}, [], [1], 2n, () => 1],
    says: / must be a whole number from 1, or unlimited\.$/,
  },
  'sessions.whenFull': notOneOf('displace', 'displace-least-recent', 'refuse', 'ask', 'approve'),
  'sessions.approvalSeconds': notCount(10, 600),
  'sessions.stepUpToDisplace': notFlag,
  'sessions.classLimits': {
    texts: [
      '',
      ' ',
      'web',
      'web=',
      'web=0',
      'web=-1',
      'web=NaN',
      'web=1.5',
      'web=x',
      'web=1,web=2',
      'phone=1',
      'Web=1',
      '=1',
      'web=1,',
      'toString=1',
    ],
    values: [
      5,
      [],
      [['web', 1]],
      true,
      { web: 0 },
      { web: -1 },
      { web: Number.NaN },
      { web: null },
      { web: undefined },
      { phone: 1 },
    ],
    says: / must be classes with a limit each, such as web=1,mobile=2: /,
  },
  'sessions.clients': {
    texts: ['', 'app=0', 'app=-1', 'app=NaN', 'app=', 'app,app', 'an app', 'app=1,,', '-app', `${'x'.repeat(65)}=1`],
    values: [5, ['app'], true, { app: 0 }, { app: null }, { 'a b': 1 }],
    says: / must be ids of clients \(letters, digits, \. _ -\), each with a limit or without/,
  },
  'sessions.roleLimits': {
    texts: ['', 'premium', 'premium=0', 'premium=-1', 'premium=NaN', '=1', 'a=1,a=2', 'a=1,'],
    values: [5, [], true, { a: 0 }, { a: null }, { '': 1 }],
    says: / must be roles with a limit each, such as premium=3,trial=1/,
  },
  'sessions.checks': notOneOf('strict', 'acked', 'bounded'),
  'sessions.idleDays': notTime(DAY_MS, 5 * MINUTE_MS, '5 min'),
  'sessions.lifetimeDays': notTime(DAY_MS, MINUTE_MS, '1 min'),
  'sessions.freshMinutes': notTime(MINUTE_MS, MINUTE_MS, '1 min'),
  'sessions.graceSeconds': notCount(0, 300),
  'sessions.keepEndedDays': notTime(DAY_MS, MINUTE_MS, '1 min'),
  'sessions.historyDays': notTime(DAY_MS, DAY_MS, '1440 min'),
  'boundKeys.policy': notOneOf('optional', 'required', 'off'),
  'boundKeys.replay': notOneOf('nonce+jti', 'nonce', 'jti'),
  'boundKeys.cookies': notOneOf('when-able', 'off'),
  'accounts.registration': notOneOf('open', 'invited', 'closed'),
  'accounts.emailVerification': notOneOf('none', 'optional', 'mandatory'),
  'accounts.emailRequired': notFlag,
  'accounts.emailUnique': notFlag,
  'accounts.usernameCase': notOneOf('ignore', 'exact'),
  'accounts.signInBy': notOneOf('username', 'email', 'username_email', 'any'),
  'accounts.signInByMail': notFlag,
  'secondStep.demandedOf': {
    texts: ['', ' ', 'admin,', 'nobody, admin', 'admin, everybody'],
    values: [5, {}, [], [5], [''], ['nobody'], true],
    says: / must be nobody, everybody, or roles\.$/,
  },
  'secondStep.rememberDays': {
    texts: ['', 'x', '-1', 'NaN', 'Infinity', '3651'],
    values: [-1, Number.NaN, true, {}, [], 3651],
    says: / must be a number, and 0 seconds or more and ten years at most\.$/,
  },
  'passkeys.rpId': notWords,
  'passkeys.origins': {
    texts: ['*', 'app.example', 'https://app.example/', 'http://app.example', 'null', 'android:apk-key-hash:short'],
    values: [5, {}, [5], ['*'], ['https://App.example']],
    says: / must be /,
  },
  'social.providers': {
    texts: [
      '',
      'x',
      '[]',
      '"x"',
      '{"google":5}',
      '{"google":{}}',
      '{"google":{"clientId":"c"}}',
      '{"google":{"clientId":"c","clientSecret":""}}',
      '{"Google":{"clientId":"c","clientSecret":"s"}}',
      '{"accounts":{"clientId":"c","clientSecret":"s","issuer":"https://id.example"}}',
      '{"google":{"clientId":"c","clientSecret":"s","secret":"s"}}',
      '{"work":{"clientId":"c","clientSecret":"s"}}',
      '{"work":{"clientId":"c","issuer":"http://id.example"}}',
      '{"work":{"clientId":"c","issuer":"x"}}',
      '{"work":{"kind":"none","clientId":"c","issuer":"https://id.example"}}',
      '{"apple":{"clientId":"c","teamId":"t","keyId":"k"}}',
      '{"github":{"clientId":"c","clientSecret":"s","endpoints":{}}}',
      '{"google":{"clientId":"c","clientSecret":"s","scopes":"email"}}',
      '{"google":{"clientId":"c","clientSecret":"s","trustEmail":"no"}}',
      '{"google":{"clientId":"c","clientSecret":"s","tenant":"t"}}',
    ],
    values: [5, true, [], { google: 5 }, { google: { clientId: 5, clientSecret: 's' } }],
    says: / must be providers by name/,
  },
  'social.linkByEmail': notFlag,
  'passwords.minLength': notCount(1, 64),
  'passwords.rules': {
    texts: ['x', 'length, x', 'Length'],
    values: [5, {}, [5], ['x'], true],
    says: / must be (?:among similarity, length, common, numeric|a list of texts)\.$/,
  },
  'sessions.remembered': notCount(2, 10_000_000),
  'stores.schema': {
    texts: ['', 'Latchkey', 'pg_x', '1a', 'a-b', 'a"b', 'a;b', 'x'.repeat(51)],
    values: [5, {}, true],
    says: / must be small letters, digits and _, at most 50, and not begin with pg_\.$/,
  },
  'stores.pooler': notFlag,
  'stores.feedUrl': notWords,
  'stores.connections': notCount(1, 1_000),
  'stores.replicas': notCount(0, 9),
  sessionStore: notWords,
  'passwords.concurrency': notCount(1, 64),
  'passwords.hash': notOneOf('argon2id', 'pbkdf2_sha256', 'dangerously-cheap'),
  'attempts.perAccount': notRate,
  'attempts.perNetwork': notRate,
  'attempts.consecutive': notCount(10, 100),
  'attempts.mailsPerAddress': notRate,
  'attempts.mailsPerNetwork': notRate,
  'attempts.registrationsPerNetwork': notRate,
  'attempts.takeovers': notRate,
  'events.perAccount': notCount(1, 1_000),
  'events.total': notCount(1, 1_000_000),
  'events.heartbeatSeconds': notTime(1000, 10, '0.01 seconds'),
  'mail.smtpUrl': notWords,
  'mail.newDevice': notFlag,
  'mail.from': notWords,
  'mail.verifyLink': notWords,
  'mail.resetLink': notWords,
  'mail.invitationLink': notWords,
  'mail.signInLink': notWords,
  'mail.resetMinutes': notTime(MINUTE_MS, MINUTE_MS, '1 min'),
  'mail.verifyDays': notTime(DAY_MS, MINUTE_MS, '1 min'),
  'jwt.use': notFlag,
  'jwt.algorithm': notOneOf('ES256', 'RS256', 'EdDSA', 'HS256'),
  'jwt.secret': notWords,
  'jwt.keyDays': notTime(DAY_MS, DAY_MS, '1440 min'),
  'jwt.keySeries': notWords,
  'jwt.audience': notWords,
  'jwt.accessSeconds': notTime(1000, 1000, '1 seconds'),
  'jwt.refreshDays': notTime(DAY_MS, 1000, '1 seconds'),
  'jwt.rotate': notFlag,
  'jwt.httpOnly': notFlag,
  'jwt.returnExpiration': notFlag,
  'jwt.cookie': notCookieName,
  'jwt.refreshCookie': notCookieName,
  'jwt.refreshCookiePath': { ...notPath, values: [5, {}, true] },
  'jwt.cookieSameSite': notOneOf('Lax', 'Strict', 'None'),
  'jwt.cookieDomain': notWords,
  'jwt.endingsSecret': notWords,
  'jwt.simplejwtKey': notWords,
  'django.key': notOneOf('body', 'cookie-only'),
  'django.sessionLogin': notFlag,
  'django.signedOutStatus': notOneOf('401', '403'),
  'django.oldPasswordField': notFlag,
  'django.logoutOnGet': notFlag,
  'django.apiLanguages': notFlag,
  'django.logoutOnPasswordChange': notFlag,
  'django.uid': notOneOf('base36', 'base64url'),
  'django.throttle': notRate,
  'django.oldHashes': {
    texts: ['x', 'md5, x', 'MD5', 'crypt'],
    values: [5, {}, [5], ['x'], true],
    says: / must be (?:among md5, sha1, unsalted_md5, unsalted_sha1|a list of texts)\.$/,
  },
  'django.secretKey': notWords,
  'django.resetDays': notTime(DAY_MS, MINUTE_MS, '1 min'),
  'django.sessionCookie': notCookieName,
  'pages.loginRedirectUrl': { ...notPath, values: [5, {}, true] },
  'pages.roleRedirectUrls': {
    texts: ['admin', '=/admin/', 'admin=', 'admin=//evil.example', 'admin=/a/, staff=https://evil.example/'],
    values: [5, {}, [5], [['admin']], [['', '/x/']], [['admin', '//evil.example']], [['admin', '/a/', '/b/']]],
    says: / must be roles, each with a path on this origin/,
  },
  'pages.redirectSignedIn': notFlag,
  'theme.accent': notColour,
  'theme.accentText': notColour,
  'theme.text': notColour,
  'theme.mutedText': notColour,
  'theme.surface': notColour,
  'theme.background': notColour,
  'theme.border': notColour,
  'theme.radius': notCount(0, 32),
  'theme.font': {
    texts: ['', "x'; } body { display: none", 'a, b;c', 'a"b', 'a{}', 'a\\27', 'a/*', '</style>', '-x'],
    values: [5, {}, [], [5], ['a;b'], ['x'.repeat(65)], true],
    says: / must be names of fonts: /,
  },
  'theme.logo': {
    texts: [
      ...notPath.texts,
      'data:text/html;base64,PGI+',
      'data:image/svg+xml,<svg onload=alert(1)>',
      'data:image/png;base64,AAAA"><script>',
    ],
    values: [5, {}, true, `data:image/png;base64,${'A'.repeat(100_001)}`],
    says: / must be a path on this origin, or data:image/,
  },
};

/** Every option's path in code and its environment variable. */
const options: readonly (readonly [path: string, env: string])[] = [
  ...Object.entries(top).map(([name, { env }]) => [name, env] as const),
  ...Object.entries(groups).flatMap(([group, members]) =>
    Object.entries(members).map(([name, { env }]) => [`${group}.${name}`, env] as const),
  ),
];

/** Options with one value, given in code. */
function inCode(path: string, value: unknown): object {
  const [first = '', second] = path.split('.');
  return second === undefined ? { [first]: value } : { [first]: { [second]: value } };
}

test('every option is looked at here', () => {
  assert.deepEqual(Object.keys(wrong).toSorted(), options.map(([path]) => path).toSorted());
});

describe('F-11, L28: what an option must not be is refused, by the name that it was given by', () => {
  for (const [path, env] of options) {
    test(`${env}, or ${path}`, () => {
      const { texts, values, says } = wrong[path] ?? assert.fail();
      for (const text of texts) {
        const problems = problemsOf({}, { [env]: text });
        assert.ok(
          problems.some((problem) => problem.startsWith(env) && says.test(problem)),
          `${env}=${text}: ${problems}`,
        );
      }
      // What is text in code is read as it is in the environment.
      for (const value of [...values, ...texts.filter((text) => text !== '' || path !== 'trustedProxies')]) {
        const problems = problemsOf(inCode(path, value), {});
        const isNamed = problems.some((problem) => problem.startsWith(`${path} `) && says.test(problem));
        assert.ok(isNamed, `${path}: ${String(value)}: ${problems}`);
      }
    });
  }
});

const LONG = 'x'.repeat(32);
const HS256 = { LATCHKEY_JWT_ALGORITHM: 'HS256' };

/** In JWT mode. */
const jwtRows: readonly (readonly [environment: Environment, says: RegExp])[] = [
  [HS256, /^LATCHKEY_JWT_SECRET is not set, which HS256 needs: /],
  [{ ...HS256, LATCHKEY_JWT_SECRET: 'short' }, /^LATCHKEY_JWT_SECRET must have 32 letters or more: /],
  [{ ...HS256, LATCHKEY_JWT_SECRET: `${LONG},short` }, /^LATCHKEY_JWT_SECRET must have 32 letters or more: /],
  [{ ...HS256, LATCHKEY_JWT_SECRET: LONG, LATCHKEY_SECRET: LONG }, /^LATCHKEY_JWT_SECRET is LATCHKEY_SECRET: /],
  [{ LATCHKEY_JWT_SECRET: LONG }, /^LATCHKEY_JWT_SECRET is set, and ES256 makes its own keys: /],
  [{ LATCHKEY_JWT_KEY_SERIES: 'a b' }, /^LATCHKEY_JWT_KEY_SERIES must be letters/],
  [
    { LATCHKEY_JWT_REFRESH_DAYS: '11', LATCHKEY_JWT_KEY_DAYS: '1' },
    /^LATCHKEY_JWT_REFRESH_DAYS is more than ten times/,
  ],
  [{ LATCHKEY_JWT_ACCESS_SECONDS: '90000' }, /^LATCHKEY_JWT_ACCESS_SECONDS is more than LATCHKEY_JWT_REFRESH_DAYS/],
  [
    { LATCHKEY_JWT_ACCESS_SECONDS: '90000', LATCHKEY_JWT_REFRESH_DAYS: '2', LATCHKEY_HISTORY_DAYS: '1' },
    /^LATCHKEY_JWT_ACCESS_SECONDS is more than LATCHKEY_HISTORY_DAYS/,
  ],
  [{ LATCHKEY_JWT_COOKIE: 'jwt', LATCHKEY_JWT_REFRESH_COOKIE: 'jwt' }, /^LATCHKEY_JWT_COOKIE and .* are one: /],
  [{ LATCHKEY_JWT_REFRESH_COOKIE_PATH: '/a;Domain=x' }, /^LATCHKEY_JWT_REFRESH_COOKIE_PATH must be a path of letters/],
  [{ LATCHKEY_JWT_SAMESITE: 'None' }, /^LATCHKEY_JWT_SAMESITE is None, which browsers take over https alone: /],
  ...['evil.example', '0.0.1', 'x; Path=/'].map(
    (domain) =>
      [
        { LATCHKEY_JWT_COOKIE_DOMAIN: domain },
        /^LATCHKEY_JWT_COOKIE_DOMAIN must be the host of the origin, 127\.0\.0\.1, or a domain above it; /,
      ] as const,
  ),
  [
    { LATCHKEY_ORIGIN: 'https://a.example', LATCHKEY_JWT_COOKIE_DOMAIN: 'example' },
    /^LATCHKEY_JWT_COOKIE_DOMAIN must be the host of the origin, a\.example, or /,
  ],
  [{ LATCHKEY_JWT_ENDINGS_SECRET: 'short' }, /^LATCHKEY_JWT_ENDINGS_SECRET must have 32 letters or more: /],
  [
    { LATCHKEY_JWT_ENDINGS_SECRET: LONG, LATCHKEY_SECRET: LONG },
    /^LATCHKEY_JWT_ENDINGS_SECRET is another secret of this server: /,
  ],
  [{ LATCHKEY_SIMPLEJWT_KEY: 'short' }, /^LATCHKEY_SIMPLEJWT_KEY must be the secret of HS256/],
  [
    { LATCHKEY_SIMPLEJWT_KEY: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' },
    /^LATCHKEY_SIMPLEJWT_KEY must be the secret of HS256/,
  ],
  [{ LATCHKEY_SIMPLEJWT_KEY: LONG, LATCHKEY_SECRET: LONG }, /^LATCHKEY_SIMPLEJWT_KEY is another secret/],
  [{ LATCHKEY_BINDING: 'required' }, /^LATCHKEY_BINDING is required, and LATCHKEY_JWT is on: /],
  [{ LATCHKEY_KEY: 'cookie-only' }, /^LATCHKEY_KEY is cookie-only, and LATCHKEY_JWT is on: /],
];

describe('F-11: what is wrong with an option’s meaning, or with several together, is refused too', () => {
  const rows: readonly (readonly [environment: Environment, says: RegExp])[] = [
    [
      { LATCHKEY_ORIGIN: 'accounts.example' },
      /^LATCHKEY_ORIGIN must be an origin, such as https:\/\/accounts\.example; “accounts\.example” is not one\.$/,
    ],
    [{ LATCHKEY_ORIGIN: 'https://accounts.example/path' }, /^LATCHKEY_ORIGIN must be an origin/],
    [{ LATCHKEY_ORIGIN: 'ftp://accounts.example' }, /^LATCHKEY_ORIGIN must be an origin/],
    [{ LATCHKEY_ORIGIN: 'https://user@accounts.example' }, /^LATCHKEY_ORIGIN must be an origin/],
    [{ LATCHKEY_ORIGIN: 'https://Accounts.example' }, /^LATCHKEY_ORIGIN must be an origin/],
    [{ PORT: 'x' }, /^PORT is “x”: it must be a number from 0 to 65535\.$/],
    [{ PORT: '' }, /^PORT is “”/],
    [{ PORT: '65536' }, /^PORT is “65536”/],
    [
      { LATCHKEY_DATABASE: 'mysql://user:secret@db/latchkey' },
      /^LATCHKEY_DATABASE must be sqlite: and a path, or postgres:\/\/user@host\/database; “mysql:…” is a store that this version does not have\.$/,
    ],
    [
      { LATCHKEY_SESSIONS: 'memcached://host' },
      /^LATCHKEY_SESSIONS must be redis:\/\/host:port, .* “memcached:…” is a store/,
    ],
    // K4: a class and a client are what a client says of itself.
    ...[{ LATCHKEY_CLASS_LIMITS: 'web=1' }, { LATCHKEY_CLIENTS: 'app=1' }].flatMap(
      (part): readonly (typeof rows)[number][] => [
        [
          { ...part, LATCHKEY_SESSION_LIMIT: 'unlimited' },
          /^LATCHKEY_SESSION_LIMIT is unlimited, and .* Set a number\.$/,
        ],
        [
          { ...part, LATCHKEY_ROLE_LIMITS: 'staff=unlimited' },
          /^LATCHKEY_ROLE_LIMITS has unlimited, and .* Set a number\.$/,
        ],
      ],
    ),
    // F-11, V9.1: tokens that anybody could make, or that nobody could check.
    ...jwtRows.map(([given, says]): (typeof rows)[number] => [{ LATCHKEY_JWT: 'true', ...given }, says]),
    [{ LATCHKEY_JWT_SECRET: LONG }, /^LATCHKEY_JWT_SECRET is set, and LATCHKEY_JWT is off: remove it\.$/],
    [{ LATCHKEY_JWT_ENDINGS_SECRET: LONG }, /^LATCHKEY_JWT_ENDINGS_SECRET is set, and LATCHKEY_JWT is off: /],
    [{ LATCHKEY_FEED_URL: 'db/latchkey' }, /^LATCHKEY_FEED_URL must be postgres:\/\//],
    [{ LATCHKEY_CHECKS: 'acked' }, /^LATCHKEY_CHECKS is acked, and SQLite is always read: /],
    [{ LATCHKEY_DATABASE: 'latchkey.db' }, /^LATCHKEY_DATABASE must be sqlite: and a path/],
    [{ LATCHKEY_DATABASE: 'sqlite:file:latchkey.db' }, /^LATCHKEY_DATABASE must be .* a URI \(file:…\) is not read\.$/],
    [{ LATCHKEY_DATABASE: 'sqlite:' }, /^LATCHKEY_DATABASE must be sqlite: and a path/],
    [
      { LATCHKEY_BASE_PATH: 'auth' },
      /^LATCHKEY_BASE_PATH must be a path such as \/auth, without a slash at its end\.$/,
    ],
    [{ LATCHKEY_BASE_PATH: '/auth/' }, /^LATCHKEY_BASE_PATH must be/],
    [{ LATCHKEY_BASE_PATH: '/a b' }, /^LATCHKEY_BASE_PATH must be/],
    [
      { LATCHKEY_SECRET: 'short' },
      /^LATCHKEY_SECRET must have 32 letters or more: make one with `openssl rand -base64 48`\.$/,
    ],
    [{ LATCHKEY_SECRET: `${'x'.repeat(32)},short` }, /^LATCHKEY_SECRET must have 32 letters or more/],
    ...['0.0.1', 'com', 'evil.example', '127.0.0.1:8787'].map((rpId): (typeof rows)[number] => [
      { LATCHKEY_PASSKEY_RP_ID: rpId },
      /^LATCHKEY_PASSKEY_RP_ID must be the host of the origin, 127\.0\.0\.1, or a domain above it; “.+” is not\.$/,
    ]),
    [
      { LATCHKEY_ORIGIN: 'https://a.example', LATCHKEY_PASSKEY_RP_ID: 'example' },
      /^LATCHKEY_PASSKEY_RP_ID must be the host of the origin, a\.example, or /,
    ],
    [{ LATCHKEY_VERIFY_LINK: 'https://app.example/verify' }, /^LATCHKEY_VERIFY_LINK must have \{key\} in it/],
    [{ LATCHKEY_RESET_LINK: 'https://app.example/{token}' }, /^LATCHKEY_RESET_LINK must have \{uid\} in it/],
    [{ LATCHKEY_RESET_LINK: 'https://app.example/' }, /^LATCHKEY_RESET_LINK must have \{uid\} and \{token\} in it/],
    [{ LATCHKEY_INVITATION_LINK: '/signup' }, /^LATCHKEY_INVITATION_LINK must have \{invitation\} in it/],
    [{ LATCHKEY_SIGN_IN_LINK: '/login/mail/' }, /^LATCHKEY_SIGN_IN_LINK must have \{token\} in it/],
    [
      { LATCHKEY_SIGN_IN_BY_MAIL: 'true', LATCHKEY_EMAIL_VERIFICATION: 'none' },
      /^LATCHKEY_SIGN_IN_BY_MAIL is on, and LATCHKEY_EMAIL_VERIFICATION is none/,
    ],
    [
      { LATCHKEY_SMTP_URL: 'mail.example:587' },
      /^LATCHKEY_SMTP_URL must be smtp:\/\/host:port, smtps:\/\/host:port, or none\.$/,
    ],
    [{ LATCHKEY_SMTP_URL: 'smtp://mail.example:99999' }, /^LATCHKEY_SMTP_URL must be/],
    [{ LATCHKEY_SMTP_URL: 'https://mail.example' }, /^LATCHKEY_SMTP_URL must be/],
  ];
  for (const [environment, says] of rows) {
    test(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(),
      () => {
        const problems = problemsOf({}, environment);
        assert.equal(problems.length, 1, String(problems));
        assert.match(problems[0] ?? '', says);
      },
    );
  }

  test('V13: no secret is repeated in what is said of it', () => {
    const secret = 'hunter2-hunter2';
    for (const name of [
      'LATCHKEY_SECRET',
      'LATCHKEY_DATABASE',
      'LATCHKEY_SESSIONS',
      'LATCHKEY_FEED_URL',
      'LATCHKEY_SMTP_URL',
    ]) {
      const value = name === 'LATCHKEY_SECRET' ? secret : `nonsense://user:${secret}@host`;
      assert.doesNotMatch(problemsOf({}, { [name]: value }).join(), /hunter2/, name);
    }
    for (const name of ['LATCHKEY_JWT_SECRET', 'LATCHKEY_JWT_ENDINGS_SECRET', 'LATCHKEY_SIMPLEJWT_KEY']) {
      for (const use of ['true', 'false']) {
        const problems = problemsOf({}, { LATCHKEY_JWT: use, [name]: secret });
        assert.doesNotMatch(problems.join(), /hunter2/, name);
        if (use === 'true' || name !== 'LATCHKEY_SIMPLEJWT_KEY') assert.ok(problems.length > 0, name);
      }
    }
  });
});

describe('a slip of the pen is never passed over', () => {
  test('F-11: names that nothing answers to are refused, in the environment, at the top and in a group', () => {
    const environment = {
      LATCHKEY_SESION_LIMIT: '1',
      LATCHKEY_: '',
      LATCHKEY_DEBUG: '1',
      OTHER: '1',
      latchkey_limit: '1',
    };
    const given = { limit: 1, sessions: { limits: 1, idle: 1 }, session: {} };
    assert.deepEqual(
      problemsOf(given, environment),
      [
        'limit',
        'session',
        'sessions.limits',
        'sessions.idle',
        'LATCHKEY_SESION_LIMIT',
        'LATCHKEY_',
        'LATCHKEY_DEBUG',
      ].map((name) => `${name} is no setting: see docs/settings.md for all of them.`),
    );
  });

  test('F-11: nor are names that every object has', () => {
    assert.deepEqual(problemsOf({ toString: 1, sessions: { constructor: 1 } }, {}), [
      'toString is no setting: see docs/settings.md for all of them.',
      'sessions.constructor is no setting: see docs/settings.md for all of them.',
    ]);
  });

  test('F-11: a group that is no group is refused', () => {
    for (const value of ['unlimited', 5, true, ['x']]) {
      const problems = problemsOf({ sessions: value }, {});
      assert.equal(problems[0], 'sessions is a group of settings and must be an object.', String(value));
    }
  });

  test('F-11: all that is wrong is told at once, whatever kind it is', () => {
    const environment = {
      NODE_ENV: 'production',
      LATCHKEY_SESSION_LIMIT: '0',
      LATCHKEY_TYPO: '1',
      LATCHKEY_BASE_PATH: 'auth',
      LATCHKEY_RATE_LIMITS: 'off',
    };
    const problems = problemsOf({ accounts: { signInBy: 'name' } }, environment);
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      [
        'LATCHKEY_TYPO',
        'LATCHKEY_SESSION_LIMIT',
        'accounts.signInBy',
        'LATCHKEY_BASE_PATH',
        'LATCHKEY_SECRET',
        'LATCHKEY_ORIGIN',
        'LATCHKEY_SMTP_URL',
        'LATCHKEY_RATE_LIMITS',
      ],
    );
  });
});

describe('what is fit for development alone', () => {
  const fit = {
    NODE_ENV: 'production',
    LATCHKEY_ORIGIN: 'https://accounts.example',
    LATCHKEY_SECRET: 'x'.repeat(32),
    LATCHKEY_SMTP_URL: 'smtp://mail.example',
  };
  const refusals: readonly (readonly [change: Environment, says: RegExp])[] = [
    [
      { LATCHKEY_SECRET: undefined },
      /^LATCHKEY_SECRET is not set, which production needs: make one with `openssl rand -base64 48`\.$/,
    ],
    [
      { LATCHKEY_ORIGIN: undefined },
      /^LATCHKEY_ORIGIN is not set: set it to the https:\/\/ address that people use\.$/,
    ],
    [
      { LATCHKEY_ORIGIN: 'http://accounts.example' },
      /^LATCHKEY_ORIGIN is plain http: set it to the https:\/\/ address that people use\.$/,
    ],
    [
      { LATCHKEY_SMTP_URL: undefined },
      /^LATCHKEY_SMTP_URL is not set: nobody could reset a password\. Set it, or set it to none to do without mail\.$/,
    ],
    [{ LATCHKEY_RATE_LIMITS: 'off' }, /^LATCHKEY_RATE_LIMITS is off, which lets anybody guess passwords: remove it\.$/],
    [{ LATCHKEY_PASSWORD_HASH: 'dangerously-cheap' }, /^LATCHKEY_PASSWORD_HASH is dangerously-cheap: remove it\.$/],
  ];

  test('V13: what production needs is enough', () => {
    assert.deepEqual(problemsOf({}, fit), []);
    assert.deepEqual(problemsOf({}, { ...fit, LATCHKEY_SMTP_URL: 'none' }), []);
  });
  for (const [change, says] of refusals) {
    test(`V13, D15: is refused in production, with its remedy: ${Object.entries(change).map(([name, value]) => `${name} ${value ?? 'not set'}`)}`, () => {
      const problems = problemsOf({}, { ...fit, ...change });
      assert.equal(problems.length, 1, String(problems));
      assert.match(problems[0] ?? '', says);
      assert.deepEqual(problemsOf({}, { ...fit, ...change, NODE_ENV: 'development' }), []);
    });
  }
  test('V13: also where it is set in code', () => {
    const given = { rateLimits: 'off', passwords: { hash: 'dangerously-cheap' }, origin: 'http://accounts.example' };
    assert.equal(problemsOf(given, { ...fit, LATCHKEY_ORIGIN: undefined }).length, 3);
  });
});
