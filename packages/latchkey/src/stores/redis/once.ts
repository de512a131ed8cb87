import type { AccountId } from '../../model/account.ts';
import type { OnceRef } from '../../model/once.ts';
import type { NewOnce, OnceStore } from '../store.ts';
import { removeOver } from './counters.ts';
import { bucketOf, bucketOfHash } from './keys.ts';
import { PEEK, PUT, SPEND } from './scripts/once.ts';
import type { Voice } from './sessions.ts';

/** Things usable once that are not mailed: each under the hash tag of its secret, or of the account that it was made for. */
export type RedisOnces = Omit<OnceStore, 'voidAny'> & {
  /** Keeps what the door is to spend (`Admit.spends`): beside the account's sessions, where `peek` and `spend` do not look. */
  putFor(accountId: AccountId, once: NewOnce): Promise<void>;
};

export function redisOnces({ servers, names, now }: Pick<Voice, 'servers' | 'names' | 'now'>): RedisOnces {
  const put = async (bucket: number, once: NewOnce): Promise<void> => {
    const keys = [names.once(once, bucket), names.onces(bucket)];
    const isNew = await servers.run(bucket, { script: PUT, keys, values: [now(), once.lifetimeMs, once.data] });
    if (isNew !== 1) throw new Error('A thing usable once is there already.');
  };
  const keysOf = (spend: OnceRef): readonly string[] => {
    const bucket = bucketOfHash(spend.hash);
    return [names.once(spend, bucket), names.onces(bucket)];
  };
  return {
    put: (once) => put(bucketOfHash(once.hash), once),
    putFor: (accountId, once) => put(bucketOf(accountId), once),
    async peek(spend) {
      const call = { script: PEEK, keys: keysOf(spend).slice(0, 1), values: [now()] };
      return (await servers.run(bucketOfHash(spend.hash), call)) as string | null;
    },
    async spend(spend) {
      const call = { script: SPEND, keys: keysOf(spend), values: [now()] };
      return (await servers.run(bucketOfHash(spend.hash), call)) as string | null;
    },
    purge: (limit) => removeOver({ servers, now }, names.onces, limit),
  };
}
