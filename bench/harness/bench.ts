import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, type ChildOptions, startChild } from './child.ts';
import type { Progress } from './progress.ts';

/** What a row measures with. */
export type Bench = {
  readonly isQuick: boolean;
  readonly progress: Progress;
  /** A folder of this run, on the disk that the repository is on. */
  readonly folder: string;
  /** A process that ends with the run, however that ends. */
  start(file: string, options?: Partial<ChildOptions>): Promise<Child>;
  /** Removes a file of this run, or a folder; of a database with what stands beside it. */
  remove(path: string): void;
  /** Work for the end of a row: a server to stop. It comes after the row's processes are gone. */
  atEndOfRow(work: () => Promise<void>): void;
  /** Notes that something could not be measured here, and why. */
  leaveOut(what: string, why: string): void;
  /** Stops what was started and removes what was written, so that one row does not disturb the next. Returns what was left out. */
  endRow(): Promise<readonly string[]>;
  close(): void;
};

const REMOVE = { force: true, recursive: true, maxRetries: 5 } as const;

const CACHE = new URL('../node_modules/.cache/', import.meta.url).pathname;

export function openBench(progress: Progress, isQuick: boolean): Bench {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'run-'));
  const running = new Set<Child>();
  let works: (() => Promise<void>)[] = [];
  let leftOut: string[] = [];
  return {
    isQuick,
    progress,
    folder,
    async start(file, options) {
      const child = startChild({ file, folder, args: [], environment: {}, ...options });
      running.add(child);
      await child.ready;
      return child;
    },
    remove(path) {
      for (const end of ['', '-wal', '-shm']) rmSync(path + end, REMOVE);
    },
    atEndOfRow: (work) => void works.push(work),
    leaveOut: (what, why) => void leftOut.push(`${what}: ${why}`),
    async endRow() {
      await Promise.all([...running].map((child) => child.stop()));
      running.clear();
      await Promise.all(works.map((work) => work()));
      for (const name of readdirSync(folder)) rmSync(join(folder, name), REMOVE);
      const told = leftOut;
      [works, leftOut] = [[], []];
      return told;
    },
    close() {
      for (const child of running) child.kill();
      rmSync(folder, REMOVE);
    },
  };
}
