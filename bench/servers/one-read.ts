/** The host app under the least that a strict check can be: SHA-256 of the key, and one prepared read by it. */
import { hash } from 'node:crypto';
import { oneRead } from '../data/one-read.ts';
import { serveUnder } from './hono-host.ts';

const [, , path = ''] = process.argv;
const read = oneRead(path);

serveUnder(async (context, next) => {
  const key = context.env.incoming.headers.authorization?.slice('Token '.length) ?? '';
  if (read(hash('sha256', key, 'buffer')) === undefined) return context.text('', 401);
  context.set('account', 7);
  return await next();
});
