/** What nodes say while their store is gone: nothing, once they may not trust their memory any more. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { ask } from '../serving.ts';
import { type Fleet, until } from './fleet.ts';

/** The horizon of a second, and a beat that was on its way; a check that begins later is never answered from memory. */
const BOUND_MS = 1_500;
const LOOKS = 4;

export type Absence = { leave(): Promise<void>; comeBack(): Promise<void> | void };

/** F-35, I11. `name` is whose account this is about. */
export async function saysNothingMeanwhile(fleet: Fleet, name: string, { leave, comeBack }: Absence): Promise<void> {
  await fleet.register(name);
  const key = await fleet.signIn(name);
  const everywhere = (verdict: string): readonly string[] => fleet.nodes.map(() => verdict);
  for (let times = 0; times < 3; times++) assert.deepEqual(await fleet.check(key), everywhere('200'));
  await leave();
  const gone = performance.now();
  try {
    for (let looks = 0; looks < LOOKS; ) {
      const afterMs = performance.now() - gone;
      const verdicts = await fleet.check(key);
      if (afterMs <= BOUND_MS) {
        assert.ok(
          verdicts.every((one) => one === '200' || one === '503 store_unavailable'),
          verdicts.join(),
        );
        continue;
      }
      assert.deepEqual(verdicts, everywhere('503 store_unavailable'), `${Math.round(afterMs)} ms after it was gone`);
      looks++;
    }
    const body = { username: name, password: PASSWORD };
    const signIns = await Promise.all(fleet.nodes.map(({ url }) => ask(`${url}/auth/login/`, { body })));
    for (const { status, reason } of signIns) assert.equal(`${status} ${reason}`, '503 store_unavailable');
  } finally {
    await comeBack();
  }
  await until('every node accepts the key again', async () =>
    (await fleet.check(key)).every((verdict) => verdict === '200'),
  );
  await until('every node lets people in again', async () => {
    const body = { username: name, password: PASSWORD };
    const signIns = await Promise.all(fleet.nodes.map(({ url }) => ask(`${url}/auth/login/`, { body })));
    return signIns.every(({ status }) => status === 200);
  });
}
