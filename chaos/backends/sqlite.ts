/** One file that all nodes open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptAccount, KeptEnding, KeptSession } from '../history.ts';
import type { Backend } from './backend.ts';
import { accountFrom, endingFrom, sessionFrom } from './rows.ts';

export type SqliteFile = {
  readonly path: string;
  readonly url: string;
  /** All that is kept in it. */
  read(): readonly (KeptAccount | KeptSession | KeptEnding)[];
  remove(): void;
};

/** A file of its own for one run. */
export function sqliteFile(): SqliteFile {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-chaos-'));
  const path = join(folder, 'latchkey.db');
  return {
    path,
    url: `sqlite:${path}`,
    read: () => readFile(path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function sqliteBackend(): Backend {
  const { path, url, read, remove } = sqliteFile();
  return {
    name: 'sqlite',
    mode: 'strict',
    modes: ['strict'],
    isClockOfStore: false,
    start: async () => undefined,
    environment: () => ({ LATCHKEY_DATABASE: url }),
    faults: {
      /** Another process is writing for a while: nobody else may. Readers are not held up. */
      async 'store-pause'({ forMs }) {
        const other = new DatabaseSync(path, { timeout: 5_000 });
        try {
          other.exec('BEGIN IMMEDIATE');
          await sleep(forMs);
          other.exec('ROLLBACK');
        } finally {
          other.close();
        }
        return null;
      },
    },
    readKept: async () => read(),
    stop: async () => remove(),
  };
}

function readFile(path: string): (KeptAccount | KeptSession | KeptEnding)[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const all = (sql: string) => db.prepare(sql).all();
    return [
      ...all('SELECT * FROM account ORDER BY id').map(accountFrom),
      ...all('SELECT * FROM session ORDER BY account_id, sequence').map((row) => sessionFrom(row, Date.now())),
      ...all("SELECT * FROM history WHERE kind = 'session_ended' ORDER BY id").map(endingFrom),
    ];
  } finally {
    db.close();
  }
}
