/** One redis-server of a test, alone or one of many, and a command to it. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { type Launch, type Server, startServer } from './process.ts';
import { find, remedy } from './programs.ts';

export const OLDEST_MAJOR = 7;
const WANTED = { name: 'redis-server', folders: ['/opt/homebrew/bin'], oldestMajor: OLDEST_MAJOR };

/** The address of a server to test with instead of a throw-away one. */
export const named = (): string | undefined => process.env['LATCHKEY_TEST_REDIS_URL'] || undefined;

/** Null, or why a test cannot have a Redis of its own, to restart and to pause, with the remedy. */
export function startable(): string | null {
  if (named() !== undefined)
    return 'LATCHKEY_TEST_REDIS_URL names a server that no test may restart: unset it, and install redis-server';
  const found = find(WANTED);
  if (typeof found !== 'string') return null;
  return `${found}: ${remedy({ debian: 'redis-server', homebrew: 'redis' })}, or set LATCHKEY_TEST_REDIS_URL`;
}

/** Settings of redis.conf, such as `{ appendonly: 'yes', appendfsync: 'always' }`. */
export type RedisSettings = Readonly<Record<string, string>>;

export type RedisNode = Omit<Server, 'end'> & {
  readonly port: number;
  readonly url: string;
  /** It is gone, by -9, until `restart`. */
  kill(): Promise<void>;
};

/** Starts a redis-server, without persistence unless the settings ask for it. */
export async function startNode(settings: RedisSettings = {}): Promise<RedisNode> {
  const port = await freePort();
  return await nodeAt(port, (folder) => {
    const all: RedisSettings = { dir: folder, save: '', appendonly: 'no', ...settings };
    return Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
  });
}

/** Starts redis-server on a port, with the arguments for its folder, and waits until it answers. */
export async function nodeAt(port: number, argsFor: (folder: string) => readonly string[]): Promise<RedisNode> {
  const found = find(WANTED);
  if (typeof found === 'string') throw new Error(startable() ?? found);
  const url = `redis://127.0.0.1:${port}`;
  const { end, ...server } = await startServer(
    'redis',
    (folder): Launch => ({
      path: found.path,
      args: [...argsFor(folder), '--port', `${port}`, '--bind', '127.0.0.1'],
      endBy: 'KILL',
      isReady: async () => (await command(url, 'PING').catch(() => null)) === 'PONG',
    }),
  );
  return { ...server, port, url, kill: () => end('SIGKILL') };
}

/** One command on a connection of its own, without a second try, within 2 s. */
export async function command(url: string, name: string, ...values: readonly (string | number)[]): Promise<unknown> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 2000,
    commandTimeout: 2000,
  });
  // told by the rejected command
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(name, ...values);
  } finally {
    client.disconnect();
  }
}

/** What every key and channel of a test is to begin with: another one each time. */
export const newPrefix = (): string => `latchkey_test_${randomBytes(6).toString('hex')}:`;
