import type { Invariant, Violation } from './invariant.ts';

/** Whoever is let in is who signed in. */
export const rightAccount: Invariant = {
  id: 'I7',
  promise: 'a token is of the account that signed in',
  examine(facts) {
    const live = facts.checks.filter(({ verdict }) => verdict === 'live');
    const violations: Violation[] = [];
    for (const check of live) {
      const token = facts.tokens.get(check.token);
      if (token?.account === check.account) continue;
      const says = `of account ${check.account}, where ${token?.account ?? 'nobody'} signed in`;
      violations.push({ says, lateMs: null, proof: token === undefined ? [check] : [token.opening, check] });
    }
    return { examined: live.length, violations };
  },
};
