/** `cookie-only`: the cookie is the credential, and no answer shows scripts what is in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latchkey } from 'latchkey';
import { cookiePairIn, PASSWORD, testServer } from './serving.ts';

test('F2: no answer carries a key, and the routes that give nothing else are not there', async () => {
  await using server = await testServer({ django: { key: 'cookie-only' } });
  const newcomer = { username: 'alice', password1: PASSWORD, password2: PASSWORD };
  const credentials = { username: 'alice', password: PASSWORD };
  for (const [path, json] of [
    ['/auth/registration/', newcomer],
    ['/auth/login/', credentials],
  ] as const) {
    const answer = await server.post(path, json);
    const cookie = cookiePairIn(answer, 'latchkey');
    assert.deepEqual([answer.status, answer.text], [204, ''], path);
    assert.equal((await server.ask('/auth/user/', { headers: { cookie } })).status, 200, path);
  }
  const before = server.counts();
  for (const path of ['/auth/signin/', '/api/token/', '/auth/signin', '/api/token']) {
    for (const method of ['POST', 'GET', 'OPTIONS']) {
      const answer = await server.ask(path, { method, ...(method === 'POST' && { json: credentials }) });
      assert.equal(answer.status, 404, `${method} ${path}`);
      assert.doesNotMatch(answer.text, /lk_1_/);
      assert.equal(answer.headers.getSetCookie().length, 0);
    }
  }
  assert.equal(server.counts(), before, 'nobody was signed in by them');
});

test('a host may have a path of its own where ours is not there', async () => {
  const quick = { database: 'sqlite::memory:', passwords: { hash: 'dangerously-cheap' } } as const;
  for (const [key, isServed] of [
    ['body', true],
    ['cookie-only', false],
  ] as const) {
    const auth = await latchkey({ ...quick, django: { key } });
    assert.equal(auth.serves('/api/token/'), isServed);
    await auth.close();
  }
});
