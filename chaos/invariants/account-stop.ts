import { beyond } from '../beyond.ts';
import type { AccountFacts, Token } from '../facts.ts';
import { type ChangeOfState, type Check, latest, type NewPassword } from '../history.ts';
import { staleAfterAnswer } from '../rules.ts';
import type { Invariant, Violation } from './invariant.ts';

/**
 * While an account is suspended nothing of it is live, sign-ins that were under way included; after its password was changed,
 * nothing that was opened by an older one.
 */
export const accountStop: Invariant = {
  id: 'I9',
  promise: 'a suspension and a new password stop sign-ins under way, too',
  examine(facts, rules) {
    const slack = staleAfterAnswer(rules);
    const judges = new Map([...facts.accounts].map(([number, account]) => [number, judgeOf(account, slack)]));
    const violations: Violation[] = [];
    let examined = 0;
    for (const check of facts.checks) {
      const token = check.verdict === 'live' ? facts.tokens.get(check.token) : undefined;
      const judge = token === undefined ? undefined : judges.get(token.account);
      if (token === undefined || judge === undefined) continue;
      examined++;
      violations.push(...judge(token, check));
    }
    return { examined, violations };
  },
};

type Judge = (token: Token, check: Check) => readonly Violation[];

function judgeOf(account: AccountFacts, slack: number): Judge {
  const suspended = suspensionAt(account.states, slack);
  const outdated = outdating(account);
  return (token, check) => {
    const suspension = suspended(check.called);
    const change = outdated(token);
    const proofs = [
      suspension === null ? null : { says: 'live while its account was suspended', by: suspension },
      change === null ? null : { says: 'live by a password that was replaced', by: change },
    ];
    return proofs.flatMap((proof) => {
      if (proof === null) return [];
      const lateMs = check.called - proof.by.returned - slack;
      return lateMs > 0 ? [{ says: proof.says, lateMs, proof: [proof.by, token.opening, check] }] : [];
    });
  };
}

type Window = { readonly from: number; readonly to: number; readonly by: ChangeOfState };

/** The suspension that surely holds at a time: it was answered before, and nothing that may have come after it had been called. */
function suspensionAt(states: readonly ChangeOfState[], slack: number): (time: number) => ChangeOfState | null {
  const reactivations = beyond(
    states
      .filter(({ op }) => op === 'reactivate')
      .map((item) => ({ at: latest(item), value: item.called, hiddenFrom: null, item })),
  );
  const windows: Window[] = states
    .filter(({ op, outcome }) => op === 'suspend' && outcome === 'done')
    .map((by) => ({ from: by.returned + slack, to: reactivations(by.called, '')?.value ?? Infinity, by }))
    .filter(({ from, to }) => from < to);
  // Of all that began before a time, the one that reaches furthest holds it if any does.
  const byBegin = beyond(windows.map((item) => ({ at: -item.from, value: -item.to, hiddenFrom: null, item })));
  return (time) => {
    const found = byBegin(-time, '');
    return found !== null && found.item.to > time ? found.item.by : null;
  };
}

/** The first acknowledged change after which a token's password is surely not in force any more, and which did not spare it. */
function outdating({ passwords }: AccountFacts): (token: Token) => NewPassword | null {
  const setBy = new Map(passwords.map((change) => [change.password, change]));
  const changes = beyond(
    passwords
      .filter(({ outcome }) => outcome === 'done')
      .map((item) => ({ at: item.called, value: item.returned, hiddenFrom: item.kept, item })),
  );
  return ({ opening, hash }) => {
    const set = setBy.get(opening.password);
    return changes(set === undefined ? -Infinity : latest(set), hash)?.item ?? null;
  };
}
