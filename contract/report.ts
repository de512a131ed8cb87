/** What a run says while it goes on, and at its end. */
import type { Result } from './replay.ts';
import type { Replayable } from './scope.ts';

export type Line = Replayable & { readonly result: Result };

export type Counts = { readonly passed: number; readonly departed: number; readonly failed: number };

export function countsOf(lines: readonly Line[]): Counts {
  const failed = lines.filter(({ result }) => result.failure !== null).length;
  const departed = lines.filter(({ result }) => result.failure === null && result.departures.length > 0).length;
  return { passed: lines.length - failed - departed, departed, failed };
}

/** How many transcripts departed by each rule; one that departed by two is counted by both. */
export function departedBy(lines: readonly Line[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { result } of lines) {
    if (result.failure !== null) continue;
    for (const id of result.departures) counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

export function summary({ passed, departed, failed }: Counts): string {
  return `${passed} passed, ${departed} departed, ${failed} failed`;
}

/** A failure with the place where it is to be found, and what was expected there. */
export function failureText({ transcript, result }: Line): string {
  const { failure } = result;
  if (failure === null) return '';
  const head = `✖ ${transcript.profile} · ${transcript.area}.json · ${transcript.name}`;
  const where = `    step ${failure.step}: ${failure.request}`;
  const rules = result.departures.length > 0 ? [`    departures so far: ${result.departures.join(', ')}`] : [];
  const places = failure.differences.flatMap(({ place, expected, actual }) => [
    `    ${place}`,
    `      expected  ${short(expected)}`,
    `      got       ${short(actual)}`,
  ]);
  return [head, where, ...rules, ...places].join('\n');
}

const LONGEST = 400;

function short(text: string): string {
  const one = text.replaceAll('\n', '\\n');
  return one.length > LONGEST ? `${one.slice(0, LONGEST)}…` : one;
}

export function departedText({ transcript, result }: Line): string {
  return `  ${transcript.profile} · ${transcript.area}.json · ${transcript.name}: ${result.departures.join(', ')}`;
}

export function tableText(counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  const width = Math.max(0, ...rows.map(([id]) => id.length));
  return [
    'Transcripts that departed, by rule (see docs/django.md):',
    ...rows.map(([id, count]) => `  ${id.padEnd(width)}  ${String(count).padStart(4)}`),
  ].join('\n');
}
