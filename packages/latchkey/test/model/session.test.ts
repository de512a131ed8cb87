import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeOfEnd, type EndReason } from '../../src/model/reasons.ts';
import { graceEnd, isFresh, type Session, sessionState } from '../../src/model/session.ts';

const DAY_MS = 86_400_000;
const OPENED = Date.UTC(2026, 0, 1);
const policy = { idleMs: 14 * DAY_MS };

const session: Session = {
  id: 'ses_1',
  accountId: 1,
  sequence: 1,
  device: { id: null, class: 'unknown', name: 'an unknown device' },
  place: null,
  client: null,
  binding: null,
  method: 'password',
  openedAt: OPENED,
  authenticatedAt: OPENED,
  seenAt: OPENED,
  expiresAt: OPENED + 30 * DAY_MS,
  openedRevision: 1,
  roles: [],
  ending: null,
};

const LIVE = { live: true };
const over = (at: number) => ({ live: false, reason: 'expired', at, by: null });

const rows: readonly (readonly [what: string, given: Partial<Session>, now: number, state: object])[] = [
  ['a new one is live', {}, OPENED, LIVE],
  ['one is live until the last moment of the idle time', {}, OPENED + 14 * DAY_MS - 1, LIVE],
  ['one that nobody used is over when the idle time is', {}, OPENED + 14 * DAY_MS, over(OPENED + 14 * DAY_MS)],
  ['and was over since then, whenever it is asked', {}, OPENED + 99 * DAY_MS, over(OPENED + 14 * DAY_MS)],
  ['one that is used lives on', { seenAt: OPENED + 13 * DAY_MS }, OPENED + 20 * DAY_MS, LIVE],
  ['until its lifetime is over', { seenAt: OPENED + 29 * DAY_MS }, OPENED + 30 * DAY_MS, over(OPENED + 30 * DAY_MS)],
  ['P6: a clock that was set back ends nothing', {}, OPENED - 30 * DAY_MS, LIVE],
  ['P6: but one from years ahead is over', {}, OPENED - 30 * DAY_MS - 1, over(OPENED - 30 * DAY_MS - 1)],
];

describe('is a session live, and if not, why and since when', () => {
  for (const [what, given, now, state] of rows) {
    test(what, () => assert.deepEqual(sessionState({ ...session, ...given }, policy, now), state));
  }

  const by = { name: 'Firefox on Windows', class: 'web' } as const;
  for (const reason of Object.keys(codeOfEnd) as EndReason[]) {
    test(`F-7, F-29: one that ended as ${reason} says so for ever, whatever else is over`, () => {
      const ending = { reason, at: OPENED + 5, by: reason === 'displaced' ? by : null, bySession: null };
      for (const now of [OPENED, OPENED + 5, OPENED + 99 * DAY_MS]) {
        const state = sessionState({ ...session, ending }, policy, now);
        assert.deepEqual(state, { live: false, reason, at: OPENED + 5, by: ending.by });
      }
    });
  }
});

describe('F-32: until when may a displaced device finish what it was at', () => {
  const at = OPENED + 1_000;
  const endedAs = (reason: EndReason, more: Partial<Session> = {}): Session => ({
    ...{ ...session, ending: { reason, at, by: null, bySession: null } },
    ...more,
  });

  test('for as long as the settings say, counted from its end', () => {
    const out = endedAs('displaced');
    for (const now of [at, at + 1, at + 29_999]) assert.equal(graceEnd(out, { graceMs: 30_000 }, now), at + 30_000);
    for (const now of [at + 30_000, at + DAY_MS]) assert.equal(graceEnd(out, { graceMs: 30_000 }, now), null);
  });

  test('never without a word of the settings, while it is live, or longer than it would have lived', () => {
    assert.equal(graceEnd(endedAs('displaced'), { graceMs: 0 }, at), null);
    assert.equal(graceEnd(session, { graceMs: 30_000 }, at), null);
    assert.equal(graceEnd(endedAs('displaced', { expiresAt: at + 10 }), { graceMs: 30_000 }, at + 9), at + 10);
    assert.equal(graceEnd(endedAs('displaced', { expiresAt: at + 10 }), { graceMs: 30_000 }, at + 10), null);
  });

  test('never where a clock was put back: how long ago it was is not known', () => {
    assert.equal(graceEnd(endedAs('displaced'), { graceMs: 30_000 }, at - 1), null);
  });

  for (const reason of (Object.keys(codeOfEnd) as EndReason[]).filter((one) => one !== 'displaced')) {
    test(`never for one that ended as ${reason}`, () => {
      assert.equal(graceEnd(endedAs(reason), { graceMs: 300_000 }, at), null);
    });
  }
});

describe('has its holder just proved who they are', () => {
  const tenMinutes = 600_000;
  for (const [what, given, now, isTrue] of [
    ['at once', {}, OPENED, true],
    ['for as long as the settings say', {}, OPENED + tenMinutes - 1, true],
    ['and not a moment longer', {}, OPENED + tenMinutes, false],
    ['P6: a clock that was set back a little changes nothing', {}, OPENED - tenMinutes + 1, true],
    ['P6: what lies further ahead proves nothing', {}, OPENED - tenMinutes, false],
    ['an imported key never has', { authenticatedAt: 0 }, OPENED, false],
    ['using a session is no proof', { seenAt: OPENED + tenMinutes }, OPENED + tenMinutes, false],
  ] as const) {
    test(what, () => assert.equal(isFresh({ ...session, ...given }, tenMinutes, now), isTrue));
  }
});

test('P6: however wrong a clock was, no session lives for longer than twice its time, and a small step ends none', () => {
  let seed = 20_260_101;
  const pick = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let time = 0; time < 5_000; time++) {
    const lifetimeMs = (1 + pick(60)) * DAY_MS;
    const idleMs = (1 + pick(60)) * DAY_MS;
    const jumpMs = (pick(20_000) - 10_000) * DAY_MS;
    const openedAt = OPENED + jumpMs;
    const seenAt = openedAt + pick(lifetimeMs);
    const given: Session = {
      ...session,
      openedAt,
      authenticatedAt: openedAt,
      seenAt,
      expiresAt: openedAt + lifetimeMs,
    };
    const isLive = (now: number): boolean => sessionState(given, { idleMs }, now).live;
    assert.equal(isLive(OPENED + 2 * lifetimeMs) && isLive(OPENED), false);
    assert.equal(isLive(openedAt - lifetimeMs - 1) || isLive(openedAt + lifetimeMs), false);
    const stepMs = pick(Math.min(idleMs, lifetimeMs));
    assert.equal(isLive(openedAt - stepMs), true);
    assert.equal(isFresh(given, 600_000, OPENED), Math.abs(jumpMs) < 600_000);
  }
});
