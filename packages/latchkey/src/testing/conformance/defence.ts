/** What every store must do for an account's owner against whoever knows their password: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { newSessionId, newSessionToken } from '../../crypto/token.ts';
import type { AccountId, Gate } from '../../model/account.ts';
import type { OnceRef } from '../../model/once.ts';
import type { Session } from '../../model/session.ts';
import type { DisownedSession } from '../../model/takeover.ts';
import type { Admit, NewOnce, Store } from '../../stores/store.ts';
import { atOnce, type Cases, HOUR_MS, type In, ids, openOf } from './world.ts';

let made = 0;

async function newGate(store: Store): Promise<Gate> {
  made++;
  const name = `defended${made}`;
  const address = `${name}@x.test`;
  const created = await store.accounts.create({
    ...{ username: name, usernameKey: name, email: { address, key: address, verified: true }, emailUnique: true },
    ...{ firstName: '', lastName: '', profile: {}, password: { hash: 'hash', scheme: 'scheme' } },
    ...{ state: 'active', roles: [], invitation: null, link: null, outbox: [] },
  });
  assert.ok(created.kind === 'created');
  return created.record.gate;
}

type Asked = Partial<Pick<Admit, 'holdsBack' | 'goesFirst' | 'spends' | 'whenFull'>> & {
  readonly max?: number;
  readonly device?: string;
};

function admission(gate: Gate, { max = 1, device = newSessionId(), ...rest }: Asked = {}): Admit {
  return {
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: device, class: 'web', name: 'Firefox on Windows' },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      ...{ method: 'password', lifetimeMs: 24 * HOUR_MS, isFresh: true },
    },
    ...{ gate, spends: [], limits: [{ bucket: 'account', max }], whenFull: 'displace', ends: [] },
    ...{ idleMs: 10 * HOUR_MS, rule: 'the rule' },
    ...rest,
  };
}

async function signIn(store: Store, gate: Gate, given: Asked = {}): Promise<In> {
  const request = admission(gate, given);
  const outcome = await store.sessions.admit(request);
  assert.ok(outcome.kind === 'admitted', outcome.kind);
  return { ...outcome, token: { accountId: gate.accountId, hash: request.session.tokenHash } };
}

/** Never the same twice. */
function newHash(): Uint8Array {
  made++;
  return newSessionToken(made).hash;
}

const ticket = (): OnceRef => ({ purpose: 'second-step', hash: newHash() });
const resetLink = (): NewOnce => ({ purpose: 'reset-password', hash: newHash(), lifetimeMs: HOUR_MS, data: '' });

/** Keeps a link by which a session is disowned; its hash. */
async function issued(store: Store, { accountId: account, id, openedAt }: Session): Promise<Uint8Array> {
  const data: DisownedSession = { account, session: id, since: openedAt };
  const link: NewOnce = { purpose: 'not-me', hash: newHash(), lifetimeMs: HOUR_MS, data: JSON.stringify(data) };
  await store.accounts.issueLinks({ links: [{ id: account, link }], outbox: [] });
  return link.hash;
}

const disown = (store: Store, id: AccountId, link: Uint8Array, reset = resetLink()) =>
  store.accounts.disownSession({ id, link, reset, outbox: [] });

async function addCredential(store: Store, accountId: AccountId, kind: 'totp' | 'passkey' | 'social'): Promise<void> {
  const data = newHash();
  const credentials = [{ id: `${kind}-${made}`, kind, label: '', data }];
  const added = store.credentials.add({
    ...{ accountId, by: null, provenAt: null, credentials, replaces: [], voids: false, kept: null, outbox: [] },
  });
  assert.ok((await added) !== null);
}

async function endingOf(store: Store, { token }: In): Promise<string | undefined> {
  return (await store.sessions.find(token))?.session.ending?.reason;
}

export const defenceCases: Cases = {
  async 'F-40: whoever holds back displaces nobody, comes in where nobody has to go, and has used up what it brought'({
    store,
  }) {
    for (const whenFull of ['displace', 'displace-least-recent'] as const) {
      const gate = await newGate(store);
      const rule = { max: 2, whenFull, holdsBack: true };
      const first = await signIn(store, gate, rule);
      const second = await signIn(store, gate, rule);
      const brought = ticket();
      await store.once.put({ ...brought, lifetimeMs: HOUR_MS, data: '' });
      const held = await store.sessions.admit(admission(gate, { ...rule, spends: [brought] }));
      assert.deepEqual(held, { kind: 'held' });
      assert.equal(await store.once.peek(brought), null);
      assert.deepEqual(await openOf(store, gate), ids([first.session, second.session]));
      const again = await signIn(store, gate, { ...rule, device: first.session.device.id ?? '' });
      assert.deepEqual([ids(again.replaced), again.displaced], [ids([first.session]), []]);
    }
  },

  async 'F-40: of fifty at once that hold back, as many come in as there are places, and nobody goes'(world) {
    const gate = await newGate(world.store);
    const before = await signIn(world.store, gate, { max: 3 });
    const held = { max: 3, holdsBack: true };
    const outcomes = await atOnce(world, 50, (store) => store.sessions.admit(admission(gate, held)));
    const inside = outcomes.filter(({ kind }) => kind === 'admitted');
    assert.deepEqual([inside.length, outcomes.filter(({ kind }) => kind === 'held').length], [2, 48]);
    assert.ok((await openOf(world.store, gate)).includes(before.session.id));
    assert.equal((await openOf(world.store, gate)).length, 3);
  },

  async 'P10: a device that comes back takes the place of whoever took its own, and of nobody else'({ store }) {
    for (const whenFull of ['displace', 'displace-least-recent'] as const) {
      const gate = await newGate(store);
      const rule = { max: 3, whenFull };
      const [, second, third] = [
        await signIn(store, gate, { ...rule, device: 'd1' }),
        await signIn(store, gate, { ...rule, device: 'd2' }),
        await signIn(store, gate, { ...rule, device: 'd3' }),
      ];
      const thief = await signIn(store, gate, { ...rule, device: 'thief' });
      const back = await signIn(store, gate, { ...rule, device: 'd1', goesFirst: 'thief' });
      assert.deepEqual(ids(back.displaced), ids([thief.session]));
      assert.deepEqual(await openOf(store, gate), ids([second.session, third.session, back.session]));
      const gone = await signIn(store, gate, { ...rule, device: 'd4', goesFirst: 'thief' });
      assert.deepEqual(ids(gone.displaced), ids([second.session]), 'who is not there goes for nobody');
    }
  },

  async 'P10, F-33: by the link of a mail its owner ends a session that is not theirs, once, and with it whatever came of it'({
    store,
    clock,
  }) {
    const gate = await newGate(store);
    const { accountId } = gate;
    await addCredential(store, accountId, 'totp');
    clock.advance(60_000);
    const owner = await signIn(store, gate, { max: 3 });
    const thief = await signIn(store, gate, { max: 3 });
    const [link, another] = [await issued(store, thief.session), await issued(store, thief.session)];
    await addCredential(store, accountId, 'passkey');
    await addCredential(store, accountId, 'social');
    const mailed = resetLink();
    await store.accounts.issueLinks({ links: [{ id: accountId, link: mailed }], outbox: [] });
    const stranger = await newGate(store);
    assert.equal(await disown(store, stranger.accountId, link), null, 'E7: another account’s');
    assert.equal(await disown(store, accountId, newHash()), null);

    const reset = resetLink();
    const done = await disown(store, accountId, link, reset);
    assert.deepEqual(ids(done?.ended ?? []).toSorted(), ids([owner.session, thief.session]).toSorted());
    assert.equal(done?.record.passwordHash, null, 'whoever was in knows the password');
    for (const one of [owner, thief]) assert.equal(await endingOf(store, one), 'revoked');
    const left = (await store.credentials.list(accountId)).credentials.map(({ kind }) => kind);
    assert.deepEqual(left, ['totp'], 'what its owner had before stays');
    assert.equal(await store.accounts.hasLink({ id: accountId, ...reset }), true);
    assert.equal(await store.accounts.hasLink({ id: accountId, ...mailed }), false);
    for (const used of [link, another]) assert.equal(await disown(store, accountId, used), null);
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    const history = await store.history.page({ accountId, before: null, limit: 20 });
    const noted = history.find(({ kind }) => kind === 'session_disowned');
    assert.deepEqual(noted?.data, { session: thief.session.id });
    const [change] = await store.sessions.changesOf({ accountId, after: 0, limit: 20 });
    assert.equal(change?.kind, 'opened', 'it is no change of a session');
    assert.equal((await store.sessions.changesOf({ accountId, after: 0, limit: 20 })).length, 4);
  },

  async 'E1, L22: of twenty uses of one such link at once one is in time'(world) {
    const gate = await newGate(world.store);
    const { session } = await signIn(world.store, gate);
    const link = await issued(world.store, session);
    const done = await atOnce(world, 20, (store) => disown(store, gate.accountId, link));
    assert.equal(done.filter((one) => one !== null).length, 1);
  },

  async 'P10: such a link outlives what a thief does: a sign-out, a new password; it dies with a reset, a new address, its time'({
    store,
    clock,
  }) {
    const to = { hash: 'new', scheme: 'scheme' };
    const tries: readonly (readonly [isGood: boolean, work: (thief: In, id: AccountId) => Promise<unknown>])[] = [
      [
        true,
        ({ session }, accountId) =>
          store.sessions.end({ accountId, sessionId: session.id, by: null, reason: 'signed_out' }),
      ],
      [true, ({ session: by }, id) => store.accounts.changePassword({ id, by, kept: by.id, to, outbox: [] })],
      [true, (_, id) => store.accounts.signOutEverywhere({ id, by: null, kept: null })],
      [
        false,
        async (_, id) => {
          const link = resetLink();
          await store.accounts.issueLinks({ links: [{ id, link }], outbox: [] });
          return await store.accounts.resetPassword({ id, link: link.hash, to, outbox: [] });
        },
      ],
      [
        false,
        async ({ session: by }, id) => {
          const [hash, address] = [newHash(), `moved${id}@x.test`];
          const pending = { account: id, address, key: address, revision: 1, since: by.openedAt };
          const link: NewOnce = { purpose: 'change-email', hash, lifetimeMs: HOUR_MS, data: JSON.stringify(pending) };
          await store.accounts.beginEmailChange({ id, by, link, outbox: [] });
          return await store.accounts.confirmEmailChange({ id, link: hash, undo: null, outbox: [] });
        },
      ],
      [false, (_, id) => store.accounts.setState({ id, state: 'suspended' })],
      [false, async () => clock.advance(HOUR_MS) ?? true],
    ];
    for (const [at, [isGood, work]] of tries.entries()) {
      const gate = await newGate(store);
      const thief = await signIn(store, gate);
      const link = await issued(store, thief.session);
      assert.ok((await work(thief, gate.accountId)) !== null, `${at}`);
      assert.equal((await disown(store, gate.accountId, link)) !== null, isGood, `${at}`);
    }
  },
};
