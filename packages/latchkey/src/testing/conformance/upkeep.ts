/** What every store must do with its outbox, its history, what is long over and its settings: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { StoreUnavailable } from '../../stores/store.ts';
import { atOnce, type Cases, HOUR_MS, LIFETIME_MS, makeAccount, secret, signIn, stateOf } from './world.ts';

export const upkeepCases: Cases = {
  async 'the outbox gives each item to one sender at a time, and again when that one dies'(world) {
    const { store, clock } = world;
    await store.outbox.put([1, 2, 3].map((of) => ({ topic: 'mail', payload: secret(of) })));
    const claim = { limit: 2, leaseMs: HOUR_MS };
    const claimed = (await atOnce(world, 4, (other) => other.outbox.claim(claim))).flat();
    assert.deepEqual(claimed.map(({ payload }) => payload[0]).sort(), [1, 2, 3]);
    assert.ok(claimed.every(({ attempts }) => attempts === 0));
    const [first, second] = claimed;
    await store.outbox.done(first?.id ?? 0);
    await store.outbox.retry({ id: second?.id ?? 0, delayMs: 1000, error: 'no' });
    clock.advance(1000);
    const again = await store.outbox.claim({ limit: 5, leaseMs: HOUR_MS });
    assert.deepEqual(
      again.map(({ id, attempts, ageMs }) => ({ id, attempts, ageMs })),
      [{ id: second?.id, attempts: 1, ageMs: 1000 }],
    );
    clock.advance(HOUR_MS);
    assert.equal((await store.outbox.claim({ limit: 5, leaseMs: HOUR_MS })).length, 2, 'both leases are over');
    await store.outbox.retry({ id: second?.id ?? 0, delayMs: null, error: 'never' });
    clock.advance(10 * HOUR_MS);
    assert.equal((await store.outbox.claim({ limit: 5, leaseMs: HOUR_MS })).length, 1);
    const page = await store.outbox.page(10);
    assert.deepEqual(page.map(({ isGivenUp, error }) => [isGivenUp, error]).sort(), [
      [false, null],
      [true, 'never'],
    ]);
    assert.equal(await store.outbox.purge({ keepMs: HOUR_MS, limit: 10 }), 2);
  },

  async 'history keeps what happened to an account, the newest first'({ store }) {
    const { account, gate } = await makeAccount(store);
    await signIn(store, gate);
    await signIn(store, gate);
    await store.accounts.setState({ id: account.id, state: 'suspended' });
    const all = await store.history.page({ accountId: account.id, before: null, limit: 10 });
    assert.deepEqual(
      all.map(({ kind }) => kind),
      ['session_ended', 'account_suspended', 'session_opened', 'session_ended', 'session_opened', 'account_created'],
    );
    const older = await store.history.page({ accountId: account.id, before: all[3]?.id ?? 0, limit: 10 });
    assert.deepEqual(
      older.map(({ kind }) => kind),
      ['session_opened', 'account_created'],
    );
  },

  async 'P12: what is purged is over, and gone'({ store, clock }) {
    const { gate } = await makeAccount(store);
    const ended = await signIn(store, gate);
    const live = await signIn(store, gate);
    assert.equal(await store.sessions.purge({ keepMs: HOUR_MS, limit: 10 }), 0);
    clock.advance(HOUR_MS);
    assert.equal(await store.sessions.purge({ keepMs: HOUR_MS, limit: 10 }), 1);
    assert.equal(await store.sessions.find(ended.token), null);
    assert.equal(await stateOf(store, live), null);
    clock.advance(LIFETIME_MS);
    assert.equal(await store.sessions.purge({ keepMs: HOUR_MS, limit: 10 }), 1, 'expired long enough ago');
  },

  async 'L25: two cleaners at once, in the midst of sign-ins, remove what is long over and nothing else'(world) {
    const { store, clock } = world;
    const { gate } = await makeAccount(store);
    for (let turn = 0; turn < 12; turn++) await signIn(store, gate);
    clock.advance(HOUR_MS);
    const purged: number[] = [];
    const newer = await atOnce(world, 12, async (at, turn) => {
      if (turn % 3 === 0) return await signIn(at, gate);
      purged.push(await at.sessions.purge({ keepMs: HOUR_MS, limit: 3 }));
      return null;
    });
    for (let more = 1; more > 0; purged.push(more)) more = await store.sessions.purge({ keepMs: HOUR_MS, limit: 3 });
    assert.equal(
      purged.reduce((sum, count) => sum + count, 0),
      11,
      'each once',
    );
    const signedIn = newer.filter((one) => one !== null);
    const live = (await Promise.all(signedIn.map((one) => stateOf(store, one)))).filter((ending) => ending === null);
    assert.equal(live.length, 1);
  },

  async 'P12: history is purged from its oldest end, and its last position stays'({ store, clock }) {
    const { gate } = await makeAccount(store);
    await signIn(store, gate);
    clock.advance(HOUR_MS);
    await signIn(store, gate);
    const [all, position] = [await store.sessions.changes({ after: 0, limit: 9 }), await store.sessions.position()];
    const purge = () => store.history.purge({ keepMs: HOUR_MS, limit: 10 });
    assert.equal(await store.history.purge({ keepMs: HOUR_MS, limit: 1 }), 1);
    assert.equal(await purge(), 1);
    assert.equal(await purge(), 0);
    assert.deepEqual(await store.sessions.changes({ after: 0, limit: 9 }), all.slice(1));
    clock.advance(HOUR_MS);
    assert.equal(await purge(), 1);
    assert.equal(await store.sessions.position(), position);
  },

  async 'a setting is made once, however many make it at once'(world) {
    const values = await atOnce(world, 10, (store, turn) => store.settings.getOrSet('name', `value ${turn}`));
    assert.equal(new Set(values).size, 1);
    assert.equal(await world.store.settings.getOrSet('name', 'another'), values[0]);
  },

  async 'a store that is closed is unavailable, whatever is asked of it'({ store, connect }) {
    const { account } = await makeAccount(store);
    const other = await connect();
    await other.writable();
    await other.close();
    for (const asked of [
      () => other.writable(),
      () => other.accounts.find(account.id),
      () => other.sessions.find({ accountId: null, hash: secret(1) }),
      () => other.settings.getOrSet('name', 'x'),
      () => other.accounts.signOutEverywhere({ id: account.id, by: null, kept: null }),
    ]) {
      await assert.rejects(asked, StoreUnavailable);
    }
  },
};
