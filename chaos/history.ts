/** What a run wrote down: one record for each call and its answer, for each fault, and for what was kept in the end. */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Rules } from './rules.ts';

/**
 * `done` and `refused` are definite: it happened, or it did not and never will. `unknown` is everything else (no answer in time, a
 * connection that broke, an answer of 5xx): it may have happened, or may still happen, at any time after its call.
 */
export type Outcome = 'done' | 'refused' | 'unknown';

/** The SHA-256 of a token, in hex: tokens themselves are in no history. */
export type TokenHash = string;

export type AccountNumber = number;

/** Milliseconds of the driver's monotonic clock: before the first byte of a request was written, and after all of the answer was read. */
export type Span = { readonly called: number; readonly returned: number };

export type Operation = Span & {
  /** The number of the operation, unique in its history. */
  readonly i: number;
  readonly client: string;
  readonly node: string;
  readonly outcome: Outcome;
};

/** A sign-in, or a sign-up, which signs in as well. What the answer does not tell is taken from what was kept. */
export type Opening = Operation & {
  /** null where the answer that would have told it did not come. */
  readonly token: TokenHash | null;
  /** The device's id: as the answer named it, else as the client sent it; null for a new one whose answer did not come. */
  readonly device: string | null;
  /** Which password was given; each one that is ever set has a name of its own. */
  readonly password: string;
  readonly sequence?: number;
  readonly displaced?: readonly TokenHash[];
};

export type SignUp = Opening & {
  readonly op: 'sign-up';
  /** null where it is not known whether there is one. */
  readonly account: AccountNumber | null;
  /** The canonical form of what names the account. */
  readonly identifier: string;
};

export type SignIn = Opening & { readonly op: 'sign-in'; readonly account: AccountNumber };

/** A session ends by its own token, or by another of the account (`end-session`), which names it by its public id. */
export type SignOut = Operation & {
  readonly op: 'sign-out' | 'end-session';
  readonly account: AccountNumber;
  readonly token: TokenHash;
};

/** Ends every session of the account but `kept`. */
export type EndAll = Operation & {
  readonly op: 'end-all';
  readonly account: AccountNumber;
  readonly kept: TokenHash | null;
};

/** As `end-all`, and from then on another password is the account's. */
export type NewPassword = Operation & {
  readonly op: 'change-password' | 'reset-password';
  readonly account: AccountNumber;
  readonly kept: TokenHash | null;
  readonly password: string;
  /** The mailed link that this uses up, by a name; null where there is none. */
  readonly artefact: string | null;
};

export type ChangeOfState = Operation & {
  readonly op: 'suspend' | 'reactivate';
  readonly account: AccountNumber;
};

export type ChangeOfRoles = Operation & {
  readonly op: 'set-roles';
  readonly account: AccountNumber;
  /** Each set of roles that is ever given has a name of its own. */
  readonly roles: string;
};

/** Is this token live? `none` is no verdict: 503, or no answer. */
export type Check = Operation & {
  readonly op: 'check';
  readonly token: TokenHash;
  readonly verdict: 'live' | 'dead' | 'none';
  /** Whose it is, where it is live. */
  readonly account: AccountNumber | null;
  /** The roles that it shows, by their name; `''` for those of a new account. */
  readonly roles: string | null;
  /** The code of a refusal. */
  readonly why: string | null;
};

/** Something usable once is used, beside what has an operation of its own. */
export type Spend = Operation & {
  readonly op: 'spend';
  readonly artefact: string;
  /** `proof` is shown with a request and must not be shown again (a DPoP proof, a challenge). */
  readonly use: 'link' | 'proof';
};

/** The account's sessions, by their public ids, as its owner is shown them. */
export type List = Operation & {
  readonly op: 'list';
  readonly account: AccountNumber;
  readonly sessions: readonly string[];
};

/** From before a fault was made until after it was over. */
export type Fault = Span & {
  readonly op: 'fault';
  readonly fault: string;
  /** null for one of all nodes, or of the store. */
  readonly node: string | null;
  /** In between, `node` (null: every node) surely reached no store. */
  readonly cutOff: { readonly from: number; readonly to: number } | null;
  /** Where a master died and its replica took over. */
  readonly failover?: Failover;
};

export type Failover = {
  /** When the master was killed. */
  readonly killedAt: number;
  /** Which third of the slots it had: 0 to 2. */
  readonly shard: number;
  /** How its replica was reached before. */
  readonly link: Link;
};

/** How a replica hears of its master: at once, a while later, or not at all any more, and nobody has noticed yet. */
export type Link = 'at once' | 'late' | 'silent';

/** How a node was when it was asked: errors that nobody caught so far, and the memory that it holds. */
export type NodeReport = {
  readonly op: 'node-report';
  readonly node: string;
  readonly at: number;
  readonly uncaught: number;
  readonly rssBytes: number;
};

/** A node heard that a session ended; `position` is the event's id. */
export type Heard = {
  readonly op: 'heard';
  readonly node: string;
  readonly at: number;
  readonly session: string;
  readonly position: number;
  readonly reason: string;
};

/** Read from the store when all was over, as are those below. */
export type KeptAccount = {
  readonly op: 'kept-account';
  readonly account: AccountNumber;
  readonly identifiers: readonly string[];
  readonly state: string;
  /** No session opened below a revision is live, except one; where that is not told, it is not looked at. */
  readonly gate?: { readonly validFrom: number; readonly kept: string | null };
};

export type KeptSession = {
  readonly op: 'kept-session';
  readonly account: AccountNumber;
  readonly session: string;
  readonly token: TokenHash;
  readonly sequence: number;
  /** Which revision of its account it was opened under, where that is told. */
  readonly revision?: number;
  readonly device: string | null;
  /** The operation that opened it, where the store tells; else null. */
  readonly opener: number | null;
  readonly isLive: boolean;
  readonly reason: string | null;
  /** The session that took its place. */
  readonly endedBy: string | null;
};

/** An entry of the audit history: a session ended. */
export type KeptEnding = {
  readonly op: 'kept-ending';
  readonly position: number;
  readonly account: AccountNumber;
  readonly session: string;
  readonly reason: string;
};

/** All that was kept has been read. */
export type KeptAll = { readonly op: 'kept-all'; readonly at: number };

/** The first record: by what the history is judged, and how to make it again. */
export type RunStart = { readonly op: 'run'; readonly rules: Rules; readonly seed: number; readonly store: string };

export type Entry =
  | RunStart
  | SignUp
  | SignIn
  | SignOut
  | EndAll
  | NewPassword
  | ChangeOfState
  | ChangeOfRoles
  | Check
  | Spend
  | List
  | Fault
  | NodeReport
  | Heard
  | KeptAccount
  | KeptSession
  | KeptEnding
  | KeptAll;

export type History = readonly Entry[];

/** The latest time at which an operation may have come about. */
export function latest({ outcome, returned }: Pick<Operation, 'outcome' | 'returned'>): number {
  return outcome === 'unknown' ? Number.POSITIVE_INFINITY : returned;
}

/** JSON lines, written as they come, so that a driver that dies leaves what it saw. */
export type HistoryFile = {
  write(record: Entry): void;
  close(): Promise<void>;
};

export function historyFile(path: string): HistoryFile {
  const stream = createWriteStream(path);
  return {
    write: (record) => void stream.write(`${JSON.stringify(record)}\n`),
    close: () =>
      new Promise((resolve, reject) => {
        stream.once('error', reject);
        stream.end(resolve);
      }),
  };
}

const OPERATIONS: ReadonlySet<string> = new Set<Entry['op']>([
  'run',
  'sign-up',
  'sign-in',
  'sign-out',
  'end-session',
  'end-all',
  'change-password',
  'reset-password',
  'suspend',
  'reactivate',
  'set-roles',
  'check',
  'spend',
  'list',
  'fault',
  'node-report',
  'heard',
  'kept-account',
  'kept-session',
  'kept-ending',
  'kept-all',
]);

/** Reads a history back. Throws at the first line that is no record, with its number. */
export async function readHistory(path: string): Promise<Entry[]> {
  const records: Entry[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    records.push(recordOf(line, `${path}:${records.length + 1}`));
  }
  return records;
}

function recordOf(line: string, where: string): Entry {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    throw new Error(`${where} is no JSON: a run that was killed may have left half a line; remove it.`);
  }
  const op = typeof read === 'object' && read !== null && 'op' in read ? read.op : undefined;
  if (typeof op !== 'string' || !OPERATIONS.has(op)) throw new Error(`${where} is no record of a history.`);
  return read as Entry;
}
