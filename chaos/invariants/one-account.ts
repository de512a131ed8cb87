import type { Facts } from '../facts.ts';
import type { KeptAccount, SignUp } from '../history.ts';
import type { Invariant, Violation } from './invariant.ts';

/** Of several who sign up under one name at once, one gets it; what is kept agrees. */
export const oneAccount: Invariant = {
  id: 'I10',
  promise: 'one account for each identifier',
  examine(facts) {
    const done = facts.signUps.filter(({ outcome }) => outcome === 'done');
    const twice = [...Map.groupBy(done, ({ identifier }) => identifier)]
      .filter(([, signUps]) => signUps.length > 1)
      .map(([identifier, proof]) => ({ says: `${identifier} signed up ${proof.length} times`, lateMs: null, proof }));
    const asKept = facts.kept === null ? [] : [...keptTwice(facts.kept.accounts), ...notKept(done, facts.kept)];
    return {
      examined: new Set(facts.signUps.map(({ identifier }) => identifier)).size,
      violations: [...twice, ...asKept],
    };
  },
};

function keptTwice(accounts: readonly KeptAccount[]): readonly Violation[] {
  const named = accounts.flatMap((account) => account.identifiers.map((identifier) => ({ identifier, account })));
  return [...Map.groupBy(named, ({ identifier }) => identifier)]
    .filter(([, holders]) => holders.length > 1)
    .map(([identifier, holders]) => ({
      says: `${holders.length} accounts are kept as ${identifier}`,
      lateMs: null,
      proof: holders.map(({ account }) => account),
    }));
}

function notKept(done: readonly SignUp[], { accounts }: NonNullable<Facts['kept']>): readonly Violation[] {
  const kept = new Map(accounts.map((account) => [account.account, account]));
  return done
    .filter(({ account, identifier }) => kept.get(account ?? 0)?.identifiers.includes(identifier) !== true)
    .map((signUp) => ({ says: `${signUp.identifier} signed up and is not kept`, lateMs: null, proof: [signUp] }));
}
