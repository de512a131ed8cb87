import { DatabaseSync } from 'node:sqlite';
import { selectByToken } from '../../packages/latchkey/src/stores/sql/sessions.ts';

/** The floor of a strict check: the same statement, prepared once, on a connection like Latchkey's own. */
export function oneRead(path: string): (tokenHash: Uint8Array) => unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec('PRAGMA cache_size = -32768');
  const { sql } = selectByToken({ token_hash: new Uint8Array() }, 'sqlite');
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return (tokenHash) => statement.get(tokenHash);
}
