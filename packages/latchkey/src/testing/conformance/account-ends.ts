/** What every store must do where accounts are suspended, signed out, given roles or closed: cases of the conformance suite. */
import assert from 'node:assert/strict';
import {
  address,
  admission,
  atOnce,
  BROWSER_KEY,
  type Cases,
  endedBy,
  type In,
  KEY,
  link,
  makeAccount,
  secret,
  signIn,
  stateOf,
} from './world.ts';

export const accountEndCases: Cases = {
  async 'a suspension ends everything, lets nobody in, and gives nothing back'({ store }) {
    const { gate } = await makeAccount(store);
    const id = gate.accountId;
    const inside = await signIn(store, gate);
    await store.accounts.issueLinks({ links: [{ id, link: link() }], outbox: [] });
    const done = await store.accounts.setState({ id, state: 'suspended' });
    assert.deepEqual(
      done?.ended.map((session) => session.id),
      [inside.session.id],
    );
    assert.equal(done?.isChanged, true);
    assert.equal((await store.accounts.setState({ id, state: 'suspended' }))?.isChanged, false);
    const suspended = done?.record.gate ?? gate;
    assert.deepEqual(await store.sessions.admit(admission(suspended)), { kind: 'void', why: 'account_disabled' });
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'account_disabled' });
    const back = await store.accounts.setState({ id, state: 'active' });
    assert.equal((await stateOf(store, inside))?.reason, 'account_disabled');
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    assert.equal((await store.sessions.admit(admission(back?.record.gate ?? gate))).kind, 'admitted');
    assert.equal(
      await store.accounts.resetPassword({ id, link: secret(1), to: { hash: 'n', scheme: 's' }, outbox: [] }),
      null,
    );
    assert.equal(await store.accounts.setState({ id: id + 1000, state: 'active' }), null);
  },

  async 'sign-ins that race a suspension leave nobody in'(world) {
    const { store } = world;
    for (let round = 0; round < 20; round++) {
      const { gate } = await makeAccount(store);
      await atOnce<unknown>(world, 6, (other, turn) =>
        turn === 3
          ? other.accounts.setState({ id: gate.accountId, state: 'suspended' })
          : other.sessions.admit(admission(gate, { max: 'unlimited' })),
      );
      assert.deepEqual((await store.sessions.list(gate.accountId)).sessions, []);
    }
  },

  async 'L17: signing out everywhere voids sign-ins that are under way'({ store }) {
    const { gate } = await makeAccount(store);
    const [other, mine] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    const done = await store.accounts.signOutEverywhere({
      id: gate.accountId,
      by: mine.session,
      kept: mine.session.id,
    });
    assert.deepEqual(endedBy(done), [other.session.id]);
    assert.equal((await stateOf(store, other))?.reason, 'revoked');
    assert.equal(await stateOf(store, mine), null);
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    await store.accounts.signOutEverywhere({ id: gate.accountId, by: null, kept: null });
    assert.equal((await stateOf(store, mine))?.reason, 'revoked', 'kept is not kept for ever');
  },

  async 'P4: after a backup was restored all accounts are signed out, page by page'({ store }) {
    const people = [];
    for (let turn = 0; turn < 5; turn++) people.push(await makeAccount(store));
    const ids = people.map(({ account }) => account.id);
    const inside: In[] = [];
    for (const { gate } of people)
      inside.push(await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 }));
    const reasons = (): Promise<readonly (string | null)[]> =>
      Promise.all(inside.map(async (one) => (await stateOf(store, one))?.reason ?? null));
    const highest = ids[4] ?? assert.fail();
    const first = await store.accounts.signAllOut({ after: 0, limit: 3 });
    assert.deepEqual(first, { accounts: 3, upTo: ids[2], highest });
    const revoked = (count: number): readonly string[] => Array(count).fill('revoked');
    assert.deepEqual(await reasons(), [...revoked(6), null, null, null, null], 'the others’ turn is still to come');
    for (let turn = 0; turn < 2; turn++) {
      const second = await store.accounts.signAllOut({ after: first.upTo, limit: 3 });
      assert.deepEqual(second, { accounts: 2, upTo: highest, highest });
    }
    const none = await store.accounts.signAllOut({ after: highest, limit: 3 });
    assert.deepEqual(none, { accounts: 0, upTo: highest, highest });
    assert.deepEqual(await reasons(), revoked(10));
    const page = await store.history.page({ accountId: ids[0] ?? 0, before: null, limit: 3 });
    assert.deepEqual(
      page.map(({ kind }) => kind),
      ['session_ended', 'session_ended', 'signed_out_everywhere'],
    );
    assert.deepEqual(page[0]?.data, { reason: 'revoked', by: null, by_class: null, by_session: null });
    const told = await store.sessions.changes({ after: 0, limit: 100 });
    assert.equal(told.filter(({ kind }) => kind === 'ended').length, inside.length);
  },

  async 'P4, L17: what was proved before that opens nothing, whether or not an account had ever signed in'({ store }) {
    const [absent, inside] = [await makeAccount(store, { roles: ['a'] }), await makeAccount(store)];
    const suspended = await makeAccount(store);
    for (const { gate } of [inside, suspended]) await signIn(store, gate);
    await store.accounts.setState({ id: suspended.account.id, state: 'suspended' });
    await store.accounts.signAllOut({ after: 0, limit: 10 });
    for (const { account, gate } of [absent, inside]) {
      assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
      const record = (await store.accounts.find(account.id)) ?? assert.fail();
      assert.deepEqual((await signIn(store, record.gate)).session.roles, gate.roles);
    }
    const void_ = { kind: 'void', why: 'account_disabled' };
    assert.deepEqual(await store.sessions.admit(admission(suspended.gate)), void_, 'a suspended one stays so');
  },

  async 'what is usable once is void after a backup was restored, in steps'({ store }) {
    const { account } = await makeAccount(store, { link: link({ hash: secret(90) }) });
    for (const number of [91, 92]) await store.once.put(link({ purpose: 'invitation', hash: secret(number) }));
    assert.deepEqual(
      [await store.once.voidAny(2), await store.once.voidAny(2), await store.once.voidAny(2)],
      [2, 1, 0],
    );
    assert.equal(await store.once.peek({ purpose: 'invitation', hash: secret(91) }), null);
    const mailed = { id: account.id, purpose: 'reset-password', hash: secret(90) } as const;
    assert.equal(await store.accounts.hasLink(mailed), false);
  },

  async 'changed roles show at the next check, and end nothing'({ store }) {
    const { gate } = await makeAccount(store, { roles: ['a'] });
    const inside = await signIn(store, gate);
    const roles = ['b', 'c'];
    const done = await store.accounts.setRoles({ id: gate.accountId, roles, demandedOf: ['a'] });
    assert.deepEqual([done?.record.account.roles, done?.ended], [roles, []]);
    assert.deepEqual((await store.sessions.find(inside.token))?.session.roles, ['b', 'c']);
    assert.equal(await stateOf(store, inside), null);
    const next = await signIn(store, gate, { max: 2 });
    assert.deepEqual(next.session.roles, ['b', 'c'], 'an older proof gets the newer roles');
  },

  async 'P7: roles of which a second step is demanded end every session, and void every proof, where none was before'({
    store,
  }) {
    const { gate } = await makeAccount(store);
    const inside = await signIn(store, gate);
    const give = (roles: readonly string[], demandedOf: 'everybody' | readonly string[] = ['admin']) =>
      store.accounts.setRoles({ id: gate.accountId, roles, demandedOf });
    const [one, other] = await Promise.all([give(['admin']), give(['staff', 'admin'])]);
    assert.deepEqual(
      [endedBy(one), endedBy(other)].toSorted((a, b) => a.length - b.length),
      [[], [inside.session.id]],
      'the first of two at once',
    );
    assert.equal((await stateOf(store, inside))?.reason, 'revoked');
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    const after = await store.accounts.find(gate.accountId);
    assert.ok(after !== null);
    const whole = await signIn(store, after.gate);
    for (const done of [await give(['admin', 'staff']), await give([]), await give(['staff'], 'everybody')]) {
      assert.deepEqual(endedBy(done), [], 'it was demanded before, or is not now');
    }
    assert.equal(await stateOf(store, whole), null);
    assert.deepEqual(endedBy(await give(['admin'])), [whole.session.id]);
    assert.equal(await store.accounts.setRoles({ id: 999_999, roles: ['admin'], demandedOf: ['admin'] }), null);
  },

  async 'a closed account is gone with all that names its owner, and its sessions say why'({ store }) {
    const { account, gate } = await makeAccount(store, { usernameKey: 'gone', email: address('gone@x.test', true) });
    const inside = await signIn(store, gate);
    assert.deepEqual(endedBy(await store.accounts.close({ id: account.id, by: null })), [inside.session.id]);
    assert.equal(await store.accounts.find(account.id), null);
    assert.deepEqual(await store.accounts.findByEmail('gone@x.test'), []);
    assert.equal((await stateOf(store, inside))?.reason, 'account_disabled');
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'account_disabled' });
    const again = await makeAccount(store, { usernameKey: 'gone', email: address('gone@x.test', true) });
    assert.notEqual(again.account.id, account.id, 'numbers are never given twice');
    assert.equal(await store.accounts.close({ id: account.id, by: null }), null);
  },

  async 'closing an account takes what is known of its devices along, and who follows still hears what happened'({
    store,
  }) {
    const { gate } = await makeAccount(store);
    const device = { id: 'd', class: 'web', name: 'Firefox on the owner’s own laptop' } as const;
    const told = { coordinates: { latitude: 47.1, longitude: 15.4 }, network: 'a-network_12', binding: KEY };
    const [before, after] = [
      await signIn(store, gate, { device, place: 'Graz', told }),
      await signIn(store, gate, { device: { ...device, id: 'e' }, told: { ...told, binding: BROWSER_KEY } }),
    ];
    await store.accounts.close({ id: gate.accountId, by: null });
    const heard = await store.sessions.changes({ after: 0, limit: 9 });
    assert.deepEqual(
      heard.map((change) =>
        'ending' in change ? change.ending.reason : 'opening' in change && change.opening.device.name,
      ),
      ['an unknown device', 'displaced', 'an unknown device', 'account_disabled'],
    );
    const kept = [
      heard,
      await store.history.page({ accountId: gate.accountId, before: null, limit: 99 }),
      (await store.sessions.find(before.token))?.session,
      (await store.sessions.find(after.token))?.session,
    ];
    assert.doesNotMatch(JSON.stringify(kept), /Firefox|Graz|"[de]"|47\.1|15\.4|a-network|dpop|dbsc|lat|lon/);
    assert.equal((await stateOf(store, before))?.reason, 'displaced');
  },
};
