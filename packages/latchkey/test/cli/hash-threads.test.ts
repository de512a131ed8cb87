import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, test } from 'node:test';
import { latchkey } from 'latchkey';
import { PASSWORD } from '../http/serving.ts';
import { startServer, temporaryFolder } from '../serving.ts';

/** How nice the threads of a process are: those that hash, and the others (proc(5), `/proc/pid/stat`, fields 2 and 19). */
function niceness(process: number | 'self'): {
  readonly hashing: readonly number[];
  readonly others: readonly number[];
} {
  const all = readdirSync(`/proc/${process}/task`).map((id) => {
    const text = readFileSync(`/proc/${process}/task/${id}/stat`, 'utf8');
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
    return { isHashing: name.startsWith('libuv-worker'), nice: Number(rest.split(' ')[16]) };
  });
  const of = (isHashing: boolean) => all.filter((one) => one.isHashing === isHashing).map(({ nice }) => nice);
  return { hashing: of(true), others: of(false) };
}

describe('threads that compute hashes', {
  skip: process.platform !== 'linux' && 'only Linux has a priority for each thread',
}, () => {
  test('stand back behind those that answer, in a server of ours', async () => {
    const folder = temporaryFolder();
    const server = await startServer(`${folder.path}/one.db`);
    try {
      const { hashing, others } = niceness(server.process.pid ?? 0);
      assert.ok(hashing.length >= 1);
      const nice = getPriority();
      assert.deepEqual([...new Set(hashing)], [Math.min(19, nice + 5)]);
      assert.deepEqual([...new Set(others)], [nice], 'the rest of the process is as it was');
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  test('are as they were in a host’s process, which may have other uses for them', async () => {
    const auth = await latchkey({ database: 'sqlite::memory:' });
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    await auth.close();
    assert.deepEqual([...new Set(niceness('self').hashing)], [getPriority()]);
  });
});
