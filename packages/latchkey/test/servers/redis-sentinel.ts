/** Redis under Sentinel for tests: a master, its replicas, and three sentinels that agree in a moment that it is down. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { own, startAll, stopAll } from './process.ts';
import { command, newPrefix, nodeAt, type RedisNode, type RedisSettings, startNode } from './redis-node.ts';
import { until } from './until.ts';

/** Redis brings its sentinel along: what starts one starts the other. */
export { startable as available } from './redis-node.ts';

export type SentinelSettings = {
  /** 1 where nothing is said. */
  readonly replicas?: 1 | 2;
  /** How long a master is silent before it counts as down; 1000 ms where nothing is said. */
  readonly downAfterMs?: number;
  /** Of the master and its replicas. */
  readonly settings?: RedisSettings;
};

export type RedisSentinel = {
  /** What the sentinels call the master. */
  readonly name: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The master of the beginning first, then its replicas. */
  readonly nodes: readonly RedisNode[];
  /** Whom all sentinels call the master. Waits until they agree, a minute at most. */
  master(): Promise<RedisNode>;
  /** Waits until all sentinels call another one the master, and it takes writes, a minute at most. */
  untilFailedOver(from: RedisNode): Promise<RedisNode>;
  newPrefix(): string;
  stop(): Promise<void>;
};

const NAME = 'latchkey';
const QUORUM = 2;

/** Starts them all and waits until they know each other. Takes some 1 s. */
export async function startRedisSentinel(given: SentinelSettings = {}): Promise<RedisSentinel> {
  const { replicas = 1, downAfterMs = 1000, settings = {} } = given;
  const quick = { 'repl-diskless-sync-delay': '0', ...settings };
  const master = await startNode(quick);
  const started: RedisNode[] = [master];
  try {
    const follow = { ...quick, replicaof: `127.0.0.1 ${master.port}` };
    started.push(...(await startAll(Array.from({ length: replicas }, () => startNode(follow)))));
    const nodes = [...started];
    const replicating = async () => String(await command(master.url, 'INFO', 'replication')).match(/state=online/g);
    await until(async () => (await replicating())?.length === replicas, 'every replica follows the master');
    const sentinels = await startAll([1, 2, 3].map(() => startSentinel(master.port, downAfterMs)));
    started.push(...sentinels);
    await until(() => every(sentinels, (one) => knowsAll(one, replicas)), 'every sentinel knows all others');
    const agreed = () => agreedMaster(sentinels, nodes);
    return {
      name: NAME,
      sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
      nodes,
      master: () => until(agreed, 'the sentinels agree on a master'),
      untilFailedOver: (from) =>
        until(async () => {
          const now = await agreed();
          return now !== null && now !== from && (await isMaster(now)) ? now : null;
        }, `the sentinels agree on another master than ${from.port}`),
      newPrefix,
      stop: () => stopAll(started),
    };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

async function startSentinel(masterPort: number, downAfterMs: number): Promise<RedisNode> {
  const sentinel = await nodeAt(await freePort(), (folder) => {
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `dir ${folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 2000`,
    ];
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    own(file);
    return [file, '--sentinel'];
  });
  // They would meet only after seconds otherwise. A replica whose last answer is older than five pings is no candidate, and of a
  // dead master's they ask once a second: pings must not be more frequent.
  const periods = { 'ping-period': 500, 'ask-period': 200, 'publish-period': 200, 'info-period': 500 };
  await command(sentinel.url, 'SENTINEL', 'DEBUG', ...Object.entries(periods).flat());
  return sentinel;
}

async function every(nodes: readonly RedisNode[], holds: (node: RedisNode) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(nodes.map(holds))).every(Boolean);
}

async function knowsAll({ url }: RedisNode, replicas: number): Promise<boolean> {
  const flat = (await command(url, 'SENTINEL', 'MASTER', NAME)) as readonly string[];
  const value = (field: string): string | undefined => flat[flat.indexOf(field) + 1];
  return value('num-slaves') === `${replicas}` && value('num-other-sentinels') === '2';
}

async function agreedMaster(sentinels: readonly RedisNode[], nodes: readonly RedisNode[]): Promise<RedisNode | null> {
  const ask = ({ url }: RedisNode) => command(url, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
  const ports = new Set((await Promise.all(sentinels.map(ask))).map((answer) => (answer as string[])[1]));
  const [port] = ports;
  return ports.size === 1 ? (nodes.find((node) => `${node.port}` === port) ?? null) : null;
}

async function isMaster({ url }: RedisNode): Promise<boolean> {
  const role = await command(url, 'ROLE').catch(() => null);
  return Array.isArray(role) && role[0] === 'master';
}
