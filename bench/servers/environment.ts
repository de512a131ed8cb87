import type { Place } from '../data/place.ts';

/** What an operator sets in production. */
export function productionServer(place: Place): Readonly<Record<string, string>> {
  return {
    NODE_ENV: 'production',
    ...storesOf(place),
    LATCHKEY_ORIGIN: 'https://accounts.example',
    LATCHKEY_SECRET: 'a secret that is only here to measure with',
    LATCHKEY_SMTP_URL: 'none',
  };
}

/** As an operator's server, but that attempts are not counted, which production refuses. */
export function uncountedServer(place: Place, concurrency?: number): Readonly<Record<string, string>> {
  return {
    ...storesOf(place),
    LATCHKEY_RATE_LIMITS: 'off',
    ...(concurrency !== undefined && { LATCHKEY_HASH_CONCURRENCY: String(concurrency) }),
  };
}

function storesOf({ database, sessionStore, schema, checks, passwordHash }: Place): Readonly<Record<string, string>> {
  return {
    LATCHKEY_DATABASE: database,
    ...(sessionStore !== undefined && { LATCHKEY_SESSIONS: sessionStore }),
    ...(schema !== undefined && { LATCHKEY_SCHEMA: schema }),
    ...(checks !== undefined && { LATCHKEY_CHECKS: checks }),
    ...(passwordHash !== undefined && { LATCHKEY_PASSWORD_HASH: passwordHash }),
  };
}
