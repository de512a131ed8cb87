import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firstGate } from '../../src/model/account.ts';
import { decideAdmission, type Place } from '../../src/model/admission.ts';
import { LimitForecast } from '../../src/model/limit-forecast.ts';
import type { SessionEvent } from '../../src/model/sign-in-trail.ts';

const GATE = firstGate(1, []);

type Step = { readonly device: string; readonly isOut: boolean };

/** What the door does where so many may be in: the events that it tells, and how many it displaces. */
function lived(
  steps: readonly Step[],
  max: number,
): { readonly events: readonly SessionEvent[]; readonly displaced: number } {
  const events: SessionEvent[] = [];
  let live: readonly Place[] = [];
  let displaced = 0;
  for (const [at, { device, isOut }] of steps.entries()) {
    const of = { accountId: 1, at };
    const end = (sessionId: string, isReplaced: boolean): void => {
      const how = { reason: isReplaced ? 'displaced' : 'signed_out', isReplaced, bySession: null } as const;
      events.push({ ...of, kind: 'ended', sessionId, ...how });
      live = live.filter(({ id }) => id !== sessionId);
    };
    if (isOut) {
      const own = live.find(({ deviceId }) => deviceId === device);
      if (own !== undefined) end(own.id, false);
      continue;
    }
    const newcomer = { deviceId: device, class: 'web', client: null } as const;
    const verdict = decideAdmission(GATE, live, {
      ...{ proofRevision: GATE.revision, newcomer, whenFull: 'displace', ends: [] },
      limits: [{ bucket: 'account', max }],
    });
    assert.ok(verdict.kind === 'admit');
    for (const { id } of verdict.replaced) end(id, true);
    for (const { id } of verdict.displaced) end(id, false);
    displaced += verdict.displaced.length;
    live = [...live, { ...newcomer, id: `ses_${at}`, sequence: at, seenAt: at }];
    const summary = { name: 'Firefox on Windows', class: 'web' } as const;
    const told = { deviceId: device, device: summary, network: null, coordinates: null };
    events.push({ ...of, kind: 'opened', sessionId: `ses_${at}`, ...told });
  }
  return { events, displaced };
}

function forecast(events: readonly SessionEvent[], limit: number, from = -1) {
  const replayed = new LimitForecast(limit, from);
  for (const event of events) replayed.note(event);
  return replayed.finish();
}

const into = (...devices: readonly string[]): readonly Step[] => devices.map((device) => ({ device, isOut: false }));
const out = (device: string): Step => ({ device, isOut: true });

describe('6.7, whom another limit would have cut', () => {
  const table: readonly (readonly [
    what: string,
    steps: readonly Step[],
    limit: number,
    devices: number,
    cut: number,
  ])[] = [
    ['nobody came', [], 1, 0, 0],
    ['one device, again and again', into('a', 'a', 'a'), 1, 1, 0],
    ['two that are in at once, under two', into('a', 'b', 'a', 'b'), 2, 2, 0],
    [
      'two that take turns, under one: each sign-in but the first signs the other out',
      into('a', 'b', 'a', 'b'),
      1,
      2,
      3,
    ],
    ['whoever signs out before the other comes is in nobody’s way', [...into('a'), out('a'), ...into('b')], 1, 1, 0],
    ['three at once, under two: the one that has been in longest goes', into('a', 'b', 'c'), 2, 3, 1],
    ['whoever went signs out later: that changes nothing', [...into('a', 'b', 'c'), out('a'), ...into('d')], 2, 3, 2],
    ['five at once, under two', into('a', 'b', 'c', 'd', 'e'), 2, 5, 3],
  ];
  for (const [what, steps, limit, devicesAtOnce, signOuts] of table) {
    test(what, () => {
      assert.deepEqual(forecast(lived(steps, 10).events, limit), { devicesAtOnce, signOuts });
    });
  }

  test('what was before the time that is asked for counts as who is in, and no more', () => {
    const { events } = lived(into('a', 'b', 'c', 'd'), 10);
    assert.deepEqual(forecast(events, 1, 2), { devicesAtOnce: 4, signOuts: 1 });
  });

  test('it is what the rule of the door does: of any history, as often as that would have displaced', () => {
    const step = fc.record({ device: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isOut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (steps, limit) => {
        const { events } = lived(steps, 100);
        assert.equal(forecast(events, limit).signOuts, lived(steps, limit).displaced);
      }),
    );
  });

  test('a limit that is not below the one that was in force cuts nobody', () => {
    const step = fc.record({ device: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isOut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), fc.nat(3), (steps, inForce, more) => {
        const { events } = lived(steps, inForce);
        const { devicesAtOnce, signOuts } = forecast(events, inForce + more);
        assert.ok(devicesAtOnce <= inForce && signOuts === 0);
      }),
    );
  });
});
