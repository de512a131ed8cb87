/** What every store must do with things usable once, counters and marks: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { atOnce, type Cases, HOUR_MS, link, secret } from './world.ts';

export const onceCases: Cases = {
  async 'a thing usable once is spent once, in its time and for its purpose'(world) {
    const { store, clock } = world;
    const item = link({ purpose: 'invitation', data: 'data' });
    await store.once.put(item);
    assert.equal(await store.once.spend({ purpose: 'verify-email', hash: item.hash }), null);
    const outcomes = await atOnce(world, 20, (other) => other.once.spend(item));
    assert.deepEqual(
      outcomes.filter((data) => data !== null),
      ['data'],
    );
    await store.once.put(link({ hash: secret(2) }));
    clock.advance(HOUR_MS);
    assert.equal(await store.once.spend(link({ hash: secret(2) })), null);
    assert.equal(await store.once.purge(10), 1);
    assert.equal(await store.once.purge(10), 0);
  },

  async 'B5: of any number at once no more than the limit are within it'(world) {
    const rate = { key: 'k', limit: 10, windowMs: HOUR_MS };
    const outcomes = await atOnce(world, 100, (store) => store.counters.take([rate]));
    const within = outcomes.flat().filter(({ isWithin }) => isWithin).length;
    assert.equal(within, 10);
    const [over] = outcomes.flat().filter(({ isWithin }) => !isWithin);
    assert.equal(over?.retryAfterMs, HOUR_MS);
  },

  async 'a counter gives room back, is cleared, and begins anew after its window'({ store, clock }) {
    const rate = { key: 'k', limit: 2, windowMs: HOUR_MS };
    const take = async (): Promise<boolean | undefined> => (await store.counters.take([rate]))[0]?.isWithin;
    assert.deepEqual([await take(), await take(), await take(), await take()], [true, true, false, false]);
    await store.counters.settle({ giveBack: ['k', 'k', 'nobody'] });
    assert.deepEqual([await take(), await take()], [true, false], 'what was over the limit counts once');
    clock.advance(HOUR_MS - 1);
    assert.equal(await take(), false);
    clock.advance(1);
    assert.deepEqual([await take(), await take(), await take()], [true, true, false]);
    await store.counters.settle({ clear: ['k'] });
    assert.equal(await take(), true);
    clock.advance(HOUR_MS);
    await store.counters.settle({ giveBack: ['k'] });
    assert.equal(await store.counters.purge(10), 1);
  },

  async 'P6: a window that a wrong clock began ahead is over when it is put right'({ store, clock }) {
    const take = async (): Promise<boolean | undefined> =>
      (await store.counters.take([{ key: 'k', limit: 1, windowMs: HOUR_MS }]))[0]?.isWithin;
    assert.equal(await take(), true);
    assert.equal(await take(), false);
    clock.advance(365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
    clock.advance(-365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
  },

  async 'M9: of twenty who show the same at once one is the first, on whatever node'(world) {
    const { store, clock } = world;
    const mark = { hash: secret(1), lifetimeMs: HOUR_MS };
    const outcomes = await atOnce(world, 20, (other) => other.marks.add(mark));
    assert.equal(outcomes.filter((isNew) => isNew).length, 1);
    assert.equal(await (await world.connect()).marks.add(mark), false, 'who comes later knows of it');
    assert.equal(await store.marks.add({ ...mark, hash: secret(2) }), true);
    clock.advance(HOUR_MS - 1);
    assert.equal(await store.marks.add(mark), false);
    clock.advance(1);
    assert.deepEqual([await store.marks.add(mark), await store.marks.add(mark)], [true, false]);
  },

  async 'M9: what was marked stays marked when the clock goes back'({ store, clock }) {
    const mark = { hash: secret(1), lifetimeMs: HOUR_MS };
    assert.equal(await store.marks.add(mark), true);
    clock.advance(-10 * HOUR_MS);
    assert.equal(await store.marks.add(mark), false);
    clock.advance(10 * HOUR_MS);
  },

  async 'M13: marks that are over make room, and no others'({ store, clock }) {
    for (const hours of [1, 2, 3]) await store.marks.add({ hash: secret(hours), lifetimeMs: hours * HOUR_MS });
    clock.advance(2 * HOUR_MS);
    await store.marks.purge(1);
    await store.marks.purge(10);
    assert.equal(await store.marks.purge(10), 0);
    assert.equal(await store.marks.add({ hash: secret(3), lifetimeMs: HOUR_MS }), false);
    assert.equal(await store.marks.add({ hash: secret(2), lifetimeMs: HOUR_MS }), true);
  },
};
