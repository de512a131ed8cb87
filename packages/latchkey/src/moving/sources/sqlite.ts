import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Mode, quoted, type Row, type Rows, UnusableSource } from './rows.ts';

/** How long another process may hold it. */
const WAIT_MS = 10_000;

export function openSqlite(path: string, mode: Mode): Rows {
  if (!existsSync(path)) throw new UnusableSource(`The file ${path} is not there.`);
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path, { readOnly: mode === 'read', timeout: WAIT_MS });
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    if (mode === 'write') db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    throw new UnusableSource(`The file ${path} cannot be opened: ${error instanceof Error ? error.message : error}.`);
  }
  return {
    dialect: 'sqlite',
    ask: async (sql, values = []) => db.prepare(sql).all(...values.map(asInput)) as readonly Row[],
    async columns(table) {
      const found = db.prepare(`PRAGMA table_info(${quoted(table)})`).all();
      return new Set(found.map(({ name }) => String(name)));
    },
    async commit() {
      db.exec('COMMIT');
    },
    async close() {
      // What was not committed is undone by this.
      db.close();
    },
  };
}

function asInput(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value as SQLInputValue;
}
