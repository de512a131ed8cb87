import type { Check, TokenHash } from '../history.ts';
import { staleWithoutAnswer } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/** Once somebody was told that a token is dead, nobody is told otherwise. */
export const monotoneDeath: Invariant = {
  id: 'I4',
  promise: 'what was found dead is never live again',
  examine(facts, rules) {
    const slack = staleWithoutAnswer(rules);
    const dead = new Map<TokenHash, Check>();
    for (const check of facts.checks) {
      const known = dead.get(check.token);
      if (check.verdict === 'dead' && (known === undefined || check.returned < known.returned))
        dead.set(check.token, check);
    }
    const violations: Violation[] = [];
    for (const check of facts.checks) {
      const death = check.verdict === 'live' ? dead.get(check.token) : undefined;
      if (death === undefined) continue;
      const lateMs = check.called - death.returned - slack;
      if (lateMs > 0) violations.push({ says: 'live after it was found dead', lateMs, proof: [death, check] });
    }
    return { examined: dead.size, violations };
  },
};
