/** Signing in by mail on the pages, without scripts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import { PASSWORD, testServer } from '../http/serving.ts';
import { codeIn } from '../mail-sign-in/mails.ts';
import { Browser, textOf } from './browser.ts';

const EMAIL = 'alice@example.com';

async function opened({ password = PASSWORD as string | null } = {}) {
  const server = await testServer({ accounts: { signInByMail: true } });
  await server.auth.accounts.create({ username: 'alice', email: EMAIL, emailVerified: true, password });
  const browser = new Browser(server);
  const mail = async () => (await server.mailsTo(EMAIL)).at(-1);
  const link = async () => new URL(linkIn(await mail())).pathname;
  return { server, browser, mail, link, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function ask(browser: Browser, path = '/login/mail/'): Promise<void> {
  await browser.open(path);
  const asked = await browser.fill({ email: EMAIL });
  assert.equal(browser.path, '/login/mail/');
  assert.match(textOf(asked), /If there is an account with this address, a mail is on its way to it/);
}

describe('/login/mail/', () => {
  test('E8, E9, E23: the link signs in by a button, in the browser that asked; looking at it uses nothing up', async () => {
    await using open = await opened();
    const { server, browser, link } = open;
    assert.match((await browser.open('/login/?next=/account/devices/')).text, /href="\/login\/mail\/\?next=/);
    await ask(browser, '/login/mail/?next=/account/devices/');
    const path = await link();
    for (let times = 0; times < 3; times++) {
      await server.ask(path);
      await server.ask(path, { method: 'HEAD' });
    }
    const arrived = await browser.open(path);
    assert.equal(browser.path, '/login/mail/', 'the secret stands in no address');
    assert.equal(arrived.headers.get('referrer-policy'), 'strict-origin');
    assert.match(textOf(arrived), /Sign in on this device\?/);
    assert.equal((await browser.look('/account/')).status, 401, 'not before the button');
    await browser.fill({ do: 'link' });
    assert.equal(browser.path, '/account/devices/');
    assert.equal((await browser.look('/account/')).status, 200);
    for (const name of ['latchkey-mail', 'latchkey-asked']) assert.equal(browser.cookies.has(name), false);
  });

  test('E23: in another browser the link signs nobody in, and says where the code is to be typed', async () => {
    await using open = await opened();
    const { server, browser, link, mail } = open;
    await ask(browser);
    const other = new Browser(server);
    const there = await other.open(await link());
    assert.equal(there.status, 400);
    assert.match(textOf(there), /Go back there and type the code that stands in the mail/);
    await other.post('/login/mail/', { do: 'link' });
    assert.equal((await other.look('/account/')).status, 401);
    const wrong = await browser.fill({ code: 'AAAA-AAAA' });
    assert.match(textOf(wrong), /This code is not right/);
    await browser.fill({ code: codeIn(await mail()) });
    assert.equal(browser.path, '/account/');
  });

  test('F7: for an address that nobody verified the link says what it takes away, before and after; a new mail then signs in', async () => {
    await using open = await opened();
    const { server } = open;
    const bob = { username: 'bob', email: 'bob@example.com', password: PASSWORD };
    await server.auth.accounts.create(bob);
    const planted = await server.signIn('bob');
    const browser = new Browser(server);
    await browser.open('/login/mail/');
    await browser.fill({ email: bob.email });
    const { pathname } = new URL(linkIn((await server.mailsTo(bob.email)).at(-1)));
    const asked = await browser.open(pathname);
    assert.match(textOf(asked), /a password that the account has stops working/);
    assert.equal(await server.isLive(planted), true, 'E9: looking changes nothing');
    const done = await browser.post(pathname, {});
    assert.match(textOf(done), /Your address is confirmed, and nothing that was set up before counts any more/);
    assert.equal(await server.isLive(planted), false);
    assert.match((await server.mailsTo(bob.email)).at(-1)?.subject ?? '', /^Choose a new password/);
    await browser.open('/login/mail/');
    await browser.fill({ do: 'again' });
    await browser.open('/login/mail/');
    await browser.fill({ email: bob.email });
    await browser.fill({ code: codeIn((await server.mailsTo(bob.email)).at(-1)) });
    assert.equal(browser.path, '/account/');
  });

  test('E1: a link that was used leads to another mail', async () => {
    await using open = await opened();
    const { server, browser, link, mail } = open;
    await ask(browser);
    const path = await link();
    const asked = browser.cookies.get('latchkey-asked') ?? '';
    await browser.fill({ code: codeIn(await mail()) });
    const again = new Browser(server);
    again.cookies.set('latchkey-asked', asked);
    await again.open(path);
    const over = await again.fill({ do: 'link' });
    assert.match(textOf(over), /This has been used already/);
    await again.fill({ do: 'again' });
    assert.match(textOf(again.page ?? assert.fail()), /we send you a link and a code/);
  });

  test('E12: what is no address is refused there', async () => {
    await using open = await opened();
    const { browser } = open;
    await browser.open('/login/mail/');
    const refused = await browser.fill({ email: 'a@x.test,alice@example.com' });
    assert.equal(refused.status, 400);
    assert.match(textOf(refused), /Enter a valid e-mail address/);
  });

  test('H6: a second step comes after it', async () => {
    await using server = await testServer({
      accounts: { signInByMail: true },
      secondStep: { demandedOf: 'everybody' },
    });
    await server.auth.accounts.create({ username: 'alice', email: EMAIL, emailVerified: true, password: PASSWORD });
    const browser = new Browser(server);
    await ask(browser);
    await browser.fill({ code: codeIn((await server.mailsTo(EMAIL)).at(-1)) });
    assert.equal(browser.path, '/login/second-step/');
    assert.equal((await browser.look('/account/')).status, 401);
  });

  test('V7.5.1: an account without a password is led to a new sign-in where it is not fresh, and closed by it', async () => {
    await using open = await opened({ password: null });
    const { server, browser, mail } = open;
    await ask(browser);
    await browser.fill({ code: codeIn(await mail()) });
    server.clock.advance(11 * 60_000);
    await browser.open('/account/close/');
    const stale = await browser.fill({});
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Fclose%2F');
    assert.match(textOf(stale), /To go on, please sign in again/);
    await ask(browser, '/login/mail/?next=/account/close/');
    await browser.fill({ code: codeIn(await mail()) });
    assert.equal(browser.path, '/account/close/');
    assert.match(textOf(await browser.fill({})), /Your account and its data are removed/);
  });
});
