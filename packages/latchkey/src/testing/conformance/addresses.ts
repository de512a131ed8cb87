/** What every store must do with addresses as they are verified, changed, taken back and claimed: cases of the conformance suite. */
import assert from 'node:assert/strict';
import type { ClaimedEmail, FormerEmail, PendingEmail } from '../../model/email-change.ts';
import type { Session } from '../../model/session.ts';
import type { NewOnce, OutboxItem, Store } from '../../stores/store.ts';
import {
  accountsMade,
  addCredential,
  address,
  admission,
  atOnce,
  type Cases,
  endedBy,
  HOUR_MS,
  link,
  makeAccount,
  newAccount,
  secret,
  signIn,
  stateOf,
} from './world.ts';

/** Keeps the link that gives an account another address. */
async function beginChange(
  store: Store,
  change: {
    readonly id: number;
    readonly by: Session;
    readonly to: string;
    readonly hash: Uint8Array;
    readonly outbox?: readonly OutboxItem[];
  },
): Promise<void> {
  const { id, by, to, hash, outbox = [] } = change;
  const revision = (await store.accounts.find(id))?.gate.revision ?? 0;
  const pending: PendingEmail = { account: id, address: to, key: to.toLowerCase(), revision, since: by.openedAt };
  const kept = link({ purpose: 'change-email', hash, data: JSON.stringify(pending) });
  const begun = await store.accounts.beginEmailChange({ id, by, link: kept, outbox });
  assert.ok(begun !== null && 'account' in begun);
}

function undoOf(account: number, from: string, hash: Uint8Array, since = 0): NewOnce {
  const former: FormerEmail = { account, address: from, key: from, since };
  return link({ purpose: 'undo-email', hash, data: JSON.stringify(former), lifetimeMs: 100 * HOUR_MS });
}

export const addressCases: Cases = {
  async 'an address may be named by many and is verified by one'(world) {
    const { store } = world;
    const hashes = [secret(1), secret(2), secret(3)];
    for (const hash of hashes) {
      const verification = link({ purpose: 'verify-email', hash, data: 'a@x.test' });
      await makeAccount(store, { email: address('a@x.test'), link: verification });
    }
    assert.equal((await store.accounts.findByEmail('a@x.test')).length, 3);
    const outcomes = await atOnce(world, 3, (other, turn) => other.accounts.verifyEmail(hashes[turn] ?? secret(9)));
    const verified = outcomes.filter((outcome) => outcome !== null);
    assert.equal(verified.length, 1);
    const owners = await store.accounts.findByEmail('a@x.test');
    assert.deepEqual(
      owners.map(({ account }) => account.id),
      [verified[0]?.account.id],
    );
    const refused = await store.accounts.create(newAccount({ email: address('a@x.test') }));
    assert.equal(refused.kind, 'email_taken');
    assert.equal(
      (await store.accounts.create(newAccount({ email: address('a@x.test'), emailUnique: false }))).kind,
      'created',
    );
  },

  async 'a link verifies the address that it was mailed to, once'({ store }) {
    const verification = link({ purpose: 'verify-email', data: 'a@x.test' });
    await makeAccount(store, { email: address('a@x.test'), link: verification });
    assert.equal((await store.accounts.verifyEmail(verification.hash))?.account.emailVerified, true);
    assert.equal(await store.accounts.verifyEmail(verification.hash), null);
  },

  async 'E15, E16: a new address is the account’s once its own link is used, and takes the place of the other'({
    store,
    clock,
  }) {
    const { account, gate } = await makeAccount(store, { email: address('old@x.test', true) });
    const { session: by } = await signIn(store, gate);
    const { id } = account;
    const outbox = [{ topic: 'mail', payload: secret(5) }] as const;
    const reset = link({ hash: secret(70) });
    await store.accounts.issueLinks({ links: [{ id, link: reset }], outbox: [] });
    await beginChange(store, { id, by, to: 'first@x.test', hash: secret(71) });
    await beginChange(store, { id, by, to: 'New@x.test', hash: secret(72), outbox });
    assert.equal((await store.outbox.page(9)).length, 1);
    assert.equal((await store.accounts.find(id))?.account.email, 'old@x.test', 'nothing has changed yet');
    const confirm = (hash: Uint8Array, of = id) =>
      store.accounts.confirmEmailChange({ id: of, link: hash, undo: undoOf(id, 'old@x.test', secret(73)), outbox });
    assert.equal(await confirm(secret(71)), null, 'a later one took its place');
    const stranger = await makeAccount(store);
    assert.equal(await confirm(secret(72), stranger.account.id), null, 'another account’s');
    const changed = await confirm(secret(72));
    assert.deepEqual([changed?.account.email, changed?.account.emailVerified], ['New@x.test', true]);
    assert.deepEqual(changed?.gate, gate, 'nobody is signed out');
    assert.equal((await store.accounts.findByEmail('new@x.test'))[0]?.account.id, id);
    assert.deepEqual(await store.accounts.findByEmail('old@x.test'), []);
    assert.equal(await store.accounts.hasLink({ id, ...reset }), false, 'it went to the other address');
    assert.equal(await confirm(secret(72)), null, 'once');
    await beginChange(store, { id, by, to: 'late@x.test', hash: secret(74) });
    clock.advance(HOUR_MS);
    assert.equal(await confirm(secret(74)), null, 'E2: its time is over');
    const kinds = (await store.history.page({ accountId: id, before: null, limit: 9 })).map(({ kind }) => kind);
    assert.ok(kinds.includes('email_changed'));
  },

  async 'E1, E18: of two accounts that confirm one address at once, and of twenty uses of a link, one has it'(world) {
    const { store } = world;
    const people: { readonly id: number; readonly link: Uint8Array }[] = [];
    for (const hash of [secret(1), secret(2)]) {
      const { account, gate } = await makeAccount(store, { email: address(`u${accountsMade()}@x.test`, true) });
      const { session: by } = await signIn(store, gate);
      await beginChange(store, { id: account.id, by, to: 'one@x.test', hash });
      people.push({ id: account.id, link: hash });
    }
    const outcomes = await atOnce(world, 20, (other, turn) =>
      other.accounts.confirmEmailChange({ ...(people[turn % 4 < 2 ? 0 : 1] ?? assert.fail()), undo: null, outbox: [] }),
    );
    const changed = outcomes.filter((outcome) => outcome !== null);
    assert.equal(changed.length, 1);
    const owners = await store.accounts.findByEmail('one@x.test');
    assert.deepEqual(
      owners.map(({ account }) => account.id),
      [changed[0]?.account.id],
    );
    for (const { id } of people) assert.equal((await store.accounts.find(id))?.account.emailVerified, true);
  },

  async 'E17: a pending address is dropped by whatever voids what was proved before'({ store }) {
    const to = { hash: 'new', scheme: 's' };
    const voids: readonly ((id: number, by: Session) => Promise<unknown>)[] = [
      (id, by) => store.accounts.changePassword({ id, by, kept: by.id, to, outbox: [] }),
      (id) => store.accounts.signOutEverywhere({ id, by: null, kept: null }),
      async (id) => {
        await store.accounts.issueLinks({ links: [{ id, link: link({ hash: secret(60) }) }], outbox: [] });
        return await store.accounts.resetPassword({ id, link: secret(60), to, outbox: [] });
      },
      (id) => store.accounts.setState({ id, state: 'suspended' }),
    ];
    for (const [at, voided] of voids.entries()) {
      const { account, gate } = await makeAccount(store, { email: address(`e${accountsMade()}@x.test`, true) });
      const { session: by } = await signIn(store, gate);
      const hash = secret(80 + at);
      await beginChange(store, { id: account.id, by, to: `n${accountsMade()}@x.test`, hash });
      assert.ok((await voided(account.id, by)) !== null);
      const change = { id: account.id, link: hash, undo: null, outbox: [] };
      assert.equal(await store.accounts.confirmEmailChange(change), null, `${at}`);
      assert.equal((await store.accounts.find(account.id))?.account.email, account.email);
    }
  },

  async 'E15: an address is taken back by whoever had it, with all that was done since; a later one is not in their way'({
    store,
    clock,
  }) {
    const { account, gate } = await makeAccount(store, { email: address('own@x.test', true) });
    const { id } = account;
    const thief = await signIn(store, gate);
    const undo = (hash: Uint8Array, reset = link({ hash: secret(40) })) =>
      store.accounts.undoEmailChange({ id, link: hash, reset, outbox: [{ topic: 'mail', payload: secret(5) }] });
    const change = async (from: string, to: string, undoHash: Uint8Array) => {
      await beginChange(store, { id, by: thief.session, to, hash: secret(41) });
      const kept = undoOf(id, from, undoHash);
      assert.ok((await store.accounts.confirmEmailChange({ id, link: secret(41), undo: kept, outbox: [] })) !== null);
      clock.advance(1000);
    };
    await change('own@x.test', 'b@x.test', secret(42));
    await change('b@x.test', 'c@x.test', secret(43));
    await store.accounts.issueLinks({ links: [{ id, link: link({ hash: secret(44) }) }], outbox: [] });
    await beginChange(store, { id, by: thief.session, to: 'd@x.test', hash: secret(45) });
    const stranger = await makeAccount(store);
    const theirs = { id: stranger.account.id, link: secret(42), reset: link({ hash: secret(47) }), outbox: [] };
    assert.equal(await store.accounts.undoEmailChange(theirs), null, 'E7: another account’s');
    const done = await undo(secret(42));
    assert.deepEqual(endedBy(done), [thief.session.id]);
    assert.deepEqual([done?.record.account.email, done?.record.account.emailVerified], ['own@x.test', true]);
    assert.equal(done?.record.passwordHash, null, 'whoever took it knows the password');
    assert.equal((await stateOf(store, thief))?.reason, 'revoked');
    assert.equal(await undo(secret(43), link({ hash: secret(46) })), null, 'the thief’s own way back');
    assert.equal(await store.accounts.hasLink({ id, ...link({ hash: secret(44) }) }), false, 'it went to the thief');
    assert.equal(await store.accounts.hasLink({ id, ...link({ hash: secret(40) }) }), true);
    assert.equal(await undo(secret(42), link({ hash: secret(46) })), null, 'once');
    const drop = { id, link: secret(45), undo: null, outbox: [] };
    assert.equal(await store.accounts.confirmEmailChange(drop), null);
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
  },

  async 'E15, P10: with the address goes what the thief has set up; the app that its owner had before they came stays'({
    store,
    clock,
  }) {
    const data = secret(1);
    for (const isOwners of [true, false]) {
      const { account, gate } = await makeAccount(store, { email: address(`o${accountsMade()}@x.test`, true) });
      const { id, email } = account;
      const named = (kind: string): string => `${kind}-${id}`;
      if (isOwners) await addCredential(store, id, { id: named('totp'), kind: 'totp', data });
      clock.advance(60_000);
      const { session: by } = await signIn(store, gate);
      if (!isOwners) await addCredential(store, id, { id: named('totp'), kind: 'totp', data });
      await addCredential(store, id, { id: named('passkey'), kind: 'passkey', data });
      await beginChange(store, { id, by, to: `thief${id}@x.test`, hash: secret(90) });
      clock.advance(60_000);
      const kept = undoOf(id, email, secret(91), by.openedAt);
      assert.ok((await store.accounts.confirmEmailChange({ id, link: secret(90), undo: kept, outbox: [] })) !== null);
      await addCredential(store, id, { id: named('social'), kind: 'social', data });
      await addCredential(store, id, { id: named('codes'), kind: 'recovery_codes', data });
      const undone = { id, link: secret(91), reset: link({ hash: secret(id % 2 === 0 ? 92 : 93) }), outbox: [] };
      assert.ok((await store.accounts.undoEmailChange(undone)) !== null);
      const left = (await store.credentials.list(id)).credentials.map(({ kind }) => kind);
      assert.deepEqual(left, isOwners ? ['totp'] : []);
      const history = await store.history.page({ accountId: id, before: null, limit: 20 });
      assert.equal(history.filter(({ kind }) => kind === 'credential_removed').length, isOwners ? 3 : 4);
    }
  },

  async 'E15: taking a later change back does not take the way from whoever had the address before'({ store, clock }) {
    const { account, gate } = await makeAccount(store, { email: address('a1@x.test', true) });
    const { id } = account;
    const { session: by } = await signIn(store, gate);
    for (const [from, to, hash] of [
      ['a1@x.test', 'b1@x.test', secret(51)],
      ['b1@x.test', 'c1@x.test', secret(52)],
    ] as const) {
      await beginChange(store, { id, by, to, hash: secret(50) });
      await store.accounts.confirmEmailChange({ id, link: secret(50), undo: undoOf(id, from, hash), outbox: [] });
      clock.advance(1000);
    }
    const undo = (hash: Uint8Array, reset: Uint8Array) =>
      store.accounts.undoEmailChange({ id, link: hash, reset: link({ hash: reset }), outbox: [] });
    assert.equal((await undo(secret(52), secret(53)))?.record.account.email, 'b1@x.test');
    assert.equal((await undo(secret(51), secret(54)))?.record.account.email, 'a1@x.test');
  },

  async 'F7, F8: who claims an address that nobody had verified has the account without what was planted in it, once'(
    world,
  ) {
    const { store, clock } = world;
    const { account, gate } = await makeAccount(store, { email: address('Vic@x.test') });
    const { id } = account;
    const data = secret(1);
    for (const kind of ['social', 'passkey', 'totp', 'recovery_codes'] as const)
      await addCredential(store, id, { id: `planted-${kind}`, kind, data });
    const planted = await signIn(store, gate);
    await beginChange(store, { id, by: planted.session, to: 'evil@x.test', hash: secret(60) });
    const claimed: ClaimedEmail = { account: id, address: 'Vic@x.test', key: 'vic@x.test' };
    const claimOf = (hash: Uint8Array): NewOnce =>
      link({ purpose: 'claim-email', hash, data: JSON.stringify(claimed) });
    const reset = link({ hash: secret(63) });
    const links = [claimOf(secret(61)), claimOf(secret(62)), reset].map((one) => ({ id, link: one }));
    await store.accounts.issueLinks({ links, outbox: [] });
    const claim = (on: Store, hash: Uint8Array, of = id) =>
      on.accounts.claimEmail({ id: of, link: hash, reset: link({ hash: secret(64) }), outbox: [] });
    const stranger = await makeAccount(store, { email: address('Vic@x.test') });
    assert.equal(await claim(store, secret(61), stranger.account.id), null, 'E7: another account’s');
    assert.equal(await store.accounts.verifyEmail(secret(61)), null, 'another purpose');
    const outcomes = await atOnce(world, 10, (on) => claim(on, secret(61)));
    const done = outcomes.filter((outcome) => outcome !== null);
    assert.equal(done.length, 1);
    assert.deepEqual(endedBy(done[0] ?? null), [planted.session.id]);
    const after = await store.accounts.find(id);
    assert.deepEqual([after?.account.emailVerified, after?.passwordHash], [true, null]);
    assert.deepEqual((await store.credentials.list(id)).credentials, []);
    assert.equal((await stateOf(store, planted))?.reason, 'revoked');
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    const change = { id, link: secret(60), undo: null, outbox: [] };
    assert.equal(await store.accounts.confirmEmailChange(change), null, 'E17: what was pending is dropped');
    assert.equal(await store.accounts.hasLink({ id, ...reset }), false);
    assert.equal(await store.accounts.hasLink({ id, ...link({ hash: secret(64) }) }), true);
    // The owner goes on; what else was mailed takes nothing from them.
    const to = { hash: 'own', scheme: 's' };
    assert.ok((await store.accounts.resetPassword({ id, link: secret(64), to, outbox: [] })) !== null);
    assert.equal(await claim(store, secret(62)), null);
    await store.accounts.issueLinks({ links: [{ id, link: claimOf(secret(65)) }], outbox: [] });
    assert.equal(await claim(store, secret(65)), null, 'the address is verified');
    assert.equal((await store.accounts.find(id))?.passwordHash, 'own');
    const other = await makeAccount(store, { email: address('late@x.test') });
    const late = JSON.stringify({ account: other.account.id, address: 'late@x.test', key: 'late@x.test' });
    const kept = link({ purpose: 'claim-email', hash: secret(66), data: late });
    await store.accounts.issueLinks({ links: [{ id: other.account.id, link: kept }], outbox: [] });
    clock.advance(HOUR_MS);
    assert.equal(await claim(store, secret(66), other.account.id), null, 'E2: its time is over');
  },
};
