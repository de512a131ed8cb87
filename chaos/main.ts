/** `npm run chaos -- check FILE`: holds a history that was kept against the invariants once more. */
import { check, reportOf, violationsOf } from './check.ts';
import { readHistory } from './history.ts';

const USAGE = `npm run chaos -- check FILE

  check FILE   the invariants over a history that a run has kept
`;

async function main([command, file]: readonly string[]): Promise<number> {
  if (command !== 'check' || file === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const history = await readHistory(file);
  const checked = check(history);
  process.stdout.write(`${reportOf(history, checked)}\n`);
  return violationsOf(checked) > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
