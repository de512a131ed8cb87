/**
 * What is lost when a Redis master dies: many failovers under load, with each combination of settings, and every violation laid
 * at the acknowledgement that was undone.
 */

import { bucketOf } from '../packages/latchkey/src/stores/redis/keys.ts';
import type { ClusterOptions } from './backends/redis-cluster.ts';
import { redisClusterBackend, shardOfBucket } from './backends/redis-cluster.ts';
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

/** Enough that what a failover brings back to life is not displaced before somebody has looked. */
const ACCOUNTS = 200;

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
      accounts: ACCOUNTS,
      hasDelays: false,
      seed,
      say: () => undefined,
    });
    const losses = lossesIn(entries, checked);
    unexplained += losses.filter(({ failover }) => failover === null).length;
    const kept = history === null ? '' : `, history in ${history}`;
    say(`${nameOf(settings)}: ${countsOf(checked)}${kept}`);
    for (const { says, failover } of losses) if (failover === null) say(`  ✖ laid at no failover: ${says}`);
    const unsure = losses.filter(({ undone, isUnsure }) => undone !== null && isUnsure).length;
    if (unsure > 0) say(`  ${unsure} may have been undone by a later failover than the one that is counted`);
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
  readonly ageMs: number;
  /** Whether another failover may have done it, before which it was answered longer. */
  readonly isUnsure: boolean;
};

/** What these look at is kept in the end. */
const END_STATE: ReadonlySet<string> = new Set(['I13', 'I14']);

/**
 * Each violation, laid at the acknowledged answer that was undone. Where several answers prove one, it is laid at the nearest before
 * its master's death: what is lost is the end of what that master wrote, so whichever it was, the nearest is lost as well. W takes no
 * harm by that as long as the earliest is told by a violation of its own, as a sign-in is (what is kept has no session of it, I13)
 * and a sign-out (I5); of a change of another kind alone it is told too small.
 */
export function lossesIn(history: History, checked: readonly Checked[]): readonly Loss[] {
  const failovers = failoversIn(history);
  const all = checked.flatMap(({ id, violations }) =>
    violations.map(({ says, proof }) => ({
      says: `${id}: ${says}`,
      ...explained(proof, failovers, END_STATE.has(id)),
    })),
  );
  // What is shown by several violations is lost once, and the first of them tells best when.
  const byUndone = Map.groupBy(all, ({ undone }) => undone);
  return [...byUndone].flatMap(([undone, losses]) => (undone === null ? losses : [surest(losses)]));
}

function surest<One extends Loss>(losses: readonly [One, ...One[]] | readonly One[]): One {
  const [first, ...others] = losses;
  if (first === undefined) throw new Error('A group has somebody in it.');
  return others.find(({ isUnsure }) => first.isUnsure && !isUnsure) ?? first;
}

function explained(proof: readonly Entry[], failovers: readonly Failover[], isEndState: boolean): Omit<Loss, 'says'> {
  const shards = new Set(proof.flatMap(accountOf).map((account) => shardOfBucket(bucketOf(account))));
  const [seenAt, evidence] = isEndState ? [Number.POSITIVE_INFINITY, null] : latestOf(proof);
  const found = proof.flatMap((entry) => {
    if (entry === evidence || !('outcome' in entry) || !isAnswered(entry)) return [];
    const between = failovers.filter(
      ({ shard, killedAt }) => shards.has(shard) && killedAt >= entry.called && killedAt <= seenAt,
    );
    const [failover] = between;
    if (failover === undefined) return [];
    return [{ failover, undone: entry, ageMs: failover.killedAt - entry.returned, isUnsure: between.length > 1 }];
  });
  const [nearest] = found.sort((a, b) => a.ageMs - b.ageMs);
  if (nearest !== undefined) return nearest;
  // What is kept tells of no time.
  const failover = isEndState ? failovers.find(({ shard }) => shards.has(shard)) : undefined;
  return { failover: failover ?? null, undone: null, ageMs: Number.NaN, isUnsure: true };
}

/** What shows that something was undone, and when: the last operation. */
function latestOf(proof: readonly Entry[]): readonly [at: number, evidence: Entry | null] {
  let latest: readonly [number, Entry | null] = [Number.NEGATIVE_INFINITY, null];
  for (const entry of proof) if ('returned' in entry && entry.returned > latest[0]) latest = [entry.returned, entry];
  return latest;
}

function failoversIn(history: History): readonly Failover[] {
  return history.flatMap((entry) => (entry.op === 'fault' && entry.failover !== undefined ? [entry.failover] : []));
}

function accountOf(entry: Entry): readonly AccountNumber[] {
  return 'account' in entry && entry.account !== null ? [entry.account] : [];
}

/** A verdict is an answer, too, where it is that something is over: what is live tells what was undone. */
function isAnswered(entry: Entry & Operation): boolean {
  return entry.op === 'check' ? entry.verdict === 'dead' : entry.outcome === 'done';
}

const HEAD = [
  '| settings | the replica hears | masters that died | with a loss | answers undone | W | of those within W | verdicts undone | a sign-in takes (p50, p99) | changes again after |',
  '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
];

const HEARS: Readonly<Record<Link, string>> = {
  'at once': 'at once',
  late: '50 ms late',
  silent: 'nothing for the last 3 s',
};

function rowOf(
  settings: Settings,
  link: Link,
  { entries, losses }: { readonly entries: History; readonly losses: readonly Loss[] },
): string {
  const died = failoversIn(entries).filter((one) => one.link === link);
  const lost = losses.filter(({ failover, undone }) => undone !== null && failover?.link === link);
  const changes = lost.filter(({ undone }) => !isCheck(undone));
  const reach = Math.max(0, ...changes.map(({ ageMs }) => ageMs));
  const inReach = died.reduce((sum, one) => sum + changesBefore(entries, one, reach), 0);
  const share =
    inReach === 0 ? '–' : `${((changes.length / inReach) * 100).toFixed(1)} % (${changes.length} of ${inReach})`;
  const took = died.flatMap((one) => signInsBefore(entries, one));
  const back = died.map((one) => backAfter(entries, one));
  const cells = [
    nameOf(settings),
    HEARS[link],
    died.length,
    new Set(lost.map(({ failover }) => failover)).size,
    changes.length,
    changes.length === 0 ? '–' : `${Math.ceil(reach)} ms`,
    share,
    lost.length - changes.length,
    took.length === 0
      ? 'none was done'
      : `${percentile(took, 0.5).toFixed(0)} ms, ${percentile(took, 0.99).toFixed(0)} ms`,
    `${(percentile(back, 0.5) / 1000).toFixed(1)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const isCheck = (operation: Operation | null): boolean => operation !== null && 'verdict' in operation;

/** Changes of the shard that were answered no longer than this before its master died. */
function changesBefore(history: History, { shard, killedAt }: Failover, reachMs: number): number {
  return history.filter(
    (entry) =>
      isChange(entry, shard) &&
      entry.outcome === 'done' &&
      entry.called <= killedAt &&
      entry.returned >= killedAt - reachMs,
  ).length;
}

/** For a second before a master died, how long its shard's sign-ins took. */
function signInsBefore(history: History, { shard, killedAt }: Failover): readonly number[] {
  return history.flatMap((entry) => {
    const isMeant = isChange(entry, shard) && entry.op === 'sign-in' && entry.outcome === 'done';
    const isThen = isMeant && entry.returned <= killedAt && entry.called >= killedAt - 1000;
    return isThen ? [entry.returned - entry.called] : [];
  });
}

/** How long after a master's death the first change was answered that had been asked for since. */
function backAfter(history: History, { shard, killedAt }: Failover): number {
  const since = history.flatMap((entry) =>
    isChange(entry, shard) && entry.outcome === 'done' && entry.called > killedAt ? [entry.returned] : [],
  );
  return Math.min(...since) - killedAt;
}

function isChange(entry: Entry, shard: number): entry is Entry & Operation {
  if (!('outcome' in entry) || entry.op === 'check' || entry.op === 'list' || entry.op === 'spend') return false;
  return accountOf(entry).some((account) => shardOfBucket(bucketOf(account)) === shard);
}

function percentile(numbers: readonly number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length * share) - 1] ?? Number.NaN;
}
