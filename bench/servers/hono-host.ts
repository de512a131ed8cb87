/** An app in Hono with a middleware that sets headers, a check, and a route that answers with JSON. */
import { type HttpBindings, serve } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { ready } from '../harness/answers.ts';
import { answerFor, HEADERS, PATH } from './answer.ts';

export type Env = { Bindings: HttpBindings; Variables: { account: string | number } };

/** Lets a request through with its account, or answers it. */
export type Check = MiddlewareHandler<Env>;

/** `lean`: a middleware that sets two headers. `usual`: Hono's own for security headers, CORS and request ids as well. */
export type Size = 'lean' | 'usual';

/** Serves the route under a check. */
export function serveUnder(check: Check, size: Size = 'lean'): void {
  const app = new Hono<Env>();
  if (size === 'usual') {
    app.use(requestId());
    app.use(secureHeaders());
    app.use(cors({ origin: 'https://shop.example', credentials: true }));
  }
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    await next();
  });
  app.use(PATH, check);
  app.get(PATH, (context) => context.json(answerFor(context.get('account'))));
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => ready(port));
}
