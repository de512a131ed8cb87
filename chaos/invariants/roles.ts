import { beyond } from '../beyond.ts';
import type { AccountFacts } from '../facts.ts';
import { type ChangeOfRoles, type Check, latest } from '../history.ts';
import { staleAfterAnswer } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/**
 * After a change of roles was acknowledged, no check shows older ones. It has a number of its own: I9 is of sessions that must
 * be refused, and these stay live.
 */
export const roles: Invariant = {
  id: 'I16',
  promise: 'roles that were replaced are not shown any more',
  examine(facts, rules) {
    const slack = staleAfterAnswer(rules);
    const judges = new Map([...facts.accounts].map(([number, account]) => [number, judgeOf(account, slack)]));
    const shown = facts.checks.filter(({ verdict, roles }) => verdict === 'live' && roles !== null);
    const violations = shown.flatMap((check) => judges.get(check.account ?? 0)?.(check) ?? []);
    return { examined: shown.length, violations };
  },
};

function judgeOf({ roles }: AccountFacts, slack: number): (check: Check) => readonly Violation[] {
  const setBy = new Map(roles.map((change) => [change.roles, change]));
  const changes = beyond(
    roles
      .filter(({ outcome }) => outcome === 'done')
      .map((item) => ({ at: item.called, value: item.returned, hiddenFrom: null, item })),
  );
  return (check) => {
    const set = setBy.get(check.roles ?? '');
    if (set === undefined && check.roles !== '') return [unheardOf(check, [])];
    if (set !== undefined && set.called > check.returned) return [unheardOf(check, [set])];
    const replacedBy = changes(set === undefined ? -Infinity : latest(set), '')?.item;
    if (replacedBy === undefined) return [];
    const lateMs = check.called - replacedBy.returned - slack;
    const proof = set === undefined ? [replacedBy, check] : [set, replacedBy, check];
    return lateMs > 0 ? [{ says: 'roles that were replaced are shown', lateMs, proof }] : [];
  };
}

function unheardOf(check: Check, set: readonly ChangeOfRoles[]): Violation {
  return { says: 'roles that nobody had given yet', lateMs: null, proof: [check, ...set] };
}
