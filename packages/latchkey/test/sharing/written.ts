/** Writes history into a database file as the store would have, a day at a time: to be read, and by no door. */
import { DatabaseSync } from 'node:sqlite';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { HistoryEntry } from '../../src/stores/store.ts';

/** Returns how many lines there are. `said` is told after each day. */
export async function writeHistory(
  path: string,
  days: Iterable<readonly HistoryEntry[]>,
  said: () => void = () => undefined,
): Promise<number> {
  await sqliteStore(path).close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144');
  const insert = db.prepare(
    'INSERT INTO history (id, at, kind, account_id, session_id, data) VALUES (?, ?, ?, ?, ?, ?)',
  );
  let lines = 0;
  for (const day of days) {
    db.exec('BEGIN');
    for (const { id, at, kind, accountId, sessionId, data } of day) {
      insert.run(id, at, kind, accountId, sessionId, JSON.stringify(data));
    }
    db.exec('COMMIT');
    lines += day.length;
    said();
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return lines;
}
