/** Passkeys on the pages, as far as forms go: what their script sends, and what is done without one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberOf, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { Browser, textOf } from './browser.ts';

const ORIGIN = 'http://localhost:8787';
const RIGHT = { username: 'alice', password: PASSWORD };
const OURS = { 'sec-fetch-site': 'same-origin' };

async function opened(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer({ origin: ORIGIN, ...options });
  const account = { username: 'alice', email: 'alice@example.com', password: PASSWORD };
  const { id } = await server.auth.accounts.create(account);
  return { server, id, browser: new Browser(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

type Json = Readonly<Record<string, unknown>>;

/** What the page's script asks the API for, with the browser's cookies. */
async function asks(server: TestServer, browser: Browser, path: string, json: Json = { bind: true }): Promise<Json> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await server.ask(`/auth${path}`, { method: 'POST', json, headers: { ...OURS, cookie } });
  for (const set of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
    browser.cookies.set(name, value);
  }
  assert.equal(answer.status, 200, answer.text);
  return answer.body as Json;
}

async function add({ server, browser }: Awaited<ReturnType<typeof opened>>, name = 'Phone'): Promise<Authenticator> {
  await browser.open('/login/');
  await browser.fill(RIGHT);
  await browser.open('/account/passkeys/');
  const authenticator = new Authenticator({ origin: ORIGIN });
  const credential = authenticator.create(await asks(server, browser, '/passkeys/register/begin/'));
  const done = await browser.fill({ do: 'add', credential: JSON.stringify(credential), name });
  assert.match(textOf(done), /Your passkey is added/);
  return authenticator;
}

async function signed(server: TestServer, browser: Browser, authenticator: Authenticator, json?: Json) {
  const options = await asks(server, browser, '/passkeys/login/begin/', json);
  return {
    credential: JSON.stringify(authenticator.get(options)),
    session_id: memberOf(options, 'session_id'),
  };
}

describe('passkeys, by the forms of the pages', () => {
  test('H11: a sign-in goes on to where it was going, in the browser that began it and in no other', async () => {
    await using open = await opened();
    const { server } = open;
    const authenticator = await add(open);
    const [browser, thief] = [new Browser(server), new Browser(server)];
    await browser.open('/login/?next=/account/devices/');
    assert.match(browser.page?.text ?? '', /autocomplete="username webauthn"/);
    const answer = await signed(server, browser, authenticator);
    await thief.open('/login/');
    await asks(server, thief, '/passkeys/login/begin/');
    assert.match(textOf(await thief.fill(answer)), /This took too long/);
    const unbound = await signed(server, thief, authenticator, {});
    assert.match(textOf(await thief.fill(unbound)), /This took too long/, 'what nobody bound is for apps');
    await browser.fill(answer);
    assert.equal(browser.path, '/account/devices/');
    assert.match(textOf(await thief.fill(answer)), /This took too long/);
  });

  test('H19, H9: they are renamed and removed; somebody else’s are not there, and none is removed later on', async () => {
    await using open = await opened();
    const { server, browser } = open;
    const { credentialId: id } = await add(open, '<b>Phone</b>');
    assert.match(browser.page?.text ?? '', /&lt;b&gt;Phone/);
    assert.match(textOf(await browser.fill({ do: 'rename', id, name: 'Desk' })), /Your passkey is renamed\..*Desk/);
    assert.match(textOf(await browser.fill({ do: 'rename', id, name: ' ' })), /This field is required/);
    await server.auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
    const bob = new Browser(server);
    await bob.open('/login/');
    await bob.fill({ ...RIGHT, username: 'bob' });
    for (const what of ['rename', 'remove']) {
      assert.equal((await bob.post('/account/passkeys/', { do: what, id, name: 'Mine' })).status, 404);
    }
    server.clock.advance(11 * 60_000);
    await browser.open('/account/passkeys/');
    await browser.fill({ do: 'remove', id });
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Fpasskeys%2F');
    await browser.fill({ password: PASSWORD });
    assert.equal(browser.path, '/account/passkeys/');
    assert.match(textOf(await browser.fill({ do: 'remove', id })), /Your passkey is removed.*You have no passkey yet/);
  });

  test('the last way in is kept, and says so', async () => {
    await using open = await opened();
    const { server, browser } = open;
    const authenticator = await add(open);
    const { id } = await server.auth.accounts.create({ username: 'eve', email: 'eve@example.com' });
    const key = 'e'.repeat(40);
    await server.auth.sessions.importKey(id, key, { isFresh: true });
    browser.cookies.set('latchkey', key);
    await browser.open('/account/passkeys/');
    const own = new Authenticator({ origin: ORIGIN });
    const credential = own.create(await asks(server, browser, '/passkeys/register/begin/'));
    await browser.fill({ do: 'add', credential: JSON.stringify(credential), name: '' });
    const kept = await browser.fill({ do: 'remove', id: own.credentialId });
    assert.equal(kept.status, 400);
    assert.match(textOf(kept), /the only way into your account/);
    assert.notEqual(own.credentialId, authenticator.credentialId);
  });

  test('as a second step, by the ticket of the browser alone', async () => {
    await using open = await opened({ secondStep: { demandedOf: ['admin'] } });
    const { server, id } = open;
    const authenticator = await add(open);
    await server.auth.accounts.setRoles(id, ['admin']);
    const browser = new Browser(server);
    await browser.open('/login/');
    const asked = await browser.fill(RIGHT);
    assert.match(textOf(asked), /with a passkey of your account/);
    assert.doesNotMatch(asked.text, /name="code"/);
    const options = await asks(server, browser, '/login/second-step/passkey/', {});
    const answer = {
      credential: JSON.stringify(authenticator.get(options)),
      session_id: memberOf(options, 'session_id'),
    };
    const other = new Browser(server);
    await other.open('/login/');
    await other.fill(RIGHT);
    assert.match(textOf(await other.fill(answer)), /This took too long/);
    await browser.fill(answer);
    assert.equal(browser.path, '/account/');
  });

  test('where this has an address and no name, nothing is said of them', async () => {
    await using open = await opened({ origin: 'http://127.0.0.1:8787' });
    const { browser } = open;
    assert.doesNotMatch((await browser.open('/login/')).text, /passkey|webauthn/);
    await browser.fill(RIGHT);
    assert.doesNotMatch((await browser.open('/account/')).text, /passkey/);
    assert.match(textOf(await browser.open('/account/passkeys/')), /Passkeys cannot be used in this browser/);
  });
});
