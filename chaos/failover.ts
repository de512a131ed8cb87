/**
 * What is lost when a Redis master dies: many failovers under load, with each combination of settings, and every violation laid
 * at the acknowledgement that was undone.
 */
import { redisClusterBackend, shardOfBucket } from './backends/redis-cluster.ts';
import type { ClusterOptions } from './backends/redis-cluster.ts';
import { bucketOf } from '../packages/latchkey/src/stores/redis/keys.ts';
import type { Checked } from './check.ts';
import type { AccountNumber, Entry, Failover, History, Link, Operation } from './history.ts';
import { DEFAULT_RUN, run } from './run.ts';
import type { PlannedFault } from './schedule.ts';

type Settings = Omit<ClusterOptions, 'failsOver'>;

const ALL: readonly Settings[] = [
  { isReplicaWaitedFor: false, isReplicaWanted: false, disk: 'everysec' },
  { isReplicaWaitedFor: false, isReplicaWanted: false, disk: 'always' },
  { isReplicaWaitedFor: false, isReplicaWanted: true, disk: 'everysec' },
  { isReplicaWaitedFor: true, isReplicaWanted: false, disk: 'everysec' },
  { isReplicaWaitedFor: true, isReplicaWanted: true, disk: 'everysec' },
  { isReplicaWaitedFor: true, isReplicaWanted: true, disk: 'always' },
];

const LINKS: readonly Link[] = ['at once', 'late', 'silent'];

export type FailoversAsked = {
  /** How many masters die, in all, with each combination of settings; a third with each kind of link. */
  readonly rounds: number;
  readonly seed: number;
  readonly say: (text: string) => void;
};

/** Runs them all and says the table, in Markdown. 1 where a violation is laid at no failover, else 0. */
export async function measureFailovers({ rounds, seed, say }: FailoversAsked): Promise<number> {
  const rows: string[] = [];
  let unexplained = 0;
  for (const settings of ALL) {
    const plan: PlannedFault[] = Array.from({ length: rounds }, () => ({
      ...{ atMs: 0, fault: 'failover', node: null, forMs: 0, shiftMs: 0 },
    }));
    const { entries, checked, history } = await run({
      ...DEFAULT_RUN,
      store: 'redis-cluster',
      backend: () => redisClusterBackend({ ...settings, failsOver: true }),
      seconds: Number.POSITIVE_INFINITY,
      plan,
      hasDelays: false,
      seed,
      say: () => undefined,
    });
    const losses = lossesIn(entries, checked);
    unexplained += losses.filter(({ failover }) => failover === null).length;
    const kept = history === null ? '' : `, history in ${history}`;
    say(`${nameOf(settings)}: ${countsOf(checked)}${kept}`);
    for (const { says, failover } of losses) if (failover === null) say(`  ✖ laid at no failover: ${says}`);
    for (const link of LINKS) rows.push(rowOf(settings, link, { entries, losses }));
  }
  say(`\n${[...HEAD, ...rows].join('\n')}`);
  return unexplained > 0 ? 1 : 0;
}

function nameOf({ isReplicaWaitedFor, isReplicaWanted, disk }: Settings): string {
  const parts = [
    isReplicaWaitedFor ? '`LATCHKEY_REDIS_REPLICAS=1`' : null,
    isReplicaWanted ? '`min-replicas-to-write 1`' : null,
  ].filter((part) => part !== null);
  return `${parts.join(', ') || 'nothing'}; \`appendfsync ${disk}\``;
}

function countsOf(checked: readonly Checked[]): string {
  const found = checked.filter(({ violations }) => violations.length > 0);
  return found.map(({ id, violations }) => `${id} ${violations.length}`).join(', ') || 'no violation';
}

/** What a violation shows to be undone, and by which failover; null where none can have done it. */
type Loss = {
  readonly says: string;
  readonly failover: Failover | null;
  /** The acknowledged operation, or the verdict, that was undone; null where only what is kept tells. */
  readonly undone: Operation | null;
  /** From its answer to its master's death; below zero where the answer was still on its way. */
  readonly ageMs: number | null;
};

function lossesIn(history: History, checked: readonly Checked[]): readonly Loss[] {
  const failovers = failoversIn(history);
  return checked.flatMap(({ id, violations }) =>
    violations.map(({ says, proof }) => {
      const told = `${id}: ${says}`;
      const candidates = proof.flatMap((entry) => undoneBy(entry, failovers));
      const [nearest] = candidates.sort((a, b) => a.ageMs - b.ageMs);
      if (nearest !== undefined) return { says: told, ...nearest };
      // What is kept tells of no time: a failover of its shard explains it, if there was one.
      const accounts = proof.flatMap((entry) => ('outcome' in entry ? [] : accountOf(entry)));
      const failover = failovers.find(({ shard }) => accounts.some((account) => shardOf(account) === shard)) ?? null;
      return { says: told, failover, undone: null, ageMs: null };
    }),
  );
}

function failoversIn(history: History): readonly Failover[] {
  return history.flatMap((entry) => (entry.op === 'fault' && entry.failover !== undefined ? [entry.failover] : []));
}

const shardOf = (account: AccountNumber): number => shardOfBucket(bucketOf(account));

function accountOf(entry: Entry): readonly AccountNumber[] {
  return 'account' in entry && entry.account !== null ? [entry.account] : [];
}

/** An answer is undone by the first death of its master after it was asked for. */
function undoneBy(
  entry: Entry,
  failovers: readonly Failover[],
): readonly { readonly failover: Failover; readonly undone: Operation; readonly ageMs: number }[] {
  if (!('outcome' in entry) || !isAnswered(entry)) return [];
  const shards = accountOf(entry).map(shardOf);
  const failover = failovers.find(({ shard, killedAt }) => killedAt >= entry.called && shards.includes(shard));
  return failover === undefined ? [] : [{ failover, undone: entry, ageMs: failover.killedAt - entry.returned }];
}

/** A verdict is an answer, too, where it is that something is over: what is live tells what was undone. */
function isAnswered(entry: Operation & Entry): boolean {
  return entry.op === 'check' ? entry.verdict === 'dead' : entry.outcome === 'done';
}
