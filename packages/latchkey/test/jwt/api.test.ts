/** JWT mode as dj-rest-auth has it: what is answered, what the cookies are, what signs out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { TEST_ORIGIN } from '../../src/testing/instance.ts';
import { listen } from '../events/listening.ts';
import { PASSWORD } from '../http/serving.ts';
import { jwtServer, partsIn } from './tokens.ts';

const CREDENTIALS = { username: 'alice', password: PASSWORD };
const SECRET = 'a secret of tokens that is long enough';

describe('what is answered', () => {
  test('a sign-in and a sign-up have both tokens, and whose they are', async () => {
    await using server = await jwtServer({ jwt: { returnExpiration: true } });
    await server.register('alice');
    const { body, headers } = await server.post('/auth/login/', CREDENTIALS);
    const { access, refresh, device, ...rest } = body as Record<string, string>;
    assert.deepEqual(Object.keys(body as object).slice(0, 5), [
      ...['access', 'refresh', 'user', 'access_expiration', 'refresh_expiration'],
    ]);
    assert.deepEqual(rest, {
      user: { pk: 1, username: 'alice', email: '', first_name: '', last_name: '' },
      access_expiration: '2026-01-01T12:05:00.000Z',
      refresh_expiration: '2026-01-02T12:00:00.000Z',
    });
    assert.match(device ?? '', /^ld_/);
    assert.match(headers.getSetCookie().join(), /^latchkey=/, 'and the cookie beside them, of the same session');
    assert.equal((await server.auth.sessions.list(1)).length, 1);
    assert.equal(await server.check(access ?? ''), '200');
    assert.equal(await server.check(refresh ?? ''), '401 invalid_token');
    const { header, payload } = partsIn(access ?? '');
    assert.deepEqual(header, { alg: 'ES256', typ: 'at+jwt', kid: header['kid'] });
    assert.deepEqual(
      [
        payload['token_type'],
        payload['user_id'],
        payload['iss'],
        payload['aud'],
        Number(payload['exp']) - Number(payload['iat']),
      ],
      ['access', 1, TEST_ORIGIN, TEST_ORIGIN, 300],
    );
    assert.match(String(payload['jti']), /^[0-9a-f]{32}$/);
  });

  test('there is no key, nor a way to one', async () => {
    await using server = await jwtServer();
    await server.register('alice');
    for (const path of ['/auth/signin/', '/api/token/'])
      assert.equal((await server.post(path, CREDENTIALS)).status, 404, path);
    assert.equal(server.auth.serves('/api/token/'), false);
    const { headers } = await server.post('/auth/login/', CREDENTIALS);
    const token = /latchkey=([^;]+)/.exec(headers.getSetCookie().join())?.[1] ?? assert.fail();
    assert.equal(await server.check(token), '401 invalid_token', 'what is in the cookie is no token');
    assert.equal((await server.ask('/auth/session/', { key: token })).status, 401);
  });

  test('a host asks by the same token', async () => {
    await using server = await jwtServer();
    const { access } = await server.register('alice');
    const who = await server.auth.authenticate({ authorization: `Bearer ${access}` });
    assert.ok(who.signedIn);
    assert.equal(who.account.id, 1);
    const ended = once(who.signal, 'abort');
    await server.signIn('alice');
    await ended;
    const gone = await server.auth.authenticate({ authorization: `Bearer ${access}` });
    assert.ok(!gone.signedIn);
    assert.equal(gone.code, 'session_displaced');
    const answer = gone.respond();
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="api"');
    const body = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual(
      [body['detail'], body['code'], body['messages']],
      [
        'Given token not valid for any token type',
        'token_not_valid',
        [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is blacklisted' }],
      ],
    );
    assert.equal(answer.headers.get('latchkey-reason'), 'session_displaced');
  });

  for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
    test(`${algorithm}: whoever reads jwks.json can check a token`, async () => {
      await using server = await jwtServer({ jwt: { algorithm } });
      const { access } = await server.register('alice');
      const { body, headers } = await server.ask('/auth/jwks.json');
      const keys = body as Parameters<typeof createLocalJWKSet>[0];
      assert.match(headers.get('cache-control') ?? '', /max-age=/);
      for (const key of keys.keys) {
        assert.equal(key.alg, algorithm);
        for (const secret of ['d', 'p', 'q', 'k']) assert.equal(secret in key, false);
      }
      const expected = {
        issuer: TEST_ORIGIN,
        audience: TEST_ORIGIN,
        typ: 'at+jwt',
        currentDate: new Date(server.clock()),
      };
      const { payload } = await jwtVerify(access, createLocalJWKSet(keys), expected);
      assert.equal(payload['user_id'], 1);
      assert.equal(await server.check(access), '200');
    });
  }

  test('HS256: by the secret that others share; an older one is good until it is taken away', async () => {
    await using server = await jwtServer({ jwt: { algorithm: 'HS256', secret: SECRET } });
    const { access } = await server.register('alice');
    const { payload } = await jwtVerify(access, Buffer.from(SECRET), { currentDate: new Date(server.clock()) });
    assert.equal(payload['token_type'], 'access');
    assert.equal((await server.ask('/auth/jwks.json')).status, 404, 'a secret is nobody’s to read');
  });
});

describe('cookies', () => {
  const cookies = { cookie: 'access', refreshCookie: 'refresh', refreshCookiePath: '/auth/token/' } as const;

  test('are as they are set, taken back at a sign-out, and good for requests of our own origin alone', async () => {
    await using server = await jwtServer({
      origin: 'https://shop.example',
      jwt: { ...cookies, httpOnly: true, cookieSameSite: 'Strict', cookieDomain: 'shop.example' },
      django: { sessionLogin: false },
    });
    await server.register('alice');
    const { body, headers } = await server.post('/auth/login/', CREDENTIALS);
    assert.equal((body as { refresh: string }).refresh, '');
    const [access = '', refresh = '', ...others] = headers.getSetCookie();
    assert.deepEqual(others, []);
    const terms = (path: string, age: number) =>
      `; Domain=shop.example; HttpOnly; Max-Age=${age}; Path=${path}; SameSite=Strict; Secure`;
    assert.ok(access.startsWith('access=ey') && access.endsWith(terms('/', 300)), access);
    assert.ok(refresh.startsWith('refresh=ey') && refresh.endsWith(terms('/auth/token/', 86_400)), refresh);
    const cookie = `${access.split(';')[0]}; ${refresh.split(';')[0]}`;

    const foreign = { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    for (const path of ['/auth/token/refresh/', '/auth/logout/', '/auth/password/change/']) {
      const answer = await server.post(path, {}, { headers: foreign });
      assert.equal(answer.headers.get('latchkey-reason'), 'origin_not_allowed', path);
    }
    const refreshed = await server.post('/auth/token/refresh/', {}, { headers: { cookie } });
    assert.equal(refreshed.status, 200);
    assert.deepEqual(Object.keys(refreshed.body as object), ['access', 'access_expiration']);
    const renewed = refreshed.headers.getSetCookie();
    assert.deepEqual(
      renewed.map((one) => one.split('=')[0]),
      ['access', 'refresh'],
    );

    const out = await server.post(
      '/auth/logout/',
      {},
      { headers: { cookie: renewed.map((one) => one.split(';')[0]).join('; ') } },
    );
    assert.deepEqual(
      out.headers.getSetCookie().map((one) => /^(\w+=);.*Max-Age=0/.exec(one)?.[1]),
      ['access=', 'refresh='],
    );
    assert.equal((await server.auth.sessions.list(1)).length, 0);
  });

  test('a header goes before them, and a dead one keeps nobody from signing in', async () => {
    await using server = await jwtServer({ jwt: cookies, django: { sessionLogin: false } });
    const { access } = await server.register('alice');
    const statusOf = async (headers: Record<string, string>) => (await server.ask('/auth/user/', { headers })).status;
    assert.equal(await statusOf({ cookie: `access=${access}` }), 200);
    assert.equal(await statusOf({ cookie: `access=${access}`, authorization: 'Bearer x.y.z' }), 401);
    assert.equal(await statusOf({ cookie: `access=${access}`, authorization: 'Token abc' }), 401);
    const answer = await server.post('/auth/login/', CREDENTIALS, { headers: { cookie: 'access=garbage' } });
    assert.equal(answer.status, 200);
  });
});

describe('signing out', () => {
  test('ends the session: both tokens are dead at once', async () => {
    await using server = await jwtServer();
    const pair = await server.register('alice');
    const headers = { authorization: `Bearer ${pair.access}` };
    assert.equal((await server.post('/auth/logout/', {}, { headers })).status, 200);
    assert.equal(await server.check(pair.access), '401 signed_out');
    assert.equal((await server.refresh(pair.refresh)).said, '401 signed_out');
    assert.equal(await server.verify(pair.access), '400 signed_out');
  });

  test('by the refresh token alone, whatever became of the access token', async () => {
    await using server = await jwtServer();
    const { access, refresh } = await server.register('alice');
    server.clock.advance(301_000);
    const headers = { authorization: `Bearer ${access}` };
    const alone = await server.post('/auth/logout/', {}, { headers });
    assert.deepEqual(
      [alone.status, alone.headers.get('latchkey-reason')],
      [401, 'token_expired'],
      'nobody is told to be out who is not',
    );
    assert.equal((await server.auth.sessions.list(1)).length, 1);
    assert.equal((await server.post('/auth/logout/', { refresh }, { headers })).status, 200);
    assert.equal((await server.auth.sessions.list(1)).length, 0);
    assert.equal((await server.post('/auth/logout/', { refresh: null })).status, 200);
    assert.equal((await server.ask('/auth/logout/', { method: 'POST', body: '{' })).status, 200);
  });
});

describe('a stream of events', () => {
  test('that was opened by an access token is over with that token, and goes on by the next', async () => {
    await using server = await jwtServer({ jwt: { accessSeconds: 2 } });
    const { access, refresh } = await server.register('alice');
    const begun = performance.now();
    const stream = await listen(server.url, { headers: { authorization: `Bearer ${access}` } });
    assert.equal((await stream.next()).event, 'hello');
    assert.deepEqual(await stream.rest(), [], 'nothing has ended');
    assert.ok(performance.now() - begun < 10_000);
    const { pair } = await server.refresh(refresh);
    const again = await listen(server.url, { headers: { authorization: `Bearer ${pair.access}` } });
    assert.equal((await again.next()).event, 'hello');
    assert.equal(await server.auth.sessions.endAll(1), 1);
    assert.equal((await again.next('ended')).data['code'], 'session_revoked');
  });
});
