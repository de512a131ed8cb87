import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { linkIn } from '../../src/testing/mailbox.ts';
import { PASSWORD } from '../attempts/asking.ts';
import { withHashingTime } from '../credentials/computed.ts';
import { testServer } from '../http/serving.ts';
import { ask, QUICK, startServer, temporaryFolder } from '../serving.ts';

type Server = Awaited<ReturnType<typeof testServer>>;

async function post(server: Server, path: string, json: object) {
  const { status, headers, text } = await server.post(path, json);
  return { status, reason: headers.get('latchkey-reason'), text };
}

const signIn = (server: Server, username: string) => post(server, '/auth/login/', { username, password: PASSWORD });

/** Changes a database behind the server's back. */
function damage(server: Server, sql: string): void {
  const [row] = server.rows('PRAGMA database_list');
  const database = new DatabaseSync(String(row?.['file']));
  database.exec(sql);
  database.close();
}

/** An instance with two accounts that are signed in; only the first one's rows are to be damaged. */
async function twoPeople(): Promise<{ readonly server: Server; readonly keys: readonly [string, string] }> {
  const server = await testServer({ sessions: { limit: 2 } }, { settles: false });
  for (const username of ['ann', 'ben']) {
    await server.auth.accounts.create({ username, email: `${username}@mail.test`, password: PASSWORD });
  }
  const [first = '', second = ''] = [await keyOf(server, 'ann'), await keyOf(server, 'ben')];
  return { server, keys: [first, second] };
}

async function keyOf(server: Server, username: string): Promise<string> {
  const { status, text } = await signIn(server, username);
  assert.equal(status, 200);
  return (JSON.parse(text) as { key: string }).key;
}

async function check(server: Server, key: string, path = '/auth/session/'): Promise<number> {
  return (await server.ask(path, { key })).status;
}

describe('a row that cannot be read', () => {
  test('P12: roles of an account that are no JSON: its owner is told to try later, everybody else goes on', async () => {
    const { server, keys } = await twoPeople();
    await using _ = server;
    damage(server, `UPDATE account SET roles = '{no json' WHERE username = 'ann'`);
    assert.deepEqual(await signIn(server, 'ann'), {
      status: 503,
      reason: 'store_unavailable',
      text: '{"detail":"The store cannot be reached. Please try again shortly.","code":"store_unavailable"}',
    });
    assert.equal(server.errors.length, 1);
    assert.equal((await signIn(server, 'ben')).status, 200);
    assert.equal(await check(server, keys[0]), 200);
    damage(server, `UPDATE account SET roles = '[]' WHERE username = 'ann'`);
    assert.equal((await signIn(server, 'ann')).status, 200);
  });

  test('P12: roles of a session, and extra fields of an account', async () => {
    const { server, keys } = await twoPeople();
    await using _ = server;
    damage(server, `UPDATE session SET roles = '[' WHERE account_id = 1`);
    assert.equal(await check(server, keys[0]), 503);
    assert.equal(await check(server, keys[1]), 200);
    damage(server, `UPDATE session SET roles = '[]'; UPDATE account SET profile = '' WHERE id = 1`);
    assert.equal(await check(server, keys[0]), 200);
    assert.equal(await check(server, keys[0], '/auth/user/'), 503);
    assert.equal(await check(server, keys[1], '/auth/user/'), 200);
  });

  for (const [what, hash] of [
    ['a hash that is none', 'pbkdf2_sha256$x$y$z'],
    ['a hash of no letters', ''],
    ['a hash by nobody', 'whirlpool$salt$digest'],
    ['a hash that is cut short', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
  ] as const) {
    test(`P12: ${what} lets nobody in, is no error, and a mailed link mends it`, async () => {
      const { server } = await twoPeople();
      await using _ = server;
      damage(server, `UPDATE account SET password_hash = '${hash}' WHERE username = 'ann'`);
      assert.equal((await signIn(server, 'ann')).reason, 'invalid_credentials');
      assert.equal((await signIn(server, 'ben')).status, 200);
      assert.deepEqual(server.errors, []);
      await post(server, '/auth/password/reset/', { email: 'ann@mail.test' });
      await server.auth.settle();
      const [uid, token] = linkIn(server.mailbox.mails.at(-1)).split('/').slice(-3, -1);
      const change = { uid, token, new_password1: PASSWORD, new_password2: PASSWORD };
      assert.equal((await post(server, '/auth/password/reset/confirm/', change)).status, 200);
      assert.equal((await signIn(server, 'ann')).status, 200);
    });
  }

  test('P12: an ending that cannot be read keeps no other from being told', async () => {
    const { server } = await twoPeople();
    await using _ = server;
    const heard: number[] = [];
    server.auth.sessions.onEnded(({ accountId }) => heard.push(accountId));
    await server.auth.sessions.endAll(1);
    damage(server, `UPDATE history SET data = 'no json' WHERE kind = 'session_ended'`);
    await server.auth.sessions.endAll(2);
    while (!heard.includes(2)) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, [1, 2]);
  });
});

describe('a database that another process holds', () => {
  test('P4: sign-ins are 503 and checks go on; when it is let go of, sign-ins go on too', async () => {
    const { server, keys } = await twoPeople();
    await using _ = server;
    const [row] = server.rows('PRAGMA database_list');
    const other = new DatabaseSync(String(row?.['file']));
    other.exec('BEGIN IMMEDIATE');
    // Waiting for one's turn takes no time here.
    await withHashingTime({}, async () => {
      const refused = await signIn(server, 'ann');
      assert.deepEqual([refused.status, refused.reason], [503, 'store_unavailable']);
      assert.equal(await check(server, keys[0]), 200);
      assert.equal((await post(server, '/auth/password/reset/', { email: 'ann@mail.test' })).status, 503);
    });
    other.exec('COMMIT');
    other.close();
    assert.equal((await signIn(server, 'ann')).status, 200);
  });

  test('P4: a sign-in that waits for its turn gets it, and holds no check up', async () => {
    const { server, keys } = await twoPeople();
    await using _ = server;
    const [row] = server.rows('PRAGMA database_list');
    const other = new DatabaseSync(String(row?.['file']));
    other.exec('BEGIN IMMEDIATE');
    let isAnswered = false;
    const waiting = signIn(server, 'ann').then((answer) => {
      isAnswered = true;
      return answer;
    });
    for (let time = 0; time < 20; time++) assert.equal(await check(server, keys[1]), 200);
    assert.equal(isAnswered, false);
    other.exec('COMMIT');
    other.close();
    assert.equal((await waiting).status, 200);
  });
});

/** A server that may write no larger file than that, in blocks of 512 bytes or of 1,024. */
async function startCramped(
  file: string,
  blocks: number,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const node = [process.execPath, '--conditions=source', main, 'serve', '--port', '0'];
  const child = spawn('sh', ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', ...node], {
    env: { PATH: process.env['PATH'], LATCHKEY_DATABASE: `sqlite:${file}`, ...QUICK },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Latchkey listens on (http:\/\/[^/]+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { child, url };
  }
  throw new Error('The server ended before it listened.');
}

describe('a full disk', () => {
  test('P7, P8: sign-ins are 503, checks go on, the process lives, and nothing that was acknowledged is lost', async () => {
    const folder = temporaryFolder();
    const file = `${folder.path}/test.db`;
    const { child, url } = await startCramped(file, 1500);
    const credentials = { username: 'ann', password: PASSWORD };
    const signUp = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    try {
      assert.equal((await ask(`${url}/auth/registration/`, { body: signUp })).status, 201);
      let key = '';
      let refused = await ask(`${url}/auth/login/`, { body: credentials });
      for (let time = 0; time < 1000 && refused.status === 200; time++) {
        key = String(refused.body['key']);
        refused = await ask(`${url}/auth/login/`, { body: credentials });
      }
      assert.deepEqual([refused.status, refused.reason], [503, 'store_unavailable']);
      for (let time = 0; time < 3; time++) {
        assert.equal((await ask(`${url}/auth/login/`, { body: credentials })).status, 503);
        assert.equal((await ask(`${url}/auth/session/`, { key })).status, 200);
        assert.equal((await fetch(`${url}/healthz`)).status, 200);
      }
      assert.equal(child.exitCode, null);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;

      const roomy = await startServer(file);
      assert.equal((await ask(`${roomy.url}/auth/session/`, { key })).status, 200);
      assert.equal((await ask(`${roomy.url}/auth/login/`, { body: credentials })).status, 200);
      assert.equal((await ask(`${roomy.url}/auth/session/`, { key })).reason, 'session_displaced');
      await roomy.stop();
      const database = new DatabaseSync(file, { readOnly: true });
      assert.equal(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
      database.close();
    } finally {
      child.kill('SIGKILL');
      folder.remove();
    }
  });
});
