/** What comes in headers and in the query: credentials in every wrong shape, and headers without end. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { placesOf } from './route-fields.ts';
import { memberOf, PASSWORD, testServer } from './serving.ts';

const server = await testServer();
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice');

/** Asks who is signed in, with these lines in the head. */
const whoami = (lines: string): Promise<string> =>
  server.raw(`GET /auth/session/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`);

const MISSING = 'Authentication credentials were not provided.';
const INVALID = 'Invalid token.';
const EMPTY = 'Invalid token header. No credentials provided.';
const SPACES = 'Invalid token header. Token string should not contain spaces.';
const LETTERS = 'Invalid token header. Token string should not contain invalid characters.';

const LIVE: readonly (readonly [string, string])[] = [
  ['the usual', `Token ${key}`],
  ['lower case', `token ${key}`],
  ['upper case', `TOKEN ${key}`],
  ['mixed case', `tOkEn ${key}`],
  ['Bearer', `Bearer ${key}`],
  ['lower-case bearer', `bearer ${key}`],
  ['a tab', `Token\t${key}`],
  ['a run of blanks', `Token \t  ${key}`],
  ['blanks around it', ` \tToken ${key} \t`],
];

for (const [name, value] of LIVE) {
  test(`J16: an Authorization header with ${name} is read`, async () => {
    assert.match(await whoami(`Authorization: ${value}\r\n`), /^HTTP\/1.1 200 /);
  });
}

const DEAD: readonly (readonly [string, string, string])[] = [
  ['no token', 'Token', EMPTY],
  ['no token and blanks', 'Token  \t ', EMPTY],
  ['two tokens', `Token ${key} ${key}`, SPACES],
  ['a token and more', `Bearer ${key} x`, SPACES],
  ['a token twice with a comma', `Token ${key}, Token ${key}`, SPACES],
  ['nothing in it', '', MISSING],
  ['another scheme', `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`, MISSING],
  ['no scheme', key, MISSING],
  ['a scheme that begins like ours', `Tokens ${key}`, MISSING],
  ['a colon', `Token:${key}`, MISSING],
  ['quotes', `Token "${key}"`, INVALID],
  ['a name', `Token token=${key}`, INVALID],
  ['the other case', `Token ${key.toUpperCase()}`, INVALID],
  ['a letter too many', `Token ${key}x`, INVALID],
  ['a letter too few', `Token ${key.slice(0, -1)}`, INVALID],
  ['a wrong checksum', `Token ${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, INVALID],
  ['letters past ASCII', 'Token cl\u00c3\u00a9', INVALID],
  ['bytes that are no UTF-8', 'Token cl\u00e9\u00ff', LETTERS],
  ['a very long token', `Token ${'a'.repeat(8_000)}`, INVALID],
  ['forty hex digits of nobody', `Token ${'b'.repeat(40)}`, INVALID],
  ['a percent-encoded token', `Token ${key.replaceAll('_', '%5F')}`, INVALID],
];

for (const [name, value, detail] of DEAD) {
  test(`J16, C21: an Authorization header with ${name} is 401, with and without a second look`, async () => {
    const bytes = Buffer.from(
      `GET /auth/session/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${value}\r\n\r\n`,
      'latin1',
    );
    const answer = await server.raw(bytes);
    assert.match(answer, /^HTTP\/1.1 401 /);
    assert.match(answer, /\r\nwww-authenticate: Token\r\n/i);
    assert.equal(memberOf(JSON.parse(answer.split('\r\n\r\n')[1] ?? '{}'), 'detail'), detail);
    assert.equal(await server.isLive(key), true);
  });
}

test('J16: two Authorization headers are refused, whichever of them is good', async () => {
  for (const lines of [
    `Authorization: Token ${key}\r\nAuthorization: Token ${'b'.repeat(40)}\r\n`,
    `Authorization: Token ${'b'.repeat(40)}\r\nAuthorization: Token ${key}\r\n`,
    `Authorization: Token ${key}\r\nauthorization: Token ${key}\r\n`,
  ]) {
    assert.match(await whoami(lines), /^HTTP\/1.1 401 .*should not contain spaces/s);
  }
});

test('C5: two session cookies with two values are none', async () => {
  assert.match(await whoami(`Cookie: latchkey=${key}; latchkey=x\r\n`), /^HTTP\/1.1 401 /);
  assert.match(await whoami(`Cookie: latchkey=x\r\nCookie: latchkey=${key}\r\n`), /^HTTP\/1.1 401 /);
  assert.match(await whoami(`Cookie: a=b; latchkey=${key}; c\r\n`), /^HTTP\/1.1 200 /);
});

test('J16: a hundred headers, and one of nearly all that may be, are taken', async () => {
  const many = Array.from({ length: 100 }, (_, index) => `X-Header-${index}: x\r\n`).join('');
  assert.match(await whoami(`${many}Authorization: Token ${key}\r\n`), /^HTTP\/1.1 200 /);
  assert.match(await whoami(`X-Large: ${'x'.repeat(15_000)}\r\nAuthorization: Token ${key}\r\n`), /^HTTP\/1.1 200 /);
});

test('J16: more than 16 KiB of headers are refused, and the server goes on', async () => {
  const large = 'x'.repeat(20_000);
  const many = Array.from({ length: 5_000 }, (_, index) => `X-${index}: x\r\n`).join('');
  for (const lines of [`X-Large: ${large}\r\n`, `Cookie: latchkey=${large}\r\n`, many]) {
    assert.match(await whoami(`${lines}Authorization: Token ${key}\r\n`), /^HTTP\/1.1 431 /);
  }
  assert.match(await server.raw(`GET /auth/${large}/ HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1.1 431 /);
  assert.equal(await server.isLive(key), true);
});

test('J16: bytes past ASCII in any header are letters like others', async () => {
  for (const name of ['Accept-Language', 'Cookie', 'User-Agent', 'Latchkey-Device', 'X-Forwarded-For', 'Origin']) {
    const head = `POST /auth/login/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n${name}: \xff\xfe\xe9\r\n\r\n`;
    const answer = await server.raw(Buffer.from(head, 'latin1'));
    assert.match(answer, name === 'Origin' ? /^HTTP\/1.1 403 / : /^HTTP\/1.1 400 /, name);
    assert.match(answer, name === 'Origin' ? /Origin checking failed/ : /This field is required/, name);
  }
  assert.deepEqual(server.errors, []);
});

test('J17: a token in the query, in the body or in a header of another name is never a credential', async () => {
  const names = ['token', 'key', 'access_token', 'auth_token', 'api_key', 'Authorization', 'latchkey', 'session'];
  for (const { path, route } of placesOf(server.assembled.parts.settings)) {
    if (route.access !== 'signed-in') continue;
    for (const method of Object.keys(route.methods)) {
      const query = names.map((name) => `${name}=${encodeURIComponent(`Token ${key}`)}&${name}=${key}`).join('&');
      const headers = {
        'x-api-key': key,
        'x-auth-token': key,
        'x-authorization': `Token ${key}`,
        'latchkey-device': key,
      };
      const json = Object.fromEntries(names.map((name) => [name, key]));
      const asked = method === 'GET' ? { method, headers } : { method, headers, json };
      const answer = await server.ask(`${path}?${query}`, asked);
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(memberOf(answer.body, 'detail'), MISSING);
    }
  }
  assert.equal(await server.isLive(key), true);
});
