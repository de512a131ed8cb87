import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { hasherWith } from '../../src/credentials/hasher.ts';

/** How nice each thread of this process is, by its name (proc(5), `/proc/pid/stat`, fields 2 and 19). */
function niceness(): readonly (readonly [name: string, nice: number])[] {
  return readdirSync('/proc/self/task').map((id) => {
    const [, name = '', rest = ''] =
      /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/self/task/${id}/stat`, 'utf8')) ?? [];
    return [name, Number(rest.split(' ')[16])];
  });
}

describe('threads that compute hashes', () => {
  const isLinux = process.platform === 'linux';
  test('stand back behind those that answer', {
    skip: !isLinux && 'only Linux has a priority for each thread',
  }, async () => {
    const hasher = hasherWith({ scheme: 'argon2id', concurrency: 1, queue: 10 });
    await hasher.hash('correct horse battery staple');
    const all = niceness();
    const own = all.filter(([name]) => name.startsWith('libuv-worker')).map(([, nice]) => nice);
    assert.ok(own.length >= 1, JSON.stringify(all));
    assert.ok(
      own.every((nice) => nice >= 5),
      JSON.stringify(all),
    );
    const others = all.filter(([name]) => !name.startsWith('libuv-worker')).map(([, nice]) => nice);
    assert.ok(
      others.some((nice) => nice < 5),
      'the rest of the process is as it was',
    );
  });
});
