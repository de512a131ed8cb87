import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { testClock } from '../../src/testing/clock.ts';
import { PASSWORD } from '../attempts/asking.ts';
import { ask, QUICK, startServer, temporaryFolder } from '../serving.ts';
import { openSending, until } from './sending.ts';
import { mailServer } from './smtp.ts';

const LEASE_MS = 300_000;

async function register(url: string, username: string): Promise<void> {
  const body = { username, email: `${username}@mail.test`, password1: PASSWORD, password2: PASSWORD };
  assert.equal((await ask(`${url}/auth/registration/`, { body })).status, 201);
}

/** How many mails wait in a database. */
function waiting(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM outbox').get()?.['count']);
  } finally {
    database.close();
  }
}

test('P13: two processes on one database send each mail once', async () => {
  const mails = await mailServer();
  const folder = temporaryFolder();
  const file = `${folder.path}/test.db`;
  const environment = { ...QUICK, LATCHKEY_SMTP_URL: mails.url };
  const servers = [await startServer(file, environment), await startServer(file, environment)];
  try {
    const names = Array.from({ length: 30 }, (_, number) => `user${number}`);
    await Promise.all(names.map((name, number) => register(servers[number % 2]?.url ?? '', name)));
    await until(() => waiting(file) === 0);
    const readers = mails.taken.flatMap(({ to }) => to);
    assert.deepEqual(readers.toSorted(), names.map((name) => `${name}@mail.test`).toSorted());
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await mails.close();
    folder.remove();
  }
});

test('P13: a process that is killed while it sends loses no mail: another sends it when the lease is over', async () => {
  const mails = await mailServer();
  const folder = temporaryFolder();
  const file = `${folder.path}/test.db`;
  const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
  const server = await startServer(file, { ...QUICK, LATCHKEY_SMTP_URL: mails.url });
  try {
    mails.be({ hold });
    await register(server.url, 'ann');
    await until(() => mails.begun() === 1);
    await server.stop('SIGKILL');
    mails.be({ data: 451 });
    letGo();
    // The killed one went by this machine's clock.
    const clock = testClock(Date.now() + LEASE_MS / 2);
    const other = await openSending({ database: `sqlite:${file}`, mail: { smtpUrl: mails.url } }, clock);
    mails.be({});
    const before = mails.taken.length;
    await other.drain();
    assert.equal(mails.taken.length, before);
    clock.advance(LEASE_MS / 2);
    await other.drain();
    assert.deepEqual(
      mails.taken.slice(before).map(({ to }) => to),
      [['ann@mail.test']],
    );
    assert.equal(waiting(file), 0);
    await other.auth.close();
  } finally {
    await server.stop('SIGKILL');
    await mails.close();
    folder.remove();
  }
});
