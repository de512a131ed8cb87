/** Pages of other origins: those on the list may read everything, the others nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { placesOf } from './route-fields.ts';
import { PASSWORD, testServer } from './serving.ts';

const APP = 'https://app.example';
const OTHER_APP = 'http://localhost:5173';

const server = await testServer({
  origin: 'https://accounts.example',
  corsOrigins: [APP, OTHER_APP],
  sessions: { limit: 'unlimited' },
});
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice');
const places = placesOf(server.assembled.parts.settings);

const ACCESS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
] as const;

/** Not on the list, however near. */
const STRANGERS = [
  'https://evil.example',
  'null',
  'http://app.example',
  'https://app.example:443',
  'https://app.example:8443',
  'https://app.example.evil.example',
  'https://evilapp.example',
  'https://app.example.',
  'https://app.example/',
  'https://APP.example',
  'https://sub.app.example',
  'https://app.example@evil.example',
  'https://app.example%2eevil.example',
  'https://app.exampl',
  'https://app-example',
  'https://app.example, https://evil.example',
  'https://evil.example https://app.example',
  'http://localhost',
  'http://localhost:51730',
  'http://127.0.0.1:5173',
  '*',
  '',
];

/** Every path, answered as well and refused in several ways. */
async function everyAnswer(origin: string, among = places) {
  const headers = { origin };
  const answers = [];
  for (const { path } of among) {
    for (const method of ['GET', 'OPTIONS', 'PATCH']) {
      answers.push(await server.ask(path, { method, key, headers }));
      answers.push(await server.ask(path, { method, headers }));
    }
    answers.push(await server.ask(path, { method: 'POST', headers, body: '{' }));
    answers.push(await server.ask(`${path}?format=xml`, { headers }));
  }
  const json = { username: 'alice', password: PASSWORD };
  answers.push(await server.post('/auth/login/', json, { headers }));
  return answers;
}

test('V3.4.2: an origin on the list is named exactly, with credentials and the headers that it may read', async () => {
  for (const origin of [APP, OTHER_APP]) {
    for (const { status, headers } of await everyAnswer(origin)) {
      assert.equal(headers.get('access-control-allow-origin'), origin, String(status));
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
      const exposed = headers.get('access-control-expose-headers')?.split(', ') ?? [];
      for (const name of ['WWW-Authenticate', 'Latchkey-Reason', 'Retry-After']) assert.ok(exposed.includes(name));
      assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
    }
  }
});

test('V3.4.2: no other origin is told anything, on any answer, and every answer varies by origin', async () => {
  const few = places.filter(({ path }) => /login|user|sessions\/$/.test(path));
  for (const [index, origin] of STRANGERS.entries()) {
    for (const { headers } of await everyAnswer(origin, index === 0 ? places : few)) {
      for (const name of ACCESS) assert.equal(headers.get(name), null, origin);
      assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
    }
  }
  for (const { path } of places) {
    const { headers } = await server.ask(path, { key });
    for (const name of ACCESS) assert.equal(headers.get(name), null);
    assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
  }
});

test('V3.4.2: a preflight is answered with the methods of its route, before any credential is looked at', async () => {
  for (const { path, route } of places) {
    const headers = {
      origin: APP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
      authorization: 'Token garbage',
    };
    const answer = await server.ask(path, { method: 'OPTIONS', headers });
    assert.equal(answer.status, 204, path);
    assert.equal(answer.text, '');
    assert.equal(answer.headers.get('access-control-allow-origin'), APP);
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
    assert.equal(answer.headers.get('access-control-allow-methods'), route.allow);
    const allowed = answer.headers.get('access-control-allow-headers')?.toLowerCase().split(', ') ?? [];
    for (const name of ['authorization', 'content-type', 'latchkey-device']) assert.ok(allowed.includes(name), name);
    assert.equal(answer.headers.get('access-control-max-age'), '600');
  }
});

test('V3.4.2: a preflight of any other origin is told nothing that a browser would take for a yes', async () => {
  for (const origin of STRANGERS) {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const answer = await server.ask('/auth/user/', { method: 'OPTIONS', headers });
    for (const name of ACCESS) assert.equal(answer.headers.get(name), null, origin);
  }
});

test('V3.4.2: an ordinary OPTIONS is still answered as recorded, for whoever asks', async () => {
  for (const origin of [APP, 'https://evil.example']) {
    const { status, body } = await server.ask('/auth/login/', { method: 'OPTIONS', headers: { origin } });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(Object(body)), ['name', 'description', 'renders', 'parses', 'actions']);
  }
  assert.equal((await server.ask('/auth/user/', { method: 'OPTIONS' })).status, 401);
  assert.equal((await server.ask('/auth/user/', { method: 'OPTIONS', key })).status, 200);
});

test('V3.4.2, C8: what a page of an origin on the list sends is taken, by cookie too', async () => {
  const headers = { origin: APP, 'sec-fetch-site': 'cross-site' };
  const json = { username: 'alice', password: PASSWORD };
  const signedIn = await server.post('/auth/login/', json, { headers });
  assert.equal(signedIn.status, 200);
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const ended = await server.post('/auth/sessions/end-others/', {}, { headers: { ...headers, cookie } });
  assert.equal(ended.status, 200);
});

test('V3.4.2: pages are for this origin alone: no other may read them, on the list or not', async () => {
  for (const path of ['/password/reset/', '/auth/registration/account-confirm-email/x/', '/nowhere/']) {
    const { headers } = await server.ask(path, { headers: { origin: APP } });
    for (const name of ACCESS) assert.equal(headers.get(name), null, path);
  }
});
