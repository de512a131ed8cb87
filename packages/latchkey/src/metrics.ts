/** This node's figures as Prometheus reads them (text format 0.0.4). */
import type { Parts } from './flows/parts.ts';
import type { MemoryFigures } from './sessions/memory.ts';

type Sample = readonly [labels: string, value: number];

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Counted = Pick<Parts, 'memory' | 'streams' | 'keyProofs' | 'boundCookies'>;

export function metricsText({ memory, streams, keyProofs, boundCookies }: Counted): string {
  const figures = memory.figures();
  const proofs = keyProofs.figures();
  const cookies = boundCookies.figures();
  return [
    ...counter('latchkey_check_hits_total', 'Checks answered from memory.', figures.hits),
    ...counter('latchkey_check_reads_total', 'Checks that read the store.', figures.reads),
    ...counter(
      'latchkey_check_stale_reads_total',
      'Reads of what was remembered and could not be trusted.',
      figures.staleReads,
    ),
    ...counter(
      'latchkey_fills_refused_total',
      'What was read and not remembered: a change was heard meanwhile.',
      figures.fillsRefused,
    ),
    ...counter(
      'latchkey_feed_reconnects_total',
      'Connections to the feed given up because nothing came back.',
      figures.reconnects,
    ),
    ...gauge('latchkey_remembered', 'Sessions that are remembered.', figures.remembered),
    ...(figures.horizonAgeMs === null
      ? []
      : gauge(
          'latchkey_horizon_age_seconds',
          'How old the newest beat is that came back.',
          figures.horizonAgeMs / 1000,
        )),
    ...waits(figures),
    ...metric('latchkey_unacknowledged_total', 'counter', 'Changes that a node did not acknowledge in time.', [
      ...[...figures.unacknowledged].map(([node, count]) => [`{node="${node}"}`, count] as const),
    ]),
    ...gauge('latchkey_streams', 'Event streams that are open.', streams.count()),
    ...metric('latchkey_proofs_refused_total', 'counter', 'Proofs of possession that were no good.', [
      ...[...proofs.refused].map(([reason, count]) => [`{reason="${reason}"}`, count] as const),
    ]),
    ...counter('latchkey_cookies_bound_total', 'Sessions that browsers bound to a key of theirs.', cookies.bound),
    ...counter('latchkey_cookies_renewed_total', 'Cookies of such sessions that were renewed.', cookies.renewed),
    ...metric('latchkey_cookie_proofs_refused_total', 'counter', 'Proofs of browsers that were no good.', [
      ...[...cookies.refused].map(([reason, count]) => [`{reason="${reason}"}`, count] as const),
    ]),
    ...counter('latchkey_key_misuses_total', 'Bound keys that came without what they are bound to.', proofs.misuses),
    '',
  ].join('\n');
}

function waits({ waits: { byMs, count, sumMs } }: MemoryFigures): readonly string[] {
  if (byMs.length === 0) return [];
  const name = 'latchkey_acknowledgement_seconds';
  let upTo = 0;
  const buckets = byMs.map(({ upToMs, count: within }): Sample => {
    upTo += within;
    return [`_bucket{le="${upToMs === Number.POSITIVE_INFINITY ? '+Inf' : upToMs / 1000}"}`, upTo];
  });
  const all: readonly Sample[] = [...buckets, ['_sum', sumMs / 1000], ['_count', count]];
  return metric(name, 'histogram', 'How long changes waited until every node had heard of them.', all);
}

const counter = (name: string, help: string, value: number) => metric(name, 'counter', help, [['', value]]);
const gauge = (name: string, help: string, value: number) => metric(name, 'gauge', help, [['', value]]);

function metric(name: string, type: string, help: string, samples: readonly Sample[]): readonly string[] {
  const lines = samples.map(
    ([labels, value]) => `${name}${labels} ${value === Number.POSITIVE_INFINITY ? '+Inf' : value}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}
