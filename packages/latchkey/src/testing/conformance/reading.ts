/** What every store must do for whoever reads all of history: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { newSessionId, newSessionToken } from '../../crypto/token.ts';
import type { Gate } from '../../model/account.ts';
import type { HistoryEntry, HistoryMark, Store } from '../../stores/store.ts';
import { type Cases, newGate } from './world.ts';

const DAY_MS = 24 * 3_600_000;

/** Displaces whoever is in. */
async function signIn(store: Store, gate: Gate): Promise<void> {
  const { kind } = await store.sessions.admit({
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: null, class: 'web', name: 'Firefox on Windows' },
      ...{ place: null, coordinates: null, network: 'a-network', client: null, binding: null },
      ...{ method: 'password', lifetimeMs: 90 * DAY_MS, isFresh: true },
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max: 1 }],
    whenFull: 'displace',
    ends: [],
    idleMs: 90 * DAY_MS,
    rule: 'the rule',
  });
  assert.equal(kind, 'admitted');
}

/** All pages, one after the other: none is longer than was asked for, and the marks go on. */
async function readAll(store: Store, since: number, limit: number): Promise<readonly HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  for (let after: HistoryMark | null = null; ; ) {
    const page: Awaited<ReturnType<Store['history']['byAccount']>> = await store.history.byAccount({
      ...{ since, after, limit },
    });
    assert.ok(page.entries.length <= limit);
    all.push(...page.entries);
    if (page.next === null) return all;
    const { accountId, id, highest } = page.next;
    assert.ok(accountId <= highest);
    if (after !== null) assert.ok(accountId > after.accountId || (accountId === after.accountId && id > after.id));
    after = page.next;
  }
}

/** The same by another way: each account's own page, turned round. */
async function oneByOne(store: Store, gates: readonly Gate[], since: number): Promise<readonly HistoryEntry[]> {
  const pages = gates.map(({ accountId }) => store.history.page({ accountId, before: null, limit: 99 }));
  return (await Promise.all(pages)).flatMap((page) => page.toReversed()).filter(({ at }) => at >= since);
}

export const historyCases: Cases = {
  async 'history is read account by account, the oldest first, whatever the length of a page'({ store, clock }) {
    assert.deepEqual(await store.history.byAccount({ since: 0, after: null, limit: 9 }), { entries: [], next: null });
    const gates = [await newGate(store), await newGate(store), await newGate(store)];
    for (let turn = 0; turn < 9; turn++) {
      const gate = gates[(turn * 2) % 3];
      if (gate !== undefined) await signIn(store, gate);
      clock.advance(DAY_MS);
    }
    const all = await readAll(store, 0, 100);
    assert.equal(all.filter(({ kind }) => kind === 'session_opened').length, 9);
    assert.deepEqual(all, await oneByOne(store, gates, 0));
    for (const limit of [1, 2, 5, all.length]) assert.deepEqual(await readAll(store, 0, limit), all);
  },

  async 'history since a time is what happened from then on, and nothing of it is missing'({ store, clock }) {
    const gates = [await newGate(store), await newGate(store)];
    const times: number[] = [];
    for (let day = 0; day < 40; day++) {
      times.push(clock());
      for (const gate of gates) {
        await signIn(store, gate);
        // Where sessions are kept apart, what happened is written down by then.
        await store.history.page({ accountId: gate.accountId, before: null, limit: 1 });
      }
      clock.advance(DAY_MS);
    }
    for (const since of [times[0], times[1], times[20], times[38], times[39], clock()].map(Number)) {
      const read = await readAll(store, since, 7);
      assert.deepEqual(read, await oneByOne(store, gates, since));
      const opened = read.filter(({ kind }) => kind === 'session_opened').length;
      assert.equal(opened, 2 * times.filter((at) => at >= since).length);
    }
  },

  async 'whoever reads all of history sees what was answered on another node a moment ago'({ store, connect }) {
    const other = await connect();
    const gates = [await newGate(store), await newGate(other)];
    await Promise.all(gates.map((gate, at) => signIn(at === 0 ? other : store, gate)));
    const opened = (await readAll(store, 0, 3)).filter(({ kind }) => kind === 'session_opened');
    assert.deepEqual(
      opened.map(({ accountId }) => accountId),
      gates.map(({ accountId }) => accountId).sort((a, b) => a - b),
    );
  },
};
