/** P8: what was answered is on the disk, and what cannot be brought there is never answered as done. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, mock, test } from 'node:test';
import { logSync } from '../../src/stores/sqlite/log-sync.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets `bring` bring every log to the disk while `work` runs. */
async function withDisk(bring: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  mock.method(
    fs,
    'fdatasync',
    (_: number, done: (error: unknown) => void) => void bring().then(() => done(null), done),
  );
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
  }
}

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
    await turn();
    const second = log.flushed().then(() => done.push(2));
    const third = log.flushed().then(() => done.push(3));
    assert.equal(begun.length, 1);
    begun[0]?.resolve();
    await first;
    await turn();
    assert.deepEqual(done, [1], 'the others wait for a sync that began after their commit');
    assert.equal(begun.length, 2);
    begun[1]?.resolve();
    await Promise.all([second, third]);
    assert.equal(begun.length, 2);
    await log.close();
  });

  test('there is one sync at a time, whenever the next is asked for, and closing waits for it', async () => {
    for (let ticks = 0; ticks < 8; ticks++) {
      writeFileSync(`${path}-wal`, '');
      const begun: PromiseWithResolvers<void>[] = [];
      let atOnce = 0;
      const log = logSync(path, async () => {
        atOnce++;
        assert.equal(atOnce, 1);
        const sync = Promise.withResolvers<void>();
        begun.push(sync);
        await sync.promise;
        atOnce--;
      });
      const asked = [log.flushed()];
      await turn();
      asked.push(log.flushed());
      begun[0]?.resolve();
      for (let tick = 0; tick < ticks; tick++) await null;
      asked.push(log.flushed());
      const closed = log.close().then(() => assert.equal(atOnce, 0, 'closed under a sync'));
      for (let at = 1; at < 4; at++) {
        await turn();
        begun[at]?.resolve();
      }
      await Promise.all([...asked, closed]);
    }
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

  for (const [whose, connections] of [
    ['its own process', 1],
    ['another process', 2],
  ] as const) {
    test(`what changes nothing waits too, where it read a change of ${whose} that is not on the disk yet`, async () => {
      const stores = Array.from({ length: connections }, () => sqliteStore(join(folder, `${connections}.db`)));
      const [first, second] = [stores.at(0), stores.at(-1)];
      assert.ok(first !== undefined && second !== undefined);
      await second.settings.getOrSet('before', 'x');
      const begun: PromiseWithResolvers<void>[] = [];
      const bring = async (): Promise<void> => {
        const sync = Promise.withResolvers<void>();
        begun.push(sync);
        await sync.promise;
      };
      await withDisk(bring, async () => {
        const answered: string[] = [];
        const wrote = first.settings.getOrSet('name', 'first').then((value) => answered.push(`wrote ${value}`));
        const read = second.settings.getOrSet('name', 'second').then((value) => answered.push(`read ${value}`));
        await turn();
        assert.deepEqual(answered, []);
        for (const sync of begun) sync.resolve();
        await Promise.all([wrote, read]);
        assert.deepEqual(answered, ['wrote first', 'read first']);
        const syncs = begun.length;
        assert.equal(await second.settings.getOrSet('name', 'third'), 'first');
        assert.equal(begun.length, syncs, 'all is on the disk: there is nothing to wait for');
      });
      for (const store of stores) await store.close();
    });
  }

  test('where the disk fails, neither who wrote nor who only read it is told that it was done', async () => {
    const store = sqliteStore(join(folder, 'failing.db'));
    await store.writable();
    await withDisk(
      async () => {
        await turn();
        throw new Error('EIO');
      },
      async () => {
        const wrote = store.settings.getOrSet('name', 'x');
        const read = store.settings.getOrSet('name', 'x');
        await assert.rejects(wrote, StoreUnavailable);
        await assert.rejects(read, StoreUnavailable);
      },
    );
    await assert.rejects(store.writable(), StoreUnavailable);
    await store.close();
  });

  test('a database behind a link is opened, and its log is found where it really is', async () => {
    mkdirSync(join(folder, 'real'));
    const link = join(folder, 'link.db');
    symlinkSync(join(folder, 'real', 'it.db'), link);
    const store = sqliteStore(link);
    assert.equal(await store.settings.getOrSet('name', 'x'), 'x');
    await store.close();
  });

  test('a log that cannot be opened is an illness of the store, with what can be done about it', () => {
    assert.throws(() => logSync(join(folder, 'nowhere.db')), {
      name: 'StoreUnavailable',
      message: /nowhere\.db cannot be opened: ENOENT.*Give whoever runs this the right/,
    });
  });
});
