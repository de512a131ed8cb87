/** The pages that ask once more who somebody is, before what matters is changed: at `/account/confirm/`, without scripts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { Browser, textOf } from './browser.ts';

const LATER_MS = 11 * 60_000;

async function opened(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  const { id } = await server.auth.accounts.create({
    username: 'alice',
    email: 'alice@example.com',
    password: PASSWORD,
  });
  const browser = new Browser(server);
  await browser.open('/login/');
  await browser.fill({ username: 'alice', password: PASSWORD });
  return { server, id, browser, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('/account/confirm/', () => {
  test('V7.5.1: who signed in a while ago is asked for the password, and lands where they were', async () => {
    await using open = await opened();
    const { server, browser } = open;
    server.clock.advance(LATER_MS);
    await browser.open('/account/second-step/');
    const asked = await browser.fill({ do: 'begin' });
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Fsecond-step%2F');
    assert.match(textOf(asked), /You signed in a while ago. Type your password to go on/);
    const wrong = await browser.fill({ password: 'wrong' });
    assert.equal(wrong.status, 400);
    assert.match(textOf(wrong), /This is not your password/);
    await browser.fill({ password: PASSWORD });
    assert.equal(browser.path, '/account/second-step/');
    assert.match((await browser.fill({ do: 'begin' })).text, /<svg/);
  });

  test('H9: with an app it asks for a code', async () => {
    await using open = await opened();
    const { server, browser } = open;
    await browser.open('/account/second-step/');
    const shown = await browser.fill({ do: 'begin' });
    const [, spaced = ''] = /<code><bdi>([A-Z2-7 ]+)<\/bdi>/.exec(shown.text) ?? [];
    const secret = spaced.replaceAll(' ', '');
    await browser.fill({ code: codeAt(secret, server.clock()) });
    server.clock.advance(LATER_MS);
    await browser.open('/account/second-step/');
    assert.match(textOf(await browser.fill({ do: 'renew' })), /Type the code that your authenticator app shows/);
    await browser.fill({ code: codeAt(secret, server.clock()) });
    assert.equal(browser.path, '/account/second-step/');
    assert.match(textOf(await browser.fill({ do: 'renew' })), /recovery codes/);
  });

  test('H9: with an app neither the password is changed nor the account closed before a code was typed', async () => {
    await using open = await opened();
    const { server, browser } = open;
    await browser.open('/account/second-step/');
    const shown = await browser.fill({ do: 'begin' });
    const [, spaced = ''] = /<code><bdi>([A-Z2-7 ]+)<\/bdi>/.exec(shown.text) ?? [];
    const secret = spaced.replaceAll(' ', '');
    await browser.fill({ code: codeAt(secret, server.clock()) });
    for (const path of ['/account/password/', '/account/close/']) {
      server.clock.advance(LATER_MS);
      await browser.open(path);
      assert.equal(browser.path, `/account/confirm/?next=${encodeURIComponent(path)}`);
      await browser.fill({ code: codeAt(secret, server.clock()) });
      assert.equal(browser.path, path);
    }
    assert.match(textOf(await browser.fill({ password: PASSWORD })), /closed/);
  });

  test('who has neither password nor app signs in again, wherever whoever is signed in is else sent', async () => {
    await using open = await opened({ pages: { redirectSignedIn: true } });
    const { server, browser } = open;
    const { id } = await server.auth.accounts.create({ username: 'eve', email: 'eve@example.com' });
    const key = 'e'.repeat(40);
    await server.auth.sessions.importKey(id, key);
    browser.cookies.set('latchkey', key);
    await browser.open('/account/email/');
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Femail%2F');
    const [, to = ''] = /<a class="button" href="([^"]+)"/.exec(browser.page?.text ?? '') ?? [];
    await browser.open(to.replaceAll('&amp;', '&'));
    assert.match(browser.path, /^\/login\/\?again=1&next=%2Faccount%2Femail%2F$/);
    await browser.fill({ username: 'alice', password: PASSWORD });
    assert.equal(browser.path, '/account/email/');
    await browser.open('/login/');
    assert.notEqual(browser.path, '/login/', 'but for that they are sent on');
  });

  test('D1: it leads on to nowhere else', async () => {
    await using open = await opened();
    const { browser } = open;
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', '/login/']) {
      await browser.open(`/account/confirm/?next=${encodeURIComponent(next)}`);
      await browser.fill({ password: PASSWORD });
      assert.equal(browser.path, '/account/', next);
    }
  });
});
