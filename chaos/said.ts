/** What a node says to the driver, as lines of JSON on its standard output, and what it can be told to do. */
export type Said =
  | { readonly said: 'ready'; readonly controlPort: number }
  | { readonly said: 'ended'; readonly session: string; readonly position: number; readonly reason: string }
  /** The link of a mail that resets a password. */
  | { readonly said: 'reset-link'; readonly uid: string; readonly token: string };

/** The exit status of a node that found its store away as it started (EX_TEMPFAIL of sysexits.h): whatever supervises it tries again. */
export const STORE_AWAY = 75;

/** Paths of the control port. Each takes and gives JSON by `POST`. */
export type Told = {
  readonly '/suspend': { readonly account: number };
  readonly '/reactivate': { readonly account: number };
  readonly '/roles': { readonly account: number; readonly roles: readonly string[] };
  readonly '/end-all': { readonly account: number };
  /** Does nothing else for so long. */
  readonly '/block': { readonly ms: number };
  /** Puts the wall clock so far from the right time. */
  readonly '/clock': { readonly shiftMs: number };
  readonly '/report': Record<never, never>;
};

export type Report = { readonly uncaught: number; readonly rssBytes: number };
