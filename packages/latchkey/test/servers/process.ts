/** A server's process: started until it is ready, signalled with its children, ended, and its log at hand if it fails. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unprivilegedUser } from './programs.ts';
import { unwatch, watch, watchFolder } from './watchdog.ts';

const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 10_000;

/** A folder that the servers' user owns. */
export type ServerFolder = { readonly path: string; remove(): void };

export function serverFolder(name: string): ServerFolder {
  const path = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  watchFolder(path);
  const user = unprivilegedUser();
  if (user !== null) chownSync(path, user.uid, user.gid);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export type Launch = {
  readonly path: string;
  readonly args: readonly string[];
  /** Where it runs, and where its log is kept as `log`. */
  readonly folder: string;
  /** How it is ended where nobody says otherwise, and when the test process is gone. */
  readonly endBy: 'QUIT' | 'KILL';
  isReady(pid: number): boolean | Promise<boolean>;
};

export type ServerProcess = {
  readonly pid: number;
  /** Everything that it, and those started in the same folder before it, have written. */
  log(): string;
  /** Stops it and its children where they are (SIGSTOP). */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it, paused or not, and waits until it is gone; killed with -9 if it takes longer than 10 s. */
  end(signal?: NodeJS.Signals): Promise<void>;
};

/**
 * Starts a program as the servers' user and waits until it is ready.
 * @throws where it ends or is not ready within 30 s, with its log
 */
export async function launch({ path, args, folder, endBy, isReady }: Launch): Promise<ServerProcess> {
  const file = join(folder, 'log');
  const log = openSync(file, 'a');
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
  const running: ServerProcess = {
    pid,
    log: () => readFileSync(file, 'utf8'),
    pause: () => pauseAll(pid),
    resume: () => signalAll([pid, ...descendants(pid)], 'SIGCONT'),
    end: (signal = `SIG${endBy}`) => end(child, gone, signal),
  };
  await untilReady(child, running, { path, isReady });
  // A server that a test forgot keeps no test process from ending.
  child.unref();
  return running;
}

async function untilReady(
  child: ChildProcess,
  running: ServerProcess,
  { path, isReady }: Pick<Launch, 'path' | 'isReady'>,
): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(running.pid))) {
    const isGone = child.exitCode !== null || child.signalCode !== null;
    if (isGone) throw new Error(`${path} ended (${child.exitCode ?? child.signalCode}). Its log:\n${running.log()}`);
    if (performance.now() > deadline) {
      await running.end('SIGKILL');
      throw new Error(`${path} was not ready within ${READY_WITHIN_MS / 1000} s. Its log:\n${running.log()}`);
    }
    await sleep(10);
  }
}

async function end(child: ChildProcess, gone: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return gone;
  child.ref();
  const all = [pid, ...descendants(pid)];
  signalAll(all, 'SIGCONT');
  child.kill(signal);
  const timer = setTimeout(() => signalAll(all, 'SIGKILL'), END_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}

/** Whoever was begun by a child while the others were being stopped is stopped in the next round. */
async function pauseAll(pid: number): Promise<void> {
  const stopped = new Set<number>();
  for (;;) {
    const more = [pid, ...descendants(pid)].filter((one) => !stopped.has(one));
    if (more.length === 0) return;
    signalAll(more, 'SIGSTOP');
    for (const one of more) stopped.add(one);
    await sleep(5);
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // it is gone
    }
  }
}

/** PostgreSQL's children are in process groups of their own: they are found by their parent. */
function descendants(pid: number): readonly number[] {
  const parents = process.platform === 'linux' ? parentsByProc() : parentsByPs();
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

type Parents = readonly (readonly [child: number, parent: number])[];

function parentsByProc(): Parents {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        // the name in brackets may hold anything
        const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
        return [Number(name), Number(parent)];
      } catch {
        return [Number(name), 0];
      }
    });
}

function parentsByPs(): Parents {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [child = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
    return [child, parent];
  });
}
