/** What a body may be: types, sizes, depth, encodings. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { bodyPlacesOf } from './route-fields.ts';
import { authorizationOf, memberOf, OTHER_PASSWORD, PASSWORD, testServer } from './serving.ts';

/** In JWT mode, which has every route that there is without it, and those of tokens. */
const server = await testServer({ sessions: { limit: 'unlimited' }, jwt: { use: true } });
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice', { email: 'alice@example.com' });
// The key that signs next is made beside the first token that is signed: from here on it is there.
await server.ask('/auth/jwks.json/');
const { settings } = server.assembled.parts;
const places = bodyPlacesOf(settings);

const LIMIT_BYTES = 65_536;
const JSON_TYPE = { 'content-type': 'application/json' };
const login = (body: string) => server.ask('/auth/login/', { method: 'POST', body, headers: JSON_TYPE });
const LOGIN = { username: 'alice', password: PASSWORD };

/** Sends a body to everything that reads one, and asks that nothing happens. */
async function refusedEverywhere(body: string, check: (text: string, place: string) => void): Promise<void> {
  const before = server.contents();
  for (const { path, method } of places) {
    const answer = await server.ask(path, { method, key, body, headers: JSON_TYPE });
    assert.equal(answer.status, 400, `${method} ${path}: ${answer.text}`);
    check(answer.text, `${method} ${path}`);
  }
  assert.equal(server.contents(), before);
  assert.deepEqual(server.errors, []);
}

const MISTYPED: readonly (readonly [string, unknown, string])[] = [
  ['a boolean', true, 'Not a valid string.'],
  ['null', null, 'This field may not be null.'],
  ['an array', ['a'], 'Not a valid string.'],
  ['an empty array', [], 'Not a valid string.'],
  ['a nested array', [[['a']]], 'Not a valid string.'],
  ['an object', {}, 'Not a valid string.'],
  ['an operator', { $ne: '' }, 'Not a valid string.'],
  ['an object with a length', { length: 20 }, 'Not a valid string.'],
  ['an object that says it is text', { toString: 'alice', valueOf: 'alice' }, 'Not a valid string.'],
];

for (const [name, value, message] of MISTYPED) {
  test(`J1: ${name} is no text, in any field of any route`, async () => {
    const before = server.contents();
    for (const { path, method, fields } of places) {
      for (const field of fields) {
        // What may be any JSON is looked at by what it is for.
        if (field.type === 'field' && value !== null) continue;
        const answer = await server.ask(path, { method, key, json: { [field.name]: value } });
        assert.equal(answer.status, 400, `${method} ${path} ${field.name}: ${answer.text}`);
        assert.deepEqual(Reflect.get(Object(answer.body), field.name), [message], `${method} ${path} ${field.name}`);
      }
    }
    assert.equal(server.contents(), before);
  });
}

test('J3: of two members of one name the last one counts, and the first has no effect at all', async () => {
  const given = (first: string, name = 'username') =>
    `{"${name}":${first},"username":"alice","password":"${PASSWORD}"}`;
  for (const body of [given('"nobody"'), given('{"$ne":""}'), given('12'), given('"nobody"', 'user\\u006eame')]) {
    assert.equal((await login(body)).status, 200, body);
  }
  const last = `{"username":"alice","password":"${PASSWORD}","password":["a"]}`;
  assert.deepEqual((await login(last)).body, { password: ['Not a valid string.'] });
  assert.equal((await login(`{"username":"alice","password":"${PASSWORD}","username":"nobody"}`)).status, 400);
});

test('J3, D12: so it is in forms and in multipart', async () => {
  const pairs = [
    ['username', 'nobody'],
    ['username', 'alice'],
    ['password', OTHER_PASSWORD],
    ['password', PASSWORD],
  ] as const;
  const body = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await server.ask('/auth/login/', { method: 'POST', body, headers })).status, 200);
  const form = new FormData();
  for (const [name, value] of pairs) form.append(name, value);
  assert.equal((await server.ask('/auth/login/', { method: 'POST', body: form })).status, 200);
});

test('D12: a field in the query counts for nothing, whatever stands in the body', async () => {
  const query = new URLSearchParams(LOGIN).toString();
  const asked = await server.post(`/auth/login/?${query}`, {});
  assert.deepEqual(asked.body, { password: ['This field is required.'] });
  const wrong = new URLSearchParams({ username: 'nobody', password: 'wrong' }).toString();
  assert.equal((await server.post(`/auth/login/?${wrong}`, LOGIN)).status, 200);
});

test('J4: deep nesting is refused everywhere, also beside a number and at the very bottom of a body', async () => {
  const deep = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times);
  for (const nested of [deep('[', ']', 30_000), deep('{"a":[', ']}', 8_000)]) {
    for (const body of [`{"a":${nested}}`, `{"n":1,"a":${nested},"username":"x"}`]) {
      await refusedEverywhere(body, (text, place) => assert.match(text, /levels of nesting/, place));
    }
  }
  await refusedEverywhere('['.repeat(60_000), (text) => assert.match(text, /JSON parse error/));
  const levels = (count: number) => `{"a":${deep('[', ']', count - 1)},"username":"alice","password":"${PASSWORD}"}`;
  assert.equal((await login(levels(16))).status, 200);
  assert.equal((await login(levels(17))).status, 400);
  const inText = JSON.stringify({ ...LOGIN, a: '\\"[{'.repeat(99) });
  assert.equal((await login(inText)).status, 200, 'brackets within a text are letters');
});

/** A sign-in of exactly so many bytes. */
function loginOf(bytes: number): string {
  const frame = JSON.stringify({ ...LOGIN, pad: '' });
  return JSON.stringify({ ...LOGIN, pad: 'x'.repeat(bytes - frame.length) });
}

test('J5: a body of 64 KiB is read, a byte more is 413, by its length or by its chunks', async () => {
  const send = (body: string, isChunked: boolean) => {
    const size = body.length.toString(16);
    const framed = isChunked ? `${size}\r\n${body}\r\n0\r\n\r\n` : body;
    const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const head = 'POST /auth/login/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
    return server.raw(`${head}${length}\r\n\r\n${framed}`);
  };
  for (const isChunked of [false, true]) {
    assert.match(await send(loginOf(LIMIT_BYTES), isChunked), /^HTTP\/1.1 200 /);
    assert.match(await send(loginOf(LIMIT_BYTES + 1), isChunked), /^HTTP\/1.1 413 /);
  }
});

test('J5: a length that is too large is refused before the body comes, and the connection is closed', async () => {
  for (const { path, method } of places) {
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorizationOf(key)}\r\n`;
    const answer = await server.raw(`${head}Content-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 413 .*\r\nconnection: close\r\n/is, `${method} ${path}`);
    assert.match(answer, /"code":"body_too_large"/);
  }
});

test('J5: chunks without end are answered with 413 after little more than the limit, and the connection is closed', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  socket.write(
    'POST /auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  // Five chunks are more than the limit; the sixth is not even asked for.
  for (let sent = 0; sent < 5; sent++) socket.write(chunk);
  await closed;
  assert.match(answer, /^HTTP\/1.1 413 /);
});

test('J5: compressed bodies are not unpacked', async () => {
  const bomb = Buffer.from(JSON.stringify({ ...LOGIN, pad: 'x'.repeat(20_000_000) }));
  const packed = { gzip: gzipSync(bomb), deflate: deflateSync(bomb), br: brotliCompressSync(bomb) };
  const before = server.contents();
  for (const [encoding, bytes] of Object.entries(packed)) {
    assert.ok(bytes.length < LIMIT_BYTES);
    const headers = { ...JSON_TYPE, 'content-encoding': encoding };
    const answer = await server.ask('/auth/login/', { method: 'POST', body: Uint8Array.from(bytes), headers });
    assert.equal(answer.status, 400, encoding);
    assert.match(memberOf(answer.body, 'detail'), /^JSON parse error - /);
  }
  assert.equal(server.contents(), before);
});

test('J5: a client that goes in the middle of its body is no fault of the server', async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error('aborted'));
    },
  });
  const init = { method: 'POST', headers: JSON_TYPE, body, duplex: 'half' } as const;
  const answer = await server.auth.handler(new Request(`${settings.origin}/auth/login/`, init));
  assert.equal(answer.status, 400);
  assert.deepEqual(server.errors, []);
});

const UNREADABLE: readonly (readonly [string, string])[] = [
  ['seven thousand members', `{${Array.from({ length: 7_000 }, (_, index) => `"${index}":1`).join(',')}}`],
  [
    '201 members',
    JSON.stringify({ ...Object.fromEntries(Array.from({ length: 199 }, (_, n) => [`m${n}`, 1])), ...LOGIN }),
  ],
  ['a number past all bounds', `{"username":1e400,"password":"${PASSWORD}"}`],
  ['NaN', '{"username":NaN}'],
  ['Infinity', '{"username":-Infinity}'],
  ['letters after the end', `${JSON.stringify(LOGIN)}x`],
  ['a second object', JSON.stringify(LOGIN).repeat(2)],
  ['a byte order mark', `\ufeff${JSON.stringify(LOGIN)}`],
  ['a comment', `${JSON.stringify(LOGIN)}/* */`],
  ['single quotes', "{'username':'alice'}"],
  ['a comma at the end', '{"username":"alice",}'],
  ['hexadecimal', '{"username":0x10}'],
  ['a line break in a text', '{"username":"a\nb"}'],
  ['nothing but an opening brace', '{'],
];

for (const [name, body] of UNREADABLE) {
  test(`J6: ${name} is refused everywhere`, async () => {
    await refusedEverywhere(body, (text, place) => assert.match(text, /"code":"parse_error"/, place));
  });
}

for (const [type, body] of [
  ['list', '[]'],
  ['str', '"alice"'],
  ['int', '12'],
  ['float', '1.5'],
  ['bool', 'true'],
] as const) {
  test(`J6: a body that is a ${type} is no dictionary`, async () => {
    const expected = { non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`] };
    await refusedEverywhere(body, (text) => assert.deepEqual(JSON.parse(text), expected));
  });
}

test('J6: 200 members are taken, and a name of nearly the whole body is a name', async () => {
  const members = Object.fromEntries(Array.from({ length: 198 }, (_, index) => [`m${index}`, 1]));
  assert.equal((await server.post('/auth/login/', { ...members, ...LOGIN })).status, 200);
  assert.equal((await server.post('/auth/login/', { ['k'.repeat(60_000)]: 1, ...LOGIN })).status, 200);
});

test('J6: a password given as a number is the digits that were sent, not a number that they round to', async () => {
  const digits = '12345678901234567890';
  const body = JSON.stringify({ username: 'digits', password1: '@', password2: '@' });
  await using other = await testServer({ passwords: { rules: [] } });
  const send = (path: string, body: string) => other.ask(path, { method: 'POST', body, headers: JSON_TYPE });
  const made = await send('/auth/registration/', body.replaceAll('"@"', digits));
  assert.equal(made.status, 201, made.text);
  const signInBy = async (password: string) =>
    (await send('/auth/login/', `{"username":"digits","password":${password}}`)).status;
  assert.equal(Number(digits), Number('12345678901234567891'));
  assert.equal(await signInBy('12345678901234567891'), 400);
  assert.equal(await signInBy('12345678901234567000'), 400);
  assert.equal(await signInBy(digits), 200);
  assert.equal(await signInBy(`"${digits}"`), 200);
});

test('J6: minus zero, and numbers larger than can be counted, are text like any other', async () => {
  for (const number of ['-0', '9007199254740993', '1e308', '-12']) {
    const answer = await login(`{"username":${number},"password":"${PASSWORD}"}`);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, { non_field_errors: ['Unable to log in with provided credentials.'] });
  }
});

test('J20, V3.5.2: XML, plain text and bodies of no type are 415 everywhere', async () => {
  const before = server.contents();
  const types = ['application/xml', 'text/xml', 'text/plain', 'application/octet-stream', 'application/jsonx', 'json'];
  for (const { path, method } of places) {
    for (const type of types) {
      const body = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>';
      const answer = await server.ask(path, { method, key, body, headers: { 'content-type': type } });
      assert.equal(answer.status, 415, `${method} ${path} ${type}`);
      assert.equal(memberOf(answer.body, 'detail'), `Unsupported media type "${type}" in request.`);
    }
    const bare = await server.raw(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorizationOf(key)}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    assert.match(bare, /^HTTP\/1.1 415 /, `${method} ${path}`);
  }
  assert.equal(server.contents(), before);
});

test('J20: multipart is read as recorded; one that is broken is refused, and a file is no text', async () => {
  const form = new FormData();
  for (const [name, value] of Object.entries(LOGIN)) form.append(name, value);
  assert.equal((await server.ask('/auth/login/', { method: 'POST', body: form })).status, 200);
  form.set('password', new Blob([PASSWORD]), 'password.txt');
  const withFile = await server.ask('/auth/login/', { method: 'POST', body: form });
  assert.deepEqual(withFile.body, { password: ['Not a valid string.'] });

  const broken = [
    ['multipart/form-data', '--x\r\n'],
    ['multipart/form-data; boundary=', '--x\r\n'],
    ['multipart/form-data; boundary=x', 'no boundary at all'],
    ['multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice'],
    ['multipart/form-data; boundary=x', '--x\r\n\r\nno name\r\n--x--\r\n'],
  ] as const;
  for (const [type, body] of broken) {
    const answer = await server.ask('/auth/login/', { method: 'POST', body, headers: { 'content-type': type } });
    assert.equal(answer.status, 400, `${type} ${body}`);
    assert.match(memberOf(answer.body, 'detail'), /^Multipart form parse error - /);
  }
});
