import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideTakeover, type Takeover, type TakeoverVerdict } from '../../src/model/takeover.ts';

const NEW: Takeover = { by: 'new', isContested: false, isWithinRate: true, canStepUp: true };

type Row = {
  readonly what: string;
  readonly takeover: Partial<Takeover>;
  /** Where the policy asks each time, and where it does not. */
  readonly always: TakeoverVerdict;
  readonly otherwise: TakeoverVerdict;
};

const none = (why: 'known' | 'proven' | 'within_rate') => ({ kind: 'none', why }) as const;
const asks = (why: 'always' | 'contested' | 'too_often') => ({ kind: 'step-up', why }) as const;
const refuse = { kind: 'refuse', why: 'too_often' } as const;
const both = (verdict: TakeoverVerdict) => ({ always: verdict, otherwise: verdict });

const rows: readonly Row[] = [
  { what: 'a new device, within the rate', takeover: {}, always: asks('always'), otherwise: none('within_rate') },
  {
    what: 'a new device, too often',
    takeover: { isWithinRate: false },
    always: asks('always'),
    otherwise: asks('too_often'),
  },
  {
    what: 'a new device, after its place was taken back',
    takeover: { isContested: true },
    always: asks('always'),
    otherwise: asks('contested'),
  },
  {
    what: 'a new device that can show no more, within the rate',
    takeover: { canStepUp: false },
    ...both(none('within_rate')),
  },
  {
    what: 'a new device that can show no more, after its place was taken back',
    takeover: { canStepUp: false, isContested: true },
    ...both(none('within_rate')),
  },
  {
    what: 'a new device that can show no more, too often',
    takeover: { canStepUp: false, isWithinRate: false },
    ...both(refuse),
  },
];

describe('P10, F-40: who may take the place of another device', () => {
  for (const { what, takeover, always, otherwise } of rows) {
    test(what, () => {
      assert.deepEqual(decideTakeover({ stepUp: true }, { ...NEW, ...takeover }), always);
      assert.deepEqual(decideTakeover({ stepUp: false }, { ...NEW, ...takeover }), otherwise);
    });
  }

  for (const by of ['known', 'proven'] as const) {
    test(`B1: whoever is ${by} may whenever they like, whatever strangers did before`, () => {
      for (const bits of Array(16).keys()) {
        const [isContested, isWithinRate, canStepUp, stepUp] = [1, 2, 4, 8].map((bit) => (bits & bit) > 0) as [
          ...[boolean, boolean, boolean, boolean],
        ];
        const takeover = { by, isContested, isWithinRate, canStepUp };
        assert.deepEqual(decideTakeover({ stepUp }, takeover), none(by));
      }
    });
  }
});
