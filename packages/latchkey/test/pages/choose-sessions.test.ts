/** A full account on the pages, without scripts: who is in, and whose place is taken. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { OTHER_PASSWORD, PASSWORD, testServer } from '../http/serving.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };
const HERE = '/login/choose/';

async function opened(sessions: NonNullable<LatchkeyOptions['sessions']>) {
  const server = await testServer({ sessions });
  const { id } = await server.auth.accounts.create({
    ...{ username: 'alice', email: 'alice@example.com', emailVerified: true, password: PASSWORD },
  });
  return { server, id, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function entered({ server }: Opened, headers = {}): Promise<Browser> {
  const browser = new Browser(server, headers);
  await browser.open('/login/');
  await browser.fill(RIGHT);
  assert.equal(browser.path, '/account/');
  return browser;
}

const isIn = async (browser: Browser): Promise<boolean> => (await browser.look('/account/')).status === 200;

async function asked({ server }: Opened, next = ''): Promise<Browser> {
  const browser = new Browser(server);
  await browser.open(`/login/${next}`);
  await browser.fill(RIGHT);
  return browser;
}

const boxesOn = (browser: Browser): readonly string[] =>
  [...(browser.page?.text ?? '').matchAll(/<input type="checkbox" name="(ses_\w+)"/g)].map(([, id = '']) => id);

describe('where one may choose', () => {
  test('F-24: the devices are shown, one is chosen, and the way on is kept; its ticket stands in no address and on no page', async () => {
    await using open = await opened({ limit: 2, whenFull: 'ask' });
    const phone = await entered(open, { 'user-agent': CHROME_ON_ANDROID });
    open.server.clock.advance(3 * 3_600_000);
    const laptop = await entered(open);
    const browser = await asked(open, '?next=/account/devices/');
    assert.equal(browser.path, `${HERE}?next=%2Faccount%2Fdevices%2F`);
    const shown = browser.page ?? assert.fail();
    assert.match(
      textOf(shown),
      /^Choose a device to sign out .* Chrome on Android .*Last used 3 hours ago .*Firefox on Windows/,
    );
    const ticket = browser.cookies.get('latchkey-choice') ?? '';
    assert.ok(ticket.length > 20 && !shown.text.includes(ticket));
    assert.equal((await browser.look('/account/')).status, 401, 'nobody is in by a ticket');
    assert.ok((await isIn(phone)) && (await isIn(laptop)));

    const none = await browser.post(HERE, {});
    assert.equal(none.status, 400);
    assert.match(textOf(none), /Choose a device to sign out\./);
    assert.equal(browser.cookies.get('latchkey-choice'), ticket, 'a form without a mark uses nothing up');

    const [first = ''] = boxesOn(browser);
    const done = await browser.post(HERE, { [first]: 'on', next: '/account/devices/' });
    assert.deepEqual([done.status, done.headers.get('location')], [302, '/account/devices/']);
    assert.equal(browser.cookies.has('latchkey-choice'), false);
    assert.deepEqual([await isIn(phone), await isIn(laptop), await isIn(browser)], [false, true, true]);
    assert.match(textOf(await phone.look('/account/')), /signed in on .*Firefox on Windows/);
  });

  test('F-24: without a ticket, with a used one, or in another browser there is nothing to choose', async () => {
    await using open = await opened({ whenFull: 'ask' });
    const inside = await entered(open);
    const browser = await asked(open);
    const [only = ''] = boxesOn(browser);
    assert.match(browser.page?.text ?? '', new RegExp(`name="${only}" value="on" checked`), 'the only one is marked');
    const ticket = browser.cookies.get('latchkey-choice') ?? '';
    for (const [what, other] of [
      ['nobody', new Browser(open.server)],
      ['whoever is in', inside],
    ] as const) {
      if (other === inside) other.cookies.set('latchkey-choice', ticket);
      assert.match(textOf(await other.look(HERE)), /No place is left .*Sign in again/, what);
      assert.equal((await other.post(HERE, { [only]: 'on' })).status, 400, what);
    }
    assert.ok(await isIn(inside));
    await browser.fill({});
    assert.equal(browser.path, '/account/');
    browser.cookies.set('latchkey-choice', ticket);
    assert.equal((await browser.post(HERE, { [only]: 'on' })).status, 400);
  });

  test('L13: what was not offered is not ended, whatever a form says', async () => {
    await using open = await opened({ whenFull: 'ask' });
    const { id } = await open.server.auth.accounts.create({ username: 'bob', password: PASSWORD });
    await open.server.signIn('bob');
    const [bobs] = await open.server.auth.sessions.list(id);
    await entered(open);
    const browser = await asked(open);
    assert.equal((await browser.post(HERE, { [bobs?.id ?? '']: 'on' })).status, 400);
    assert.equal((await open.server.auth.sessions.list(id)).length, 1);
  });

  test('L13: whoever was quicker is offered next; where a place became free, nobody has to go', async () => {
    await using open = await opened({ whenFull: 'ask' });
    const first = await entered(open);
    const browser = await asked(open);
    const [old = ''] = boxesOn(browser);
    await first.open('/logout/');
    await first.fill({});
    const quicker = await entered(open);
    const again = await browser.look(HERE);
    assert.match(textOf(again), /There is a place for you now\./, 'of those that were offered none is left');
    await browser.open(HERE);
    await browser.fill({});
    assert.equal(browser.path, HERE);
    assert.notEqual(boxesOn(browser)[0], old);
    assert.ok(await isIn(quicker));
    await browser.fill({});
    assert.deepEqual([browser.path, await isIn(quicker), await isIn(browser)], ['/account/', false, true]);
  });

  test('a choice that is not enough says so, ends nobody, and all is offered anew', async () => {
    await using open = await opened({ limit: 2, classLimits: { web: 1 }, whenFull: 'ask' });
    const phone = { 'user-agent': 'okhttp/4.12.0' };
    const [one, other] = [await open.server.signIn('alice', phone), await open.server.signIn('alice', phone)];
    const browser = await asked(open);
    const [first = ''] = boxesOn(browser);
    await open.server.post('/auth/logout/', {}, { key: other });
    const quicker = await entered(open);
    assert.equal((await browser.post(HERE, { [first]: 'on' })).headers.get('location'), HERE);
    const again = await browser.open(HERE);
    assert.match(textOf(again), /That was not enough, or somebody signed in meanwhile\. Please choose again\./);
    assert.ok((await open.server.isLive(one)) && (await isIn(quicker)));
    assert.equal(boxesOn(browser).length, 1, 'the other browser makes room for both');
    await browser.fill({});
    assert.deepEqual([browser.path, await isIn(quicker), await open.server.isLive(one)], ['/account/', false, true]);
  });

  test('F-24: signing out everywhere voids what waits', async () => {
    await using open = await opened({ whenFull: 'ask' });
    await entered(open);
    const browser = await asked(open);
    const [only = ''] = boxesOn(browser);
    await open.server.auth.sessions.endAll(open.id);
    assert.equal((await browser.post(HERE, { [only]: 'on' })).status, 400);
    assert.equal((await browser.look(HERE)).status, 400);
  });
});

describe('where nobody goes for a newcomer', () => {
  test('F-21, F-23: a page says who is in and when they were seen, and the two ways to get in; both work', async () => {
    await using open = await opened({ whenFull: 'refuse' });
    const phone = await entered(open, { 'user-agent': CHROME_ON_ANDROID });
    open.server.clock.advance(2 * 60_000);
    const wrong = new Browser(open.server);
    await wrong.open('/login/');
    const refused = await wrong.fill({ username: 'alice', password: 'wrong' });
    assert.doesNotMatch(refused.text, /Android|place/);
    const browser = await asked(open);
    const shown = browser.page ?? assert.fail();
    assert.deepEqual([shown.status, shown.headers.get('latchkey-reason')], [409, 'limit_reached']);
    const text = textOf(shown);
    assert.match(text, /^No place is left .*Chrome on Android .*Last used 2 minutes ago/);
    assert.match(text, /Sign out on one of these devices, then sign in here\. .* Forgot your password\?/);
    assert.doesNotMatch(shown.text, /ses_/);
    assert.equal((await browser.look(HERE)).status, 404);
    assert.ok(await isIn(phone));

    const { pathname } = await open.server.resetLink('alice@example.com');
    await browser.open(pathname);
    await browser.fill({ new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD });
    assert.equal(await isIn(phone), false);
    await browser.open('/login/');
    await browser.fill({ username: 'alice', password: OTHER_PASSWORD });
    assert.ok(await isIn(browser));
    const again = new Browser(open.server);
    await again.open('/login/');
    assert.equal((await again.fill({ username: 'alice', password: OTHER_PASSWORD })).status, 409);
    await browser.open('/logout/');
    await browser.fill({});
    await again.open('/login/');
    await again.fill({ username: 'alice', password: OTHER_PASSWORD });
    assert.ok(await isIn(again));
  });

  test('F-26: the same browser comes in again, signed in or with its device cookie', async () => {
    await using open = await opened({ whenFull: 'refuse' });
    const browser = await entered(open);
    await browser.open('/login/');
    await browser.fill(RIGHT);
    assert.equal(browser.path, '/account/');
    browser.cookies.delete('latchkey');
    await browser.open('/login/');
    await browser.fill(RIGHT);
    assert.equal(browser.path, '/account/');
    assert.equal((await open.server.auth.sessions.list(open.id)).length, 1);
  });
});
