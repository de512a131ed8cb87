/** Sessions in SQLite by the million: copies that the database itself makes of the one that Latchkey wrote, in the order of their keys. */
import { DatabaseSync } from 'node:sqlite';
import { signUpAndIn } from './database.ts';
import { onFile } from './place.ts';
import { AHEAD_MS, FIRST_COPY, hashOfToken, tokenOf } from './tokens.ts';

const BATCH = 20_000;

/** What differs from copy to copy, in SQL. Identifiers are in the order of the keys too, so that they are quick to write. */
const DIFFERS: Readonly<Record<string, string>> = {
  token_hash: 'copy.hash',
  id: `'ses_' || substr(hex(copy.hash), 1, 22)`,
  account_id: 'copy.account',
  seen_at: `p.seen_at + ${AHEAD_MS}`,
};

/** Signs one account up and in, and copies its session `count` times, for checks alone. Indexes are made when the rows are there. */
export async function fillSqlite(path: string, count: number, said: (done: number) => void): Promise<void> {
  await signUpAndIn(onFile(path));
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; PRAGMA foreign_keys = OFF; BEGIN');
  db.exec('CREATE TEMP TABLE copy (account INTEGER, hash BLOB)');
  const take = db.prepare(`
    WITH RECURSIVE one (n) AS (SELECT :from UNION ALL SELECT n + 1 FROM one WHERE n < :to)
    INSERT INTO copy SELECT n, substr(:hashes, (n - :from) * 32 + 1, 32) FROM one`);
  const last = FIRST_COPY + count - 1;
  for (let from = FIRST_COPY; from <= last; from += BATCH) {
    const to = Math.min(from + BATCH - 1, last);
    const hashes = Array.from({ length: to - from + 1 }, (_, index) => hashOfToken(tokenOf(from + index)));
    take.run({ from, to, hashes: Buffer.concat(hashes) });
    said(from);
  }
  const indexes = dropIndexes(db);
  const columns = db
    .prepare(`SELECT name FROM pragma_table_info('session')`)
    .all()
    .map(({ name }) => String(name));
  db.exec(`
    CREATE TEMP TABLE pattern AS SELECT * FROM session;
    CREATE TEMP TABLE sorted AS SELECT * FROM copy ORDER BY hash;
    INSERT INTO session (${columns})
    SELECT ${columns.map((column) => DIFFERS[column] ?? `p.${column}`)} FROM sorted AS copy CROSS JOIN pattern AS p`);
  for (const index of indexes) db.exec(index);
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Drops those that are not of the table itself, and returns how they are made again. */
function dropIndexes(db: DatabaseSync): readonly string[] {
  const indexes = db
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'session' AND sql IS NOT NULL`)
    .all();
  for (const { name } of indexes) db.exec(`DROP INDEX ${String(name)}`);
  return indexes.map(({ sql }) => String(sql));
}
