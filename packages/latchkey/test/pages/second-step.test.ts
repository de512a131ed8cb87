/** The second step on the pages, without scripts: at `/login/second-step/` and at `/account/second-step/`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { Browser, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };
const STEP_MS = 30_000;

async function opened(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  const { id } = await server.auth.accounts.create({
    username: 'alice',
    email: 'alice@example.com',
    password: PASSWORD,
  });
  return { server, id, browser: new Browser(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function secretOn(text: string): string {
  const [, spaced = ''] = /<code><bdi>([A-Z2-7 ]+)<\/bdi>/.exec(text) ?? [];
  assert.notEqual(spaced, '', text);
  return spaced.replaceAll(' ', '');
}

function codesOn(text: string): readonly string[] {
  return [...text.matchAll(/<li><code><bdi>([0-9a-z-]+)<\/bdi>/g)].map(([, code = '']) => code);
}

/** Sets an app up on the account's page. */
async function enrol({ server, browser }: Awaited<ReturnType<typeof opened>>) {
  await browser.open('/login/');
  await browser.fill(RIGHT);
  await browser.open('/account/second-step/');
  const shown = await browser.fill({ do: 'begin' });
  assert.match(shown.text, /<svg/);
  const secret = secretOn(shown.text);
  const wrong = await browser.fill({ code: '000000' });
  assert.equal(wrong.status, 400);
  assert.equal(secretOn(wrong.text), secret, 'a wrong code does not begin anew');
  const done = await browser.fill({ code: codeAt(secret, server.clock()) });
  assert.match(textOf(done), /Your second step is set up/);
  server.clock.advance(STEP_MS);
  return { secret, codes: codesOn(done.text) };
}

describe('the second step, on the pages', () => {
  test('P7, H5: after the password a code is asked for; nobody is displaced by half, and the way on is kept', async () => {
    await using open = await opened();
    const { server, browser: former } = open;
    const { secret } = await enrol(open);
    const browser = new Browser(server);
    await browser.open('/login/?next=/account/devices/');
    const asked = await browser.fill(RIGHT);
    assert.match(textOf(asked), /^One more step/);
    assert.equal((await former.look('/account/')).status, 200);
    assert.equal((await browser.look('/account/')).status, 401);
    assert.equal((await new Browser(server).look('/login/second-step/')).status, 400, 'another browser has no ticket');
    assert.match(textOf(await browser.fill({ code: '000000' })), /This code is not right/);
    const arrived = await browser.fill({ code: codeAt(secret, server.clock()) });
    assert.equal(browser.path, '/account/devices/');
    assert.equal(arrived.status, 200);
    assert.equal((await former.look('/account/')).status, 401);
    assert.equal(browser.cookies.has('latchkey-ticket'), false);
  });

  test('P10: another app takes the place of one that was lost, where it is demanded and cannot be taken away', async () => {
    await using open = await opened({ secondStep: { demandedOf: ['admin'] } });
    const { server, id } = open;
    const { secret, codes } = await enrol(open);
    await server.auth.accounts.setRoles(id, ['admin']);
    const browser = new Browser(server);
    await browser.open('/login/?next=/account/second-step/');
    await browser.fill(RIGHT);
    const arrived = await browser.fill({ code: codes[0] ?? '' });
    assert.match(textOf(arrived), /Set up another app/);
    assert.doesNotMatch(textOf(arrived), /Remove the second step/);
    const begun = await browser.fill({ do: 'replace' });
    const next = secretOn(begun.text);
    assert.notEqual(next, secret);
    assert.equal(secretOn((await browser.fill({ code: codeAt(secret, server.clock()) })).text), next);
    const done = await browser.fill({ code: codeAt(next, server.clock()) });
    assert.match(textOf(done), /Your second step is set up/);
    assert.equal(codesOn(done.text).length, 10);
    server.clock.advance(STEP_MS);
    const after = new Browser(server);
    await after.open('/login/');
    await after.fill(RIGHT);
    assert.match(textOf(await after.fill({ code: codeAt(secret, server.clock()) })), /This code is not right/);
    await after.fill({ code: codeAt(next, server.clock()) });
    assert.equal(after.path, '/account/');
  });

  test('H6: a browser that is remembered is not asked; a ticket that is too old leads back', async () => {
    await using open = await opened();
    const { server } = open;
    const { secret } = await enrol(open);
    const browser = new Browser(server);
    await browser.open('/login/');
    await browser.fill(RIGHT);
    server.clock.advance(11 * 60_000);
    const late = await browser.fill({ code: codeAt(secret, server.clock()) });
    assert.match(textOf(late), /This took too long/);
    await browser.open('/login/');
    await browser.fill(RIGHT);
    await browser.fill({ code: codeAt(secret, server.clock()), remember: 'on' });
    assert.equal(browser.path, '/account/');
    await browser.open('/logout/');
    await browser.fill({});
    await browser.open('/login/');
    await browser.fill(RIGHT);
    assert.equal(browser.path, '/account/');
  });

  test('H8, H9: new recovery codes, and the app taken away by one of them', async () => {
    await using open = await opened();
    const { browser } = open;
    const { codes } = await enrol(open);
    assert.equal(codes.length, 10);
    assert.match(textOf(await browser.open('/account/second-step/')), /codes that are left: 10/);
    const renewed = codesOn((await browser.fill({ do: 'renew' })).text);
    assert.equal(renewed.length, 10);
    await browser.open('/account/second-step/');
    assert.equal((await browser.fill({ do: 'remove', code: codes[0] ?? '' })).status, 400);
    assert.match(textOf(await browser.fill({ do: 'remove', code: renewed[0] ?? '' })), /Your second step is removed/);
  });

  test('H7: where one is demanded it is set up on the way in', async () => {
    await using open = await opened({ secondStep: { demandedOf: 'everybody' } });
    const { server, browser } = open;
    await browser.open('/login/');
    const asked = await browser.fill(RIGHT);
    assert.match(textOf(asked), /Your account needs a second step/);
    const secret = secretOn(asked.text);
    assert.equal(secretOn((await browser.fill({ code: '000000' })).text), secret);
    const done = await browser.fill({ code: codeAt(secret, server.clock()) });
    assert.equal(codesOn(done.text).length, 10);
    assert.equal((await browser.open('/account/')).status, 200);
  });
});
