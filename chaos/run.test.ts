/** Short runs of the real thing, and the same with planted bugs. `npm run chaos` has longer ones. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { startable as postgresStartable } from '../packages/latchkey/test/servers/postgres.ts';
import { startable as redisStartable } from '../packages/latchkey/test/servers/redis.ts';
import { readHistory } from './history.ts';
import { DEFAULT_RUN, type RunOptions, run } from './run.ts';

/** On a busy machine what is right may be slow. */
const SHORT: RunOptions = {
  ...DEFAULT_RUN,
  store: 'sqlite',
  seed: 4,
  seconds: 6,
  rules: { recoversWithinMs: 2_000, answersWithinMs: 3_000 },
  say: () => undefined,
};

/** With this seed: a node killed and one stopped, the feed cut, the store crashed, and away for almost three seconds. */
const SERVERS = { seed: 912, seconds: 9 };

/** By then what a node that was killed had begun is finished by another. */
const FINISHED_MS = 6_000;

/** Nobody shows proofs yet. */
const NOT_SEEN = ['I15'];

async function holds(options: RunOptions, notSeen: readonly string[]): Promise<void> {
  const { checked, violations, operations, history } = await run(options);
  const found = checked.flatMap((one) => one.violations.map(({ says }) => `${one.id}: ${says}`));
  assert.deepEqual(found, [], `seed ${options.seed}, history in ${history}`);
  assert.equal(violations, 0);
  assert.deepEqual(
    checked.filter(({ examined }) => examined === 0).map(({ id }) => id),
    notSeen,
  );
  assert.ok(operations > 1_000, `${operations} operations`);
}

/** As soon as it is found the run is over. The history that proves it. */
async function findsBug(options: RunOptions, id: string): Promise<void> {
  const { checked, history } = await run({ ...options, stopsAt: [id] });
  const broken = checked.find((one) => one.id === id);
  assert.ok((broken?.violations.length ?? 0) > 0);
  assert.ok(history !== null);
  const [first] = await readHistory(history);
  assert.equal(first?.op, 'run');
  rmSync(dirname(history), { recursive: true });
}

const HOLDS = 'P1 to P4, P8: no invariant is broken, and each had something to look at';

describe('three nodes on one SQLite file, under faults', () => {
  test(HOLDS, async () => {
    // SQLite cannot be taken away.
    await holds(SHORT, ['I11', ...NOT_SEEN]);
  });

  test('a planted bug is found, and the history that proves it is kept', async () => {
    await findsBug({ ...SHORT, bug: 'early-answer' }, 'I5');
  });
});

describe('three nodes on PostgreSQL, under faults', { skip: postgresStartable() ?? false }, () => {
  const options = { ...SHORT, ...SERVERS, store: 'postgres' };

  test(HOLDS, async () => {
    await holds(options, NOT_SEEN);
  });

  test('F-36: a node that waits for no acknowledgements is found', async () => {
    await findsBug({ ...options, bug: 'no-acknowledgements' }, 'I1');
  });

  test('F-1: without the account lock it is found that there are too many', async () => {
    await findsBug({ ...options, seconds: 30, bug: 'no-account-lock' }, 'I2');
  });
});

describe('three nodes with sessions in Redis, under faults', { skip: redisStartable() ?? false }, () => {
  const options = { ...SHORT, ...SERVERS, rules: { ...SHORT.rules, recoversWithinMs: FINISHED_MS }, store: 'redis' };

  test(HOLDS, async () => {
    await holds(options, NOT_SEEN);
  });
});
