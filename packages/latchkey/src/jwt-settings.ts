/** What follows from the options of JWT mode: its settings, and what is wrong with them. */
import { isIP } from 'node:net';
import { foreignKeyFrom } from './credentials/simplejwt.ts';
import { MIN_SECRET_LENGTH } from './crypto/keys.ts';
import type { JwtSettings } from './model/jwt.ts';
import type { Read } from './resolve-settings.ts';

export function secretsIn(given: string | null): readonly string[] {
  return (given ?? '').split(',').flatMap((secret) => (secret.trim() === '' ? [] : [secret.trim()]));
}

type Given = {
  readonly origin: string;
  /** The root secrets. */
  readonly secrets: readonly string[];
  /** Those that sign tokens. */
  readonly jwtSecrets: readonly string[];
  /** Those by which ended sessions are followed. */
  readonly followerSecrets: readonly string[];
};

type Check = readonly [isWrong: boolean, problem: string];

/** What is wrong with tokens, where they are used; what would do nothing is said, too. */
export function jwtFlaws(read: Read, given: Given): readonly string[] {
  const checks = read.jwt.use
    ? [
        ...secretChecks(read, given),
        ...followerChecks(given),
        ...simplejwtChecks(read, given),
        ...timeChecks(read),
        ...cookieChecks(read, given),
        ...otherChecks(read),
      ]
    : [
        [given.jwtSecrets.length > 0, 'LATCHKEY_JWT_SECRET is set, and LATCHKEY_JWT is off: remove it.'] as const,
        [
          given.followerSecrets.length > 0,
          'LATCHKEY_JWT_ENDINGS_SECRET is set, and LATCHKEY_JWT is off: remove it.',
        ] as const,
      ];
  return checks.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []));
}

function secretChecks({ jwt }: Read, { secrets, jwtSecrets }: Given): readonly Check[] {
  const isShared = jwt.algorithm === 'HS256';
  const has = jwtSecrets.length > 0;
  return [
    [
      isShared && !has,
      'LATCHKEY_JWT_SECRET is not set, which HS256 needs: make one with `openssl rand -base64 48`, or sign by ES256.',
    ],
    [
      !isShared && has,
      `LATCHKEY_JWT_SECRET is set, and ${jwt.algorithm} makes its own keys: remove it, or sign by HS256.`,
    ],
    [
      jwtSecrets.some((secret) => secret.length < MIN_SECRET_LENGTH),
      `LATCHKEY_JWT_SECRET must have ${MIN_SECRET_LENGTH} letters or more: make one with \`openssl rand -base64 48\`.`,
    ],
    [
      jwtSecrets.some((secret) => secrets.includes(secret)),
      'LATCHKEY_JWT_SECRET is LATCHKEY_SECRET: whoever checks tokens would have the root secret. Make another.',
    ],
  ];
}

function followerChecks({ secrets, jwtSecrets, followerSecrets }: Given): readonly Check[] {
  return [
    [
      followerSecrets.some((secret) => secret.length < MIN_SECRET_LENGTH),
      `LATCHKEY_JWT_ENDINGS_SECRET must have ${MIN_SECRET_LENGTH} letters or more: make one with \`openssl rand -base64 48\`.`,
    ],
    [
      followerSecrets.some((secret) => secrets.includes(secret) || jwtSecrets.includes(secret)),
      'LATCHKEY_JWT_ENDINGS_SECRET is another secret of this server: whoever follows endings would have that. Make another.',
    ],
  ];
}

function simplejwtChecks({ jwt }: Read, { secrets, jwtSecrets }: Given): readonly Check[] {
  const { simplejwtKey: key } = jwt;
  return [
    [
      key !== null && foreignKeyFrom(key) === null,
      'LATCHKEY_SIMPLEJWT_KEY must be the secret of HS256, of 32 letters or more, or a public key in PEM (RSA of 2048 bits, P-256 or Ed25519).',
    ],
    [
      key !== null && (secrets.includes(key) || jwtSecrets.includes(key)),
      'LATCHKEY_SIMPLEJWT_KEY is another secret of this server: whoever has the old one would sign for it. Make another of that.',
    ],
  ];
}

/** Keys of so many stretches of time are known at once, at most. */
const MOST_KEYS = 10;

function timeChecks({ jwt, sessions }: Read): readonly Check[] {
  return [
    [!/^[\w-]{1,20}$/.test(jwt.keySeries), 'LATCHKEY_JWT_KEY_SERIES must be letters, digits, - and _, at most 20.'],
    [
      jwt.refreshDays > MOST_KEYS * jwt.keyDays,
      'LATCHKEY_JWT_REFRESH_DAYS is more than ten times LATCHKEY_JWT_KEY_DAYS: too many keys would have to be known.',
    ],
    [
      jwt.accessSeconds > jwt.refreshDays,
      'LATCHKEY_JWT_ACCESS_SECONDS is more than LATCHKEY_JWT_REFRESH_DAYS: nobody would refresh. Set it to less.',
    ],
    [
      jwt.accessSeconds > sessions.historyDays,
      'LATCHKEY_JWT_ACCESS_SECONDS is more than LATCHKEY_HISTORY_DAYS: who follows endings would not hear of some whose tokens are still about. Set it to less.',
    ],
  ];
}

function cookieChecks({ jwt }: Read, { origin }: Given): readonly Check[] {
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  return [
    [
      jwt.cookie !== null && jwt.cookie === jwt.refreshCookie,
      'LATCHKEY_JWT_COOKIE and LATCHKEY_JWT_REFRESH_COOKIE are one: two tokens need two cookies.',
    ],
    [
      !/^\/[\w./-]*$/.test(jwt.refreshCookiePath),
      'LATCHKEY_JWT_REFRESH_COOKIE_PATH must be a path of letters, digits, dots, -, _ and slashes.',
    ],
    [
      jwt.cookieSameSite === 'None' && !origin.startsWith('https:'),
      'LATCHKEY_JWT_SAMESITE is None, which browsers take over https alone: set LATCHKEY_ORIGIN to an https:// address.',
    ],
    [
      jwt.cookieDomain !== null && !isAtOrAbove(jwt.cookieDomain, host),
      `LATCHKEY_JWT_COOKIE_DOMAIN must be the host of the origin, ${host}, or a domain above it; “${jwt.cookieDomain}” is not.`,
    ],
  ];
}

function isAtOrAbove(domain: string, host: string): boolean {
  return domain === host || (isIP(host) === 0 && domain.includes('.') && host.endsWith(`.${domain}`));
}

function otherChecks({ boundKeys, django }: Read): readonly Check[] {
  return [
    [
      boundKeys.policy === 'required',
      'LATCHKEY_BINDING is required, and LATCHKEY_JWT is on: tokens are not bound to keys. Set that to optional, or this to off.',
    ],
    [
      django.key === 'cookie-only',
      'LATCHKEY_KEY is cookie-only, and LATCHKEY_JWT is on: answers carry tokens, or nothing. Remove one of them.',
    ],
  ];
}

export function jwtFrom({ jwt }: Read, origin: string): JwtSettings | null {
  if (!jwt.use) return null;
  return {
    algorithm: jwt.algorithm,
    keyMs: jwt.keyDays,
    keySeries: jwt.keySeries,
    audience: jwt.audience ?? origin,
    accessMs: jwt.accessSeconds,
    refreshMs: jwt.refreshDays,
    isRotated: jwt.rotate,
    httpOnly: jwt.httpOnly,
    returnExpiration: jwt.returnExpiration,
    isFollowed: jwt.endingsSecret !== null,
    cookies: {
      access: jwt.cookie,
      refresh: jwt.refreshCookie,
      refreshPath: jwt.refreshCookiePath,
      sameSite: jwt.cookieSameSite,
      domain: jwt.cookieDomain,
    },
  };
}
