/** Names that JavaScript gives a meaning to are names like any other. The server runs in this process: what it did would show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandardSchema } from '../../src/http/extra-fields.ts';
import { bodyPlacesOf } from './route-fields.ts';
import { PASSWORD, type TestServer, testServer } from './serving.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

/** A host's schema that keeps whatever it is given. */
const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
};

/** A host's schema that complains of every member, under its name. */
const nothing: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({
      issues: Object.keys(Object(value)).map((name) => ({ message: 'Unknown.', path: [name] })),
    }),
  },
};

const JSON_BODIES = [
  '{"__proto__":{"polluted":1,"username":"alice","password":"x"}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"prototype":{"polluted":1},"__proto__":5,"toString":1,"hasOwnProperty":"x"}',
  '{"username":{"__proto__":{"polluted":1}},"a":[{"__proto__":{"polluted":1}}]}',
  '{"__proto__":"polluted","__defineGetter__":{},"length":-1,"then":"x"}',
];

const FORM_BODIES = [
  '__proto__=polluted&a[__proto__][polluted]=1&a.__proto__.polluted=1',
  'constructor[prototype][polluted]=1&__proto__[polluted]=1&constructor=x',
];

function assertUnpolluted(what: string): void {
  assert.equal(Reflect.get({}, 'polluted'), undefined, what);
  assert.equal(Reflect.get([], 'polluted'), undefined, what);
}

async function sendEverywhere(server: TestServer, key: string, body: string, headers: Record<string, string>) {
  for (const { path, method } of bodyPlacesOf(server.assembled.parts.settings)) {
    const { status } = await server.ask(`${path}?a[__proto__][polluted]=1&__proto__=1`, { method, key, body, headers });
    assert.ok(status < 500, `${method} ${path} ${body}`);
    assertUnpolluted(`${method} ${path} ${body}`);
  }
  assert.deepEqual(server.errors, []);
}

test('J2: __proto__, constructor and prototype as names change nothing but the body that has them', async () => {
  await using server = await testServer({ fields: anything });
  const key = await server.register('alice');
  // Without the last path: a signed-in DELETE of one's own account would go through.
  for (const body of JSON_BODIES) await sendEverywhere(server, key, body, JSON_TYPE);
  for (const body of FORM_BODIES) await sendEverywhere(server, key, body, FORM_TYPE);
});

test('J2: no more do they in JWT mode', async () => {
  await using server = await testServer({ fields: anything, jwt: { use: true } });
  const access = await server.register('alice');
  for (const body of JSON_BODIES) await sendEverywhere(server, access, body, JSON_TYPE);
  for (const body of FORM_BODIES) await sendEverywhere(server, access, body, FORM_TYPE);
});

test('J2: where the host keeps them, they are kept as plain data', async () => {
  await using server = await testServer({ fields: anything });
  const key = await server.register('alice');
  const given = '{"__proto__":{"is_staff":true,"pk":7},"constructor":{"prototype":{"polluted":1}}}';
  const changed = await server.ask('/auth/user/', { method: 'PATCH', key, body: given, headers: JSON_TYPE });
  assert.equal(changed.status, 200, changed.text);
  const { text } = await server.ask('/auth/user/', { key });
  const names = '"pk":1,"username":"alice","email":"","first_name":"","last_name":""';
  assert.equal(text, `{${names},${given.slice(1)}`);
  assertUnpolluted('the profile');
  assert.equal(Reflect.get(JSON.parse(text), 'is_staff'), undefined);
});

test('J2: a host that complains of them is heard', async () => {
  await using server = await testServer({ fields: nothing });
  const body = `{"username":"bob","password1":"${PASSWORD}","password2":"${PASSWORD}","__proto__":1,"constructor":1}`;
  const answer = await server.ask('/auth/registration/', { method: 'POST', body, headers: JSON_TYPE });
  assert.equal(answer.status, 400);
  assert.equal(answer.text, '{"__proto__":["Unknown."],"constructor":["Unknown."]}');
  assert.deepEqual(server.errors, []);
});
