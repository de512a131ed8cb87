/** What every store must do with accounts that come along from elsewhere: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { newSessionId } from '../../crypto/token.ts';
import type { AccountId, Gate } from '../../model/account.ts';
import type { NewCredential } from '../../model/credential.ts';
import type { SourceAccount, SourceName } from '../../model/import.ts';
import type { Admit, ImportBatch, ImportDone, Store } from '../../stores/store.ts';
import { type Cases, HOUR_MS } from './world.ts';

const END = Number.MAX_SAFE_INTEGER;

type Given = Partial<Omit<SourceAccount, 'id' | 'prints' | 'origin'>> & {
  readonly email?: string;
  readonly verified?: boolean;
  readonly lastLogin?: string;
};

/** As a source has it; what it says in each part tells it from what it says otherwise. */
function source(id: AccountId, given: Given = {}): SourceAccount {
  const { email, verified = true, lastLogin = '2026-01-01 00:00:00', ...rest } = given;
  const account = {
    ...{ username: `user${id}`, usernameKey: `user${id}`, firstName: '', lastName: '', profile: {} },
    ...{ state: 'active' as const, roles: [] as readonly string[], createdAt: 1_000 + id },
    addresses: email === undefined ? [] : [{ address: email, key: email.toLowerCase(), verified, number: id * 10 }],
    password: { hash: `hash of ${id}`, scheme: 'scheme' },
    credentials: [] as readonly NewCredential[],
    ...rest,
  };
  const { password, credentials, addresses, state, roles, ...others } = account;
  const origin = { lastLogin, unusable: '', email: '', addresses: addresses.map((one) => one.address) };
  return {
    id,
    ...account,
    origin: { ...origin, credentials: credentials.map((one) => one.id) },
    prints: {
      account: JSON.stringify(others),
      addresses: JSON.stringify(addresses),
      rights: JSON.stringify([state, roles]),
      origin: JSON.stringify(origin),
      password: JSON.stringify(password),
      credentials: JSON.stringify(credentials.map((one) => one.id)),
    },
  };
}

function bring(
  store: Store,
  accounts: readonly SourceAccount[],
  range: Partial<ImportBatch> = {},
): Promise<ImportDone> {
  return store.imports.accounts({
    ...{ source: 'django', after: 0, upTo: END, accounts, unread: [], isWhole: true, isLook: false },
    ...{ demandedOf: 'nobody', ...range },
  });
}

/** What became of each, as `what` or `what: why`. */
function said({ accounts }: ImportDone): readonly string[] {
  return accounts.map(({ id, what, notes }) => `${id} ${[what, ...notes].join(': ')}`);
}

async function admitKey(store: Store, gate: Gate, of: number, method: 'imported' | 'password' = 'imported') {
  const admit: Admit = {
    session: {
      id: newSessionId(),
      tokenHash: new Uint8Array(32).fill(of),
      device: { id: null, class: 'unknown', name: 'unknown' },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      ...{ method, lifetimeMs: 24 * HOUR_MS, isFresh: false },
    },
    ...{ gate, spends: [], limits: [{ bucket: 'account', max: 'unlimited' }], whenFull: 'displace', ends: [] },
    ...{ idleMs: 10 * HOUR_MS, rule: 'the rule' },
  };
  const [admitted] = await store.sessions.admitAll([admit]);
  assert.ok(admitted !== undefined);
  return admitted;
}

async function isLive(store: Store, of: number): Promise<boolean> {
  const found = await store.sessions.find({ accountId: null, hash: new Uint8Array(32).fill(of) });
  return found !== null && found.session.ending === null;
}

async function record(store: Store, id: AccountId) {
  const found = await store.accounts.find(id);
  assert.ok(found !== null);
  return found;
}

export const importCases: Cases = {
  async 'an import makes accounts under their own numbers, and again changes nothing'({ store }) {
    const accounts = [
      source(7, { email: 'Ann@x.test', roles: ['staff'], firstName: 'Ann' }),
      source(9, { state: 'suspended', password: null }),
    ];
    assert.deepEqual(said(await bring(store, accounts)), ['7 created', '9 created']);
    const { account, passwordHash } = await record(store, 7);
    assert.deepEqual([account.username, account.email, account.emailVerified], ['user7', 'Ann@x.test', true]);
    assert.deepEqual([account.roles, account.firstName, account.createdAt], [['staff'], 'Ann', 1007]);
    assert.equal(passwordHash, 'hash of 7');
    assert.deepEqual([(await record(store, 9)).gate.state, (await record(store, 9)).passwordHash], ['suspended', null]);
    assert.equal((await store.imports.origin(7))?.lastLogin, '2026-01-01 00:00:00');
    assert.deepEqual(said(await bring(store, accounts)), ['7 same', '9 same']);
    assert.equal((await record(store, 7)).gate.revision, 1);
    assert.equal(await store.imports.count('django'), 2);
  },

  async 'a look says what would be done, and does nothing'({ store }) {
    const looked = await bring(store, [source(1), source(2, { usernameKey: 'user1' })], { isLook: true });
    assert.deepEqual(said(looked), ['1 created', '2 refused: username_taken']);
    assert.equal(await store.accounts.find(1), null);
    assert.equal(await store.imports.count('django'), 0);
  },

  async 'accounts that are made here get numbers beyond those that came along'({ store }) {
    await bring(store, [source(50)]);
    const made = await store.accounts.create({
      ...{
        username: 'new',
        usernameKey: 'new',
        email: null,
        emailUnique: true,
        firstName: '',
        lastName: '',
        profile: {},
      },
      ...{ password: null, state: 'active', roles: [], invitation: null, link: null, outbox: [] },
    });
    assert.ok(made.kind === 'created' && made.record.account.id > 50);
    const { id } = made.record.account;
    assert.deepEqual(said(await bring(store, [source(50), source(id)])), ['50 same', `${id} refused: number_taken`]);
    assert.equal((await record(store, id)).account.username, 'new');
  },

  async 'what the source has changed is taken over, and what was changed here stays'({ store }) {
    await bring(store, [source(1, { email: 'a@x.test' }), source(2)]);
    await store.accounts.renewHash({ id: 1, from: 'hash of 1', to: { hash: 'renewed', scheme: 's' } });
    await store.accounts.updateProfile({ id: 2, by: null, firstName: 'Here' });
    const moved = source(1, { email: 'b@x.test', roles: ['staff'] });
    assert.deepEqual(said(await bring(store, [moved, source(2)])), ['1 changed', '2 same']);
    const { account, passwordHash, gate } = await record(store, 1);
    assert.deepEqual([account.email, account.roles, passwordHash], ['b@x.test', ['staff'], 'renewed']);
    assert.deepEqual(gate.roles, ['staff']);
    assert.equal((await record(store, 2)).account.firstName, 'Here');
    assert.deepEqual(await store.accounts.findByEmail('a@x.test'), []);
  },

  async 'a password that is new there is taken over; one that was set here since is not overwritten'({ store }) {
    await bring(store, [source(1), source(2)]);
    const by = { id: 'ses_x', openedRevision: 1 };
    const { gate } = await record(store, 2);
    const opened = await admitKey(store, gate, 2, 'password');
    assert.ok(opened.kind === 'admitted');
    const change = { id: 2, by: { ...by, id: opened.session.id }, kept: null, outbox: [] };
    assert.ok((await store.accounts.changePassword({ ...change, to: { hash: 'own', scheme: 's' } })) !== null);
    const newer = (id: number) => source(id, { password: { hash: `newer ${id}`, scheme: 'scheme' } });
    assert.deepEqual(said(await bring(store, [newer(1), newer(2)])), ['1 changed', '2 same: password_set_here']);
    assert.equal((await record(store, 1)).passwordHash, 'newer 1');
    assert.equal((await record(store, 2)).passwordHash, 'own');
    assert.deepEqual(said(await bring(store, [newer(1), newer(2)])), ['1 same', '2 same']);
  },

  async 'a password that its owner made void here, as somebody else had it, does not come back from there'({ store }) {
    await bring(store, [source(1)]);
    const { gate } = await record(store, 1);
    const opened = await admitKey(store, gate, 2, 'password');
    assert.ok(opened.kind === 'admitted');
    const disowned = { account: 1, session: opened.session.id, since: opened.session.openedAt };
    const [link, reset] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
    const notMe = { purpose: 'not-me', hash: link, lifetimeMs: HOUR_MS, data: JSON.stringify(disowned) } as const;
    await store.accounts.issueLinks({ links: [{ id: 1, link: notMe }], outbox: [] });
    const next = { purpose: 'reset-password', hash: reset, lifetimeMs: HOUR_MS, data: '' } as const;
    assert.ok((await store.accounts.disownSession({ id: 1, link, reset: next, outbox: [] })) !== null);
    const changedThere = source(1, { password: { hash: 'of whoever had it', scheme: 'scheme' } });
    assert.deepEqual(said(await bring(store, [changedThere])), ['1 same: password_set_here']);
    assert.equal((await record(store, 1)).passwordHash, null);
  },

  async 'a password that is new there ends what the old one opened here, and not what came along'({ store }) {
    await bring(store, [source(1)]);
    const { gate } = await record(store, 1);
    await admitKey(store, gate, 1);
    await admitKey(store, gate, 2, 'password');
    const done = await bring(store, [source(1, { password: { hash: 'newer', scheme: 'scheme' } })]);
    assert.deepEqual(said(done), ['1 changed']);
    for (const { accountId } of done.gates) {
      const { sessions } = await store.sessions.list(accountId);
      assert.deepEqual(
        sessions.map(({ method }) => method),
        ['imported'],
      );
    }
    assert.deepEqual([await isLive(store, 1), await isLive(store, 2)], [true, false]);
    assert.equal((await admitKey(store, gate, 3, 'password')).kind, 'void');
  },

  async 'who is gone there is closed here, and who was closed here does not come back'({ store }) {
    await bring(store, [source(1, { email: 'a@x.test' }), source(2), source(3)]);
    await admitKey(store, (await record(store, 1)).gate, 1);
    await store.accounts.close({ id: 2, by: null });
    assert.deepEqual(await store.imports.closed({ after: 0, limit: 9 }), [2]);
    const done = await bring(store, [source(2), source(3)]);
    assert.deepEqual(said(done), ['2 refused: closed_here', '3 same', '1 removed']);
    assert.equal(await store.accounts.find(1), null);
    assert.equal(await isLive(store, 1), false);
    assert.equal(await store.imports.origin(2), null);
    assert.equal(await store.imports.count('django'), 1);
    const made = source(4, { usernameKey: 'user1', email: 'a@x.test' });
    assert.deepEqual(said(await bring(store, [source(2), source(3), made])), [
      '2 refused: closed_here',
      '3 same',
      '4 created',
    ]);
  },

  async 'only numbers within the batch are looked at'({ store }) {
    await bring(store, [source(1), source(5), source(9)]);
    assert.deepEqual(said(await bring(store, [], { after: 1, upTo: 5 })), ['5 removed']);
    assert.ok((await store.accounts.find(1)) !== null && (await store.accounts.find(9)) !== null);
  },

  async 'names and addresses that were exchanged come along exchanged, within a batch and across batches'({ store }) {
    const named = (id: number, name: string, email: string) => source(id, { username: name, usernameKey: name, email });
    await bring(store, [named(1, 'a', 'a@x.test'), named(2, 'b', 'b@x.test')]);
    const swapped = [named(1, 'b', 'b@x.test'), named(2, 'a', 'a@x.test')];
    assert.deepEqual(said(await bring(store, swapped)), ['1 changed', '2 changed']);
    assert.equal((await store.accounts.findByUsername('b'))?.account.id, 1);
    const [first, second] = [named(1, 'a', 'a@x.test'), named(2, 'b', 'b@x.test')];
    assert.deepEqual(said(await bring(store, [first], { upTo: 1 })), ['1 changed']);
    assert.deepEqual(said(await bring(store, [second], { after: 1 })), ['2 changed']);
    const back = [await record(store, 1), await record(store, 2)].map(({ account }) => account);
    assert.deepEqual(
      back.map(({ username, email, emailVerified }) => [username, email, emailVerified]),
      [
        ['a', 'a@x.test', true],
        ['b', 'b@x.test', true],
      ],
    );
    assert.deepEqual(said(await bring(store, [first, second])), ['1 same', '2 same']);
  },

  async 'a name that is not free is not taken, and the rest comes along'({ store }) {
    const verified = { email: 'a@x.test' };
    await bring(store, [source(1, verified), source(2)]);
    const clash = source(2, { usernameKey: 'user1', ...verified, firstName: 'Bob' });
    const done = await bring(store, [source(1, verified), clash, source(3, { usernameKey: 'user1' })]);
    assert.deepEqual(said(done), ['1 same', '2 changed: username_taken: address_taken', '3 refused: username_taken']);
    const { account } = await record(store, 2);
    assert.deepEqual([account.username, account.firstName, account.emailVerified], ['user2', 'Bob', false]);
    assert.deepEqual(said(await bring(store, [source(1, verified), source(2)])), ['1 same', '2 changed']);
  },

  async 'a second step comes along, goes with its source, and is not taken from anybody'({ store }) {
    const totp = (id: string): NewCredential => ({ id, kind: 'totp', label: '', data: new Uint8Array([1, 2]) });
    await bring(store, [source(1, { credentials: [totp('totp-1')] }), source(2)]);
    const theirs = source(2, { credentials: [totp('totp-1'), totp('totp-2')] });
    const done = await bring(store, [source(1, { credentials: [totp('totp-1')] }), theirs]);
    assert.deepEqual(said(done), ['1 same', '2 changed: credential_taken']);
    assert.deepEqual(
      (await store.credentials.list(2)).credentials.map(({ id }) => id),
      ['totp-2'],
    );
    await bring(store, [source(1), theirs]);
    assert.deepEqual((await store.credentials.list(1)).credentials, []);
  },

  async 'an address is verified by its number of there, once, and not by what is too old'({ store, clock }) {
    await bring(store, [source(1, { email: 'a@x.test', verified: false }), source(2, { email: 'b@x.test' })]);
    const verify = (number: number, ageMs = 0) =>
      store.imports.verifyEmail({ number, signedAt: clock() - ageMs, lifetimeMs: HOUR_MS });
    for (const [number, ageMs] of [
      [999, 0],
      [20, 0],
      [10, HOUR_MS + 1],
      [10, -HOUR_MS - 1],
    ] as const) {
      assert.equal(await verify(number, ageMs), null, `${number}, ${ageMs}`);
    }
    assert.equal((await verify(10, HOUR_MS))?.account.emailVerified, true);
    assert.equal(await verify(10), null);
  },

  async 'a link that came along resets while the password is the one that it was made with, once of two at once'({
    store,
  }) {
    await bring(store, [source(1, { email: 'a@x.test' }), source(2, { password: null })]);
    const reset = (id: number, whilePasswordIs: string | null, hash: string) =>
      store.accounts.resetPassword({ id, link: { whilePasswordIs }, to: { hash, scheme: 's' }, outbox: [] });
    assert.equal(await reset(1, 'another', 'x'), null);
    const both = await Promise.all([reset(1, 'hash of 1', 'first'), reset(1, 'hash of 1', 'second')]);
    assert.equal(both.filter((done) => done !== null).length, 1);
    assert.ok((await reset(2, null, 'own')) !== null);
    assert.equal(await reset(2, null, 'again'), null);
  },

  async 'keys that came along are told by account, and noted once'({ store }) {
    const key = (of: number, accountId: number) =>
      ({ hash: new Uint8Array(32).fill(of), accountId, sessionId: `ses_${of}`, kind: 'key' }) as const;
    await store.imports.noteKeys({ add: [key(1, 5), key(2, 6), key(1, 5)], remove: [] });
    assert.deepEqual(await store.imports.keys({ after: 0, upTo: 5 }), [key(1, 5)]);
    assert.deepEqual(await store.imports.key(key(2, 6).hash), key(2, 6));
    await store.imports.noteKeys({ add: [], remove: [key(1, 5).hash] });
    assert.deepEqual(await store.imports.keys({ after: 0, upTo: 9 }), [key(2, 6)]);
  },

  async 'accounts go elsewhere page by page, with what goes along'({ store }) {
    const totp: NewCredential = { id: 'totp-2', kind: 'totp', label: '', data: new Uint8Array([7]) };
    await bring(store, [source(1, { email: 'a@x.test' }), source(2, { credentials: [totp] }), source(3)]);
    const [first, second, ...others] = await store.imports.page({ after: 0, limit: 2 });
    assert.deepEqual(others, []);
    assert.deepEqual(
      first?.addresses.map(({ address, verified, isPrimary, number }) => [address, verified, isPrimary, number]),
      [['a@x.test', true, true, 10]],
    );
    assert.deepEqual(
      second?.credentials.map(({ id, data }) => [id, [...data]]),
      [['totp-2', [7]]],
    );
    assert.deepEqual(second?.origin?.credentials, ['totp-2']);
    assert.deepEqual(
      (await store.imports.page({ after: 2, limit: 2 })).map((one) => one.record.account.id),
      [3],
    );
  },

  async 'who has no number there is allotted one here, once and for good, that no account gets otherwise'({
    store,
    connect,
  }) {
    const other = await connect();
    const allot = (ids: readonly string[], given: { source?: SourceName; isLook?: boolean; of?: Store } = {}) =>
      (given.of ?? store).imports.allot({ source: given.source ?? 'clerk', ids, isLook: given.isLook ?? false });
    assert.deepEqual(await allot(['a', 'b'], { isLook: true }), [null, null]);
    const [a, b] = await allot(['a', 'b', 'a']);
    assert.ok(typeof a === 'number' && typeof b === 'number' && b > a && a > 0);
    assert.deepEqual(await allot(['b', 'x', 'a'], { isLook: true }), [b, null, a], 'a look allots nothing');
    const [again, c] = await allot(['a', 'c'], { of: other });
    assert.ok(again === a && typeof c === 'number' && c > b);
    const [elsewhere] = await allot(['a'], { source: 'firebase' });
    assert.ok(typeof elsewhere === 'number' && elsewhere > c, 'the same text of another source is somebody else');
    const atOnce = await Promise.all([allot(['d', 'e']), allot(['d', 'e'], { of: other })]);
    assert.deepEqual(atOnce[0], atOnce[1]);
    await bring(store, [source(a)], { source: 'clerk' });
    const made = await store.accounts.create({
      ...{ username: 'new', usernameKey: 'new', email: null, emailUnique: true, firstName: '', lastName: '' },
      ...{ profile: {}, password: null, state: 'active', roles: [], invitation: null, link: null, outbox: [] },
    });
    assert.ok(made.kind === 'created');
    assert.ok(made.record.account.id > Math.max(...atOnce[0].map(Number)), 'none that was allotted is given away');
    const page = (after: number, limit: number) => store.imports.allotted({ source: 'clerk', after, limit });
    assert.deepEqual(await page(0, 2), [
      { id: a, sourceId: 'a' },
      { id: b, sourceId: 'b' },
    ]);
    assert.deepEqual(
      (await page(b, 9)).map(({ sourceId }) => sourceId),
      ['c', 'd', 'e'],
    );
  },

  async 'what one source does not know of is another’s, and stays'({ store }) {
    const [mine] = await store.imports.allot({ source: 'clerk', ids: ['a'], isLook: false });
    assert.ok(typeof mine === 'number');
    await bring(store, [source(mine, { email: 'a@x.test' })], { source: 'clerk' });
    assert.deepEqual(said(await bring(store, [source(mine + 1)])), [`${mine + 1} created`], 'it is not closed');
    assert.deepEqual(said(await bring(store, [source(mine), source(mine + 1)])), [
      `${mine} refused: number_taken`,
      `${mine + 1} same`,
    ]);
    const later = source(mine + 2, { usernameKey: 'z', email: 'z@x.test' });
    await bring(store, [later], { source: 'clerk', after: mine + 1 });
    const early = source(mine + 1, { usernameKey: 'z', email: 'z@x.test' });
    assert.deepEqual(said(await bring(store, [early], { upTo: mine + 1 })), [
      `${mine + 1} changed: username_taken: address_taken`,
    ]);
    assert.deepEqual([await store.imports.count('clerk'), await store.imports.count('django')], [2, 1]);
    assert.equal(await store.imports.origin(mine), null, 'no link of Django’s is theirs');
    const exported = await store.imports.page({ after: 0, limit: 9 });
    assert.deepEqual(
      exported.map(({ origin }) => origin === null),
      [true, false, true],
    );
    await store.accounts.close({ id: mine, by: null });
    assert.deepEqual(await store.imports.closed({ after: 0, limit: 9 }), []);
  },

  async 'whom an export has made in Django is known there, and is told when they are closed here'({ store }) {
    await bring(store, [source(1), source(2)]);
    await bring(store, [source(3), source(4)], { source: 'clerk', after: 2 });
    const known = async () =>
      (await store.imports.page({ after: 0, limit: 9 })).map(({ isKnownThere }) => isKnownThere);
    assert.deepEqual(await known(), [true, true, false, false]);
    await store.imports.noteExported([3]);
    await store.imports.noteExported([3]);
    assert.deepEqual(await known(), [true, true, true, false]);
    for (const id of [2, 3, 4]) await store.accounts.close({ id, by: null });
    assert.deepEqual(await store.imports.closed({ after: 0, limit: 9 }), [2, 3]);
    assert.deepEqual(await store.imports.closed({ after: 0, limit: 1 }), [2]);
    assert.deepEqual(await store.imports.closed({ after: 2, limit: 1 }), [3]);
    assert.deepEqual(await known(), [true]);
  },

  async 'of a part of a source nobody is closed, nor whom nobody could read; who is gone from the whole is, and is new when they come back'({
    store,
  }) {
    const ids = ['a', 'b', 'c'];
    const numbers = await store.imports.allot({ source: 'firebase', ids, isLook: false });
    const [a, b, c] = numbers.map(Number) as [number, number, number];
    const from = { source: 'firebase' as const };
    await bring(store, [source(a), source(b), source(c)], from);
    assert.deepEqual(said(await bring(store, [source(a)], { ...from, isWhole: false, unread: [c] })), [
      `${a} same`,
      `${b} missing`,
    ]);
    const named = source(a, { usernameKey: `user${b}` });
    assert.deepEqual(said(await bring(store, [named], { ...from, isWhole: false, upTo: a })), [
      `${a} changed: username_taken`,
    ]);
    assert.equal((await store.accounts.findByUsername(`user${b}`))?.account.id, b, 'theirs still');
    assert.deepEqual(said(await bring(store, [source(a)], { ...from, unread: [c] })), [`${a} changed`, `${b} removed`]);
    assert.equal(await store.accounts.find(b), null);
    const [, anew] = await store.imports.allot({ ...from, ids: ['a', 'b'], isLook: false });
    assert.ok(typeof anew === 'number' && anew > c);
    await store.accounts.close({ id: c, by: null });
    assert.deepEqual(
      await store.imports.allot({ ...from, ids: ['c'], isLook: false }),
      [c],
      'closed here: known still',
    );
  },
};
