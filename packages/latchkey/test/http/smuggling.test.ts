/** Requests that two readers could take for different ones: the server answers one request or refuses, and closes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, testServer } from './serving.ts';

const LOGIN = JSON.stringify({ username: 'alice', password: PASSWORD });

/** A request that would end alice's session, where a proxy sees the rest of a body. */
const hidden = (key: string): string =>
  `POST /auth/logout/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${key}\r\nContent-Length: 0\r\n\r\n`;

type Corpus = readonly (readonly [name: string, lines: string, body: (hidden: string) => string])[];

const CHUNKED = `${LOGIN.length.toString(16)}\r\n${LOGIN}\r\n0\r\n\r\n`;

const AMBIGUOUS: Corpus = [
  [
    'a length and chunks (CL.TE)',
    'Content-Length: 6\r\nTransfer-Encoding: chunked',
    (smuggled) => `0\r\n\r\n${smuggled}`,
  ],
  [
    'chunks and a length (TE.CL)',
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
    (smuggled) => `5c\r\n${smuggled}\r\n0\r\n\r\n`,
  ],
  ['two lengths', 'Content-Length: 0\r\nContent-Length: 5', (smuggled) => smuggled],
  ['two lengths in one line', 'Content-Length: 0, 5', (smuggled) => smuggled],
  ['a length with a sign', 'Content-Length: +5', (smuggled) => smuggled],
  ['a length below nothing', 'Content-Length: -1', (smuggled) => smuggled],
  ['a length that is no number', 'Content-Length: 0x5', (smuggled) => smuggled],
  ['a length past all numbers', 'Content-Length: 99999999999999999999999', (smuggled) => smuggled],
  ['chunks by another name', 'Transfer-Encoding: xchunked', (smuggled) => CHUNKED + smuggled],
  ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', (smuggled) => CHUNKED + smuggled],
  ['chunks before another encoding', 'Transfer-Encoding: chunked, identity', (smuggled) => CHUNKED + smuggled],
  ['a blank before the colon', 'Transfer-Encoding : chunked', (smuggled) => CHUNKED + smuggled],
  ['a blank before the name', ' Transfer-Encoding: chunked', (smuggled) => CHUNKED + smuggled],
  ['a folded line', 'X: y\r\n Transfer-Encoding: chunked', (smuggled) => CHUNKED + smuggled],
  ['a bare line feed', 'X: y\nTransfer-Encoding: chunked', (smuggled) => CHUNKED + smuggled],
  ['a bare carriage return', 'X: y\rTransfer-Encoding: chunked', (smuggled) => CHUNKED + smuggled],
  ['a NUL in a value', 'Transfer-Encoding: \0chunked', (smuggled) => CHUNKED + smuggled],
  ['a vertical tab before a value', 'Transfer-Encoding: \x0bchunked', (smuggled) => CHUNKED + smuggled],
  ['a chunk size that is no number', 'Transfer-Encoding: chunked', (smuggled) => `zz\r\n${smuggled}`],
  ['a chunk size with a sign', 'Transfer-Encoding: chunked', (smuggled) => `-1\r\n${smuggled}`],
  ['a chunk size past all numbers', 'Transfer-Encoding: chunked', (smuggled) => `ffffffffffffffffff\r\n${smuggled}`],
  ['a chunk that ends in a bare line feed', 'Transfer-Encoding: chunked', (smuggled) => `1\n{\n0\n\n${smuggled}`],
  [
    'a chunk that is longer than it says',
    'Transfer-Encoding: chunked',
    (smuggled) => `2\r\n{}xx\r\n0\r\n\r\n${smuggled}`,
  ],
];

for (const [name, lines, body] of AMBIGUOUS) {
  test(`J22, V4.2.1: ${name} is 400, the connection is closed, and nothing behind it is read`, async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const before = server.contents();
    const head = `POST /auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}\r\n\r\n`;
    // `raw` returns when the connection is closed: where it stayed open, this would never end.
    const answer = await server.raw(head + body(hidden(key)));
    assert.equal(answer.split('HTTP/1.1 ').length - 1, 1, answer);
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.equal(await server.isLive(key), true);
    assert.equal(server.contents(), before);
  });
}

test('J22: an HTTP/1.1 request without a host, or with a second one, or with one that is none', async () => {
  await using server = await testServer();
  const ask = (hosts: string) => server.raw(`GET /auth/session/ HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
  assert.match(await ask(''), /^HTTP\/1.1 400 /);
  for (const host of ['a b', 'a/b', 'user@evil.example', 'evil.example?', '[::1', 'a:b:c', 'app.example:@evil']) {
    assert.match(await ask(`Host: ${host}\r\n`), /^HTTP\/1.1 400 /, host);
  }
  // Two are read as the first, and neither means anything here: see the tests of host names.
  assert.match(await ask('Host: x\r\nHost: evil.example\r\n'), /^HTTP\/1.1 (?:400|401) /);
});

test('J22: two requests in one go are two answers, in their order, each with its own credential', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  const first = `GET /auth/session/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${key}\r\n\r\n`;
  const second = 'GET /auth/session/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const [, one = '', two = ''] = (await server.raw(first + second)).split('HTTP/1.1 ');
  assert.match(one, /^200 /);
  assert.match(two, /^401 /);
});

test('J22: a body on GET, and one that nobody reads, is not taken for the next request', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  const smuggled = hidden(key);
  for (const line of ['GET /auth/session/', 'POST /auth/nowhere/', 'GET /password/reset/', 'PUT /auth/login/']) {
    const head = `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${smuggled.length}\r\n\r\n`;
    const answer = await server.raw(head + smuggled);
    assert.equal(answer.split('HTTP/1.1 ').length - 1, 1, line);
    assert.equal(await server.isLive(key), true, line);
  }
});

test('J22: after a refusal of a body that is too large its rest is not taken for a request', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  const body = 'x'.repeat(70_000) + hidden(key);
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  for (const [line, sent] of [
    [`Content-Length: ${body.length}`, body],
    ['Transfer-Encoding: chunked', chunked],
  ]) {
    const head = `POST /auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${line}\r\n\r\n`;
    const answer = await server.raw(head + sent);
    assert.match(answer, /^HTTP\/1.1 413 /);
    assert.equal(answer.split('HTTP/1.1 ').length - 1, 1);
    assert.equal(await server.isLive(key), true);
  }
});

test('V4.2.1: another protocol, and noise, are 400', async () => {
  await using server = await testServer();
  for (const noise of [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
    'GET /auth/session/ HTTP/9.9\r\nHost: x\r\n\r\n',
    'GET /auth/session/\r\n\r\n',
    'get /auth/session/ HTTP/1.1\r\nHost: x\r\n\r\n',
    'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
  ]) {
    const answer = await server.raw(Buffer.from(noise, 'latin1'));
    assert.match(answer, /^(?:HTTP\/1.1 400 |$)/, noise);
  }
});
