/** What is odd about each provider, as it is documented: its errors, its addresses, and how it says who a token is for. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import type { ProviderOptions } from '../../src/social-options.ts';
import { memberOf, PASSWORD, testServer } from '../http/serving.ts';
import { Browser } from '../pages/browser.ts';
import { CLIENT, type Claims, standIn } from './stand-in.ts';
import { assertEntered, assertFailed, back, go, whoIs } from './trip.ts';

const EMAIL = 'vic@example.com';

async function opened(name: string, more: Partial<ProviderOptions> = {}, options: LatchkeyOptions = {}) {
  const provider = await standIn();
  const { url } = provider;
  const hasApi = ['github', 'facebook', 'discord', 'x'].includes(name);
  const where = hasApi
    ? { endpoints: { authorization: `${url}/authorize`, token: `${url}/token`, api: `${url}/api` } }
    : { issuer: url };
  const secret = more.privateKey === undefined ? CLIENT : { clientId: CLIENT.clientId };
  const server = await testServer({ social: { providers: { [name]: { ...where, ...secret, ...more } } }, ...options });
  const { id } = await server.auth.accounts.create({
    username: 'vic',
    email: EMAIL,
    emailVerified: true,
    password: PASSWORD,
  });
  const json = (path: string, said: unknown, status = 200): void =>
    void provider.says.set(path, () => ({ status, json: said }));
  json('/token', { access_token: 'at-1', token_type: 'bearer', scope: '' });
  return {
    provider,
    server,
    json,
    /** The account that verified the address. */
    id,
    /** There and back; the account that it came to, or null. */
    async trip(claims?: Claims) {
      const browser = new Browser(server);
      const to = await go(browser, name);
      if (claims !== undefined) provider.identifies({ nonce: to.searchParams.get('nonce'), ...claims });
      const answer = await back(browser, to, { code: 'code-1' }, name);
      const username = await whoIs(browser);
      const account = username === null ? null : await server.auth.accounts.findByUsername(username);
      return { browser, to, answer, account };
    },
    post: async (given: object) => await server.post(`/auth/social/${name}/`, given),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const OCTOCAT = { id: 583231, login: 'octocat', name: 'Mona Lisa Octocat', email: null };

const address = (email: string, more: object = {}) => ({ email, verified: true, primary: false, ...more });

describe('GitHub', () => {
  test('an error comes with status 200, and is one', async () => {
    await using open = await opened('github');
    open.json('/token', {
      error: 'bad_verification_code',
      error_description: 'The code passed is incorrect or expired.',
    });
    const { answer } = await open.trip();
    assertFailed(answer);
    assert.deepEqual((await open.post({ code: 'c' })).body, {
      non_field_errors: ['Failed to exchange code for access token'],
    });
  });

  test('its primary address counts, if it is verified, on whatever page it stands', async () => {
    await using open = await opened('github');
    const pages = [
      Array.from({ length: 100 }, (_, at) => address(`a${at}@example.org`)),
      [address(EMAIL, { primary: true })],
    ];
    open.json('/api/user', OCTOCAT);
    open.provider.says.set('/api/user/emails', ({ query }) => ({ json: pages[Number(query.get('page')) - 1] ?? [] }));
    const { account, answer } = await open.trip();
    assertEntered(answer);
    assert.equal(account?.id, open.id);
    const [user] = open.provider.askedAt('/api/user');
    assert.equal(user?.headers['authorization'], 'Bearer at-1');
    assert.notEqual(user?.headers['user-agent'] ?? '', '', 'it refuses whoever has no name');
    assert.equal(open.provider.askedAt('/api/user/emails').length, 2);
  });

  test('F6: one that is not verified, and the one in the profile, link nothing', async () => {
    await using open = await opened('github');
    open.json('/api/user', { ...OCTOCAT, email: EMAIL });
    open.json('/api/user/emails', [address(EMAIL, { primary: true, verified: false })]);
    const { account, answer } = await open.trip();
    assertEntered(answer);
    assert.notEqual(account?.id, open.id);
    assert.deepEqual([account?.username, account?.email, account?.emailVerified], ['octocat', EMAIL, false]);
    assert.deepEqual([account?.firstName, account?.lastName], ['Mona', 'Lisa Octocat']);
  });

  test('without the right to read addresses there is none; pages without end have one', async () => {
    await using open = await opened('github');
    open.json('/api/user', OCTOCAT);
    open.json('/api/user/emails', { message: 'Not Found' }, 404);
    assertFailed((await open.trip()).answer);
    open.provider.says.set('/api/user/emails', () => ({
      json: Array.from({ length: 100 }, () => address('x@example.org', { verified: false })),
    }));
    assertEntered((await open.trip()).answer);
    assert.equal(open.provider.askedAt('/api/user/emails').length, 1 + 10);
  });

  test('an access token counts if it was made for us', async () => {
    await using open = await opened('github');
    open.json('/api/user', OCTOCAT);
    open.json('/api/user/emails', []);
    open.json(`/api/applications/${CLIENT.clientId}/token`, { app: { client_id: CLIENT.clientId } });
    assert.equal((await open.post({ access_token: 'at-9' })).status, 200);
    const [check] = open.provider.askedAt(`/api/applications/${CLIENT.clientId}/token`);
    assert.equal(check?.method, 'POST');
    assert.equal(check?.body, '{"access_token":"at-9"}');
    assert.equal(check?.headers['authorization'], `Basic ${btoa(`${CLIENT.clientId}:${CLIENT.clientSecret}`)}`);
    open.json(`/api/applications/${CLIENT.clientId}/token`, { app: { client_id: 'another' } });
    assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
    open.json(`/api/applications/${CLIENT.clientId}/token`, {}, 404);
    assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
    assert.equal(open.provider.askedAt('/api/user').length, 1);
  });

  test('its numbers are names: one that is none, or too large, is nobody', async () => {
    await using open = await opened('github');
    open.json('/api/user/emails', []);
    for (const id of [undefined, null, '', 1.5, 2 ** 60, {}, true]) {
      open.json('/api/user', { ...OCTOCAT, id });
      assertFailed((await open.trip()).answer);
    }
  });
});

describe('Facebook', () => {
  const me = { id: '10', name: 'Vic Tim', first_name: 'Vic', last_name: 'Tim' };

  test('F6: an address may be missing, and is never a verified one', async () => {
    await using open = await opened('facebook');
    open.json('/api/me', me);
    assert.equal((await open.trip()).account?.email, '');
    open.json('/api/me', { ...me, id: '11', email: EMAIL, verified: true });
    const { account } = await open.trip();
    assert.notEqual(account?.id, open.id);
    assert.equal(account?.emailVerified, false);
  });

  test('it is asked with proof of our secret, and says for whom a token was made', async () => {
    await using open = await opened('facebook');
    open.json('/api/me', me);
    open.json('/api/debug_token', { data: { is_valid: true, app_id: CLIENT.clientId, user_id: '10' } });
    assert.equal((await open.post({ access_token: 'at-9' })).status, 200);
    const proof = createHmac('sha256', CLIENT.clientSecret).update('at-9').digest('hex');
    assert.equal(open.provider.askedAt('/api/me')[0]?.query.get('appsecret_proof'), proof);
    for (const data of [{ is_valid: true, app_id: 'another' }, { is_valid: false, app_id: CLIENT.clientId }, {}]) {
      open.json('/api/debug_token', { data });
      assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
    }
  });
});

describe('Discord', () => {
  const me = { id: '80351110224678912', username: 'nelly', global_name: 'Nelly Lee', email: EMAIL };

  test('F6: an address counts where it says that it is verified', async () => {
    await using open = await opened('discord');
    const cases = [true, false, 'true', undefined, 1] as const;
    for (const [at, verified] of cases.entries()) {
      open.json('/api/users/@me', { ...me, id: `${me.id}${at}`, verified });
      assert.equal((await open.trip()).account?.id === open.id, verified === true, String(verified));
    }
    open.json('/api/users/@me', { ...me, id: 'none', email: null, verified: true });
    assert.equal((await open.trip()).account?.email, '');
  });

  test('an access token counts if it was made for us', async () => {
    await using open = await opened('discord');
    open.json('/api/users/@me', me);
    open.json('/api/oauth2/@me', { application: { id: CLIENT.clientId } });
    assert.equal((await open.post({ access_token: 'at-9' })).status, 200);
    open.json('/api/oauth2/@me', { application: { id: 'another' } });
    assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
  });
});

describe('X', () => {
  test('tells no address, wants us in a header, and cannot say for whom a token was made', async () => {
    await using open = await opened('x');
    open.json('/api/users/me', { data: { id: '2244994945', name: 'X Dev', username: 'TwitterDev' } });
    const { account } = await open.trip();
    assert.deepEqual([account?.username, account?.email], ['TwitterDev', '']);
    const [asked] = open.provider.askedAt('/token');
    assert.equal(asked?.headers['authorization'], `Basic ${btoa(`${CLIENT.clientId}:${CLIENT.clientSecret}`)}`);
    assert.equal(asked?.form.get('client_secret'), null);
    assert.notEqual(asked?.form.get('code_verifier'), null);
    assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
    await using daring = await opened('x', { dangerouslyTakeAnyToken: true });
    daring.json('/api/users/me', { data: { id: '1', name: 'A', username: 'a' } });
    assert.equal((await daring.post({ access_token: 'at-9' })).status, 200);
  });

  test('a problem of its API is a failure, and nobody', async () => {
    await using open = await opened('x');
    for (const said of [{ errors: [{ title: 'x' }] }, { data: null }, []]) {
      open.json('/api/users/me', said);
      assertFailed((await open.trip()).answer);
    }
  });
});

describe('Microsoft', () => {
  const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
  const OTHER = '9188040d-6c67-4c5b-b112-36a304b66dad';

  async function withTenants(tenant?: string) {
    const open = await opened('microsoft');
    const { provider } = open;
    const path = `/${tenant ?? 'common'}/v2.0`;
    const issuer = `${provider.url}/${tenant ?? '{tenantid}'}/v2.0`;
    provider.says.set(`${path}/.well-known/openid-configuration`, () => ({ json: { ...provider.metadata, issuer } }));
    const server = await testServer({
      social: { providers: { microsoft: { ...CLIENT, issuer: `${provider.url}${path}` } } },
    });
    const { id } = await server.auth.accounts.create({
      ...{ username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD },
    });
    const signIn = async (claims: Claims) =>
      await server.post('/auth/social/microsoft/', { id_token: provider.idToken(claims) });
    return { open, provider, server, id, signIn, issuer: (tid: string) => `${provider.url}/${tid}/v2.0` };
  }

  test('F9: an address that a tenant merely gives to somebody opens nothing (nOAuth), one of a domain that is theirs does', async () => {
    await using stack = new AsyncDisposableStack();
    const { open, server, id, signIn, issuer } = await withTenants();
    stack.use(open);
    stack.use(server);
    const claims = { tid: TENANT, iss: issuer(TENANT), email: EMAIL, preferred_username: EMAIL, upn: EMAIL };
    const emailVerified = { email_verified: true, verified_primary_email: [EMAIL] };
    const idOf = async (more: Claims) => {
      const { body } = await signIn({ ...claims, ...more });
      return (await server.ask('/auth/user/', { key: memberOf(body, 'key') })).text.includes(`"pk":${id},`);
    };
    assert.equal(await idOf({ sub: 'a', ...emailVerified }), false);
    assert.equal(await idOf({ sub: 'b', xms_edov: false }), false);
    assert.equal(await idOf({ sub: 'c', xms_edov: '0' }), false);
    assert.equal(await idOf({ sub: 'd', xms_edov: true }), true);
    assert.equal(await idOf({ sub: 'e', xms_edov: '1' }), true);
  });

  test('F4, F10: its issuer is the tenant’s, and one subject in two tenants is two', async () => {
    await using stack = new AsyncDisposableStack();
    const { open, server, signIn, issuer } = await withTenants();
    stack.use(open);
    stack.use(server);
    assert.equal((await signIn({ tid: TENANT, iss: issuer(TENANT), sub: 's' })).status, 200);
    assert.equal((await signIn({ tid: OTHER, iss: issuer(OTHER), sub: 's' })).status, 200);
    assert.equal((await server.auth.accounts.list()).length, 3);
    assert.equal((await signIn({ tid: TENANT, iss: issuer(OTHER), sub: 's' })).status, 400);
    assert.equal((await signIn({ tid: '../evil', iss: issuer('../evil'), sub: 's' })).status, 400);
    assert.equal((await signIn({ iss: issuer('{tenantid}'), sub: 's' })).status, 400);
  });

  test('F4: one tenant is pinned where the settings name it; an access token says nothing of tenants', async () => {
    await using stack = new AsyncDisposableStack();
    const { open, server, signIn, issuer } = await withTenants(TENANT);
    stack.use(open);
    stack.use(server);
    assert.equal((await signIn({ tid: TENANT, iss: issuer(TENANT) })).status, 200);
    assert.equal((await signIn({ tid: OTHER, iss: issuer(OTHER) })).status, 400);
    assert.equal((await server.post('/auth/social/microsoft/', { access_token: 'at-1' })).status, 400);
  });

  test('F16: unknown keys of many tenants make one request for keys', async () => {
    await using stack = new AsyncDisposableStack();
    const { open, server, provider, issuer } = await withTenants();
    stack.use(open);
    stack.use(server);
    for (let at = 0; at < 20; at++) {
      const tid = TENANT.replace('72', String(10 + at));
      const id_token = provider.idToken({ tid, iss: issuer(tid) }, { kid: `k-${at}` });
      assert.equal((await server.post('/auth/social/microsoft/', { id_token })).status, 400);
    }
    assert.equal(provider.askedAt('/jwks').length, 1);
  });
});

describe('Apple', () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const APPLE = { teamId: 'TEAM', keyId: 'KEY', privateKey } as const;

  /** Its answer: a post from its own site, with which no cookie of ours comes. */
  async function post(open: Awaited<ReturnType<typeof opened>>, form: Readonly<Record<string, string>>) {
    const headers = { origin: 'https://appleid.apple.com', 'sec-fetch-site': 'cross-site' };
    return await open.server.ask('/auth/social/apple/callback/', { method: 'POST', form, headers });
  }

  test('it posts its answer, which is sent on to where our cookies come along; the name that it tells once is kept', async () => {
    await using open = await opened('apple', APPLE);
    const { server, provider } = open;
    const browser = new Browser(server);
    const to = await go(browser, 'apple');
    assert.equal(to.searchParams.get('response_mode'), 'form_post');
    assert.equal(to.searchParams.get('code_challenge'), null, 'it takes no proof key');
    const state = to.searchParams.get('state') ?? '';
    const relay = 'abc@privaterelay.appleid.com';
    provider.identifies({ nonce: to.searchParams.get('nonce'), sub: 'a1', email: relay, email_verified: 'true' });
    const user = JSON.stringify({ name: { firstName: 'Ann', lastName: 'Lee' }, email: relay });
    const posted = await post(open, { code: 'code-1', state, user, next: '//evil.example', id_token: 'x' });
    assert.equal(posted.status, 303);
    const sent = new URL(posted.headers.get('location') ?? '', 'http://127.0.0.1:8787');
    assert.deepEqual([...sent.searchParams.keys()].sort(), ['code', 'state']);
    assert.equal(sent.pathname, '/auth/social/apple/callback/');
    assert.equal(posted.text.includes('Lee') || sent.search.includes('Lee'), false);
    assert.equal(server.rows('SELECT id FROM session').length, 0, 'nothing is believed yet');
    const [cookie = ''] = posted.headers.getSetCookie();
    browser.cookies.set('latchkey-provider-name', cookie.split(';')[0]?.split('=').slice(1).join('=') ?? '');
    assertEntered(await browser.look(sent.pathname + sent.search, { 'sec-fetch-site': 'cross-site' }));
    const [account] = await server.auth.accounts.findByEmail(relay);
    assert.deepEqual([account?.firstName, account?.lastName, account?.emailVerified], ['Ann', 'Lee', true]);
    assert.equal(browser.cookies.has('latchkey-provider-name'), false);
  });

  test('our secret is signed by our key, for it, and for minutes', async () => {
    await using open = await opened('apple', APPLE);
    assertEntered((await open.trip({ sub: 'a1' })).answer);
    const [asked] = open.provider.askedAt('/token');
    const [head = '', claims = '', signature = ''] = (asked?.form.get('client_secret') ?? '').split('.');
    const read = (part: string): Claims => JSON.parse(Buffer.from(part, 'base64url').toString());
    assert.deepEqual(read(head), { alg: 'ES256', kid: 'KEY' });
    const { iat, exp, ...rest } = read(claims);
    assert.deepEqual(rest, { iss: 'TEAM', aud: 'https://appleid.apple.com', sub: CLIENT.clientId });
    assert.equal(Number(exp) - Number(iat), 600);
    assert.ok(Math.abs(Date.now() / 1000 - Number(iat)) < 120);
    const key = { key: keys.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    assert.equal(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')), true);
  });

  test('F1: a name that came with another state is nobody’s, and a post that is not Apple’s changes nothing', async () => {
    await using open = await opened('apple', APPLE);
    const { server, provider } = open;
    const browser = new Browser(server);
    const to = await go(browser, 'apple');
    provider.identifies({ nonce: to.searchParams.get('nonce'), sub: 'a1', email: 'a@example.com' });
    const user = JSON.stringify({ name: { firstName: 'Mal', lastName: 'Lory' } });
    const posted = await post(open, { code: 'evil', state: 'evil', user });
    const [cookie = ''] = posted.headers.getSetCookie();
    browser.cookies.set('latchkey-provider-name', cookie.split(';')[0]?.split('=').slice(1).join('=') ?? '');
    assertEntered(await back(browser, to, { code: 'code-1' }, 'apple'));
    const [account] = await server.auth.accounts.findByEmail('a@example.com');
    assert.equal(account?.firstName, '');
    for (const form of [{}, { user: '{' }, { user: '[]' }, { error: 'user_cancelled_authorize', state: 's' }]) {
      const { status, headers } = await post(open, form as Readonly<Record<string, string>>);
      assert.equal(status, 303);
      assert.match(headers.get('location') ?? '', /^\/auth\/social\/apple\/callback\/\?/);
    }
    assert.equal(
      (await server.ask('/login/', { method: 'POST', form: {}, headers: { 'sec-fetch-site': 'cross-site' } })).status,
      403,
    );
  });

  test('F6: text says that an address is verified, and text that says it is not does not', async () => {
    await using open = await opened('apple', APPLE);
    assert.notEqual((await open.trip({ sub: 'a', email: EMAIL, email_verified: 'false' })).account?.id, open.id);
    assert.equal((await open.trip({ sub: 'b', email: EMAIL, email_verified: 'true' })).account?.id, open.id);
  });

  test('it has no API that tells of an access token: an ID token or a code it has to be', async () => {
    await using open = await opened('apple', APPLE);
    assert.equal((await open.post({ access_token: 'at-1' })).status, 400);
    assert.equal((await open.post({ id_token: open.provider.idToken({ sub: 'a' }) })).status, 200);
  });
});

describe('LinkedIn', () => {
  test('its ID token has no nonce; one that has another is refused', async () => {
    await using open = await opened('linkedin');
    const { to, answer } = await open.trip({ sub: 'a', nonce: undefined });
    assertEntered(answer);
    assert.equal(to.searchParams.get('code_challenge'), null);
    assertFailed((await open.trip({ sub: 'a', nonce: 'another' })).answer);
    open.json('/introspectToken', { active: true, client_id: 'another' });
    assert.equal((await open.post({ access_token: 'at-1' })).status, 400);
  });
});

describe('Google and GitLab', () => {
  for (const [name, path, ours, theirs] of [
    ['google', '/tokeninfo', { aud: CLIENT.clientId }, { aud: 'another' }],
    ['gitlab', '/oauth/token/info', { application: { uid: CLIENT.clientId } }, { application: { uid: 'another' } }],
  ] as const) {
    test(`${name}: an access token counts if it was made for us`, async () => {
      await using open = await opened(name);
      const { provider } = open;
      const metadata = { ...provider.metadata, userinfo_endpoint: `${provider.url}/userinfo` };
      provider.says.set('/.well-known/openid-configuration', () => ({ json: metadata }));
      open.json('/userinfo', { sub: 'a', email: EMAIL, email_verified: true });
      open.json(path, ours);
      const { body } = await open.post({ access_token: 'at-9' });
      const me = await open.server.ask('/auth/user/', { key: memberOf(body, 'key') });
      assert.equal(Reflect.get(Object(me.body), 'pk'), open.id);
      for (const said of [theirs, {}, { aud: null }]) {
        open.json(path, said);
        assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
      }
      open.json(path, {}, 401);
      assert.equal((await open.post({ access_token: 'at-9' })).status, 400);
    });
  }

  test('step-up: each is asked what it knows to ask, and nothing that it does not', async () => {
    for (const [name, prompt] of [
      ['google', 'select_account'],
      ['gitlab', null],
    ] as const) {
      await using open = await opened(name);
      const browser = new Browser(open.server);
      const to = await go(browser, name, '?again=1');
      assert.deepEqual([to.searchParams.get('prompt'), to.searchParams.get('max_age')], [prompt, null]);
      open.provider.identifies({ nonce: to.searchParams.get('nonce'), sub: 'a', email: EMAIL, email_verified: true });
      assertEntered(await back(browser, to, { code: 'code-1' }, name));
    }
  });

  test('what another place says of somebody is of them alone', async () => {
    await using open = await opened('google');
    const { provider } = open;
    const metadata = { ...provider.metadata, userinfo_endpoint: `${provider.url}/userinfo` };
    provider.says.set('/.well-known/openid-configuration', () => ({ json: metadata }));
    open.json('/userinfo', { sub: 'somebody-else', email: EMAIL, email_verified: true });
    assertFailed((await open.trip({ sub: 'a' })).answer);
  });
});
