import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firstGate, type Gate, voidedGate } from '../../src/model/account.ts';
import { type Admission, decideAdmission, type Limit, type Place } from '../../src/model/admission.ts';

const gate = firstGate(1, []);

function place(sequence: number, deviceId: string | null = null): Place {
  return { id: `ses_${sequence}`, sequence, deviceId };
}

function admission(max: Limit['max'], deviceId: string | null = null): Admission {
  return { proofRevision: 1, deviceId, limits: [{ bucket: 'account', max }], whenFull: 'displace' };
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
