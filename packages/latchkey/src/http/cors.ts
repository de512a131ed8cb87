import type { Settings } from '../model/settings.ts';
import type { Headers } from './answers.ts';

const ALLOWED_HEADERS =
  'Authorization, Content-Type, DPoP, Last-Event-ID, Latchkey-Client, Latchkey-Device, X-CSRFToken';
const EXPOSED_HEADERS = 'WWW-Authenticate, DPoP-Nonce, Latchkey-Reason, Retry-After';
const PREFLIGHT_SECONDS = '600';

/** What a page of another origin may read: everything of an origin on the list, by its exact name, and nothing else. */
export function corsHeaders(settings: Settings, origin: string | null): Headers {
  if (origin === null || !settings.corsOrigins.includes(origin)) return {};
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
  };
}

/** Is this a browser's question whether it may ask, rather than the question itself? */
export function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.headers.get('access-control-request-method') !== null;
}

export function preflightHeaders(allow: string): Headers {
  return {
    'Access-Control-Allow-Methods': allow,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
  };
}
