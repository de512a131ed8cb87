/** Connecting, listing, taking away: by the API and in a browser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testLatchkey } from 'latchkey/testing';
import { memberOf, PASSWORD, type TestServer } from '../http/serving.ts';
import { Device } from '../library/device.ts';
import { Browser, textOf } from '../pages/browser.ts';
import { temporaryFolder } from '../serving.ts';
import { opened } from './opened.ts';
import { CLIENT, type Claims, standIn } from './stand-in.ts';
import { assertEntered, assertFailed, back, go, trip } from './trip.ts';

type Item = { readonly id: number; readonly provider: string; readonly uid: string };

async function listOf(server: TestServer, key: string): Promise<readonly Item[]> {
  return (await server.ask('/auth/social/accounts/', { key })).body as readonly Item[];
}

async function signedIn(server: TestServer): Promise<Browser> {
  const browser = new Browser(server);
  await browser.open('/login/');
  await browser.fill({ username: 'ann', password: PASSWORD });
  return browser;
}

async function withAnn(open: { readonly server: TestServer }) {
  return await open.server.auth.accounts.create({
    username: 'ann',
    email: 'ann@example.com',
    emailVerified: true,
    password: PASSWORD,
  });
}

describe('connected accounts, by the API', () => {
  test('are connected, listed under numbers of their own, used, and taken away; the owner is told of each', async () => {
    await using open = await opened({ sessions: { limit: 9 } });
    const { server, provider, other } = open;
    await withAnn(open);
    const key = await server.signIn('ann');
    const bob = await server.register('bob');
    const connect = async (name: string, id_token: string, whose = key) =>
      await server.post(`/auth/social/${name}/connect/`, { id_token }, { key: whose });
    const first = await connect('acme', provider.idToken({ sub: 'a1', email: 'a@acme.example' }));
    assert.equal(first.status, 200, first.text);
    await connect('other', other.idToken({ sub: 'o1' }));
    await connect('acme', provider.idToken({ sub: 'b1' }), bob);
    const list = await listOf(server, key);
    assert.deepEqual(
      list.map(({ id, provider: name, uid }) => [id, name, uid]),
      [
        [1, 'acme', 'a1'],
        [2, 'other', 'o1'],
      ],
    );
    assert.deepEqual(first.body, list[0]);
    assert.deepEqual(
      (await listOf(server, bob)).map(({ uid }) => uid),
      ['b1'],
    );
    const again = await connect('acme', provider.idToken({ sub: 'a1' }));
    assert.deepEqual([again.status, memberOf(again.body, 'uid')], [200, 'a1'], 'twice is once');
    const taken = await connect('acme', provider.idToken({ sub: 'b1' }));
    assert.deepEqual(taken.body, { non_field_errors: ['This account is connected to another user already.'] });
    const in2 = await server.post('/auth/social/acme/', { id_token: provider.idToken({ sub: 'a1' }) });
    const second = memberOf(in2.body, 'key');
    assert.equal((await server.post('/auth/social/accounts/3/disconnect/', {}, { key })).status, 404);
    const gone = await server.post('/auth/socialaccounts/1/disconnect/', {}, { key });
    assert.deepEqual([gone.status, gone.body], [200, {}]);
    assert.equal(await server.isLive(key), true);
    assert.equal(await server.isLive(second), false, 'every other device is out');
    assert.deepEqual(
      (await listOf(server, key)).map(({ id }) => id),
      [2],
    );
    const elsewhere = await server.post('/auth/social/acme/', { id_token: provider.idToken({ sub: 'a1' }) });
    assert.equal(elsewhere.status, 200, 'an account of its own now');
    assert.deepEqual(
      (await server.mailsTo('ann@example.com')).map(({ subject }) => subject),
      [
        'Acme was connected to your account on 127.0.0.1',
        'Other was connected to your account on 127.0.0.1',
        'A new device signed in to 127.0.0.1',
        'Acme was disconnected from your account on 127.0.0.1',
      ],
    );
  });

  test('F11: connecting and taking away ask for a fresh sign-in', async () => {
    await using open = await opened();
    const { server, provider } = open;
    await withAnn(open);
    const key = await server.signIn('ann');
    const id_token = provider.idToken({ sub: 'a1' });
    assert.equal((await server.post('/auth/social/acme/connect/', { id_token }, { key })).status, 200);
    server.clock.advance(11 * 60_000);
    for (const [path, body] of [
      ['/auth/social/acme/connect/', { id_token: provider.idToken({ sub: 'a2' }) }],
      ['/auth/social/accounts/1/disconnect/', {}],
    ] as const) {
      const { status, headers } = await server.post(path, body, { key });
      assert.deepEqual([status, headers.get('latchkey-reason')], [403, 'reauthentication_required'], path);
    }
    assert.equal((await listOf(server, key)).length, 1);
  });

  test('F12: the last way in stays, and of two that are taken away at once one', async () => {
    await using open = await opened();
    const { server, provider, other } = open;
    const { body } = await server.post('/auth/social/acme/', { id_token: provider.idToken({ sub: 'a1' }) });
    const key = memberOf(body, 'key');
    const last = await server.post('/auth/social/accounts/1/disconnect/', {}, { key });
    assert.deepEqual(last.body, {
      non_field_errors: ['This is the last way to sign in. Set a password before it is removed.'],
    });
    assert.equal(last.status, 400);
    await server.post('/auth/social/other/connect/', { id_token: other.idToken({ sub: 'o1' }) }, { key });
    const both = await Promise.all(
      [1, 2].map((number) => server.post(`/auth/social/accounts/${number}/disconnect/`, {}, { key })),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400]);
    assert.equal((await listOf(server, key)).length, 1);
  });

  test('P5: of sign-ins by it and its being taken away at once none is left by what is gone', async () => {
    await using open = await opened({ sessions: { limit: 99 } });
    const { server, provider } = open;
    const { id } = await withAnn(open);
    const key = await server.signIn('ann');
    const id_token = provider.idToken({ sub: 'a1' });
    await server.post('/auth/social/acme/connect/', { id_token }, { key });
    await Promise.all([
      ...Array.from({ length: 20 }, () => server.post('/auth/social/acme/', { id_token })),
      server.post('/auth/social/accounts/1/disconnect/', {}, { key }),
    ]);
    const live = await server.auth.sessions.list(id);
    assert.deepEqual(
      live.map(({ method }) => method),
      ['password'],
    );
  });

  test('of two that connect the same at once one has it', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const [ann, bob] = [await server.register('ann'), await server.register('bob')];
    const id_token = provider.idToken({ sub: 's' });
    const answers = await Promise.all(
      [ann, bob].map((key) => server.post('/auth/social/acme/connect/', { id_token }, { key })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  });
});

describe('connected accounts, on the pages', () => {
  test('are connected there and back, listed, and taken away', async () => {
    await using open = await opened();
    const { server, provider } = open;
    await withAnn(open);
    const browser = await signedIn(server);
    const account = await browser.open('/account/');
    assert.match(account.text, /href="\/account\/connections\/"/);
    const page = await browser.open('/account/connections/');
    assert.match(textOf(page), /No account elsewhere is connected.*Connect Acme/s);
    const claims: Claims = { sub: 'a1', email: '<b>ann</b>@acme.example' };
    const to = await go(browser, 'acme', '?do=connect');
    provider.identifies({ nonce: to.searchParams.get('nonce'), ...claims, email: 'ann@acme.example' });
    const answer = await back(browser, to);
    assert.equal(answer.headers.get('location'), '/account/connections/?connected=1');
    const done = await browser.open('/account/connections/?connected=1');
    assert.match(textOf(done), /It is connected\..*Acme.*ann@acme\.example/s);
    const gone = await browser.fill({ disconnect: '1' });
    assert.match(textOf(gone), /It is disconnected/);
    assertFailed(await back(browser, to));
  });

  test('F11: what one browser begins no other ends: not another’s, not signed out, not another session', async () => {
    await using open = await opened({ sessions: { limit: 9 } });
    const { server, provider } = open;
    await withAnn(open);
    await server.auth.accounts.create({ username: 'mallory', password: PASSWORD });
    const victim = await signedIn(server);
    const begun = async () => {
      const browser = await signedIn(server);
      const to = await go(browser, 'acme', '?do=connect');
      provider.identifies({ sub: 'evil-1', nonce: to.searchParams.get('nonce') });
      return { browser, to };
    };
    // The attacker's answer, brought to the victim's browser.
    const { to } = await begun();
    assertFailed(await back(victim, to));
    // Even with the cookie of the way: it is another session's.
    const planted = await begun();
    victim.cookies.set('latchkey-provider', planted.browser.cookies.get('latchkey-provider') ?? '');
    assertFailed(await back(victim, planted.to));
    // Signed out meanwhile.
    const left = await begun();
    left.browser.cookies.delete('latchkey');
    assertFailed(await back(left.browser, left.to));
    // Ended meanwhile.
    const ended = await begun();
    const { id } = (await server.auth.accounts.findByUsername('ann')) ?? { id: 0 };
    await server.auth.sessions.endAll(id);
    assertFailed(await back(ended.browser, ended.to));
    assert.equal(server.rows('SELECT id FROM credential').length, 0);
  });

  test('a sign-in that is not fresh is asked for before anybody is sent there', async () => {
    await using open = await opened();
    const { server } = open;
    await withAnn(open);
    const browser = await signedIn(server);
    server.clock.advance(11 * 60_000);
    await browser.open('/auth/social/acme/begin/?do=connect');
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Fconnections%2F');
    await browser.fill({ password: PASSWORD });
    assert.equal(browser.path, '/account/connections/');
    const nobody = await new Browser(server).look('/auth/social/acme/begin/?do=connect');
    assert.equal(nobody.status, 401);
  });

  test('the last way in is not taken away, and the page says why', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const { browser, answer } = await trip(server, provider, { sub: 'a1' });
    assertEntered(answer);
    await browser.open('/account/connections/');
    const refused = await browser.fill({ disconnect: '1' });
    assert.equal(refused.status, 400);
    assert.match(textOf(refused), /This is the only way into your account/);
  });

  test('what was connected to a provider that was taken out is still found, seen and taken away', async () => {
    await using provider = await standIn();
    const folder = temporaryFolder();
    const database = `sqlite:${folder.path}/test.db` as const;
    const social = { providers: { acme: { issuer: provider.url, ...CLIENT } } };
    const before = await testLatchkey({ database, social });
    await before.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const app = new Device(before.auth);
    await app.signIn();
    const connected = await app.ask('POST', '/auth/social/acme/connect/', {
      id_token: provider.idToken({ sub: 'a1' }),
    });
    assert.equal(connected.status, 200);
    await before.close();
    const after = await testLatchkey({ database });
    const browser = new Device(after.auth, 'browser');
    const ours = { 'sec-fetch-site': 'same-origin' };
    await browser.signIn();
    const isLinked = async (): Promise<boolean> =>
      /href="\/account\/connections\/"/.test((await browser.ask('GET', '/account/')).text);
    assert.equal(await isLinked(), true);
    assert.match((await browser.ask('GET', '/account/connections/')).text, /name="disconnect" value="1"/);
    assert.equal((await browser.ask('POST', '/auth/social/accounts/1/disconnect/', {}, ours)).status, 200);
    assert.equal(await isLinked(), false, 'there is nothing to be seen any more');
    await after.close();
    folder.remove();
  });

  test('the sign-in page and the sign-up page offer them, and carry on where somebody goes', async () => {
    await using open = await opened();
    const { browser } = open;
    for (const path of ['/login/', '/signup/']) {
      const page = await browser.open(`${path}?next=/account/data/`);
      assert.match(page.text, /href="\/auth\/social\/acme\/begin\/\?next=%2Faccount%2Fdata%2F">/, path);
      assert.match(textOf(page), /Continue with Acme/);
    }
    const german = await browser.look('/login/', { 'accept-language': 'de' });
    assert.match(german.text, /Weiter mit <bdi>Acme<\/bdi>/);
  });
});
