/** Latchkey for hosts that speak `node:http`: the bare server, Express, Fastify by way of middleware, and others. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { StartStream } from '../http/call.ts';
import type { Latchkey } from '../latchkey.ts';
import { beginStream } from './held-stream.ts';

type Next = (error?: unknown) => void;

export type NodeHandlerOptions = {
  /** Puts lighter classes in the place of the global `Request` and `Response`: quicker, and for a process of our own alone. */
  readonly replaceGlobals?: boolean;
};

/** What middleware before us may have left on a request. */
type HostRequest = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown };

/**
 * A request listener, or middleware where there is a `next`: what is not ours is passed on. A body that the host has parsed
 * already (`express.json()`, `express.urlencoded()`) is taken as it is found.
 * @example app.use(nodeHandler(auth));
 */
export function nodeHandler(
  auth: Latchkey,
  { replaceGlobals = false }: NodeHandlerOptions = {},
): (req: IncomingMessage, res: ServerResponse, next?: Next) => void {
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const address = incoming.socket.remoteAddress ?? null;
      const asked = withParsedBody(request, incoming as HostRequest);
      if (!(outgoing instanceof ServerResponse)) return await auth.handler(asked, { address });
      const held: StartStream[] = [];
      const answer = await auth.handler(asked, { address, hold: (start) => held.push(start) });
      for (const start of held) {
        // Held as long as the stream, and read by nobody any more.
        incoming.rawHeaders.length = 0;
        beginStream(outgoing, answer, start);
      }
      return held.length === 0 ? answer : RESPONSE_ALREADY_SENT;
    },
    { overrideGlobalObjects: replaceGlobals },
  );
  return (req, res, next) => {
    // A host that mounts us below a path has cut that path off, and wants its own URL back where we pass on.
    const url = (req as HostRequest).originalUrl ?? req.url ?? '/';
    if (next !== undefined && !auth.serves(url.split('?')[0] ?? '/')) {
      next();
      return;
    }
    req.url = url;
    listener(req, res).catch((error: unknown) => next?.(error));
  };
}

/** Once the host has read a body there is nothing left to read: it is written out again. Of a GET or a HEAD nobody wants one. */
function withParsedBody(request: Request, incoming: HostRequest): Request {
  if (request.method === 'GET' || request.method === 'HEAD') return request;
  if (!incoming.readableDidRead || incoming.body === undefined) return request;
  const headers = new Headers(request.headers);
  headers.delete('content-length');
  const { url, method } = request;
  return new Request(url, { method, headers, body: rewrite(incoming.body, headers) });
}

function rewrite(body: unknown, headers: Headers): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (headers.get('content-type')?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return formOf(body);
  headers.set('content-type', 'application/json');
  return JSON.stringify(body);
}

/** A form stays one: an empty field of a form is a missing one, and the last of several of one name counts. */
function formOf(body: unknown): string {
  const pairs = Object.entries(body ?? {}).flatMap(([name, values]: [string, unknown]) =>
    [values].flat().flatMap((value) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  return new URLSearchParams(pairs).toString();
}
