/** What every store must do where there are several limits, and where nobody goes for a newcomer: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { newSessionId, newSessionToken } from '../../crypto/token.ts';
import type { Gate } from '../../model/account.ts';
import { asPlace, type Bucket, decideAdmission, type Limit, type WhenFull } from '../../model/admission.ts';
import type { DeviceClass } from '../../model/device.ts';
import type { OnceRef } from '../../model/once.ts';
import type { Session, TokenRef } from '../../model/session.ts';
import type { Admit, Admitted, Store } from '../../stores/store.ts';
import type { TestClock } from '../clock.ts';
import { atOnce, type Cases, HOUR_MS, IDLE_MS, type In, ids, LIFETIME_MS, newGate, openOf } from './world.ts';

const MINUTE_MS = 60_000;

let made = 0;

type Asked = Partial<
  Pick<Admit, 'limits' | 'whenFull' | 'ends' | 'approvedBy' | 'spends' | 'holdsBack' | 'goesFirst'>
> & {
  readonly max?: Limit['max'];
  readonly device?: string | null;
  readonly class?: DeviceClass;
  readonly client?: string | null;
};

export function admission(gate: Gate, given: Asked = {}): Admit {
  const { max = 1, device = null, class: deviceClass = 'web', client = null, ...rest } = given;
  return {
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: device, class: deviceClass, name: 'Firefox on Windows' },
      ...{ place: null, coordinates: null, network: null, client, binding: null },
      ...{ method: 'password', lifetimeMs: LIFETIME_MS, isFresh: true },
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    ends: [],
    idleMs: IDLE_MS,
    rule: 'the rule',
    ...rest,
  };
}

type Full = Extract<Admitted, { kind: 'full' }>;

export async function signIn(store: Store, gate: Gate, given: Asked = {}): Promise<In> {
  const request = admission(gate, given);
  const outcome = await store.sessions.admit(request);
  assert.ok(outcome.kind === 'admitted', outcome.kind);
  return { ...outcome, token: { accountId: gate.accountId, hash: request.session.tokenHash } };
}

async function turnedAway(store: Store, gate: Gate, given: Asked): Promise<Full> {
  const outcome = await store.sessions.admit(admission(gate, given));
  assert.ok(outcome.kind === 'full', outcome.kind);
  return outcome;
}

async function newTicket(store: Store): Promise<OnceRef> {
  made++;
  const ref: OnceRef = { purpose: 'second-step', hash: new Uint8Array(32).fill(made % 250) };
  await store.once.put({ ...ref, lifetimeMs: HOUR_MS, data: '' });
  return ref;
}

export const limitCases: Cases = {
  async 'L5: of fifty sign-ins at once that displace nobody, one comes in to an account of one, and nobody goes'(
    world,
  ) {
    const gate = await newGate(world.store);
    const outcomes = await atOnce(world, 50, (store) => store.sessions.admit(admission(gate, { whenFull: 'refuse' })));
    const inside = outcomes.filter((outcome) => outcome.kind === 'admitted');
    const away = outcomes.filter((outcome) => outcome.kind === 'full');
    assert.deepEqual([inside.length, away.length], [1, 49]);
    for (const { among, least } of away)
      assert.deepEqual([ids(among), least], [ids(inside.map((one) => one.session)), 1]);
    assert.deepEqual(await openOf(world.store, gate), ids(inside.map((one) => one.session)));
    const [first] = inside;
    await world.store.sessions.end({
      ...{ accountId: gate.accountId, sessionId: first?.session.id ?? '', by: null, reason: 'signed_out' },
    });
    await signIn(world.store, gate, { whenFull: 'refuse' });
  },

  async 'F-8, P10: what is idle or expired holds no place, whatever happens when an account is full'({ store, clock }) {
    for (const whenFull of WHEN_FULL) {
      for (const hours of [IDLE_MS / HOUR_MS, LIFETIME_MS / HOUR_MS]) {
        const gate = await newGate(store);
        const before = await signIn(store, gate, { whenFull });
        clock.advance(hours * HOUR_MS);
        const after = await signIn(store, gate, { whenFull });
        assert.deepEqual([after.displaced, after.replaced], [[], []], `${whenFull} after ${hours} h`);
        const { ending } = (await store.sessions.find(before.token))?.session ?? {};
        assert.equal(ending?.reason, 'expired');
      }
    }
  },

  async 'F-26: a device takes its own place again in a full account, and nobody else does'({ store }) {
    for (const whenFull of ['refuse', 'ask', 'approve'] as const) {
      const gate = await newGate(store);
      const other = await signIn(store, gate, { max: 2, whenFull, device: 'd1' });
      const mine = await signIn(store, gate, { max: 2, whenFull, device: 'd2' });
      await turnedAway(store, gate, { max: 2, whenFull, device: 'd3' });
      const again = await signIn(store, gate, { max: 2, whenFull, device: 'd2' });
      assert.deepEqual([ids(again.replaced), again.displaced], [[mine.session.id], []]);
      assert.deepEqual(await openOf(store, gate), [other.session.id, again.session.id]);
    }
  },

  async 'L6: the least recently seen goes, in whole minutes, and of those alike the first in; touches at once are in order'(
    world,
  ) {
    const { store, clock } = world;
    const gate = await newGate(store);
    clock.advance(MINUTE_MS - (clock() % MINUTE_MS));
    const rule = { max: 3, whenFull: 'displace-least-recent' } as const;
    const [a, b, c] = [
      await signIn(store, gate, rule),
      await signIn(store, gate, rule),
      await signIn(store, gate, rule),
    ];
    clock.advance(5 * MINUTE_MS);
    await atOnce(world, 10, (other) => other.sessions.touch({ tokens: [a.token], idleMs: IDLE_MS }));
    clock.advance(30_000);
    await store.sessions.touch({ tokens: [c.token], idleMs: IDLE_MS });
    const d = await signIn(store, gate, rule);
    assert.deepEqual(ids(d.displaced), [b.session.id]);
    clock.advance(MINUTE_MS);
    // `a` and `c` were seen within one minute, `c` later in it: the sequence decides.
    const e = await signIn(store, gate, rule);
    assert.deepEqual(ids(e.displaced), [a.session.id]);
    assert.deepEqual(await openOf(store, gate), ids([c.session, d.session, e.session]));
  },

  async 'F-24, L13: whoever chooses ends what they chose among their own, and nothing else'({ store }) {
    const gate = await newGate(store);
    const stranger = await signIn(store, await newGate(store), { max: 1 });
    const rule = { max: 2, whenFull: 'ask' } as const;
    const [a, b] = [await signIn(store, gate, rule), await signIn(store, gate, rule)];
    const ended = await signIn(store, gate, { ...rule, max: 3 });
    await store.sessions.end({
      ...{ accountId: gate.accountId, sessionId: ended.session.id, by: null, reason: 'signed_out' },
    });
    const asked = await turnedAway(store, gate, rule);
    assert.deepEqual([ids(asked.among), asked.least], [ids([a.session, b.session]), 1]);
    for (const ends of [[], [stranger.session.id], [ended.session.id], ['ses_nobody', '']]) {
      const again = await turnedAway(store, gate, { ...rule, ends });
      assert.deepEqual(ids(again.among), ids([a.session, b.session]));
    }
    assert.equal((await store.sessions.find(stranger.token))?.session.ending, null);
    const inside = await signIn(store, gate, { ...rule, ends: [b.session.id, stranger.session.id] });
    assert.deepEqual(ids(inside.displaced), [b.session.id]);
    const { ending } = (await store.sessions.find(b.token))?.session ?? {};
    assert.deepEqual([ending?.reason, ending?.bySession], ['displaced', inside.session.id]);
    assert.deepEqual(await openOf(store, gate), ids([a.session, inside.session]));
    assert.equal((await store.sessions.find(stranger.token))?.session.ending, null);
  },

  async 'F-24: of twenty that choose at once with one ticket one comes in; a ticket is spent where the account is full again'(
    world,
  ) {
    const { store } = world;
    const gate = await newGate(store);
    const inside = await signIn(store, gate);
    const ticket = await newTicket(store);
    const chosen = { whenFull: 'ask', ends: [inside.session.id], spends: [ticket] } as const;
    const outcomes = await atOnce(world, 20, (other) => other.sessions.admit(admission(gate, chosen)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'admitted').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'spent').length, 19);
    const another = await newTicket(store);
    await turnedAway(store, gate, { whenFull: 'ask', ends: [inside.session.id], spends: [another] });
    assert.equal(await store.once.peek(another), null);
    const voided = admission({ ...gate, revision: 0 }, { whenFull: 'ask' });
    const changed = await store.accounts.signOutEverywhere({ id: gate.accountId, by: null, kept: null });
    assert.ok(changed !== null && 'record' in changed);
    assert.equal((await store.sessions.admit(voided)).kind, 'void', 'who proved nothing hears nothing');
  },

  async 'F-9, F-10, L11: lowered limits take effect in one step, the narrowest first'({ store }) {
    const gate = await newGate(store);
    const many: In[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const [deviceClass, client] = turn % 2 === 0 ? (['web', null] as const) : (['mobile', 'app'] as const);
      many.push(await signIn(store, gate, { max: 'unlimited', class: deviceClass, client }));
    }
    const lowered: readonly Limit[] = [
      { bucket: 'account', max: 4 },
      { bucket: 'class:web', max: 2 },
      { bucket: 'client:app', max: 1 },
    ];
    const last = await signIn(store, gate, { limits: lowered, class: 'web' });
    assert.deepEqual(
      await openOf(store, gate),
      ids([...[10, 11].flatMap((at) => many[at] ?? []).map(({ session }) => session), last.session]),
    );
    const again = await signIn(store, gate, { limits: lowered, class: 'tv' });
    assert.deepEqual(again.displaced, [], 'the account has room for four');
  },

  async 'F-10: the store admits as the model does, over several limits, whatever the order of things'({
    store,
    clock,
  }) {
    const pick = generator(20_260_101);
    for (let round = 0; round < 60; round++) {
      const gate = await newGate(store);
      const tokens = new Map<string, TokenRef>();
      for (let turn = 0; turn < 10; turn++) await compareWithModel({ store, clock, gate, tokens, pick });
    }
  },
};

/** A small generator of numbers that are always the same (mulberry32), for cases that are many and need not be new. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Draw = (below: number) => number;

const oneOf = <T>(pick: Draw, of: readonly [T, ...T[]]): T => of[pick(of.length)] ?? of[0];

const BUCKETS: readonly [Bucket, ...Bucket[]] = ['account', 'class:web', 'class:mobile', 'client:a', 'client:b'];
const WHEN_FULL: readonly [WhenFull, ...WhenFull[]] = ['displace', 'displace-least-recent', 'refuse', 'ask', 'approve'];

function askedAtRandom(gate: Gate, live: readonly Session[], pick: Draw): Admit {
  const limits = Array.from(
    { length: pick(5) },
    (): Limit => ({
      bucket: oneOf(pick, BUCKETS),
      max: oneOf<Limit['max']>(pick, [1, 2, 3, 4, 'unlimited']),
    }),
  );
  return admission(gate, {
    limits: [...limits, { bucket: 'account', max: oneOf<Limit['max']>(pick, [2, 3, 5, 'unlimited']) }],
    whenFull: oneOf(pick, WHEN_FULL),
    ends: ids(live.filter(() => pick(4) === 0)),
    approvedBy: oneOf(pick, [null, null, null, 'ses_nobody', ...ids(live)]),
    device: oneOf<string | null>(pick, [null, 'd1', 'd2', 'd3']),
    class: oneOf<DeviceClass>(pick, ['web', 'mobile', 'unknown']),
    client: oneOf<string | null>(pick, [null, 'a', 'b']),
    holdsBack: pick(4) === 0,
    goesFirst: oneOf<string | null>(pick, [null, null, 'd1', 'd2']),
  });
}

type Trial = {
  readonly store: Store;
  readonly clock: TestClock;
  readonly gate: Gate;
  readonly tokens: Map<string, TokenRef>;
  readonly pick: Draw;
};

/** One sign-in, by the model and by the store: who comes in, who goes, and who is left. */
async function compareWithModel({ store, clock, gate, tokens, pick }: Trial): Promise<void> {
  clock.advance(oneOf(pick, [0, 20_000, MINUTE_MS, HOUR_MS, 4 * HOUR_MS]));
  const { sessions, now } = await store.sessions.list(gate.accountId);
  const live = sessions.filter(({ seenAt, expiresAt }) => now < Math.min(expiresAt, seenAt + IDLE_MS)).toReversed();
  const asked = askedAtRandom(gate, live, pick);
  const { device, client } = asked.session;
  const expected = decideAdmission(gate, live.map(asPlace), {
    proofRevision: gate.revision,
    newcomer: { deviceId: device.id, class: device.class, client },
    ...{ limits: asked.limits, whenFull: asked.whenFull, ends: asked.ends, approvedBy: asked.approvedBy ?? null },
    ...{ holdsBack: asked.holdsBack ?? false, goesFirst: asked.goesFirst ?? null },
  });
  const actual = await store.sessions.admit(asked);
  const left = await openOf(store, gate);
  if (expected.kind === 'void') {
    assert.deepEqual(actual, expected);
    assert.deepEqual(left.toSorted(), ids(sessions).toSorted(), 'nothing happens at all');
  } else if (expected.kind === 'held') {
    assert.deepEqual(actual, expected);
    assert.deepEqual(left, ids(live), 'nobody goes but what was over');
  } else if (expected.kind === 'full') {
    assert.ok(actual.kind === 'full', actual.kind);
    assert.deepEqual([ids(actual.among), actual.least], [ids(expected.among), expected.least]);
    assert.deepEqual(left, ids(live), 'nobody goes but what was over');
  } else {
    assert.ok(expected.kind === 'admit' && actual.kind === 'admitted', actual.kind);
    assert.deepEqual(ids(actual.displaced), ids(expected.displaced));
    assert.deepEqual(ids(actual.replaced), ids(expected.replaced));
    const gone = new Set([...ids(actual.displaced), ...ids(actual.replaced)]);
    assert.deepEqual(left, [...ids(live).filter((id) => !gone.has(id)), actual.session.id]);
    tokens.set(actual.session.id, { accountId: gate.accountId, hash: asked.session.tokenHash });
  }
  const seen = left.flatMap((id) => (pick(3) === 0 ? (tokens.get(id) ?? []) : []));
  await store.sessions.touch({ tokens: seen, idleMs: IDLE_MS });
}
