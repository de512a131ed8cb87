import type { Facts } from '../facts.ts';
import type { NewPassword, Spend } from '../history.ts';
import type { Finding, Invariant } from './invariant.ts';

function usedOnce(facts: Facts, isMeant: (use: Spend | NewPassword) => boolean): Finding {
  const meant = facts.spends.filter((use) => use.artefact !== null && isMeant(use));
  const byArtefact = Map.groupBy(
    meant.filter(({ outcome }) => outcome === 'done'),
    ({ artefact }) => artefact,
  );
  const again = [...byArtefact.values()].filter((uses) => uses.length > 1);
  return {
    examined: new Set(meant.map(({ artefact }) => artefact)).size,
    violations: again.map((uses) => ({ says: `used ${uses.length} times`, lateMs: null, proof: uses })),
  };
}

const isProof = (use: Spend | NewPassword): boolean => use.op === 'spend' && use.use === 'proof';

/** Of all operations that use up one link, at most one is done. */
export const singleUse: Invariant = {
  id: 'I6',
  promise: 'what works once works once',
  examine: (facts) => usedOnce(facts, (use) => !isProof(use)),
};

/** The same of what proves who sends a request, over all nodes and restarts. */
export const replay: Invariant = {
  id: 'I15',
  promise: 'no proof is accepted twice',
  examine: (facts) => usedOnce(facts, isProof),
};
