/** What an operator sets in production. */
export function productionServer(database: string): Readonly<Record<string, string>> {
  return {
    NODE_ENV: 'production',
    LATCHKEY_DATABASE: `sqlite:${database}`,
    LATCHKEY_ORIGIN: 'https://accounts.example',
    LATCHKEY_SECRET: 'a secret that is only here to measure with',
    LATCHKEY_SMTP_URL: 'none',
  };
}

/** As an operator's server, but that attempts are not counted, which production refuses. */
export function uncountedServer(database: string, concurrency?: number): Readonly<Record<string, string>> {
  return {
    LATCHKEY_DATABASE: `sqlite:${database}`,
    LATCHKEY_RATE_LIMITS: 'off',
    ...(concurrency !== undefined && { LATCHKEY_HASH_CONCURRENCY: String(concurrency) }),
  };
}
