/** Requests to providers: to https, not for long, of no more than a megabyte, and to nowhere else than was asked for. */
import { isLoopbackHost } from '../../model/network.ts';
import type { SocialProvider } from '../../model/social.ts';

const LONGEST_MS = 10_000;
const MOST_BYTES = 1_000_000;

/** Plain http is for this machine alone, and only where the operator named it: a provider elsewhere cannot send us there. */
function mayAsk(url: URL, { issuer, endpoints }: Pick<SocialProvider, 'issuer' | 'endpoints'>): boolean {
  if (url.protocol === 'https:') return true;
  const named = new URL(endpoints?.token ?? issuer);
  return [url, named].every(({ protocol, hostname }) => protocol === 'http:' && isLoopbackHost(hostname));
}

export type BoundedFetch = (
  url: string,
  asked: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | URLSearchParams | null | undefined;
  },
) => Promise<Response>;

export function fetchFor(provider: Pick<SocialProvider, 'issuer' | 'endpoints'>): BoundedFetch {
  return async (url, { method, headers: sent, body: sentBody = null }) => {
    const asked = new URL(url);
    if (!mayAsk(asked, provider)) throw new Error('only https is asked');
    const signal = AbortSignal.timeout(LONGEST_MS);
    // A redirect is an answer that nobody expects: what was sent goes no further.
    const response = await fetch(asked, { method, headers: sent, body: sentBody, redirect: 'manual', signal });
    const { status, headers } = response;
    const body = await bodyOf(response);
    return new Response(body.length === 0 ? null : body, { status, headers: withoutEncoding(headers) });
  };
}

async function bodyOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

/** It was decoded, and its length is another. */
function withoutEncoding(headers: Headers): Headers {
  const plain = new Headers(headers);
  plain.delete('content-encoding');
  plain.delete('content-length');
  return plain;
}

/** Asks for JSON by GET, or by POST where a body is given. Throws for any status but 200 and for what is no object or list. */
export async function readJson(
  ask: BoundedFetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | URLSearchParams | null = null,
): Promise<unknown> {
  const sent = { 'user-agent': 'latchkey', accept: 'application/json', ...headers };
  const response = await ask(url, { method: body === null ? 'GET' : 'POST', headers: sent, body });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return await response.json();
}
