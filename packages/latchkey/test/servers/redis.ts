/** Redis for tests: a throw-away server, or the one that `LATCHKEY_TEST_REDIS_URL` names. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { launch, type ServerProcess, serverFolder } from './process.ts';
import { find } from './programs.ts';

const OLDEST_MAJOR = 7;
const WANTED = { name: 'redis-server', folders: ['/opt/homebrew/bin', '/usr/local/bin'], oldestMajor: OLDEST_MAJOR };

const named = (): string | undefined => process.env['LATCHKEY_TEST_REDIS_URL'] || undefined;

/** Null, or why there is no Redis for tests, with the remedy. */
export function available(): string | null {
  return named() === undefined ? startable() : null;
}

/** Null, or why a test cannot have a Redis of its own, to restart and to pause, with the remedy. */
export function startable(): string | null {
  if (named() !== undefined)
    return 'LATCHKEY_TEST_REDIS_URL names a server that no test may restart: unset it, and install Redis here';
  const found = find(WANTED);
  if (typeof found !== 'string') return null;
  const install = process.platform === 'darwin' ? 'brew install redis' : 'apt-get install redis-server';
  return `${found}: ${install}, or set LATCHKEY_TEST_REDIS_URL`;
}

export type TestKeys = {
  readonly url: string;
  /** What every key and channel of the test is to begin with: another one each time. */
  readonly prefix: string;
  /** Deletes every key that begins with it. */
  clear(): Promise<void>;
};

export type RedisServer = {
  readonly url: string;
  freshPrefix(): TestKeys;
  /** Ends an own server; clears a named one of the prefixes' keys. */
  stop(): Promise<void>;
};

export type OwnRedis = RedisServer & {
  readonly port: number;
  /** With what was kept: nothing, unless `settings` say `{ appendonly: 'yes' }`. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  log(): string;
};

/** Settings of redis.conf, such as `{ appendonly: 'yes', appendfsync: 'always' }`. */
export type RedisSettings = Readonly<Record<string, string>>;

/** A server for the tests of one file: their own, or the named one. */
export async function openRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const url = named();
  if (url === undefined) return await startRedis(settings);
  const version = /redis_version:(\S+)/.exec(String(await command(url, 'INFO', 'server')))?.[1] ?? '0';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR)
    throw new Error(`LATCHKEY_TEST_REDIS_URL names Redis ${version}: ${OLDEST_MAJOR} or later is wanted`);
  const made: TestKeys[] = [];
  const freshPrefix = (): TestKeys => {
    const keys = keysOf(url);
    made.push(keys);
    return keys;
  };
  return {
    url,
    freshPrefix,
    async stop() {
      for (const keys of made) await keys.clear();
    },
  };
}

/** Starts a throw-away Redis without persistence, unless `settings` ask for it. Takes some 50 ms. */
export async function startRedis(settings: RedisSettings = {}): Promise<OwnRedis> {
  const folder = serverFolder('redis');
  const port = await freePort();
  const start = () => launchRedis(folder.path, port, settings);
  let server: ServerProcess;
  try {
    server = await start();
  } catch (error) {
    folder.remove();
    throw error;
  }
  const url = urlOf(port);
  return {
    url,
    port,
    freshPrefix: () => keysOf(url),
    async restart(signal = 'SIGTERM') {
      await server.end(signal);
      server = await start();
    },
    kill: () => server.end('SIGKILL'),
    pause: () => server.pause(),
    resume: () => server.resume(),
    log: () => server.log(),
    async stop() {
      await server.end();
      folder.remove();
    },
  };
}

const urlOf = (port: number): string => `redis://127.0.0.1:${port}`;

/** Starts a redis-server in a folder, with these settings, and waits until it answers. */
export function launchRedis(
  folder: string,
  port: number,
  settings: RedisSettings,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const found = find(WANTED);
  if (typeof found === 'string') throw new Error(startable() ?? found);
  const all: RedisSettings = {
    bind: '127.0.0.1',
    port: `${port}`,
    dir: folder,
    save: '',
    appendonly: 'no',
    ...settings,
  };
  return launch({
    path: found.path,
    args: [...more, ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])],
    folder,
    endBy: 'KILL',
    isReady: async () => {
      try {
        return (await command(urlOf(port), 'PING')) === 'PONG';
      } catch {
        return false;
      }
    },
  });
}

/** One command on a connection of its own, without a second try. */
export async function command(url: string, name: string, ...values: readonly (string | number)[]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  // told by the rejected command
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(name, ...values);
  } finally {
    client.disconnect();
  }
}

function keysOf(url: string): TestKeys {
  const prefix = `latchkey_test_${randomBytes(6).toString('hex')}:`;
  return {
    url,
    prefix,
    async clear() {
      let cursor = '0';
      do {
        const page = (await command(url, 'SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000)) as [string, string[]];
        cursor = page[0];
        if (page[1].length > 0) await command(url, 'UNLINK', ...page[1]);
      } while (cursor !== '0');
    },
  };
}
