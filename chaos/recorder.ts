import { type Entry, historyFile } from './history.ts';

/** Keeps what happens in memory for the checker, and in a file for later. */
export type Recorder = {
  readonly entries: Entry[];
  /** The number of the next operation. */
  next(): number;
  add(entry: Entry): void;
  close(): Promise<void>;
};

export function recorder(path: string): Recorder {
  const file = historyFile(path);
  const entries: Entry[] = [];
  let last = 0;
  return {
    entries,
    next: () => ++last,
    add(entry) {
      entries.push(entry);
      file.write(entry);
    },
    close: () => file.close(),
  };
}
