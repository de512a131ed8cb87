import { type CertainEnd, certainEnd, type Facts } from '../facts.ts';
import type { Check, TokenHash } from '../history.ts';
import { type Rules, staleAfterAnswer } from '../rules.ts';
import type { Finding, Invariant, Violation } from './invariant.ts';

/** Checks that found a token live, though they began after it was surely over. */
function livedOn(facts: Facts, rules: Rules, counts: (end: CertainEnd) => boolean): Finding {
  const slack = staleAfterAnswer(rules);
  const ends = new Map<TokenHash, CertainEnd | null>();
  const violations: Violation[] = [];
  let examined = 0;
  for (const check of facts.checks) {
    const end = endOf(facts, ends, check);
    if (end === null || !counts(end)) continue;
    examined++;
    const lateMs = check.called - end.at - slack;
    if (check.verdict !== 'live' || lateMs <= 0) continue;
    violations.push({ says: `live after its ${end.by.op} was answered`, lateMs, proof: [end.by, check] });
  }
  return { examined, violations };
}

function endOf(facts: Facts, ends: Map<TokenHash, CertainEnd | null>, { token }: Check): CertainEnd | null {
  const known = ends.get(token);
  if (known !== undefined) return known;
  const found = facts.tokens.get(token);
  const end = found === undefined ? null : certainEnd(facts, found);
  ends.set(token, end);
  return end;
}

/** No check that begins after an acknowledged ending finds the token live: not by a sign-in, a sign-out, or what ends all. */
export const finalDisplacement: Invariant = {
  id: 'I1',
  promise: 'what was answered as ended is refused everywhere',
  examine: (facts, rules) => livedOn(facts, rules, () => true),
};

/** The same of sign-outs alone, which no restart and no failover may undo. */
export const finalSignOut: Invariant = {
  id: 'I5',
  promise: 'an acknowledged sign-out is final',
  examine: (facts, rules) => livedOn(facts, rules, ({ by }) => by.op === 'sign-out' || by.op === 'end-session'),
};
