/**
 * `npm run contract -- DIR`: replays the transcripts of a folder against the real server, and ends with
 * `N passed, N departed, N failed`. `--verbose` names every transcript that departed, with its rules.
 */
import { parseArgs } from 'node:util';
import { readRecording } from './recording.ts';
import { countsOf, departedBy, departedText, failureText, type Line, summary, tableText } from './report.ts';
import { onStage, replayAll } from './run.ts';
import { scopeOf } from './scope.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean', default: false } },
});
const [folder = 'contract'] = positionals;
const recording = readRecording(folder);
const { replayable, leftOut } = scopeOf(recording);

const isTerminal = process.stdout.isTTY === true;
const rewrite = (text: string): void => void process.stdout.write(isTerminal ? `\r\x1b[K${text}` : '');
const write = (text: string): void => void process.stdout.write(`${isTerminal ? '\r\x1b[K' : ''}${text}\n`);

const tell = (line: Line, index: number): void => {
  if (line.result.failure !== null) write(failureText(line));
  rewrite(`${index + 1} of ${replayable.length} · ${line.transcript.area}`);
};
const lines = await onStage('argon2id', (stage) => replayAll(replayable, stage, tell));

for (const flaw of recording.unreadable) write(`✖ ${flaw}`);
const departed = lines.filter(({ result }) => result.failure === null && result.departures.length > 0);
if (values.verbose) write(['Transcripts that departed:', ...departed.map(departedText)].join('\n'));
if (departed.length > 0) write(tableText(departedBy(lines)));
const total = [...leftOut.values()].reduce((sum, count) => sum + count, 0);
const areas = [...leftOut].map(([area, count]) => `${count} about ${area}`).join(', ');
if (total > 0) write(`${total} left out, not served yet: ${areas}.`);
const { failed, ...counts } = countsOf(lines);
const allFailed = failed + recording.unreadable.length;
write(summary({ ...counts, failed: allFailed }));
process.exitCode = allFailed > 0 || lines.length === 0 ? 1 : 0;
