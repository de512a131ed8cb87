import { randomInt } from 'node:crypto';
import type { SessionStore } from '../store.ts';
import { BUCKETS } from './keys.ts';
import { SET_RULE } from './scripts/sessions.ts';
import type { Voice } from './sessions.ts';

/** What tells two numbers apart that were chosen at once: below this, at random. */
const AT_ONCE = 2 ** 30;

type Copy = { readonly number: number; readonly rule: string };

/** Older than all, even where there is none. */
const NO_COPY: Copy = { number: -1, rule: '' };

export type Rule = Pick<SessionStore, 'setRule' | 'ruleInForce'> & {
  /** Rejects where a copy could not be written just now. Writes none. */
  check(): Promise<void>;
};

/**
 * The rule in force, which every script at the door reads in its own slot: 64 numbered copies, of which the highest number counts.
 * Whoever finds an older copy finishes what another one began: until then an account's door follows one rule or the other, and
 * never two.
 */
export function redisRule({ servers, names }: Pick<Voice, 'servers' | 'names'>): Rule {
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket);

  const copyIn = async (bucket: number): Promise<Copy | null> => {
    const reply = await servers.send(bucket, 'HMGET', names.rule(bucket), 'number', 'rule');
    const [number, rule] = reply as readonly [string | null, string | null];
    return number === null || rule === null ? null : { number: Number(number), rule };
  };
  const copies = (): Promise<readonly (Copy | null)[]> => Promise.all(buckets.map(copyIn));
  const write = async (bucket: number, { number, rule }: Copy): Promise<void> => {
    await servers.run(bucket, { script: SET_RULE, keys: [names.rule(bucket)], values: [number, rule] });
  };

  return {
    async setRule(rule) {
      const last = Math.max(0, ...(await copies()).map((copy) => copy?.number ?? 0));
      const number = (Math.floor(last / AT_ONCE) + 1) * AT_ONCE + randomInt(AT_ONCE);
      await Promise.all(buckets.map((bucket) => write(bucket, { number, rule })));
    },
    async ruleInForce() {
      const found = await copies();
      const newest = found.reduce(newer, null);
      if (newest === null) return null;
      const behind = buckets.filter((bucket) => found[bucket]?.rule !== newest.rule);
      await Promise.all(behind.map((bucket) => write(bucket, newest)));
      return newest.rule;
    },
    async check() {
      await Promise.all(buckets.map((bucket) => write(bucket, NO_COPY)));
    },
  };
}

function newer(a: Copy | null, b: Copy | null): Copy | null {
  if (a === null || b === null) return a ?? b;
  return b.number > a.number ? b : a;
}
