import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { ask, QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';
import { listen } from './listening.ts';

type Started = { readonly servers: readonly ServingProcess[]; readonly key: string };

/** Starts processes on one file, in which somebody is signed in. */
async function withServers(count: number, run: (started: Started) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const servers: ServingProcess[] = [];
  try {
    for (let one = 0; one < count; one++) servers.push(await startServer(`${folder.path}/test.db`, QUICK));
    const body = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    const { body: made } = await ask(`${servers[0]?.url}/auth/registration/`, { body });
    await run({ servers, key: String(made['key']) });
  } finally {
    for (const server of servers) await server.stop('SIGKILL');
    folder.remove();
  }
}

const signIn = async ({ url }: ServingProcess): Promise<string> => {
  const { body } = await ask(`${url}/auth/login/`, { body: { username: 'ann', password: PASSWORD } });
  return String(body['key']);
};

describe('processes on one file', () => {
  test('P6, F-30: a sign-in through one ends the stream at another, which resumes at either', async () => {
    await withServers(2, async ({ servers, key }) => {
      const [here = assert.fail(), there = assert.fail()] = servers;
      const stream = await listen(there.url, { key });
      const hello = await stream.next('hello');
      await signIn(here);
      const ended = await stream.next('ended');
      assert.equal(ended.data['code'], 'session_displaced');
      assert.deepEqual(await stream.rest(), []);
      const headers = { 'last-event-id': hello.id };
      for (const { url } of servers) {
        const [again] = await (await listen(url, { key, headers })).rest();
        assert.deepEqual(again?.data, ended.data);
        const told = await fetch(`${url}/auth/events/`, {
          headers: { authorization: `Token ${key}`, 'last-event-id': ended.id },
        });
        assert.equal(told.status, 204);
      }
    });
  });
});

describe('a server that is told to stop', () => {
  test('P9: ends its streams at once, with a hint when to come back, and waits for none of them', async () => {
    await withServers(1, async ({ servers, key }) => {
      const [server = assert.fail()] = servers;
      const stream = await listen(server.url, { key });
      await stream.next('hello');
      const stopped = server.stop('SIGTERM');
      assert.deepEqual(await stream.rest(), []);
      assert.match(stream.text(), /\n\nretry: \d{4}\n\n$/);
      await stopped;
      assert.equal(server.process.exitCode, 0);
    });
  });
});
