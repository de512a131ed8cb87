/** Options and environment become settings, or all that is wrong with them at once, each with its remedy. */
import { isIP } from 'node:net';
import { type DataOptions, groups, top } from './config.ts';
import { MIN_SECRET_LENGTH } from './crypto/keys.ts';
import { jwtFlaws, jwtFrom, secretsIn } from './jwt-settings.ts';
import { idleMsWith } from './model/jwt.ts';
import { looksAtClaims } from './model/limits.ts';
import type { OldScheme, PasswordRule } from './model/password.ts';
import type { Settings } from './model/settings.ts';
import { DAY_MS, type Option, Problem, SECOND_MS } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that are not right. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings are not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Where things are kept, and how that is reached. URLs may carry passwords: never shown. */
export type StoreSettings = {
  readonly database: string;
  /** null where sessions are kept beside the accounts. */
  readonly sessions: string | null;
  readonly schema: string;
  readonly pooler: boolean;
  readonly feedUrl: string | null;
  readonly connections: number;
  readonly replicas: number;
};

export type Resolved = {
  readonly settings: Settings;
  readonly stores: StoreSettings;
  /** The root secrets, the newest first; empty where one is to be made and kept in the database. */
  readonly secrets: readonly string[];
  /** The secrets that sign tokens, the newest first; empty where keys are made for that, and where there are no tokens. */
  readonly jwtSecrets: readonly string[];
  /** Those by which servers elsewhere follow which sessions have ended, the newest first; empty where none does. */
  readonly followerSecrets: readonly string[];
  /** The key that a shop's tokens were signed by before; null where they are not taken. */
  readonly simplejwtKey: string | null;
};

type ValuesOf<Group> = {
  readonly [Name in keyof Group]: Group[Name] extends Option<unknown, infer Value> ? Value : never;
};

/** What was given or is the fallback, option by option; what follows from several of them together comes after it. */
export type Read = ValuesOf<typeof top> & { readonly [Name in keyof typeof groups]: ValuesOf<(typeof groups)[Name]> };

/** Resolves options and environment into settings. Throws `InvalidSettings` with every problem, those `found` before among them. */
export function resolveSettings(given: DataOptions, environment: Environment, found: readonly string[] = []): Resolved {
  const problems: string[] = [...found, ...unknownNames(given, environment)];
  const read = readAll(given, environment, problems);
  const production = environment['NODE_ENV'] === 'production';
  const port = environment['PORT'] ?? '8787';
  if (!isPort(port)) problems.push(`PORT is “${port}”: it must be a number from 0 to 65535.`);
  const origin = (read.origin ?? `http://127.0.0.1:${isPort(port) ? port : '8787'}`).replace(/\/$/, '');
  const secrets = secretsIn(read.secret);
  const jwtSecrets = secretsIn(read.jwt.secret);
  const followerSecrets = secretsIn(read.jwt.endingsSecret);
  problems.push(...flaws(read, origin, secrets), ...jwtFlaws(read, { origin, secrets, jwtSecrets, followerSecrets }));
  if (production) problems.push(...unsafeInProduction(read, origin, secrets));
  if (problems.length > 0) throw new InvalidSettings(problems);
  return {
    settings: settingsFrom(read, origin, production),
    stores: storesFrom(read),
    secrets,
    jwtSecrets,
    followerSecrets,
    simplejwtKey: read.jwt.simplejwtKey,
  };
}

type Group = Readonly<Record<string, Option<unknown, unknown>>>;

function readAll(given: DataOptions, environment: Environment, problems: string[]): Read {
  const readGroup = (prefix: string, group: Group, from: Readonly<Record<string, unknown>> | undefined) =>
    Object.entries(group).map(([name, { env, read, fallback }]) => {
      const value = from?.[name] ?? environment[env];
      const outcome = value === undefined ? fallback : read(value);
      if (!(outcome instanceof Problem)) return [name, outcome] as const;
      // Its fallback goes on, so that everything else that is wrong is found, too.
      problems.push(`${from?.[name] === undefined ? env : prefix + name} ${outcome.text}.`);
      return [name, fallback] as const;
    });
  const grouped = Object.entries(groups).map(([name, group]) => {
    const from = given[name as keyof typeof groups] as Readonly<Record<string, unknown>> | undefined;
    return [name, Object.fromEntries(readGroup(`${name}.`, group, from))] as const;
  });
  return Object.fromEntries([...readGroup('', top, given), ...grouped]) as Read;
}

/** Names that nothing here answers to: most likely a slip of the pen, and never to be passed over. */
function unknownNames(given: DataOptions, environment: Environment): string[] {
  const inCode = Object.entries(groups).flatMap(([name, group]) => {
    const names = Object.keys(given[name as keyof typeof groups] ?? {});
    return names.filter((option) => !Object.hasOwn(group, option)).map((option) => `${name}.${option}`);
  });
  const atTop = Object.keys(given).filter((name) => !Object.hasOwn(top, name) && !Object.hasOwn(groups, name));
  const known = new Set([top, ...Object.values(groups)].flatMap((group) => Object.values(group).map(({ env }) => env)));
  const inEnvironment = Object.keys(environment).filter(
    (name) => name.startsWith('LATCHKEY_') && !name.startsWith('LATCHKEY_TEST_') && !known.has(name),
  );
  const unknown = [...atTop, ...inCode, ...inEnvironment];
  const noGroups = Object.keys(groups).filter((name) => !isGroup(given[name as keyof typeof groups]));
  return [
    ...noGroups.map((name) => `${name} is a group of settings and must be an object.`),
    ...unknown.map((name) => `${name} is no setting: see docs/settings.md for all of them.`),
  ];
}

function isGroup(given: unknown): boolean {
  return given == null || (typeof given === 'object' && !Array.isArray(given));
}

/** What is wrong wherever this runs. */
function flaws(read: Read, origin: string, secrets: readonly string[]): readonly string[] {
  const found: string[] = [];
  if (!isOrigin(origin)) {
    found.push(`LATCHKEY_ORIGIN must be an origin, such as https://accounts.example; “${origin}” is not one.`);
  }
  found.push(...storeFlaws(read), ...limitFlaws(read), ...bindingFlaws(read));
  if (!/^(?:\/[\w-]+)+$/.test(read.basePath))
    found.push('LATCHKEY_BASE_PATH must be a path such as /auth, without a slash at its end.');
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    found.push(
      `LATCHKEY_SECRET must have ${MIN_SECRET_LENGTH} letters or more: make one with \`openssl rand -base64 48\`.`,
    );
  }
  const { rpId } = read.passkeys;
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  const isAbove = rpId?.includes('.') === true && isIP(host) === 0 && host.endsWith(`.${rpId}`);
  if (rpId !== null && rpId !== host && !isAbove) {
    found.push(
      `LATCHKEY_PASSKEY_RP_ID must be the host of the origin, ${host}, or a domain above it; “${rpId}” is not.`,
    );
  }
  const redirects = [read.pages.loginRedirectUrl, ...read.pages.roleRedirectUrls.map(([, to]) => to)];
  if (redirects.some((to) => /^\/login(?:[/?#]|$)/.test(to))) {
    found.push('LATCHKEY_LOGIN_REDIRECT_URL and LATCHKEY_ROLE_REDIRECT_URLS must not lead back to /login/.');
  }
  for (const [env, link, names] of [
    ['LATCHKEY_VERIFY_LINK', read.mail.verifyLink, ['{key}']],
    ['LATCHKEY_RESET_LINK', read.mail.resetLink, ['{uid}', '{token}']],
    ['LATCHKEY_INVITATION_LINK', read.mail.invitationLink, ['{invitation}']],
    ['LATCHKEY_SIGN_IN_LINK', read.mail.signInLink, ['{token}']],
  ] as const) {
    const missing = names.filter((name) => link !== null && !link.includes(name));
    if (missing.length > 0) found.push(`${env} must have ${missing.join(' and ')} in it, for what the link carries.`);
  }
  if (read.accounts.signInByMail && read.accounts.emailVerification === 'none') {
    found.push(
      'LATCHKEY_SIGN_IN_BY_MAIL is on, and LATCHKEY_EMAIL_VERIFICATION is none: nobody has an address that may be signed in by. Set that to optional or mandatory.',
    );
  }
  if (read.mail.smtpUrl !== null && read.mail.smtpUrl !== 'none' && !isSmtpUrl(read.mail.smtpUrl)) {
    found.push('LATCHKEY_SMTP_URL must be smtp://host:port, smtps://host:port, or none.');
  }
  return found;
}

/** Whoever says to be of another class, or another client, is not counted as of this one: the account's limit has to hold them. */
function limitFlaws({ sessions }: Read): readonly string[] {
  if (!looksAtClaims(sessions)) return [];
  const unlimited = [
    ...(sessions.limit === 'unlimited' ? ['LATCHKEY_SESSION_LIMIT is'] : []),
    ...(sessions.roleLimits.some(([, max]) => max === 'unlimited') ? ['LATCHKEY_ROLE_LIMITS has'] : []),
  ];
  return unlimited.map(
    (what) =>
      `${what} unlimited, and LATCHKEY_CLASS_LIMITS or LATCHKEY_CLIENTS limits a part of it: a client says of itself what it is, and would have as many places as it says things. Set a number.`,
  );
}

function bindingFlaws({ boundKeys, django }: Read): readonly string[] {
  return boundKeys.policy === 'required' && django.key === 'cookie-only'
    ? [
        'LATCHKEY_BINDING is required, and LATCHKEY_KEY is cookie-only: there would be no key to bind. Set that to body, or this to optional.',
      ]
    : [];
}

const POSTGRES = /^postgres(?:ql)?:\/\/./;
const REDIS = /^(?:rediss?|redis\+sentinel|redis\+cluster):\/\/./;

function storeFlaws({ database, sessionStore, sessions, stores }: Read): readonly string[] {
  const found: string[] = [];
  const scheme = (url: string): string => `“${url.split(':')[0]}:…”`;
  if (database.startsWith('sqlite:file:')) {
    found.push('LATCHKEY_DATABASE must be sqlite: and a path as it stands: a URI (file:…) is not read.');
  } else if (!/^sqlite:.+/.test(database) && !POSTGRES.test(database)) {
    found.push(
      `LATCHKEY_DATABASE must be sqlite: and a path, or postgres://user@host/database; ${scheme(database)} is a store that this version does not have.`,
    );
  }
  if (sessionStore !== null && !REDIS.test(sessionStore)) {
    found.push(
      `LATCHKEY_SESSIONS must be redis://host:port, rediss://…, redis+sentinel://… or redis+cluster://…; ${scheme(sessionStore)} is a store that this version does not have.`,
    );
  }
  if (stores.feedUrl !== null && !POSTGRES.test(stores.feedUrl)) {
    found.push('LATCHKEY_FEED_URL must be postgres://user@host/database, as the database has it without a pooler.');
  }
  const isRead = sessions.checks !== null && sessions.checks !== 'strict' && sessionStore === null;
  if (isRead && stores.pooler && stores.feedUrl === null) {
    found.push(
      `LATCHKEY_CHECKS is ${sessions.checks}, and through a pooler nodes do not hear of each other: set LATCHKEY_FEED_URL to a direct way to the database.`,
    );
  }
  if (isRead && database.startsWith('sqlite:')) {
    found.push(
      `LATCHKEY_CHECKS is ${sessions.checks}, and SQLite is always read: it costs no more than remembering. Remove it, or keep sessions in PostgreSQL or Redis.`,
    );
  }
  return found;
}

function storesFrom({ database, sessionStore, stores }: Read): StoreSettings {
  return { database, sessions: sessionStore, ...stores };
}

function checksFrom({ database, sessionStore, sessions, stores }: Read): Settings['checks'] {
  const hasFeed =
    sessionStore !== null || (!database.startsWith('sqlite:') && (!stores.pooler || stores.feedUrl !== null));
  const usual = hasFeed ? 'acked' : 'strict';
  return { trust: sessions.checks ?? usual, remembered: sessions.remembered };
}

/** What is fit for development and for nothing else. */
function unsafeInProduction(read: Read, origin: string, secrets: readonly string[]): readonly string[] {
  const found: string[] = [];
  if (secrets.length === 0) {
    found.push('LATCHKEY_SECRET is not set, which production needs: make one with `openssl rand -base64 48`.');
  }
  if (!origin.startsWith('https:')) {
    found.push(
      `LATCHKEY_ORIGIN is ${read.origin === null ? 'not set' : 'plain http'}: set it to the https:// address that people use.`,
    );
  }
  if (read.mail.smtpUrl === null) {
    found.push(
      'LATCHKEY_SMTP_URL is not set: nobody could reset a password. Set it, or set it to none to do without mail.',
    );
  }
  if (read.rateLimits === 'off')
    found.push('LATCHKEY_RATE_LIMITS is off, which lets anybody guess passwords: remove it.');
  if (read.passwords.hash === 'dangerously-cheap')
    found.push('LATCHKEY_PASSWORD_HASH is dangerously-cheap: remove it.');
  return found;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function isSmtpUrl(text: string): boolean {
  return URL.canParse(text) && /^smtps?:\/\/[^/]+/.test(text);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

function settingsFrom(read: Read, origin: string, production: boolean): Settings {
  const { sessions, accounts, passwords, events, mail, django } = read;
  const { takeovers, ...attempts } = read.attempts;
  const isMandatory = accounts.emailVerification === 'mandatory';
  return {
    production,
    origin,
    basePath: read.basePath,
    sessions: {
      limit: sessions.limit,
      classLimits: sessions.classLimits.filter(([, max]) => max !== 'unlimited'),
      clients: sessions.clients,
      roleLimits: sessions.roleLimits,
      whenFull: sessions.whenFull,
      approvalMs: sessions.approvalSeconds * SECOND_MS,
      idleMs: read.jwt.use ? idleMsWith(sessions.idleDays, read.jwt.refreshDays) : sessions.idleDays,
      lifetimeMs: sessions.lifetimeDays,
      freshMs: sessions.freshMinutes,
      graceMs: sessions.graceSeconds * SECOND_MS,
      keepEndedMs: sessions.keepEndedDays,
    },
    takeovers: { rate: read.rateLimits === 'off' ? null : takeovers, stepUp: sessions.stepUpToDisplace },
    history: { keepMs: sessions.historyDays },
    boundKeys: read.boundKeys,
    checks: checksFrom(read),
    accounts: {
      usernameCase: accounts.usernameCase,
      signInBy: accounts.signInBy,
      emailRequired: accounts.emailRequired || isMandatory || accounts.signInBy === 'email',
      emailUnique: accounts.emailUnique,
      emailVerification: accounts.emailVerification,
      registration: accounts.registration,
      signInByMail: accounts.signInByMail,
    },
    secondStep: { demandedOf: read.secondStep.demandedOf, rememberMs: read.secondStep.rememberDays },
    passkeys: passkeysFrom(read, origin),
    social: read.social,
    passwords: {
      minLength: passwords.minLength,
      rules: passwords.rules as readonly PasswordRule[],
      hash: passwords.hash === 'dangerously-cheap' ? 'cheap' : passwords.hash,
      old: django.oldHashes as readonly OldScheme[],
      concurrency: passwords.concurrency,
      queue: HASH_QUEUE,
    },
    attempts: read.rateLimits === 'off' ? 'off' : attempts,
    events: { perAccount: events.perAccount, total: events.total, heartbeatMs: events.heartbeatSeconds },
    mail: {
      from: mail.from ?? `noreply@${new URL(origin).hostname}`,
      smtpUrl: mail.smtpUrl ?? 'none',
      links: {
        verifyEmail: absolute(mail.verifyLink ?? `${read.basePath}/registration/account-confirm-email/{key}/`, origin),
        resetPassword: absolute(mail.resetLink, origin),
        invitation: absolute(mail.invitationLink, origin),
        signIn: absolute(mail.signInLink, origin),
      },
      newDevice: mail.newDevice,
      resetLinkMs: mail.resetMinutes,
      verifyLinkMs: mail.verifyDays,
      invitationMs: INVITATION_MS,
    },
    jwt: jwtFrom(read, origin),
    wire: {
      // Where there are tokens, there is no key beside them.
      key: django.key === 'body' && !read.jwt.use,
      cookie: django.sessionLogin,
      signedOutStatus: django.signedOutStatus === '401' ? 401 : 403,
      oldPasswordField: django.oldPasswordField,
      logoutOnGet: django.logoutOnGet,
      logoutOnPasswordChange: django.logoutOnPasswordChange,
      uid: django.uid,
      throttle: django.throttle,
      apiLanguages: django.apiLanguages,
    },
    django: {
      secretKey: () => django.secretKey,
      resetLinkMs: django.resetDays,
      sessionCookie: django.sessionCookie,
    },
    pages: {
      loginRedirect: read.pages.loginRedirectUrl,
      roleRedirects: read.pages.roleRedirectUrls,
      redirectSignedIn: read.pages.redirectSignedIn,
    },
    theme: read.theme,
    corsOrigins: read.corsOrigins,
    trustedProxies: read.trustedProxies,
  };
}

function passkeysFrom({ passkeys }: Read, origin: string): Settings['passkeys'] {
  const rpId = passkeys.rpId ?? new URL(origin).hostname;
  const origins = [origin, ...passkeys.origins.filter((other) => other !== origin)];
  return { rpId, origins, onPages: isIP(rpId.replace(/^\[|\]$/g, '')) === 0 };
}

const HASH_QUEUE = 64;
const INVITATION_MS = 7 * DAY_MS;

/** A link may lead to a path here, or to an app of its own. */
function absolute(link: string, origin: string): string {
  return link.startsWith('/') ? origin + link : link;
}
