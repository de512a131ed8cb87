/** Another address for an account, on the pages, without scripts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import { PASSWORD, testServer } from '../http/serving.ts';
import { Browser, textOf } from './browser.ts';

const OLD = 'alice@example.com';
const NEW = 'alice@new.example';

async function opened() {
  const server = await testServer();
  await server.auth.accounts.create({ username: 'alice', email: OLD, emailVerified: true, password: PASSWORD });
  const browser = new Browser(server);
  await browser.open('/login/');
  await browser.fill({ username: 'alice', password: PASSWORD });
  const link = async (address: string) => new URL(linkIn((await server.mailsTo(address)).at(-1))).pathname;
  return { server, browser, link, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('/account/email/', () => {
  test('E15: it is asked for by who is fresh, confirmed by a button at the new address, and taken back at the old one', async () => {
    await using open = await opened();
    const { server, browser, link } = open;
    assert.match((await browser.open('/account/')).text, /href="\/account\/email\/"/);
    server.clock.advance(11 * 60_000);
    await browser.open('/account/email/');
    assert.equal(browser.path, '/account/confirm/?next=%2Faccount%2Femail%2F');
    await browser.fill({ password: PASSWORD });
    assert.match(textOf(browser.page ?? assert.fail()), /Your e-mail address is alice@example.com/);
    assert.equal((await browser.fill({ email: 'nonsense' })).status, 400);
    assert.match(textOf(await browser.fill({ email: NEW })), /If this address can be used, a mail is on its way to it/);

    const path = await link(NEW);
    for (const method of ['GET', 'HEAD']) await server.ask(path, { method });
    const reader = new Browser(server);
    await reader.open(path);
    assert.equal(reader.path, '/account/email/confirm/', 'E8: the secret stands in no address');
    assert.match(textOf(await browser.open('/account/email/')), /alice@example.com/, 'E9: looking changes nothing');
    await reader.open(path);
    assert.match(textOf(await reader.fill({})), /Your account has its new address/);
    assert.match(textOf(await browser.open('/account/email/')), /alice@new.example/);
    await reader.open(path);
    assert.equal((await reader.fill({})).status, 400);

    await browser.open(await link(OLD));
    assert.equal(browser.path, '/account/email/undo/');
    const undone = await browser.fill({});
    assert.match(textOf(undone), /Your account has its former address again/);
    assert.equal((await browser.look('/account/')).status, 401);
    assert.match(await link(OLD), /\/password\/reset\/confirm\//);
  });

  test('E9: without a link there is nothing to confirm or to take back', async () => {
    await using open = await opened();
    for (const path of ['/account/email/confirm/', '/account/email/undo/', '/account/email/undo/%00/']) {
      assert.equal((await open.browser.open(path)).status, 400, path);
    }
  });
});
