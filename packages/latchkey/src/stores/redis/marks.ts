import type { MarkStore } from '../store.ts';
import { bucketOfHash } from './keys.ts';
import { MARK } from './scripts/marks.ts';
import type { Voice } from './sessions.ts';

/** Marks lie under the hash tags of their own hashes. */
export function redisMarks({ servers, names, now }: Pick<Voice, 'servers' | 'names' | 'now'>): MarkStore {
  return {
    async add({ hash, lifetimeMs }) {
      const call = { script: MARK, keys: [names.mark(hash)], values: [now(), lifetimeMs] };
      return (await servers.run(bucketOfHash(hash), call)) === 1;
    },
    purge: async () => 0,
  };
}
