/** Holds a history against every invariant, and tells what was found. */
import { factsOf } from './facts.ts';
import type { Entry, History, RunStart } from './history.ts';
import { invariants } from './invariants/all.ts';
import type { Finding, Invariant, Violation } from './invariants/invariant.ts';
import { DEFAULT_RULES, type Rules } from './rules.ts';

export type Checked = Finding & Pick<Invariant, 'id' | 'promise'>;

/** What each invariant found, in the order of their numbers. */
export function check(history: History, rules: Rules = rulesOf(history)): readonly Checked[] {
  const facts = factsOf(history);
  return invariants.map(({ id, promise, examine }) => ({ id, promise, ...examine(facts, rules) }));
}

/** The rules that stand in the history itself. */
function rulesOf(history: History): Rules {
  const start = history.find((entry): entry is RunStart => entry.op === 'run');
  return { ...DEFAULT_RULES, ...start?.rules };
}

export function violationsOf(checked: readonly Checked[]): number {
  return checked.reduce((sum, { violations }) => sum + violations.length, 0);
}

/** Of so many sign-ins nobody may know what came of them, where nobody has looked at what is kept. */
const UNKNOWN_SHARE = 0.05;

/**
 * Why the checker cannot say that nothing was lost, or null where it can: a sign-in that had no answer may have displaced whatever
 * is gone, so that a loss hides behind many of them, unless what is kept in the end tells what came of each.
 */
export function doubtOf(history: History): string | null {
  const signIns = history.filter((entry) => entry.op === 'sign-in');
  const unknown = signIns.filter(({ outcome }) => outcome === 'unknown').length;
  if (unknown <= signIns.length * UNKNOWN_SHARE || history.some(({ op }) => op === 'kept-all')) return null;
  return `${unknown} of ${signIns.length} sign-ins had no answer, and nobody looked at what is kept: a loss may hide behind them`;
}

/** How many violations of one invariant are shown with their records. */
const SHOWN = 3;

/** A row for each invariant, then the records that prove what is wrong. */
export function reportOf(history: History, checked: readonly Checked[]): string {
  const doubt = doubtOf(history);
  const lines = [...tableOf(checked), '', ...countsOf(history), ...(doubt === null ? [] : [`✖ ${doubt}`])];
  for (const { id, violations } of checked) {
    for (const violation of violations.slice(0, SHOWN)) lines.push('', ...told(id, violation));
    if (violations.length > SHOWN) lines.push(`  … and ${violations.length - SHOWN} more of ${id}`);
  }
  return lines.join('\n');
}

function tableOf(checked: readonly Checked[]): readonly string[] {
  const rows = checked.map(({ id, promise, examined, violations }) => [
    id,
    promise,
    String(examined),
    String(violations.length),
    worst(violations),
  ]);
  const head = ['', 'promise', 'looked at', 'violations', 'latest'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line);
}

function worst(violations: readonly Violation[]): string {
  const late = violations.flatMap(({ lateMs }) => (lateMs === null ? [] : [lateMs]));
  return late.length === 0 ? '' : `${late.reduce((a, b) => Math.max(a, b)).toFixed(1)} ms`;
}

function countsOf(history: History): readonly string[] {
  const operations = history.filter((entry) => 'outcome' in entry);
  const unknown = operations.filter(({ outcome }) => outcome === 'unknown').length;
  const faults = history.filter(({ op }) => op === 'fault').length;
  return [`${operations.length} operations, ${unknown} of unknown outcome, ${faults} faults`];
}

function told(id: string, { says, lateMs, proof }: Violation): readonly string[] {
  const late = lateMs === null ? '' : `, ${lateMs.toFixed(1)} ms late`;
  return [`✖ ${id}: ${says}${late}`, ...proof.map((entry: Entry) => `    ${JSON.stringify(entry)}`)];
}
