/** A server's process and folder: waited for until it is ready, stopped with its children, and its log told if it fails. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseAll, signalAll, withDescendants } from './process-tree.ts';
import { unprivilegedUser } from './programs.ts';
import { unwatch, watch, watchFolder } from './watchdog.ts';

const READY_WITHIN_MS = 120_000;
const END_WITHIN_MS = 10_000;

export type Launch = {
  readonly path: string;
  readonly args: readonly string[];
  /** How it is ended where nobody says otherwise, and when the test process is gone. */
  readonly endBy: 'QUIT' | 'KILL';
  isReady(pid: number): boolean | Promise<boolean>;
};

export type Server = {
  /** Ends it, if it still runs, and starts it as before, in the same folder. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it, paused or not, and waits until it is gone; by -9 if it takes longer than 10 s. Its folder stays. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Nothing of it runs any more (SIGSTOP), and its connections stay open, until `resume`. */
  pause(): Promise<void>;
  resume(): void;
  /** Everything that it has written so far, restarts included. */
  log(): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
};

/**
 * Starts a server, as `prepare` says, in a folder of its own, which the servers' user owns, and waits until it is ready.
 * @throws where it ends before, or is not ready within two minutes, with its log
 */
export async function startServer(name: string, prepare: (folder: string) => Launch): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  watchFolder(folder);
  try {
    own(folder);
    const launching = prepare(folder);
    let running = await launch(launching, folder);
    return {
      async restart(signal) {
        await running.end(signal);
        running = await launch(launching, folder);
      },
      end: (signal) => running.end(signal),
      pause: () => running.pause(),
      resume: () => running.resume(),
      log: () => logOf(folder),
      async stop() {
        await running.end();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Gives a folder or a file to the servers' user. */
export function own(path: string): void {
  const user = unprivilegedUser();
  if (user !== null) chownSync(path, user.uid, user.gid);
}

/** Starts several at once; where one fails, none is left. */
export async function startAll<Started extends { stop(): Promise<void> }>(
  starting: readonly Promise<Started>[],
): Promise<readonly Started[]> {
  const outcomes = await Promise.allSettled(starting);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return started;
  await stopAll(started);
  throw failed.reason;
}

export async function stopAll(started: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(started.map((one) => one.stop()));
}

const logFile = (folder: string): string => join(folder, 'log');
const logOf = (folder: string): string => readFileSync(logFile(folder), 'utf8');

type Running = Pick<Server, 'end' | 'pause' | 'resume'>;

async function launch({ path, args, endBy, isReady }: Launch, folder: string): Promise<Running> {
  const log = openSync(logFile(folder), 'a');
  const child = spawn(path, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    ...unprivilegedUser(),
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const { pid } = child;
  if (pid === undefined) return await ended.then(() => Promise.reject(new Error(`${path} did not start`)));
  watch(pid, endBy);
  const gone = ended.then(() => unwatch(pid));
  const { pause, resume } = pausing(pid);
  const end = async (signal: NodeJS.Signals = `SIG${endBy}`): Promise<void> => {
    resume();
    if (!hasEnded(child)) await endOf(child, gone, signal);
  };
  await untilReady(child, () => isReady(pid)).catch(async (error: Error) => {
    await end('SIGKILL');
    throw new Error(`${path} ${error.message}. Its log:\n${logOf(folder)}`);
  });
  // A server that a test forgot keeps no test process from ending.
  child.unref();
  return { pause, resume, end };
}

async function untilReady(child: ChildProcess, isReady: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady())) {
    if (hasEnded(child)) throw new Error(`ended with ${child.exitCode ?? child.signalCode} before it was ready`);
    if (performance.now() > deadline) throw new Error(`was not ready within ${READY_WITHIN_MS / 1000} s`);
    await sleep(10);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function endOf(child: ChildProcess, gone: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  child.ref();
  const all = child.pid === undefined ? [] : withDescendants(child.pid);
  child.kill(signal);
  const timer = setTimeout(() => signalAll(all, 'SIGKILL'), END_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}

function pausing(pid: number): Pick<Server, 'pause' | 'resume'> {
  let paused: readonly number[] = [];
  return {
    async pause() {
      paused = await pauseAll(pid);
      // who is stopped does not hear that its parent ends
      for (const child of paused) if (child !== pid) watch(child, 'CONT');
    },
    resume() {
      for (const child of paused) if (child !== pid) unwatch(child);
      signalAll(paused, 'SIGCONT');
      paused = [];
    },
  };
}
