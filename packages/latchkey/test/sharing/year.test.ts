import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distanceKm } from '../../src/model/distance.ts';
import type { HistoryEntry } from '../../src/stores/store.ts';
import { makeAccount, ORDINARY, SHARERS, SHARING } from './accounts.ts';
import { kilometres } from './geography.ts';
import { yearOf } from './year.ts';

const ACCOUNTS = 600;
const entries = [...yearOf(2, ACCOUNTS).days()].flat();
const made = Array.from({ length: ACCOUNTS }, (_, index) => makeAccount(2, index + 1).made);

function isSharing(accountId: number): boolean {
  return made[accountId - 1]?.isSharing === true;
}

function openingsOf(accountId: number): readonly HistoryEntry[] {
  return entries.filter((entry) => entry.accountId === accountId && entry.kind === 'session_opened');
}

/** Consecutive sign-ins of two devices, faster apart than anybody flies. */
function leapsOf(accountId: number): number {
  const openings = openingsOf(accountId);
  return openings.filter(({ at, data }, index) => {
    const before = openings[index - 1];
    if (before === undefined || before.data['device_id'] === data['device_id']) return false;
    const [from, to] = [before.data, data].map(({ lat, lon }) => ({ lat: Number(lat), lon: Number(lon) }));
    if (from === undefined || to === undefined || data['lat'] === null || before.data['lat'] === null) return false;
    const km = distanceKm(from.lat, from.lon, to.lat, to.lon);
    return km > 150 && km / ((at - before.at) / 3_600_000) > 1000;
  }).length;
}

function takeoversOf(accountId: number): number {
  return entries.filter(
    ({ accountId: id, data }) => id === accountId && data['reason'] === 'displaced' && data['replaced'] !== 1,
  ).length;
}

describe('6.7, the simulated year', () => {
  test('is the same for the same seed, in the order of time, and another for another', () => {
    const [again, other, fewer] = [yearOf(2, ACCOUNTS), yearOf(3, ACCOUNTS), yearOf(2, 40)].map((year) =>
      [...year.days()].flat(),
    );
    assert.deepEqual(again, entries);
    assert.notDeepEqual(other, entries);
    const without = (list: readonly HistoryEntry[] = []) => list.map(({ id: _, ...entry }) => entry);
    assert.deepEqual(
      without(fewer),
      without(entries.filter(({ accountId }) => accountId <= 40)),
      'an account does not depend on how many others there are',
    );
    assert.ok(entries.every(({ at }, index) => at >= (entries[index - 1]?.at ?? 0)));
  });

  test('every kind of people is there, and about as many sharers as were planned', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => makeAccount(4, index + 1).made);
    const kinds = new Set<string>(many.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), [...Object.keys(ORDINARY), ...Object.keys(SHARING)].sort());
    const share = many.filter((account) => account.isSharing).length / many.length;
    assert.ok(Math.abs(share - SHARERS) < 0.01, String(share));
  });

  test('history says no more than the real one does: nothing tells a sharer but what they do', () => {
    const fields = new Set(entries.flatMap(({ data }) => Object.keys(data)));
    const opened = ['method', 'sequence', 'device', 'class', 'place', 'device_id', 'client', 'network', 'lat', 'lon'];
    assert.deepEqual([...fields].sort(), [...opened, 'reason', 'by', 'by_class', 'by_session', 'replaced'].sort());
  });

  test('the door is the real one: no account ever has more live sessions than its limit', () => {
    const live = new Map<number, Set<string | null>>();
    for (const { accountId, kind, sessionId } of entries) {
      const held = live.get(accountId) ?? new Set();
      live.set(accountId, held);
      if (kind === 'session_ended') assert.ok(held.delete(sessionId));
      else held.add(sessionId);
      assert.ok(held.size <= (made[accountId - 1]?.limit ?? 0));
    }
  });

  test('nobody flies faster than an airliner', () => {
    for (const { members } of made) {
      for (const { person } of members) {
        for (const { to, transitHours } of person.trips) {
          assert.ok(kilometres(person.home.city, to.city) / transitHours <= 800);
        }
      }
    }
  });

  test('it is not easy: people who do not share have takeovers and leaps as sharers have, and some sharers have few', () => {
    const ids = Array.from({ length: ACCOUNTS }, (_, index) => index + 1);
    const [sharers, others] = [ids.filter(isSharing), ids.filter((id) => !isSharing(id))];
    const takeovers = sharers.map(takeoversOf).sort((a, b) => a - b);
    const quarter = takeovers[Math.floor(takeovers.length / 4)] ?? 0;
    const asMany = others.filter((id) => takeoversOf(id) > quarter).length;
    assert.ok(asMany > sharers.length, `${asMany} others have more than ${quarter} takeovers`);
    const leaping = others.filter((id) => leapsOf(id) >= 5).length;
    assert.ok(leaping > 0.25 * sharers.length, `${leaping} others leap five times or more`);
    const still = sharers.filter((id) => leapsOf(id) === 0).length;
    assert.ok(still > 0, `${still} sharers never leap`);
  });
});
