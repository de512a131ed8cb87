/** L25: whoever makes room beside the nodes is in nobody's way. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { purge } from '../../src/jobs/purge.ts';
import { open } from '../../src/latchkey.ts';
import { answered, type Fleet } from './fleet.ts';
import { DISPLACED, keyIn, listed, liveAmong, logIn, many, newAccount, PLACES } from './racing.ts';

/** What has ended goes at once; all of the history stays. */
const KEEP = { endedMs: 0, historyMs: 365 * 86_400_000 };

const CLEANERS = 2;

/** The sessions that were purged meanwhile. */
async function purgedUntil(isOver: () => boolean, environment: Readonly<Record<string, string>>): Promise<number> {
  const { auth, assembled } = await open({}, { environment, role: 'command' });
  let sessions = 0;
  try {
    for (let isLast = false; !isLast; ) {
      isLast = isOver();
      // Nobody purges all the time.
      await sleep(5);
      sessions += (await purge(assembled.parts.store, KEEP)).sessions;
    }
  } finally {
    await auth.close();
  }
  return sessions;
}

export async function purgesAmid(
  fleet: Fleet,
  { crowd, environment }: { readonly crowd: number; readonly environment: Readonly<Record<string, string>> },
): Promise<void> {
  const username = await newAccount(fleet);
  let isOver = false;
  const cleaning = many(CLEANERS, () => purgedUntil(() => isOver, environment));
  const came = many(crowd, (turn) => logIn(fleet, turn, username)).finally(() => {
    isOver = true;
  });
  const [purged, answers] = await Promise.all([cleaning, came]);
  for (const { status } of answers.map(answered)) assert.equal(status, 200);
  const live = await liveAmong(fleet, answers.map(keyIn));
  assert.equal(live.length, PLACES);
  assert.equal((await listed(fleet, 1, live[0] ?? '')).length, PLACES);
  // Its own purge after the last sign-in has left nothing that is over, and no two have counted the same one.
  assert.ok(purged.reduce((sum, count) => sum + count) >= answers.length - PLACES);
  for (const key of answers.map(keyIn).filter((one) => !live.includes(one))) {
    const verdicts = new Set(await fleet.check(key));
    assert.ok(verdicts.isSubsetOf(new Set([DISPLACED, '401 invalid_token'])), [...verdicts].join());
  }
}
