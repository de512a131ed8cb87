/** The host app under Latchkey's check, as a library: given the request, or the headers of `node:http`. */
import { latchkey } from '../../packages/latchkey/src/index.ts';
import { type Place, productionOptions } from '../data/place.ts';
import { serveUnder } from './hono-host.ts';

const [, , place = '', given = 'request', size = 'lean'] = process.argv;
const auth = await latchkey(productionOptions(JSON.parse(place) as Place));

serveUnder(
  async (context, next) => {
    const who = await auth.authenticate(given === 'request' ? context.req.raw : context.env.incoming.headers);
    if (!who.signedIn) return who.respond();
    context.set('account', who.account.id);
    return await next();
  },
  size === 'usual' ? 'usual' : 'lean',
);
