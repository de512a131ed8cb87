/** What every store must do where a thing that is usable once is exchanged for others: cases of the conformance suite. */
import assert from 'node:assert/strict';
import type { OnceRef } from '../../model/once.ts';
import type { NewOnce } from '../../stores/store.ts';
import { type Cases, HOUR_MS } from './world.ts';

const named = (name: number, data = ''): NewOnce => ({
  purpose: 'refresh-token',
  hash: new Uint8Array(32).fill(name),
  lifetimeMs: HOUR_MS,
  data,
});

const refOf = ({ purpose, hash }: NewOnce): OnceRef => ({ purpose, hash });

export const exchangeCases: Cases = {
  async 'G2: of twenty exchanges of one thing at once, one gets it, and what it is exchanged for is all there is'({
    store,
    connect,
  }) {
    const other = await connect();
    await store.once.put(named(1, 'first'));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        (turn % 2 === 0 ? store : other).once.exchange({
          from: refOf(named(1)),
          to: [named(100 + turn, 'next'), { ...named(200 + turn, String(turn)), purpose: 'refreshed-token' }],
        }),
      ),
    );
    assert.deepEqual(
      outcomes.filter((outcome) => outcome !== null),
      ['first'],
    );
    const there = async (name: number, purpose: OnceRef['purpose']): Promise<string | null> =>
      await store.once.peek({ ...refOf(named(name)), purpose });
    const turns = Array.from({ length: 20 }, (_, turn) => turn);
    const next = await Promise.all(turns.map((turn) => there(100 + turn, 'refresh-token')));
    const told = await Promise.all(turns.map((turn) => there(200 + turn, 'refreshed-token')));
    assert.deepEqual(
      [next, told].map((all) => all.findIndex((data) => data !== null)),
      Array.from({ length: 2 }, () => outcomes.indexOf('first')),
    );
    assert.equal([...next, ...told].filter((data) => data !== null).length, 2);
    assert.equal(await store.once.peek(refOf(named(1))), null);
  },

  async 'what is spent, has expired or is for another purpose is exchanged for nothing'({ store, clock }) {
    await store.once.put(named(1));
    const to = [named(2)];
    assert.equal(await store.once.exchange({ from: { ...refOf(named(1)), purpose: 'invitation' }, to }), null);
    clock.advance(HOUR_MS);
    assert.equal(await store.once.exchange({ from: refOf(named(1)), to }), null);
    assert.equal(await store.once.exchange({ from: refOf(named(3)), to }), null);
    assert.equal(await store.once.peek(refOf(named(2))), null);
  },

  async 'G5: an exchange whose other half fails has spent nothing'({ store }) {
    await store.once.put(named(1, 'kept'));
    await store.once.put(named(2));
    await assert.rejects(store.once.exchange({ from: refOf(named(1)), to: [named(3), named(2)] }));
    assert.equal(await store.once.peek(refOf(named(1))), 'kept');
    assert.equal(await store.once.peek(refOf(named(3))), null);
  },
};
