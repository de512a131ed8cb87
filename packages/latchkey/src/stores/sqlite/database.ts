/** SQLite by `node:sqlite`: the one file that imports it, but for the thread that copies its log. */
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { complete, type Query, type Sentence, type Value } from '../sql/statement.ts';
import { StoreUnavailable } from '../store.ts';
import { type Checkpoints, checkpointsOf, mayCheckpointBeside, NO_CHECKPOINTS } from './checkpoints.ts';
import { type LogSync, logSync, NO_LOG } from './log-sync.ts';
import { migrations } from './migrations.ts';

export type Database = {
  /**
   * Runs a sentence in one transaction, as the only writer, and resolves when all that it read and wrote is on the disk, unless
   * that is not waited for. Neither another process's turn nor the disk holds up this process.
   */
  transact<T>(sentence: () => Sentence<T>, options?: { readonly awaitsDisk: boolean }): Promise<T>;
  /** Runs a sentence that only reads. */
  read<T>(sentence: Sentence<T>): T;
  /** A statement, prepared once. */
  prepare(sql: string): StatementSync;
  /** A number that changes when another connection has committed. Opens a connection of its own at its first use. */
  dataVersion(): number;
  /** Throws where nothing can be written any more. */
  check(): void;
  close(): Promise<void>;
};

/** How long a writer waits for its turn before the store counts as unavailable. */
const WAIT_FOR_TURN_MS = 5_000;

/** Pages kept in memory, in KiB: filled as they are read. */
const CACHE_KIB = 32 * 1024;

/** When SQLite copies its log into the database by itself, which is within a commit. */
const SQLITES_OWN_PAGES = 1_000;
const LONGEST_LOG_PAGES = 4_000;

const SQLITE_BUSY = 5;

/** Another process is writing. */
const LOCKED = Symbol('locked');

/** How many rows this connection has changed until now, and a number that is another after each change by another one. */
type Content = { readonly own: number; readonly others: number };

/** What a sentence came to, and the content that it saw and made. */
type Outcome<T> = { readonly value: T; readonly content: Content };

/** Opens a database file, or `:memory:`, and brings its tables up to date. */
export function openDatabase(path: string): Database {
  const db = open(path);
  const log = logOf(db);
  const checkpoints = checkpointsFor(db);
  const statements = new Map<string, StatementSync>();
  let watcher: DatabaseSync | null = null;
  /** The content that is known to be on the disk. What others have left there when we come is not. */
  let onDisk: Content = { own: -1, others: -1 };
  /** How many rows had been changed when something was committed last. */
  let committed = 0;

  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };

  const content = (): Content => {
    const version = prepare('SELECT total_changes() AS own, data_version AS others FROM pragma_data_version').get();
    return { own: Number(version?.['own']), others: Number(version?.['others']) };
  };

  const run = ({ sql, values }: Query): readonly unknown[] => prepare(sql).all(...(values as Value[]));

  /** Begin, steps and commit in one go: between them nothing else of this process may touch the connection. */
  const attempt = <T>(sentence: () => Sentence<T>): Outcome<T> | typeof LOCKED => {
    log.check();
    try {
      prepare('BEGIN IMMEDIATE').run();
    } catch (error) {
      if (isBusy(error)) return LOCKED;
      throw error;
    }
    try {
      const value = complete(sentence(), run);
      const outcome = { value, content: content() };
      prepare('COMMIT').run();
      return outcome;
    } catch (error) {
      if (db.isTransaction) prepare('ROLLBACK').run();
      throw error;
    }
  };

  /** What changed nothing has made the log no longer. */
  const noteCommit = ({ own }: Content): void => {
    if (own === committed) return;
    committed = own;
    checkpoints.committed();
  };

  /** What changes nothing may have read what is not on the disk yet: it waits as well. */
  const settled = async (seen: Content): Promise<void> => {
    if (seen.own === onDisk.own && seen.others === onDisk.others) return;
    await log.flushed();
    onDisk = seen;
  };

  return {
    async transact(sentence, { awaitsDisk } = { awaitsDisk: true }) {
      for (let waitedMs = 0; waitedMs < WAIT_FOR_TURN_MS; ) {
        const outcome = attemptOrExplain(() => attempt(sentence));
        if (outcome !== LOCKED) {
          noteCommit(outcome.content);
          if (awaitsDisk) await settled(outcome.content);
          return outcome.value;
        }
        const pauseMs = randomInt(1, 6);
        await sleep(pauseMs);
        waitedMs += pauseMs;
      }
      throw new StoreUnavailable('The database stayed locked by another process.');
    },
    read: (sentence) => attemptOrExplain(() => complete(sentence, run)),
    prepare,
    dataVersion() {
      watcher ??= path === ':memory:' ? db : new DatabaseSync(path, { readOnly: true });
      return Number(watcher.prepare('PRAGMA data_version').get()?.['data_version']);
    },
    check() {
      if (!db.isOpen) throw new StoreUnavailable('The database is closed.');
      log.check();
    },
    async close() {
      if (!db.isOpen) return;
      if (watcher !== db) watcher?.close();
      db.close();
      await checkpoints.close();
      await log.close();
    },
  };
}

function open(path: string): DatabaseSync {
  const isNew = path !== ':memory:' && !existsSync(path);
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path, { timeout: WAIT_FOR_TURN_MS });
  } catch (error) {
    throw new StoreUnavailable(
      `The database file ${path} cannot be opened: ${messageOf(error)}. Set LATCHKEY_DATABASE to a path in a folder that exists and may be written to.`,
      { cause: error },
    );
  }
  if (isNew) chmodSync(path, 0o600);
  try {
    writeAhead(db);
    // Whatever the log is brought to the disk by, what it is copied into waits for that; on macOS both go through the drive's cache.
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA checkpoint_fullfsync = ON;');
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA foreign_keys = ON;`);
    migrate(db);
    // From here on a writer waits by itself (see `transact`): SQLite's own waiting would hold up the whole process.
    db.exec('PRAGMA busy_timeout = 0');
  } catch (error) {
    db.close();
    throw isSqliteError(error) ? cannotBeUsed(path, error) : error;
  }
  return db;
}

/** The log of the file that SQLite really writes to, behind whatever links; a database in memory has none. */
function logOf(db: DatabaseSync): LogSync {
  const path = db.location();
  if (path === null) return NO_LOG;
  try {
    return logSync(path);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The log is copied by a thread; where that does not come to its end, the commit that finds the log so long does it as ever. */
function checkpointsFor(db: DatabaseSync): Checkpoints {
  const path = db.location();
  if (path === null) return NO_CHECKPOINTS;
  if (!mayCheckpointBeside(process.versions['sqlite'] ?? '')) return NO_CHECKPOINTS;
  const copyAt = (pages: number): void => db.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  copyAt(LONGEST_LOG_PAGES);
  return checkpointsOf(path, (cause) => {
    copyAt(SQLITES_OWN_PAGES);
    process.emitWarning(
      `The log of ${path} is copied within commits from now on, which takes milliseconds now and then.`,
      {
        code: 'LATCHKEY_CHECKPOINTS',
        detail: messageOf(cause),
      },
    );
  });
}

/** What the first look at a file came to, with what an operator can do about it. */
function cannotBeUsed(path: string, error: Error): StoreUnavailable {
  const remedy = isBusy(error)
    ? 'Another process holds it: wait until that is done, or end it.'
    : 'Set LATCHKEY_DATABASE to a file that is a SQLite database, or is not there yet, and give whoever runs this the right to write to it and to its folder.';
  return new StoreUnavailable(`The database file ${path} cannot be used: ${error.message}. ${remedy}`, {
    cause: error,
  });
}

/**
 * Turns the write-ahead log on. Where several processes begin one file at once SQLite calls it locked without waiting, so the
 * waiting is done here; nothing else of this process runs yet that it could hold up.
 */
function writeAhead(db: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; ; ) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || waitedMs >= WAIT_FOR_TURN_MS) throw error;
    }
    const pauseMs = randomInt(1, 6);
    Atomics.wait(pause, 0, 0, pauseMs);
    waitedMs += pauseMs;
  }
}

/** Runs the steps that this database has not seen, each in a transaction, whoever else starts at the same time. */
function migrate(db: DatabaseSync): void {
  const newest = migrations.at(-1)?.number ?? 0;
  db.exec('BEGIN IMMEDIATE');
  try {
    const at = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (at > newest) {
      throw new StoreUnavailable(
        `This database is at step ${at}, and this version of Latchkey knows ${newest}. Run the version that wrote it, or a newer one.`,
      );
    }
    for (const { number, sql } of migrations) {
      if (number > at) db.exec(`${sql}; PRAGMA user_version = ${number};`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

/** By SQLite itself, or because the database is closed. */
function isSqliteError(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_SQLITE_ERROR' || error.code === 'ERR_INVALID_STATE';
}

/** What SQLite itself complains of is an illness of the store; anything else is passed on as it is. */
function attemptOrExplain<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    throw new StoreUnavailable(`SQLite: ${error.message}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
