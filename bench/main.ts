/** `npm run bench`: the figures of one run on one machine, as a table. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openBench } from './harness/bench.ts';
import type { Measured, Row } from './harness/figure.ts';
import { machine } from './harness/machine.ts';
import { type Progress, progressOn } from './harness/progress.ts';
import { asMarkdown, asText } from './harness/table.ts';
import { installPeers } from './peers.ts';
import { rows } from './rows/all.ts';

const USAGE = `npm run bench -- [--quick] [--json FILE] [--markdown FILE] [ROW …]

  --quick           a few seconds a row: to see that it works, not for figures to keep
  --json FILE       every figure with all its rounds, and what the machine is
  --markdown FILE   the table, for a page; in docs/bench.md its place is kept
  ROW               only these: ${rows.map(({ name }) => name).join(', ')}
`;

const options = {
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  markdown: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** No run takes so long; one that hangs is told so. */
const LONGEST_MS = 60 * 60_000;

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const only = chosen(positionals);
  const progress = progressOn(process.stderr);
  if (only.some(({ needsPeers }) => needsPeers)) installPeers((what) => progress.say(what));
  const about = machine();
  const measured = await measure(only, { isQuick: values.quick, progress });
  const { json, markdown } = values;
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ machine: about, isQuick: values.quick, rows: measured }, null, 2)}\n`);
  }
  if (markdown !== undefined) writeMarkdown(markdown, asMarkdown(about, measured));
  process.stdout.write(`${asText(about, measured)}\n`);
}

/** Of a page that has a place for it, only that place is written. */
function writeMarkdown(path: string, table: string): void {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const place = /(<!-- figures -->\n).*(<!-- end of figures -->)/s;
  writeFileSync(path, place.test(page) ? page.replace(place, (_, begin, end) => `${begin}\n${table}\n${end}`) : table);
}

function chosen(names: readonly string[]): readonly Row[] {
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}.\n\n${USAGE}`);
  return names.length === 0 ? rows : rows.filter(({ name }) => names.includes(name));
}

/** Measures row by row. However it ends, processes are stopped and files removed. */
async function measure(
  only: readonly Row[],
  { isQuick, progress }: { readonly isQuick: boolean; readonly progress: Progress },
): Promise<readonly Measured[]> {
  const bench = openBench(progress, isQuick);
  process.once('exit', () => bench.close());
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  setTimeout(() => fail(new Error('It took longer than it may.')), LONGEST_MS).unref();
  const measured: Measured[] = [];
  for (const row of only) {
    const { name, title } = row;
    progress.say(name);
    const figures = await row.measure(bench);
    measured.push({ row: { name, title }, figures, leftOut: await bench.endRow() });
  }
  progress.done();
  return measured;
}

function fail(error: unknown): never {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

await run().catch(fail);
process.exit();
