/** The host app with a constant in place of the check. */
import { serveUnder } from './hono-host.ts';

serveUnder(
  async (context, next) => {
    context.set('account', 7);
    await next();
  },
  process.argv[2] === 'usual' ? 'usual' : 'lean',
);
