import type { Check, Fault } from '../history.ts';
import type { Invariant, Violation } from './invariant.ts';

type Cut = { readonly from: number; readonly to: number; readonly fault: Fault };

/** A node that has not reached its store for longer than it may trust its memory says nothing of any token. */
export const failClosed: Invariant = {
  id: 'I11',
  promise: 'without its store a node gives no verdict',
  examine(facts, { horizonMs, heartbeatMs }) {
    const cuts = facts.faults.flatMap((fault) => {
      const { cutOff } = fault;
      return cutOff === null ? [] : [{ from: cutOff.from + horizonMs + heartbeatMs, to: cutOff.to, fault }];
    });
    cuts.sort((a, b) => a.from - b.from);
    const violations: Violation[] = [];
    let examined = 0;
    for (const check of facts.allChecks) {
      const cut = cuts.length === 0 ? undefined : cutDuring(cuts, check);
      if (cut === undefined) continue;
      examined++;
      if (check.verdict === 'none') continue;
      const lateMs = check.called - cut.from;
      violations.push({ says: `${check.verdict}, and the store cannot be reached`, lateMs, proof: [cut.fault, check] });
    }
    return { examined, violations };
  },
};

/** Faults are few beside checks. */
function cutDuring(cuts: readonly Cut[], { node, called, returned }: Check): Cut | undefined {
  return cuts.find(
    ({ from, to, fault }) => from < called && returned < to && (fault.node === null || fault.node === node),
  );
}
