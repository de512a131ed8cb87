/** A newcomer is let in on the pages, without scripts: where it waits, and where it is answered. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OTHER_PASSWORD, PASSWORD, testServer } from '../http/serving.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };
const HERE = '/login/approval/';
const THERE = '/account/approvals/';

async function opened(limit = 1) {
  const sessions = { limit, whenFull: 'approve' } as const;
  const server = await testServer({ sessions, hooks: { placeOf: () => 'Vienna <b>' } });
  const { id } = await server.auth.accounts.create({
    ...{ username: 'alice', email: 'alice@example.com', emailVerified: true, password: PASSWORD },
  });
  return { server, id, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function signingIn({ server }: Opened, next = '', headers = {}): Promise<Browser> {
  const browser = new Browser(server, headers);
  await browser.open(`/login/${next}`);
  await browser.fill(RIGHT);
  return browser;
}

const isIn = async (browser: Browser): Promise<boolean> => (await browser.look('/account/')).status === 200;

const boxesOn = (browser: Browser): readonly string[] =>
  [...(browser.page?.text ?? '').matchAll(/<input type="checkbox" name="(ses_\w+)" value="on"( checked)?/g)].map(
    ([, id = '', isChecked]) => (isChecked === undefined ? id : `${id} checked`),
  );
const requestOn = (browser: Browser): string =>
  /name="approve" value="(apr_\w+)"/.exec(browser.page?.text ?? '')?.[1] ?? '';
const numberOn = (browser: Browser): string => /\b\d{4}\b/.exec(textOf(browser.page ?? assert.fail()))?.[0] ?? '';

describe('where one who is in lets newcomers in', () => {
  test('the newcomer waits, sees its number there and here, and goes on to where it was going', async () => {
    await using open = await opened(2);
    const phone = await signingIn(open, '', { 'user-agent': CHROME_ON_ANDROID });
    open.server.clock.advance(3_600_000);
    const laptop = await signingIn(open);
    const browser = await signingIn(open, '?next=/account/devices/');
    assert.equal(browser.path, `${HERE}?next=%2Faccount%2Fdevices%2F`);
    const shown = browser.page ?? assert.fail();
    assert.equal(shown.headers.get('latchkey-reason'), 'approval_required');
    assert.match(textOf(shown), /^Ask another device .* \d{4} The request ends in 2 minutes\. Look again/);
    assert.match(shown.text, /<noscript><meta http-equiv="refresh" content="5"><\/noscript>\n<\/head>/);
    const ticket = browser.cookies.get('latchkey-approval') ?? '';
    assert.ok(ticket.length > 20 && !shown.text.includes(ticket));
    assert.equal((await browser.look('/account/')).status, 401, 'nobody is in by a ticket');
    const number = numberOn(browser);
    await browser.fill({});
    assert.equal(browser.path, `${HERE}?next=%2Faccount%2Fdevices%2F`, 'and waits on');

    for (const at of ['/account/devices/', THERE]) {
      const { text } = await laptop.open(at);
      assert.ok(text.includes('Vienna &lt;b&gt;') && !text.includes('Vienna <b>'));
      const told = textOf(laptop.page ?? assert.fail());
      assert.match(
        told,
        /A device wants to sign in to your account\. Firefox on Windows Browser .* asked now It shows the number/,
      );
      assert.equal(numberOn(laptop), number);
    }
    const [first = '', second = ''] = boxesOn(laptop);
    assert.match(first, / checked$/, 'the one that the rule would displace');
    const none = await laptop.post(THERE, { approve: requestOn(laptop) });
    assert.equal(none.status, 400);
    assert.match(textOf(none), /Choose as many devices as have to be signed out\./);
    const done = await laptop.post(THERE, { approve: requestOn(laptop), [second]: 'on' });
    assert.deepEqual([done.status, done.headers.get('location')], [303, '/account/devices/']);
    assert.ok((await isIn(phone)) && (await isIn(laptop)));

    const ready = await browser.look(HERE);
    assert.match(textOf(ready), /You may come in now\. Sign in/);
    assert.equal(ready.headers.get('latchkey-reason'), null);
    assert.equal((await browser.look('/account/')).status, 401, 'nor by looking');
    await browser.open(`${HERE}?next=%2Faccount%2Fdevices%2F`);
    await browser.fill({});
    assert.equal(browser.path, '/account/devices/');
    assert.equal(browser.cookies.has('latchkey-approval'), false);
    assert.deepEqual([await isIn(phone), await isIn(laptop), await isIn(browser)], [true, false, true]);
  });

  test('a no, and no answer, are said; a new password is the way for who has no device', async () => {
    await using open = await opened();
    const inside = await signingIn(open);
    const browser = await signingIn(open);
    await inside.open(THERE);
    await inside.fill({ decline: requestOn(inside) });
    assert.equal(inside.path, '/account/devices/');
    for (const answer of [await browser.look(HERE), await browser.post(HERE, {})]) {
      assert.deepEqual([answer.status, answer.headers.get('latchkey-reason')], [409, 'approval_declined']);
      assert.match(textOf(answer), /The request was declined\. Sign in again/);
    }
    assert.match(textOf(await inside.open(THERE)), /No device is waiting\./);

    const late = await signingIn(open);
    await inside.open(THERE);
    open.server.clock.advance(120_000);
    const answer = await late.look(HERE);
    assert.equal(answer.status, 409);
    assert.match(textOf(answer), /Nobody has answered in time\. .*new password/);
    const over = await inside.post(THERE, {
      approve: requestOn(inside),
      [boxesOn(inside)[0]?.split(' ')[0] ?? '']: 'on',
    });
    assert.equal(over.status, 409);
    assert.match(textOf(over), /That request is not waiting any more\./);
    assert.ok(await isIn(inside));
  });

  test('F-24: without a ticket, in another browser, or voided by a new password there is nothing to wait for', async () => {
    await using open = await opened();
    const inside = await signingIn(open);
    const browser = await signingIn(open);
    const ticket = browser.cookies.get('latchkey-approval') ?? '';
    inside.cookies.set('latchkey-approval', ticket);
    for (const other of [new Browser(open.server), inside]) {
      assert.equal((await other.look(HERE)).status, 400);
      assert.equal((await other.post(HERE, {})).status, 400);
    }
    await inside.post('/account/password/', {
      ...{ old_password: PASSWORD, new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD },
    });
    const voided = await browser.look(HERE);
    assert.deepEqual([voided.status, browser.cookies.has('latchkey-approval')], [400, false]);
  });

  test('C12: another site cannot say yes', async () => {
    await using open = await opened();
    const inside = await signingIn(open);
    const browser = await signingIn(open);
    await inside.open(THERE);
    const [box = ''] = boxesOn(inside);
    const given = { approve: requestOn(inside), [box.split(' ')[0] ?? '']: 'on' };
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    assert.equal((await inside.post(THERE, given, evil)).status, 403);
    assert.equal((await new Browser(open.server).post(THERE, given)).status, 401);
    assert.equal((await browser.look(HERE)).headers.get('latchkey-reason'), 'approval_required');
  });
});
