/** The door in Lua against `model/admission.ts`, over random accounts: what it would decide is what the script does. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Gate, isWithinGate } from '../../src/model/account.ts';
import { asPlace, type Bucket, decideAdmission, type Limit, type WhenFull } from '../../src/model/admission.ts';
import { type Session, sessionState, type TokenRef } from '../../src/model/session.ts';
import type { RedisStore } from '../../src/stores/redis/store.ts';
import { available, openRedis } from '../servers/redis.ts';
import { admission, HOUR_MS, IDLE_MS, LIFETIME_MS, newGate, withWorld } from './redis-parts.ts';

const missing = available();

const revision = fc.nat({ max: 4 }).map((below) => below + 1);
const device = fc.constantFrom(null, 'd1', 'd2', 'd3');
const max = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant('unlimited' as const));
const bucket = fc.constantFrom<Bucket>('account', 'class:web', 'class:tv', 'client:a', 'client:b');

const step = fc.record({
  /** Hours that the clock is moved first: some back, some past what a session may be idle or live. */
  hours: fc.constantFrom(0, 0, 0, 1, 1, 3, IDLE_MS / HOUR_MS, LIFETIME_MS / HOUR_MS, -1, -30),
  revision,
  validFrom: revision,
  keepsOne: fc.boolean(),
  state: fc.constantFrom('active', 'active', 'active', 'active', 'suspended', 'closed'),
  role: fc.constantFrom('a', 'b'),
  device,
  class: fc.constantFrom('web', 'tv', 'cli'),
  client: fc.constantFrom(null, 'a', 'b'),
  limits: fc.array(fc.record({ bucket, max }) satisfies fc.Arbitrary<Limit>, { maxLength: 5 }),
  whenFull: fc.constantFrom<WhenFull>('displace', 'displace-least-recent', 'refuse', 'ask', 'approve'),
  /** Which of the open sessions are chosen, by where they stand. */
  chosen: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
  /** By which it was let in, in the same way; mostly by none. */
  approvedBy: fc.option(fc.nat({ max: 5 }), { freq: 2 }),
  holdsBack: fc.constantFrom(false, false, false, true),
  goesFirst: fc.oneof(fc.constant(null), device),
  what: fc.constantFrom('admit', 'admit', 'admit', 'raise', 'touch'),
} as const);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the model says of an account: its gate and what became of each session. */
type Known = {
  readonly gate: Gate | null;
  readonly sessions: readonly Session[];
  /** The tokens of all sessions that were opened, by session id. */
  readonly tokens: ReadonlyMap<string, TokenRef>;
};

function gateOf(base: Gate, { revision: moved, validFrom, keepsOne, state, role }: Step, known: Known): Gate {
  const kept = keepsOne ? (known.sessions.at(-1)?.id ?? null) : null;
  return {
    ...base,
    revision: moved,
    validFrom: Math.min(moved, validFrom),
    kept,
    state: state as Gate['state'],
    roles: [role],
    reason: 'revoked',
  };
}

const isOpen = ({ ending }: Session): boolean => ending === null;

/** Who is left outside by a gate, and the gate that holds. */
function raised(known: Known, gate: Gate): { readonly held: Gate; readonly outside: readonly string[] } {
  if (known.gate !== null && known.gate.revision >= gate.revision) return { held: known.gate, outside: [] };
  const outside = known.sessions.filter((session) => isOpen(session) && !isWithinGate(gate, session));
  return { held: gate, outside: outside.map(({ id }) => id) };
}

const idsOf = (of: readonly { readonly id: string }[]): readonly string[] => of.map(({ id }) => id).sort();

async function open(store: RedisStore, gate: Gate): Promise<readonly Session[]> {
  return (await store.sessions.list(gate.accountId)).sessions;
}

async function compareAdmission(store: RedisStore, now: number, known: Known, gate: Gate, next: Step): Promise<Known> {
  const { held, outside } = raised(known, gate);
  const within = known.sessions.filter(({ id }) => !outside.includes(id));
  const [live, over] = [true, false].map((isLive) =>
    within.filter((session) => sessionState(session, { idleMs: IDLE_MS }, now).live === isLive),
  ) as [Session[], Session[]];
  const { limits, whenFull, class: deviceClass, client, holdsBack, goesFirst } = next;
  const ends = next.chosen.flatMap((at) => known.sessions[at]?.id ?? []);
  const approvedBy = next.approvedBy === null ? null : (known.sessions[next.approvedBy]?.id ?? 'ses_nobody');
  const expected = decideAdmission(held, live.map(asPlace), {
    proofRevision: gate.revision,
    newcomer: { deviceId: next.device, class: deviceClass, client },
    ...{ limits, whenFull, ends, approvedBy, holdsBack, goesFirst },
  });
  const device = { id: next.device, class: deviceClass, name: `device ${next.device}` };
  const input = {
    ...admission(gate, { ...{ limits, whenFull, ends, approvedBy, device }, told: { client } }),
    holdsBack,
    goesFirst,
  };
  const actual = await store.sessions.admit(input);
  const left = await open(store, gate);
  if (expected.kind === 'void') {
    assert.deepEqual(actual, expected);
    assert.deepEqual(idsOf(left), idsOf(within));
    return { ...known, gate: held, sessions: left };
  }
  if (expected.kind === 'held') {
    assert.deepEqual(actual, expected);
    assert.deepEqual(idsOf(left), idsOf(live), 'nobody goes but what was over');
    return { ...known, gate: held, sessions: left };
  }
  if (expected.kind === 'full') {
    assert.ok(actual.kind === 'full', actual.kind);
    assert.deepEqual(
      [actual.among.map(({ id }) => id), actual.least],
      [expected.among.map(({ id }) => id), expected.least],
    );
    assert.deepEqual(idsOf(left), idsOf(live), 'nobody goes but what was over');
    return { ...known, gate: held, sessions: left };
  }
  assert.ok(actual.kind === 'admitted', actual.kind);
  assert.deepEqual(idsOf(actual.replaced), idsOf(expected.replaced));
  assert.deepEqual(
    actual.displaced.map(({ id }) => id),
    expected.displaced.map(({ id }) => id),
  );
  assert.equal(actual.session.openedRevision, held.revision);
  assert.deepEqual(actual.session.roles, held.roles);
  const gone = [...idsOf(expected.replaced), ...idsOf(expected.displaced), ...idsOf(over)];
  const stay = [...live.filter(({ id }) => !gone.includes(id)), actual.session];
  assert.deepEqual(idsOf(left), idsOf(stay));
  const highest = Math.max(...left.map(({ sequence }) => sequence));
  assert.equal(actual.session.sequence, highest, 'the last one in has the highest sequence');
  assert.deepEqual(await store.sessions.admit(input), actual, 'asked again, it says the same');
  const token = { accountId: gate.accountId, hash: input.session.tokenHash };
  return { gate: held, sessions: left, tokens: new Map([...known.tokens, [actual.session.id, token]]) };
}

async function compareRaise(store: RedisStore, known: Known, gate: Gate): Promise<Known> {
  const { held, outside } = raised(known, gate);
  const ended = await store.sessions.raise(gate);
  assert.deepEqual(idsOf(ended), [...outside].sort());
  const left = await open(store, gate);
  assert.deepEqual(idsOf(left), idsOf(known.sessions.filter(({ id }) => !outside.includes(id))));
  for (const { roles } of left) assert.deepEqual(roles, held.roles);
  return { ...known, gate: held, sessions: left };
}

/** A touch of everything that ever was moves those that are live, not back, and nothing else. */
async function compareTouch(store: RedisStore, now: number, known: Known, accountId: number): Promise<Known> {
  await store.sessions.touch({ tokens: [...known.tokens.values()], idleMs: IDLE_MS });
  const expected = known.sessions.map((session) => {
    const isMoved = session.seenAt > now - IDLE_MS && session.seenAt < now;
    return isMoved ? { ...session, seenAt: now } : session;
  });
  const { sessions } = await store.sessions.list(accountId);
  assert.deepEqual(sessions, expected);
  return { ...known, sessions };
}

describe('the door of the Redis store', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await openRedis();
  after(() => server.stop());

  test('admits as the model does, whatever the account, the gate, the limits and the time', () =>
    withWorld(server.freshPrefix(), async ({ store, clock }) => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const base = newGate();
        let known: Known = { gate: null, sessions: [], tokens: new Map() };
        for (const next of steps) {
          clock.advance(next.hours * HOUR_MS);
          const gate = gateOf(base, next, known);
          if (next.what === 'raise') known = await compareRaise(store, known, gate);
          else if (next.what === 'admit') known = await compareAdmission(store, clock(), known, gate, next);
          else known = await compareTouch(store, clock(), known, base.accountId);
        }
      });
      await fc.assert(property, { numRuns: 300 });
    }));
});
