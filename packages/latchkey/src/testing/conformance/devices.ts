/** What every store must do about the devices that accounts know: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { hashOfLinkSecret, newLinkSecret, newSessionId, newSessionToken } from '../../crypto/token.ts';
import type { Gate } from '../../model/account.ts';
import { MOST_DEVICES } from '../../model/device.ts';
import type { Session } from '../../model/session.ts';
import {
  type Admit,
  type Arrival,
  DEVICE_MAILS,
  DEVICE_MAILS_MS,
  type OutboxItem,
  type Store,
} from '../../stores/store.ts';
import { type Cases, LIFETIME_MS } from './world.ts';

let made = 0;

async function newGate(store: Store, email: string | null = null): Promise<Gate> {
  made++;
  const name = `device owner ${made}`;
  const created = await store.accounts.create({
    ...{ username: name, usernameKey: name, emailUnique: false, firstName: '', lastName: '', profile: {} },
    email: email === null ? null : { address: email, key: email, verified: false },
    ...{ password: { hash: 'hash', scheme: 'scheme' }, state: 'active', roles: [] },
    ...{ invitation: null, link: null, outbox: [] },
  });
  assert.ok(created.kind === 'created');
  return created.record.gate;
}

type Asked = Partial<Pick<Admit, 'arrival' | 'whenFull' | 'spends' | 'limits'>> & { readonly name?: string };

function admission(gate: Gate, device: string | null, { name = 'Firefox on Windows', ...given }: Asked = {}): Admit {
  return {
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: device, class: 'web', name },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      ...{ method: 'password', lifetimeMs: LIFETIME_MS, isFresh: true },
    },
    ...{ gate, spends: [], limits: [{ bucket: 'account', max: 'unlimited' }], whenFull: 'displace', ends: [] },
    ...{ idleMs: LIFETIME_MS, rule: 'the rule' },
    ...given,
  };
}

const item = (text: string): OutboxItem => ({ topic: 'mail', payload: new TextEncoder().encode(text) });

/** Two mails by which a case knows of what they tell. */
const arrivalOf = (device: string): Arrival => ({ mail: item(`mail ${device}`), last: item(`last ${device}`) });

async function signIn(store: Store, gate: Gate, device: string, given: Asked = {}): Promise<Session> {
  const outcome = await store.sessions.admit(admission(gate, device, { arrival: arrivalOf(device), ...given }));
  assert.ok(outcome.kind === 'admitted', outcome.kind);
  return outcome.session;
}

/** What its owner is told, once all that was opened is known of. */
async function toldOf(store: Store, { accountId }: Gate): Promise<readonly string[]> {
  await store.devices.list(accountId);
  const entries = await store.outbox.page(500);
  return entries.map(({ payload }) => new TextDecoder().decode(payload)).reverse();
}

async function idsOf(store: Store, { accountId }: Gate): Promise<readonly string[]> {
  return (await store.devices.list(accountId)).map(({ id }) => id);
}

async function label(store: Store, gate: Gate, session: Session, text: string | null) {
  const { accountId } = gate;
  const { id, ...kind } = session.device;
  assert.ok(id !== null);
  return await store.devices.label({ accountId, by: session, device: { id, ...kind }, label: text });
}

export const deviceCases: Cases = {
  async 'F-27: a device is known by its id from its first session on, when it was seen, and as what'({ store, clock }) {
    const gate = await newGate(store);
    await signIn(store, gate, 'one');
    clock.advance(60_000);
    await signIn(store, gate, 'two', { name: 'curl' });
    clock.advance(60_000);
    await signIn(store, gate, 'one', { name: 'Firefox on Linux' });
    const times = (await store.devices.list(gate.accountId)).map(({ firstSeenAt, lastSeenAt, ...about }) => ({
      ...about,
      apart: lastSeenAt - firstSeenAt,
    }));
    assert.deepEqual(times, [
      { id: 'one', class: 'web', name: 'Firefox on Linux', label: null, apart: 120_000 },
      { id: 'two', class: 'web', name: 'curl', label: null, apart: 0 },
    ]);
    assert.deepEqual(await store.devices.list((await newGate(store)).accountId), []);
  },

  async 'F-27: a key that came from elsewhere is of no device'({ store }) {
    const gate = await newGate(store);
    const outcome = await store.sessions.admit(admission(gate, null, { arrival: arrivalOf('nobody') }));
    assert.equal(outcome.kind, 'admitted');
    assert.deepEqual(await idsOf(store, gate), []);
    assert.deepEqual(await toldOf(store, gate), []);
  },

  async 'F-33: its owner is told of a device once, and not of the first that the account ever had'({ store }) {
    const gate = await newGate(store);
    await signIn(store, gate, 'first');
    await signIn(store, gate, 'second');
    await signIn(store, gate, 'second');
    await signIn(store, gate, 'third', { arrival: null });
    await signIn(store, gate, 'first');
    assert.deepEqual(await toldOf(store, gate), ['mail second']);
  },

  async 'F-33: a session before it makes a device no first one, whatever is known of that'({ store }) {
    const gate = await newGate(store);
    assert.equal((await store.sessions.admit(admission(gate, null))).kind, 'admitted');
    await signIn(store, gate, 'one');
    assert.deepEqual(await toldOf(store, gate), ['mail one']);
  },

  async 'F-33: it is told where a session opens: not where the account is full, and once where it is asked again'({
    store,
  }) {
    const gate = await newGate(store);
    await signIn(store, gate, 'first');
    const full = { limits: [{ bucket: 'account', max: 1 }], whenFull: 'refuse' } as const;
    const refused = admission(gate, 'second', { arrival: arrivalOf('second'), ...full });
    assert.equal((await store.sessions.admit(refused)).kind, 'full');
    const spent = { purpose: 'second-step', hash: hashOfLinkSecret('second-step', newLinkSecret()) } as const;
    const void_ = admission(gate, 'third', { arrival: arrivalOf('third'), spends: [spent] });
    assert.equal((await store.sessions.admit(void_)).kind, 'spent');
    assert.deepEqual(await idsOf(store, gate), ['first']);
    const again = admission(gate, 'fourth', { arrival: arrivalOf('fourth') });
    for (let turn = 0; turn < 3; turn++) assert.equal((await store.sessions.admit(again)).kind, 'admitted');
    assert.deepEqual(await toldOf(store, gate), ['mail fourth']);
  },

  async 'F-33: the link of such a mail says that this session was not its owner’s, and works where the mail went'({
    store,
  }) {
    const gate = await newGate(store);
    const disown = (device: string) => hashOfLinkSecret('not-me', `${gate.accountId} ${device}`);
    const told = (device: string) => ({ arrival: { ...arrivalOf(device), disown: disown(device) } });
    const peek = (device: string) => store.once.peek({ purpose: 'not-me', hash: disown(device) });
    await signIn(store, gate, 'first', told('first'));
    const { id: session, openedAt: since } = await signIn(store, gate, 'second', told('second'));
    assert.deepEqual(await toldOf(store, gate), ['mail second']);
    assert.equal(await peek('first'), null);
    assert.deepEqual(JSON.parse((await peek('second')) ?? ''), { account: gate.accountId, session, since });
    const used = { id: gate.accountId, link: disown('second'), outbox: [] };
    const reset = { purpose: 'reset-password', hash: disown('reset'), lifetimeMs: 60_000, data: '' } as const;
    assert.equal((await store.accounts.disownSession({ ...used, reset }))?.ended.length, 2);
    assert.equal(await peek('second'), null);
  },

  async 'F-33, F-40: a mail that another one makes needless is not sent, where the device takes the place of one'({
    store,
  }) {
    const gate = await newGate(store);
    const limits = [{ bucket: 'account', max: 2 }] as const;
    const told = (device: string) => ({ arrival: { ...arrivalOf(device), isToldOtherwise: true }, limits });
    await signIn(store, gate, 'first', told('first'));
    await signIn(store, gate, 'second', told('second'));
    await signIn(store, gate, 'third', told('third'));
    assert.deepEqual(await toldOf(store, gate), ['mail second']);
    await signIn(store, gate, 'fourth', { limits });
    assert.deepEqual(await toldOf(store, gate), ['mail second', 'mail fourth']);
    assert.equal((await idsOf(store, gate)).length, 4);
  },

  async 'F-33: of many new devices few are told of, then that there are more, and then none until an hour is over'({
    store,
    clock,
  }) {
    const gate = await newGate(store);
    await signIn(store, gate, 'first');
    const names = Array.from({ length: DEVICE_MAILS + 4 }, (_, at) => `new ${at}`);
    for (const name of names) await signIn(store, gate, name);
    const told = names.slice(0, DEVICE_MAILS).map((name) => `mail ${name}`);
    const bounded = [...told, `last new ${DEVICE_MAILS}`];
    assert.deepEqual(await toldOf(store, gate), bounded);
    clock.advance(DEVICE_MAILS_MS - 1);
    await signIn(store, gate, 'within');
    assert.deepEqual(await toldOf(store, gate), bounded);
    clock.advance(1);
    await signIn(store, gate, 'after');
    assert.deepEqual(await toldOf(store, gate), [...bounded, 'mail after']);
  },

  async 'F-33: of many at the same instant, too'(world) {
    const { store } = world;
    const gate = await newGate(store);
    await signIn(store, gate, 'first');
    const stores = [store, await world.connect()] as const;
    const names = Array.from({ length: 20 }, (_, at) => `new ${at}`);
    await Promise.all(names.map((name, at) => signIn(stores[at % 2] ?? store, gate, name)));
    const told = await toldOf(store, gate);
    assert.equal(told.length, DEVICE_MAILS + 1);
    assert.equal(told.filter((text) => text.startsWith('mail ')).length, DEVICE_MAILS);
    assert.equal((await idsOf(store, gate)).length, 21);
  },

  async 'an account knows so many devices, and forgets the one that was not seen for longest'({ store, clock }) {
    const gate = await newGate(store);
    for (let at = 0; at < MOST_DEVICES; at++) {
      clock.advance(1_000);
      await signIn(store, gate, `device ${at}`, { arrival: null });
    }
    clock.advance(1_000);
    await signIn(store, gate, 'device 0');
    clock.advance(1_000);
    await signIn(store, gate, 'newest');
    const known = await idsOf(store, gate);
    assert.equal(known.length, MOST_DEVICES);
    assert.deepEqual(known.slice(0, 2), ['newest', 'device 0']);
    assert.ok(!known.includes('device 1') && known.includes('device 2'));
  },

  async 'a label is of a device of one account: it lasts, is changed, and is taken away'({ store }) {
    const [gate, other] = [await newGate(store), await newGate(store)];
    const first = await signIn(store, gate, 'one');
    await signIn(store, other, 'one');
    assert.equal(await label(store, gate, first, 'Küche “1” \\ 🏠'), true);
    const second = await signIn(store, gate, 'one', { name: 'Firefox on Linux' });
    const labels = async (of: Gate) => (await store.devices.list(of.accountId)).map((device) => device.label);
    assert.deepEqual(await labels(gate), ['Küche “1” \\ 🏠']);
    assert.deepEqual(await labels(other), [null]);
    assert.equal(await label(store, gate, second, null), true);
    assert.deepEqual(await labels(gate), [null]);
    // One that is not known, because it was forgotten or is from before this was kept.
    const device = { id: 'elsewhere', class: 'web', name: 'Firefox on Windows' } as const;
    const labelling = { accountId: gate.accountId, by: second, device, label: 'a name' };
    assert.equal(await store.devices.label(labelling), true);
    assert.deepEqual((await labels(gate)).toSorted(), ['a name', null]);
  },

  async 'a label is not given by a session that has ended, nor to an account that is none'({ store }) {
    const gate = await newGate(store);
    const session = await signIn(store, gate, 'one');
    const ending = { accountId: gate.accountId, sessionId: session.id, by: null, reason: 'revoked' } as const;
    await store.sessions.end(ending);
    assert.deepEqual(await label(store, gate, session, 'a name'), { over: 'revoked' });
    const device = { id: 'one', class: 'web', name: 'curl' } as const;
    const nobodys = { accountId: gate.accountId + 1_000, by: null, device, label: 'a name' };
    assert.equal(await store.devices.label(nobodys), false);
    assert.deepEqual(await store.devices.list(nobodys.accountId), []);
    assert.deepEqual(
      (await store.devices.list(gate.accountId)).map((one) => one.label),
      [null],
    );
  },

  async 'devices go with their account, and with whoever made it with somebody else’s address'({ store }) {
    const gate = await newGate(store);
    await signIn(store, gate, 'one');
    await store.accounts.close({ id: gate.accountId, by: null });
    assert.deepEqual(await store.devices.list(gate.accountId), []);

    const email = `claimed${made}@mail.test`;
    const claimed = await newGate(store, email);
    const squatter = await signIn(store, claimed, 'squatter');
    await label(store, claimed, squatter, 'The owner’s own');
    const hash = hashOfLinkSecret('claim-email', newLinkSecret());
    const data = JSON.stringify({ account: claimed.accountId, address: email, key: email });
    const link = { purpose: 'claim-email', hash, lifetimeMs: LIFETIME_MS, data } as const;
    await store.accounts.issueLinks({ links: [{ id: claimed.accountId, link }], outbox: [] });
    const reset = { ...link, purpose: 'reset-password', hash: hashOfLinkSecret('reset-password', 'x') } as const;
    const done = await store.accounts.claimEmail({ id: claimed.accountId, link: hash, reset, outbox: [] });
    assert.notEqual(done, null);
    assert.deepEqual(await store.devices.list(claimed.accountId), []);
  },
};
