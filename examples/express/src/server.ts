import { latchkey } from 'latchkey';
import { courses, options } from './app.ts';

const port = Number(process.env['PORT'] ?? 8787);
const auth = await latchkey(options);
const server = courses(auth).listen(port, '127.0.0.1', (error) => {
  if (error !== undefined) throw error;
  const address = server.address();
  console.log(`Courses are at http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`);
});

process.once('SIGTERM', async () => {
  server.close();
  await auth.close();
  process.exit(0);
});
