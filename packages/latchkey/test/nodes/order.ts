/** The order in which people came in, at nodes whose clocks are an hour apart. */
import assert from 'node:assert/strict';
import type { Fleet } from './fleet.ts';
import {
  DISPLACED,
  keyIn,
  listed,
  liveAmong,
  logIn,
  many,
  newAccount,
  ownId,
  PLACES,
  type Race,
  racesOf,
} from './racing.ts';

const HOUR_MS = 3_600_000;

/** Loaded before a node's own modules. */
const SHIFTED = new URL('shifted-clock.ts', import.meta.url).href;

/** What a node is told so that its clock is wrong: the first's is right, the second's is an hour ahead, the third's behind. */
export function shiftedClock(node: number): Readonly<Record<string, string>> {
  const shiftMs = [0, HOUR_MS, -HOUR_MS][node % 3] ?? 0;
  return { NODE_OPTIONS: `--import=${SHIFTED}`, TEST_CLOCK_SHIFT_MS: String(shiftMs) };
}

const cases: Record<string, (fleet: Fleet) => Promise<void>> = {
  async 'L4, F-2: who came first goes first, whatever the clock of its node says'(fleet) {
    const username = await newAccount(fleet);
    const keys: string[] = [];
    // By time alone, what the node ahead let in would stay, and what the node behind let in would go at once.
    for (const node of [1, 0, 2, 2, 1, 0, 0, 2, 1, 2, 0, 1]) {
      keys.push(await fleet.signIn(username, node));
      const gone = keys.slice(0, -PLACES);
      for (const key of gone.slice(-2)) assert.deepEqual(new Set(await fleet.check(key)), new Set([DISPLACED]));
      const left = keys.slice(-PLACES);
      assert.deepEqual(await liveAmong(fleet, left), left);
    }
  },

  async 'F-2, F-3: a list says who came last first, and of two at once one is last at every node'(fleet) {
    const username = await newAccount(fleet);
    for (let round = 0; round < 6; round++) {
      const answers = await many(12, (turn) => logIn(fleet, turn + round, username));
      const live = await liveAmong(fleet, answers.map(keyIn));
      assert.equal(live.length, PLACES);
      const ids = new Map<string, string>();
      for (const [turn, key] of live.entries()) ids.set(await ownId(fleet, turn, key), key);
      const [first = ''] = live;
      const order = await listed(fleet, round, first);
      for (const [node] of fleet.nodes.entries()) assert.deepEqual(await listed(fleet, node, first), order);
      const [last, ...before] = order.map((id) => ids.get(id) ?? assert.fail());
      // Who comes now pushes out the last of the list, and then the next.
      for (const [turn, key] of [...before.reverse(), last ?? assert.fail()].entries()) {
        assert.deepEqual(await liveAmong(fleet, [key]), [key]);
        await fleet.signIn(username, turn + round);
        assert.deepEqual(new Set(await fleet.check(key)), new Set([DISPLACED]));
      }
    }
  },
};

export const orders: readonly Race[] = racesOf(cases);
