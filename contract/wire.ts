/** A recorded request as it is sent here, byte by byte, and what comes back. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { askedBy, isForm } from './asked.ts';
import { isObject, type Json } from './json.ts';
import type { Placeholders } from './placeholders.ts';
import type { Profile } from './profile.ts';
import type { RecordedStep } from './recording.ts';

export type Sent = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** The value of the session cookie, or null. */
  readonly cookie: string | null;
  /** The value of the access token's cookie, and of the refresh token's; null where there is none. */
  readonly access: string | null;
  readonly refresh: string | null;
  /** Whether it is sent as one that another site made the browser send. */
  readonly isForeign: boolean;
};

export type Received = {
  readonly status: number;
  /** By lower-case name; without the cookies. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly text: string;
};

type Exchange = Pick<RecordedStep, 'request' | 'response'>;

/** The name that the cookie has on plain http. */
export const COOKIE = 'latchkey';

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const NOT_SENT: readonly string[] = ['cookie', 'x-csrftoken'];

/**
 * Django's session cookie becomes ours. A right CSRF token becomes the browser's word that the request is of the same origin;
 * where Django missed one or found it wrong, the request is sent as one that another site made the browser send.
 */
export function toSend(
  { request, response }: Exchange,
  {
    placeholders,
    profile,
    host,
  }: { readonly placeholders: Placeholders; readonly profile: Profile; readonly host: string },
): Sent {
  const fill = (text: string): string =>
    placeholders.fill(text.replaceAll('<host>', host).replaceAll('<host-escaped>', encodeURIComponent(host)));
  const jar = cookiesIn(request.headers['Cookie'] ?? '');
  const cookie = sessionCookie(jar.get('sessionid'), placeholders);
  const { access, refresh, pairs } = tokensIn(jar, profile, placeholders);
  const isLookedAt = (profile.readsSession && cookie !== null) || profile.jwt?.asksCsrf === true;
  const cookies = [...(cookie === null ? [] : [`${COOKIE}=${cookie}`]), ...pairs];
  const site = isForm(askedBy(request).route)
    ? siteOfForm({ request, response })
    : isLookedAt
      ? siteOf({ request, response }, jar)
      : null;
  const kept = Object.entries(request.headers).filter(([name]) => !NOT_SENT.includes(name.toLowerCase()));
  return {
    method: request.method,
    path: latin1(fill(request.path)),
    headers: {
      ...Object.fromEntries(kept.map(([name, value]) => [name, headerBytes(fill(value), response.body)])),
      ...(cookies.length > 0 && { Cookie: cookies.join('; ') }),
      ...(site !== null && { 'Sec-Fetch-Site': site }),
    },
    body: bytesOf(request.body, response.body, fill),
    cookie,
    access,
    refresh,
    isForeign: site === 'cross-site',
  };
}

function cookiesIn(header: string): ReadonlyMap<string, string> {
  const pairs = header.split('; ').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return new Map(pairs);
}

/** What stands for the recorded session cookie here: a session's token, what was made up, or nothing. */
function sessionCookie(recorded: string | undefined, placeholders: Placeholders): string | null {
  if (recorded === undefined) return null;
  return placeholders.isOne(recorded) ? placeholders.valueOf(recorded) : recorded;
}

/** The cookies of JWT mode, under the names that they have. */
function tokensIn(jar: ReadonlyMap<string, string>, { jwt }: Profile, placeholders: Placeholders) {
  const sentAs = (name: string | null): string | null => {
    const recorded = name === null ? undefined : jar.get(name);
    return sessionCookie(recorded, placeholders);
  };
  const [access, refresh] = [sentAs(jwt?.cookie ?? null), sentAs(jwt?.refreshCookie ?? null)];
  const pairs = [
    ...(access === null ? [] : [`${jwt?.cookie}=${access}`]),
    ...(refresh === null ? [] : [`${jwt?.refreshCookie}=${refresh}`]),
  ];
  return { access, refresh, pairs };
}

/** What the browser would say of the request where Django looks at a CSRF token; null where it does not look, or at none. */
function siteOf(
  { request, response }: Exchange,
  jar: ReadonlyMap<string, string>,
): 'same-origin' | 'cross-site' | null {
  const token = jar.get('csrftoken');
  if (SAFE.includes(request.method)) return null;
  if (token !== undefined && request.headers['X-CSRFToken'] === token) return 'same-origin';
  const detail = isObject(response.body) ? response.body['detail'] : null;
  return typeof detail === 'string' && detail.startsWith('CSRF Failed: ') ? 'cross-site' : null;
}

/** What the browser would say of a form to a page; null where it says it by `Origin`. Django tells by a token. */
function siteOfForm({ request, response }: Exchange): 'same-origin' | 'cross-site' | null {
  if (SAFE.includes(request.method) || 'Origin' in request.headers) return null;
  return response.status === 403 ? 'cross-site' : 'same-origin';
}

/** `node:http` writes one byte per letter. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Headers were recorded as text; letters that the answer calls no text were single bytes, and no UTF-8. */
function headerBytes(value: string, answer: Json): string {
  const detail = isObject(answer) ? answer['detail'] : null;
  const isBroken = typeof detail === 'string' && detail.includes('should not contain invalid characters');
  return isBroken && /^[\0-\xff]*$/.test(value) ? value : latin1(value);
}

function bytesOf(body: Json, answer: Json, fill: (text: string) => string): Buffer | null {
  if (body === null) return null;
  if (isObject(body) && typeof body['base64'] === 'string') return Buffer.from(body['base64'], 'base64');
  if (typeof body !== 'string') return Buffer.from(fill(JSON.stringify(body)));
  // Text is what was sent, but for JSON that is a text and nothing more: that was parsed.
  const isJsonText = JSON.stringify(answer).includes('but got str.');
  return Buffer.from(fill(isJsonText ? JSON.stringify(body) : body));
}

/** An answer that does not come is a failure, not a run without an end. */
const LONGEST_MS = 60_000;

/** Sends over a real socket to a port of this machine. */
export class Wire {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async send({ method, path, headers, body }: Sent): Promise<Received> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const [agent, signal] = [this.#agent, AbortSignal.timeout(LONGEST_MS)];
    const request = httpRequest({ host: '127.0.0.1', port: this.#port, agent, signal, method, path, headers });
    request.once('response', resolve).once('error', reject);
    request.end(body ?? undefined);
    const response = await promise;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(Buffer.from(chunk as Uint8Array));
    const { 'set-cookie': cookies = [], ...others } = response.headers;
    return {
      status: response.statusCode ?? 0,
      headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
      cookies,
      text: Buffer.concat(chunks).toString('utf8'),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}
