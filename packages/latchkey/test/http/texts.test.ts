/** What text may be: UTF-8, no NUL, no half letters, no more than its bounds. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MAX_PASSWORD_LENGTH } from '../../src/model/password.ts';
import { bodyPlacesOf } from './route-fields.ts';
import { memberOf, PASSWORD, testServer } from './serving.ts';

const server = await testServer({ sessions: { limit: 'unlimited' } });
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice', { email: 'alice@example.com' });
const places = bodyPlacesOf(server.assembled.parts.settings);

const TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data; boundary=x',
};

/** Bytes that are no UTF-8: a lone continuation, an overlong slash, a surrogate (CESU-8), a letter past the last, a cut one. */
const NOT_UTF8 = ['80', 'c0af', 'eda080', 'f4908080', 'e282', 'ff', 'fe'];

/** A sign-in whose password has these bytes in it, in each type of body. */
function bodiesWith(hex: string): readonly (readonly [type: string, body: Uint8Array<ArrayBuffer>])[] {
  const bytes = Buffer.from(hex, 'hex');
  const around = (before: string, after: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]));
  const part = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`;
  const escaped = hex.replace(/../g, (byte) => `%${byte}`);
  return [
    [TYPES.json, around('{"username":"alice","password":"abc', '"}')],
    [TYPES.json, around('{"username":"alice","', '":"abc"}')],
    [TYPES.form, around('username=alice&password=abc', '')],
    [TYPES.form, Uint8Array.from(Buffer.from(`username=alice&password=abc${escaped}`))],
    [TYPES.form, Uint8Array.from(Buffer.from(`username=alice&${escaped}=abc`))],
    [TYPES.multipart, around(`${part('username')}alice\r\n${part('password')}abc`, '\r\n--x--\r\n')],
  ];
}

for (const hex of NOT_UTF8) {
  test(`J7: the bytes ${hex} are no UTF-8 and are refused in JSON, forms and multipart`, async () => {
    const before = server.contents();
    for (const [type, body] of bodiesWith(hex)) {
      const answer = await server.ask('/auth/login/', { method: 'POST', body, headers: { 'content-type': type } });
      assert.equal(answer.status, 400, type);
      assert.match(memberOf(answer.body, 'detail'), /^(?:JSON|Form|Multipart form) parse error - .*UTF-8/, type);
    }
    assert.equal(server.contents(), before);
  });
}

for (const [name, half] of [
  ['a first half', '\\ud800'],
  ['a second half', '\\udfff'],
  ['two halves in the wrong order', '\\udc00\\ud800'],
] as const) {
  test(`J7: ${name} of a letter (${half}) is refused in every field`, async () => {
    const before = server.contents();
    for (const { path, method, fields } of places) {
      for (const field of fields) {
        const body = `{"${field.name}":"abc${half}def"}`;
        const answer = await server.ask(path, { method, key, body, headers: { 'content-type': TYPES.json } });
        assert.equal(answer.status, 400);
        const messages: unknown = Reflect.get(Object(answer.body), field.name);
        assert.match(String(messages), /^Surrogate characters are not allowed: U\+D[8-F]/, `${path} ${field.name}`);
      }
    }
    assert.equal(server.contents(), before);
  });
}

test('J7: half a letter is not taken for the replacement letter that is in a password', async () => {
  await using other = await testServer();
  const password = 'ninety \ufffd horses 9!';
  const mine = await other.register('bob', { password1: password, password2: password });
  other.clock.advance(11 * 60_000);
  const change = (old: string) =>
    other.ask('/auth/password/change/', {
      method: 'POST',
      key: mine,
      body: `{"old_password":"${old}","new_password1":"${PASSWORD}","new_password2":"${PASSWORD}"}`,
      headers: { 'content-type': TYPES.json },
    });
  const before = other.contents();
  assert.equal((await change('ninety \\ud800 horses 9!')).status, 400);
  assert.equal(other.contents(), before);
  assert.equal((await change('ninety \ufffd horses 9!')).status, 200);
});

test('J8: NUL is refused in every field', async () => {
  const before = server.contents();
  for (const { path, method, fields } of places) {
    for (const field of fields) {
      const value = field.type === 'email' ? 'alice@example.com\0.evil.example' : 'abc\0def';
      const answer = await server.ask(path, { method, key, json: { [field.name]: value } });
      assert.equal(answer.status, 400);
      const messages: unknown = Reflect.get(Object(answer.body), field.name);
      assert.match(String(messages), /^Null characters are not allowed\./, `${method} ${path} ${field.name}`);
    }
  }
  assert.equal(server.contents(), before);
});

test('J8: a password is not cut at a NUL, and none can be set that has one', async () => {
  const before = server.contents();
  const form = { username: 'alice', password: `${PASSWORD}\0def` };
  assert.equal((await server.post('/auth/login/', form)).status, 400);
  assert.equal((await server.ask('/auth/login/', { method: 'POST', form })).status, 400);
  const twice = { new_password1: 'abc\0defghijkl', new_password2: 'abc\0defghijkl' };
  assert.equal((await server.post('/auth/password/change/', twice, { key })).status, 400);
  assert.equal(server.contents(), before);
});

test('J8: the page for a new password takes none with a NUL either, and keeps the link', async () => {
  const { uid, token, pathname } = await server.resetLink('alice@example.com');
  const { headers } = await server.ask(pathname);
  const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const form = { new_password1: 'abc\0defghijkl', new_password2: 'abc\0defghijkl' };
  const answer = await server.ask('/password/reset/confirm/', { method: 'POST', form, headers: { cookie } });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /characters that cannot be used/);
  const again = { uid, token, new_password1: PASSWORD, new_password2: PASSWORD };
  assert.equal((await server.post('/auth/password/reset/confirm/', again)).status, 200);
});

/** Counts how often a password is hashed to be kept. */
function countHashes(hasher: { hash: (password: string) => Promise<unknown> }): () => number {
  const { hash } = hasher;
  let count = 0;
  hasher.hash = (password) => {
    count++;
    return hash(password);
  };
  return () => count;
}

test('J9: a password that is too long is refused before anything is hashed', async () => {
  await using other = await testServer();
  const mine = await other.register('bob', { email: 'bob@example.com' });
  const link = await other.resetLink('bob@example.com');
  const hashes = countHashes(other.assembled.parts.hasher);
  const before = other.contents();
  for (const length of [MAX_PASSWORD_LENGTH + 1, 60_000, 1_000_000]) {
    const long = 'aB3 '.repeat(length / 4 + 1).slice(0, length);
    const registered = { username: 'carol', password1: long, password2: long };
    const twice = { new_password1: long.slice(0, 30_000), new_password2: long.slice(0, 30_000) };
    const answers = [
      await other.post('/auth/registration/', registered),
      await other.post('/auth/password/change/', twice, { key: mine }),
      await other.post('/auth/password/reset/confirm/', { uid: link.uid, token: link.token, ...twice }),
    ];
    for (const { status, text } of answers) {
      assert.ok(status === 400 || status === 413, `${length}: ${status} ${text}`);
      assert.doesNotMatch(text, /aB3/);
    }
  }
  assert.equal(hashes(), 0);
  assert.equal(other.contents(), before);
  const longest = 'aB3 '.repeat(MAX_PASSWORD_LENGTH / 4 + 1).slice(1, MAX_PASSWORD_LENGTH + 1);
  const fits = { username: 'carol', password1: longest, password2: longest };
  assert.equal((await other.post('/auth/registration/', fits)).status, 201);
  assert.equal(hashes(), 1);
  assert.equal((await other.post('/auth/login/', { username: 'carol', password: longest })).status, 200);
  assert.equal((await other.post('/auth/login/', { username: 'carol', password: longest.slice(0, -1) })).status, 400);
});

test('J9: a password past the bound is wrong without a look at the hash, even where it is right', async () => {
  await using other = await testServer();
  await other.register('bob');
  const long = 'aB3 '.repeat(MAX_PASSWORD_LENGTH);
  // Kept behind the rules: they would not let it in.
  const { hash, scheme } = await other.assembled.parts.hasher.hash(long);
  const record = await other.assembled.parts.store.accounts.find(1);
  await other.assembled.parts.store.accounts.renewHash({
    id: 1,
    from: record?.passwordHash ?? '',
    to: { hash, scheme },
  });
  const answer = await other.post('/auth/login/', { username: 'bob', password: long });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.body, { non_field_errors: ['Unable to log in with provided credentials.'] });
});
