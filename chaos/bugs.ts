/**
 * Bugs that are planted into a node, to see that they are found: `LATCHKEY_TEST_BUG` names one, and only a node of this test reads it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Assembled } from '../packages/latchkey/src/assemble.ts';
import type { Store } from '../packages/latchkey/src/stores/store.ts';
import type { Share } from './clients.ts';
import type { Edit } from './edits.ts';
import type { Mode } from './rules.ts';
import type { NodeFault, StoreFault } from './schedule.ts';

type Writable<Methods> = { -readonly [Name in keyof Methods]: Methods[Name] };

type Parts = {
  readonly sessions: Writable<Store['sessions']>;
  readonly accounts: Writable<Store['accounts']>;
  readonly marks: Writable<Store['marks']>;
};

export type Bug = {
  /** By the number of an invariant that it breaks: one of these must find it. */
  readonly foundBy: readonly string[];
  /** The stores in which there is a place for it. */
  readonly stores: readonly string[];
  /** How nodes check keys, where the store's usual way would hide it for a while. */
  readonly mode?: Mode;
  /** The faults that bring it to light; all where nothing is said. */
  readonly faults?: readonly (NodeFault | StoreFault)[];
  /** How many accounts clients contend for, where the usual few would heal it: what comes next ends the same sessions. */
  readonly accounts?: number;
  /** What clients do more often than usual. */
  readonly more?: readonly Share[];
  /** How long it is looked for, in seconds, where only what is kept in the end shows it: there is nothing to stop at before. */
  readonly seconds?: number;
  /** Puts a faulty part in the place of a good one. */
  readonly plant?: (parts: Parts) => void;
  /** What the source says with the bug in it. */
  readonly edits?: readonly Edit[];
};

type Found = Awaited<ReturnType<Store['sessions']['find']>>;

/** Longer than a check and a sign-in take, and shorter than a run. */
const REMEMBERED_MS = 700;

export const bugs: Readonly<Record<string, Bug>> = {
  /** A check is answered from memory, and nothing says for how long that may be. */
  'remembers-for-a-while': {
    foundBy: ['I1'],
    stores: ['sqlite'],
    plant({ sessions }) {
      const remembered = new Map<string, { readonly found: Found; readonly at: number }>();
      const { find } = sessions;
      sessions.find = async (token) => {
        const key = Buffer.from(token.hash).toString('hex');
        const known = remembered.get(key);
        if (known !== undefined && performance.now() - known.at < REMEMBERED_MS) return known.found;
        const found = await find(token);
        if (found?.session.ending === null) remembered.set(key, { found, at: performance.now() });
        return found;
      };
    },
  },
  /** The account is looked at, and then written to: two sign-ins at once see the same. */
  'displaces-afterwards': {
    foundBy: ['I2', 'I13'],
    stores: ['sqlite'],
    plant({ sessions }) {
      const { admit, list, end } = sessions;
      sessions.admit = async (given) => {
        const { accountId } = given.gate;
        const max = given.limits[0]?.max ?? 'unlimited';
        const before = (await list(accountId)).sessions.toSorted((a, b) => a.sequence - b.sequence);
        const admitted = await admit({ ...given, limits: [{ bucket: 'account', max: 'unlimited' }] });
        const others = before.filter(({ device }) => device.id !== given.session.device.id);
        const surplus = max === 'unlimited' ? 0 : Math.max(0, others.length + 1 - max);
        for (const { id } of others.slice(0, surplus)) {
          await end({ accountId, sessionId: id, by: null, reason: 'displaced' });
        }
        return admitted;
      };
    },
  },
  /** A sign-out is answered before it is done. */
  'early-answer': {
    foundBy: ['I5'],
    stores: ['sqlite', 'postgres', 'redis'],
    plant({ sessions }) {
      const { end, list } = sessions;
      sessions.end = async (given) => {
        const session = (await list(given.accountId)).sessions.find(({ id }) => id === given.sessionId);
        if (session === undefined) return await end(given);
        void sleep(40).then(() => end(given));
        return { session, isEndedNow: true };
      };
    },
  },
  /** A suspension is said to be done, and the gate is as it was. */
  'gate-not-raised': {
    foundBy: ['I9'],
    stores: ['sqlite', 'postgres', 'redis'],
    plant({ accounts }) {
      const { setState, find } = accounts;
      accounts.setState = async (change) => {
        const record = await find(change.id);
        if (change.state === 'active' || record === null) return await setState(change);
        return { record, ended: [], isChanged: true };
      };
    },
  },
  /** Which proofs were shown is known to the node that saw them, and to nobody else. */
  'proofs-seen-here': {
    foundBy: ['I15'],
    stores: ['sqlite', 'postgres', 'redis'],
    more: [[0.05, 'show a proof again']],
    plant({ marks }) {
      const seen = new Set<string>();
      marks.add = async ({ hash }) => {
        const mark = Buffer.from(hash).toString('hex');
        const isFirst = !seen.has(mark);
        seen.add(mark);
        return isFirst;
      };
    },
  },
  /** What is remembered is good for as long as the feed looks connected. */
  'no-horizon': {
    foundBy: ['I1', 'I4'],
    stores: ['postgres', 'redis'],
    edits: [
      {
        file: 'sessions/coherence.ts',
        find: 'return time - laneAt(at).echoedAt <= HORIZON_MS;',
        replace: 'return true;',
      },
    ],
  },
  /** What was read is remembered, whatever was heard while it was read. */
  'no-fill-guard': {
    foundBy: ['I1', 'I4', 'I9', 'I16'],
    stores: ['postgres', 'redis'],
    // A fill that takes long crosses what ends it: nodes that are slow, not nodes that are gone.
    faults: ['block', 'pause'],
    edits: [
      { file: 'sessions/memory.ts', find: 'const mark = protocol.mark();', replace: '' },
      {
        file: 'sessions/memory.ts',
        find: 'const { lane, bucket } = protocol.origin(',
        replace: 'const mark = protocol.mark(); const { lane, bucket } = protocol.origin(',
      },
    ],
  },
  /** The database's own constraints are all that keeps two sign-ins of one account apart. */
  'no-account-lock': {
    foundBy: ['I2', 'I8', 'I9', 'I13'],
    stores: ['postgres'],
    // With no memory to allow for, what is seen in the moment between two sign-ins counts; and few accounts meet more often.
    mode: 'strict',
    accounts: 8,
    faults: ['block'],
    edits: [
      {
        file: 'stores/sql/compiled-postgres.ts',
        find: 'where "id" = $1 for update) select count',
        replace: 'where "id" = $1) select count',
      },
    ],
  },
  /** A change is announced once it is committed, by whoever lives to do so. */
  'publish-after-commit': {
    foundBy: ['I4', 'I1'],
    stores: ['postgres'],
    faults: ['kill'],
    edits: [
      {
        file: 'stores/postgres/transaction.ts',
        find: "ask(client, [...said, plain('COMMIT')])",
        replace: "ask(client, [plain('COMMIT')])",
      },
      {
        file: 'stores/postgres/transaction.ts',
        find: "throw new StoreUnavailable('PostgreSQL took a change back.');",
        replace: `throw new StoreUnavailable('PostgreSQL took a change back.');
          await new Promise((go) => setTimeout(go, 1500));
          await ask(client, said);`,
      },
    ],
  },
  /** A change is answered as soon as it is committed. */
  'no-acknowledgements': {
    foundBy: ['I1'],
    stores: ['postgres', 'redis'],
    faults: ['feed-stall', 'pause'],
    edits: [{ file: 'sessions/in-force.ts', find: "if (trust === 'bounded') {", replace: 'if (trust) {' }],
  },
  /** The same in Redis, where a script would do both. */
  'publish-after-script': {
    foundBy: ['I4', 'I1'],
    stores: ['redis'],
    faults: ['kill'],
    accounts: 100,
    more: [[0.1, 'sign in']],
    edits: [
      {
        file: 'stores/redis/sessions.ts',
        find: 'now(), ...announcement, ...values]',
        replace: "now(), 'EXISTS', announcement[1], ...values]",
      },
      {
        file: 'stores/redis/sessions.ts',
        find: 'if (isAnnounced === 1) await committed();',
        replace: `if (isAnnounced === 1) {
          await new Promise((go) => setTimeout(go, 1500));
          await servers.send(bucket, announcement[0], channel, announcement[1]);
        }
        if (isAnnounced === 1) await committed();`,
      },
    ],
  },
  /** That an account's sessions are to be told is known to nobody but the node that is about to tell them. */
  'handover-not-noted': {
    foundBy: ['I13'],
    stores: ['redis'],
    faults: ['kill'],
    accounts: 300,
    more: [[0.1, 'end all']],
    seconds: 20,
    edits: [
      {
        file: 'stores/sql/accounts.ts',
        find: "if (run.sessions === 'apart') yield* noteHandover(run, gate);",
        replace: '',
      },
      {
        file: 'stores/apart/handovers.ts',
        find: 'const ended = await sessions.raise(gate);',
        replace: `await new Promise((go) => setTimeout(go, Math.random() * 4000));
          const ended = await sessions.raise(gate);`,
      },
    ],
  },
};

/** Plants the bug of that name. Throws where there is none of it. */
export function plantBug(name: string, { parts }: Assembled): void {
  const bug = bugs[name];
  if (bug === undefined) throw new Error(`LATCHKEY_TEST_BUG must be one of ${Object.keys(bugs).join(', ')}.`);
  bug.plant?.(parts.store);
}
