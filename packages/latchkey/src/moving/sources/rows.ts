/** A database that accounts come from, or go to: rows by name, whichever it is. */
export type Row = { readonly [column: string]: unknown };

/** Few enough that a batch is a moment's work and little memory, and many enough that a commit for each does not count. */
export const PAGE = 200;

export type Rows = {
  readonly dialect: 'sqlite' | 'postgres';
  /** Values stand for `?` in their order. */
  ask(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** The columns of a table; none where there is no such table. */
  columns(table: string): Promise<ReadonlySet<string>>;
  /** Ends what was opened to write, with all of it done; without it nothing is. */
  commit(): Promise<void>;
  close(): Promise<void>;
};

export type Mode = 'read' | 'write';

/** It cannot be opened, or is not what it should be. Told to whoever asked, in a line. */
export class UnusableSource extends Error {
  override readonly name = 'UnusableSource';
}

/** A name as both dialects quote it. */
export function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
