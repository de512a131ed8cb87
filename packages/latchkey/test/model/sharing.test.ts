import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scoreOf } from '../../src/model/sharing.ts';
import { type Evidence, evidenceOf } from '../../src/model/sharing-evidence.ts';
import { beginningOf, looksBetween, SharingWatch } from '../../src/model/sharing-watch.ts';
import { MEMORY_DAYS, MOST, type SessionEvent, SignInTrail } from '../../src/model/sign-in-trail.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const STARTS = Date.UTC(2026, 0, 1);

const VIENNA = { latitude: 48.2, longitude: 16.4 };
const MADRID = { latitude: 40.4, longitude: -3.7 };

type Given = {
  readonly hours: number;
  readonly device: string;
  readonly network: string;
  readonly coordinates?: typeof VIENNA | null;
  readonly name?: string;
};

/** Sign-ins as an account of one device has them: each one turns the one before it out. */
function history(signIns: readonly Given[], limit = 1): readonly SessionEvent[] {
  const live: { readonly sessionId: string; readonly device: string }[] = [];
  return signIns.flatMap(({ hours, device, network, coordinates = null, name = 'Chrome on Windows' }, index) => {
    const of = { accountId: 1, at: STARTS + hours * HOUR_MS };
    const sessionId = `ses_${index}`;
    const same = live.findIndex((session) => session.device === device);
    const victims = same >= 0 ? live.splice(same, 1) : live.length >= limit ? live.splice(0, 1) : [];
    live.push({ sessionId, device });
    const ended = victims.map((victim): SessionEvent => {
      const how = { reason: 'displaced', isReplaced: same >= 0, bySession: sessionId } as const;
      return { ...of, kind: 'ended', sessionId: victim.sessionId, ...how };
    });
    const summary = { name, class: 'web' } as const;
    return [...ended, { ...of, kind: 'opened', sessionId, deviceId: device, device: summary, network, coordinates }];
  });
}

function evidence(events: readonly SessionEvent[], afterDays = 30): Evidence {
  const trail = new SignInTrail();
  for (const event of events) trail.note(event);
  return evidenceOf(trail, STARTS + afterDays * DAY_MS);
}

const days = (count: number): readonly number[] => Array.from({ length: count }, (_, day) => day);

/** In Vienna at noon, in Madrid half an hour later, day by day. */
const pair = days(28).flatMap((day): readonly Given[] => [
  { hours: day * 24 + 12, device: 'a', network: 'home of a', coordinates: VIENNA },
  { hours: day * 24 + 12.5, device: 'b', network: 'home of b', coordinates: MADRID },
]);

describe('6.7, what an account’s history says of its being passed around', () => {
  test('two who take turns in two cities: every figure of it, counted by hand', () => {
    assert.deepEqual(evidence(history(pair)), {
      signIns: 56,
      takeovers: 55,
      ...{ devices7: 2, devices30: 2, networks7: 2, networks30: 2, households: 2 },
      // a, b, and from then on one comes back after the other
      ...{ alternations: 54, strangers: 54, twins: 54, far: 54 },
      // 1812 km in half an hour; on the way back there is time.
      ...{ leaps: 28, fastestKmh: 3624, settled: 28, overlaps: 0 },
    });
  });

  test('one person with the same two devices at home and on the way is one household, and far and fast is nothing there', () => {
    const own = days(28).flatMap((day): readonly Given[] => [
      { hours: day * 24 + 12, device: 'a', network: 'home', coordinates: VIENNA },
      // Every other day out, by a carrier that is placed where its gateway is.
      day % 2 === 0
        ? { hours: day * 24 + 13, device: 'b', network: 'home', coordinates: VIENNA }
        : { hours: day * 24 + 13, device: 'b', network: `carrier ${day}`, coordinates: MADRID },
    ]);
    const { takeovers, households, alternations, leaps, far } = evidence(history(own));
    assert.deepEqual(
      { takeovers, households, alternations, leaps, far },
      {
        ...{ takeovers: 55, households: 1, alternations: 0, leaps: 0, far: 0 },
      },
    );
    assert.ok(scoreOf(evidence(history(own))).score < 0.1);
  });

  test('a visit does not make one household of two', () => {
    const visit = pair.map((signIn) =>
      signIn.device === 'b' && signIn.hours > 240 && signIn.hours < 312 ? { ...signIn, network: 'home of a' } : signIn,
    );
    const { households, strangers } = evidence(history(visit));
    assert.deepEqual({ households, strangers }, { households: 2, strangers: 0 });
  });

  test('where two may be in at once, those of two households that stay are an overlap, and no takeover', () => {
    const { takeovers, overlaps } = evidence(history(pair, 2));
    assert.deepEqual({ takeovers, overlaps }, { takeovers: 0, overlaps: 55 });
  });

  test('F-31: two programs at home that sign in by themselves against each other are one household: that they do is all that is said', () => {
    const war = days(28).flatMap((day) =>
      days(8).flatMap((hour): readonly Given[] => [
        { hours: day * 24 + hour, device: 'a', network: 'home', coordinates: VIENNA },
        { hours: day * 24 + hour + 0.5, device: 'b', network: 'home', coordinates: VIENNA },
      ]),
    );
    const seen = evidence(history(war));
    assert.deepEqual([seen.households, seen.alternations, seen.networks30], [1, 0, 1]);
    const { score, reasons } = scoreOf(seen);
    assert.deepEqual([score > 0.5, reasons.map(({ code }) => code)], [true, ['takeovers']]);
  });

  test('a device that signs in again in its own place takes nobody’s', () => {
    const again = days(20).map((day): Given => ({ hours: day * 24, device: 'a', network: 'home' }));
    assert.equal(evidence(history(again)).takeovers, 0);
  });

  test('what is not known is not held against anybody: no places, no networks, no device ids', () => {
    const unknown = history(pair).map((event): SessionEvent => {
      return event.kind === 'ended' ? event : { ...event, network: null, coordinates: null };
    });
    const { far, leaps, settled, networks30, takeovers } = evidence(unknown);
    assert.deepEqual(
      { far, leaps, settled, networks30, takeovers },
      {
        ...{ far: 0, leaps: 0, settled: 0, networks30: 0, takeovers: 55 },
      },
    );
    const nameless = unknown.map((event): SessionEvent => {
      return event.kind === 'ended' ? event : { ...event, deviceId: null };
    });
    const { devices30, alternations } = evidence(nameless);
    assert.deepEqual({ devices30, alternations }, { devices30: 56, alternations: 0 });
  });

  test('30 days are looked at, and 7 of them for what is of late', () => {
    const later = evidence(history(pair), 40);
    assert.deepEqual([later.signIns, later.devices7, later.devices30], [36, 0, 2]);
    assert.equal(evidence(history(pair), 60).signIns, 0);
    assert.equal(evidence(history(pair), 10).signIns, 20, 'what comes later was not there');
  });

  test('the score is explained: its reasons add up to it, the most telling first, with the figures that they are of', () => {
    const { score, reasons } = scoreOf(evidence(history(pair)));
    assert.ok(score > 0.99);
    assert.deepEqual(
      reasons.map(({ odds: _, ...reason }) => reason).toSorted((a, b) => a.code.localeCompare(b.code)),
      [
        { code: 'far', times: 54 },
        { code: 'leaps', times: 28, fastestKmh: 3624 },
        { code: 'settled', times: 28, households: 2 },
        { code: 'strangers', times: 54, signIns: 56 },
        { code: 'takeovers', times: 55, devices: 2, networks: 2 },
        { code: 'twins', times: 54 },
      ],
    );
    assert.ok(reasons.every(({ odds }, index) => odds <= (reasons[index - 1]?.odds ?? Number.POSITIVE_INFINITY)));
    const sum = reasons.reduce((total, { odds }) => total + odds, 0);
    const nothing = scoreOf(evidence([])).score;
    const odds = (chance: number): number => Math.log(chance / (1 - chance));
    assert.ok(Math.abs(odds(score) - odds(nothing) - sum) < 1e-6);
  });

  test('four looks have to agree: two weeks of turns are shown in fewer, four weeks in enough', () => {
    const watched = (signIns: readonly Given[]): number => {
      const watch = new SharingWatch(looksBetween(STARTS, STARTS + 84 * DAY_MS));
      for (const event of history(signIns)) watch.note(event);
      return watch.finish()?.score ?? 0;
    };
    assert.ok(watched(pair) > 0.9);
    assert.equal(watched(pair.filter(({ hours }) => hours < 14 * 24)), 0);
  });

  test('looks are a week apart and end with the time that is asked for; what they remember begins sixty days before', () => {
    const day = (count: number): number => STARTS + count * DAY_MS;
    for (const [count, expected] of [
      [1, [1]],
      [7, [7]],
      [8, [1, 8]],
      [30, [2, 9, 16, 23, 30]],
    ] as const) {
      const looks = looksBetween(STARTS, day(count));
      assert.deepEqual(looks, expected.map(day));
      assert.equal(beginningOf(looks), day((expected[0] ?? 0) - MEMORY_DAYS));
    }
    assert.equal(looksBetween(STARTS, day(365)).length, 53);
  });

  test('whatever happens to an account, no more is remembered of it than there is room for', () => {
    const signIn = fc.record({
      hours: fc.nat(3),
      device: fc.nat(200).map(String),
      network: fc.nat(300).map(String),
      coordinates: fc.constantFrom(null, VIENNA, MADRID),
    });
    fc.assert(
      fc.property(
        fc.array(signIn, { minLength: 300, maxLength: 700 }),
        fc.integer({ min: 1, max: 40 }),
        (list, limit) => {
          const trail = new SignInTrail();
          let until = 0;
          const signIns = list.map((one) => {
            until += one.hours;
            return { ...one, hours: until };
          });
          for (const event of history(signIns, limit)) trail.note(event);
          assert.ok(trail.devices.length <= MOST.devices);
          assert.ok(trail.networks.length <= MOST.networks);
          assert.ok(trail.room <= MOST.signIns);
          const seen = evidenceOf(trail, STARTS + until * HOUR_MS);
          assert.ok(seen.signIns <= MOST.signIns && seen.networks30 <= MOST.networks);
          const { score } = scoreOf(seen);
          assert.ok(score >= 0 && score <= 1);
        },
      ),
      { numRuns: 30 },
    );
  });
});
