import assert from 'node:assert/strict';
import fs, { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import { serve } from '../../src/server/serve.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { PASSWORD } from '../attempts/asking.ts';
import { ask, QUICK, startServer, temporaryFolder } from '../serving.ts';

async function plain(url: string): Promise<string> {
  const answer = await fetch(url);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return `${answer.status} ${(await answer.text()).trim()}`;
}

test('F-39: of two processes with different rules the newest is in force: the other says so, admits nobody, and goes on checking', async () => {
  const folder = temporaryFolder();
  const file = `${folder.path}/test.db`;
  const old = await startServer(file, { ...QUICK, LATCHKEY_SESSION_LIMIT: '2' });
  const credentials = { username: 'ann', password: PASSWORD };
  try {
    await ask(`${old.url}/auth/registration/`, { body: { username: 'ann', password1: PASSWORD, password2: PASSWORD } });
    const { body } = await ask(`${old.url}/auth/login/`, { body: credentials });
    const key = String(body['key']);
    assert.equal(await plain(`${old.url}/readyz`), '200 ready');

    const newer = await startServer(file, { ...QUICK, LATCHKEY_SESSION_LIMIT: '1' });
    assert.equal(await plain(`${newer.url}/readyz`), '200 ready');
    assert.match(await plain(`${old.url}/readyz`), /^503 other session settings are in force: restart this node/);
    assert.equal(await plain(`${old.url}/healthz`), '200 ok');

    for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
      const { status, reason } = await ask(old.url + path, { body: credentials });
      assert.deepEqual([status, reason], [503, 'rule_mismatch'], path);
    }
    const signUp = { username: 'ben', password1: PASSWORD, password2: PASSWORD };
    assert.equal((await ask(`${old.url}/auth/registration/`, { body: signUp })).reason, 'rule_mismatch');
    // Nothing was made of it: the same name is free where one may sign up.
    assert.equal((await ask(`${newer.url}/auth/registration/`, { body: signUp })).status, 201);

    assert.equal((await ask(`${old.url}/auth/session/`, { key })).status, 200);
    assert.equal((await ask(`${old.url}/auth/sessions/`, { key })).status, 200);
    // The new rule is one device: whoever signs in by it turns all others off, on both nodes.
    assert.equal((await ask(`${newer.url}/auth/login/`, { body: credentials })).status, 200);
    for (const { url } of [old, newer]) {
      assert.equal((await ask(`${url}/auth/session/`, { key })).reason, 'session_displaced');
    }
    await old.stop();
    const restarted = await startServer(file, { ...QUICK, LATCHKEY_SESSION_LIMIT: '1' });
    assert.equal(await plain(`${restarted.url}/readyz`), '200 ready');
    assert.equal((await ask(`${restarted.url}/auth/login/`, { body: credentials })).status, 200);
    await restarted.stop();
    await newer.stop();
  } finally {
    await old.stop('SIGKILL');
    folder.remove();
  }
});

test('readyz says when the store cannot be reached, and when it can again; healthz does not care', async () => {
  const errors: string[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (_: object, text: string) => errors.push(text) };
  const where = { host: '127.0.0.1', port: 0 };
  const serving = await serve({ database: 'sqlite::memory:', log, rateLimits: 'off' }, where, {});
  const url = `http://127.0.0.1:${serving.port}`;
  const { sessions } = serving.assembled.parts.store;
  const { ruleInForce } = sessions;
  Object.assign(sessions, {
    ruleInForce: async () => {
      throw new StoreUnavailable('The database cannot be read.');
    },
  });
  assert.equal(await plain(`${url}/readyz`), '503 the store cannot be reached');
  assert.equal(await plain(`${url}/healthz`), '200 ok');
  assert.deepEqual(errors, ['the store cannot be reached']);
  Object.assign(sessions, { ruleInForce });
  assert.equal(await plain(`${url}/readyz`), '200 ready');
  await serving.stop();
});

test('P7: readyz says when nothing can be written any more, though the disk be well again; checks go on', async () => {
  const folder = temporaryFolder();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const settings = { database: `sqlite:${folder.path}/test.db`, log, rateLimits: 'off' } as const;
  const serving = await serve(
    { ...settings, passwords: { hash: 'dangerously-cheap' } },
    { host: '127.0.0.1', port: 0 },
    {},
  );
  const url = `http://127.0.0.1:${serving.port}`;
  const signUp = (username: string) =>
    ask(`${url}/auth/registration/`, { body: { username, password1: PASSWORD, password2: PASSWORD } });
  try {
    const { body } = await signUp('ann');
    mock.method(fs, 'fdatasync', (_: number, done: (error: Error) => void) => setImmediate(done, new Error('EIO')));
    syncBuiltinESMExports();
    assert.equal((await signUp('ben')).reason, 'store_unavailable');
    mock.restoreAll();
    syncBuiltinESMExports();
    assert.equal((await signUp('cid')).reason, 'store_unavailable');
    assert.equal(await plain(`${url}/readyz`), '503 the store cannot be reached');
    assert.equal((await ask(`${url}/auth/session/`, { key: String(body['key']) })).status, 200);
  } finally {
    await serving.stop();
    folder.remove();
  }
});

test('F-39: a start that fails for its port leaves the rule as it was, and lets go of its database', async () => {
  const folder = temporaryFolder();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const database = `sqlite:${folder.path}/test.db`;
  const running = await serve({ database, log, sessions: { limit: 1 } }, { host: '127.0.0.1', port: 0 }, {});
  try {
    const taken = { host: '127.0.0.1', port: running.port };
    const isTaken = { code: 'EADDRINUSE' };
    await assert.rejects(serve({ database, log, sessions: { limit: 2 } }, taken, {}), isTaken);
    assert.equal(await plain(`http://127.0.0.1:${running.port}/readyz`), '200 ready');
    await assert.rejects(serve({ database: `sqlite:${folder.path}/other.db`, log }, taken, {}), isTaken);
    assert.ok(!existsSync(`${folder.path}/other.db-wal`), 'SQLite removes the log with its last connection');
  } finally {
    await running.stop();
    folder.remove();
  }
});
