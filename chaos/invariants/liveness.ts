import type { Facts, Opened } from '../facts.ts';
import type { Check } from '../history.ts';
import type { Rules } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/** Once the faults are over, every node serves: it answers sign-ins and checks, in time, and nothing was left uncaught. */
export const liveness: Invariant = {
  id: 'I12',
  promise: 'after the last fault every node serves again',
  examine(facts, rules) {
    const from = Math.max(0, ...facts.faults.map(({ returned }) => returned)) + rules.recoversWithinMs;
    const after = <Asked extends Check | Opened>(operations: readonly Asked[]): Map<string, Asked[]> =>
      Map.groupBy(
        operations.filter(({ called }) => called > from),
        ({ node }) => node,
      );
    const checks = after(facts.allChecks);
    const signIns = after(facts.openings.filter(({ op }) => op === 'sign-in'));
    const served = rules.nodes.flatMap((node) => [
      ...ofNode(node, 'check', checks.get(node) ?? [], rules),
      ...ofNode(node, 'sign-in', signIns.get(node) ?? [], rules),
    ]);
    return { examined: rules.nodes.length, violations: [...served, ...ill(facts, rules)] };
  },
};

function ofNode(
  node: string,
  what: string,
  asked: readonly (Check | Opened)[],
  { answersWithinMs }: Rules,
): Violation[] {
  const unanswered = asked.filter(({ outcome }) => outcome === 'unknown');
  const violations: Violation[] = [];
  if (!asked.some(({ outcome }) => outcome === 'done')) {
    violations.push({
      says: `${node} answers no ${what} after the last fault`,
      lateMs: null,
      proof: asked.slice(0, 1),
    });
  } else if (unanswered.length > 0) {
    const says = `${node} left ${unanswered.length} of ${asked.length} ${what}s without an answer after the last fault`;
    violations.push({ says, lateMs: null, proof: unanswered.slice(0, 1) });
  }
  const slowest = asked.toSorted((a, b) => a.returned - a.called - (b.returned - b.called));
  const p99 = slowest[Math.ceil(slowest.length * 0.99) - 1];
  const tookMs = p99 === undefined ? 0 : p99.returned - p99.called;
  if (p99 !== undefined && tookMs > answersWithinMs) {
    const says = `${node} takes ${Math.round(tookMs)} ms to answer a ${what} (99th percentile)`;
    violations.push({ says, lateMs: tookMs - answersWithinMs, proof: [p99] });
  }
  return violations;
}

function ill({ reports }: Facts, { rssBytes }: Rules): readonly Violation[] {
  return reports.flatMap((report) => {
    const { node, uncaught } = report;
    const says = [
      ...(uncaught > 0 ? [`${uncaught} errors that nobody caught on ${node}`] : []),
      ...(report.rssBytes > rssBytes ? [`${node} holds ${Math.round(report.rssBytes / 2 ** 20)} MiB`] : []),
    ];
    return says.map((what) => ({ says: what, lateMs: null, proof: [report] }));
  });
}
