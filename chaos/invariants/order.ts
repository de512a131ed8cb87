import type { AccountFacts, Facts, Opened, Token } from '../facts.ts';
import { latest, type TokenHash } from '../history.ts';
import type { Invariant, Violation } from './invariant.ts';

type Numbered = { readonly token: Token; readonly sequence: number };

/** Sequence numbers are the order of sign-ins, and only what is older is displaced, once. */
export const order: Invariant = {
  id: 'I8',
  promise: 'the order of sign-ins is that of their numbers',
  examine(facts) {
    const numbered = [...facts.accounts.values()].map(numberedOf);
    return {
      examined: numbered.reduce((sum, { length }) => sum + length, 0),
      violations: [...numbered.flatMap(outOfOrder), ...displacedByOlder(facts), ...displacedTwice(facts)],
    };
  },
};

function numberedOf({ tokens }: AccountFacts): readonly Numbered[] {
  const known = tokens.flatMap((token) => (token.sequence === null ? [] : [{ token, sequence: token.sequence }]));
  return known.sort((a, b) => a.sequence - b.sequence);
}

/** By number, each sign-in may have come about no earlier than all before it were called. */
function outOfOrder(numbered: readonly Numbered[]): readonly Violation[] {
  const violations: Violation[] = [];
  let before: Numbered | null = null;
  let lastCalled: Opened | null = null;
  for (const one of numbered) {
    const { opening } = one.token;
    if (before?.sequence === one.sequence) {
      violations.push({ says: `two of number ${one.sequence}`, lateMs: null, proof: [before.token.opening, opening] });
    }
    if (lastCalled !== null && latest(opening) < lastCalled.called) {
      const lateMs = lastCalled.called - opening.returned;
      violations.push({ says: 'the later sign-in has the lower number', lateMs, proof: [lastCalled, opening] });
    }
    if (lastCalled === null || opening.called > lastCalled.called) lastCalled = opening;
    before = one;
  }
  return violations;
}

function displacedByOlder(facts: Facts): readonly Violation[] {
  const numbers = new Map([...facts.tokens.values()].map(({ opening, sequence }) => [opening.i, sequence]));
  return [...facts.tokens.values()].flatMap(({ sequence, opening, displacers }) =>
    displacers.flatMap((displacer) => {
      const newer = numbers.get(displacer.i) ?? null;
      if (sequence === null || newer === null || sequence < newer) return [];
      const says = `number ${sequence} was displaced by number ${newer}`;
      return [{ says, lateMs: null, proof: [opening, displacer] }];
    }),
  );
}

function displacedTwice(facts: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  const by = new Map<TokenHash, Opened>();
  for (const { displacers, hash } of facts.tokens.values()) {
    for (const displacer of displacers) {
      const first = by.get(hash);
      if (first === undefined) by.set(hash, displacer);
      else violations.push({ says: 'displaced by two sign-ins', lateMs: null, proof: [first, displacer] });
    }
  }
  return violations;
}
