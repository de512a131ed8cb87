/** What an earlier departure leads to: an account, a session or a link is in another state than it was recorded in. */
import { type Expected, isAlike } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { promised } from '../promise.ts';
import type { Situation } from '../situation.ts';

/** The answer by what is so here, where the recorded one is the answer by what is so in the recording. */
export function aftermath(situation: Situation): { readonly id: string; readonly expected: Expected } | null {
  const { recorded, world } = situation;
  if (world.apartBy === null) return null;
  const expected = promised(situation);
  const there = promised(inRecording(situation));
  if (expected === null || there === null) return null;
  if (isAlike(expected, recorded) || !isAlike(there, recorded)) return null;
  return { id: world.apartBy, expected };
}

function inRecording(situation: Situation): Situation {
  const world = situation.world.asRecorded();
  const { profile, credentials } = situation;
  return {
    ...situation,
    world,
    caller: callerOf(world, profile, credentials),
    carried: callerOf(world, profile, { ...credentials, authorization: '', access: null }),
  };
}
