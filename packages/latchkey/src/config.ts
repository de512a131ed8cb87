/** Every option, in one table: declared, defaulted, documented and checked here. `docs/settings.md` is made from it. */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { clientsById, limitsByClass, limitsByRole } from './limit-options.ts';
import { OLD_SCHEMES } from './model/password.ts';
import {
  choice,
  cookieName,
  count,
  DAY_MS,
  flag,
  limit,
  list,
  MINUTE_MS,
  type Option,
  rate,
  rateOrNone,
  SECOND_MS,
  schemaName,
  time,
  whom,
  words,
} from './options.ts';
import { providersByName } from './social-options.ts';
import { colour, families, path, pathsByRole, picture } from './theme-options.ts';

const RULES = ['similarity', 'length', 'common', 'numeric'] as const;

/** Options that stand at the top. */
export const top = {
  /** Where people reach this server, such as `https://accounts.example`. Links, cookies and origin checks follow it, never a request. */
  origin: words({ env: 'LATCHKEY_ORIGIN', fallback: null, shown: 'http://127.0.0.1:$PORT' }),
  /** The root secret, from which every key is derived: 32 letters or more, several with commas between, the newest first. */
  secret: words({
    env: 'LATCHKEY_SECRET',
    fallback: null,
    shown: 'outside production, one is made and kept in the database',
  }),
  /** Where accounts are kept: `sqlite:` and a path, `sqlite::memory:`, or `postgres://user:password@host/database`. */
  database: words({ env: 'LATCHKEY_DATABASE', fallback: 'sqlite:latchkey.db' }),
  /** Where sessions are kept if not there: `redis://host:6379`, `rediss://…`, `redis+sentinel://host:26379,host:26379/name` or `redis+cluster://host:6379,host:6379`. */
  sessionStore: words({ env: 'LATCHKEY_SESSIONS', fallback: null, shown: 'beside the accounts' }),
  /** The path that the API stands under. */
  basePath: words({ env: 'LATCHKEY_BASE_PATH', fallback: '/auth' }),
  /** Addresses or CIDR blocks of the proxies before this server. Only they are believed about who the client is. */
  trustedProxies: list({ env: 'LATCHKEY_TRUSTED_PROXIES', fallback: [] }, proxyFlaw),
  /** Origins whose pages may use the API, such as `https://app.example`. */
  corsOrigins: list({ env: 'LATCHKEY_CORS_ORIGINS', fallback: [] }, originFlaw),
  /** `off` counts no attempts: for measuring. Refused in production. */
  rateLimits: choice(['on', 'off'], { env: 'LATCHKEY_RATE_LIMITS', fallback: 'on' }),
};

/** Libuv's thread pool: hashes must leave a thread to whatever brings data to the disk. Of what is no number it makes one. */
const THREADS = Math.max(1, Number.parseInt(process.env['UV_THREADPOOL_SIZE'] ?? '4', 10) || 1);

const sessions = {
  /** How many devices an account may be signed in on at a time: 1 or more, or `unlimited`. */
  limit: limit({ env: 'LATCHKEY_SESSION_LIMIT', fallback: 1 }),
  /** What happens when it is full: `displace` signs the device out that has been in longest, `displace-least-recent` the one that was seen longest ago; `refuse` lets nobody else in; `ask` lets them choose who goes; `approve` asks a device that is signed in. See [limits.md](limits.md). */
  whenFull: choice(['displace', 'displace-least-recent', 'refuse', 'ask', 'approve'], {
    env: 'LATCHKEY_WHEN_FULL',
    fallback: 'displace',
  }),
  /** With `approve`: for so many seconds a sign-in waits for an answer, and for so many more it may come in by it. */
  approvalSeconds: count({ env: 'LATCHKEY_APPROVAL_SECONDS', fallback: 120 }, { min: 10, max: 600 }),
  /** Whether a device that the account does not know shows a second proof before another has to go for it: the second step of the account, or else a code that is mailed to its verified address. */
  stepUpToDisplace: flag({ env: 'LATCHKEY_STEP_UP_TO_DISPLACE', fallback: false }),
  /** How many of them may be of a class, such as `web=1,mobile=2`: `web`, `mobile`, `desktop`, `tv`, `cli`, `unknown`. A class is what a client says, and buys no place beyond `sessions.limit`. */
  classLimits: limitsByClass({ env: 'LATCHKEY_CLASS_LIMITS' }),
  /** The ids of your client apps, each with how many of an account's sessions may be of it or without: `ios-app=1,web-app`. A client says its id in the header `Latchkey-Client`; another id is refused. */
  clients: clientsById({ env: 'LATCHKEY_CLIENTS' }),
  /** In place of `sessions.limit`, for accounts with a role: `premium=3,trial=1`. Of several roles the largest counts. */
  roleLimits: limitsByRole({ env: 'LATCHKEY_ROLE_LIMITS' }),
  /** How a key is checked: `strict` reads the store at every check; `acked` answers from memory, and a sign-in that displaces waits until every node knows; `bounded` answers from memory that may be a second old. */
  checks: choice(['strict', 'acked', 'bounded'], {
    env: 'LATCHKEY_CHECKS',
    fallback: null,
    shown: 'acked with PostgreSQL or Redis, strict with SQLite',
  }),
  /** How many sessions a node remembers at most, at about a kilobyte each. */
  remembered: count({ env: 'LATCHKEY_REMEMBERED', fallback: 50_000 }, { min: 2, max: 10_000_000 }),
  /** A session that is not used for so many days is over. Uses are noted to the minute: less than five are refused. */
  idleDays: time(DAY_MS, { env: 'LATCHKEY_IDLE_DAYS', fallback: 14, minMs: 5 * MINUTE_MS }),
  /** A session is over after so many days, however much it is used. */
  lifetimeDays: time(DAY_MS, { env: 'LATCHKEY_LIFETIME_DAYS', fallback: 30 }),
  /** For so many minutes after signing in nobody is asked for their password again. */
  freshMinutes: time(MINUTE_MS, { env: 'LATCHKEY_FRESH_MINUTES', fallback: 10 }),
  /** For so many seconds after its displacement a device may finish what your app lets it, where that asks with `authenticate(request, { grace: true })`; at most 300. Nothing else takes its key. See [limits.md](limits.md). */
  graceSeconds: count({ env: 'LATCHKEY_GRACE_SECONDS', fallback: 0 }, { min: 0, max: 300 }),
  /** For so many days the holder of an ended session is still told why. */
  keepEndedDays: time(DAY_MS, { env: 'LATCHKEY_KEEP_ENDED_DAYS', fallback: 30 }),
  /** For so many days the history of accounts is kept: when sessions began and ended, passwords changed, and so on. Nodes need not agree on it. */
  historyDays: time(DAY_MS, { env: 'LATCHKEY_HISTORY_DAYS', fallback: 365, minMs: DAY_MS }),
};

/** Sessions that are bound to a key which their client keeps: by proofs of possession (DPoP, RFC 9449), or by the browser itself (Device Bound Session Credentials). See [bound-keys.md](bound-keys.md). */
const boundKeys = {
  /** Whether a client that shows a key when it signs in gets a session that is bound to it (`optional`), no client gets any other (`required`; browsers on our pages get a cookie as before), or keys are passed over (`off`). */
  policy: choice(['optional', 'required', 'off'], { env: 'LATCHKEY_BINDING', fallback: 'optional' }),
  /** What keeps a proof from being shown twice: a nonce of ours in it, and that it is kept as seen (`nonce+jti`, a write at each check); a nonce alone where something is only looked at, so that a proof can be shown again for minutes (`nonce`); or that it was made within the minute and is kept as seen (`jti`). */
  replay: choice(['nonce+jti', 'nonce', 'jti'], { env: 'LATCHKEY_PROOF_REPLAY', fallback: 'nonce+jti' }),
  /** Whether a browser that can keeps a key for the session that it is signed in with, so that its cookie, copied, is worth nothing after minutes (`when-able`; over https alone, others go on as before), or none does (`off`; sessions that are bound stay so). */
  cookies: choice(['when-able', 'off'], { env: 'LATCHKEY_COOKIE_BINDING', fallback: 'when-able' }),
};

/** How PostgreSQL and Redis are used. */
const stores = {
  /** The schema of the database that Latchkey's tables are in. It is made where it is not there. */
  schema: schemaName({ env: 'LATCHKEY_SCHEMA', fallback: 'latchkey' }),
  /** Whether a pooler in transaction mode (PgBouncer) stands before the database: then no statement is prepared by name. */
  pooler: flag({ env: 'LATCHKEY_POOLER', fallback: false }),
  /** A direct way to the database, for the feed, where the other leads through a pooler. */
  feedUrl: words({ env: 'LATCHKEY_FEED_URL', fallback: null, shown: 'as the database' }),
  /** How many connections to the database a node has for changes. */
  connections: count({ env: 'LATCHKEY_CONNECTIONS', fallback: 10 }, { min: 1, max: 1_000 }),
  /** How many replicas of Redis must have a change before it is answered. */
  replicas: count({ env: 'LATCHKEY_REDIS_REPLICAS', fallback: 0 }, { min: 0, max: 9 }),
};

const accounts = {
  /** Who may sign up: everybody (`open`), whoever brings an invitation (`invited`), or nobody (`closed`). */
  registration: choice(['open', 'invited', 'closed'], { env: 'LATCHKEY_REGISTRATION', fallback: 'open' }),
  /** Whether an e-mail address is never verified (`none`), may be (`optional`), or must be before anybody signs in (`mandatory`). */
  emailVerification: choice(['none', 'optional', 'mandatory'], {
    env: 'LATCHKEY_EMAIL_VERIFICATION',
    fallback: 'optional',
  }),
  /** Whether signing up needs an e-mail address. Verification by `mandatory`, and signing in by `email`, need it in any case. */
  emailRequired: flag({ env: 'LATCHKEY_EMAIL_REQUIRED', fallback: false }),
  /** Whether an address that another account has verified is refused. Two accounts never verify one address. */
  emailUnique: flag({ env: 'LATCHKEY_EMAIL_UNIQUE', fallback: true }),
  /** Whether `Alice` and `alice` are one username (as with allauth) or two (as in Django alone). Not to be changed later. */
  usernameCase: choice(['ignore', 'exact'], { env: 'LATCHKEY_USERNAME_CASE', fallback: 'ignore' }),
  /** By what people sign in: `username`, `email`, either (`username_email`), or either as Django without allauth does it (`any`). */
  signInBy: choice(['username', 'email', 'username_email', 'any'], {
    env: 'LATCHKEY_SIGN_IN_BY',
    fallback: 'username',
  }),
  /** Whether people may sign in by a link or a code that is mailed to an address which they have verified: then whoever reads their mail comes in. */
  signInByMail: flag({ env: 'LATCHKEY_SIGN_IN_BY_MAIL', fallback: false }),
};

const secondStep = {
  /** Of whom a second step is demanded: `nobody` who did not set one up, `everybody`, or those with one of these roles, with commas between. */
  demandedOf: whom({ env: 'LATCHKEY_SECOND_STEP_OF', fallback: 'nobody' }),
  /** For so many days a device on which a second step was shown need not show one again, where its owner wishes it; 0 asks each time. */
  rememberDays: time(DAY_MS, { env: 'LATCHKEY_SECOND_STEP_REMEMBER_DAYS', fallback: 30, minMs: 0 }),
};

const passkeys = {
  /** The domain that passkeys are made for: the host of the origin, or a domain above it. With another one all passkeys are lost. */
  rpId: words({ env: 'LATCHKEY_PASSKEY_RP_ID', fallback: null, shown: 'the host of the origin' }),
  /** Where else passkeys of that domain may be used: origins such as `https://app.example`, or `android:apk-key-hash:…` for an app. */
  origins: list({ env: 'LATCHKEY_PASSKEY_ORIGINS', fallback: [] }, passkeyOriginFlaw),
};

/** Signing in by other providers. */
const social = {
  /** Which ones, by name: `{ google: { clientId, clientSecret } }`. `google`, `github`, `microsoft`, `apple`, `facebook`, `gitlab`, `discord`, `x` and `linkedin` are known; any other name needs the `issuer` of an OpenID Connect provider. As a variable, the same as JSON. See [social.md](social.md). */
  providers: providersByName({ env: 'LATCHKEY_SOCIAL_PROVIDERS' }),
  /** Whether somebody whose address a provider has verified comes into the account that verified the same address here. Otherwise they are told to sign in there first, and to connect it. */
  linkByEmail: flag({ env: 'LATCHKEY_SOCIAL_LINK_BY_EMAIL', fallback: true }),
};

const passwords = {
  /** Fewest letters of a new password. 15 are better where it is all there is (NIST SP 800-63B-4). */
  minLength: count({ env: 'LATCHKEY_PASSWORD_MIN_LENGTH', fallback: 8 }, { min: 1, max: 64 }),
  /** Which of Django's four validators a new password must pass. */
  rules: list({ env: 'LATCHKEY_PASSWORD_RULES', fallback: RULES }, (rule) =>
    RULES.some((known) => known === rule) ? null : `must be among ${RULES.join(', ')}`,
  ),
  /** How many hashes are computed at a time; 64 more may wait, and past that the answer is 503. */
  concurrency: count(
    {
      env: 'LATCHKEY_HASH_CONCURRENCY',
      fallback: Math.max(1, Math.min(availableParallelism(), THREADS) - 1),
      shown: 'processors less one, and no more than the thread pool less one',
    },
    { min: 1, max: 64 },
  ),
  /** How new hashes are written: as Argon2id, or as Django without `argon2` can read them, who may have to go back to it (`pbkdf2_sha256`, which also leaves Django's own as they are). `dangerously-cheap` is for tests that are about something else. Refused in production. */
  hash: choice(['argon2id', 'pbkdf2_sha256', 'dangerously-cheap'], {
    env: 'LATCHKEY_PASSWORD_HASH',
    fallback: 'argon2id',
  }),
};

const attempts = {
  /** Wrong passwords for an account, by devices that it does not know; each known device has as many of its own. */
  perAccount: rate({ env: 'LATCHKEY_ATTEMPTS_PER_ACCOUNT', fallback: '10/5min' }),
  /** Wrong passwords from a network (an IPv4 address or an IPv6 /64). */
  perNetwork: rate({ env: 'LATCHKEY_ATTEMPTS_PER_NETWORK', fallback: '60/min' }),
  /** Wrong passwords in a row, after which only known devices and a mailed link get into the account (NIST SP 800-63B-4, 3.2.2). */
  consecutive: count({ env: 'LATCHKEY_ATTEMPTS_CONSECUTIVE', fallback: 100 }, { min: 10, max: 100 }),
  /** Sign-ins by devices that the account does not know, for which another device has to go. Past that they show a second proof first, and wait where the account has none. */
  takeovers: rate({ env: 'LATCHKEY_TAKEOVERS', fallback: '10/hour' }),
  /** Mails to an address that somebody asked for who need not be its owner. */
  mailsPerAddress: rate({ env: 'LATCHKEY_MAILS_PER_ADDRESS', fallback: '5/hour' }),
  /** Mails that one network may ask for. Past that the answer stays the same, and no mail is sent. */
  mailsPerNetwork: rate({ env: 'LATCHKEY_MAILS_PER_NETWORK', fallback: '60/hour' }),
  /** New accounts from a network. Ten times as many forms may be sent: each tells whether a name is taken. */
  registrationsPerNetwork: rate({ env: 'LATCHKEY_REGISTRATIONS_PER_NETWORK', fallback: '60/hour' }),
};

const events = {
  /** How many event streams an account may have open at a time: a tab or an app holds one each. */
  perAccount: count({ env: 'LATCHKEY_EVENTS_PER_ACCOUNT', fallback: 20 }, { min: 1, max: 1_000 }),
  /** How many event streams a process holds at a time. */
  total: count({ env: 'LATCHKEY_EVENTS_TOTAL', fallback: 10_000 }, { min: 1, max: 1_000_000 }),
  /** Every so many seconds a stream on which nothing is told says that it is there. */
  heartbeatSeconds: time(SECOND_MS, { env: 'LATCHKEY_HEARTBEAT_SECONDS', fallback: 15, minMs: 10 }),
};

const mail = {
  /** Where mails are handed over: `smtp://user:password@host:587`, `smtps://…`, or `none`, which keeps them, for `/dev/mail` where the origin is your own machine. */
  smtpUrl: words({ env: 'LATCHKEY_SMTP_URL', fallback: null, shown: 'none; production wants it said' }),
  /** Whether an account's owner is mailed when somebody signs in on a device that the account does not know, at an address that they have verified. See [devices.md](devices.md). */
  newDevice: flag({ env: 'LATCHKEY_NEW_DEVICE_MAIL', fallback: true }),
  /** Who mails come from. */
  from: words({ env: 'LATCHKEY_MAIL_FROM', fallback: null, shown: 'noreply@ and the host of the origin' }),
  /** Where a link that verifies an address leads, with `{key}`: a page here, your own app, or a deep link. */
  verifyLink: words({
    env: 'LATCHKEY_VERIFY_LINK',
    fallback: null,
    shown: 'the base path, and /registration/account-confirm-email/{key}/',
  }),
  /** Where a link that resets a password leads, with `{uid}` and `{token}`. */
  resetLink: words({ env: 'LATCHKEY_RESET_LINK', fallback: '/password/reset/confirm/{uid}/{token}/' }),
  /** Where an invitation leads, with `{invitation}`. */
  invitationLink: words({ env: 'LATCHKEY_INVITATION_LINK', fallback: '/signup/?invitation={invitation}' }),
  /** Where a link that signs in leads, with `{token}`. */
  signInLink: words({ env: 'LATCHKEY_SIGN_IN_LINK', fallback: '/login/mail/{token}/' }),
  /** For so many minutes a link to reset a password is good. */
  resetMinutes: time(MINUTE_MS, { env: 'LATCHKEY_RESET_MINUTES', fallback: 60 }),
  /** For so many days a link that verifies an address is good. */
  verifyDays: time(DAY_MS, { env: 'LATCHKEY_VERIFY_DAYS', fallback: 3 }),
};

/** JWT mode: signed tokens instead of keys, as dj-rest-auth has them (`USE_JWT`). See [jwt.md](jwt.md). */
const jwt = {
  /** Whether answers carry `access` and `refresh` tokens in place of a key (`USE_JWT`). */
  use: flag({ env: 'LATCHKEY_JWT', fallback: false }),
  /** How tokens are signed: by keys that are made here and follow each other, whose public halves anybody may read (`ES256`, `RS256`, `EdDSA`), or by a secret that others share (`HS256`). */
  algorithm: choice(['ES256', 'RS256', 'EdDSA', 'HS256'], { env: 'LATCHKEY_JWT_ALGORITHM', fallback: 'ES256' }),
  /** The secret of `HS256`: 32 letters or more, several with commas between, the newest first. Never the root secret. */
  secret: words({ env: 'LATCHKEY_JWT_SECRET', fallback: null, shown: 'none' }),
  /** After so many days the next key signs. */
  keyDays: time(DAY_MS, { env: 'LATCHKEY_JWT_KEY_DAYS', fallback: 30, minMs: DAY_MS }),
  /** With another name here every key that was made before is none any more, and every token of theirs is void. */
  keySeries: words({ env: 'LATCHKEY_JWT_KEY_SERIES', fallback: '1' }),
  /** Whom tokens are for (`aud`). */
  audience: words({ env: 'LATCHKEY_JWT_AUDIENCE', fallback: null, shown: 'the origin' }),
  /** For so many seconds an access token is good (`ACCESS_TOKEN_LIFETIME`). */
  accessSeconds: time(SECOND_MS, { env: 'LATCHKEY_JWT_ACCESS_SECONDS', fallback: 300, minMs: SECOND_MS }),
  /** For so many days a refresh token is good (`REFRESH_TOKEN_LIFETIME`), and a session goes on that is not used. */
  refreshDays: time(DAY_MS, { env: 'LATCHKEY_JWT_REFRESH_DAYS', fallback: 1, minMs: SECOND_MS }),
  /** Whether a refresh token is exchanged for another by its use (`ROTATE_REFRESH_TOKENS`), so that a copy of it is noticed. Clients must keep the new one. */
  rotate: flag({ env: 'LATCHKEY_JWT_ROTATE', fallback: true }),
  /** Whether scripts are kept from tokens: a sign-in’s answer has no refresh token, and the cookies are `HttpOnly` (`JWT_AUTH_HTTPONLY`). */
  httpOnly: flag({ env: 'LATCHKEY_JWT_HTTPONLY', fallback: true }),
  /** Whether a sign-in’s answer says when its tokens are over (`JWT_AUTH_RETURN_EXPIRATION`). */
  returnExpiration: flag({ env: 'LATCHKEY_JWT_RETURN_EXPIRATION', fallback: false }),
  /** The name of a cookie for the access token (`JWT_AUTH_COOKIE`). */
  cookie: cookieName({ env: 'LATCHKEY_JWT_COOKIE' }),
  /** The name of a cookie for the refresh token (`JWT_AUTH_REFRESH_COOKIE`). */
  refreshCookie: cookieName({ env: 'LATCHKEY_JWT_REFRESH_COOKIE' }),
  /** The path that the browser sends the refresh token to (`JWT_AUTH_REFRESH_COOKIE_PATH`). */
  refreshCookiePath: path({ env: 'LATCHKEY_JWT_REFRESH_COOKIE_PATH', fallback: '/' }),
  /** Which requests of other sites these cookies go with (`JWT_AUTH_SAMESITE`). `None` needs an https origin. They are `Secure` wherever the origin is (`JWT_AUTH_SECURE`). */
  cookieSameSite: choice(['Lax', 'Strict', 'None'], { env: 'LATCHKEY_JWT_SAMESITE', fallback: 'Lax' }),
  /** The domain that these cookies go to: the host of the origin, or one above it (`JWT_AUTH_COOKIE_DOMAIN`). */
  cookieDomain: words({ env: 'LATCHKEY_JWT_COOKIE_DOMAIN', fallback: null, shown: 'the host alone' }),
  /** What lets other servers follow which sessions have ended (`ended-sessions/`), so that they refuse their tokens: 32 letters or more, several with commas between. Without one nobody can. */
  endingsSecret: words({ env: 'LATCHKEY_JWT_ENDINGS_SECRET', fallback: null, shown: 'none' }),
  /** For a shop that moves here with people signed in: the key that djangorestframework-simplejwt signed by there (`SIGNING_KEY`, which is `SECRET_KEY` where it was not set; `VERIFYING_KEY`). Its tokens are taken until they are over. */
  simplejwtKey: words({ env: 'LATCHKEY_SIMPLEJWT_KEY', fallback: null, shown: 'none' }),
};

/** What a shop that comes from Django may have set there. */
const django = {
  /** Whether answers carry the key (`body`), or the cookie alone does (`cookie-only`; `TOKEN_MODEL = None`), without `signin/` and `api/token/`. */
  key: choice(['body', 'cookie-only'], { env: 'LATCHKEY_KEY', fallback: 'body' }),
  /** Whether `login/` and `registration/` set the cookie too (`SESSION_LOGIN`). */
  sessionLogin: flag({ env: 'LATCHKEY_SESSION_LOGIN', fallback: true }),
  /** What an answer to nobody is: 401, or 403 where `SessionAuthentication` stood first. */
  signedOutStatus: choice(['401', '403'], { env: 'LATCHKEY_SIGNED_OUT_STATUS', fallback: '401' }),
  /** Whether a password change always asks for the old one (`OLD_PASSWORD_FIELD_ENABLED`). */
  oldPasswordField: flag({ env: 'LATCHKEY_OLD_PASSWORD_FIELD', fallback: false }),
  /** Whether `GET logout/` signs out (`ACCOUNT_LOGOUT_ON_GET`). */
  logoutOnGet: flag({ env: 'LATCHKEY_LOGOUT_ON_GET', fallback: false }),
  /** Whether a password change ends the caller's own session where it came by cookie (`LOGOUT_ON_PASSWORD_CHANGE`). */
  logoutOnPasswordChange: flag({ env: 'LATCHKEY_LOGOUT_ON_PASSWORD_CHANGE', fallback: false }),
  /** How links carry an account's number: in base 36 (allauth) or in base64url (Django alone). */
  uid: choice(['base36', 'base64url'], { env: 'LATCHKEY_UID', fallback: 'base36' }),
  /** The throttle `dj_rest_auth` over all its endpoints, such as `20/min`. */
  throttle: rateOrNone({ env: 'LATCHKEY_THROTTLE' }),
  /** Whether the API tells people what went wrong in the language of `Accept-Language`, as Django does with `LocaleMiddleware`, or in English. */
  apiLanguages: flag({ env: 'LATCHKEY_API_LANGUAGES', fallback: false }),
  /** Which of the oldest hashes that were brought along are read, where `PASSWORD_HASHERS` named them: `md5`, `sha1`, `unsalted_md5`, `unsalted_sha1`. Each is replaced at its first right password. */
  oldHashes: list({ env: 'LATCHKEY_OLD_HASHES', fallback: [] }, (scheme) =>
    OLD_SCHEMES.some((known) => known === scheme) ? null : `must be among ${OLD_SCHEMES.join(', ')}`,
  ),
  /** Its `SECRET_KEY`, by which links that it has mailed go on working, and browser sessions come along (`latchkey import django`). To be taken away when the last link is too old. */
  secretKey: words({ env: 'LATCHKEY_DJANGO_SECRET_KEY', fallback: null, shown: 'none' }),
  /** For so many days a link to reset a password that it has mailed is good (`PASSWORD_RESET_TIMEOUT`). */
  resetDays: time(DAY_MS, { env: 'LATCHKEY_DJANGO_RESET_DAYS', fallback: 3 }),
  /** The name of its session cookie (`SESSION_COOKIE_NAME`, `sessionid`), by which browsers whose sessions were brought along go on. */
  sessionCookie: cookieName({ env: 'LATCHKEY_DJANGO_SESSION_COOKIE' }),
};

const pages = {
  /** Where somebody goes who has signed in and came for nothing else (`LOGIN_REDIRECT_URL`). */
  loginRedirectUrl: path({ env: 'LATCHKEY_LOGIN_REDIRECT_URL', fallback: '/account/' }),
  /** Where somebody with a role goes instead: the first that fits, such as `admin=/admin/, staff=/desk/`. */
  roleRedirectUrls: pathsByRole({ env: 'LATCHKEY_ROLE_REDIRECT_URLS' }),
  /** Whether `/login/` sends on who is signed in already (`redirect_authenticated_user`), or offers to sign in anew. */
  redirectSignedIn: flag({ env: 'LATCHKEY_REDIRECT_SIGNED_IN', fallback: false }),
};

/** How the pages look. A colour may have two values, the one for a dark surrounding second. */
const theme = {
  /** The colour of buttons and links. */
  accent: colour({ env: 'LATCHKEY_THEME_ACCENT', light: '#1f4fd8', dark: '#9db8ff' }),
  /** The colour of what is written on them. */
  accentText: colour({ env: 'LATCHKEY_THEME_ACCENT_TEXT', light: '#ffffff', dark: '#10162b' }),
  /** The colour of text. */
  text: colour({ env: 'LATCHKEY_THEME_TEXT', light: '#1d1c1a', dark: '#f2f0ec' }),
  /** The colour of text that matters less. */
  mutedText: colour({ env: 'LATCHKEY_THEME_MUTED_TEXT', light: '#5f5c57', dark: '#b5b1aa' }),
  /** The colour of cards and fields. */
  surface: colour({ env: 'LATCHKEY_THEME_SURFACE', light: '#ffffff', dark: '#1e1e1d' }),
  /** The colour of what they stand on. */
  background: colour({ env: 'LATCHKEY_THEME_BACKGROUND', light: '#f6f5f2', dark: '#131312' }),
  /** The colour of lines around fields; those around cards are paler. */
  border: colour({ env: 'LATCHKEY_THEME_BORDER', light: '#85817a', dark: '#85817a' }),
  /** How round corners are, in pixels. */
  radius: count({ env: 'LATCHKEY_THEME_RADIUS', fallback: 10 }, { min: 0, max: 32 }),
  /** Names of font families that readers have, the first that is there. */
  font: families({ env: 'LATCHKEY_THEME_FONT', fallback: ['system-ui', 'Segoe UI', 'Roboto', 'sans-serif'] }),
  /** A path on this origin, or `data:image/…;base64,…`. Without one, the name of the host is shown. */
  logo: picture({ env: 'LATCHKEY_THEME_LOGO' }),
};

export const groups = {
  sessions,
  boundKeys,
  stores,
  accounts,
  secondStep,
  passkeys,
  social,
  passwords,
  attempts,
  events,
  mail,
  jwt,
  django,
  pages,
  theme,
};

type GivenOf<Group> = {
  readonly [Name in keyof Group]?: Group[Name] extends Option<infer Given, unknown> ? Given : never;
};

/** The options that are data. Each is optional; what is not given comes from its environment variable, else from its fallback. */
export type DataOptions = GivenOf<typeof top> & {
  readonly [Name in keyof typeof groups]?: GivenOf<(typeof groups)[Name]>;
};

function proxyFlaw(proxy: string): string | null {
  const [address = '', bits, ...rest] = proxy.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isBlock = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return isIP(address) !== 0 && isBlock && rest.length === 0
    ? null
    : `must be addresses or CIDR blocks; “${proxy}” is neither`;
}

function originFlaw(origin: string): string | null {
  return URL.canParse(origin) && new URL(origin).origin === origin
    ? null
    : `must be origins, such as https://app.example; “${origin}” is not one`;
}

/** An app says the fingerprint of the key that it is signed with. */
const ANDROID = /^android:apk-key-hash:[\w-]{43}$/;

function passkeyOriginFlaw(origin: string): string | null {
  const isWeb = originFlaw(origin) === null && /^(?:https:|http:\/\/localhost\b)/.test(origin);
  return isWeb || ANDROID.test(origin)
    ? null
    : `must be https origins, such as https://app.example, or android:apk-key-hash:…; “${origin}” is neither`;
}
