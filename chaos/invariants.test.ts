/** The checker itself: what is wrong is found, by the invariant whose it is, and what merely looks wrong is not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check } from './check.ts';
import type { Rules } from './rules.ts';
import { accused, rulesWith, type Story, story } from './story.ts';

const ACKED = { mode: 'acked', horizonMs: 1000, heartbeatMs: 200 } as const;
const BOUNDED = { ...ACKED, mode: 'bounded' } as const;

/** Two sign-ins with a limit of one: the second displaces the first, and is answered at 30. */
const displaced = (): Story =>
  story()
    .signIn('A', { at: [0, 10] })
    .signIn('B', { at: [20, 30], displaced: ['A'] });

type Case = readonly [what: string, history: Story, accused: readonly string[], rules?: Partial<Rules>];

function cases(name: string, given: readonly Case[]): void {
  describe(name, () => {
    for (const [what, history, expected, rules] of given) {
      test(what, () => assert.deepEqual(accused(history, rules), expected));
    }
  });
}

cases('I1: what was answered as ended is refused everywhere', [
  ['refused after the answer', displaced().dead('A', { at: [31, 32] }), []],
  ['live in a check that began before the answer', displaced().live('A', { at: [29, 90] }), []],
  ['live in a check that began as the answer was read', displaced().live('A', { at: [30, 31] }), []],
  ['live in a check that began after it', displaced().live('A', { at: [31, 32] }), ['I1']],
  ['live after it, from memory that may not be', displaced().live('A', { at: [31, 32] }), ['I1'], ACKED],
  ['live after it, from memory that may be', displaced().live('A', { at: [31, 32] }), [], BOUNDED],
  ['live when that may not be any more', displaced().live('A', { at: [1031, 1032] }), ['I1'], BOUNDED],
  ['no verdict is none', displaced().noVerdict('A', { at: [31, 32] }), []],
  [
    'the sign-in that would displace it had no answer',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn(null, { at: [20, 6020], outcome: 'unknown' })
      .live('A', { at: [7000, 7001] }),
    [],
  ],
  [
    'the sign-in that would displace it was refused',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn(null, { at: [20, 30], outcome: 'refused' })
      .live('A', { at: [40, 41] }),
    [],
  ],
  [
    'live after all sessions were ended',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [20, 30] })
      .live('A', { at: [31, 32] }),
    ['I1'],
  ],
  [
    'the one that was kept lives on',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [20, 30], kept: 'A' })
      .live('A', { at: [31, 32] }),
    [],
  ],
  [
    'kept by one of two that end all',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [20, 30] })
      .endAll({ at: [21, 31], kept: 'A' })
      .live('A', { at: [32, 33] }),
    ['I1'],
  ],
  [
    'a sign-in that was under way when all were ended',
    story()
      .signIn('A', { at: [0, 25] })
      .endAll({ at: [20, 30] })
      .live('A', { at: [31, 32] }),
    [],
  ],
  [
    'what ends all had no answer',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [20, 6020], outcome: 'unknown' })
      .live('A', { at: [7000, 7001] }),
    [],
  ],
  [
    'what ends all was refused',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [20, 30], outcome: 'refused' })
      .live('A', { at: [31, 32] }),
    [],
  ],
  [
    'who displaced it is known by what is kept alone',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] })
      .live('A', { at: [31, 32] })
      .kept('A', { isLive: false, endedBy: 'session of B' })
      .kept('B')
      .add({ op: 'kept-ending', position: 1, account: 1, session: 'session of A', reason: 'displaced' })
      .keptAll(),
    ['I1'],
  ],
  [
    'the same device came again',
    story()
      .signIn('A', { at: [0, 10], device: 'phone' })
      .signIn('B', { at: [20, 30], device: 'phone', displaced: ['A'] })
      .dead('A', { at: [31, 32] })
      .live('B', { at: [31, 32] }),
    [],
    { limit: 3 },
  ],
]);

cases('I2: never more live sessions than the limit', [
  [
    'one after the other',
    displaced()
      .live('A', { at: [15, 16] })
      .live('B', { at: [31, 32] }),
    [],
  ],
  [
    'both live at once, and none was displaced',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] })
      .live('B', { at: [40, 41] })
      .live('A', { at: [42, 43] }),
    ['I2'],
  ],
  [
    'both live at once, within the limit',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] })
      .live('B', { at: [40, 41] })
      .live('A', { at: [42, 43] }),
    [],
    { limit: 2 },
  ],
  [
    'live while the second sign-in was under way',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 50] })
      .live('A', { at: [42, 43] })
      .live('B', { at: [60, 61] }),
    [],
  ],
  [
    'of two accounts',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30], account: 2 })
      .live('B', { at: [40, 41], account: 2 })
      .live('A', { at: [42, 43] }),
    [],
  ],
  [
    'longer than memory may hold, without an answer that would say so',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] })
      .live('B', { at: [1900, 1901] })
      .live('A', { at: [1902, 1903] }),
    ['I2'],
    ACKED,
  ],
  [
    'no longer than memory may hold',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [20, 30] })
      .live('B', { at: [40, 41] })
      .live('A', { at: [1029, 1030] }),
    [],
    ACKED,
  ],
  [
    'a list of too many',
    story()
      .signIn('A', { at: [0, 10] })
      .list(['one', 'two'], { at: [11, 12] }),
    ['I2'],
  ],
]);

cases('I3: no session is lost that nothing can have ended', [
  [
    'nothing was done',
    story()
      .signIn('A', { at: [0, 10] })
      .dead('A', { at: [20, 21] }),
    ['I3'],
  ],
  [
    'it was never answered',
    story()
      .signIn('A', { at: [0, 6000], outcome: 'unknown' })
      .dead('A', { at: [7000, 7001] }),
    [],
  ],
  [
    'a sign-out that had no answer may have come about late',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .dead('A', { at: [9000, 9001] }),
    [],
  ],
  [
    'a sign-out that was refused did nothing',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30], outcome: 'refused' })
      .dead('A', { at: [40, 41] }),
    ['I3'],
  ],
  [
    'a sign-out that was called after the check was answered',
    story()
      .signIn('A', { at: [0, 10] })
      .dead('A', { at: [20, 21] })
      .signOut('A', { at: [22, 30] }),
    ['I3'],
  ],
  [
    'a sign-out that was under way',
    story()
      .signIn('A', { at: [0, 10] })
      .dead('A', { at: [20, 40] })
      .signOut('A', { at: [30, 50] }),
    [],
  ],
  [
    'another sign-in that was called before and had no answer',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn(null, { at: [2, 6002], outcome: 'unknown' })
      .dead('A', { at: [20, 21] }),
    [],
  ],
  [
    'another sign-in that was over before',
    story()
      .signIn('B', { at: [0, 5] })
      .signIn('A', { at: [6, 10] })
      .dead('A', { at: [20, 21] }),
    ['I3'],
  ],
  [
    'fewer other sign-ins than the limit',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn('B', { at: [11, 15] })
      .dead('A', { at: [20, 21] }),
    ['I3'],
    { limit: 2 },
  ],
  [
    'one of the same device is enough',
    story()
      .signIn('A', { at: [0, 10], device: 'phone' })
      .signIn('B', { at: [11, 15], device: 'phone' })
      .dead('A', { at: [20, 21] }),
    [],
    { limit: 2 },
  ],
  [
    'the same device came before it',
    story()
      .signIn('B', { at: [0, 5], device: 'phone' })
      .signIn('A', { at: [6, 10], device: 'phone' })
      .dead('A', { at: [20, 21] }),
    ['I3'],
  ],
  [
    'it was suspended',
    story()
      .signIn('A', { at: [0, 10] })
      .suspend({ at: [11, 15] })
      .dead('A', { at: [20, 21] }),
    [],
  ],
  [
    'it was suspended before the sign-in was called',
    story()
      .suspend({ at: [0, 5] })
      .reactivate({ at: [6, 7] })
      .signIn('A', { at: [8, 10] })
      .dead('A', { at: [20, 21] }),
    ['I3'],
  ],
  [
    'all but it were ended',
    story()
      .signIn('A', { at: [0, 10] })
      .endAll({ at: [11, 15], kept: 'A' })
      .dead('A', { at: [20, 21] }),
    ['I3'],
  ],
  [
    'it lived its time',
    story()
      .signIn('A', { at: [0, 10] })
      .dead('A', { at: [500, 501] }),
    [],
    { lifetimeMs: 400 },
  ],
]);

cases('I4: what was found dead is never live again', [
  [
    'live, then dead',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .live('A', { at: [30, 31] })
      .dead('A', { at: [40, 41] }),
    [],
  ],
  [
    'dead, then live',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .dead('A', { at: [40, 41] })
      .live('A', { at: [42, 43] }),
    ['I4'],
  ],
  [
    'dead and live in checks that overlap',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .dead('A', { at: [40, 50] })
      .live('A', { at: [49, 60] }),
    [],
  ],
  [
    'dead, then live from the memory of another node, before anybody answered',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .dead('A', { at: [40, 41] })
      .live('A', { at: [900, 901] }),
    [],
    ACKED,
  ],
  [
    'dead, then live for longer than memory may hold',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .dead('A', { at: [40, 41] })
      .live('A', { at: [1042, 1043] }),
    ['I4'],
    ACKED,
  ],
]);

cases('I5: an acknowledged sign-out is final', [
  [
    'refused after it',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30] })
      .dead('A', { at: [31, 32] }),
    [],
  ],
  [
    'live while it was under way',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30] })
      .live('A', { at: [29, 40] }),
    [],
  ],
  [
    'live after a restart',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30] })
      .fault({ called: 40, returned: 50 })
      .live('A', { at: [60, 61] }),
    ['I1', 'I5'],
  ],
  [
    'live after another session ended it',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30], op: 'end-session' })
      .live('A', { at: [31, 32] }),
    ['I1', 'I5'],
  ],
]);

cases('I6: what works once works once', [
  [
    'one of two',
    story()
      .spend('link', { at: [0, 10] })
      .spend('link', { at: [0, 10], outcome: 'refused' }),
    [],
  ],
  [
    'one, and one without an answer',
    story()
      .spend('link', { at: [0, 10] })
      .spend('link', { at: [0, 6000], outcome: 'unknown' }),
    [],
  ],
  [
    'two links',
    story()
      .spend('link', { at: [0, 10] })
      .spend('another', { at: [0, 10] }),
    [],
  ],
  [
    'both',
    story()
      .spend('link', { at: [0, 10] })
      .spend('link', { at: [5, 15] }),
    ['I6'],
  ],
  [
    'two new passwords by one link',
    story()
      .newPassword('second', { op: 'reset-password', at: [0, 10], artefact: 'link' })
      .newPassword('third', { op: 'reset-password', at: [5, 15], artefact: 'link' }),
    ['I6'],
  ],
]);

cases('I7: a token is of the account that signed in', [
  [
    'its own',
    story()
      .signIn('A', { at: [0, 10] })
      .live('A', { at: [11, 12] }),
    [],
  ],
  [
    "another's",
    story()
      .signIn('A', { at: [0, 10] })
      .live('A', { at: [11, 12], account: 2 }),
    ['I7'],
  ],
]);

const numbered = (second: number, first = 1): Story =>
  story()
    .signIn('A', { at: [0, 10], sequence: first })
    .signIn('B', { at: [20, 30], sequence: second, displaced: ['A'] });

cases('I8: the order of sign-ins is that of their numbers', [
  ['in order', numbered(2), []],
  ['against it', numbered(1, 2), ['I8']],
  ['one number twice', numbered(1), ['I8']],
  [
    'against the order of their calls, at the same time',
    story()
      .signIn('A', { at: [0, 30], sequence: 2 })
      .signIn('B', { at: [20, 40], sequence: 1 }),
    [],
  ],
  [
    'one without an answer may come late',
    story()
      .signIn(null, { at: [0, 6000], outcome: 'unknown' })
      .signIn('B', { at: [7000, 7010] })
      .kept('B', { sequence: 1 })
      .kept('A', { sequence: 2, opener: 0 })
      .kept('C', { sequence: 3, isLive: false, reason: 'expired', account: 2 }),
    [],
    { limit: 2 },
  ],
  [
    'displaced by an older one',
    story()
      .signIn('A', { at: [0, 30], sequence: 2 })
      .signIn('B', { at: [20, 40], sequence: 1, displaced: ['A'] }),
    ['I8'],
  ],
  [
    'displaced by two',
    story()
      .signIn('A', { at: [0, 10], sequence: 1 })
      .signIn('B', { at: [20, 30], sequence: 2, displaced: ['A'] })
      .signIn('C', { at: [20, 30], sequence: 3, displaced: ['A'] }),
    ['I8'],
  ],
]);

cases('I9: a suspension and a new password stop sign-ins under way, too', [
  [
    'a sign-in that was answered after the suspension',
    story()
      .suspend({ at: [20, 30] })
      .signIn('A', { at: [15, 40] })
      .live('A', { at: [41, 42] }),
    ['I9'],
  ],
  [
    'one that was there before',
    story()
      .signIn('A', { at: [0, 10] })
      .suspend({ at: [20, 30] })
      .live('A', { at: [41, 42] }),
    ['I1', 'I9'],
  ],
  [
    'after it was let in again',
    story()
      .suspend({ at: [20, 30] })
      .reactivate({ at: [31, 35] })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'letting in again was called and not answered',
    story()
      .suspend({ at: [20, 30] })
      .reactivate({ at: [31, 6031], outcome: 'unknown' })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'letting in again began first and may have come second',
    story()
      .reactivate({ at: [10, 40] })
      .suspend({ at: [20, 30] })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'letting in again was over before',
    story()
      .reactivate({ at: [10, 15] })
      .suspend({ at: [20, 30] })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [41, 42] }),
    ['I9'],
  ],
  [
    'suspended twice at once, and let in again after one of them',
    story()
      .suspend({ at: [0, 100] })
      .suspend({ at: [20, 30] })
      .reactivate({ at: [10, 15] })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [50, 51] }),
    ['I9'],
  ],
  [
    'the suspension was refused',
    story()
      .suspend({ at: [20, 30], outcome: 'refused' })
      .signIn('A', { at: [32, 40] })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'a sign-in by the old password that was answered after the change',
    story()
      .signIn('A', { at: [15, 40] })
      .newPassword('second', { at: [20, 30] })
      .live('A', { at: [41, 42] }),
    ['I9'],
  ],
  [
    'the session that changed it',
    story()
      .signIn('A', { at: [0, 10] })
      .newPassword('second', { at: [20, 30], kept: 'A' })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'a sign-in by the new password',
    story()
      .newPassword('second', { at: [20, 30] })
      .signIn('A', { at: [31, 40], password: 'second' })
      .live('A', { at: [41, 42] }),
    [],
  ],
  [
    'a sign-in by the new password, before the change was answered',
    story()
      .newPassword('second', { at: [20, 60] })
      .signIn('A', { at: [31, 40], password: 'second' })
      .live('A', { at: [61, 62] }),
    [],
  ],
  [
    'a password that another change replaced, which may have come first',
    story()
      .newPassword('second', { at: [20, 50] })
      .newPassword('third', { at: [20, 30] })
      .signIn('A', { at: [31, 60], password: 'second' })
      .live('A', { at: [61, 62] }),
    [],
  ],
  [
    'the change had no answer',
    story()
      .signIn('A', { at: [15, 40] })
      .newPassword('second', { at: [20, 6020], outcome: 'unknown' })
      .live('A', { at: [7000, 7001] }),
    [],
  ],
  [
    'from memory that may be',
    story()
      .signIn('A', { at: [15, 40] })
      .newPassword('second', { at: [20, 30] })
      .live('A', { at: [41, 42] }),
    [],
    BOUNDED,
  ],
]);

cases('I10: one account for each identifier', [
  [
    'two names',
    story()
      .signUp({ at: [0, 10] })
      .signUp({ at: [0, 10], account: 2, identifier: 'bob' }),
    [],
  ],
  [
    'one of two',
    story()
      .signUp({ at: [0, 10] })
      .signUp({ at: [0, 10], outcome: 'refused' }),
    [],
  ],
  [
    'both',
    story()
      .signUp({ at: [0, 10] })
      .signUp({ at: [0, 10], account: 2 }),
    ['I10'],
  ],
  [
    'kept twice',
    story()
      .signUp({ at: [0, 10] })
      .add({ op: 'kept-account', account: 1, identifiers: ['ann'], state: 'active' })
      .add({ op: 'kept-account', account: 2, identifiers: ['ann'], state: 'active' })
      .keptAll(),
    ['I10'],
  ],
  [
    'not kept',
    story()
      .signUp({ at: [0, 10] })
      .keptAll(),
    ['I10'],
  ],
]);

const cut = (): Story =>
  story().fault({ fault: 'stop of the store', called: 10, returned: 9000, cutOff: { from: 20, to: 8000 } });

cases('I11: without its store a node gives no verdict', [
  ['none is given', cut().noVerdict('A', { at: [30, 40] }), []],
  [
    'live',
    cut()
      .signIn('A', { at: [0, 5] })
      .live('A', { at: [30, 40] }),
    ['I11'],
  ],
  [
    'dead',
    cut()
      .signIn('A', { at: [0, 5] })
      .signOut('A', { at: [6, 7] })
      .dead('A', { at: [30, 40] }),
    ['I11'],
  ],
  [
    'live from memory that may be',
    cut()
      .signIn('A', { at: [0, 5] })
      .live('A', { at: [1200, 1201] }),
    [],
    ACKED,
  ],
  [
    'live from memory for too long',
    cut()
      .signIn('A', { at: [0, 5] })
      .live('A', { at: [1221, 1222] }),
    ['I11'],
    ACKED,
  ],
  [
    'answered when the store may be back',
    cut()
      .signIn('A', { at: [0, 5] })
      .live('A', { at: [7000, 8001] }),
    [],
  ],
  [
    'live on another node than the one that is cut off',
    story()
      .signIn('A', { at: [0, 5] })
      .fault({ node: 'b', cutOff: { from: 20, to: 8000 } })
      .live('A', { at: [30, 40] }),
    [],
  ],
]);

const served = (after: number): Story =>
  story()
    .fault({ node: 'a', called: 50, returned: 100 })
    .signIn('A', { at: [after, after + 10] })
    .live('A', { at: [after + 20, after + 30] });

cases('I12: after the last fault every node serves again', [
  ['it serves', served(6000), [], { nodes: ['a'] }],
  ['nobody asked it late enough', served(5000), ['I12'], { nodes: ['a'] }],
  ['one of two serves', served(6000), ['I12'], { nodes: ['a', 'b'] }],
  ['a check has no answer', served(6000).noVerdict('A', { at: [6100, 6110] }), ['I12'], { nodes: ['a'] }],
  ['it takes too long', served(6000).live('A', { at: [6100, 6700] }), ['I12'], { nodes: ['a'] }],
  [
    'an error that nobody caught',
    served(6000).add({ op: 'node-report', node: 'a', at: 1, uncaught: 1, rssBytes: 1 }),
    ['I12'],
  ],
  [
    'too much memory',
    served(6000).add({ op: 'node-report', node: 'a', at: 1, uncaught: 0, rssBytes: 2 ** 40 }),
    ['I12'],
  ],
]);

const keptInTheEnd = (a: boolean, b: boolean): Story => {
  const history = displaced().kept('A', { isLive: a, endedBy: a ? null : 'session of B' });
  const written = { op: 'kept-ending', position: 7, account: 1, session: 'session of A', reason: 'displaced' } as const;
  return history
    .kept('B', { isLive: b, ...(!b && { reason: 'expired' }) })
    .add(...(a ? [] : [written]))
    .keptAll();
};

/** One live session, and what is kept of its account, which lets in what was opened under revision 2. */
const changedInTheEnd = (given: {
  readonly revision: number;
  readonly kept?: string;
  readonly state?: string;
}): Story =>
  story()
    .signIn('A', { at: [0, 10] })
    .kept('A', { revision: given.revision })
    .add({
      op: 'kept-account',
      account: 1,
      identifiers: ['ann'],
      state: given.state ?? 'active',
      gate: { validFrom: 2, kept: given.kept ?? null },
    })
    .keptAll();

cases('I13: what is kept is what was answered', [
  ['the newer is kept', keptInTheEnd(false, true), []],
  ['both are', keptInTheEnd(true, true), ['I13']],
  ['neither is', keptInTheEnd(false, false), ['I13']],
  [
    'an answered sign-in is not there',
    story()
      .signIn('A', { at: [0, 10] })
      .keptAll(),
    ['I13'],
  ],
  [
    'it was purged',
    story()
      .signIn('A', { at: [0, 10] })
      .keptAll(),
    [],
    { lifetimeMs: 5000 },
  ],
  [
    'a sign-out that was answered is not there',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 30] })
      .kept('A')
      .keptAll(),
    ['I13'],
  ],
  [
    'a sign-out without an answer may be there or not',
    story()
      .signIn('A', { at: [0, 10] })
      .signOut('A', { at: [20, 6020], outcome: 'unknown' })
      .kept('A')
      .keptAll(),
    [],
  ],
  [
    'a session from nowhere',
    story()
      .kept('A')
      .keptAll()
      .signIn(null, { at: [0, 1], outcome: 'refused', account: 1 })
      .signIn('B', { at: [0, 10] })
      .kept('B'),
    ['I13'],
    { limit: 2 },
  ],
  [
    'a session of a sign-in without an answer',
    story()
      .signIn('B', { at: [0, 10] })
      .signIn(null, { at: [20, 6020], outcome: 'unknown' })
      .kept('A')
      .kept('B')
      .keptAll(),
    [],
    { limit: 2 },
  ],
  [
    'a sign-in without an answer that displaced somebody, as the store tells',
    story()
      .signIn('A', { at: [0, 10] })
      .signIn(null, { at: [20, 6020], outcome: 'unknown' })
      .kept('A', { isLive: false, endedBy: 'session of B' })
      .kept('B', { opener: 1 })
      .add({ op: 'kept-ending', position: 7, account: 1, session: 'session of A', reason: 'displaced' })
      .keptAll(),
    [],
  ],
  ['a change of the account that reached its sessions', changedInTheEnd({ revision: 2 }), []],
  ['a change of the account that never reached its sessions', changedInTheEnd({ revision: 1 }), ['I13']],
  [
    'a change of the account that keeps the session it was asked for by',
    changedInTheEnd({ revision: 1, kept: 'session of A' }),
    [],
  ],
  ['a suspension that never reached its sessions', changedInTheEnd({ revision: 2, state: 'suspended' }), ['I13']],
]);

const toldOf = (...positions: readonly number[]): Story =>
  keptInTheEnd(false, true).add(
    ...positions.map((position) => ({
      op: 'heard' as const,
      node: 'a',
      at: 40,
      session: 'session of A',
      position,
      reason: 'displaced',
    })),
  );

cases('I14: each displacement is written down once, and told', [
  ['told', toldOf(7), [], { listens: true }],
  ['told twice, by one id', toldOf(7, 7), [], { listens: true }],
  ['told by two ids', toldOf(7, 8), ['I14'], { listens: true }],
  ['not told', toldOf(), ['I14'], { listens: true }],
  ['not told, and nobody listened', toldOf(), []],
  [
    'written twice',
    keptInTheEnd(false, true).add({
      op: 'kept-ending',
      position: 8,
      account: 1,
      session: 'session of A',
      reason: 'displaced',
    }),
    ['I14'],
  ],
  ['not written', displaced().kept('A', { isLive: false, endedBy: 'session of B' }).kept('B').keptAll(), ['I14']],
  [
    'told of an end that is written nowhere',
    toldOf(7).add({ op: 'heard', node: 'a', at: 1, session: 'another', position: 9, reason: 'displaced' }),
    ['I14'],
    { listens: true },
  ],
]);

cases('I15: no proof is accepted twice', [
  [
    'one of two',
    story()
      .spend('jti', { at: [0, 10], use: 'proof' })
      .spend('jti', { at: [0, 10], use: 'proof', outcome: 'refused' }),
    [],
  ],
  [
    'both',
    story()
      .spend('jti', { at: [0, 10], use: 'proof' })
      .spend('jti', { at: [50, 60], use: 'proof' }),
    ['I15'],
  ],
]);

const withRoles = (): Story =>
  story()
    .signIn('A', { at: [0, 10] })
    .setRoles('teacher', { at: [20, 30] });

cases('I16: roles that were replaced are not shown any more', [
  ['the new ones', withRoles().live('A', { at: [31, 32], roles: 'teacher' }), []],
  ['the old ones, in a check that began before the answer', withRoles().live('A', { at: [29, 40], roles: '' }), []],
  ['the old ones, after it', withRoles().live('A', { at: [31, 32], roles: '' }), ['I16']],
  ['the old ones, from memory that may be', withRoles().live('A', { at: [31, 32], roles: '' }), [], BOUNDED],
  ['the new ones, before they were answered', withRoles().live('A', { at: [21, 22], roles: 'teacher' }), []],
  ['the new ones, before they were given', withRoles().live('A', { at: [11, 12], roles: 'teacher' }), ['I16']],
  ['roles that nobody gave', withRoles().live('A', { at: [31, 32], roles: 'admin' }), ['I16']],
  [
    'either of two that were given at once',
    withRoles()
      .setRoles('pupil', { at: [25, 35] })
      .live('A', { at: [41, 42], roles: 'teacher' })
      .live('A', { at: [41, 42], roles: 'pupil' }),
    [],
  ],
  [
    'those of a change without an answer, at any time after',
    withRoles()
      .setRoles('pupil', { at: [25, 6025], outcome: 'unknown' })
      .live('A', { at: [7000, 7001], roles: 'teacher' })
      .live('A', { at: [7002, 7003], roles: 'pupil' }),
    [],
  ],
]);

test('a violation says by how much it was late, and has the records that prove it', () => {
  const history = displaced().live('A', { at: [42, 43] });
  const [first] = check(history.entries, rulesWith({}));
  assert.deepEqual(first?.violations, [
    { says: 'live after its sign-in was answered', lateMs: 12, proof: [history.entries[1], history.entries[2]] },
  ]);
});
