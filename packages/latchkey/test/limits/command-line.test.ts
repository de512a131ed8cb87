/** The commands of docs/limits.md, as they are typed. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { PASSWORD, testServer } from '../http/serving.ts';

const hasCurl = spawnSync('curl', ['--version']).status === 0;

async function curl(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await promisify(execFile)('curl', ['-s', ...args]);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

describe('F-25: from a command line', { skip: hasCurl ? false : 'curl is not installed' }, () => {
  test('whose place to take is asked and answered', async () => {
    await using server = await testServer({ sessions: { whenFull: 'ask' } });
    await server.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const login = [`${server.url}/auth/login/`, '-d', 'username=ann', '--data-urlencode', `password=${PASSWORD}`];
    const first = await curl(...login);
    const asked = await curl(...login);
    assert.equal(asked['code'], 'choose_session');
    const [session] = asked['sessions'] as readonly { readonly id: string; readonly device: string }[];
    assert.equal(session?.device, 'curl');
    const json = JSON.stringify({ ticket: asked['ticket'], end: [session?.id] });
    const choose = `${server.url}/auth/login/choose/`;
    const second = await curl(choose, '-H', 'Content-Type: application/json', '-d', json);
    const isLive = [await server.isLive(String(first['key'])), await server.isLive(String(second['key']))];
    assert.deepEqual(isLive, [false, true]);

    const again = await curl(...login);
    const [other] = again['sessions'] as readonly { readonly id: string }[];
    const third = await curl(choose, '-d', `ticket=${again['ticket']}`, '-d', `end=${other?.id}`);
    assert.ok(await server.isLive(String(third['key'])), 'as a form, too');
  });

  test('a newcomer waits, and one who is in lets them in', async () => {
    await using server = await testServer({ sessions: { whenFull: 'approve' } });
    await server.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const login = [`${server.url}/auth/login/`, '-d', 'username=ann', '--data-urlencode', `password=${PASSWORD}`];
    const first = await curl(...login);
    const asked = await curl(...login);
    assert.equal(asked['code'], 'approval_required');
    const waits = [`${server.url}/auth/login/approval/`, '-d', `ticket=${asked['ticket']}`];
    assert.deepEqual(await curl(...waits), asked);
    const key = ['-H', `Authorization: Token ${first['key']}`];
    const listed = (await curl(`${server.url}/auth/approvals/`, ...key)) as unknown as readonly Record<
      string,
      unknown
    >[];
    assert.deepEqual([listed.length, listed[0]?.['number'], listed[0]?.['device']], [1, asked['number'], 'curl']);
    const approvalUrl = `${server.url}/auth/approvals/${listed[0]?.['id']}/approve/`;
    const { stdout } = await promisify(execFile)('curl', [
      '-s',
      '-w',
      '%{http_code}',
      '-X',
      'POST',
      approvalUrl,
      ...key,
    ]);
    assert.equal(stdout, '204');
    const second = await curl(...waits);
    const isLive = [await server.isLive(String(first['key'])), await server.isLive(String(second['key']))];
    assert.deepEqual(isLive, [false, true]);
  });

  test('that there is no place is said in JSON', async () => {
    await using server = await testServer({ sessions: { whenFull: 'refuse' } });
    await server.register('ann');
    const login = ['-d', 'username=ann', '--data-urlencode', `password=${PASSWORD}`];
    for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
      assert.equal((await curl(server.url + path, ...login))['code'], 'limit_reached');
    }
  });
});
