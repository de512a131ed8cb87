import type { Kept } from '../facts.ts';
import type { Heard, KeptEnding, KeptSession } from '../history.ts';
import type { Invariant, Violation } from './invariant.ts';

/** Each displacement stands in the audit history once, and was told at least once, always under the id that it has there. */
export const events: Invariant = {
  id: 'I14',
  promise: 'each displacement is written down once, and told',
  examine({ kept, heard }, { listens }) {
    if (kept === null) return { examined: 0, violations: [] };
    const displaced = kept.sessions.filter(({ reason }) => reason === 'displaced');
    const written = Map.groupBy(kept.endings, ({ session }) => session);
    const told = Map.groupBy(heard, ({ session }) => session);
    const violations = displaced.flatMap((session) =>
      ofDisplaced(session, written.get(session.session) ?? [], listens ? (told.get(session.session) ?? []) : null),
    );
    return { examined: displaced.length, violations: [...violations, ...ofNobody(kept, heard)] };
  },
};

function ofDisplaced(
  session: KeptSession,
  written: readonly KeptEnding[],
  told: readonly Heard[] | null,
): readonly Violation[] {
  const violations: Violation[] = [];
  if (written.length !== 1) {
    const says = `a displacement is written down ${written.length} times`;
    violations.push({ says, lateMs: null, proof: [session, ...written] });
  }
  if (told !== null && told.length === 0) {
    violations.push({ says: 'a displacement that nobody was told of', lateMs: null, proof: [session, ...written] });
  }
  const others = (told ?? []).filter(({ position }) => !written.some((entry) => entry.position === position));
  if (written.length > 0 && others.length > 0) {
    const says = 'a displacement was told under another id than it has';
    violations.push({ says, lateMs: null, proof: [...written, ...others] });
  }
  return violations;
}

/** An end that was told and is written nowhere. */
function ofNobody({ endings }: Kept, heard: readonly Heard[]): readonly Violation[] {
  const positions = new Set(endings.map(({ position }) => position));
  const sessions = new Set(endings.map(({ session }) => session));
  return heard
    .filter(({ position, session }) => !positions.has(position) && !sessions.has(session))
    .map((event) => ({ says: 'an end was told that is written nowhere', lateMs: null, proof: [event] }));
}
