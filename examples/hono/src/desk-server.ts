import { serve } from '@hono/node-server';
import { resource } from 'latchkey/resource';
import { desk } from './desk.ts';

const tokens = await resource({
  issuer: process.env['LATCHKEY_ORIGIN'] ?? 'http://127.0.0.1:8787',
  endingsSecret: process.env['LATCHKEY_JWT_ENDINGS_SECRET'] ?? '',
});
const server = serve({ fetch: desk(tokens).fetch, hostname: '127.0.0.1', port: 8788 });

process.once('SIGTERM', () => {
  server.close();
  tokens.close();
});
