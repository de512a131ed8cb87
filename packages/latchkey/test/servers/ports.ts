import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what Linux (32768) and macOS (49152) hand to outgoing connections: nobody takes it while a server restarts. */
const [LOWEST, HIGHEST] = [20_000, 32_000];

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

const given = new Set<number>();

/** A port of 127.0.0.1 on which nobody listens, another one each time. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}
