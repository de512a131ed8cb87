/** The recorded wire, replayed: what must be as recorded, what departs and by which rule, and that nothing else passes for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { departures } from './departures/table.ts';
import { mutationsOf } from './mutations.ts';
import { readRecording } from './recording.ts';
import type { Witness } from './replay.ts';
import { countsOf, departedBy, failureText, type Line } from './report.ts';
import { onStage, replaySafely } from './run.ts';
import { scopeOf } from './scope.ts';
import { failing, showing, showingForms, showingTokens } from './written.ts';

/** How many of the kept transcripts depart by each rule: one that suddenly speaks for more is noticed here. */
const DEPARTED = {
  'own-key': 42,
  'password-notice': 30,
  cookies: 31,
  'json-complaint': 34,
  'dead-credential': 24,
  'origin-check': 27,
  'token-sign-out': 16,
  displaced: 13,
  pages: 13,
  'cookie-credential': 8,
  next: 8,
  'no-failure': 8,
  'one-session': 8,
  bearer: 5,
  'browsable-api': 5,
  article: 4,
  'debug-page': 3,
  'own-username': 3,
  'reset-ends': 3,
  closing: 2,
  'ended-token': 2,
  'mandatory-duplicate': 2,
  'no-basic': 2,
  'oauth-one': 2,
  'own-link': 2,
  'resend-nobody': 2,
  'sign-out-page': 2,
  slash: 2,
  'stored-address': 2,
  'unwired-view': 2,
  attempts: 1,
  'connection-notice': 1,
  'last-way-in': 1,
  'first-password': 1,
  'typed-password': 1,
  undeliverable: 1,
};

suite('the recorded wire', () => {
  const lines: Line[] = [];
  const places = new Set<string>();
  const unnoticed = new Map<string, number>();

  /** Holds every recording that differs in one place against what came of the step. */
  const hold: Witness = (step, _, judge) => {
    const { departures: rules } = judge(step);
    for (const [place, changed] of mutationsOf(step)) {
      places.add(place);
      if (judge(changed).differences.length > 0) continue;
      const what = `${place}: ${rules.join(', ')}`;
      unnoticed.set(what, (unnoticed.get(what) ?? 0) + 1);
    }
  };

  before(async () => {
    const { replayable } = scopeOf(readRecording(import.meta.dirname));
    await onStage('dangerously-cheap', async (stage) => {
      for (const one of replayable) lines.push({ ...one, result: await replaySafely(one, stage, hold) });
    });
  });

  test('P1 P2 P3 P6 every transcript is answered as recorded or departs by a rule, and exactly the promised sessions are live', () => {
    const failed = lines.filter(({ result }) => result.failure !== null);
    assert.deepEqual(failed.map(failureText), []);
  });

  test('as many transcripts depart as did, and by the same rules', () => {
    assert.deepEqual(countsOf(lines), { passed: 872, departed: 252, failed: 0 });
    assert.deepEqual(departedBy(lines), DEPARTED);
  });

  test('a recording that is changed in one place is noticed at that step', () => {
    assert.deepEqual(Object.fromEntries(unnoticed), UNNOTICED);
    for (const place of PLACES) assert.ok(places.has(place), `${place} was not changed`);
  });
});

suite('departures', () => {
  test('each is seen at work: in the kept transcripts, or in one that is written for it', () => {
    const shown = new Set([DEPARTED, showing, showingTokens].flatMap((table) => Object.keys(table)));
    assert.deepEqual(
      departures.filter(({ id }) => !shown.has(id)),
      [],
    );
    assert.equal(departures.length, new Set(departures.map(({ id }) => id)).size);
  });

  for (const [id, replayable] of Object.entries(showing)) {
    test(`${id}: ${replayable.transcript.name}`, async () => {
      const result = await onStage('dangerously-cheap', (stage) => replaySafely(replayable, stage));
      assert.equal(failureText({ ...replayable, result }), '');
      assert.ok(result.departures.includes(id), result.departures.join(', '));
    });
  }

  for (const [id, replayable] of [...Object.entries(showingForms), ...Object.entries(showingTokens)]) {
    test(`${id}: ${replayable.transcript.name}`, async () => {
      const result = await onStage('dangerously-cheap', (stage) => replaySafely(replayable, stage));
      assert.equal(failureText({ ...replayable, result }), '');
      assert.deepEqual(result.departures, [id]);
    });
  }

  for (const replayable of failing) {
    test(`none speaks for a recording in which ${replayable.transcript.name}`, async () => {
      const { failure } = await onStage('dangerously-cheap', (stage) => replaySafely(replayable, stage));
      assert.equal(failure?.step, replayable.transcript.steps.length);
    });
  }

  test('each has its row in docs/django.md, and each row its rule', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/django.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
    assert.deepEqual(rows.toSorted(), departures.map(({ id }) => id).toSorted());
  });
});

/** What a client may look at, and what a step may bring about. */
const PLACES: readonly string[] = [
  'status',
  'Content-Type',
  'Allow',
  'WWW-Authenticate',
  'no WWW-Authenticate',
  'Retry-After',
  'no Retry-After',
  'Location',
  'no Location',
  'X-Frame-Options',
  'X-Content-Type-Options',
  'body',
  'body.detail',
  'body.key',
  'body.pk',
  'body.username',
  'body.non_field_errors[0]',
  'body.non_field_errors with more',
  'body with more',
  'body turned',
  'body.token',
  'body.actions.POST.password.required',
  'a session cookie',
  'no session cookie',
  'one more mail',
  'one mail less',
  'mails[0].to',
  'number of accounts',
  'number of verified addresses',
];

/**
 * Changes after which the recording says no more than what is answered here: without the cookies, or the mail, of which there
 * are none. And the words of Python's parser: what counts is how they begin.
 */
const UNNOTICED = {
  'body.detail: json-complaint': 34,
  'no session cookie: cookies': 16,
  'no session cookie: cookies, password-notice': 15,
  'no session cookie: displaced': 4,
  'one mail less: resend-nobody': 2,
};
