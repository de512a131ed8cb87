/** ID tokens that a client brings: each that is not right in one place is refused, and nothing is written for it. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { memberOf } from '../http/serving.ts';
import { opened } from './opened.ts';
import { atHashOf, CLIENT, otherKeys, type StandIn } from './stand-in.ts';

const INCORRECT = { non_field_errors: ['Incorrect value'] };

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Every way of being wrong, made from a token that would be right. */
const wrong: Readonly<Record<string, (provider: StandIn) => string>> = {
  'another issuer': (provider) => provider.idToken({ iss: 'https://evil.example' }),
  'an issuer that is ours but for a slash': (provider) => provider.idToken({ iss: `${provider.url}/` }),
  'no issuer': (provider) => provider.idToken({ iss: undefined }),
  'another audience': (provider) => provider.idToken({ aud: 'another-client' }),
  'no audience': (provider) => provider.idToken({ aud: undefined }),
  'several audiences, and no azp': (provider) => provider.idToken({ aud: [CLIENT.clientId, 'another-client'] }),
  'several audiences, and azp of another': (provider) =>
    provider.idToken({ aud: [CLIENT.clientId, 'another-client'], azp: 'another-client' }),
  'no subject': (provider) => provider.idToken({ sub: undefined }),
  'a subject that is a number': (provider) => provider.idToken({ sub: 5 }),
  'an empty subject': (provider) => provider.idToken({ sub: '' }),
  expired: (provider) => provider.idToken({ exp: Math.floor(Date.now() / 1000) - 60 }),
  'no expiry': (provider) => provider.idToken({ exp: undefined }),
  'no time of issue': (provider) => provider.idToken({ iat: undefined }),
  'not yet good': (provider) => provider.idToken({ nbf: Math.floor(Date.now() / 1000) + 3600 }),
  'signed by another key': (provider) => provider.idToken({}, {}, otherKeys.privateKey),
  'an unknown key': (provider) => provider.idToken({}, { kid: 'k2' }),
  'a key of its own in its header': (provider) =>
    provider.idToken({}, { kid: undefined, jwk: otherKeys.publicKey.export({ format: 'jwk' }) }, otherKeys.privateKey),
  'critical extensions': (provider) => provider.idToken({}, { crit: ['b64'], b64: false }),
  'a changed payload'(provider) {
    const [head, , signature] = provider.idToken({}).split('.');
    return [head, encoded({ ...provider.usual(), sub: 'somebody-else' }), signature].join('.');
  },
  'alg none': (provider) => `${encoded({ alg: 'none', kid: 'k1' })}.${encoded(provider.usual())}.eA`,
  'HS256 with the public key'(provider) {
    const parts = `${encoded({ alg: 'HS256', kid: 'k1' })}.${encoded(provider.usual())}`;
    const key = JSON.stringify(provider.metadata.jwks_uri);
    return `${parts}.${createHmac('sha256', key).update(parts).digest('base64url')}`;
  },
  'an algorithm that the issuer does not have': (provider) => provider.idToken({}, { alg: 'PS256' }),
  'no JSON': () => 'aaaa.bbbb.cccc',
};

describe('F4: an ID token that a client brings', () => {
  for (const [what, make] of Object.entries(wrong)) {
    test(`is refused with ${what}`, async () => {
      await using open = await opened();
      const { server, provider } = open;
      const { status, body } = await server.post('/auth/social/acme/', { id_token: make(provider) });
      assert.equal(status, 400);
      assert.deepEqual(body, INCORRECT);
      assert.equal(server.rows('SELECT id FROM account').length, 0);
      assert.deepEqual(server.errors, []);
    });
  }

  test('is taken where all of it is right, as often as it is good', async () => {
    await using open = await opened({ acme: { otherClientIds: ['our-app'] } });
    const { server, provider } = open;
    const idToken = provider.idToken({});
    for (const id_token of [idToken, idToken, provider.idToken({ aud: 'our-app' })]) {
      const { status, body } = await server.post('/auth/social/acme/', { id_token });
      assert.equal(status, 200);
      assert.notEqual(memberOf(body, 'key'), '');
      assert.equal(await server.isLive(memberOf(body, 'key')), true);
    }
    assert.equal((await server.auth.accounts.list()).length, 1);
  });

  test('is compared with the nonce that the client tells, and with the access token beside it', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const post = async (given: object) => (await server.post('/auth/social/acme/', given)).status;
    const withNonce = provider.idToken({ nonce: 'n1' });
    assert.equal(await post({ id_token: withNonce, nonce: 'n1' }), 200);
    assert.equal(await post({ id_token: withNonce, nonce: 'n2' }), 400);
    assert.equal(await post({ id_token: provider.idToken({}), nonce: 'n1' }), 400);
    const withHash = provider.idToken({ at_hash: atHashOf('at-1') });
    assert.equal(await post({ id_token: withHash, access_token: 'at-1' }), 200);
    assert.equal(await post({ id_token: withHash, access_token: 'at-2' }), 400, 'F5');
  });

  test('F4: of one provider is refused at another', async () => {
    await using open = await opened();
    const { server, provider, other } = open;
    assert.equal((await server.post('/auth/social/other/', { id_token: provider.idToken({}) })).status, 400);
    assert.equal((await server.post('/auth/social/other/', { id_token: other.idToken({}) })).status, 200);
  });

  test('F16: ten thousand unknown keys make one request for keys', async () => {
    await using open = await opened();
    const { server, provider } = open;
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        server.post('/auth/social/acme/', { id_token: provider.idToken({}, { kid: `k-${at}` }) }),
      ),
    );
    for (let at = 0; at < 50; at++) {
      await server.post('/auth/social/acme/', { id_token: provider.idToken({}, { kid: `l-${at}` }) });
    }
    assert.equal(provider.askedAt('/jwks').length, 1);
    assert.equal(provider.askedAt('/.well-known/openid-configuration').length, 1);
  });

  test('F16: a key that nobody knows has keys asked for once a minute at most, as time goes on', async (t) => {
    await using open = await opened();
    const { server, provider } = open;
    const bring = async (kid: string) =>
      (await server.post('/auth/social/acme/', { id_token: provider.idToken({}, { kid }) })).status;
    const start = Date.now();
    t.mock.timers.enable({ apis: ['Date'], now: start });
    assert.equal(await bring('k1'), 200);
    for (const [seconds, asked] of [
      [1, 1],
      [59, 1],
      [61, 2],
      [62, 2],
      [119, 2],
      [122, 3],
    ] as const) {
      t.mock.timers.setTime(start + seconds * 1000);
      const all = await Promise.all(Array.from({ length: 20 }, (_, at) => bring(`k-${seconds}-${at}`)));
      assert.ok(all.every((status) => status === 400));
      assert.equal(provider.askedAt('/jwks').length, asked, `after ${seconds} seconds`);
    }
    assert.equal(await bring('k1'), 200, 'the right key is known all the while');
  });

  test('F5: at_hash under an algorithm that nobody knows is not taken for right', async () => {
    for (const alg of ['XS256', 'ES256K', 'none', 'HS256', 'RS1']) {
      await using open = await opened();
      const { server, provider } = open;
      const metadata = { ...provider.metadata, id_token_signing_alg_values_supported: ['RS256', alg] };
      provider.says.set('/.well-known/openid-configuration', () => ({ json: metadata }));
      for (const hash of [atHashOf('at-1'), '', 'x']) {
        const id_token = provider.idToken({ at_hash: hash, c_hash: hash }, { alg });
        const { status } = await server.post('/auth/social/acme/', { id_token, access_token: 'at-1' });
        assert.equal(status, 400, `${alg} ${hash}`);
      }
      const right = provider.idToken({ at_hash: atHashOf('at-1') });
      assert.equal((await server.post('/auth/social/acme/', { id_token: right, access_token: 'at-1' })).status, 200);
    }
  });

  test('a network that brings one after another is told to wait', async () => {
    await using open = await opened({ rateLimits: 'on', attempts: { perNetwork: '5/min' } });
    const { server, provider } = open;
    const statuses: number[] = [];
    for (let at = 0; at < 7; at++) {
      const { status } = await server.post('/auth/social/acme/', { id_token: provider.idToken({ aud: 'x' }) });
      statuses.push(status);
    }
    assert.deepEqual(statuses, [400, 400, 400, 400, 400, 429, 429]);
  });
});
