import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS_TYPE, metricsText } from '../../src/metrics.ts';
import { noMemory } from '../../src/sessions/memory.ts';
import { ask, QUICK, startServer, temporaryFolder } from '../serving.ts';

/** As Prometheus reads them: a comment, or a name with labels and a number. */
const LINE = /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"\\\n]*"\})? (?:-?[\d.]+(?:e[+-]?\d+)?|\+Inf))$/;

test('figures are told to who asks from this machine, in lines that Prometheus reads, and to nobody through a proxy', async () => {
  const folder = temporaryFolder();
  const server = await startServer(`${folder.path}/test.db`, QUICK);
  try {
    await ask(`${server.url}/auth/session/`, { key: 'lk_1_nothing' });
    const answer = await fetch(`${server.url}/metrics`);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, METRICS_TYPE]);
    const lines = (await answer.text()).trimEnd().split('\n');
    for (const line of lines) assert.match(line, LINE);
    assert.ok(lines.includes('latchkey_check_hits_total 0'));
    const proxied = await fetch(`${server.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    assert.equal(proxied.status, 404);
  } finally {
    await server.stop();
    folder.remove();
  }
});

test('what a node waited for is a histogram that adds up, and who did not acknowledge has a name', () => {
  const memory = noMemory({ find: async () => null });
  const bounds = [1, 10, Number.POSITIVE_INFINITY];
  const figures = {
    ...memory.figures(),
    horizonAgeMs: Number.POSITIVE_INFINITY,
    waits: { count: 6, sumMs: 1_500, byMs: bounds.map((upToMs, at) => ({ upToMs, count: at + 1 })) },
    unacknowledged: new Map([['n1', 2]]),
  };
  const keyProofs = { figures: () => ({ refused: new Map([['replayed', 2]]), misuses: 1 }) } as never;
  const text = metricsText({
    memory: { ...memory, figures: () => figures },
    streams: { count: () => 3 } as never,
    keyProofs,
    boundCookies: { figures: () => ({ refused: new Map([['expired', 1]]), bound: 2, renewed: 3 }) } as never,
  });
  for (const line of text.trimEnd().split('\n')) assert.match(line, LINE);
  const samples = text
    .split('\n')
    .filter((line) => /acknowledge.*\s|horizon_age_seconds |streams /.test(line) && !line.startsWith('#'));
  assert.deepEqual(samples, [
    'latchkey_horizon_age_seconds +Inf',
    'latchkey_acknowledgement_seconds_bucket{le="0.001"} 1',
    'latchkey_acknowledgement_seconds_bucket{le="0.01"} 3',
    'latchkey_acknowledgement_seconds_bucket{le="+Inf"} 6',
    'latchkey_acknowledgement_seconds_sum 1.5',
    'latchkey_acknowledgement_seconds_count 6',
    'latchkey_unacknowledged_total{node="n1"} 2',
    'latchkey_streams 3',
  ]);
});
