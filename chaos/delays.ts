/**
 * Delays that must do no harm, where a network, a busy machine or a collector of garbage might put them: each widens a moment in
 * which two things can cross.
 */
import type { Edit } from './edits.ts';

/** Sometimes waits for a while. */
const slowly = (share: number, mostMs: number): string =>
  `if (Math.random() < ${share}) await new Promise((go) => setTimeout(go, Math.random() * ${mostMs}));`;

export const delays: readonly Edit[] = [
  // Between the store's answer to a check and the moment it is remembered.
  {
    file: 'sessions/memory.ts',
    find: 'const found = await sessions.find(token);',
    replace: `const found = await sessions.find(token); ${slowly(0.2, 30)}`,
  },
  // Between hearing of a change and acknowledging it.
  {
    file: 'sessions/in-force.ts',
    find: 'if (gathered.size === 0) setImmediate(flush);',
    replace: 'if (gathered.size === 0) setTimeout(flush, Math.random() < 0.2 ? Math.random() * 30 : 0);',
  },
  // Between a change and its commit, with the account's turn held.
  {
    file: 'stores/postgres/transaction.ts',
    find: 'await leave(client, notices);',
    replace: `${slowly(0.1, 20)} await leave(client, notices);`,
  },
  // Between a commit and whatever its node does about it.
  {
    file: 'stores/postgres/database.ts',
    find: 'await Promise.all(notices.map(committed));',
    replace: `${slowly(0.2, 30)} await Promise.all(notices.map(committed));`,
  },
  {
    file: 'stores/redis/sessions.ts',
    find: 'if (isAnnounced === 1) await committed();',
    replace: `${slowly(0.2, 30)} if (isAnnounced === 1) await committed();`,
  },
  // Between a change of an account and its sessions' hearing of it.
  {
    file: 'stores/apart/handovers.ts',
    find: 'const ended = await sessions.raise(gate);',
    replace: `${slowly(0.2, 100)} const ended = await sessions.raise(gate);`,
  },
];
