/** What every store must do to tell what happens to sessions: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { admission, type Cases, makeAccount, signIn } from './world.ts';

export const tellingCases: Cases = {
  async 'what happens to sessions is told in its order, to every connection, from where each left off'(world) {
    const { store } = world;
    const other = await world.connect();
    const { gate } = await makeAccount(store);
    const start = await other.sessions.position();
    const first = await signIn(store, gate);
    const device = { id: null, class: 'web', name: 'Safari on iOS' } as const;
    // Where it was opened is not told with it: whoever is told may be a thief.
    const second = await signIn(store, gate, { device, place: 'Graz' });
    await store.sessions.end({
      accountId: gate.accountId,
      sessionId: second.session.id,
      by: null,
      reason: 'signed_out',
    });
    const one = await other.sessions.changes({ after: start, limit: 1 });
    const rest = await other.sessions.changes({ after: one[0]?.position ?? 0, limit: 10 });
    const at = world.clock();
    const accountId = gate.accountId;
    const by = { class: 'web', name: 'Safari on iOS' };
    const told = [...one, ...rest].map(({ position: _, ...change }) => change);
    assert.deepEqual(told, [
      {
        kind: 'opened',
        opening: { sessionId: first.session.id, accountId, at, device: { class: 'cli', name: 'curl' } },
      },
      { kind: 'ended', ending: { sessionId: first.session.id, accountId, reason: 'displaced', at, by } },
      { kind: 'opened', opening: { sessionId: second.session.id, accountId, at, device: by } },
      { kind: 'ended', ending: { sessionId: second.session.id, accountId, reason: 'signed_out', at, by: null } },
    ]);
    const last = await other.sessions.position();
    assert.equal(rest.at(-1)?.position, last);
    assert.deepEqual(await other.sessions.changes({ after: last, limit: 10 }), []);
  },

  async 'what happens to sessions is told of one account alone, too'(world) {
    const { store } = world;
    const one = await makeAccount(store);
    const two = await makeAccount(store);
    const { session } = await signIn(store, one.gate);
    await signIn(store, two.gate);
    await store.sessions.end({ accountId: one.gate.accountId, sessionId: session.id, by: null, reason: 'signed_out' });
    const all = await store.sessions.changes({ after: 0, limit: 10 });
    const { accountId } = one.gate;
    const [opened, ended] = all.filter((change) =>
      'opening' in change
        ? change.opening.accountId === accountId
        : 'ending' in change && change.ending.accountId === accountId,
    );
    const its = await store.sessions.changesOf({ accountId, after: 0, limit: 10 });
    assert.equal(all.length, 3);
    assert.deepEqual(its, [opened, ended]);
    assert.deepEqual(await store.sessions.changesOf({ accountId, after: 0, limit: 1 }), [opened]);
    assert.deepEqual(await store.sessions.changesOf({ accountId, after: opened?.position ?? 0, limit: 10 }), [ended]);
  },

  async 'P3: what ends a session is answered when it is in force, whoever asks for it first or again; what ends none waits for nobody'({
    store,
  }) {
    const { feed } = store;
    if (feed === null) return;
    const heard: number[] = [];
    const silent = () => undefined;
    const committed = async ({ accountId }: { readonly accountId: number }) => void heard.push(accountId);
    const line = feed.join({ up: silent, down: silent, heard: silent, acknowledged: silent, committed });
    const waitedFor = async (work: () => Promise<unknown>): Promise<readonly number[]> => {
      heard.length = 0;
      await work();
      return [...heard];
    };
    const { account, gate } = await makeAccount(store);
    const { id } = account;
    assert.deepEqual(await waitedFor(() => signIn(store, gate)), [], 'nobody is displaced');
    const again = admission(gate);
    assert.deepEqual(await waitedFor(() => store.sessions.admit(again)), [id]);
    assert.deepEqual(await waitedFor(() => store.sessions.admit(again)), [id], 'asked again, with the first result');
    const end = { accountId: id, sessionId: again.session.id, by: null, reason: 'revoked' } as const;
    assert.deepEqual(await waitedFor(() => store.sessions.end(end)), [id]);
    assert.deepEqual(await waitedFor(() => store.sessions.end(end)), [id], 'it has ended before');
    const suspend = () => store.accounts.setState({ id, state: 'suspended' });
    assert.deepEqual(await waitedFor(suspend), [id]);
    assert.deepEqual(await waitedFor(suspend), [id], 'it is suspended already');
    const roles = () => store.accounts.setRoles({ id, roles: ['a'], demandedOf: 'nobody' });
    assert.deepEqual(await waitedFor(roles), [id]);
    await line.close();
  },

  async 'a watcher hears of what another connection has ended'(world) {
    const other = await world.connect();
    const { gate } = await makeAccount(world.store);
    await signIn(world.store, gate);
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = other.sessions.watch(resolve);
    await signIn(world.store, gate);
    await promise;
    stop();
  },
};
