/** What every store must do with what else people sign in with than a password: cases of the conformance suite. */
import assert from 'node:assert/strict';
import {
  addCredential,
  adding,
  admission,
  atOnce,
  type Cases,
  endedBy,
  makeAccount,
  secret,
  signIn,
  stateOf,
} from './world.ts';

export const credentialCases: Cases = {
  async 'the credential of a kind that was not used for longest is found, whoever has it'({ store, clock }) {
    assert.equal(await store.credentials.stalest('totp'), null);
    const [ann, bob, eve] = [await makeAccount(store), await makeAccount(store), await makeAccount(store)];
    for (const [{ account }, id, kind] of [
      [eve, 'codes', 'recovery_codes'],
      [ann, 'anns', 'totp'],
      [bob, 'bobs', 'totp'],
    ] as const) {
      await addCredential(store, account.id, { id, kind, data: secret(1) });
      clock.advance(1_000);
    }
    assert.equal((await store.credentials.stalest('totp'))?.id, 'anns');
    await store.credentials.use({ credential: 'anns', from: secret(1), to: secret(2) });
    assert.deepEqual((await store.credentials.stalest('totp'))?.accountId, bob.account.id);
  },

  async "credentials are their account's: listed, renamed, used and removed there alone, and gone with it"(world) {
    const { store } = world;
    const [ann, bob] = [await makeAccount(store), await makeAccount(store)];
    await addCredential(store, ann.account.id, { id: 'key', kind: 'passkey', data: secret(1), label: 'phone' });
    const { credentials, now } = await store.credentials.list(ann.account.id);
    assert.equal(now, world.clock());
    const [kept, ...others] = credentials;
    assert.deepEqual(others, []);
    assert.deepEqual(kept, {
      ...{ id: 'key', accountId: ann.account.id, kind: 'passkey', label: 'phone', data: secret(1) },
      ...{ createdAt: world.clock(), lastUsedAt: null },
    });
    assert.deepEqual((await store.credentials.list(bob.account.id)).credentials, []);
    assert.equal(await store.credentials.find('other'), null);
    const rename = { id: 'key', label: 'tablet' };
    assert.equal(await store.credentials.rename({ ...rename, accountId: bob.account.id }), false);
    assert.equal((await store.credentials.find('key'))?.label, 'phone');
    assert.equal(await store.credentials.rename({ ...rename, accountId: ann.account.id }), true);
    assert.equal((await store.credentials.find('key'))?.label, 'tablet');
    assert.deepEqual(
      await adding(store, bob.account.id, { id: 'key', kind: 'passkey', data: secret(2) }),
      { refused: 'taken' },
      "an id is one credential's, whoever's it is",
    );
    const removing = { by: null, ids: ['key'], use: null, kept: null, outbox: [] };
    assert.equal(await store.credentials.remove({ ...removing, accountId: bob.account.id }), null);
    const uses = [1, 2, 3].map((to) =>
      store.credentials.use({ credential: 'key', from: secret(1), to: secret(to + 1) }),
    );
    assert.equal((await Promise.all(uses)).filter(Boolean).length, 1);
    await store.accounts.close({ id: ann.account.id, by: null });
    assert.equal(await store.credentials.find('key'), null);
  },

  async 'what is added in the place of others, and what is removed, voids what was proved and opened before, as it is told'({
    store,
  }) {
    const { account } = await makeAccount(store);
    const gate = async () => (await store.accounts.find(account.id))?.gate ?? assert.fail();
    const first = await gate();
    const [mine, other] = [await signIn(store, first, { max: 2 }), await signIn(store, first, { max: 2 })];
    await addCredential(store, account.id, { id: 'a', kind: 'recovery_codes', data: secret(1) });
    assert.equal(await stateOf(store, other), null, 'nothing is void of itself');
    const voiding = { voids: true, by: mine.session, kept: mine.session.id };
    const added = await adding(store, account.id, { id: 'totp', kind: 'totp', data: secret(2) }, voiding);
    assert.deepEqual(endedBy(added), [other.session.id]);
    assert.equal((await stateOf(store, other))?.reason, 'credential_removed');
    assert.equal(await stateOf(store, mine), null);
    assert.deepEqual(await store.sessions.admit(admission(first)), { kind: 'void', why: 'proof_void' });
    assert.equal(
      await adding(store, account.id, { id: 'b', kind: 'passkey', data: secret(3) }, { provenAt: first.revision }),
      null,
      'what was proved before is too old',
    );
    const replaces = { replaces: ['recovery_codes'] as const };
    await adding(store, account.id, { id: 'a', kind: 'recovery_codes', data: secret(4) }, replaces);
    assert.deepEqual((await store.credentials.find('a'))?.data, secret(4));

    const use = { credential: 'totp', from: secret(2), to: secret(5) };
    const removing = { accountId: account.id, by: mine.session, ids: ['totp', 'a'], kept: mine.session.id, outbox: [] };
    const wrong = { ...use, from: secret(9) };
    assert.equal(await store.credentials.remove({ ...removing, use: wrong }), null, 'spent by somebody else');
    const late = await signIn(store, await gate(), { max: 2 });
    assert.deepEqual(endedBy(await store.credentials.remove({ ...removing, use })), [late.session.id]);
    assert.deepEqual((await store.credentials.list(account.id)).credentials, []);
    assert.deepEqual(
      await store.credentials.remove({ ...removing, by: other.session, use }),
      { over: 'credential_removed' },
      'an ended session changes nothing',
    );
  },

  async 'F12: the last way in is not removed, whoever else removes another at once'(world) {
    const { store } = world;
    const { account } = await makeAccount(store, { password: null });
    const ids = ['one', 'two', 'three'];
    for (const id of ids) await addCredential(store, account.id, { id, kind: 'social', data: secret(1) });
    const removing = { accountId: account.id, by: null, use: null, kept: null, outbox: [] };
    const outcomes = await atOnce(world, 3, (other, turn) =>
      other.credentials.remove({ ...removing, ids: ids.slice(turn, turn + 1) }),
    );
    const refused = outcomes.filter((outcome) => outcome !== null && 'refused' in outcome);
    assert.deepEqual(refused, [{ refused: 'last_way_in' }]);
    assert.equal((await store.credentials.list(account.id)).credentials.length, 1);
  },

  async 'a second step is reset with everything that came after it, or not at all'({ store }) {
    const { account, gate } = await makeAccount(store);
    const inside = await signIn(store, gate);
    const done = await store.accounts.resetSecondStep({
      id: account.id,
      outbox: [{ topic: 'mail', payload: secret(1) }],
    });
    assert.equal(done?.removed, 0);
    assert.equal(await stateOf(store, inside), null);
    assert.deepEqual(await store.outbox.page(10), []);
    assert.equal(await store.accounts.resetSecondStep({ id: account.id + 1000, outbox: [] }), null);
  },
};
