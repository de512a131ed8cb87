/** SQLite's log is copied into its database beside the event loop, whatever becomes of the thread that does it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Sentence } from '../../src/stores/sql/statement.ts';
import { checkpointsOf, mayCheckpointBeside } from '../../src/stores/sqlite/checkpoints.ts';
import { type Database, openDatabase } from '../../src/stores/sqlite/database.ts';

const PAGE_BYTES = 4_096;

function* writing(name: string, bytes: number): Sentence<void> {
  yield [{ sql: 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', values: [name, 'x'.repeat(bytes)] }];
}

function* reading(): Sentence<void> {
  yield [{ sql: 'SELECT name FROM setting', values: [] }];
}

async function commit(database: Database, times: number, bytes: number): Promise<void> {
  for (let time = 0; time < times; time++) await database.transact(() => writing(`${time}`, bytes));
}

/** Until a condition holds; throws where it does not within ten seconds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await sleep(10)) {
    assert.ok(Date.now() < end, what);
  }
}

const SQLITE = process.versions['sqlite'] ?? '';
const skip = mayCheckpointBeside(SQLITE) ? false : `SQLite ${SQLITE} may lose by a checkpoint of another connection`;

describe("SQLite's log", () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-checkpoints-'));
  after(() => rmSync(folder, { recursive: true }));
  const pagesOf = (path: string): number => statSync(path).size / PAGE_BYTES;
  const autocheckpoint = (database: Database): unknown =>
    database.prepare('PRAGMA wal_autocheckpoint').get()?.['wal_autocheckpoint'];

  test('is copied by a thread before a commit has to, and is gone once the database is closed', { skip }, async () => {
    const path = join(folder, 'thread.db');
    const database = openDatabase(path);
    const before = pagesOf(path);
    // Far fewer pages than a commit would copy them at.
    await commit(database, 70, 4 * PAGE_BYTES);
    await until('the pages are in the database', () => pagesOf(path) > before + 100);
    await database.close();
    assert.ok(!existsSync(`${path}-wal`));
    const again = openDatabase(path);
    assert.equal(again.prepare('SELECT count(*) AS count FROM setting').get()?.['count'], 70);
    await again.close();
  });

  test('is copied again and again', { skip }, async () => {
    const path = join(folder, 'again.db');
    const database = openDatabase(path);
    for (let round = 1; round <= 4; round++) {
      const before = pagesOf(path);
      await commit(database, 70, round * 4 * PAGE_BYTES);
      await until(`round ${round} is in the database`, () => pagesOf(path) > before + 100);
    }
    await database.close();
  });

  test('needs no thread for what changes nothing', { skip }, async () => {
    const database = openDatabase(join(folder, 'idle.db'));
    let threads = 0;
    const count = (): void => void threads++;
    process.on('worker', count);
    const look = () => database.transact(() => reading());
    for (let time = 0; time < 200; time++) await look();
    // A thread is told of in a turn of its own.
    await sleep(20);
    assert.equal(threads, 0);
    await commit(database, 70, 1);
    await until('a thread is begun', () => threads === 1);
    process.off('worker', count);
    await database.close();
  });

  test('is copied within a commit where it has become very long all the same', async () => {
    const path = join(folder, 'long.db');
    const database = openDatabase(path);
    await commit(database, 1, 5_000 * PAGE_BYTES);
    await commit(database, 1, 1);
    assert.ok(pagesOf(path) > 5_000, `${pagesOf(path)} pages`);
    await database.close();
  });

  test('is copied by commits, as ever, where there can be no thread', async () => {
    let lost = 0;
    const checkpoints = checkpointsOf(join(folder, 'no such folder', 'one.db'), () => lost++);
    for (let commits = 0; commits < 200; commits++) checkpoints.committed();
    await until('it is told', () => lost > 0);
    for (let commits = 0; commits < 200; commits++) checkpoints.committed();
    await checkpoints.close();
    assert.equal(lost, 1);
  });

  test('is copied by a thread that loads nothing of what the host has its process load first', async () => {
    const counted = join(folder, 'loads');
    const preload = join(folder, 'preload.mjs');
    const counting = `appendFileSync(${JSON.stringify(counted)}, 'x')`;
    writeFileSync(preload, `import { appendFileSync } from 'node:fs'; ${counting};`);
    const database = new URL('../../src/stores/sqlite/database.ts', import.meta.url).href;
    const script = `
      const { openDatabase } = await import(${JSON.stringify(database)});
      const database = openDatabase(${JSON.stringify(join(folder, 'preload.db'))});
      for (let time = 0; time < 70; time++) {
        await database.transact(function* () {
          yield [{ sql: 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', values: [String(time), 'x'] }];
        });
      }
      await database.close();
    `;
    const run = promisify(execFile);
    const args = ['--conditions=source', '--input-type=module', '--eval', script];
    await run(process.execPath, [`--import=${preload}`, ...args]);
    assert.equal(readFileSync(counted, 'utf8'), 'x', 'once, for the process');
    await run(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: `--import=${preload}` } });
    assert.equal(readFileSync(counted, 'utf8'), 'xx', 'once again');
  });

  test('is copied by commits where two connections that do so may lose what was committed', () => {
    const unfit = ['', '3.44.0', '3.50.6', '3.51.0', '3.51.2', '2.8.17'];
    const fit = ['3.50.7', '3.51.3', '3.52.0', '3.53.4', '4.0.0'];
    assert.deepEqual(unfit.filter(mayCheckpointBeside), []);
    assert.deepEqual(fit.filter(mayCheckpointBeside), fit);
  });

  test('of a database in memory is none, and SQLite is asked for nothing', async () => {
    const database = openDatabase(':memory:');
    await commit(database, 200, 1);
    assert.equal(autocheckpoint(database), 1_000);
    await database.close();
  });

  test('is waited for as it is closed, even while it is being copied', async () => {
    const path = join(folder, 'closing.db');
    const database = openDatabase(path);
    await commit(database, 64, PAGE_BYTES);
    await database.close();
    await database.close();
    assert.ok(!existsSync(`${path}-wal`));
  });
});
