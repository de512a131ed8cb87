import type { LatchkeyOptions } from '../../packages/latchkey/src/index.ts';

/** Where an instance keeps what it knows, and how it checks; what is not said is as it is by default. */
export type Place = {
  readonly database: string;
  readonly sessionStore?: string;
  readonly schema?: string;
  readonly checks?: 'strict' | 'acked' | 'bounded';
  /** Where what is measured is not the hash. */
  readonly passwordHash?: 'dangerously-cheap';
};

/** Accounts and sessions in one file of SQLite's. */
export function onFile(path: string): Place {
  return { database: `sqlite:${path}` };
}

/** Options that a production server would have. */
export function productionOptions({ database, sessionStore, schema, checks, passwordHash }: Place): LatchkeyOptions {
  return {
    database,
    ...(sessionStore !== undefined && { sessionStore }),
    ...(schema !== undefined && { stores: { schema } }),
    ...(checks !== undefined && { sessions: { checks } }),
    ...(passwordHash !== undefined && { passwords: { hash: passwordHash } }),
    origin: 'https://accounts.example',
    secret: 'a secret that is only here to measure with',
    mail: { smtpUrl: 'none' },
  };
}
