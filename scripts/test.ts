/**
 * Runs every test and ends with `N passed, N failed`. What could not be run is named with its reason; `--no-skips` makes that a
 * failure. Names of files or folders run those alone.
 */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { inspect, parseArgs } from 'node:util';
import { LEFT_OPEN } from './left-open.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-skips': { type: 'boolean', default: false } },
});

const all = globSync(
  [
    'packages/*/test/**/*.test.ts',
    'contract/**/*.test.ts',
    'chaos/**/*.test.ts',
    'examples/**/*.test.ts',
    'scripts/**/*.test.ts',
  ],
  {
    exclude: ['**/node_modules/**'],
  },
).sort();
const files = positionals.length === 0 ? all : all.filter((file) => positionals.some((name) => file.includes(name)));

type Counts = { passed: number; failed: number };
const counts: Counts = { passed: 0, failed: 0 };
const skipped: string[] = [];
/** When the first and the last test of a file began and ended, which is told in order of execution; the rest in order of files. */
const startedAt = new Map<string, number>();
const endedAt = new Map<string, number>();
/** The files whose results are all told: each says so at its end, or as it is ended. */
const told = new Set<string>();
const END_IN_TIME = new URL('end-in-time.ts', import.meta.url).href;
/** Far above what any test takes on a loaded machine: one that hangs fails by its name, rather than the whole run without one. */
const LONGEST_TEST_MS = 15 * 60_000;

const shown = (file: string | undefined): string => (file === undefined ? '' : relative(process.cwd(), file));
const stream = run({
  files,
  concurrency: 2,
  timeout: LONGEST_TEST_MS,
  execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning', `--import=${END_IN_TIME}`],
});

stream.on('test:dequeue', ({ file, nesting }) => {
  if (nesting === 0 && file !== undefined && !startedAt.has(file)) startedAt.set(file, performance.now());
});
stream.on('test:pass', ({ name, details, skip, todo, file }) => {
  // a skipped suite tells of none of its tests
  if (skip !== undefined || todo !== undefined) skipped.push(`${shown(file)}: ${name}: ${String(skip ?? todo)}`);
  else if (details.type !== 'suite') counts.passed++;
});
stream.on('test:fail', ({ name, details, file, line }) => {
  const cause = details.error.cause ?? details.error;
  // A suite or a file fails because something in it did: that is told where it happened.
  const isTold = /subtests? failed/.test(cause instanceof Error ? cause.message : inspect(cause));
  if (isTold) return;
  counts.failed++;
  process.stdout.write(`\n✖ ${shown(file)}:${line ?? 0}\n  ${name}\n${indent(inspect(cause, { depth: 5 }))}\n`);
});
stream.on('test:summary', ({ file, counts: of }) => {
  if (file !== undefined) told.add(shown(file));
  if (file === undefined || process.stdout.isTTY === true) return;
  const seconds = ((endedAt.get(file) ?? 0) - (startedAt.get(file) ?? 0)) / 1000;
  process.stdout.write(`${shown(file)}: ${of.passed} passed in ${seconds.toFixed(1)} s\n`);
});
stream.on('test:stderr', ({ message }) => process.stderr.write(message));
stream.on('test:stdout', ({ file, message }) => {
  const isLeftOpen = message.includes(LEFT_OPEN);
  if (isLeftOpen) told.add(shown(file));
  process.stdout.write(isLeftOpen ? `${shown(file)}: ${message}` : message);
});
stream.on('test:complete', ({ name, nesting, file, details }) => {
  if (file !== undefined) endedAt.set(file, performance.now());
  if (nesting > 0 || process.stdout.isTTY !== true) return;
  process.stdout.write(`${details.passed ? '✓' : '✖'} ${shown(file)} ${name}\n`);
});

await new Promise<void>((done) => {
  stream.on('end', done);
  stream.resume();
});

// A file whose process ends before all is told passes for one that has fewer tests.
for (const lost of files.filter((file) => !told.has(shown(resolve(file))))) {
  counts.failed++;
  process.stdout.write(`\n✖ ${lost}\n  did not tell all of its results\n`);
}
for (const skip of skipped) process.stdout.write(`skipped: ${skip}\n`);
const isFailed = counts.failed > 0 || counts.passed === 0 || (values['no-skips'] && skipped.length > 0);
if (values['no-skips'] && skipped.length > 0) process.stdout.write('Nothing may be skipped here.\n');
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = isFailed ? 1 : 0;

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
