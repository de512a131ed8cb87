/** What every store must do with sign-ins and the places that they take: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { StoreUnavailable } from '../../stores/store.ts';
import {
  addCredential,
  admission,
  atOnce,
  BROWSER_KEY,
  type Cases,
  DEVICE,
  IDLE_MS,
  type In,
  LIFETIME_MS,
  link,
  makeAccount,
  RULE,
  secret,
  signIn,
  stateOf,
} from './world.ts';

export const admissionCases: Cases = {
  async 'a sign-in is found by its token, with everything that was said of it'({ store, clock }) {
    const { gate } = await makeAccount(store, { roles: ['staff'] });
    const { session, displaced, token } = await signIn(store, gate, {
      device: { ...DEVICE, id: 'd1' },
      place: 'Graz',
      told: { client: 'app', binding: BROWSER_KEY },
    });
    assert.deepEqual(displaced, []);
    const found = await store.sessions.find(token);
    assert.equal(found?.now, clock());
    assert.deepEqual(found?.session, session);
    assert.deepEqual(session, {
      id: session.id,
      accountId: gate.accountId,
      sequence: 1,
      device: { id: 'd1', class: 'cli', name: 'curl' },
      place: 'Graz',
      client: 'app',
      binding: BROWSER_KEY,
      method: 'password',
      openedAt: clock(),
      authenticatedAt: clock(),
      seenAt: clock(),
      expiresAt: clock() + LIFETIME_MS,
      openedRevision: 1,
      roles: ['staff'],
      ending: null,
    });
    assert.equal(await store.sessions.find({ accountId: null, hash: secret(200) }), null);
    assert.deepEqual((await store.sessions.list(gate.accountId)).sessions, [session]);
  },

  async 'history is told where, by what and from which network a session was opened, and the session keeps less'({
    store,
  }) {
    const { gate } = await makeAccount(store);
    const device = { ...DEVICE, id: 'd1' };
    const told = { coordinates: { latitude: 47.1, longitude: -15.4 }, network: 'a-network_12', client: 'app' };
    const { session } = await signIn(store, gate, { device, place: 'Graz', told });
    await signIn(store, gate, { max: 2 });
    const [bare, opened] = await store.history.page({ accountId: gate.accountId, before: null, limit: 2 });
    const always = { method: 'password', device: 'curl', class: 'cli' };
    const where = { place: 'Graz', lat: 47.1, lon: -15.4, network: 'a-network_12' };
    assert.deepEqual(opened?.data, { ...always, sequence: 1, device_id: 'd1', client: 'app', ...where });
    const nowhere = { place: null, lat: null, lon: null, network: null };
    assert.deepEqual(bare?.data, { ...always, sequence: 2, device_id: null, client: null, ...nowhere });
    const kept = (await store.sessions.list(gate.accountId)).sessions.find(({ id }) => id === session.id);
    assert.doesNotMatch(JSON.stringify(kept), /47|a-network/);
  },

  async 'F-26: the same device is where it was last, and one that nobody placed is nowhere'({ store }) {
    const { gate } = await makeAccount(store);
    const device = { ...DEVICE, id: 'mine' };
    for (const place of ['Graz', 'Vienna']) await signIn(store, gate, { max: 2, device, place });
    await signIn(store, gate, { max: 2 });
    const { sessions } = await store.sessions.list(gate.accountId);
    assert.deepEqual(
      sessions.map(({ place }) => place),
      [null, 'Vienna'],
    );
  },

  async 'F-1, F-2: of fifty sign-ins at once exactly N stay in, those with the highest sequences'(world) {
    for (const max of [1, 3]) {
      const { gate } = await makeAccount(world.store);
      const all = await atOnce(world, 50, (store) => signIn(store, gate, { max }));
      const endings = await Promise.all(all.map((one) => stateOf(world.store, one)));
      const live = all.filter((_, turn) => endings[turn] === null).map(({ session }) => session.sequence);
      assert.deepEqual(
        live.sort((a, b) => b - a),
        [50, 49, 48].slice(0, max),
      );
      assert.ok(endings.filter((ending) => ending !== null).every(({ reason }) => reason === 'displaced'));
      const displaced = all.flatMap((one) => one.displaced.map(({ id }) => id));
      assert.equal(new Set(displaced).size, 50 - max, 'each was displaced by exactly one');
      assert.equal(displaced.length, 50 - max);
    }
  },

  async 'a displaced session keeps why, when and by what'({ store, clock }) {
    const { gate } = await makeAccount(store);
    const first = await signIn(store, gate);
    clock.advance(1000);
    const device = { id: 'd2', class: 'web', name: 'Firefox on Windows' } as const;
    const second = await signIn(store, gate, { device, place: 'Graz' });
    assert.deepEqual(await stateOf(store, first), {
      reason: 'displaced',
      at: clock(),
      by: { class: 'web', name: 'Firefox on Windows' },
      bySession: second.session.id,
    });
    assert.deepEqual(
      second.displaced.map(({ id }) => id),
      [first.session.id],
    );
  },

  async 'F-26: the same device takes its own place again, and displaces nobody else'({ store }) {
    const { gate } = await makeAccount(store);
    const other = await signIn(store, gate, { max: 2, device: { ...DEVICE, id: 'other' } });
    const before = await signIn(store, gate, { max: 2, device: { ...DEVICE, id: 'mine' } });
    const after = await signIn(store, gate, { max: 2, device: { ...DEVICE, id: 'mine' } });
    assert.deepEqual(after.displaced, []);
    assert.deepEqual(
      after.replaced.map(({ id }) => id),
      [before.session.id],
    );
    assert.equal(await stateOf(store, other), null);
    const [, ended] = await store.history.page({ accountId: gate.accountId, before: null, limit: 2 });
    assert.deepEqual([ended?.sessionId, ended?.data['replaced']], [before.session.id, 1]);
  },

  async 'F-8, P10: what has expired or fallen idle holds no place, and does not come back'({ store, clock }) {
    const { gate } = await makeAccount(store);
    const old = await signIn(store, gate, { max: 2 });
    clock.advance(IDLE_MS);
    const first = await signIn(store, gate, { max: 2 });
    const second = await signIn(store, gate, { max: 2 });
    assert.deepEqual([...first.displaced, ...second.displaced], []);
    assert.equal((await stateOf(store, old))?.reason, 'expired');
    assert.equal(await stateOf(store, first), null);
  },

  async 'F-9: a lowered limit brings an account down in one step'({ store }) {
    const { gate } = await makeAccount(store);
    const many: In[] = [];
    for (let i = 0; i < 30; i++) many.push(await signIn(store, gate, { max: 'unlimited' }));
    const last = await signIn(store, gate, { max: 2 });
    assert.equal(last.displaced.length, 29);
    const live = (await store.sessions.list(gate.accountId)).sessions.map(({ sequence }) => sequence);
    assert.deepEqual(live, [31, 30]);
  },

  async 'an admission that is asked for twice happens once'(world) {
    const { store } = world;
    const { gate } = await makeAccount(store);
    const first = await signIn(store, gate);
    const request = admission(gate);
    const outcomes = await atOnce(world, 10, (other) => other.sessions.admit(request));
    for (const outcome of outcomes) {
      assert.equal(outcome.kind, 'admitted');
      if (outcome.kind !== 'admitted') continue;
      assert.equal(outcome.session.sequence, 2);
      assert.deepEqual(
        outcome.displaced.map(({ id }) => id),
        [first.session.id],
      );
    }
    assert.equal((await store.sessions.list(gate.accountId)).sessions.length, 1);
  },

  async 'what a proof spends is spent with the admission, once'(world) {
    const { store } = world;
    const { gate } = await makeAccount(store);
    await store.once.put(link({ purpose: 'invitation', hash: secret(3) }));
    const spends = [{ purpose: 'invitation', hash: secret(3) }] as const;
    const outcomes = await atOnce(world, 20, (other) =>
      other.sessions.admit(admission(gate, { spends, max: 'unlimited' })),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'admitted').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'spent').length, 19);
    assert.equal((await store.sessions.list(gate.accountId)).sessions.length, 1);
  },

  async 'a use of a credential is spent with the admission, once, and none is where another is void'(world) {
    const { store } = world;
    const { gate, account } = await makeAccount(store);
    await addCredential(store, account.id, { id: 'codes', kind: 'recovery_codes', data: secret(1) });
    const use = { credential: 'codes', from: secret(1), to: secret(2) };
    const absent = { purpose: 'second-step', hash: secret(9) } as const;
    const both = admission(gate, {
      spends: [use, absent],
      outbox: [{ topic: 'mail', payload: secret(5) }],
      max: 'unlimited',
    });
    assert.deepEqual(await store.sessions.admit(both), { kind: 'spent' });
    assert.deepEqual((await store.credentials.find('codes'))?.data, secret(1), 'wholly or not at all');
    assert.deepEqual(await store.outbox.page(9), []);
    const outbox = [{ topic: 'mail', payload: secret(5) }] as const;
    const outcomes = await atOnce(world, 20, (other) =>
      other.sessions.admit(admission(gate, { spends: [use], outbox, max: 'unlimited' })),
    );
    assert.equal((await store.outbox.page(9)).length, 1, 'told once');
    assert.equal(outcomes.filter(({ kind }) => kind === 'admitted').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'spent').length, 19);
    const used = await store.credentials.find('codes');
    assert.deepEqual(used?.data, secret(2));
    assert.equal(used?.lastUsedAt, world.clock());
  },

  async 'F-17: what is to be known of an account is added at the door, once, and with nothing that is not in'(world) {
    const { store } = world;
    const [ann, bob] = [await makeAccount(store), await makeAccount(store)];
    const { accountId } = ann.gate;
    const adds = (id: string, gate = ann.gate) => ({
      accountId: gate.accountId,
      provenAt: gate.revision,
      adds: { id, kind: 'social', label: 'me', data: secret(1) } as const,
    });
    const gone = { purpose: 'second-step', hash: secret(2) } as const;
    const spent = await store.sessions.admit(admission(ann.gate, { spends: [adds('new'), gone] }));
    assert.equal(spent.kind, 'spent');
    assert.equal(await store.credentials.find('new'), null, 'wholly or not at all');
    const outcomes = await atOnce(world, 4, (other) =>
      // Who comes while another is at it may be told to try again, as by any store that is busy.
      signIn(other, ann.gate, { max: 9, spends: [adds('new')] }).catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
        return null;
      }),
    );
    assert.ok(outcomes.some((outcome) => outcome?.kind === 'admitted'));
    const [kept, ...others] = (await store.credentials.list(accountId)).credentials;
    assert.deepEqual([kept?.id, kept?.data, others], ['new', secret(1), []]);
    const history = await store.history.page({ accountId, before: null, limit: 20 });
    assert.equal(history.filter(({ kind }) => kind === 'credential_added').length, 1);
    const theirs = await store.sessions.admit(admission(bob.gate, { spends: [adds('new', bob.gate)] }));
    assert.equal(theirs.kind, 'spent', 'it is somebody else’s');
    await store.accounts.signOutEverywhere({ id: bob.account.id, by: null, kept: null });
    const late = await store.sessions.admit(admission(bob.gate, { spends: [adds('late', bob.gate)] }));
    assert.notEqual(late.kind, 'admitted');
    assert.equal(await store.credentials.find('late'), null, 'what it was proved by is void');
  },

  async 'F-39: a node that follows another rule admits nobody'({ store }) {
    const { gate } = await makeAccount(store);
    assert.equal(await store.sessions.ruleInForce(), null);
    await store.sessions.setRule(RULE);
    const inside = await signIn(store, gate);
    await store.sessions.setRule('a newer rule');
    const outcome = await store.sessions.admit(admission(gate));
    assert.deepEqual(outcome, { kind: 'rule_mismatch', inForce: 'a newer rule' });
    assert.equal(await stateOf(store, inside), null);
  },

  async 'a token is brought along once: again it is the same session, and nothing where that is over or another’s'(
    world,
  ) {
    const { store, clock } = world;
    const [mine, other] = [await makeAccount(store), await makeAccount(store)];
    const key = { tokenHash: secret(8), method: 'imported' } as const;
    const all = await atOnce(world, 4, (one) => signIn(one, mine.gate, { ...key, max: 'unlimited' }));
    assert.equal(new Set(all.map(({ session }) => session.id)).size, 1);
    assert.equal((await store.sessions.list(mine.account.id)).sessions.length, 1);
    const used = { kind: 'token_used' };
    assert.deepEqual(await store.sessions.admit(admission(other.gate, key)), used);
    clock.advance(IDLE_MS);
    assert.deepEqual(await store.sessions.admit(admission(mine.gate, key)), used);
  },
};
