/** A Redis Cluster for tests: three masters, each with a replica or none. */
import { freePort } from './ports.ts';
import { startAll, stopAll } from './process.ts';
import { command, newPrefix, type RedisNode, type RedisSettings, startNode } from './redis-node.ts';
import { until } from './until.ts';

export { startable as available } from './redis-node.ts';

export type ClusterSettings = {
  /** Of each master; 1 where nothing is said. */
  readonly replicas?: 0 | 1;
  /** How long a master is silent before it is failed over; 2000 ms where nothing is said. */
  readonly nodeTimeoutMs?: number;
  /** Of every node. */
  readonly settings?: RedisSettings;
};

export type RedisCluster = {
  /** The masters of the beginning first, then their replicas in the same order. */
  readonly nodes: readonly RedisNode[];
  /** Where a client begins. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  /** The master of the key's slot, or null where none that answers says so of itself. */
  ownerOf(key: string): Promise<RedisNode | null>;
  /** Waits until the key's slot has another master and all nodes but `from` serve the whole key space again, a minute at most. */
  untilFailedOver(key: string, from: RedisNode): Promise<RedisNode>;
  newPrefix(): string;
  stop(): Promise<void>;
};

const MASTERS = 3;
const SLOTS = 16_384;

/** Starts them all and waits until they serve every slot and each replica is in sync. Takes some 3 s. */
export async function startRedisCluster(given: ClusterSettings = {}): Promise<RedisCluster> {
  const { replicas = 1, nodeTimeoutMs = 2000, settings = {} } = given;
  const start = async (): Promise<RedisNode> =>
    startNode({
      'cluster-enabled': 'yes',
      'cluster-config-file': 'nodes.conf',
      'cluster-node-timeout': `${nodeTimeoutMs}`,
      'cluster-port': `${await freePort()}`,
      'repl-diskless-sync-delay': '0',
      ...settings,
    });
  const nodes = await startAll(Array.from({ length: MASTERS * (1 + replicas) }, start));
  try {
    await form(nodes);
  } catch (error) {
    await stopAll(nodes);
    throw error;
  }
  return {
    nodes,
    seeds: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    ownerOf: async (key) => ownerOf(await slotOf(nodes, key), nodes),
    untilFailedOver: async (key, from) => {
      const others = nodes.filter((node) => node !== from);
      const slot = await slotOf(others, key);
      return until(async () => {
        const owner = await ownerOf(slot, others);
        return owner !== null && (await every(others, servesAll)) ? owner : null;
      }, `slot ${slot} has another master than ${from.port}`);
    },
    newPrefix,
    stop: () => stopAll(nodes),
  };
}

/** Shares the slots out, has the nodes meet, and has those beyond the masters follow one each. */
async function form(nodes: readonly RedisNode[]): Promise<void> {
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
  const ids = await Promise.all(nodes.map(async ({ url }) => String(await command(url, 'CLUSTER', 'MYID'))));
  for (const [at, { url }] of nodes.entries()) await command(url, 'CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
  for (const [at, { url }] of masters.entries()) {
    const border = (share: number): number => Math.floor((SLOTS * share) / MASTERS);
    await command(url, 'CLUSTER', 'ADDSLOTSRANGE', border(at), border(at + 1) - 1);
  }
  const [first] = nodes;
  for (const node of nodes.slice(1)) if (first !== undefined) await meet(first, node);
  await until(() => every(nodes, async (node) => (await view(node)).length === nodes.length), 'all nodes have met');
  for (const [at, { url }] of replicas.entries()) await command(url, 'CLUSTER', 'REPLICATE', ids[at % MASTERS] ?? '');
  await until(() => every(nodes, servesAll), 'the cluster serves every slot');
  await until(() => every(replicas, isInSync), 'every replica is in sync');
}

async function meet(first: RedisNode, { url, port }: RedisNode): Promise<void> {
  const [, busPort = ''] = (await command(url, 'CONFIG', 'GET', 'cluster-port')) as readonly string[];
  await command(first.url, 'CLUSTER', 'MEET', '127.0.0.1', port, busPort);
}

async function every(nodes: readonly RedisNode[], holds: (node: RedisNode) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(nodes.map(holds))).every(Boolean);
}

const servesAll = async ({ url }: RedisNode): Promise<boolean> =>
  String(await command(url, 'CLUSTER', 'INFO')).includes('cluster_state:ok');

const isInSync = async ({ url }: RedisNode): Promise<boolean> =>
  String(await command(url, 'INFO', 'replication')).includes('master_link_status:up');

type Seen = { readonly flags: readonly string[]; readonly epoch: number; readonly slots: readonly string[] };

/** The cluster as a node sees it, itself among them: `id address flags master ping pong epoch link slots…` */
async function view({ url }: RedisNode): Promise<readonly Seen[]> {
  const lines = String(await command(url, 'CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [, , flags = '', , , , epoch = '', , ...slots] = line.split(' ');
    return { flags: flags.split(','), epoch: Number(epoch), slots };
  });
}

const has = (slots: readonly string[], slot: number): boolean =>
  slots.some((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return first <= slot && slot <= last;
  });

async function slotOf(nodes: readonly RedisNode[], key: string): Promise<number> {
  return await Promise.any(nodes.map(async ({ url }) => Number(await command(url, 'CLUSTER', 'KEYSLOT', key))));
}

/** A node knows best what it is itself; of two that claim a slot, the one of the later epoch has it. */
async function ownerOf(slot: number, nodes: readonly RedisNode[]): Promise<RedisNode | null> {
  const claims = await Promise.all(
    nodes.map(async (node) => {
      const seen = await view(node).catch((): readonly Seen[] => []);
      const itself = seen.find(({ flags }) => flags.includes('myself'));
      const isOwner = itself?.flags.includes('master') === true && has(itself.slots, slot);
      return isOwner ? [{ node, epoch: itself.epoch }] : [];
    }),
  );
  const [latest] = claims.flat().sort((one, other) => other.epoch - one.epoch);
  return latest?.node ?? null;
}
