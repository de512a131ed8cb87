/**
 * What every store must do, as cases that any test runner can run. Each gets a world of its own: an empty store, further
 * connections to the same data, and a clock that all of them follow.
 * @example for (const { name, run } of conformance) test(name, async () => await withWorld(run));
 */
import assert from 'node:assert/strict';
import { newSessionId, newSessionToken } from '../crypto/token.ts';
import { firstGate, type Gate } from '../model/account.ts';
import type { Limit } from '../model/admission.ts';
import type { Binding } from '../model/binding.ts';
import type { NewCredential } from '../model/credential.ts';
import type { Device } from '../model/device.ts';
import type { ClaimedEmail, FormerEmail, PendingEmail } from '../model/email-change.ts';
import type { Session, TokenRef } from '../model/session.ts';
import {
  type AccountRecord,
  type Admit,
  type Admitted,
  type CredentialRefused,
  type NewAccount,
  type NewOnce,
  type OutboxItem,
  type Over,
  type Store,
  StoreUnavailable,
  type Voided,
} from '../stores/store.ts';
import type { TestClock } from './clock.ts';
import { approvalCases } from './conformance-approvals.ts';
import { defenceCases } from './conformance-defence.ts';
import { deviceCases } from './conformance-devices.ts';
import { exchangeCases } from './conformance-exchange.ts';
import { importCases } from './conformance-imports.ts';
import { limitCases } from './conformance-limits.ts';
import { historyCases } from './conformance-reading.ts';

export type World = {
  readonly store: Store;
  readonly clock: TestClock;
  /** Another connection to the same data, as another process would have it. */
  connect(): Promise<Store>;
};

export type ConformanceCase = { readonly name: string; readonly run: (world: World) => Promise<void> };

const HOUR_MS = 3_600_000;
const IDLE_MS = 10 * HOUR_MS;
const LIFETIME_MS = 24 * HOUR_MS;
const RULE = 'the rule';
const DEVICE: Device = { id: null, class: 'cli', name: 'curl' };
const KEY: Binding = { kind: 'dpop', thumbprint: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };
const BROWSER_KEY: Binding = {
  ...{ kind: 'dbsc', id: 'browser’s "own"', algorithm: 'ES256' },
  key: '{"crv":"P-256","kty":"EC","x":"x","y":"y"}',
};

let made = 0;

function newAccount(given: Partial<NewAccount> = {}): NewAccount {
  made++;
  return {
    username: `user${made}`,
    usernameKey: `user${made}`,
    email: null,
    emailUnique: true,
    firstName: '',
    lastName: '',
    profile: {},
    password: { hash: 'hash', scheme: 'scheme' },
    state: 'active',
    roles: [],
    invitation: null,
    link: null,
    outbox: [],
    ...given,
  };
}

async function makeAccount(store: Store, given: Partial<NewAccount> = {}): Promise<AccountRecord> {
  const created = await store.accounts.create(newAccount(given));
  assert.equal(created.kind, 'created');
  return (created as Extract<typeof created, { kind: 'created' }>).record;
}

function address(of: string, verified = false): NonNullable<NewAccount['email']> {
  return { address: of, key: of.toLowerCase(), verified };
}

function secret(of: number): Uint8Array {
  return new Uint8Array(32).fill(of);
}

function link(given: Partial<NewOnce> = {}): NewOnce {
  return { purpose: 'reset-password', hash: secret(1), lifetimeMs: HOUR_MS, data: '', ...given };
}

/** What may be told of a session beside who, where and by what. */
type Told = Pick<Admit['session'], 'coordinates' | 'network' | 'client' | 'binding'>;

type AdmitGiven = Partial<Omit<Admit, 'gate' | 'session'>> & {
  readonly max?: Limit['max'];
  readonly device?: Device;
  readonly place?: string | null;
  readonly told?: Partial<Told>;
  readonly id?: string;
  readonly tokenHash?: Uint8Array;
  readonly method?: Session['method'];
};

function admission(gate: Gate, given: AdmitGiven = {}): Admit {
  const {
    max = 1,
    device = DEVICE,
    place = null,
    told = {},
    id = newSessionId(),
    tokenHash,
    method = 'password',
    ...rest
  } = given;
  return {
    session: {
      id,
      tokenHash: tokenHash ?? newSessionToken(gate.accountId).hash,
      device,
      place,
      ...{ coordinates: null, network: null, client: null, binding: null, ...told },
      method,
      lifetimeMs: LIFETIME_MS,
      isFresh: true,
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    ends: [],
    idleMs: IDLE_MS,
    rule: RULE,
    ...rest,
  };
}

type In = Extract<Admitted, { kind: 'admitted' }> & { readonly token: TokenRef };

async function signIn(store: Store, gate: Gate, given: AdmitGiven = {}): Promise<In> {
  const request = admission(gate, given);
  const outcome = await store.sessions.admit(request);
  assert.equal(outcome.kind, 'admitted');
  const token = { accountId: gate.accountId, hash: request.session.tokenHash };
  return { ...(outcome as Extract<Admitted, { kind: 'admitted' }>), token };
}

type Adding = Parameters<Store['credentials']['add']>[0];

/** Adds a credential, by nobody's session and voiding nothing unless said. */
async function adding(
  store: Store,
  accountId: number,
  credential: Partial<NewCredential> & Pick<NewCredential, 'id' | 'kind' | 'data'>,
  given: Partial<Adding> = {},
): Promise<Voided | Over | CredentialRefused | null> {
  return await store.credentials.add({
    accountId,
    ...{ by: null, provenAt: null, replaces: [], voids: false, kept: null, outbox: [] },
    credentials: [{ label: '', ...credential }],
    ...given,
  });
}

async function addCredential(...given: Parameters<typeof adding>): Promise<void> {
  const added = await adding(...given);
  assert.ok(added !== null && 'record' in added);
}

async function stateOf(store: Store, { token }: In): Promise<Session['ending']> {
  const found = await store.sessions.find(token);
  assert.ok(found !== null, 'the session is gone');
  return found.session.ending;
}

/** Starts all at once, over two connections, and waits for every outcome. */
async function atOnce<T>(
  world: World,
  times: number,
  work: (store: Store, turn: number) => Promise<T>,
): Promise<readonly T[]> {
  const stores = [world.store, await world.connect()] as const;
  return await Promise.all(Array.from({ length: times }, (_, turn) => work(stores[turn % 2] ?? world.store, turn)));
}

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

const cases: Record<string, (world: World) => Promise<void>> = {
  async 'an account is found by its number, its username and its address'({ store }) {
    const { account } = await makeAccount(store, { username: 'Ann', usernameKey: 'ann', email: address('Ann@x.test') });
    for (const found of [
      await store.accounts.find(account.id),
      await store.accounts.findByUsername('ann'),
      (await store.accounts.findByEmail('ann@x.test'))[0],
    ]) {
      assert.equal(found?.account.username, 'Ann');
      assert.equal(found?.account.email, 'Ann@x.test');
      assert.deepEqual(found?.gate, firstGate(account.id, []));
    }
    assert.equal(await store.accounts.find(account.id + 1000), null);
    assert.equal(await store.accounts.findByUsername('nobody'), null);
    assert.deepEqual(await store.accounts.findByEmail('nobody@x.test'), []);
  },

  async 'of fifty accounts made at once with one username, one is made'(world) {
    const outcomes = await atOnce(world, 50, (store) => store.accounts.create(newAccount({ usernameKey: 'one' })));
    assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'username_taken').length, 49);
  },

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

  async 'an account is made wholly or not at all'({ store }) {
    const { account } = await makeAccount(store, { username: 'x', usernameKey: 'x' });
    const verification = link({ purpose: 'verify-email', hash: secret(7), data: 'b@x.test' });
    const outbox = [{ topic: 'mail', payload: secret(5) }] as const;
    const refused = await store.accounts.create(
      newAccount({ usernameKey: 'x', email: address('b@x.test'), link: verification, outbox }),
    );
    assert.equal(refused.kind, 'username_taken');
    assert.deepEqual(await store.accounts.findByEmail('b@x.test'), []);
    assert.deepEqual(await store.outbox.page(10), []);
    assert.equal(await store.accounts.verifyEmail(secret(7)), null);
    assert.equal((await store.accounts.find(account.id))?.account.username, 'x');
  },

  async 'an invitation opens one sign-up, however many come with it at once'(world) {
    const invitation = link({ purpose: 'invitation', hash: secret(4), data: '{}' });
    await world.store.once.put(invitation);
    assert.equal(await world.store.once.peek(invitation), '{}');
    const outcomes = await atOnce(world, 20, (store) =>
      store.accounts.create(newAccount({ invitation: invitation.hash })),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'invitation_void').length, 19);
    assert.equal(await world.store.once.peek(invitation), null);
  },

  async 'a profile change that takes a taken name changes nothing at all'({ store }) {
    const { account } = await makeAccount(store, { username: 'me', usernameKey: 'me' });
    await makeAccount(store, { username: 'you', usernameKey: 'you' });
    const taken = await store.accounts.updateProfile({
      id: account.id,
      by: null,
      username: { name: 'You', key: 'you' },
      firstName: 'F',
    });
    assert.equal(taken, 'username_taken');
    assert.equal((await store.accounts.find(account.id))?.account.firstName, '');
    const changed = await store.accounts.updateProfile({
      id: account.id,
      by: null,
      username: { name: 'ME', key: 'me' },
      profile: { from: {}, to: { a: [1] } },
    });
    assert.ok(typeof changed === 'object' && changed !== null && 'account' in changed);
    assert.equal(changed.account.username, 'ME');
    assert.deepEqual(changed.account.profile, { a: [1] });
    assert.equal(await store.accounts.updateProfile({ id: account.id + 1000, by: null }), null);
  },

  async 'of two changes of extra fields made from the same ones, the second is told so and changes nothing'({ store }) {
    const { account } = await makeAccount(store);
    const { id } = account;
    await store.accounts.updateProfile({ id, by: null, profile: { from: account.profile, to: { b: 1, 2: 'x' } } });
    const late = { id, by: null, firstName: 'F', profile: { from: account.profile, to: { c: 1 } } };
    assert.equal(await store.accounts.updateProfile(late), 'profile_moved');
    const found = (await store.accounts.find(id))?.account;
    assert.deepEqual([found?.firstName, found?.profile], ['', { b: 1, 2: 'x' }]);
    const again = { ...late, profile: { from: found?.profile ?? {}, to: { c: 1 } } };
    assert.equal(typeof (await store.accounts.updateProfile(again)), 'object');
  },

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

  async 'an account is made with its credentials or not at all; of several at once with one of them one is'(world) {
    const { store } = world;
    const social = (of: number) =>
      ({ id: `social-${of}`, kind: 'social', label: 'a@x.test', data: secret(of) }) as const;
    const given = { password: null, credentials: [social(1), social(2)] };
    const { account } = await makeAccount(store, given);
    const { credentials } = await store.credentials.list(account.id);
    assert.deepEqual(credentials.map(({ id }) => id).sort(), ['social-1', 'social-2']);
    assert.deepEqual(credentials[0]?.createdAt, world.clock());
    const taken = newAccount({ credentials: [social(3), social(2)], email: address('taken@x.test') });
    assert.deepEqual(await store.accounts.create(taken), { kind: 'credential_taken' });
    assert.equal(await store.accounts.findByUsername(taken.usernameKey), null);
    assert.equal(await store.credentials.find('social-3'), null);
    assert.deepEqual(await store.accounts.findByEmail('taken@x.test'), []);
    const made = await atOnce(world, 6, (other) =>
      // Who comes while another is at it may be told to try again, as by any store that is busy.
      other.accounts.create(newAccount({ credentials: [social(4)] })).catch(() => null),
    );
    assert.equal(made.filter((one) => one?.kind === 'created').length, 1);
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
      const { account, gate } = await makeAccount(store, { email: address(`u${made}@x.test`, true) });
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
      const { account, gate } = await makeAccount(store, { email: address(`e${made}@x.test`, true) });
      const { session: by } = await signIn(store, gate);
      const hash = secret(80 + at);
      await beginChange(store, { id: account.id, by, to: `n${made}@x.test`, hash });
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
      const { account, gate } = await makeAccount(store, { email: address(`o${made}@x.test`, true) });
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

  async 'a thing usable once is spent once, in its time and for its purpose'(world) {
    const { store, clock } = world;
    const item = link({ purpose: 'invitation', data: 'data' });
    await store.once.put(item);
    assert.equal(await store.once.spend({ purpose: 'verify-email', hash: item.hash }), null);
    const outcomes = await atOnce(world, 20, (other) => other.once.spend(item));
    assert.deepEqual(
      outcomes.filter((data) => data !== null),
      ['data'],
    );
    await store.once.put(link({ hash: secret(2) }));
    clock.advance(HOUR_MS);
    assert.equal(await store.once.spend(link({ hash: secret(2) })), null);
    assert.equal(await store.once.purge(10), 1);
    assert.equal(await store.once.purge(10), 0);
  },

  async 'B5: of any number at once no more than the limit are within it'(world) {
    const rate = { key: 'k', limit: 10, windowMs: HOUR_MS };
    const outcomes = await atOnce(world, 100, (store) => store.counters.take([rate]));
    const within = outcomes.flat().filter(({ isWithin }) => isWithin).length;
    assert.equal(within, 10);
    const [over] = outcomes.flat().filter(({ isWithin }) => !isWithin);
    assert.equal(over?.retryAfterMs, HOUR_MS);
  },

  async 'a counter gives room back, is cleared, and begins anew after its window'({ store, clock }) {
    const rate = { key: 'k', limit: 2, windowMs: HOUR_MS };
    const take = async (): Promise<boolean | undefined> => (await store.counters.take([rate]))[0]?.isWithin;
    assert.deepEqual([await take(), await take(), await take(), await take()], [true, true, false, false]);
    await store.counters.settle({ giveBack: ['k', 'k', 'nobody'] });
    assert.deepEqual([await take(), await take()], [true, false], 'what was over the limit counts once');
    clock.advance(HOUR_MS - 1);
    assert.equal(await take(), false);
    clock.advance(1);
    assert.deepEqual([await take(), await take(), await take()], [true, true, false]);
    await store.counters.settle({ clear: ['k'] });
    assert.equal(await take(), true);
    clock.advance(HOUR_MS);
    await store.counters.settle({ giveBack: ['k'] });
    assert.equal(await store.counters.purge(10), 1);
  },

  async 'P6: a window that a wrong clock began ahead is over when it is put right'({ store, clock }) {
    const take = async (): Promise<boolean | undefined> =>
      (await store.counters.take([{ key: 'k', limit: 1, windowMs: HOUR_MS }]))[0]?.isWithin;
    assert.equal(await take(), true);
    assert.equal(await take(), false);
    clock.advance(365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
    clock.advance(-365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
  },

  async 'M9: of twenty who show the same at once one is the first, on whatever node'(world) {
    const { store, clock } = world;
    const mark = { hash: secret(1), lifetimeMs: HOUR_MS };
    const outcomes = await atOnce(world, 20, (other) => other.marks.add(mark));
    assert.equal(outcomes.filter((isNew) => isNew).length, 1);
    assert.equal(await (await world.connect()).marks.add(mark), false, 'who comes later knows of it');
    assert.equal(await store.marks.add({ ...mark, hash: secret(2) }), true);
    clock.advance(HOUR_MS - 1);
    assert.equal(await store.marks.add(mark), false);
    clock.advance(1);
    assert.deepEqual([await store.marks.add(mark), await store.marks.add(mark)], [true, false]);
  },

  async 'M9: what was marked stays marked when the clock goes back'({ store, clock }) {
    const mark = { hash: secret(1), lifetimeMs: HOUR_MS };
    assert.equal(await store.marks.add(mark), true);
    clock.advance(-10 * HOUR_MS);
    assert.equal(await store.marks.add(mark), false);
    clock.advance(10 * HOUR_MS);
  },

  async 'M13: marks that are over make room, and no others'({ store, clock }) {
    for (const hours of [1, 2, 3]) await store.marks.add({ hash: secret(hours), lifetimeMs: hours * HOUR_MS });
    clock.advance(2 * HOUR_MS);
    await store.marks.purge(1);
    await store.marks.purge(10);
    assert.equal(await store.marks.purge(10), 0);
    assert.equal(await store.marks.add({ hash: secret(3), lifetimeMs: HOUR_MS }), false);
    assert.equal(await store.marks.add({ hash: secret(2), lifetimeMs: HOUR_MS }), true);
  },

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

  async 'a setting is made once, however many make it at once'(world) {
    const values = await atOnce(world, 10, (store, turn) => store.settings.getOrSet('name', `value ${turn}`));
    assert.equal(new Set(values).size, 1);
    assert.equal(await world.store.settings.getOrSet('name', 'another'), values[0]);
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

export const conformance: readonly ConformanceCase[] = Object.entries({
  ...cases,
  ...historyCases,
  ...limitCases,
  ...approvalCases,
  ...defenceCases,
  ...exchangeCases,
  ...deviceCases,
  ...importCases,
}).map(([name, run]) => ({ name, run }));

/** Which sessions a change ended. */
function endedBy(done: Voided | Over | CredentialRefused | null): readonly string[] {
  assert.ok(done !== null && 'ended' in done);
  return done.ended.map(({ id }) => id);
}
