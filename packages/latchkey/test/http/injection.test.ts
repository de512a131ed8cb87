/** SQL in every place that takes text: nothing is read as anything but text. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bodyPlacesOf, placesOf } from './route-fields.ts';
import { memberOf, PASSWORD, testServer } from './serving.ts';

const server = await testServer({
  sessions: { limit: 'unlimited', whenFull: 'approve' },
  accounts: { signInBy: 'any' },
});
after(() => server[Symbol.asyncDispose]());
const { settings } = server.assembled.parts;
const key = await server.register('alice', { email: 'alice@example.com' });
await server.register('1', { email: 'one@example.com' });

/** The last ones are SQLite's own: attached files, its types, its functions, its numbers. */
const CORPUS: readonly string[] = [
  "' OR '1'='1",
  "' OR 1=1--",
  "alice'--",
  "alice' /*",
  '" OR ""="',
  "'; DROP TABLE account;--",
  "') UNION SELECT * FROM account--",
  "alice' UNION SELECT password_hash FROM account WHERE id=1--",
  "'||(SELECT password_hash FROM account LIMIT 1)||'",
  '1; SELECT pg_sleep(9)--',
  "' WAITFOR DELAY '0:0:9'--",
  'alice%',
  'a_ice',
  "\\' OR 1=1--",
  "'; ATTACH DATABASE '/tmp/evil.db' AS evil;--",
  "'; PRAGMA writable_schema=1;--",
  "' AND load_extension('evil')--",
  "' OR randomblob(1000000000)--",
  'CAST(1 AS TEXT)',
  '01',
  '1.0',
  '+1',
  '1e0',
  '9223372036854775808',
  '99999999999999999999999999',
  "x'27'",
  '?1',
  ':id',
  '@id',
  '$id',
  '[account]',
  '`account`',
  'a'.repeat(1_500),
];

const NAMED = '/auth/passkeys/register/begin/';

/** Words of what lies behind an answer, which none may have. */
const INTERNAL = /sql|sqlite|syntax|near "|token_hash|password_hash|stack|node_modules|\.ts\b|\/work|\/tmp/i;

test('J13, J15: in any field of any route it is text: nobody gets in, nothing is written, nothing is given away', async () => {
  const before = server.contents();
  for (const { path, method, fields } of bodyPlacesOf(settings)) {
    // A passkey's name may be any text, and a challenge is kept with it.
    if (fields.length === 0 || path === NAMED) continue;
    for (const given of CORPUS) {
      // No two are alike, so that none of it is a new password or a new name that could be taken.
      const body = Object.fromEntries(fields.map((field, index) => [field.name, `${given}${"'".repeat(index + 1)}`]));
      const answer = await server.ask(path, { method, key, json: body });
      // What is nobody's, and a key that verifies nothing, is not found; all else is bad input.
      const isNowhere = /\/(?:verify-email|nobodys(?:\/connect)?)\/$/.test(path);
      const isFound = !isNowhere && !path.includes('ses_nobody');
      // A name that is too long, and a list that is none.
      const isLong = given.length > 100 && path.includes('ses_nobody');
      const isBad = path.endsWith('/approve/') ? given.startsWith('[') : isLong;
      assert.equal(answer.status, isFound || isBad ? 400 : 404, `${method} ${path} ${given}`);
      assert.doesNotMatch(answer.text, INTERNAL, `${method} ${path} ${given}`);
    }
  }
  assert.equal(server.contents(), before);
  assert.deepEqual(server.errors, []);
});

test('J13: a passkey may be called whatever somebody likes: it is kept, and gives nothing away', async () => {
  for (const name of CORPUS) {
    const before = server.rows('SELECT hash FROM once').length;
    const answer = await server.post(NAMED, { name }, { key });
    assert.equal(answer.status, name.length > 150 ? 400 : 200, name);
    assert.equal(server.rows('SELECT hash FROM once').length, before + (answer.status === 200 ? 1 : 0), name);
    assert.doesNotMatch(answer.text, INTERNAL, name);
  }
});

test('J13: a name that is SQL is kept letter by letter', async () => {
  for (const given of CORPUS.filter((text) => text.length <= 150)) {
    const json = { first_name: given, last_name: given };
    const changed = await server.ask('/auth/user/', { method: 'PATCH', key, json });
    assert.equal(memberOf(changed.body, 'first_name'), given);
    const [row] = server.rows('SELECT first_name, last_name FROM account WHERE id = 1');
    assert.deepEqual({ ...row }, json);
  }
  assert.equal(server.rows('SELECT id FROM account').length, 2);
});

test('J13: the right username with SQL behind it, and the right password with SQL behind it, are wrong', async () => {
  for (const given of CORPUS) {
    for (const json of [
      { username: `alice${given}`, password: PASSWORD },
      { username: 'alice', password: PASSWORD + given },
      { username: given, password: PASSWORD },
    ]) {
      const answer = await server.post('/auth/login/', json);
      assert.deepEqual(answer.body, { non_field_errors: ['Unable to log in with provided credentials.'] }, given);
    }
  }
});

test('J15: a username of digits is a text and not a number', async () => {
  for (const username of ['01', '1.0', '+1', '1e0', '0x1', '-1']) {
    assert.equal((await server.post('/auth/login/', { username, password: PASSWORD })).status, 400, username);
  }
  assert.equal((await server.post('/auth/login/', { username: '1', password: PASSWORD })).status, 200);
  assert.equal((await server.post('/auth/login/', { username: 1, password: PASSWORD })).status, 200, 'as recorded');
});

test('J13: in headers and cookies it is text', async () => {
  const before = server.contents();
  for (const given of CORPUS) {
    const headers = {
      authorization: `Token ${given.replaceAll(' ', '')}`,
      cookie: `latchkey=${given.replaceAll(';', '')}; latchkey-device=${given.replaceAll(';', '')}`,
      'latchkey-device': given,
      'x-forwarded-for': given,
      accept: 'application/json',
      'accept-language': given,
    };
    const refused = await server.ask('/auth/user/', { headers });
    assert.equal(refused.status, 401, given);
    assert.doesNotMatch(refused.text, INTERNAL, given);
    const { authorization: _, ...others } = headers;
    const byCookie = await server.ask('/auth/user/', { headers: others });
    assert.equal(memberOf(byCookie.body, 'code'), 'invalid_token', given);
  }
  assert.equal(server.contents(), before);
});

test('J13: in the user agent it is text, of which nothing is kept', async () => {
  for (const given of CORPUS) {
    const opened = await server.signIn('alice', { 'user-agent': given, 'latchkey-device': given });
    const { text } = await server.ask('/auth/session/', { key: opened });
    assert.match(text, /"device":"(?:an unknown device|a browser[^"]*)","class":"unknown"/, given);
  }
});

test('J13: in the path and in the query it is text', async () => {
  const before = server.contents();
  for (const given of CORPUS) {
    const encoded = encodeURIComponent(given);
    const ended = await server.ask(`/auth/sessions/${encoded}/`, { method: 'DELETE', key });
    assert.equal(ended.status, 404, given);
    assert.deepEqual(ended.body, { detail: 'Not found.', code: 'not_found' });
    assert.equal((await server.ask(`/auth/${encoded}/`, { key })).status, 404, given);
    assert.equal((await server.ask(`/auth/sessions/?order=${encoded}&cursor=${encoded}`, { key })).status, 200, given);
  }
  assert.equal(server.contents(), before);
});

test('V3.5.6: no query makes a script of an answer', async () => {
  for (const { path } of placesOf(settings)) {
    const plain = await server.ask(path, { key, method: 'OPTIONS' });
    const asked = await server.ask(`${path}?callback=x&jsonp=x`, { key, method: 'OPTIONS' });
    assert.equal(asked.text, plain.text, path);
    assert.equal(asked.headers.get('content-type'), 'application/json');
  }
});
