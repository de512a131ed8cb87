import { mayHaveEnded } from '../facts.ts';
import type { Invariant, Violation } from './invariant.ts';

/** A token is refused only if something may have ended it: what was answered is kept, whatever was killed meanwhile. */
export const spuriousLoss: Invariant = {
  id: 'I3',
  promise: 'no session is lost that nothing can have ended',
  examine(facts, { limit, lifetimeMs }) {
    const violations: Violation[] = [];
    const dead = facts.checks.filter(({ verdict }) => verdict === 'dead');
    for (const check of dead) {
      const token = facts.tokens.get(check.token);
      if (token === undefined || token.opening.outcome !== 'done') continue;
      if (mayHaveEnded(facts, token, { before: check.returned, limit, lifetimeMs })) continue;
      violations.push({ says: 'dead, and nothing can have ended it', lateMs: null, proof: [token.opening, check] });
    }
    return { examined: dead.length, violations };
  },
};
