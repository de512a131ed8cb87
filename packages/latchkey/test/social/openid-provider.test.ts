/** Against a real OpenID provider: the whole way there and back, its errors, and what its clients bring. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { ProviderOptions } from '../../src/social-options.ts';
import { memberOf, testServer } from '../http/serving.ts';
import { Browser } from '../pages/browser.ts';
import { openIdProvider } from './openid-provider.ts';
import { CLIENT } from './stand-in.ts';
import { assertEntered, assertFailed, go, whoIs } from './trip.ts';

const CALLBACK = 'http://127.0.0.1:8787/auth/social/acme/callback/';
const ANN = { sub: 'ann-1', email: 'ann@example.com', email_verified: true, given_name: 'Ann', family_name: 'Lee' };

async function opened(given: Partial<ProviderOptions> = {}) {
  const provider = await openIdProvider(CALLBACK);
  provider.state.person = ANN;
  const acme = { issuer: provider.url, ...CLIENT, ...given };
  const server = await testServer({ social: { providers: { acme } } });
  return {
    provider,
    server,
    browser: new Browser(server),
    /** There and back. */
    async trip(browser = new Browser(server)) {
      const came = await provider.visit(await go(browser));
      return { browser, came, answer: await back(browser, came) };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const back = (browser: Browser, { pathname, search }: URL) =>
  browser.look(pathname + search, { 'sec-fetch-site': 'cross-site' });

/** A code, or what it is exchanged for, that some client got for itself. */
async function codeFor(provider: Awaited<ReturnType<typeof openIdProvider>>, clientId: string, verifier: string) {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid email profile',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return (await provider.visit(`${provider.url}/auth?${query}`)).searchParams.get('code') ?? '';
}

async function tokensFor(
  provider: Awaited<ReturnType<typeof openIdProvider>>,
  { clientId, clientSecret }: { readonly clientId: string; readonly clientSecret: string },
) {
  const verifier = 'v'.repeat(43);
  const code = await codeFor(provider, clientId, verifier);
  const body = new URLSearchParams({
    ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier },
  });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const response = await fetch(`${provider.url}/token`, { method: 'POST', body, headers: { authorization } });
  return (await response.json()) as { readonly access_token: string; readonly id_token: string };
}

describe('a real OpenID provider', () => {
  test('signs somebody in and in again, by its ID token and what it says of them', async () => {
    await using open = await opened();
    const first = await open.trip();
    assertEntered(first.answer);
    assert.equal(await whoIs(first.browser), 'ann');
    const [ann] = await open.server.auth.accounts.list();
    assert.deepEqual([ann?.email, ann?.emailVerified, ann?.firstName], ['ann@example.com', true, 'Ann']);
    open.provider.state.person = { ...ANN, email: 'moved@example.com' };
    const second = await open.trip();
    assertEntered(second.answer);
    assert.equal(await whoIs(second.browser), 'ann');
  });

  test('step-up: whoever is signed in there is asked again, and what the provider did not say it asked is refused', async () => {
    await using open = await opened();
    const { browser, provider } = open;
    const jar = new Map<string, string>();
    const trip = async (query: string, change = (_: URL): void => undefined) => {
      const to = await go(browser, 'acme', query);
      change(to);
      return await back(browser, await provider.visit(to, jar));
    };
    assertEntered(await trip(''));
    assertEntered(await trip(''));
    assert.equal(provider.state.asked, 1, 'who is known there is not asked');
    assert.match((await browser.look('/login/?again=1&next=/account/')).text, /begin\/\?next=[^"]*again=1"/);
    assertEntered(await trip('?again=1'));
    assert.equal(provider.state.asked, 2);
    const stripped = await trip('?again=1', ({ searchParams }) => {
      for (const name of ['prompt', 'max_age']) searchParams.delete(name);
    });
    assertFailed(stripped);
    assert.equal(provider.state.asked, 2);
  });

  test('F1, F19: what comes back works once, and of two at once one wins', async () => {
    await using open = await opened();
    const { browser, provider, server } = open;
    const came = await provider.visit(await go(browser));
    const twin = new Browser(server);
    for (const [name, value] of browser.cookies) twin.cookies.set(name, value);
    const answers = await Promise.all([back(browser, came), back(twin, came)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [302, 400]);
    assert.equal(server.rows('SELECT id FROM session').length, 1);
    const late = new Browser(server);
    for (const [name, value] of twin.cookies) late.cookies.set(name, value);
    assertFailed(await back(late, came));
  });

  test('F2: a code of one way is refused in another, of the same browser too', async () => {
    await using open = await opened();
    const { browser, provider, server } = open;
    const stolen = (await provider.visit(await go(browser))).searchParams.get('code') ?? '';
    const came = await provider.visit(await go(browser));
    came.searchParams.set('code', stolen);
    assertFailed(await back(browser, came));
    assert.equal(server.rows('SELECT id FROM session').length, 0);
  });

  test('F14: somebody who refuses there, and a client that is not known there, get the one page', async () => {
    await using open = await opened();
    open.provider.state.isDenied = true;
    const refused = await open.trip();
    assert.equal(refused.came.searchParams.get('error'), 'access_denied');
    assertFailed(refused.answer);
    assert.doesNotMatch(refused.answer.text, /555|access_denied/);
    await using unknown = await opened({ clientSecret: 'wrong-secret' });
    assertFailed((await unknown.trip()).answer);
  });

  test('takes a code, an ID token and an access token that clients of ours bring', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const { access_token, id_token } = await tokensFor(provider, CLIENT);
    const verifier = 'w'.repeat(43);
    const code = await codeFor(provider, CLIENT.clientId, verifier);
    for (const brought of [
      { id_token },
      { access_token },
      { access_token, id_token },
      { code, code_verifier: verifier },
    ]) {
      const { status, body, text } = await server.post('/auth/social/acme/', brought);
      assert.equal(status, 200, `${Object.keys(brought)}: ${text}`);
      assert.equal(await server.isLive(memberOf(body, 'key')), true);
    }
    assert.equal((await server.auth.accounts.list()).length, 1);
    const twice = await server.post('/auth/social/acme/', { code, code_verifier: verifier });
    assert.deepEqual(twice.body, { non_field_errors: ['Failed to exchange code for access token'] });
    const unproven = await codeFor(provider, CLIENT.clientId, verifier);
    assert.equal((await server.post('/auth/social/acme/', { code: unproven })).status, 400, 'without its proof key');
  });

  test('a code is not used up by a client that is told to come again with a proof of its key', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const verifier = 'w'.repeat(43);
    const brought = { code: await codeFor(provider, CLIENT.clientId, verifier), code_verifier: verifier };
    const first = await server.post('/auth/social/acme/', brought, { headers: { dpop: 'no proof' } });
    assert.equal(first.headers.get('latchkey-reason'), 'invalid_dpop_proof');
    assert.equal((await server.post('/auth/social/acme/', brought)).status, 200);
  });

  test('F4: refuses what another app of the same provider got for its users', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const { access_token, id_token } = await tokensFor(provider, {
      clientId: 'another-app',
      clientSecret: 'another-secret',
    });
    for (const brought of [{ access_token }, { id_token }, { access_token: 'made-up' }]) {
      const { status, body } = await server.post('/auth/social/acme/', brought);
      assert.deepEqual([status, body], [400, { non_field_errors: ['Incorrect value'] }]);
    }
    const elsewhere = await server.post('/auth/social/acme/', { code: 'c', callback_url: 'https://evil.example/' });
    assert.deepEqual(elsewhere.body, { callback_url: ['Not among the callback URLs of this provider.'] });
  });
});
