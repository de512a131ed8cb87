import { certainEnd, type Facts, type Kept, mayHaveEnded } from '../facts.ts';
import type { KeptSession } from '../history.ts';
import type { Rules } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/** What is kept in the end is what was answered: no more than the limit, nothing lost, nothing that is over, and nothing from nowhere. */
export const finalState: Invariant = {
  id: 'I13',
  promise: 'what is kept is what was answered',
  examine(facts, rules) {
    const { kept } = facts;
    if (kept === null) return { examined: 0, violations: [] };
    const live = kept.sessions.filter(({ isLive }) => isLive);
    const violations = [
      ...tooMany(live, rules),
      ...lost(facts, kept, rules),
      ...undead(facts, live),
      ...outsideGate(kept, live),
      ...fromNowhere(facts, kept),
    ];
    return { examined: kept.sessions.length, violations };
  },
};

function tooMany(live: readonly KeptSession[], { limit }: Rules): readonly Violation[] {
  return [...Map.groupBy(live, ({ account }) => account).values()]
    .filter(({ length }) => length > limit)
    .map((proof) => ({ says: `${proof.length} live sessions are kept, where ${limit} may be`, lateMs: null, proof }));
}

function lost(facts: Facts, kept: Kept, rules: Rules): readonly Violation[] {
  const violations: Violation[] = [];
  for (const token of facts.tokens.values()) {
    const { opening } = token;
    if (opening.outcome !== 'done' || token.kept?.isLive === true) continue;
    if (token.kept === null && kept.at - opening.called < rules.lifetimeMs) {
      violations.push({ says: 'an answered sign-in is not kept at all', lateMs: null, proof: [opening] });
    } else if (!mayHaveEnded(facts, token, { ...rules, before: kept.at })) {
      const proof = token.kept === null ? [opening] : [opening, token.kept];
      violations.push({ says: 'kept as ended, and nothing can have ended it', lateMs: null, proof });
    }
  }
  return violations;
}

function undead(facts: Facts, live: readonly KeptSession[]): readonly Violation[] {
  return live.flatMap((session) => {
    const token = facts.tokens.get(session.token);
    const end = token === undefined ? null : certainEnd(facts, token);
    if (end === null) return [];
    return [{ says: `kept as live, and its ${end.by.op} was answered`, lateMs: null, proof: [end.by, session] }];
  });
}

/** What was changed about an account has reached all of its sessions by then, whoever died while it was on its way. */
function outsideGate({ accounts }: Kept, live: readonly KeptSession[]): readonly Violation[] {
  const gates = new Map(accounts.map((account) => [account.account, account]));
  return live.flatMap((session) => {
    const account = gates.get(session.account);
    const { gate, state } = account ?? {};
    if (account === undefined || gate === undefined || session.revision === undefined) return [];
    const isOutside = session.revision < gate.validFrom && session.session !== gate.kept;
    if (!isOutside && state === 'active') return [];
    return [
      { says: 'kept as live, and its account was changed so that it is over', lateMs: null, proof: [account, session] },
    ];
  });
}

/** A session that no sign-in opened: by those that nobody answered there are as many at most, where the store does not tell which. */
function fromNowhere(facts: Facts, { sessions }: Kept): readonly Violation[] {
  const byAccount = Map.groupBy(
    sessions.filter(({ token }) => !facts.tokens.has(token)),
    ({ account }) => account,
  );
  const known = new Set([...facts.tokens.values()].map(({ opening }) => opening));
  return [...byAccount].flatMap(([number, strangers]) => {
    const openings = facts.accounts.get(number)?.openings ?? [];
    const unanswered = openings.filter((opening) => opening.outcome === 'unknown' && !known.has(opening)).length;
    // Of an account that nobody was told of, the sign-up is its first session.
    const signUps = openings.length === 0 ? 1 : 0;
    if (strangers.length <= unanswered + signUps) return [];
    return [{ says: 'a session that nobody opened', lateMs: null, proof: strangers.slice(unanswered) }];
  });
}
