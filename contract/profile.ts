/** A profile of the recorded project, as settings of Latchkey and as the facts that departures look at. */
import type { LatchkeyOptions } from 'latchkey';
import type { Environment } from './recording.ts';

export type Profile = {
  readonly emailVerification: 'none' | 'optional' | 'mandatory';
  readonly signInBy: 'username' | 'email' | 'username_email' | 'any';
  /** Whether keys are handed out and read at all; without them the cookie alone counts. */
  readonly hasKeys: boolean;
  /** Whether `login/` and `registration/` set the cookie. */
  readonly hasCookies: boolean;
  /** Whether Django takes its session cookie for a credential of the API, and then asks for CSRF tokens. */
  readonly readsSession: boolean;
  /** What an answer to nobody is. */
  readonly signedOutStatus: 401 | 403;
  readonly isBasicRead: boolean;
  readonly hasAllauth: boolean;
  readonly isEmailUnique: boolean;
  readonly asksOldPassword: boolean;
  readonly endsOwnSession: boolean;
  readonly signsOutOnGet: boolean;
  readonly confirmsOnGet: boolean;
  readonly isDebugging: boolean;
  /** How tokens are handed out; null where keys are. */
  readonly jwt: JwtProfile | null;
  /** What stands in `WWW-Authenticate` of a 401. */
  readonly challenge: string;
  /** Seconds that a throttled client waits at most. */
  readonly throttleSeconds: number;
  readonly options: LatchkeyOptions;
};

/** `USE_JWT` with its settings, by the names that dj-rest-auth has for them. */
export type JwtProfile = {
  readonly httpOnly: boolean;
  readonly returnsExpiration: boolean;
  readonly isRotated: boolean;
  readonly accessSeconds: number;
  readonly refreshSeconds: number;
  /** null where there is no such cookie. */
  readonly cookie: string | null;
  readonly refreshCookie: string | null;
  readonly refreshPath: string;
  readonly sameSite: 'Lax' | 'Strict' | 'None';
  readonly domain: string | null;
  /** Whether Django asks for CSRF tokens where the access token came by cookie, and of everybody. */
  readonly asksCsrf: boolean;
};

/** Every setting of the recorded project that means something here. A profile with another one is not served yet. */
const KNOWN: ReadonlySet<string> = new Set([
  'VERIFY',
  'SESSION_LOGIN',
  'NO_TOKEN_MODEL',
  'AUTHN',
  'AUTH_METHOD',
  'EMAIL_REQUIRED',
  'UNIQUE_EMAIL',
  'NO_VALIDATORS',
  'NO_ALLAUTH',
  'OLD_PASSWORD',
  'LOGOUT_ON_PASSWORD_CHANGE',
  'LOGOUT_ON_GET',
  'THROTTLE',
  'DEBUG',
  'NO_RESET_URL',
  'CONFIRM_HMAC',
  'CONFIRM_ON_GET',
  'CONFIRM_PAGE',
  'JWT',
  'JWT_HTTPONLY',
  'JWT_RETURN_EXPIRATION',
  'JWT_COOKIE',
  'JWT_REFRESH_COOKIE',
  'JWT_REFRESH_PATH',
  'JWT_SECURE',
  'JWT_SAMESITE',
  'JWT_DOMAIN',
  'JWT_CSRF',
  'JWT_CSRF_ALL',
  'JWT_ACCESS_SECONDS',
  'JWT_REFRESH_SECONDS',
  'BLACKLIST',
  'ROTATE',
]);

/** The first setting that means nothing here, or null. */
export function unknownSetting(env: Environment): string | null {
  return Object.keys(env).find((name) => !KNOWN.has(name)) ?? null;
}

export function profileOf(env: Environment): Profile {
  const hasKeys = env['NO_TOKEN_MODEL'] !== '1';
  const hasAllauth = env['NO_ALLAUTH'] !== '1';
  const authenticators = env['AUTHN'] ?? 'token';
  const facts = {
    emailVerification: choice(env['VERIFY'], ['none', 'optional', 'mandatory'] as const),
    signInBy: hasAllauth ? choice(env['AUTH_METHOD'], ['username', 'email', 'username_email'] as const) : 'any',
    hasKeys,
    hasCookies: env['SESSION_LOGIN'] !== '0',
    readsSession: authenticators !== 'token',
    signedOutStatus: /^(?:session|drf-default)/.test(authenticators) ? 403 : 401,
    isBasicRead: authenticators === 'drf-default',
    hasAllauth,
    isEmailUnique: env['UNIQUE_EMAIL'] !== '0',
    asksOldPassword: env['OLD_PASSWORD'] === '1',
    endsOwnSession: env['LOGOUT_ON_PASSWORD_CHANGE'] === '1',
    signsOutOnGet: env['LOGOUT_ON_GET'] === '1',
    confirmsOnGet: env['CONFIRM_ON_GET'] === '1',
    isDebugging: env['DEBUG'] === '1',
    jwt: env['JWT'] === '1' ? jwtOf(env) : null,
    challenge: env['JWT'] === '1' ? 'Bearer realm="api"' : 'Token',
    throttleSeconds: secondsOf(env['THROTTLE']),
  } as const;
  return { ...facts, options: optionsOf(facts, env) };
}

function jwtOf(env: Environment): JwtProfile {
  return {
    httpOnly: env['JWT_HTTPONLY'] !== '0',
    returnsExpiration: env['JWT_RETURN_EXPIRATION'] === '1',
    isRotated: env['ROTATE'] === '1',
    accessSeconds: Number(env['JWT_ACCESS_SECONDS'] ?? '300'),
    refreshSeconds: Number(env['JWT_REFRESH_SECONDS'] ?? '86400'),
    cookie: env['JWT_COOKIE'] ?? null,
    refreshCookie: env['JWT_REFRESH_COOKIE'] ?? null,
    refreshPath: env['JWT_REFRESH_PATH'] ?? '/',
    sameSite: choice(env['JWT_SAMESITE'], ['Lax', 'Strict', 'None']),
    domain: env['JWT_DOMAIN'] ?? null,
    asksCsrf: env['JWT_CSRF'] === '1',
  };
}

function jwtOptionsOf(jwt: JwtProfile): NonNullable<LatchkeyOptions['jwt']> {
  return {
    use: true,
    httpOnly: jwt.httpOnly,
    returnExpiration: jwt.returnsExpiration,
    rotate: jwt.isRotated,
    accessSeconds: jwt.accessSeconds,
    refreshDays: jwt.refreshSeconds / 86_400,
    refreshCookiePath: jwt.refreshPath,
    cookieSameSite: jwt.sameSite,
    ...(jwt.cookie !== null && { cookie: jwt.cookie }),
    ...(jwt.refreshCookie !== null && { refreshCookie: jwt.refreshCookie }),
    ...(jwt.domain !== null && { cookieDomain: jwt.domain }),
  };
}

type Facts = Omit<Profile, 'options'>;

function optionsOf(facts: Facts, env: Environment): LatchkeyOptions {
  const throttle = env['THROTTLE'];
  return {
    pages: { loginRedirectUrl: '/' },
    accounts: {
      emailVerification: facts.emailVerification,
      signInBy: facts.signInBy,
      emailRequired: env['EMAIL_REQUIRED'] === '1',
      emailUnique: facts.isEmailUnique,
      usernameCase: facts.hasAllauth ? 'ignore' : 'exact',
    },
    ...(facts.jwt !== null && { jwt: jwtOptionsOf(facts.jwt) }),
    ...(env['NO_VALIDATORS'] === '1' && { passwords: { rules: ['length'], minLength: 6 } }),
    django: {
      key: facts.hasKeys ? 'body' : 'cookie-only',
      sessionLogin: facts.hasCookies,
      signedOutStatus: facts.signedOutStatus === 401 ? '401' : '403',
      oldPasswordField: facts.asksOldPassword,
      logoutOnGet: facts.signsOutOnGet,
      logoutOnPasswordChange: facts.endsOwnSession,
      uid: facts.hasAllauth ? 'base36' : 'base64url',
      ...(throttle !== undefined && { throttle }),
    },
  };
}

/** What was set, or the first where nothing was. */
function choice<const Choices extends readonly [string, ...string[]]>(
  given: string | undefined,
  choices: Choices,
): Choices[number] {
  return choices.find((known) => known === given) ?? choices[0];
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The window of a rate such as `3/min`. */
function secondsOf(rate: string | undefined): number {
  const unit = rate?.split('/')[1]?.charAt(0) ?? '';
  return UNITS[unit] ?? 0;
}
