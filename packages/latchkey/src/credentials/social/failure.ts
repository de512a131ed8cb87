/** What a provider, or what came from it, was no good for. Says why without saying what was sent. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly provider: string;
  /** Whether a code was not taken, or what was shown proves nothing. */
  readonly stage: 'begin' | 'exchange' | 'identity';

  constructor(provider: string, stage: ProviderFailure['stage'], why: string) {
    super(why);
    this.provider = provider;
    this.stage = stage;
  }
}

const SAFE_CODE = /^[\w.-]{1,64}$/;

/** Why something failed, for a log: a library's own words and codes. What stands in answers and tokens is left out. */
export function reasonIn(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const told = ['code', 'error'].map((name): unknown => Reflect.get(error, name));
  const { cause } = error;
  const below: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  const codes = [...told, below].filter((code) => typeof code === 'string' && SAFE_CODE.test(code));
  return [error.message.slice(0, 200), ...new Set(codes)].join(', ');
}
