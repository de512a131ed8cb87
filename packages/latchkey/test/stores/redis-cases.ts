/** What the Redis store must do on every kind of deployment, as cases that each run in a world of their own. */
import assert from 'node:assert/strict';
import { newSessionId } from '../../src/crypto/token.ts';
import { type Gate, voidedGate } from '../../src/model/account.ts';
import { UNKNOWN_DEVICE } from '../../src/model/device.ts';
import type { StreamEntry } from '../../src/stores/redis/history.ts';
import { BUCKETS, bucketOf } from '../../src/stores/redis/keys.ts';
import type { RedisStore } from '../../src/stores/redis/store.ts';
import {
  admission,
  atOnce,
  DEVICE,
  endingOf,
  HOUR_MS,
  IDLE_MS,
  LIFETIME_MS,
  liveOf,
  newGate,
  RULE,
  secret,
  signIn,
  type World,
} from './redis-parts.ts';

const PHONE = { id: 'phone', class: 'mobile', name: 'Safari on iPhone' } as const;
const KEY = { kind: 'dbsc', id: 'b', key: '{"kty":"EC"}', algorithm: 'ES256' } as const;

export const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  async 'a sign-in is found by its token, with everything that was said of it'({ store, clock }) {
    const gate = newGate({ roles: ['editor', 'née “x”'], revision: 7, validFrom: 3 });
    const told = { client: 'app', binding: KEY };
    const { session, token } = await signIn(store, gate, { device: PHONE, place: 'Vienna, Austria', told });
    const found = await store.sessions.find(token);
    assert.deepEqual(found, { session, now: clock() });
    assert.deepEqual(
      { ...session, id: '' },
      {
        id: '',
        accountId: gate.accountId,
        sequence: 1,
        device: PHONE,
        place: 'Vienna, Austria',
        ...told,
        method: 'password',
        openedAt: clock(),
        authenticatedAt: clock(),
        seenAt: clock(),
        expiresAt: clock() + LIFETIME_MS,
        openedRevision: 7,
        roles: ['editor', 'née “x”'],
        ending: null,
      },
    );
    assert.equal(await store.sessions.find({ ...token, hash: secret(3) }), null);
    const { session: plain } = await signIn(store, newGate());
    assert.deepEqual([plain.place, plain.device.id, plain.roles], [null, null, []]);
    assert.deepEqual([plain.client, plain.binding], [null, null]);
  },

  async 'F-1, F-2: of fifty sign-ins at once exactly N stay in, those with the highest sequences'(world) {
    for (const max of [1, 3]) {
      const gate = newGate();
      const all = await atOnce(world, 50, (store) => signIn(store, gate, { max }));
      const live = await liveOf(world.store, gate);
      assert.deepEqual(
        live.map(({ sequence }) => sequence),
        max === 1 ? [50] : [50, 49, 48],
      );
      assert.deepEqual(new Set(all.map(({ session }) => session.sequence)).size, 50);
      const displaced = all.flatMap((one) => one.displaced.map(({ id }) => id));
      assert.equal(new Set(displaced).size, 50 - max);
      assert.equal(displaced.length, 50 - max, 'each is displaced once');
    }
  },

  async 'a displaced session keeps why, when and by what'({ store, clock }) {
    const gate = newGate();
    const first = await signIn(store, gate);
    clock.advance(1000);
    const second = await signIn(store, gate, { device: PHONE });
    const ending = {
      reason: 'displaced',
      at: clock(),
      by: { name: PHONE.name, class: 'mobile' },
      bySession: second.session.id,
    };
    assert.deepEqual(await endingOf(store, first), ending);
    assert.deepEqual(
      second.displaced.map((session) => session.ending),
      [ending],
    );
    assert.equal(await endingOf(store, second), null);
  },

  async 'F-26: the same device takes its own place again, and displaces nobody else'({ store }) {
    const gate = newGate();
    const other = await signIn(store, gate, { max: 2 });
    const first = await signIn(store, gate, { max: 2, device: PHONE });
    const again = await signIn(store, gate, { max: 2, device: PHONE });
    assert.deepEqual(
      again.replaced.map(({ id }) => id),
      [first.session.id],
    );
    assert.deepEqual(again.displaced, []);
    assert.equal(await endingOf(store, other), null);
    assert.equal((await endingOf(store, first))?.reason, 'displaced');
  },

  async 'F-8: what has expired or fallen idle holds no place, and does not come back'({ store, clock }) {
    const gate = newGate();
    const idle = await signIn(store, gate, { max: 2 });
    clock.advance(IDLE_MS);
    const next = await signIn(store, gate, { max: 1 });
    assert.deepEqual(next.displaced, []);
    assert.equal((await endingOf(store, idle))?.reason, 'expired');
    assert.deepEqual(
      (await liveOf(store, gate)).map(({ id }) => id),
      [next.session.id],
    );
  },

  async 'P6: what a wrong clock opened further ahead than it may live holds no place'({ store, clock }) {
    const gate = newGate();
    clock.advance(LIFETIME_MS + 1);
    const ahead = await signIn(store, gate);
    clock.advance(-LIFETIME_MS - 1);
    const next = await signIn(store, gate);
    assert.deepEqual(next.displaced, []);
    assert.equal((await endingOf(store, ahead))?.reason, 'expired');
  },

  async 'F-9: a lowered limit brings an account down in one step'({ store }) {
    const gate = newGate();
    const many = [];
    for (let turn = 0; turn < 5; turn++) many.push(await signIn(store, gate, { max: 'unlimited' }));
    const last = await signIn(store, gate, { max: 2 });
    assert.deepEqual(
      last.displaced.map(({ id }) => id),
      many.slice(0, 4).map(({ session }) => session.id),
    );
    assert.equal((await liveOf(store, gate)).length, 2);
  },

  async 'an admission that is asked for twice happens once, and says the same'(world) {
    const gate = newGate();
    await signIn(world.store, gate, { max: 3, device: PHONE });
    await signIn(world.store, gate, { max: 3 });
    const request = admission(gate, { max: 1, device: PHONE });
    const results = await atOnce(world, 10, (store) => store.sessions.admit(request));
    for (const result of results) assert.deepEqual(result, results[0]);
    const [first] = results;
    assert.ok(first?.kind === 'admitted');
    assert.deepEqual([first.replaced.length, first.displaced.length], [1, 1]);
    assert.equal(first.session.sequence, 3);
    assert.equal((await liveOf(world.store, gate)).length, 1);
    const entries = await historyOf(world.store, gate);
    assert.equal(entries.filter(({ kind }) => kind === 'session_opened').length, 3);
  },

  async 'F-39: a node that follows another rule admits nobody, whatever the account'({ store, connect }) {
    const [first, other] = [newGate(), newGate()];
    assert.equal(await store.sessions.ruleInForce(), null);
    await store.sessions.setRule(RULE);
    assert.equal(await store.sessions.ruleInForce(), RULE);
    await signIn(store, first);
    await (await connect()).sessions.setRule('a newer rule');
    for (const gate of [first, other]) {
      const refused = await store.sessions.admit(admission(gate));
      assert.deepEqual(refused, { kind: 'rule_mismatch', inForce: 'a newer rule' });
      assert.equal((await store.sessions.admit(admission(gate, { rule: 'a newer rule' }))).kind, 'admitted');
    }
  },

  async 'F-39: of rules put in force at once one is in force everywhere'(world) {
    for (let round = 0; round < 3; round++) {
      await atOnce(world, 4, (store, turn) => store.sessions.setRule(`rule ${turn}`));
      const inForce = await world.store.sessions.ruleInForce();
      const admitted = await Promise.all(
        Array.from(
          { length: 200 },
          async () => await world.store.sessions.admit(admission(newGate(), { rule: inForce ?? '' })),
        ),
      );
      assert.deepEqual(new Set(admitted.map(({ kind }) => kind)), new Set(['admitted']));
    }
  },

  async 'a gate that was handed over ends what it leaves outside, spares one, and shows its roles'({ store, clock }) {
    const gate = newGate({ roles: ['a'] });
    const [kept, other] = [await signIn(store, gate, { max: 3 }), await signIn(store, gate, { max: 3 })];
    clock.advance(1000);
    const voided = { ...voidedGate(gate, { reason: 'password_changed', kept: kept.session.id }), roles: ['b'] };
    const ended = await store.sessions.raise(voided);
    assert.deepEqual(
      ended.map(({ id, ending }) => [id, ending]),
      [[other.session.id, { reason: 'password_changed', at: clock(), by: null, bySession: null }]],
    );
    assert.equal(await endingOf(store, kept), null);
    assert.deepEqual((await store.sessions.find(kept.token))?.session.roles, ['b']);
    assert.deepEqual((await store.sessions.find(other.token))?.session.roles, ['a'], 'what ended stays as it was');
  },

  async 'a gate may be lost, repeated or overtaken: the highest revision holds'({ store }) {
    const gate = newGate();
    const first = await signIn(store, gate, { max: 'unlimited' });
    const second = voidedGate(gate, { reason: 'password_changed', kept: null });
    const third = voidedGate(second, { reason: 'revoked', kept: null });
    assert.deepEqual((await store.sessions.raise(third)).length, 1, 'the second one was lost, and is not needed');
    assert.equal((await endingOf(store, first))?.reason, 'revoked');
    const inside = await signIn(store, third);
    assert.deepEqual(await store.sessions.raise(third), [], 'repeated');
    assert.deepEqual(await store.sessions.raise(second), [], 'overtaken');
    assert.deepEqual(await store.sessions.raise(gate), []);
    assert.equal(await endingOf(store, inside), null);
    assert.deepEqual(await store.sessions.admit(admission(second)), { kind: 'void', why: 'proof_void' });
    assert.deepEqual(await store.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
  },

  async 'a sign-in that brings a newer gate hands it over first'({ store }) {
    const gate = newGate();
    const before = await signIn(store, gate, { max: 'unlimited' });
    const voided = voidedGate(gate, { reason: 'password_changed', kept: null });
    const after = await signIn(store, voided, { max: 'unlimited' });
    assert.equal((await endingOf(store, before))?.reason, 'password_changed');
    assert.deepEqual(after.displaced, []);
    const suspended = {
      ...voidedGate(voided, { reason: 'account_disabled', kept: null }),
      state: 'suspended',
    } as const;
    const refused = await store.sessions.admit(admission(suspended));
    assert.deepEqual(refused, { kind: 'void', why: 'account_disabled' });
    assert.equal((await endingOf(store, after))?.reason, 'account_disabled', 'the gate holds all the same');
  },

  async 'L17: sign-ins that race a gate leave nobody in who proved themselves before it'(world) {
    const gate = newGate();
    const voided = voidedGate(gate, { reason: 'password_changed', kept: null });
    await atOnce(world, 40, async (store, turn) => {
      if (turn === 20) await store.sessions.raise(voided);
      else await store.sessions.admit(admission(gate, { max: 'unlimited' }));
    });
    assert.deepEqual(await liveOf(world.store, gate), []);
    assert.equal((await world.store.sessions.admit(admission(gate))).kind, 'void');
  },

  async 'a closed account’s devices lose their names and keys, and its sessions still say why they ended'({ store }) {
    const gate = newGate();
    const device = { id: 'd', class: 'web', name: 'Firefox on the owner’s own laptop' } as const;
    const before = await signIn(store, gate, { device, place: 'Graz', told: { binding: KEY } });
    const after = await signIn(store, gate, { device: { ...device, id: 'e' }, place: 'Linz' });
    const closed = { ...voidedGate(gate, { reason: 'account_disabled', kept: null }), state: 'closed' } as const;
    await store.sessions.raise(closed);
    const found = [await store.sessions.find(before.token), await store.sessions.find(after.token)];
    assert.deepEqual(
      found.map((one) => one?.session.ending?.reason),
      ['displaced', 'account_disabled'],
    );
    assert.doesNotMatch(JSON.stringify(found), /Firefox|Graz|Linz|dbsc|"[de]"/);
    assert.equal(found[0]?.session.ending?.by?.name, UNKNOWN_DEVICE.name);
    assert.equal(found[1]?.session.ending?.by, null);
  },

  async 'F-4, F-7: what ended stays ended, and touches nobody'({ store, clock }) {
    const gate = newGate();
    const [mine, other] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    const ask = { accountId: gate.accountId, sessionId: mine.session.id, by: null, reason: 'signed_out' } as const;
    const ended = await store.sessions.end(ask);
    assert.ok(ended !== null && 'session' in ended && ended.isEndedNow);
    clock.advance(1000);
    const again = await store.sessions.end({ ...ask, reason: 'revoked' });
    assert.ok(again !== null && 'session' in again && !again.isEndedNow);
    assert.deepEqual(again.session.ending, ended.session.ending);
    assert.equal(await store.sessions.end({ ...ask, accountId: newGate().accountId }), null);
    assert.equal(await store.sessions.end({ ...ask, sessionId: newSessionId() }), null);
    assert.equal(await endingOf(store, other), null);
  },

  async 'F-4, P3: a session that is over changes nothing, however little before it ended'({ store }) {
    const gate = newGate();
    const [mine, other] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    const { accountId } = gate;
    const byMine = { accountId, sessionId: other.session.id, by: mine.session, reason: 'revoked' } as const;
    assert.deepEqual(await store.sessions.overOf(mine.session, accountId), null);
    await store.sessions.end({ ...byMine, sessionId: mine.session.id, reason: 'signed_out' });
    assert.deepEqual(await store.sessions.end(byMine), { over: 'signed_out' });
    assert.equal(await endingOf(store, other), null);
    assert.deepEqual(await store.sessions.overOf(mine.session, accountId), { over: 'signed_out' });
    assert.deepEqual(await store.sessions.overOf({ id: newSessionId(), openedRevision: 1 }, accountId), {
      over: 'expired',
    });
    assert.equal(await store.sessions.overOf(null, accountId), null);
    assert.deepEqual(await store.sessions.end({ ...byMine, by: { id: newSessionId(), openedRevision: 1 } }), {
      over: 'expired',
    });
    const own = await store.sessions.end({ ...byMine, sessionId: mine.session.id });
    assert.ok(own !== null && 'session' in own && !own.isEndedNow, 'its own end, asked for twice, was done');
  },

  async 'F-5, L24: a touch moves live sessions alone, and brings nothing back'({ store, clock }) {
    const gate = newGate();
    const [ended, live] = [await signIn(store, gate, { max: 2 }), await signIn(store, gate, { max: 2 })];
    const gone = { accountId: gate.accountId, hash: secret(9) };
    const tokens = [ended.token, live.token, gone, { accountId: null, hash: secret(8) }];
    await store.sessions.end({ accountId: gate.accountId, sessionId: ended.session.id, by: null, reason: 'revoked' });
    clock.advance(HOUR_MS);
    await store.sessions.touch({ tokens, idleMs: IDLE_MS });
    const seen = async (of: typeof live) => (await store.sessions.find(of.token))?.session.seenAt;
    assert.equal(await seen(live), clock());
    assert.equal(await seen(ended), clock() - HOUR_MS);
    assert.equal(await store.sessions.find(gone), null);
    clock.advance(-1);
    await store.sessions.touch({ tokens, idleMs: IDLE_MS });
    assert.equal(await seen(live), clock() + 1, 'never back');
    clock.advance(IDLE_MS + 1);
    await store.sessions.touch({ tokens, idleMs: IDLE_MS });
    assert.equal(await seen(live), clock() - IDLE_MS, 'who fell idle stays so');
  },

  async 'F-6: every session that has not ended is in the list, the newest first'({ store, clock }) {
    const gate = newGate();
    const all = [];
    for (let turn = 0; turn < 4; turn++) all.push(await signIn(store, gate, { max: 'unlimited' }));
    await store.sessions.end({
      accountId: gate.accountId,
      sessionId: all[1]?.session.id ?? '',
      by: null,
      reason: 'revoked',
    });
    const { sessions, now } = await store.sessions.list(gate.accountId);
    assert.deepEqual(
      sessions.map(({ sequence }) => sequence),
      [4, 3, 1],
    );
    assert.equal(now, clock());
    assert.deepEqual(await liveOf(store, newGate()), []);
  },

  async 'P12: what is purged is over, and gone'({ store, clock }) {
    const gates = Array.from({ length: 100 }, () => newGate());
    const ended = await Promise.all(gates.map((gate) => signIn(store, gate)));
    const live = await Promise.all(gates.map((gate) => signIn(store, gate)));
    const purge = (limit = 1000) => store.sessions.purge({ keepMs: HOUR_MS, limit });
    assert.equal(await purge(), 0);
    clock.advance(HOUR_MS);
    assert.equal(await purge(30), 30);
    assert.equal(await purge(), 70);
    assert.equal(await purge(), 0);
    for (const { token } of ended) assert.equal(await store.sessions.find(token), null);
    for (const one of live) assert.equal(await endingOf(store, one), null);
    const [gate, first] = [gates[0] ?? newGate(), ended[0]?.session ?? assert.fail()];
    assert.deepEqual(await store.sessions.overOf(first, gate.accountId), { over: 'expired' });
    clock.advance(LIFETIME_MS);
    assert.equal(await purge(), 100, 'expired long enough ago');
    assert.deepEqual(await liveOf(store, gate), []);
    assert.equal((await signIn(store, gate)).session.sequence, 3, 'what was counted stays counted');
  },

  async 'a token that names no account is found by a pointer, is displaced there, and is one account’s'(world) {
    const { store, clock } = world;
    const [mine, other] = [newGate(), newGate()];
    const imported = { tokenHash: secret(8), method: 'imported', max: 'unlimited' } as const;
    const token = { accountId: null, hash: secret(8) };
    const all = await atOnce(world, 4, (one) => signIn(one, mine, imported));
    assert.equal(new Set(all.map(({ session }) => session.id)).size, 1);
    assert.deepEqual(await store.sessions.find(token), { session: all[0]?.session, now: clock() });
    assert.equal(all[0]?.session.authenticatedAt, 0);
    assert.deepEqual(await store.sessions.admit(admission(other, imported)), { kind: 'token_used' });
    clock.advance(1000);
    await store.sessions.touch({ tokens: [token], idleMs: IDLE_MS });
    assert.equal((await store.sessions.find(token))?.session.seenAt, clock());
    await signIn(store, mine);
    assert.equal((await store.sessions.find(token))?.session.ending?.reason, 'displaced');
    assert.deepEqual(await store.sessions.admit(admission(mine, imported)), { kind: 'token_used' });
    clock.advance(HOUR_MS);
    assert.equal(await store.sessions.purge({ keepMs: HOUR_MS, limit: 10 }), 1);
    assert.equal(await store.sessions.find(token), null);
    assert.equal((await signIn(store, other, imported)).session.accountId, other.accountId, 'nobody has it any more');
  },

  async 'a pointer that leads to no session keeps nobody from bringing the token along'({ store }) {
    const refused = newGate({ state: 'suspended' });
    const imported = { tokenHash: secret(8), method: 'imported' } as const;
    assert.equal((await store.sessions.admit(admission(refused, imported))).kind, 'void');
    assert.equal(await store.sessions.find({ accountId: null, hash: secret(8) }), null);
    const other = newGate();
    await signIn(store, other, imported);
    const found = await store.sessions.find({ accountId: null, hash: secret(8) });
    assert.equal(found?.session.accountId, other.accountId);
  },

  async 'what happened to sessions waits in a stream, with all that history tells of it, until it is trimmed'({
    store,
    clock,
  }) {
    const gate = newGate();
    const told = { coordinates: { latitude: -0.1, longitude: 179.9 }, network: 'n', client: 'app', binding: KEY };
    const first = await signIn(store, gate, { device: PHONE, place: 'Graz', told });
    const again = await signIn(store, gate, { device: PHONE });
    const second = await signIn(store, gate);
    await store.sessions.raise(voidedGate(gate, { reason: 'revoked', kept: null }));
    const entries = await historyOf(store, gate);
    const written = entries.map(({ kind, sessionId, at, data }) => [kind, sessionId, at, JSON.parse(data)]);
    const opened = (of: typeof first, data: object) => [
      'session_opened',
      of.session.id,
      clock(),
      {
        ...{ method: 'password', sequence: of.session.sequence, device: PHONE.name, class: 'mobile', place: null },
        ...{ device_id: PHONE.id, client: null, network: null, lat: null, lon: null, ...data },
      },
    ];
    const ended = (of: typeof first, data: object) => [
      'session_ended',
      of.session.id,
      clock(),
      { reason: 'displaced', by: PHONE.name, by_class: 'mobile', by_session: again.session.id, ...data },
    ];
    assert.deepEqual(written, [
      opened(first, { place: 'Graz', client: 'app', network: 'n', lat: -0.1, lon: 179.9 }),
      ended(first, { replaced: 1 }),
      opened(again, {}),
      ended(again, { by: DEVICE.name, by_class: DEVICE.class, by_session: second.session.id }),
      opened(second, { device: DEVICE.name, class: DEVICE.class, device_id: null }),
      ended(second, { reason: 'revoked', by: null, by_class: null, by_session: null }),
    ]);
    const bucket = bucketOf(gate.accountId);
    const positions = entries.map(({ position }) => position);
    await store.history.remove({ bucket, positions: positions.slice(1, 4) });
    assert.deepEqual(await historyOf(store, gate), [entries[0], ...entries.slice(4)]);
    assert.equal((await store.history.read({ bucket, limit: 2 })).length, 2);
    await store.history.remove({ bucket, positions });
    assert.deepEqual(await historyOf(store, gate), []);
  },

  async 'M11, M20: of twenty keys at once a session is bound to one, and one that ended to none'(world) {
    const { store } = world;
    const gate = newGate();
    const [old, mine] = [await signIn(store, gate), await signIn(store, gate)];
    const { accountId } = gate;
    const bindings = Array.from({ length: 20 }, (_, at) => ({ kind: 'dpop', thumbprint: `key ${at}` }) as const);
    const outcomes = await atOnce(world, 20, (other, turn) =>
      other.sessions.bind({ by: mine.session, accountId, binding: bindings[turn] ?? KEY }),
    );
    const won = outcomes.filter((outcome) => outcome !== null);
    assert.equal(won.length, 1);
    assert.deepEqual((await store.sessions.find(mine.token))?.session, won[0]);
    const late = { by: old.session, accountId, binding: KEY };
    assert.deepEqual(await store.sessions.bind(late), { over: 'displaced' });
    assert.equal(await store.sessions.bind({ ...late, accountId: newGate().accountId }), null);
    await store.sessions.purge({ keepMs: -1, limit: 99 });
    assert.equal(await store.sessions.bind(late), null);
    assert.equal(await store.sessions.find(old.token), null, 'what is gone is not made again');
  },

  async 'B5: of any number at once no more than the limit are within it'(world) {
    const rates = ['k', 'another', 'a third'].map((key) => ({ key, limit: 10, windowMs: HOUR_MS }));
    const outcomes = await atOnce(world, 100, (store) => store.counters.take(rates));
    for (const outcome of outcomes)
      assert.deepEqual(
        outcome.map(({ key }) => key),
        rates.map(({ key }) => key),
      );
    assert.equal(outcomes.flat().filter(({ isWithin }) => isWithin).length, 30);
    assert.equal(outcomes.flat().find(({ isWithin }) => !isWithin)?.retryAfterMs, HOUR_MS);
  },

  async 'a counter gives room back, is cleared, and begins anew after its window'({ store, clock }) {
    const rate = { key: 'k{x}', limit: 2, windowMs: HOUR_MS };
    const take = async (): Promise<boolean | undefined> => (await store.counters.take([rate]))[0]?.isWithin;
    assert.deepEqual([await take(), await take(), await take(), await take()], [true, true, false, false]);
    await store.counters.settle({ giveBack: ['k{x}', 'k{x}', 'nobody'] });
    assert.deepEqual([await take(), await take()], [true, false], 'what was over the limit counts once');
    clock.advance(HOUR_MS - 1);
    assert.equal(await take(), false);
    clock.advance(1);
    assert.deepEqual([await take(), await take(), await take()], [true, true, false]);
    await store.counters.settle({ clear: ['k{x}'] });
    assert.equal(await take(), true);
    clock.advance(HOUR_MS);
    await store.counters.settle({ giveBack: ['k{x}'] });
    assert.equal(await store.counters.purge(10), 1);
    assert.equal(await store.counters.purge(10), 0);
  },

  async 'P6: a window that a wrong clock began ahead is over when it is put right'({ store, clock }) {
    const take = async (): Promise<boolean | undefined> =>
      (await store.counters.take([{ key: 'k', limit: 1, windowMs: HOUR_MS }]))[0]?.isWithin;
    assert.deepEqual([await take(), await take()], [true, false]);
    clock.advance(365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
    clock.advance(-365 * 24 * HOUR_MS);
    assert.deepEqual([await take(), await take()], [true, false]);
  },

  async 'without a clock that is handed in the server’s time counts'({ connectWithoutClock }) {
    const store = await connectWithoutClock();
    const gate = newGate();
    const before = Date.now();
    const { session, token } = await signIn(store, gate);
    assert.ok(Math.abs(session.openedAt - before) < 60_000, `${session.openedAt}`);
    const found = await store.sessions.find(token);
    assert.ok(found !== null && found.now >= session.openedAt && found.now < before + 60_000, `${found?.now}`);
  },

  async 'every account’s keys carry one of 64 hash tags, and neighbours lie apart'({ store }) {
    const counts = Array<number>(BUCKETS).fill(0);
    for (let account = 1; account <= 6400; account++) {
      const bucket = bucketOf(account);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    assert.ok(Math.min(...counts) >= 90 && Math.max(...counts) <= 110, `${counts}`);
    const far = newGate({ accountId: Number.MAX_SAFE_INTEGER });
    const { session } = await signIn(store, far);
    assert.equal(session.accountId, Number.MAX_SAFE_INTEGER);
  },

  async 'a store that was closed is unavailable, whatever is asked of it'({ connect }) {
    const other = await connect();
    await other.writable();
    await other.close();
    const gate = newGate();
    for (const asked of [
      () => other.writable(),
      () => other.sessions.find({ accountId: null, hash: secret(1) }),
      () => other.sessions.find({ accountId: 1, hash: secret(1) }),
      () => other.sessions.admit(admission(gate)),
      () => other.counters.take([{ key: 'k', limit: 1, windowMs: 1 }]),
    ]) {
      await assert.rejects(asked, { name: 'StoreUnavailable', message: 'The store is closed.' });
    }
  },
};

async function historyOf(store: RedisStore, gate: Gate): Promise<readonly StreamEntry[]> {
  const all = await store.history.read({ bucket: bucketOf(gate.accountId), limit: 1000 });
  return all.filter(({ accountId }) => accountId === gate.accountId);
}
