import type { Facts, Token } from '../facts.ts';
import type { Check, List, TokenHash } from '../history.ts';
import { type Rules, staleWithoutAnswer } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/** A token was surely live from the answer to its sign-in until the last check that found it so began. */
type Life = { readonly from: number; readonly to: number; readonly token: Token; readonly last: Check };

/** At no instant are more of an account's sessions surely live than its limit. */
export const limit: Invariant = {
  id: 'I2',
  promise: 'never more live sessions than the limit',
  examine(facts, rules) {
    const lives = livesOf(facts, rules);
    const byAccount = Map.groupBy(lives, ({ token }) => token.account);
    const tooMany = [...byAccount.values()].flatMap((of) => crowd(of, rules.limit) ?? []);
    const tooLong = facts.lists.filter(({ sessions }) => sessions.length > rules.limit).map(ofList(rules.limit));
    return { examined: lives.length + facts.lists.length, violations: [...tooMany, ...tooLong] };
  },
};

function livesOf(facts: Facts, rules: Rules): readonly Life[] {
  const slack = staleWithoutAnswer(rules);
  const last = new Map<TokenHash, Check>();
  for (const check of facts.checks) {
    if (check.verdict !== 'live') continue;
    const known = last.get(check.token);
    if (known === undefined || known.called < check.called) last.set(check.token, check);
  }
  return [...last].flatMap(([hash, check]) => {
    const token = facts.tokens.get(hash);
    if (token === undefined || token.opening.outcome !== 'done') return [];
    const life = { from: token.opening.returned, to: check.called - slack, token, last: check };
    return life.to > life.from ? [life] : [];
  });
}

/** Sweeps over the lives of one account; null where they never overlap too much. Where one ends as another begins, both need no place. */
function crowd(lives: readonly Life[], max: number): Violation | null {
  const turns = lives.flatMap((life) => [
    { at: life.from, life, isBegin: true },
    { at: life.to, life, isBegin: false },
  ]);
  turns.sort((a, b) => a.at - b.at || Number(a.isBegin) - Number(b.isBegin));
  const now = new Set<Life>();
  for (const { life, isBegin } of turns) {
    if (!isBegin) now.delete(life);
    else if (now.add(life).size > max) {
      const proof = [...now].flatMap(({ token, last }) => [token.opening, last]);
      const until = Math.min(...[...now].map(({ to }) => to));
      return { says: `${now.size} live at once, where ${max} may be`, lateMs: until - life.from, proof };
    }
  }
  return null;
}

function ofList(max: number): (list: List) => Violation {
  return (list) => ({ says: `a list of ${list.sessions.length}, where ${max} may be`, lateMs: null, proof: [list] });
}
