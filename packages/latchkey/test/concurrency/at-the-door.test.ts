import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Opened } from '../../src/latchkey.ts';
import { openTest } from '../../src/testing/instance.ts';
import { temporaryFolder } from '../serving.ts';
import type { Order, Report } from './admit-worker.ts';

const PROCESSES = 4;
const EACH = 12;
const AHEAD_NS = 20_000_000n;
const WORKER = new URL('./admit-worker.ts', import.meta.url);

for (const limit of [1, 3]) {
  describe(`P1: exactly ${limit}, from ${PROCESSES} processes let go at the same instant straight into the door`, () => {
    const folder = temporaryFolder();
    const database = join(folder.path, 'latchkey.db');
    const workers: ChildProcess[] = [];
    let opened: Opened;
    let made = 0;

    before(async () => {
      opened = await openTest({ database: `sqlite:${database}`, sessions: { limit } });
      for (let i = 0; i < PROCESSES; i++) {
        workers.push(fork(WORKER, [database, String(limit)], { execArgv: ['--conditions=source'] }));
      }
      await Promise.all(workers.map((worker) => once(worker, 'message')));
    });
    after(async () => {
      for (const worker of workers) worker.disconnect();
      await Promise.all(workers.map((worker) => once(worker, 'exit')));
      await opened.auth.close();
      folder.remove();
    });

    /** One run on a new account: who is live afterwards, newest first, and how many did not get in? */
    async function run(planted: boolean): Promise<{ readonly live: readonly number[]; readonly failed: number }> {
      made++;
      const account = await opened.auth.accounts.create({ username: `user${made}`, password: 'a password' });
      const reports = workers.map((worker) => once(worker, 'message'));
      const at = String(process.hrtime.bigint() + AHEAD_NS);
      const order: Order = { accountId: account.id, signIns: EACH, at, planted };
      for (const worker of workers) worker.send(order);
      const failed = (await Promise.all(reports)).reduce((sum, [report]) => sum + (report as Report).failed, 0);
      const { sessions } = await opened.assembled.parts.store.sessions.list(account.id);
      return { live: sessions.map(({ sequence }) => sequence), failed };
    }

    const highest = Array.from({ length: limit }, (_, back) => PROCESSES * EACH - back);

    test('100 runs, and it holds in each', async () => {
      for (let turn = 0; turn < 100; turn++) {
        assert.deepEqual(await run(false), { live: highest, failed: 0 }, `run ${turn}`);
      }
    });

    test('a planted read-then-write fails in at least 99 of 100 runs: the test can tell', async () => {
      let found = 0;
      for (let turn = 0; turn < 100; turn++) {
        const { live } = await run(true);
        if (live.length !== limit) found++;
      }
      assert.ok(found >= 99, `it was found in ${found} of 100 runs`);
    });
  });
}
