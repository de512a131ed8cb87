import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { ask, QUICK, startServer } from '../serving.ts';
import { withPlace } from './command.ts';

const PASSWORD = 'tr1cky-enough-pw';
const credentials = { username: 'ann', password: PASSWORD };

test('P4: what ended after a backup was made does not live again when it is restored and said to be', async () => {
  await withPlace(async ({ file, latchkey }) => {
    const before = await startServer(file, QUICK);
    const body = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    await ask(`${before.url}/auth/registration/`, { body });
    const key = String((await ask(`${before.url}/auth/login/`, { body: credentials })).body['key']);
    await before.stop();
    copyFileSync(file, `${file}.backup`);
    const after = await startServer(file, QUICK);
    assert.equal((await ask(`${after.url}/auth/logout/`, { key, method: 'POST' })).status, 200);
    await after.stop();

    for (const rest of ['-wal', '-shm']) rmSync(file + rest, { force: true });
    copyFileSync(`${file}.backup`, file);
    const revived = await startServer(file, QUICK);
    assert.equal((await ask(`${revived.url}/auth/session/`, { key })).status, 200, 'the backup knows no better');
    await revived.stop();

    const said = await latchkey(['restored']);
    assert.deepEqual(said, {
      status: 0,
      stdout: 'Signed 1 accounts out everywhere. Nodes may be started.\n',
      stderr: '',
    });
    const restored = await startServer(file, QUICK);
    assert.equal((await ask(`${restored.url}/auth/session/`, { key })).reason, 'session_revoked');
    assert.equal((await ask(`${restored.url}/auth/login/`, { body: credentials })).status, 200);
    await restored.stop();
  });
});
