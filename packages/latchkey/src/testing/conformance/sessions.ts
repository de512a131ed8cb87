/** What every store must do with sessions while they last and when they are over: cases of the conformance suite. */
import assert from 'node:assert/strict';
import type { Gate } from '../../model/account.ts';
import type { Session } from '../../model/session.ts';
import {
  addCredential,
  atOnce,
  BROWSER_KEY,
  type Cases,
  HOUR_MS,
  IDLE_MS,
  type In,
  KEY,
  link,
  makeAccount,
  secret,
  signIn,
  stateOf,
} from './world.ts';

export const sessionCases: Cases = {
  async 'F-5: a touch moves live sessions alone'({ store, clock }) {
    const { gate } = await makeAccount(store);
    const first = await signIn(store, gate);
    const second = await signIn(store, gate);
    clock.advance(HOUR_MS);
    await store.sessions.touch({
      tokens: [first.token, second.token, { accountId: null, hash: secret(9) }],
      idleMs: IDLE_MS,
    });
    assert.equal((await store.sessions.find(second.token))?.session.seenAt, clock());
    assert.equal((await store.sessions.find(first.token))?.session.seenAt, clock() - HOUR_MS);
    clock.advance(IDLE_MS);
    await store.sessions.touch({ tokens: [second.token], idleMs: IDLE_MS });
    assert.equal((await store.sessions.find(second.token))?.session.seenAt, clock() - IDLE_MS, 'idle is over');
    assert.equal(
      (await store.sessions.find({ accountId: null, hash: secret(9) })) ?? null,
      null,
      'a touch makes nothing',
    );
  },

  async 'F-6: every session that has not ended is in the list, the newest first'(world) {
    const { gate } = await makeAccount(world.store);
    await atOnce(world, 12, (store) => signIn(store, gate, { max: 'unlimited' }));
    const { sessions, now } = await world.store.sessions.list(gate.accountId);
    assert.equal(now, world.clock());
    assert.deepEqual(
      sessions.map(({ sequence }) => sequence),
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    );
  },

  async 'F-4, F-7: what ended stays ended, and touches nobody'({ store }) {
    const { gate } = await makeAccount(store);
    const accountId = gate.accountId;
    const first = await signIn(store, gate);
    const second = await signIn(store, gate);
    const end = { accountId, sessionId: first.session.id, by: null, reason: 'signed_out' } as const;
    const late = await store.sessions.end(end);
    assert.ok(late !== null && !('over' in late));
    assert.equal(late.session.ending?.reason, 'displaced', 'the reason stays the first one');
    assert.equal(late.isEndedNow, false);
    assert.equal(await stateOf(store, second), null);
    await store.sessions.end({ ...end, sessionId: second.session.id });
    assert.equal((await stateOf(store, second))?.reason, 'signed_out');
    assert.equal((await stateOf(store, first))?.reason, 'displaced');
    assert.equal(await store.sessions.end({ ...end, sessionId: 'ses_nobody' }), null);
    const stranger = await makeAccount(store);
    const theirs = await signIn(store, stranger.gate);
    assert.equal(await store.sessions.end({ ...end, sessionId: theirs.session.id }), null, 'not this account’s');
    assert.equal(await stateOf(store, theirs), null);
  },

  async 'F-4, P3: a session that is over changes nothing, however little before it ended'({ store }) {
    const { account, gate } = await makeAccount(store);
    const { id } = account;
    const old = await signIn(store, gate);
    const next = await signIn(store, gate);
    const by = old.session;
    const over = { over: 'displaced' };
    const to = { hash: 'theirs', scheme: 's' };
    assert.deepEqual(await store.accounts.changePassword({ id, by, kept: by.id, to, outbox: [] }), over);
    assert.deepEqual(await store.accounts.signOutEverywhere({ id, by, kept: by.id }), over);
    assert.deepEqual(await store.accounts.close({ id, by }), over);
    const pending = link({ purpose: 'change-email', hash: secret(30) });
    assert.deepEqual(await store.accounts.beginEmailChange({ id, by, link: pending, outbox: [] }), over);
    assert.deepEqual(await store.accounts.updateProfile({ id, by, firstName: 'Theirs' }), over);
    const end = { accountId: id, sessionId: next.session.id, reason: 'revoked' } as const;
    assert.deepEqual(await store.sessions.end({ ...end, by }), over);
    assert.deepEqual(await store.sessions.end({ ...end, by: { id: 'ses_purged', openedRevision: 1 } }), {
      over: 'expired',
    });
    const kept = await store.accounts.find(id);
    assert.deepEqual([kept?.account.firstName, kept?.passwordHash, kept?.gate], ['', 'hash', gate]);
    assert.equal(await stateOf(store, next), null);
    const again = await store.sessions.end({ ...end, sessionId: by.id, by });
    assert.ok(again !== null && 'session' in again, 'its own end was asked for twice');
  },

  async 'who shows again who they are is fresh from then on, and no other session of theirs is'({ store, clock }) {
    const { gate } = await makeAccount(store);
    const [mine, other] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    clock.advance(HOUR_MS);
    const done = await store.sessions.reauthenticate({ by: mine.session, gate, spends: [] });
    const renewed = { ...mine.session, authenticatedAt: clock() };
    assert.deepEqual(done, { kind: 'reauthenticated', session: renewed });
    assert.deepEqual((await store.sessions.find(mine.token))?.session, renewed);
    assert.deepEqual((await store.sessions.find(other.token))?.session, other.session);
  },

  async 'who shows again who they are spends what shows it: of two at once with one code, one is in time'(world) {
    const { store, clock } = world;
    const { gate } = await makeAccount(store);
    const sessions = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    await addCredential(store, gate.accountId, { id: 'totp-x', kind: 'totp', data: secret(1) });
    clock.advance(HOUR_MS);
    const spends = [{ credential: 'totp-x', from: secret(1), to: secret(2) }];
    const outcomes = await atOnce(world, 10, (other, turn) => {
      const { session } = sessions[turn % 2] ?? assert.fail();
      return other.sessions.reauthenticate({ by: session, gate, spends });
    });
    const kinds = outcomes.map((outcome) => ('kind' in outcome ? outcome.kind : 'over'));
    assert.deepEqual(kinds.toSorted(), ['reauthenticated', ...Array.from({ length: 9 }, () => 'spent')]);
    assert.deepEqual((await store.credentials.find('totp-x'))?.data, secret(2));
    const found = await Promise.all(sessions.map(({ token }) => store.sessions.find(token)));
    assert.equal(found.filter((one) => one?.session.authenticatedAt === clock()).length, 1);
  },

  async 'F-4, P3: a session that is over, another account’s and a proof that was voided make nothing fresh'({
    store,
    clock,
  }) {
    const { account, gate } = await makeAccount(store);
    const stranger = await makeAccount(store);
    const old = await signIn(store, gate);
    const mine = await signIn(store, gate);
    clock.advance(HOUR_MS);
    const again = (by: Session, of: Gate = gate) => store.sessions.reauthenticate({ by, gate: of, spends: [] });
    assert.deepEqual(await again(old.session), { over: 'displaced' });
    assert.deepEqual(await again(mine.session, stranger.gate), { over: 'expired' });
    const to = { hash: 'new', scheme: 's' };
    const { id } = account;
    await store.accounts.changePassword({ id, by: mine.session, kept: mine.session.id, to, outbox: [] });
    assert.deepEqual(await again(mine.session), { kind: 'void' }, 'the password that it shows is the old one');
    assert.equal((await store.sessions.find(mine.token))?.session.authenticatedAt, clock() - HOUR_MS);
    const record = await store.accounts.find(id);
    const done = await again(mine.session, record?.gate);
    assert.equal('kind' in done && done.kind, 'reauthenticated', 'it was kept, and the proof is new');
    await store.accounts.setState({ id, state: 'suspended' });
    assert.deepEqual(await again(mine.session), { over: 'account_disabled' });
  },

  async 'M11, M20: of twenty keys at once a session is bound to one, for good'(world) {
    const { store, clock } = world;
    const { account, gate } = await makeAccount(store);
    const [mine, other] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    const [by, accountId] = [mine.session, account.id];
    const keys = Array.from({ length: 20 }, (_, at) => ({ kind: 'dpop', thumbprint: `key ${at}` }) as const);
    const outcomes = await atOnce(world, 20, (one, turn) =>
      one.sessions.bind({ by, accountId, binding: keys[turn] ?? KEY }),
    );
    const won = outcomes.findIndex((outcome) => outcome !== null);
    assert.equal(outcomes.filter((outcome) => outcome === null).length, 19);
    assert.deepEqual(outcomes[won], { ...mine.session, binding: keys[won] });
    const isBound = async () => {
      const found = await store.sessions.find(mine.token);
      assert.deepEqual(found?.session.binding, keys[won]);
      assert.equal(found?.session.ending, null);
    };
    await isBound();
    assert.equal((await store.sessions.find(other.token))?.session.binding, null, 'and no other');
    const again = { by, accountId, binding: keys[won] ?? KEY };
    assert.equal(await store.sessions.bind(again), null, 'not even to the same one');
    clock.advance(HOUR_MS);
    await store.sessions.touch({ tokens: [mine.token], idleMs: IDLE_MS });
    await store.sessions.reauthenticate({ by, gate, spends: [] });
    await store.accounts.setRoles({ id: accountId, roles: ['b'], demandedOf: 'nobody' });
    await store.accounts.changePassword({ id: accountId, by, kept: by.id, to: { hash: 'n', scheme: 's' }, outbox: [] });
    await isBound();
    await store.sessions.end({ accountId, sessionId: by.id, by: null, reason: 'signed_out' });
    assert.deepEqual((await store.sessions.find(mine.token))?.session.binding, keys[won], 'ended, too');
  },

  async 'F-4, M11: what has ended, what was opened bound and what is another’s is bound to nothing'({ store }) {
    const { account, gate } = await makeAccount(store);
    const stranger = await makeAccount(store);
    const old = await signIn(store, gate);
    const born = await signIn(store, gate, { told: { binding: BROWSER_KEY } });
    const bind = (of: In, accountId = account.id) => store.sessions.bind({ by: of.session, accountId, binding: KEY });
    assert.deepEqual(await bind(old), { over: 'displaced' });
    assert.equal((await store.sessions.find(old.token))?.session.binding, null);
    assert.equal(await bind(born), null);
    assert.deepEqual((await store.sessions.find(born.token))?.session.binding, BROWSER_KEY);
    const theirs = await signIn(store, stranger.gate);
    assert.equal(await bind(theirs), null);
    assert.equal((await store.sessions.find(theirs.token))?.session.binding, null);
    const purged = { id: 'ses_purged', openedRevision: 1 };
    assert.equal(await store.sessions.bind({ by: purged, accountId: account.id, binding: KEY }), null);
    await store.accounts.setState({ id: account.id, state: 'suspended' });
    assert.deepEqual(await bind(born), { over: 'account_disabled' });
  },
};
