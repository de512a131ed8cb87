/** The figures as people read them: plain text, or markdown. */
import { type Figure, type Goal, type Held, isReached, type Measured, type Unit } from './figure.ts';
import type { Machine } from './machine.ts';

const HEAD = ['what', 'here', 'floor', 'ratio (lowest to highest)', 'goal', 'reached'] as const;

export function asText(machine: Machine, measured: readonly Measured[]): string {
  const all = measured.flatMap(({ figures }) => figures.map(cellsOf));
  const widths = HEAD.map((title, column) => Math.max(title.length, ...all.map((cells) => lengthOf(cells[column]))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd();
  const groups = measured.map(({ row, figures, leftOut }) =>
    [
      `${row.title} [${row.name}]`,
      ...figures.map((figure) => line(cellsOf(figure))),
      ...leftOut.map((what) => `not measured: ${what}`),
    ].join('\n'),
  );
  return [describe(machine), line(HEAD), ...groups].join('\n\n');
}

export function asMarkdown(machine: Machine, measured: readonly Measured[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const groups = measured.map(({ row, figures, leftOut }) =>
    [
      `**${row.title}** (\`${row.name}\`)`,
      '',
      ...(figures.length === 0 ? [] : [HEAD, HEAD.map(() => '---'), ...figures.map(cellsOf)].map(line)),
      ...leftOut.map((what) => `\nNot measured: ${what}.`),
    ].join('\n'),
  );
  return `${[describe(machine), ...groups].join('\n\n')}\n`;
}

function describe({ cpu, cores, memoryGb, system, load, versions }: Machine): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cores} cores (${cpu}), ${memoryGb} GB, ${system}; load ${load.toFixed(1)} when it began.`,
    `${software.join(', ')}.`,
    'Medians of interleaved rounds; between brackets the lowest and the highest round.',
  ].join('\n');
}

function cellsOf(figure: Figure): readonly string[] {
  const { what, unit, measured, held, goal } = figure;
  const reached = isReached(figure);
  return [
    what,
    amount(measured.median, unit),
    held === null ? '' : `${amount(held.floor.median, unit)} ${held.against}`,
    held === null ? '' : ratio(held),
    goal === null ? '' : goalText(goal, unit),
    reached === null ? '' : reached ? 'yes' : 'no',
  ];
}

function ratio({ ratio: { median, lowest, highest }, kind }: Held): string {
  return `${times(median)} the ${kind} (${times(lowest)} to ${times(highest)})`;
}

function goalText(goal: Goal, unit: Unit): string {
  if ('atLeast' in goal) return `at least ${times(goal.atLeast)}`;
  if ('atMost' in goal) return `at most ${times(goal.atMost)}`;
  if ('within' in goal) return `within ${goal.within * 100} %`;
  if ('measuredAtLeast' in goal) return `at least ${amount(goal.measuredAtLeast, unit)}`;
  return `at most ${amount(goal.measuredAtMost, unit)}`;
}

function times(value: number): string {
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}x`;
}

function amount(value: number, unit: Unit): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const shown = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === '/s' ? `${shown}/s` : `${shown} ${unit}`;
}

function lengthOf(text: string | undefined): number {
  return [...(text ?? '')].length;
}
