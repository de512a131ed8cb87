/** Writes a simulated year of accounts into a database, and finds those of them that are passed around. */
import { findSharing } from '../../packages/latchkey/src/flows/find-sharing.ts';
import { LIKELY } from '../../packages/latchkey/src/model/sharing.ts';
import { sqliteStore } from '../../packages/latchkey/src/stores/sqlite/store.ts';
import type { HistoryEntry, Store } from '../../packages/latchkey/src/stores/store.ts';
import { makeAccount } from '../../packages/latchkey/test/sharing/accounts.ts';
import { YEAR_ENDS } from '../../packages/latchkey/test/sharing/judged.ts';
import { writeHistory } from '../../packages/latchkey/test/sharing/written.ts';
import { YEAR_STARTS, yearOf } from '../../packages/latchkey/test/sharing/year.ts';
import { answers, ready } from '../harness/answers.ts';

/** Accounts 1 to `each` of the first seed's year, then as many of the next, and so on. */
export type YearAsked = { readonly path: string; readonly seeds: readonly number[]; readonly each: number };

/** Of one kind of accounts, how many there are, and how many of them are called shared. */
export type OfKind = {
  readonly kind: string;
  readonly isSharing: boolean;
  readonly accounts: number;
  readonly called: number;
};

/** Times in milliseconds; CPU time is that of all threads, and `readCpuMs` what of it went into reading pages of history. */
export type SharingFound = {
  readonly tookMs: number;
  readonly cpuMs: number;
  readonly readCpuMs: number;
  readonly peakBytes: number;
  readonly kinds: readonly OfKind[];
};

export type WriteAsked = Omit<YearAsked, 'seeds'> & {
  readonly seed: number;
  /** How many accounts and lines are there already. */
  readonly accounts: number;
  readonly lines: number;
};

/** Adds one seed's year. Returns how many lines of history it has. */
async function write({ path, seed, each, accounts, lines }: WriteAsked): Promise<number> {
  return await writeHistory(path, after(yearOf(seed, each).days(), { accounts, lines }));
}

function* after(
  days: Iterable<readonly HistoryEntry[]>,
  { accounts, lines }: Pick<WriteAsked, 'accounts' | 'lines'>,
): Generator<readonly HistoryEntry[]> {
  for (const day of days) {
    yield day.map((entry) => ({ ...entry, id: lines + entry.id, accountId: accounts + entry.accountId }));
  }
}

/** As `latchkey sharing --days 365` does it, with no end to the list. */
async function find({ path, seeds, each }: YearAsked): Promise<SharingFound> {
  const store = sqliteStore(path);
  let readCpuMs = 0;
  const byAccount: Store['history']['byAccount'] = async (page) => {
    const before = process.cpuUsage();
    const read = await store.history.byAccount(page);
    readCpuMs += millisecondsSince(before);
    return read;
  };
  const [before, startedAt] = [process.cpuUsage(), performance.now()];
  const { suspects } = await findSharing(
    { history: { ...store.history, byAccount } },
    { from: YEAR_STARTS, until: YEAR_ENDS, top: seeds.length * each, limit: null, tell: () => undefined },
  );
  const [tookMs, cpuMs] = [performance.now() - startedAt, millisecondsSince(before)];
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  await store.close();
  const called = new Set(suspects.filter(({ score }) => score >= LIKELY).map(({ accountId }) => accountId));
  return { tookMs, cpuMs, readCpuMs, peakBytes, kinds: kindsOf(seeds, each, called) };
}

function millisecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function kindsOf(seeds: readonly number[], each: number, called: ReadonlySet<number>): readonly OfKind[] {
  const kinds = new Map<string, OfKind>();
  for (let index = 0; index < seeds.length * each; index++) {
    const { kind, isSharing } = makeAccount(seeds[Math.floor(index / each)] ?? 0, (index % each) + 1).made;
    const { accounts: others, called: before } = kinds.get(kind) ?? { accounts: 0, called: 0 };
    const now = before + (called.has(index + 1) ? 1 : 0);
    kinds.set(kind, { kind, isSharing, accounts: others + 1, called: now });
  }
  return [...kinds.values()].sort((a, b) => b.accounts - a.accounts);
}

answers({ write, find });
ready(null);
