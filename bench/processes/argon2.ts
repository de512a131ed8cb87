/** Argon2id and nothing else, as many at a time as are asked for. */
import { hash, verify } from '@node-rs/argon2';
import { ARGON2 } from '../../packages/latchkey/src/credentials/hash-schemes.ts';
import { PASSWORD } from '../data/database.ts';
import { answers, ready } from '../harness/answers.ts';

export type HashingAsked = { readonly inFlight: number; readonly ms: number };

/** Verifications per second. */
async function run({ inFlight, ms }: HashingAsked): Promise<number> {
  const stored = await hash(PASSWORD, ARGON2);
  const startedAt = performance.now();
  const endsAt = startedAt + ms;
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      if (!(await verify(stored, PASSWORD))) throw new Error('The right password was not recognised.');
      done++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return (done / (performance.now() - startedAt)) * 1000;
}

answers({ run });
ready(null);
