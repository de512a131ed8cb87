/** What a failover is blamed for. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bucketOf } from '../packages/latchkey/src/stores/redis/keys.ts';
import { shardOfBucket } from './backends/redis-cluster.ts';
import { check } from './check.ts';
import { lossesIn } from './failover.ts';
import { rulesWith, type Story, story } from './story.ts';

const ACCOUNT = 1;
const SHARD = shardOfBucket(bucketOf(ACCOUNT));

const died = (told: Story, killedAt: number, shard = SHARD): Story =>
  told.fault({
    ...{ fault: 'failover', called: killedAt - 1, returned: killedAt + 1 },
    failover: { killedAt, shard, link: 'silent' },
  });

function lossesOf({ entries }: Story) {
  const losses = lossesIn(entries, check(entries, rulesWith({ limit: 2 })));
  return losses.map(({ undone, failover, ageMs, isUnsure }) => ({
    undone: undone?.i ?? null,
    killedAt: failover?.killedAt ?? null,
    ageMs,
    isUnsure,
  }));
}

describe('a loss is laid at the answer that was undone, and at the death that undid it', () => {
  test('a sign-in that was answered, and is not there any more', () => {
    const told = died(story().signIn('A', { at: [0, 10] }), 15).dead('A', { at: [40, 41] });
    assert.deepEqual(lossesOf(told), [{ undone: 0, killedAt: 15, ageMs: 5, isUnsure: false }]);
  });

  test('a sign-out that was answered, and its key is accepted again', () => {
    const told = story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30] });
    died(told, 100).live('A', { at: [140, 141] });
    assert.deepEqual(lossesOf(told), [{ undone: 1, killedAt: 100, ageMs: 70, isUnsure: false }]);
  });

  test('a verdict that was given for a change that nobody answered', () => {
    const told = story()
      .signIn('A', { at: [0, 10] })
      .signIn(null, { at: [12, 6012], outcome: 'unknown' })
      .signIn(null, { at: [13, 6013], outcome: 'unknown' })
      .dead('A', { at: [20, 22] });
    died(told, 25).live('A', { at: [60, 61] });
    assert.deepEqual(lossesOf(told), [{ undone: 3, killedAt: 25, ageMs: 3, isUnsure: false }]);
  });

  test('what is not kept in the end, by each sign-in of its own: W reaches to the earliest', () => {
    const told = story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] });
    died(told, 50).keptAll();
    assert.deepEqual(
      lossesOf(told).map(({ undone, ageMs }) => [undone, ageMs]),
      [
        [0, 40],
        [1, 20],
      ],
    );
  });

  test('what several violations show is lost once', () => {
    const told = died(story().signIn('A', { at: [0, 10] }), 15)
      .dead('A', { at: [40, 41] })
      .dead('A', { at: [50, 51] });
    assert.equal(lossesOf(told).length, 1);
  });

  test('of two deaths the first may have done it, or the second: that is said', () => {
    const told = story().signIn('A', { at: [0, 10] });
    died(died(told, 15), 30).dead('A', { at: [40, 41] });
    assert.deepEqual(lossesOf(told), [{ undone: 0, killedAt: 15, ageMs: 5, isUnsure: true }]);
  });

  test('no death is blamed of another shard, nor one that came after it was seen, nor one before it was asked for', () => {
    for (const [killedAt, shard] of [
      [15, SHARD + 1],
      [60, SHARD],
      [-5, SHARD],
    ] as const) {
      const told = died(story().signIn('A', { at: [0, 10] }), killedAt, shard).dead('A', { at: [40, 41] });
      assert.deepEqual(
        lossesOf(told).map((loss) => loss.killedAt),
        [null],
        `${killedAt}`,
      );
    }
  });

  test('where nothing is broken nothing is lost', () => {
    assert.deepEqual(lossesOf(died(story().signIn('A', { at: [0, 10] }), 15).live('A', { at: [40, 41] })), []);
  });
});
