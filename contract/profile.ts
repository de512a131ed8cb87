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
  /** Seconds that a throttled client waits at most. */
  readonly throttleSeconds: number;
  readonly options: LatchkeyOptions;
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
    throttleSeconds: secondsOf(env['THROTTLE']),
  } as const;
  return { ...facts, options: optionsOf(facts, env) };
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
