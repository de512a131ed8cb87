/** What every store must do with passwords, and with the links that reset them: cases of the conformance suite. */
import assert from 'node:assert/strict';
import {
  address,
  admission,
  atOnce,
  type Cases,
  endedBy,
  HOUR_MS,
  link,
  makeAccount,
  secret,
  signIn,
  stateOf,
} from './world.ts';

export const passwordCases: Cases = {
  async 'a hash is renewed only where it is still the one that was looked at'({ store }) {
    const { account } = await makeAccount(store, { password: { hash: 'old', scheme: 's1' } });
    const to = { hash: 'new', scheme: 's2' };
    assert.equal(await store.accounts.renewHash({ id: account.id, from: 'other', to }), false);
    assert.equal(await store.accounts.renewHash({ id: account.id, from: 'old', to }), true);
    assert.equal(await store.accounts.renewHash({ id: account.id, from: 'old', to }), false);
    const record = await store.accounts.find(account.id);
    assert.equal(record?.passwordHash, 'new');
    assert.equal(record?.gate.revision, 1);
    assert.deepEqual(await store.accounts.hashSchemes(), ['s2']);
  },

  async 'a proof from before a password change opens nothing, whichever comes first'(world) {
    const { store } = world;
    for (let round = 0; round < 20; round++) {
      const record = await makeAccount(store);
      const mine = await signIn(store, record.gate, { max: 'unlimited' });
      const outcomes = await atOnce(world, 6, async (other, turn) => {
        if (turn !== 3) return await other.sessions.admit(admission(record.gate, { max: 'unlimited' }));
        const { session } = mine;
        const to = { hash: 'new', scheme: 's' };
        return await other.accounts.changePassword({
          id: session.accountId,
          by: session,
          kept: session.id,
          to,
          outbox: [],
        });
      });
      assert.ok(outcomes[3] !== null);
      const { sessions } = await store.sessions.list(record.account.id);
      assert.deepEqual(
        sessions.map(({ id }) => id),
        [mine.session.id],
      );
      assert.deepEqual(await store.sessions.admit(admission(record.gate)), { kind: 'void', why: 'proof_void' });
    }
  },

  async 'a password change ends all sessions but the one it keeps, and says so'({ store }) {
    const { gate } = await makeAccount(store);
    const other = await signIn(store, gate, { max: 2 });
    const mine = await signIn(store, gate, { max: 2 });
    const change = { id: gate.accountId, kept: mine.session.id, to: { hash: 'new', scheme: 's' }, outbox: [] };
    const done = await store.accounts.changePassword({ ...change, by: mine.session });
    assert.deepEqual(endedBy(done), [other.session.id]);
    assert.equal((await stateOf(store, other))?.reason, 'password_changed');
    assert.equal(await stateOf(store, mine), null);
    assert.deepEqual(
      await store.accounts.changePassword({ ...change, by: other.session }),
      { over: 'password_changed' },
      'an ended session changes nothing',
    );
    assert.ok(
      (await store.accounts.changePassword({ ...change, by: mine.session })) !== null,
      'the kept one may again',
    );
  },

  async 'of two password changes by two sessions at once, one wins'(world) {
    const { store } = world;
    for (let round = 0; round < 10; round++) {
      const { gate } = await makeAccount(store);
      const both = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })] as const;
      const outcomes = await atOnce(world, 2, (other, turn) => {
        const { session } = both[turn === 0 ? 0 : 1];
        const to = { hash: `by ${turn}`, scheme: 's' };
        return other.accounts.changePassword({ id: gate.accountId, by: session, kept: session.id, to, outbox: [] });
      });
      const isDone = outcomes.map((outcome) => outcome !== null && !('over' in outcome));
      assert.equal(isDone.filter(Boolean).length, 1);
      const winner = isDone.indexOf(true);
      assert.equal((await store.accounts.find(gate.accountId))?.passwordHash, `by ${winner}`);
    }
  },

  async 'E1: of twenty uses of a link at once one resets the password'(world) {
    const { store } = world;
    const { gate } = await makeAccount(store);
    const mine = await signIn(store, gate);
    await store.accounts.issueLinks({ links: [{ id: gate.accountId, link: link() }], outbox: [] });
    assert.equal(
      await store.accounts.hasLink({ id: gate.accountId, purpose: 'reset-password', hash: secret(1) }),
      true,
    );
    const outcomes = await atOnce(world, 20, (other, turn) =>
      other.accounts.resetPassword({
        id: gate.accountId,
        link: secret(1),
        to: { hash: `h${turn}`, scheme: 's' },
        outbox: [],
      }),
    );
    const winner = outcomes.findIndex((outcome) => outcome !== null);
    assert.equal(outcomes.filter((outcome) => outcome !== null).length, 1);
    assert.equal((await store.accounts.find(gate.accountId))?.passwordHash, `h${winner}`);
    assert.equal((await stateOf(store, mine))?.reason, 'password_changed');
  },

  async 'E3: a reset or a change of the password voids every other link to reset it'({ store }) {
    const { gate } = await makeAccount(store);
    const id = gate.accountId;
    const to = { hash: 'new', scheme: 's' };
    const links = [1, 2].map((of) => ({ id, link: link({ hash: secret(of) }) }));
    await store.accounts.issueLinks({ links, outbox: [] });
    assert.ok((await store.accounts.resetPassword({ id, link: secret(1), to, outbox: [] })) !== null);
    assert.equal(await store.accounts.resetPassword({ id, link: secret(2), to, outbox: [] }), null);
    const gateNow = (await store.accounts.find(id))?.gate ?? gate;
    const mine = await signIn(store, gateNow);
    await store.accounts.issueLinks({ links: [{ id, link: link({ hash: secret(3) }) }], outbox: [] });
    await store.accounts.changePassword({ id, by: mine.session, kept: null, to, outbox: [] });
    assert.equal(await store.accounts.resetPassword({ id, link: secret(3), to, outbox: [] }), null);
  },

  async 'E2, E7: a link is good for its own account and its own time alone'({ store, clock }) {
    const [a, b] = [await makeAccount(store), await makeAccount(store)];
    const to = { hash: 'new', scheme: 's' };
    await store.accounts.issueLinks({ links: [{ id: a.account.id, link: link() }], outbox: [] });
    assert.equal(await store.accounts.resetPassword({ id: b.account.id, link: secret(1), to, outbox: [] }), null);
    assert.equal(await store.accounts.verifyEmail(secret(1)), null, 'another purpose');
    clock.advance(HOUR_MS);
    assert.equal(await store.accounts.hasLink({ id: a.account.id, purpose: 'reset-password', hash: secret(1) }), false);
    assert.equal(await store.accounts.resetPassword({ id: a.account.id, link: secret(1), to, outbox: [] }), null);
    assert.equal((await store.accounts.find(a.account.id))?.passwordHash, 'hash');
  },

  async 'F8: a reset of the password takes every credential away where nobody had verified the address, and there alone'({
    store,
  }) {
    for (const [at, verified] of [true, false].entries()) {
      const email = address(`a${at}@x.test`, verified);
      const kinds = ['social', 'passkey', 'totp', 'recovery_codes'] as const;
      const credentials = kinds.map((kind) => ({ id: `${kind}-${at}`, kind, label: '', data: secret(at) }));
      const { account } = await makeAccount(store, { email, credentials });
      await store.accounts.issueLinks({ links: [{ id: account.id, link: link({ hash: secret(at) }) }], outbox: [] });
      const to = { hash: 'new', scheme: 's' };
      const reset = await store.accounts.resetPassword({ id: account.id, link: secret(at), to, outbox: [] });
      assert.ok(reset !== null);
      const left = (await store.credentials.list(account.id)).credentials.map(({ kind }) => kind).sort();
      assert.deepEqual(left, verified ? [...kinds].sort() : []);
    }
  },
};
