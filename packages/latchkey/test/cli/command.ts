/** Runs `latchkey` as an operator does: a process of its own, in a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from '../serving.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

export type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type Place = {
  readonly path: string;
  /** The database of this place, for others to open. */
  readonly file: string;
  /** Runs a command here. `input` is given on standard input. */
  latchkey(
    command: readonly string[],
    more?: { readonly input?: string; readonly env?: Environment },
  ): Promise<Outcome>;
};

type Environment = Readonly<Record<string, string>>;

/** A folder with a database, for one test. */
export async function withPlace(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const file = `${folder.path}/latchkey.db`;
  try {
    await run({
      path: folder.path,
      file,
      latchkey: (command, { input = '', env = {} } = {}) => latchkey(command, folder.path, input, env),
    });
  } finally {
    folder.remove();
  }
}

async function latchkey(command: readonly string[], cwd: string, input: string, env: Environment): Promise<Outcome> {
  const child = spawn(process.execPath, ['--conditions=source', MAIN, ...command], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LATCHKEY_PASSWORD_HASH: 'dangerously-cheap',
      ...env,
    },
  });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { status: child.exitCode, stdout, stderr };
}
