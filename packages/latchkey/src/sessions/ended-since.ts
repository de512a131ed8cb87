/** Which sessions have ended after a position: for servers elsewhere that check tokens without asking. */
import type { SessionChange, SessionStore } from '../stores/store.ts';

export type EndedPage = {
  /** Up to which all endings were told. */
  readonly position: number;
  readonly ended: readonly { readonly id: string; readonly at: number }[];
  readonly isMore: boolean;
};

type Changes = Pick<SessionStore, 'changes' | 'position'>;

const PAGE = 500;

export async function endedSince(sessions: Changes, after: number): Promise<EndedPage> {
  const changes = await sessions.changes({ after, limit: PAGE });
  return {
    position: changes.at(-1)?.position ?? after,
    ended: changes.flatMap((change) =>
      change.kind === 'ended' ? [{ id: change.ending.sessionId, at: change.ending.at }] : [],
    ),
    isMore: changes.length === PAGE,
  };
}

/**
 * A position before everything that happened since `at` (milliseconds since 1970): found by halving, as changes are known by their
 * positions alone.
 */
export async function positionBefore(sessions: Changes, at: number): Promise<number> {
  let [low, high] = [0, await sessions.position()];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [next] = await sessions.changes({ after: middle, limit: 1 });
    if (next === undefined || timeOf(next) >= at) high = middle;
    else low = Math.max(next.position, middle + 1);
  }
  return low;
}

function timeOf(change: SessionChange): number {
  switch (change.kind) {
    case 'opened':
      return change.opening.at;
    case 'ended':
      return change.ending.at;
    case 'approval_asked':
      return change.asking.at;
    case 'approval_answered':
      return change.answer.at;
  }
}
