/** The processes that a server consists of. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stops a process and its descendants. Whoever was begun by a child while the others were being stopped is stopped in the next round. */
export async function pauseAll(pid: number): Promise<readonly number[]> {
  const stopped = new Set<number>();
  for (;;) {
    const more = withDescendants(pid).filter((one) => !stopped.has(one));
    if (more.length === 0) return [...stopped];
    signalAll(more, 'SIGSTOP');
    for (const one of more) stopped.add(one);
    await sleep(5);
  }
}

/** Whoever is gone already is passed over. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // it is gone
    }
  }
}

/** The process itself first. PostgreSQL's children are in process groups of their own: they are found by their parent. */
export function withDescendants(pid: number): readonly number[] {
  const parents = process.platform === 'linux' ? parentsByProc() : parentsByPs();
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
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
