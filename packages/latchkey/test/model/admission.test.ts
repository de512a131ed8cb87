import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firstGate, type Gate, voidedGate } from '../../src/model/account.ts';
import { type Admission, decideAdmission, type Limit, type Newcomer, type Place } from '../../src/model/admission.ts';

const gate = firstGate(1, []);

const T0 = Date.UTC(2026, 0, 1);

/** Minutes since `T0` at which it was last seen are those of its sequence, unless said. */
function place(sequence: number, given: string | null | Partial<Place> = null): Place {
  const more = typeof given === 'object' ? given : { deviceId: given };
  const seenAt = T0 + sequence * 60_000;
  return { id: `ses_${sequence}`, sequence, seenAt, deviceId: null, class: 'web', client: null, ...more };
}

function admission(max: Limit['max'], given: string | null | Partial<Newcomer> = null): Admission {
  const more = typeof given === 'object' ? given : { deviceId: given };
  return {
    proofRevision: 1,
    newcomer: { deviceId: null, class: 'web', client: null, ...more },
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    ends: [],
  };
}

const ids = (places: readonly Place[]): readonly string[] => places.map(({ id }) => id);

type Row = {
  readonly what: string;
  readonly live: readonly Place[];
  readonly admission: Admission;
  readonly replaced: readonly string[];
  readonly displaced: readonly string[];
};

const rows: readonly Row[] = [
  { what: 'an empty account', live: [], admission: admission(1), replaced: [], displaced: [] },
  { what: 'a full one of one', live: [place(1)], admission: admission(1), replaced: [], displaced: ['ses_1'] },
  { what: 'one with room', live: [place(1)], admission: admission(2), replaced: [], displaced: [] },
  {
    what: 'a full one of three, in any order',
    live: [place(5), place(2), place(9)],
    admission: admission(3),
    replaced: [],
    displaced: ['ses_2'],
  },
  {
    what: 'F-9: an account of three hundred under a limit of two',
    live: Array.from({ length: 300 }, (_, index) => place(index + 1)),
    admission: admission(2),
    replaced: [],
    displaced: Array.from({ length: 299 }, (_, index) => `ses_${index + 1}`),
  },
  {
    what: 'F-26: the same device again',
    live: [place(1, 'a'), place(2, 'b')],
    admission: admission(2, 'a'),
    replaced: ['ses_1'],
    displaced: [],
  },
  {
    what: 'F-26: the same device again, over the limit',
    live: [place(1, 'a'), place(2, 'b'), place(3, 'c')],
    admission: admission(1, 'c'),
    replaced: ['ses_3'],
    displaced: ['ses_1', 'ses_2'],
  },
  {
    what: 'devices that nobody knows are not one device',
    live: [place(1), place(2)],
    admission: admission(3),
    replaced: [],
    displaced: [],
  },
  {
    what: 'no limit at all',
    live: [place(1), place(2, 'a')],
    admission: admission('unlimited'),
    replaced: [],
    displaced: [],
  },
  {
    what: 'F-10: two limits, of which the tighter one counts',
    live: [place(1), place(2), place(3)],
    admission: {
      ...admission(3),
      limits: [
        { bucket: 'account', max: 3 },
        { bucket: 'account', max: 2 },
      ],
    },
    replaced: [],
    displaced: ['ses_1', 'ses_2'],
  },
  {
    what: 'no limits given',
    live: [place(1)],
    admission: { ...admission(1), limits: [] },
    replaced: [],
    displaced: [],
  },
];

/** `web 1, 2` and `app 3`: who is in, by sequence; an `app` is a mobile device of the client `app`. */
const web = (...sequences: readonly number[]): readonly Place[] => sequences.map((sequence) => place(sequence));
const app = (...sequences: readonly number[]): readonly Place[] =>
  sequences.map((sequence) => place(sequence, { class: 'mobile', client: 'app' }));
const mobile = (...sequences: readonly number[]): readonly Place[] =>
  sequences.map((sequence) => place(sequence, { class: 'mobile' }));

const WEB: Partial<Newcomer> = { class: 'web' };
const APP: Partial<Newcomer> = { class: 'mobile', client: 'app' };
const MOBILE: Partial<Newcomer> = { class: 'mobile' };

/** Three for the account, two for phones, one for the app: given in the order that they are not looked at in. */
const LIMITS: readonly Limit[] = [
  { bucket: 'account', max: 3 },
  { bucket: 'class:mobile', max: 2 },
  { bucket: 'client:app', max: 1 },
];

/** Who goes for whom, where three limits hold; and who may be chosen where nobody goes (null where there is room). */
const levels: readonly (readonly [
  what: string,
  live: readonly Place[],
  newcomer: Partial<Newcomer>,
  goes: readonly number[],
  among: readonly number[] | null,
])[] = [
  ['an empty account', [], APP, [], null],
  ['room in all three', [...web(1), ...mobile(2)], APP, [], null],
  ['the app is full: its one goes, though others are in longer', [...web(1), ...app(2)], APP, [2], [2]],
  [
    'all three are full: who goes for the app makes room in the others',
    [...web(1), ...mobile(2), ...app(3)],
    APP,
    [3],
    [3],
  ],
  ['phones are full: the first of them', [...web(1), ...mobile(3), ...app(2)], MOBILE, [2], [2, 3]],
  ['phones are full, and another comes', [...mobile(1), ...app(2)], WEB, [], null],
  ['the account is full: the first of all', [...app(1), ...web(2, 3)], WEB, [1], [1, 2, 3]],
  ['the account is full, the app has room, phones have: the first of all', web(1, 2, 3), APP, [1], [1, 2, 3]],
  ['the account and phones are full: one phone goes for both', [...web(1), ...mobile(2, 3)], MOBILE, [2], [2, 3]],
  [
    'F-9: all were lowered, one of each limit is new',
    [...app(1, 2), ...mobile(3, 4), ...web(5, 6)],
    APP,
    [1, 2, 3, 4],
    [4, 5, 6],
  ],
  [
    'F-9: all were lowered, in buckets that the newcomer is not of as well',
    [...app(1, 2), ...mobile(3, 4), ...web(5)],
    WEB,
    [1, 2, 3],
    [3, 4, 5],
  ],
];

describe('F-10, L10: with several limits, the narrowest first, at every level', () => {
  for (const [what, live, newcomer, goes, among] of levels) {
    const asked = (whenFull: Admission['whenFull'], ends: readonly string[] = []): Admission => ({
      ...{ ...admission(3, newcomer), limits: LIMITS, whenFull, ends },
    });
    const named = (sequences: readonly number[]): readonly string[] => sequences.map((sequence) => `ses_${sequence}`);

    test(`${what}: ${goes.length === 0 ? 'nobody goes' : `${goes.join(', ')} of ${live.length}`}`, () => {
      for (const whenFull of ['displace', 'displace-least-recent'] as const) {
        const verdict = decideAdmission(gate, live.toReversed(), asked(whenFull));
        assert.deepEqual(verdict.kind === 'admit' && ids(verdict.displaced), named(goes));
      }
    });

    test(`${what}, and nobody goes for a newcomer: ${among === null ? 'in' : `one of ${among.join(', ')} has to be chosen`}`, () => {
      for (const whenFull of ['refuse', 'ask', 'approve'] as const) {
        const verdict = decideAdmission(gate, live, asked(whenFull));
        if (among === null) assert.deepEqual(verdict.kind === 'admit' && ids(verdict.displaced), named(goes));
        else assert.deepEqual(verdict.kind === 'full' && [ids(verdict.among), verdict.least], [named(among), 1]);
      }
    });

    for (const chosen of among ?? []) {
      test(`${what}, and ${chosen} is chosen: it goes, with what was too many before`, () => {
        const verdict = decideAdmission(gate, live, asked('ask', named([chosen, 99])));
        assert.ok(verdict.kind === 'admit', verdict.kind);
        assert.ok(ids(verdict.displaced).includes(`ses_${chosen}`));
        assert.equal(verdict.displaced.length, goes.length);
      });
    }
  }

  test('where no place is common to both, one of each has to go; one alone is not enough', () => {
    const live = [place(1, { client: 'app', class: 'tv' }), place(2, { class: 'mobile' }), place(3)];
    const limits: readonly Limit[] = [
      { bucket: 'client:app', max: 1 },
      { bucket: 'class:mobile', max: 1 },
      { bucket: 'account', max: 3 },
    ];
    const asked = { ...admission(3, APP), limits, whenFull: 'ask' } as const;
    for (const ends of [[], ['ses_1'], ['ses_2'], ['ses_3']]) {
      const verdict = decideAdmission(gate, live, { ...asked, ends });
      assert.equal(verdict.kind, 'full');
    }
    const none = decideAdmission(gate, live, asked);
    assert.deepEqual(none.kind === 'full' && [ids(none.among), none.least], [['ses_1', 'ses_2'], 2]);
    const both = decideAdmission(gate, live, { ...asked, ends: ['ses_2', 'ses_1', 'ses_3'] });
    assert.deepEqual(both.kind === 'admit' && ids(both.displaced), ['ses_1', 'ses_2']);
  });
});

describe('who was let in by one who is in', () => {
  const live = [place(1), place(2)];
  const asked: Admission = { ...admission(2), whenFull: 'approve' };

  test('comes in the place of whom that one said, itself among them', () => {
    for (const chosen of ['ses_1', 'ses_2']) {
      const verdict = decideAdmission(gate, live, { ...asked, approvedBy: 'ses_2', ends: [chosen] });
      assert.deepEqual(verdict.kind === 'admit' && ids(verdict.displaced), [chosen]);
    }
  });
  test('comes in the place of whom the rule displaces, where that is left to it', () => {
    const verdict = decideAdmission(gate, live, { ...asked, approvedBy: 'ses_2', whenFull: 'displace' });
    assert.deepEqual(verdict.kind === 'admit' && ids(verdict.displaced), ['ses_1']);
  });
  test('does not come in where that one is not in any more, however much room there is', () => {
    for (const sessions of [live, []]) {
      const verdict = decideAdmission(gate, sessions, { ...asked, approvedBy: 'ses_9', ends: ['ses_1'] });
      assert.deepEqual(verdict, { kind: 'void', why: 'approval_void' });
    }
  });
  test('L13: does not come in the place of nobody, or of a stranger', () => {
    for (const ends of [[], ['ses_9']]) {
      assert.equal(decideAdmission(gate, live, { ...asked, approvedBy: 'ses_2', ends }).kind, 'full');
    }
  });
});

describe('who has been seen last', () => {
  const at = (sequence: number, seconds: number): Place => place(sequence, { seenAt: T0 + seconds * 1000 });
  const goes = (live: readonly Place[], max: number): readonly string[] => {
    const verdict = decideAdmission(gate, live, { ...admission(max), whenFull: 'displace-least-recent' });
    return verdict.kind === 'admit' ? ids(verdict.displaced) : assert.fail(verdict.kind);
  };
  test('L6: who was seen longest ago goes, however long they are in', () => {
    assert.deepEqual(goes([at(1, 600), at(2, 60), at(3, 300)], 3), ['ses_2']);
    assert.deepEqual(goes([at(1, 600), at(2, 60), at(3, 300)], 2), ['ses_2', 'ses_3']);
  });
  test('L6: within one minute the sequence decides', () => {
    assert.deepEqual(goes([at(1, 119), at(2, 60), at(3, 300)], 3), ['ses_1']);
    assert.deepEqual(goes([at(1, 120), at(2, 119), at(3, 300)], 3), ['ses_2']);
  });
});

describe('F-26: a device that has a place', () => {
  const full = [place(1, { deviceId: 'a', class: 'web' }), place(2, { deviceId: 'b', class: 'mobile' })];
  const limits: readonly Limit[] = [
    { bucket: 'class:web', max: 1 },
    { bucket: 'account', max: 2 },
  ];
  test('takes it again where nobody goes for a newcomer', () => {
    for (const whenFull of ['refuse', 'ask', 'approve'] as const) {
      const verdict = decideAdmission(gate, full, { ...admission(2, { deviceId: 'a' }), limits, whenFull });
      assert.deepEqual(verdict, { kind: 'admit', replaced: [full[0]], displaced: [] });
    }
  });
  test('K4: has none in a class that it only says to be of now', () => {
    const asked = { ...admission(2, { deviceId: 'b', class: 'web' }), limits } as const;
    const refused = decideAdmission(gate, full, { ...asked, whenFull: 'refuse' });
    assert.deepEqual(refused, { kind: 'full', among: [full[0]], least: 1 });
    const verdict = decideAdmission(gate, full, { ...asked, whenFull: 'displace' });
    assert.deepEqual(verdict, { kind: 'admit', replaced: [full[1]], displaced: [full[0]] });
  });
  test('F-9: takes it after a limit was lowered, and those too many go', () => {
    const live = [...full, place(3, { deviceId: 'c', class: 'tv' })];
    const verdict = decideAdmission(gate, live, { ...admission(1, { deviceId: 'a' }), whenFull: 'refuse' });
    assert.deepEqual(verdict.kind === 'admit' && ids(verdict.displaced), ['ses_2', 'ses_3']);
  });
});

describe('who comes in, and who goes', () => {
  for (const { what, live, admission: asked, replaced, displaced } of rows) {
    test(what, () => {
      const verdict = decideAdmission(gate, live, asked);
      assert.equal(verdict.kind, 'admit');
      if (verdict.kind !== 'admit') return;
      assert.deepEqual(ids(verdict.replaced), replaced);
      assert.deepEqual(ids(verdict.displaced), displaced);
    });
  }

  const shut: readonly (readonly [what: string, gate: Gate, revision: number, why: string])[] = [
    [
      'a suspended account',
      voidedGate(gate, { reason: 'account_disabled', kept: null, state: 'suspended' }),
      2,
      'account_disabled',
    ],
    [
      'a closed account',
      voidedGate(gate, { reason: 'account_disabled', kept: null, state: 'closed' }),
      2,
      'account_disabled',
    ],
    [
      'a proof from before a change of the password',
      voidedGate(gate, { reason: 'password_changed', kept: null }),
      1,
      'proof_void',
    ],
  ];
  for (const [what, before, proofRevision, why] of shut) {
    test(`${what} lets nobody in, and nobody goes`, () => {
      assert.deepEqual(decideAdmission(before, [place(1)], { ...admission(1), proofRevision }), { kind: 'void', why });
    });
  }

  test('a proof made at the change or after it is good', () => {
    const changed = voidedGate(gate, { reason: 'password_changed', kept: null });
    for (const proofRevision of [2, 3]) {
      assert.equal(decideAdmission(changed, [], { ...admission(1), proofRevision }).kind, 'admit');
    }
  });
});

const device = fc.constantFrom(null, 'a', 'b', 'c', 'd');
const max = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('unlimited' as const));
const signIn = fc.record({ deviceId: device, max, isShuffled: fc.boolean() });

/** Plays sign-ins one after the other, and shows the live sessions before and after each. */
function play(
  signIns: readonly { readonly deviceId: string | null; readonly max: Limit['max']; readonly isShuffled: boolean }[],
  look: (before: readonly Place[], newcomer: Place, after: readonly Place[], max: Limit['max']) => void,
): void {
  let live: readonly Place[] = [];
  for (const [index, { deviceId, max: most, isShuffled }] of signIns.entries()) {
    const before = isShuffled ? live.toReversed() : live;
    const verdict = decideAdmission(gate, before, admission(most, deviceId));
    if (verdict.kind !== 'admit') assert.fail('a good proof was turned away');
    const gone = new Set([...verdict.replaced, ...verdict.displaced]);
    assert.equal(gone.size, verdict.replaced.length + verdict.displaced.length, 'one went twice');
    const newcomer = place(index + 1, deviceId);
    const after = [...live.filter((other) => !gone.has(other)), newcomer];
    look(live, newcomer, after, most);
    live = after;
  }
}

describe('after any sign-ins in any order', () => {
  const any = (look: Parameters<typeof play>[1]): void =>
    fc.assert(fc.property(fc.array(signIn, { maxLength: 40 }), (signIns) => play(signIns, look)));

  test('F-1, F-9: never more are live than the limit says, and the newcomer is among them', () => {
    any((_, newcomer, after, most) => {
      assert.ok(after.includes(newcomer));
      if (most !== 'unlimited') assert.ok(after.length <= most, `${after.length} of ${most}`);
    });
  });

  test('F-1: never fewer than the limit has room for', () => {
    any((before, newcomer, after, most) => {
      const others = before.filter((other) => newcomer.deviceId === null || other.deviceId !== newcomer.deviceId);
      const room = most === 'unlimited' ? Number.POSITIVE_INFINITY : most;
      assert.equal(after.length, Math.min(others.length + 1, room));
    });
  });

  test('F-2: those with the highest sequences stay', () => {
    any((before, newcomer, after) => {
      const isSame = (other: Place) => newcomer.deviceId !== null && other.deviceId === newcomer.deviceId;
      const gone = before.filter((other) => !after.includes(other) && !isSame(other));
      const stayed = after.filter((other) => other !== newcomer).map(({ sequence }) => sequence);
      for (const { sequence } of gone) assert.ok(stayed.every((other) => other > sequence));
    });
  });

  test('F-26, F-27: a known device has one session, the newest', () => {
    any((_, newcomer, after) => {
      const devices = after.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId]));
      assert.equal(new Set(devices).size, devices.length);
      if (newcomer.deviceId !== null)
        assert.equal(
          after.find((other) => other.deviceId === newcomer.deviceId),
          newcomer,
        );
    });
  });
});

const anyPlace = fc.record({
  deviceId: fc.constantFrom(null, 'a', 'b', 'c'),
  class: fc.constantFrom<Newcomer['class']>('web', 'mobile', 'tv'),
  client: fc.constantFrom(null, 'app', 'site'),
  minutes: fc.nat({ max: 4 }),
});
const anyLimits = fc.record({
  account: fc.integer({ min: 1, max: 5 }),
  'class:web': max,
  'class:mobile': max,
  'client:app': max,
});

describe('with any limits at any level', () => {
  const isIn = (bucket: string, { class: deviceClass, client }: Newcomer): boolean =>
    bucket === 'account' || bucket === `class:${deviceClass}` || bucket === `client:${client}`;
  const any = (
    look: (given: { live: readonly Place[]; asked: Admission; verdict: ReturnType<typeof decideAdmission> }) => void,
  ): void =>
    fc.assert(
      fc.property(
        ...[fc.array(anyPlace, { maxLength: 9 }), anyPlace, anyLimits],
        fc.constantFrom<Admission['whenFull']>('displace', 'displace-least-recent', 'refuse', 'ask', 'approve'),
        fc.array(fc.nat({ max: 9 }), { maxLength: 3 }),
        (others, newcomer, maxima, whenFull, chosen) => {
          const live = others.map(({ minutes, ...more }, at) =>
            place(at + 1, { ...more, seenAt: T0 + minutes * 60_000 }),
          );
          const limits = Object.entries(maxima).map(([bucket, most]) => ({ bucket, max: most }) as Limit);
          const ends = chosen.map((sequence) => `ses_${sequence}`);
          const asked: Admission = { ...admission(1, newcomer), limits, whenFull, ends };
          look({ live, asked, verdict: decideAdmission(gate, live, asked) });
        },
      ),
      { numRuns: 1000 },
    );
  const leftAfter = (
    live: readonly Place[],
    { replaced, displaced }: { replaced: readonly Place[]; displaced: readonly Place[] },
  ) => live.filter((other) => !replaced.includes(other) && !displaced.includes(other));

  test('F-1, F-10: nobody who comes in leaves a bucket above its limit', () => {
    any(({ live, asked, verdict }) => {
      if (verdict.kind !== 'admit') return;
      const after: readonly Newcomer[] = [...leftAfter(live, verdict), asked.newcomer];
      for (const { bucket, max: most } of asked.limits) {
        const count = after.filter((one) => isIn(bucket, one)).length;
        assert.ok(most === 'unlimited' || count <= most, `${bucket}: ${count} of ${most}`);
      }
    });
  });

  test('F-1: nobody goes for whom there was room: each who went would be one too many somewhere', () => {
    any(({ live, asked, verdict }) => {
      if (verdict.kind !== 'admit' || asked.ends.length > 0) return;
      const left = leftAfter(live, verdict);
      for (const gone of verdict.displaced) {
        const isFull = asked.limits.some(({ bucket, max: most }) => {
          if (most === 'unlimited' || !isIn(bucket, gone)) return false;
          // Whoever went for a narrower limit may have made room that another would have needed in a wider one.
          const narrower = verdict.displaced.filter((other) => other !== gone && isIn(bucket, other));
          return [...left, ...narrower, gone, asked.newcomer].filter((one) => isIn(bucket, one)).length > most;
        });
        assert.ok(isFull, gone.id);
      }
    });
  });

  test('L5, L13: nobody goes for a newcomer but whom it may choose, and those too many without it', () => {
    any(({ live, asked, verdict }) => {
      if (!['refuse', 'ask', 'approve'].includes(asked.whenFull)) return;
      if (verdict.kind === 'full') {
        assert.ok(verdict.among.length >= verdict.least && verdict.least >= 1);
        assert.ok(verdict.among.every((one) => live.includes(one)));
        return;
      }
      assert.ok(verdict.kind === 'admit');
      const within = asked.limits.every(
        ({ bucket, max: most }) => most === 'unlimited' || live.filter((one) => isIn(bucket, one)).length <= most,
      );
      if (within) assert.ok(ids(verdict.displaced).every((id) => asked.ends.includes(id)));
    });
  });

  test('F-24: whoever chooses all that may be chosen is in', () => {
    any(({ live, asked, verdict }) => {
      if (verdict.kind !== 'full') return;
      assert.equal(decideAdmission(gate, live, { ...asked, ends: ids(verdict.among) }).kind, 'admit');
    });
  });
});
