import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import { openTest } from '../../src/testing/instance.ts';
import { temporaryFolder } from '../serving.ts';
import { type Act, type Instance, killEverywhere } from './killing.ts';

const OLD = 'correct horse 9!';
const NEW = 'Brand-new-pw-77';
/** Whoever died with a mail in hand is given up for dead by then. */
const LEASE_OVER_MS = 300_001;

const folder = temporaryFolder();
after(() => folder.remove());

/** What was made ready: a device that is signed in, and what the act needs. */
type Ready = { readonly key: string; readonly argument: string };

async function ask(instance: Instance, path: string, given: { readonly body?: unknown; readonly key?: string } = {}) {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (given.key !== undefined) headers['authorization'] = `Token ${given.key}`;
  const method = given.body === undefined ? 'GET' : 'POST';
  const request = new Request(`http://127.0.0.1:8787/auth/${path}`, {
    method,
    headers,
    ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
  });
  const response = await instance.auth.handler(request);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, reason: response.headers.get('latchkey-reason'), body };
}

async function makeReady(database: string): Promise<Ready> {
  const instance = await openTest({ database: `sqlite:${database}` });
  await instance.auth.accounts.create({ username: 'ann', email: 'ann@x.test', password: OLD });
  await ask(instance, 'password/reset/', { body: { email: 'ann@x.test' } });
  await instance.auth.settle();
  const [, uid, token] = /confirm\/(\w+)\/(\w+)\//.exec(linkIn(instance.mailbox.mails[0])) ?? [];
  const { body } = await ask(instance, 'login/', { body: { username: 'ann', password: OLD } });
  await instance.auth.close();
  return { key: String(body['key']), argument: JSON.stringify({ uid, token, new_password1: NEW, new_password2: NEW }) };
}

let killed = 0;

/** An act on what was made ready. */
function actOn(ready: Ready, name: string): Act {
  const copy = async () => {
    killed++;
    const database = join(folder.path, `${name}-${killed}.db`);
    copyFileSync(join(folder.path, 'ready.db'), database);
    return { options: { database: `sqlite:${database}` }, answered: `${database}.answered` };
  };
  return { name, argument: ready.argument, copy };
}

describe('P8, L23: killed with -9 at each await and each statement', () => {
  let ready: Ready;
  before(async () => {
    ready = await makeReady(join(folder.path, 'ready.db'));
  });

  test('a sign-in: one device is signed in, the old one or the new one, and an answered one is the new one', async () => {
    await killEverywhere(actOn(ready, 'sign-in'), async ({ answer, instance }, place) => {
      const old = await ask(instance, 'session/', { key: ready.key });
      const sessions = await instance.auth.sessions.list(1);
      assert.equal(sessions.length, 1, `place ${place}`);
      assert.equal(sessions[0]?.sequence, old.status === 200 ? 1 : 2, `place ${place}`);
      if (old.status !== 200) assert.equal(old.reason, 'session_displaced');
      if (answer !== null) {
        const { key } = JSON.parse(answer) as { key: string };
        assert.equal((await ask(instance, 'session/', { key })).status, 200, `place ${place}: it was answered`);
      }
      const again = await ask(instance, 'login/', { body: { username: 'ann', password: OLD } });
      assert.equal(again.status, 200);
      assert.equal((await instance.auth.sessions.list(1)).length, 1);
    });
  });

  test('a reset: the old password with its session and its link, or the new one with neither and a mail', async () => {
    await killEverywhere(actOn(ready, 'reset'), async ({ answer, instance }, place) => {
      const old = await ask(instance, 'session/', { key: ready.key });
      const isDone = old.status !== 200;
      if (answer !== null) assert.ok(isDone, `place ${place}: it was answered`);
      if (isDone) assert.equal(old.reason, 'password_changed');
      instance.clock.advance(LEASE_OVER_MS);
      await instance.auth.settle();
      const mails = instance.mailbox.mails.map(({ subject }) => subject);
      assert.equal(mails.length, isDone ? 1 : 0, `place ${place}: ${mails.join()}`);
      const again = await ask(instance, 'password/reset/confirm/', { body: JSON.parse(ready.argument) });
      assert.equal(again.status, isDone ? 400 : 200, `place ${place}: the link works once`);
      const withOld = await ask(instance, 'login/', { body: { username: 'ann', password: OLD } });
      const withNew = await ask(instance, 'login/', { body: { username: 'ann', password: NEW } });
      assert.deepEqual([withOld.status, withNew.status], [400, 200], `place ${place}`);
    });
  });

  test('a suspension: in force with its sessions ended, or neither', async () => {
    await killEverywhere(actOn(ready, 'suspension'), async ({ answer, instance }, place) => {
      const state = (await instance.auth.accounts.find(1))?.state;
      const old = await ask(instance, 'session/', { key: ready.key });
      if (answer !== null) assert.equal(state, 'suspended', `place ${place}: it was answered`);
      const expected = state === 'suspended' ? [401, 'account_disabled'] : [200, null];
      assert.deepEqual([old.status, old.reason], expected, `place ${place}`);
      await instance.auth.accounts.suspend(1);
      await instance.auth.accounts.reactivate(1);
      assert.equal((await ask(instance, 'session/', { key: ready.key })).status, 401, 'P4: nothing is back');
    });
  });
});
