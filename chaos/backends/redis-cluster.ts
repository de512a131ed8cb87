/**
 * Three masters with a replica each. Accounts are in an SQLite file that all nodes open. Everybody comes to a server by a relay, so
 * that a replica can be kept from hearing what its master has answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BUCKETS, slotOfBucket } from '../../packages/latchkey/src/stores/redis/keys.ts';
import { type RedisCluster, startRedisCluster } from '../../packages/latchkey/test/servers/redis-cluster.ts';
import { command, type RedisNode } from '../../packages/latchkey/test/servers/redis-node.ts';
import { until } from '../../packages/latchkey/test/servers/until.ts';
import type { Link } from '../history.ts';
import { type Relay, startRelay } from '../relay.ts';
import type { Backend, CutOff } from './backend.ts';
import { asking, keptSessions } from './redis-keys.ts';
import { sqliteFile } from './sqlite.ts';
import { started } from './started.ts';

export type ClusterOptions = {
  /** `appendfsync`. */
  readonly disk: 'always' | 'everysec';
  /** Whether masters take no writes while their replica is away (`min-replicas-to-write 1`). */
  readonly isReplicaWanted: boolean;
  /** Whether a change is answered when a replica has it (`LATCHKEY_REDIS_REPLICAS=1`). */
  readonly isReplicaWaitedFor: boolean;
  /** Whether masters die for good, and their replicas take over. */
  readonly failsOver: boolean;
};

/** No failover: with this, nothing that lasts for a while is taken for a death. */
const PATIENT_MS = 20_000;
const FAILS_OVER_AFTER_MS = 2_000;

const SHARDS = 3;
const SLOTS = 16_384;

const LINKS: readonly Link[] = ['at once', 'late', 'silent'];
const LATE_MS = 50;
const SILENT_MS = 3_000;
/** For so long everything is well before a master dies, and the link is as it is to be. */
const WELL_MS = 1_500;

type Member = { readonly node: RedisNode; readonly relay: Relay };

export function redisClusterBackend(options: ClusterOptions): Backend {
  const accounts = sqliteFile();
  const cluster = started<RedisCluster>();
  let members: readonly Member[] = [];
  let failovers = 0;

  const memberOf = (node: RedisNode): Member => {
    const member = members.find((one) => one.node === node);
    if (member === undefined) throw new Error('That server is none of this run.');
    return member;
  };
  const masterOf = async (shard: number): Promise<Member> =>
    memberOf(await until(() => cluster().ownerOf(keyIn(shard)), `somebody keeps shard ${shard}`));

  /** One master after the other. */
  const nextMaster = async (): Promise<{ readonly shard: number; readonly master: Member }> => {
    const shard = (failovers + Math.floor(failovers / SHARDS)) % SHARDS;
    failovers++;
    return { shard, master: await masterOf(shard) };
  };

  const faults: Backend['faults'] = {
    async 'feed-cut'() {
      for (const { node } of members)
        await asking(node.url, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
      return null;
    },
    async 'store-restart'({ forMs }) {
      const { master } = await nextMaster();
      await master.node.kill();
      await sleep(forMs);
      await begin(master);
      return null;
    },
    async 'store-pause'({ forMs }): Promise<CutOff> {
      await Promise.all(members.map(({ node }) => node.pause()));
      const from = performance.now();
      await sleep(forMs);
      const to = performance.now();
      for (const { node } of members) node.resume();
      return { from, to };
    },
  };

  const failover: Backend['faults'] = {
    async failover() {
      await sleep(WELL_MS);
      const link = LINKS[failovers % LINKS.length] ?? 'at once';
      const { shard, master } = await nextMaster();
      const { node, relay } = master;
      if (link === 'late') relay.lag(LATE_MS);
      if (link === 'silent') relay.stall('to-node', 'to-server');
      await sleep(link === 'silent' ? SILENT_MS : WELL_MS);
      const killedAt = performance.now();
      await node.kill();
      if (link !== 'at once') relay.breakChosen();
      await cluster().untilFailedOver(keyIn(shard), node);
      relay.letGo();
      await begin(master);
      await until(() => isFollowing(node), 'the old master follows the new one');
      return { failover: { killedAt, shard, link } };
    },
  };

  return {
    name: 'redis-cluster',
    mode: 'acked',
    modes: ['strict', 'acked', 'bounded'],
    isClockOfStore: false,
    async start() {
      const { nodes } = cluster.is(await startRedisCluster(settingsOf(options)));
      const isChosen = (said: string): boolean => /\bpsync\b/i.test(said);
      members = await Promise.all(
        nodes.map(async (node) => ({ node, relay: await startRelay({ to: node.port, isChosen }) })),
      );
      for (const member of members) await announce(member);
      await until(
        async () => (await Promise.all(members.map(({ node }) => areAnnounced(node, members)))).every(Boolean),
        'all know the relays',
      );
      await until(
        async () => (await Promise.all(nodes.map(isServing))).every(Boolean),
        'the replicas follow by the relays',
      );
    },
    environment: () => ({
      LATCHKEY_DATABASE: accounts.url,
      LATCHKEY_SESSIONS: `redis+cluster://${members.map(({ relay }) => `127.0.0.1:${relay.port}`).join()}`,
      LATCHKEY_REDIS_REPLICAS: options.isReplicaWaitedFor ? '1' : '0',
    }),
    faults: options.failsOver ? failover : faults,
    async readKept() {
      const masters = await Promise.all(Array.from({ length: SHARDS }, (_, shard) => masterOf(shard)));
      const sessions = await Promise.all([...new Set(masters)].map(({ node }) => asking(node.url, keptSessions)));
      return [...accounts.read(), ...sessions.flat()];
    },
    async stop() {
      await Promise.all(members.map(({ relay }) => relay.close()));
      await cluster.stop();
      accounts.remove();
    },
  };
}

function settingsOf({ disk, isReplicaWanted, failsOver }: ClusterOptions): Parameters<typeof startRedisCluster>[0] {
  return {
    nodeTimeoutMs: failsOver ? FAILS_OVER_AFTER_MS : PATIENT_MS,
    settings: {
      appendonly: 'yes',
      appendfsync: disk,
      'min-replicas-to-write': isReplicaWanted ? '1' : '0',
      'min-replicas-max-lag': '1',
    },
  };
}

/** A key of that third of the slots. */
function keyIn(shard: number): string {
  const bucket = Array.from({ length: BUCKETS }, (_, one) => one).find((one) => shardOfBucket(one) === shard) ?? 0;
  return `{${bucket.toString(16).padStart(2, '0')}}`;
}

/** Which third of the slots a bucket is in. */
export function shardOfBucket(bucket: number): number {
  return Math.floor((slotOfBucket(bucket) * SHARDS) / SLOTS);
}

/** A server that was started again does not know its relay any more. */
async function begin(member: Member): Promise<void> {
  await member.node.restart();
  await announce(member);
}

async function announce({ node, relay }: Member): Promise<void> {
  await command(node.url, 'CONFIG', 'SET', 'cluster-announce-port', relay.port);
}

/** Whether a server knows the others by their relays. */
async function areAnnounced({ url }: RedisNode, members: readonly Member[]): Promise<boolean> {
  const known = String(await command(url, 'CLUSTER', 'NODES'));
  return members.every(({ relay }) => known.includes(`127.0.0.1:${relay.port}@`));
}

async function isServing({ url }: RedisNode): Promise<boolean> {
  const replication = String(await command(url, 'INFO', 'replication'));
  return replication.includes('role:master') || replication.includes('master_link_status:up');
}

async function isFollowing({ url }: RedisNode): Promise<boolean> {
  const replication = String(await command(url, 'INFO', 'replication'));
  return replication.includes('role:slave') && replication.includes('master_link_status:up');
}
