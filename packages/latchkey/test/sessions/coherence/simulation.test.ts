import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Flaw, simulate } from './simulation.ts';

const SCHEDULES = Number(process.env['LATCHKEY_TEST_SCHEDULES'] ?? 500_000);

/** How many schedules until one goes wrong; null where none does. */
function schedulesUntilFound(flaw: Flaw, trust: 'acked' | 'bounded', most: number): number | null {
  for (let seed = 1; seed <= most; seed++) {
    if (simulate(seed, trust, flaw).length > 0) return seed;
  }
  return null;
}

describe('the protocol of the memory, by invented schedules', () => {
  for (const trust of ['acked', 'bounded'] as const) {
    test(`P3, F-36: ${SCHEDULES.toLocaleString('en')} schedules of delays, losses, stops and cuts, and none accepts a dead token too late (${trust})`, () => {
      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const [mistake] = simulate(seed, trust);
        if (mistake !== undefined) assert.fail(`seed ${seed}: live ${mistake.kind}, ${mistake.lateMs} ms late`);
      }
    });
  }

  const flaws: Record<string, { readonly trust: 'acked' | 'bounded'; readonly flaw: Flaw }> = {
    'memory trusted whatever the horizon says': {
      trust: 'bounded',
      flaw: (protocol) => ({ ...protocol, isFresh: () => true }),
    },
    'reads remembered though a change was heard meanwhile': {
      trust: 'bounded',
      flaw: (protocol) => {
        const origin: typeof protocol.origin = (lane, account) => protocol.origin(lane, account, protocol.mark());
        return { ...protocol, origin };
      },
    },
    'changes answered without waiting': { trust: 'acked', flaw: (protocol) => ({ ...protocol, leftMs: () => 0 }) },
    'changes answered when the first other node has acknowledged': {
      trust: 'acked',
      flaw: (protocol) => {
        const early = new Set<number>();
        return {
          ...protocol,
          acknowledged: (by, numbers) => {
            for (const number of numbers) early.add(number);
            protocol.acknowledged(by, numbers);
          },
          leftMs: (notice) => (early.has(notice.number) ? 0 : protocol.leftMs(notice)),
        };
      },
    },
    'a node that has just connected believes that it knows all others': {
      trust: 'acked',
      flaw: (protocol, clock) => ({ ...protocol, up: (lane) => clock.slow(() => protocol.up(lane)) }),
    },
    'what was remembered over an earlier connection is kept': {
      trust: 'bounded',
      flaw: (protocol) => {
        let isFirst = true;
        return {
          ...protocol,
          up: (lane) => {
            if (isFirst) protocol.up(lane);
            isFirst = false;
          },
          down: () => undefined,
        };
      },
    },
  };
  for (const [name, { trust, flaw }] of Object.entries(flaws)) {
    test(`the schedules find: ${name}`, () => {
      assert.notEqual(schedulesUntilFound(flaw, trust, 100_000), null);
    });
  }
});
