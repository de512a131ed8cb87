/** Another server of the same site. It knows nobody's password, and asks nobody whether a token is good. */
import { Hono } from 'hono';
import type { Resource } from 'latchkey/resource';

export function desk(tokens: Resource): Hono {
  const app = new Hono();
  app.get('/desk/', async (context) => {
    const who = await tokens.check(context.req.raw);
    if (!who.signedIn) return who.respond();
    return context.json({ account: who.accountId });
  });
  return app;
}
