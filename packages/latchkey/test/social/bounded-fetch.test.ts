/** F15: where a provider is asked, and how much of its answer is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchFor } from '../../src/credentials/social/bounded-fetch.ts';
import { opened } from './opened.ts';
import { standIn } from './stand-in.ts';

const GET = { method: 'GET', headers: {} };

test('F15: a provider of https sends nobody to plain http, nor one of this machine elsewhere', async () => {
  await using here = await standIn();
  const ofHttps = fetchFor({ issuer: 'https://id.example', endpoints: null });
  await assert.rejects(ofHttps(`${here.url}/jwks`, GET), /only https/);
  const ofHere = fetchFor({ issuer: here.url, endpoints: null });
  await assert.rejects(ofHere('http://192.0.2.1/', GET), /only https/);
  await assert.rejects(ofHere('file:///etc/hosts', GET), /only https/);
  assert.equal(here.asked.length, 0);
  assert.equal((await ofHere(`${here.url}/jwks`, GET)).status, 200);
});

test('F15: an answer of more than a megabyte is not read', async () => {
  await using here = await standIn();
  const ask = fetchFor({ issuer: here.url, endpoints: null });
  here.says.set('/long', () => ({ text: 'x'.repeat(1_000_001) }));
  await assert.rejects(ask(`${here.url}/long`, GET), /too long/);
  here.says.set('/long', () => ({ text: 'x'.repeat(1_000_000) }));
  assert.equal((await (await ask(`${here.url}/long`, GET)).text()).length, 1_000_000);
});

for (const path of ['/.well-known/openid-configuration', '/jwks', '/token', '/userinfo']) {
  test(`F15: where ${path} sends on to another place, nobody goes`, async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      await using open = await opened();
      const { provider, other, server, browser } = open;
      const isFromStart = path === '/.well-known/openid-configuration';
      provider.says.set('/.well-known/openid-configuration', () => ({
        json: { ...provider.metadata, userinfo_endpoint: `${provider.url}/userinfo` },
      }));
      provider.says.set(path, () => ({ status, location: `${other.url}/jwks`, json: {} }));
      const gone = await browser.look('/auth/social/acme/begin/');
      assert.equal(gone.status, isFromStart ? 400 : 303);
      const sent = new URL(gone.headers.get('location') ?? provider.url).searchParams;
      const nonce = sent.get('nonce');
      if (path !== '/token') provider.identifies({ nonce, sub: 'a' });
      const query = new URLSearchParams({ code: 'c', state: sent.get('state') ?? '' });
      assert.equal((await browser.look(`/auth/social/acme/callback/?${query}`)).status, 400);
      assert.ok(provider.askedAt(path).length > 0);
      assert.equal(other.asked.length, 0);
      assert.equal(server.rows('SELECT id FROM account').length, 0);
    }
  });
}
