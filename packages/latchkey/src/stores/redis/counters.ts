import type { CounterStore, Take, Taken } from '../store.ts';
import { BUCKETS, bucketOfText } from './keys.ts';
import { REMOVE_OVER, SETTLE, TAKE } from './scripts/counters.ts';
import type { Voice } from './sessions.ts';

/** Counters lie under the hash tags of their keys: those of one call are counted together where they share one. */
export function redisCounters({ servers, names, now }: Pick<Voice, 'servers' | 'names' | 'now'>): CounterStore {
  const keysOf = (bucket: number, keys: readonly string[]): readonly string[] => [
    ...keys.map((key) => names.counter(key, bucket)),
    names.counters(bucket),
  ];

  const takeIn = async (bucket: number, takes: readonly Take[]): Promise<readonly Taken[]> => {
    const keys = keysOf(
      bucket,
      takes.map(({ key }) => key),
    );
    const values = [now(), ...takes.flatMap(({ limit, windowMs }) => [limit, windowMs])];
    const counted = (await servers.run(bucket, { script: TAKE, keys, values })) as readonly number[];
    return takes.map(({ key }, at) => ({
      key,
      isWithin: counted[2 * at] === 1,
      retryAfterMs: counted[2 * at + 1] ?? 0,
    }));
  };

  return {
    async take(takes) {
      const groups = Map.groupBy(takes.keys(), (at) => bucketOfText(takes[at]?.key ?? ''));
      const taken = new Map<number, Taken>();
      const calls = [...groups].map(async ([bucket, places]) => {
        const counted = await takeIn(
          bucket,
          takes.filter((_, at) => places.includes(at)),
        );
        for (const [turn, at] of places.entries()) if (counted[turn] !== undefined) taken.set(at, counted[turn]);
      });
      await Promise.all(calls);
      return [...taken].sort(([a], [b]) => a - b).map(([, one]) => one);
    },
    async settle({ giveBack = [], clear = [] }) {
      const buckets = new Set([...giveBack, ...clear].map(bucketOfText));
      const calls = [...buckets].map((bucket) => {
        const [backs, cleared] = [giveBack, clear].map((keys) => keys.filter((key) => bucketOfText(key) === bucket));
        const keys = keysOf(bucket, [...(backs ?? []), ...(cleared ?? [])]);
        return servers.run(bucket, { script: SETTLE, keys, values: [now(), backs?.length ?? 0] });
      });
      await Promise.all(calls);
    },
    async purge(limit) {
      let count = 0;
      for (let bucket = 0; bucket < BUCKETS && count < limit; bucket++) {
        const call = { script: REMOVE_OVER, keys: [names.counters(bucket)], values: [now(), limit - count] };
        count += Number(await servers.run(bucket, call));
      }
      return count;
    },
  };
}
