/** Paths in every spelling: the route that is meant, under the same checks, or none. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { placesOf } from './route-fields.ts';
import { PASSWORD, testServer } from './serving.ts';

const server = await testServer();
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice');

const at = (path: string, method = 'GET', lines = ''): Promise<string> =>
  server.raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`);

/** Read as the path that they spell, once: with all of its checks. */
const SAME = [
  '/auth/session',
  '/auth/session/',
  '/auth/session/?x=1',
  '/auth/session?x=1&x=2',
  '/auth/%73ession/',
  '/%61uth/session/',
  '/auth/./session/',
  '/auth/x/../session/',
  '/auth/%2e/session/',
  '/auth/x/%2e%2e/session/',
  '/../../auth/session/',
];

test('J18, B8: a path that spells a route in other ways is that route, with the same checks', async () => {
  for (const path of SAME) {
    assert.match(await at(path), /^HTTP\/1.1 401 /, path);
    assert.match(await at(path, 'GET', `Authorization: Token ${key}\r\n`), /^HTTP\/1.1 200 /, path);
    assert.match(await at(path, 'POST', 'Sec-Fetch-Site: cross-site\r\n'), /^HTTP\/1.1 403 /, path);
  }
});

/** No route, whatever a proxy in front may think of them. */
const NONE = [
  '//auth/session/',
  '/auth//session/',
  '/auth/session//',
  '/auth%2fsession/',
  '/auth%2Fsession%2F',
  '/auth/%2e%2e%2fauth/session/',
  '/auth/%252e%252e/session/',
  '/auth/%2573ession/',
  '/auth/session;jsessionid=1/',
  '/auth/session/;/',
  '/auth;x/session/',
  '/AUTH/SESSION/',
  '/Auth/session/',
  '/auth/session%00/',
  '/auth/session%20/',
  '/auth/session.json',
  '/auth/session/x.css',
  '/auth/session%0d%0aX:y/',
  '/auth/%c0%ae%c0%ae/session/',
  '/auth/..%c0%afsession/',
  '/auth/%u0073ession/',
  '/auth/%/session/',
  '/auth/%C5%BFession/',
  '/auth/%EF%BC%8Fsession/',
  '/session/',
  '/auth',
];

test('J18, N8: a path that is no route is 404, with a credential too', async () => {
  for (const path of NONE) {
    for (const lines of ['', `Authorization: Token ${key}\r\n`]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        assert.match(await at(path, method, lines), /^HTTP\/1.1 404 /, `${method} ${path}`);
      }
    }
  }
  assert.equal(await server.isLive(key), true);
});

test('J18: a path with a backslash, a blank, or no slash before it is refused', async () => {
  for (const path of [
    '/auth\\session/',
    '\\auth\\session\\',
    '/auth/session/ x',
    'auth/session/',
    '*',
    '?',
    '/auth/ſession/',
  ]) {
    assert.match(await at(path, 'GET', `Authorization: Token ${key}\r\n`), /^HTTP\/1.1 400 /, path);
  }
});

test('J18: what stands in the path where a route has a name is decoded once', async () => {
  const [own] = server.rows('SELECT id FROM session');
  const id = String(own?.['id']);
  const end = (spelled: string) =>
    at(`/auth/sessions/${spelled}/`, 'DELETE', `Authorization: Token ${key}\r\nContent-Length: 0\r\n`);
  const twice = id.replace('_', '%255F');
  for (const spelled of [
    twice,
    `${id}%00`,
    `%20${id}`,
    id.toUpperCase(),
    `${id}%2F`,
    `x%2F..%2F${id}`,
    '%',
    '%zz',
    '%c0%af',
  ]) {
    assert.match(await end(spelled), /^HTTP\/1.1 404 /, spelled);
  }
  assert.match(await end(id.replace('_', '%5F')), /^HTTP\/1.1 204 /);
});

test('J18: an absolute target is read by its path alone', async () => {
  const mine = await server.signIn('alice');
  const lines = `Authorization: Token ${mine}\r\n`;
  assert.match(await at('http://evil.example/auth/session/', 'GET', lines), /^HTTP\/1.1 200 /);
  assert.match(await at('http://evil.example/nothing/', 'GET', lines), /^HTTP\/1.1 404 /);
  assert.match(await at('ftp://evil.example/auth/session/', 'GET', lines), /^HTTP\/1.1 400 /);
});

test('V4.1.4, C13: methods that a route does not have are 405 with Allow, and no header or field makes one of another', async () => {
  const mine = await server.signIn('alice');
  const before = server.contents();
  for (const { path, route } of placesOf(server.assembled.parts.settings)) {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'GET', 'PROPFIND', 'TRACE', 'QUERY', 'LINK']) {
      if (method in route.methods) continue;
      const answer = await at(path, method, `Authorization: Token ${mine}\r\nContent-Length: 0\r\n`);
      assert.match(answer, /^HTTP\/1.1 405 /, `${method} ${path}`);
      assert.match(answer, new RegExp(`\r\nallow: ${route.allow}\r\n`, 'i'));
      assert.match(answer, new RegExp(`Method \\\\"${method}\\\\" not allowed`));
    }
  }
  const headers = { 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE', 'x-method-override': 'DELETE' };
  const json = { _method: 'DELETE', password: PASSWORD };
  assert.equal((await server.post('/auth/user/?_method=DELETE', json, { key: mine, headers })).status, 405);
  assert.equal((await server.ask('/auth/user/?_method=DELETE', { key: mine, headers })).status, 200);
  assert.equal(server.contents(), before);
});
