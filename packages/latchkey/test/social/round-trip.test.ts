/** To a provider and back in a browser, and all that may be wrong with what comes back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { testLatchkey } from 'latchkey/testing';
import type { ProviderOptions } from '../../src/social-options.ts';
import { cookieIn, PASSWORD, testServer } from '../http/serving.ts';
import { ask } from '../library/device.ts';
import { Browser, textOf } from '../pages/browser.ts';
import { temporaryFolder } from '../serving.ts';
import { CLIENT, standIn } from './stand-in.ts';
import { assertEntered, assertFailed, back, go, trip, whoIs } from './trip.ts';

const ANN = { sub: 'ann-1', email: 'ann@example.com', email_verified: true, given_name: 'Ann', family_name: 'Lee' };

async function opened(options: LatchkeyOptions = {}) {
  const provider = await standIn();
  const acme = { issuer: provider.url, name: 'Acme', ...CLIENT };
  const server = await testServer({ social: { providers: { acme, other: { ...acme } } }, ...options });
  return {
    provider,
    server,
    browser: new Browser(server),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe('to a provider and back', () => {
  test('somebody new gets an account, and comes into it from then on; the limit holds', async () => {
    await using open = await opened({ sessions: { limit: 1 } });
    const { server, provider } = open;
    const first = await trip(server, provider, ANN);
    assertEntered(first.answer);
    assert.equal(await whoIs(first.browser), 'ann');
    const [ann] = await server.auth.accounts.findByEmail('ann@example.com');
    assert.deepEqual([ann?.emailVerified, ann?.firstName, ann?.lastName], [true, 'Ann', 'Lee']);
    const second = await trip(server, provider, ANN);
    assertEntered(second.answer);
    assert.equal(await whoIs(second.browser), 'ann');
    assert.equal(await whoIs(first.browser), null, 'the first was displaced');
    assert.equal((await server.auth.accounts.list()).length, 1);
    assert.equal(cookieIn(second.answer, 'latchkey-provider').includes('Max-Age=0'), true);
  });

  test('the way on is carried, and is a path on this origin', async () => {
    await using open = await opened();
    const { provider, server } = open;
    for (const [next, landing] of [
      ['/account/devices/', '/account/devices/'],
      ['//evil.example/', '/account/'],
      ['https://evil.example/', '/account/'],
    ] as const) {
      const browser = new Browser(server);
      const to = await go(browser, 'acme', `?${new URLSearchParams({ next })}`);
      provider.identifies({ ...ANN, nonce: to.searchParams.get('nonce') });
      assertEntered(await back(browser, to), landing);
    }
  });

  test('F2, F17: state, nonce and a proof key are made anew each time, and nothing of the browser’s goes there', async () => {
    await using open = await opened();
    const { browser, provider } = open;
    const wanted = [
      'state',
      'nonce',
      'redirect_uri',
      'scope',
      'client_id',
      'code_challenge',
      'response_type',
      'prompt',
    ];
    const query = `?${new URLSearchParams(wanted.map((name) => [name, 'mine']))}`;
    const [one, two] = [await go(browser, 'acme', query), await go(browser, 'acme', query)];
    assert.equal(`${one.origin}${one.pathname}`, `${provider.url}/authorize`);
    for (const [name, value] of one.searchParams) assert.notEqual(value, 'mine', name);
    assert.deepEqual([...one.searchParams.keys()].sort(), [
      ...[
        'client_id',
        'code_challenge',
        'code_challenge_method',
        'nonce',
        'redirect_uri',
        'response_type',
        'scope',
        'state',
      ],
    ]);
    assert.equal(one.searchParams.get('code_challenge_method'), 'S256');
    assert.equal(one.searchParams.get('redirect_uri'), 'http://127.0.0.1:8787/auth/social/acme/callback/');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.notEqual(one.searchParams.get(name), two.searchParams.get(name), name);
      assert.ok((one.searchParams.get(name)?.length ?? 0) >= 43, name);
    }
    provider.identifies({ ...ANN, nonce: two.searchParams.get('nonce') });
    await back(browser, two);
    const [asked] = provider.askedAt('/token');
    assert.equal(asked?.form.get('grant_type'), 'authorization_code');
    assert.ok((asked?.form.get('code_verifier')?.length ?? 0) >= 43);
    assert.equal(asked?.form.get('redirect_uri'), one.searchParams.get('redirect_uri'));
  });

  test('F1: a state that is missing, wrong, doubled, of another browser, of another provider or too old is refused alike', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const begun = async () => {
      const browser = new Browser(server);
      const to = await go(browser);
      provider.identifies({ ...ANN, nonce: to.searchParams.get('nonce') });
      return { browser, to };
    };
    const pages: string[] = [];
    const refused = async (why: string, tried: ReturnType<typeof back>): Promise<void> => {
      const answer = await tried;
      assertFailed(answer);
      pages.push(answer.text);
      assert.equal(server.rows('SELECT id FROM session').length, 0, why);
    };
    const { browser, to } = await begun();
    const callback = '/auth/social/acme/callback/?code=c';
    await refused('missing', (await begun()).browser.look(callback));
    await refused('wrong', back((await begun()).browser, to));
    const doubled = await begun();
    const state = doubled.to.searchParams.get('state') ?? '';
    await refused('doubled', doubled.browser.look(`${callback}&state=${state}&state=${state}`));
    await refused('of another browser', back(new Browser(server), to));
    await refused('of another provider', back(browser, to, { code: 'c' }, 'other'));
    const late = await begun();
    server.clock.advance(10 * 60_000);
    await refused('too old', back(late.browser, late.to));
    assert.equal(new Set(pages).size, 1, 'one page');
    assert.equal(provider.askedAt('/token').length, 0, 'F3: no code was sent anywhere');
  });

  test('F1, F19: a state works once, and of many at once one wins', async () => {
    await using open = await opened({ sessions: { limit: 9 } });
    const { browser, provider, server } = open;
    const to = await go(browser);
    const kept = new Map(browser.cookies);
    provider.identifies({ ...ANN, nonce: to.searchParams.get('nonce') });
    const others = Array.from({ length: 8 }, () => {
      const copy = new Browser(server);
      for (const [name, value] of kept) copy.cookies.set(name, value);
      return copy;
    });
    const answers = await Promise.all(others.map((one) => back(one, to)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [302, 400, 400, 400, 400, 400, 400, 400]);
    assert.equal(server.rows('SELECT id FROM session').length, 1);
    assert.equal((await server.auth.accounts.list()).length, 1);
    assertFailed(await back(browser, to));
  });

  test('F4: an ID token with another nonce, or none, is refused', async () => {
    await using open = await opened();
    const { provider, server } = open;
    for (const nonce of ['another', undefined]) {
      const browser = new Browser(server);
      const to = await go(browser);
      provider.identifies({ ...ANN, nonce });
      assertFailed(await back(browser, to));
    }
    assert.equal((await server.auth.accounts.list()).length, 0);
  });

  test('F3: an issuer that comes back is compared, and has to come where the metadata promises it', async () => {
    await using open = await opened();
    const { browser, provider } = open;
    const to = await go(browser);
    provider.identifies({ ...ANN, nonce: to.searchParams.get('nonce') });
    assertFailed(await back(browser, to, { code: 'c', iss: 'https://evil.example' }));
    await using promising = await standIn();
    const metadata = { ...promising.metadata, authorization_response_iss_parameter_supported: true };
    promising.says.set('/.well-known/openid-configuration', () => ({ json: metadata }));
    const providers = { acme: { issuer: promising.url, ...CLIENT } };
    await using server = await testServer({ social: { providers } });
    const client = new Browser(server);
    const there = await go(client);
    promising.identifies({ ...ANN, nonce: there.searchParams.get('nonce') });
    assertFailed(await back(client, there));
    const again = await go(client);
    promising.identifies({ ...ANN, nonce: again.searchParams.get('nonce') });
    assertEntered(await back(client, again, { code: 'c', iss: promising.url }));
  });

  test('F14: what a provider says of an error is shown to nobody', async () => {
    await using open = await opened();
    const { browser } = open;
    const to = await go(browser);
    const said = { error: 'access_denied', error_description: '<script>alert(1)</script> call 555-0199' };
    const answer = await back(browser, to, said);
    assertFailed(answer);
    assert.doesNotMatch(answer.text, /script>alert|555|access_denied/);
  });

  test('errors of the token endpoint, and one that does not answer as it should, are one page', async () => {
    await using open = await opened();
    const { provider, server } = open;
    const answers = [
      { status: 400, json: { error: 'invalid_grant' } },
      { status: 401, json: { error: 'invalid_client' } },
      { status: 500, text: 'oops', type: 'text/plain' },
      { status: 200, json: {} },
      { status: 200, text: 'x'.repeat(2_000_000), type: 'application/json' },
      { status: 302, json: {} },
    ];
    for (const answer of answers) {
      const browser = new Browser(server);
      const to = await go(browser);
      provider.says.set('/token', () => answer);
      assertFailed(await back(browser, to));
    }
    assert.deepEqual(server.errors, []);
  });

  test('F21: a provider that was taken out, or is unknown, finishes nothing', async () => {
    await using open = await opened();
    const { browser, server } = open;
    assert.equal((await browser.look('/auth/social/gone/begin/')).status, 404);
    assert.equal((await browser.look('/auth/social/gone/callback/?code=c&state=s')).status, 404);
    assert.equal((await server.post('/auth/social/gone/', { access_token: 'x' })).status, 404);
  });

  test('F21, F3: what was begun with a provider is finished with it as it was set up, and not after it was taken out or replaced', async () => {
    await using provider = await standIn();
    await using another = await standIn();
    const folder = temporaryFolder();
    const database = `sqlite:${folder.path}/test.db` as const;
    const acme: ProviderOptions = { issuer: provider.url, ...CLIENT };
    const withProviders = async (
      providers: Readonly<Record<string, ProviderOptions>>,
      path: string,
      cookie: string,
    ) => {
      const { auth, close } = await testLatchkey({ database, social: { providers } });
      const answer = await ask(auth, 'GET', path, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
      const sessions = (await auth.accounts.list()).length;
      await close();
      return { answer, sessions };
    };
    const { answer: gone } = await withProviders({ acme }, '/auth/social/acme/begin/', '');
    const to = new URL(gone.headers.get('location') ?? '');
    provider.identifies({ nonce: to.searchParams.get('nonce'), ...ANN });
    const cookie = (gone.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
    const callback = `/auth/social/acme/callback/?${new URLSearchParams({ code: 'c', state: to.searchParams.get('state') ?? '' })}`;
    for (const [providers, status] of [
      [{}, 404],
      [{ other: acme }, 404],
      [{ acme: { ...acme, issuer: another.url } }, 400],
      [{ acme: { ...acme, clientId: 'client-2' } }, 400],
    ] as const) {
      const { answer, sessions } = await withProviders(providers, callback, cookie);
      assert.deepEqual([answer.status, sessions], [status, 0]);
    }
    assert.equal(provider.askedAt('/token').length + another.asked.length, 0, 'no code was sent anywhere');
    const { answer, sessions } = await withProviders({ acme }, callback, cookie);
    assert.deepEqual([answer.status, sessions], [302, 1], 'as it was it is finished');
    folder.remove();
  });

  test('step-up: a provider has to say that it asked somebody since they were sent there', async () => {
    await using open = await opened();
    const { provider, server } = open;
    const now = Math.floor(Date.now() / 1000);
    for (const [time, isIn] of [
      [undefined, false],
      [now - 300, false],
      [String(now), false],
      [0, false],
      [now, true],
    ] as const) {
      const browser = new Browser(server);
      const to = await go(browser, 'acme', '?again=1');
      assert.deepEqual([to.searchParams.get('prompt'), to.searchParams.get('max_age')], ['login', '0']);
      provider.identifies({ nonce: to.searchParams.get('nonce'), ...ANN, auth_time: time });
      const answer = await back(browser, to);
      if (isIn) assertEntered(answer);
      else assertFailed(answer);
    }
    const usual = await go(new Browser(server));
    assert.deepEqual([usual.searchParams.get('prompt'), usual.searchParams.get('max_age')], [null, null]);
  });

  test('a provider that cannot be reached is a page, and is asked again the next time', async () => {
    await using open = await opened();
    const { browser, provider } = open;
    const path = '/.well-known/openid-configuration';
    provider.says.set(path, () => ({ status: 503, json: {} }));
    assertFailed(await browser.look('/auth/social/acme/begin/'));
    provider.says.set(path, () => ({ json: { ...provider.metadata, issuer: 'https://evil.example' } }));
    assertFailed(await browser.look('/auth/social/acme/begin/'));
    provider.says.set(path, () => ({ json: provider.metadata }));
    await go(browser);
  });

  test('from another site nobody is sent to a provider: they would be signed in by looking at it', async () => {
    await using open = await opened();
    const { browser } = open;
    const path = '/auth/social/acme/begin/?next=%2Faccount%2Fdata%2F';
    for (const site of ['cross-site', 'same-site']) {
      const answer = await browser.look(path, { 'sec-fetch-site': site });
      assert.equal(answer.headers.get('location'), '/login/?next=%2Faccount%2Fdata%2F', site);
    }
    const connecting = await browser.look('/auth/social/acme/begin/?do=connect', { 'sec-fetch-site': 'cross-site' });
    assert.equal(connecting.headers.get('location'), '/account/connections/');
  });

  test('P7, H6: a second step is asked for after it, and nobody is displaced before', async () => {
    await using open = await opened({ secondStep: { demandedOf: 'everybody' } });
    const { server, provider } = open;
    const { answer, browser } = await trip(server, provider, ANN);
    assertEntered(answer, '/login/second-step/');
    assert.equal(server.rows('SELECT id FROM session').length, 0);
    assert.match(textOf(await browser.look('/login/second-step/')), /Your account needs a second step/);
  });

  test('F18: no token and no code of a provider is kept, logged or shown', async () => {
    const logged: string[] = [];
    const note = (details: object, message: string) => void logged.push(JSON.stringify(details) + message);
    await using open = await opened({ log: { info: note, warn: note, error: note } });
    const { server, provider } = open;
    const { browser, answer } = await trip(server, provider, ANN);
    assertEntered(answer);
    const failed = await go(browser);
    provider.says.set('/token', () => ({ status: 400, json: { error: 'invalid_grant', error_description: 'at-1' } }));
    assertFailed(await back(browser, failed, { code: 'code-1' }));
    assert.match(logged.join(), /invalid_grant/);
    const bytes = server.bytes().toString('latin1');
    for (const secret of ['at-1', 'code-1', CLIENT.clientSecret]) {
      assert.equal(bytes.includes(secret), false, secret);
      assert.equal(logged.join().includes(secret), false, secret);
      assert.equal(answer.text.includes(secret), false, secret);
    }
  });

  test('closed to new accounts, or for those with an invitation, it says so; who is known comes in', async () => {
    for (const registration of ['closed', 'invited'] as const) {
      await using open = await opened({ accounts: { registration } });
      const { server, provider } = open;
      const { answer } = await trip(server, provider, ANN);
      assert.equal(answer.status, 403);
      assert.equal((await server.auth.accounts.list()).length, 0);
      await server.auth.accounts.create({
        username: 'ann',
        email: ANN.email,
        emailVerified: true,
        password: PASSWORD,
      });
      assertEntered((await trip(server, provider, ANN)).answer);
      if (registration === 'closed') continue;
      const { invitation } = await server.auth.accounts.invite({ roles: ['staff'] });
      const browser = new Browser(server);
      await browser.open(`/signup/?invitation=${invitation}`);
      assertEntered((await trip(server, provider, { sub: 'bob' }, { browser })).answer);
      assert.deepEqual(
        (await server.auth.accounts.list()).map(({ roles }) => roles),
        [[], ['staff']],
      );
    }
  });
});
