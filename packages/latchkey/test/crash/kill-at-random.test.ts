import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readToken } from '../../src/crypto/token.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import { ask, QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';

const SIGN_INS = 1000;
const ACCOUNTS = 10;
const CLIENTS = 8;
const LIMIT = 2;
/** Answers before a kill. */
const LONGEST_ROUND = 120;
const PASSWORD = 'correct horse 9!';

/** A sign-in that was answered: to whom, and with which key. */
type Acknowledged = { readonly account: number; readonly key: string };

describe('P4, P8, F-37: a server killed with -9 at random during 1,000 sign-ins', () => {
  const folder = temporaryFolder();
  const database = join(folder.path, 'latchkey.db');
  after(() => folder.remove());

  const acknowledged: Acknowledged[] = [];
  /** Keys that were seen dead: none of them may ever live again. */
  const dead = new Set<string>();

  async function start(): Promise<ServingProcess> {
    return await startServer(database, { ...QUICK, LATCHKEY_SESSION_LIMIT: String(LIMIT) });
  }

  /** Signs in without a pause until the server is gone, or enough were answered. */
  async function client(url: string, turn: number): Promise<void> {
    for (let i = turn; acknowledged.length < SIGN_INS; i++) {
      const account = 1 + (i % ACCOUNTS);
      const body = { username: `user${account}`, password: PASSWORD };
      const answer = await ask(`${url}/auth/login/`, { body }).catch(() => null);
      if (answer === null) return;
      assert.equal(answer.status, 200);
      acknowledged.push({ account, key: String(answer.body['key']) });
    }
  }

  async function answered(count: number): Promise<void> {
    while (acknowledged.length < Math.min(count, SIGN_INS)) await sleep(randomInt(1, 10));
  }

  /** Looks into the file that the killed server left behind. */
  async function look(): Promise<void> {
    const store = sqliteStore(database);
    const byAccount = Map.groupBy(acknowledged, ({ account }) => account);
    for (const [account, answers] of byAccount) {
      const { sessions } = await store.sessions.list(account);
      const live = new Set(sessions.map(({ sequence }) => sequence));
      const last = Math.max(...live);
      assert.equal(live.size, Math.min(LIMIT, last), `account ${account} has its limit, and no more`);
      assert.ok(
        [...live].every((sequence) => sequence > last - LIMIT),
        'the highest sequences',
      );
      for (const { key } of answers) {
        const found = await store.sessions.find(readToken(key) ?? assert.fail());
        assert.ok(found !== null, 'an answered sign-in is kept');
        const isLive = found.session.ending === null;
        assert.equal(isLive, live.has(found.session.sequence));
        assert.ok(!(isLive && dead.has(key)), 'an ended session is back');
        if (!isLive) dead.add(key);
      }
    }
    await store.close();
  }

  test('every answered sign-in is kept, every limit holds, nothing that ended is back', async () => {
    let server = await start();
    for (let account = 1; account <= ACCOUNTS; account++) {
      const body = { username: `user${account}`, password1: PASSWORD, password2: PASSWORD };
      assert.equal((await ask(`${server.url}/auth/registration/`, { body })).status, 201);
    }
    let kills = 0;
    while (acknowledged.length < SIGN_INS) {
      const clients = Promise.all(Array.from({ length: CLIENTS }, (_, turn) => client(server.url, turn + kills)));
      // By answers and not by time: a slow machine would be killed before its first one, each time.
      await Promise.race([clients, answered(acknowledged.length + randomInt(1, LONGEST_ROUND))]);
      await server.stop('SIGKILL');
      kills++;
      await clients;
      await look();
      server = await start();
    }
    await server.stop();
    assert.ok(kills >= 3, `it was killed ${kills} times`);
    assert.ok(dead.size > SIGN_INS / 2);
  });
});
