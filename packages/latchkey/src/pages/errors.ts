/** What went wrong, in the visitor's language and in the same frame as everything else. */
import { html } from 'hono/html';
import { type Headers, statusOf } from '../http/answers.ts';
import { type Code, Refusal } from '../model/reasons.ts';
import { StoreUnavailable } from '../stores/store.ts';
import { type Catalogue, fill } from '../texts/catalogue.ts';
import { duration } from '../texts/time.ts';
import { page } from './page.ts';
import { show, type Visit } from './visit.ts';

type Kind = Exclude<keyof Catalogue['errors'], 'home'>;

const kinds: Partial<Readonly<Record<Code, Kind>>> = {
  origin_not_allowed: 'forbidden',
  not_found: 'not_found',
  method_not_allowed: 'method_not_allowed',
  too_many_attempts: 'too_many_attempts',
  busy: 'unavailable',
  rule_mismatch: 'unavailable',
  store_unavailable: 'unavailable',
  internal_error: 'internal',
};

export type ErrorView = {
  readonly status: number;
  readonly code: Code;
  /** How long to wait before trying again, or null. */
  readonly retryAfterSeconds: number | null;
};

const errorPage = page<ErrorView>({
  name: 'error',
  title: ({ code }, { words }) => words.errors[kindOf(code)].title,
  template({ code, retryAfterSeconds }, { words, language }) {
    const wait = { duration: duration(language, retryAfterSeconds ?? 1) };
    return html`<p>${fill(words.errors[kindOf(code)].text, wait)}</p>
<p class="links"><a href="/">${words.errors.home}</a></p>`;
  },
});

function kindOf(code: Code): Kind {
  return kinds[code] ?? 'bad_request';
}

/** The page for an error. It asks nothing of the store, which may be what is ill. */
export async function showError(visit: Visit, error: unknown, more: Headers = {}): Promise<Response> {
  const { code, retryAfterSeconds } = refusalFor(visit, error);
  const headers = {
    ...more,
    'Latchkey-Reason': code,
    ...(retryAfterSeconds !== null && { 'Retry-After': String(retryAfterSeconds) }),
    // What is left of a body that is too large is not read: the connection is of no more use.
    ...(code === 'body_too_large' && { Connection: 'close' }),
  };
  const status = statusOf(code);
  return await show(visit, errorPage, { status, code, retryAfterSeconds }, { status, headers });
}

function refusalFor({ site, request }: Visit, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  site.report(error, request);
  if (error instanceof StoreUnavailable) return new Refusal('store_unavailable', { retryAfterSeconds: 1 });
  return new Refusal('internal_error');
}
