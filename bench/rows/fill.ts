import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Filled, fillDatabase } from '../data/database.ts';
import type { Bench } from '../harness/bench.ts';

/** A database of so many sessions for a row. */
export async function fill(bench: Bench, sessions: number): Promise<Filled> {
  const count = sessions.toLocaleString('en');
  return await fillDatabase(join(bench.folder, `${sessions}-sessions.db`), sessions, (done) =>
    bench.progress.say(`making a database of ${count} sessions: ${done.toLocaleString('en')}`),
  );
}

/** Writes what goes into requests, one after the other, for a process that makes them. */
export function writeFills(bench: Bench, name: string, fills: readonly string[]): string {
  const path = join(bench.folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(fills));
  return path;
}

/** Writes what `Authorization` says, for the sessions of a database. */
export function writeTokens(bench: Bench, tokens: readonly string[]): string {
  return writeFills(
    bench,
    'tokens',
    tokens.map((token) => `Authorization: Token ${token}`),
  );
}
