/** P8: what was answered is on the disk, and what cannot be brought there is never answered as done. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { logSync } from '../../src/stores/sqlite/log-sync.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';

describe('P8: the log is brought to the disk before anything is answered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'one.db');

  test('commits that wait together share one sync, and none is content with one that began before it', async () => {
    writeFileSync(`${path}-wal`, '');
    const begun: PromiseWithResolvers<void>[] = [];
    const log = logSync(path, () => {
      const sync = Promise.withResolvers<void>();
      begun.push(sync);
      return sync.promise;
    });
    const done: number[] = [];
    const first = log.flushed().then(() => done.push(1));
    const second = log.flushed().then(() => done.push(2));
    const third = log.flushed().then(() => done.push(3));
    assert.equal(begun.length, 1);
    begun[0]?.resolve();
    await first;
    assert.deepEqual(done, [1], 'the others wait for a sync that began after their commit');
    assert.equal(begun.length, 2);
    begun[1]?.resolve();
    await Promise.all([second, third]);
    assert.equal(begun.length, 2);
    await log.close();
  });

  test('after a sync that failed nothing more is written: what the system kept of the log is not known', async () => {
    const pipe = join(folder, 'pipe.db');
    execFileSync('mkfifo', [`${pipe}-wal`]);
    const log = logSync(pipe);
    const failed = { name: 'StoreUnavailable', message: /could not be brought to the disk.*Nothing more is written/ };
    await assert.rejects(log.flushed(), failed);
    await assert.rejects(log.flushed(), failed);
    assert.throws(log.check, StoreUnavailable);
    await log.close();
  });

  test('a store that is closed while changes wait finishes them first', async () => {
    const store = sqliteStore(join(folder, 'two.db'));
    const values = Promise.all(['a', 'b', 'c'].map((name) => store.settings.getOrSet(name, name)));
    await store.close();
    assert.deepEqual(await values, ['a', 'b', 'c']);
    await store.close();
  });
});
