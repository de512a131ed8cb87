import { serve } from '@hono/node-server';
import { latchkey } from 'latchkey';
import { courses, options } from './app.ts';

const port = Number(process.env['PORT'] ?? 8787);
const auth = await latchkey(options);
const server = serve({ fetch: courses(auth).fetch, hostname: '127.0.0.1', port }, (address) => {
  console.log(`Courses are at http://127.0.0.1:${address.port}`);
});

process.once('SIGTERM', async () => {
  server.close();
  await auth.close();
  process.exit(0);
});
