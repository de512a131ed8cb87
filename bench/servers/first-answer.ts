/** The least that can be asked while it starts: `node:http` alone, with the statuses that `latchkey serve` gives. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  response.writeHead(request.url === '/healthz' ? 200 : 401).end('ok\n');
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
