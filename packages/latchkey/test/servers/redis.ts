/** Redis for tests: a throw-away server, or the one that `LATCHKEY_TEST_REDIS_URL` names. */
import {
  command,
  named,
  newPrefix,
  OLDEST_MAJOR,
  type RedisNode,
  type RedisSettings,
  startable,
  startNode,
} from './redis-node.ts';

export { command, type RedisSettings, startable } from './redis-node.ts';

/** Null, or why there is no Redis for tests, with the remedy. */
export function available(): string | null {
  return named() === undefined ? startable() : null;
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

export type OwnRedis = RedisServer & RedisNode;

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

/** Starts a throw-away Redis, without persistence unless `settings` ask for it. Takes some 50 ms. */
export async function startRedis(settings: RedisSettings = {}): Promise<OwnRedis> {
  const node = await startNode(settings);
  return { ...node, freshPrefix: () => keysOf(node.url) };
}

function keysOf(url: string): TestKeys {
  const prefix = newPrefix();
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
