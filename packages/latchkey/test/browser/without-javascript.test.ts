/** Every page does all of its work without a script. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import type { Page } from 'playwright-core';
import { OTHER_PASSWORD, PASSWORD } from '../http/serving.ts';
import { browserTests, fillIn, type Person } from './people.ts';

const main = async (page: Page): Promise<string> => (await page.textContent('main')) ?? '';

describe('without a script', () => {
  const tests = browserTests({ accounts: { emailVerification: 'mandatory' }, sessions: { limit: 3 } });

  const somebody = (): Promise<Person> => tests.person({ javaScriptEnabled: false });

  /** The path that the newest mail to somebody leads to. */
  async function mailedPath(address: string): Promise<string> {
    const mails = await tests.server().mailsTo(address);
    return new URL(linkIn(mails.at(-1))).pathname;
  }

  async function account(username: string): Promise<void> {
    const email = `${username}@example.com`;
    await tests.server().auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
  }

  test('signing up, confirming the address by the mailed link, and signing in to where one was going', async () => {
    const here = await somebody();
    const page = await here.open('/account/devices/');
    assert.match(await main(page), /Please sign in to see this page\./);
    await page.click('main a');
    await page.click('text=Create an account');
    const form = { username: 'ann', email: 'ann@example.com', password1: PASSWORD, password2: OTHER_PASSWORD };
    await fillIn(page, form);
    assert.match(await main(page), /The two passwords are not the same\./);
    assert.equal(await page.inputValue('[name=email]'), form.email);
    await fillIn(page, { password1: PASSWORD, password2: PASSWORD });
    assert.match(await main(page), /We have sent you a mail/);
    await page.goto(here.url + (await mailedPath(form.email)));
    await page.click('text=Confirm this address');
    assert.match(await main(page), /Your address is confirmed\./);

    await page.goto(`${here.url}/login/?next=%2Faccount%2Fdevices%2F`);
    await fillIn(page, { username: 'ann', password: 'wrong' });
    assert.match(await main(page), /Please enter a correct name and password/);
    assert.deepEqual(await page.inputValue('[name=username]'), 'ann');
    assert.deepEqual(await page.inputValue('[name=password]'), '');
    await fillIn(page, { password: PASSWORD });
    assert.equal(page.url(), `${here.url}/account/devices/`);
    await here.close();
  });

  test('names, the password, the data as a file, signing out, and closing the account', async () => {
    await account('bea');
    const here = await somebody();
    const page = await here.signIn('bea', '/account/profile/');
    await fillIn(page, { username: 'bea2', first_name: 'Bea', last_name: 'Bee' });
    assert.match(await main(page), /Signed in as bea2/);
    await page.click('main >> text=Password');
    await fillIn(page, { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD });
    assert.match(await main(page), /Your password is changed\./);

    await page.goto(`${here.url}/account/data/`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download your data')]);
    assert.equal(download.suggestedFilename(), 'account.json');
    const data: unknown = JSON.parse(await readFile(await download.path(), 'utf8'));
    assert.equal(Reflect.get(Object(Reflect.get(Object(data), 'account')), 'first_name'), 'Bea');

    await page.click('header form button');
    assert.match(await main(page), /You are signed out on this device\./);
    await page.goto(`${here.url}/login/?next=%2Faccount%2Fclose%2F`);
    await fillIn(page, { username: 'bea2', password: OTHER_PASSWORD });
    await fillIn(page, { password: OTHER_PASSWORD });
    assert.match(await main(page), /Your account and its data are removed\./);
    await here.close();
  });

  test('one device is ended, then all others; each says at its next click what a live page would say', async () => {
    await account('cat');
    const [here, ...others] = [await somebody(), await somebody(), await somebody(), await somebody()] as const;
    const pages: Page[] = [];
    for (const other of others) pages.push(await other.signIn('cat'));
    const page = await here.signIn('cat', '/account/devices/');
    const [displaced, revoked, alsoRevoked] = pages;
    assert.ok(displaced !== undefined && revoked !== undefined && alsoRevoked !== undefined);
    await displaced.click('main >> text=Devices');
    assert.match(await main(displaced), /You were signed out: this account signed in on .*Chrome on Linux, /);
    assert.equal(await page.locator('main li [name=end]').count(), 3);
    await page.locator('main li [name=end]').last().click();
    assert.equal(await page.locator('main li [name=end]').count(), 2);
    await page.click('text=Sign all other devices out');
    assert.match(await main(page), /You are signed in on this device alone\./);
    for (const ended of [revoked, alsoRevoked]) {
      await ended.click('main >> text=Devices');
      assert.match(await main(ended), /You were signed out: this device was removed from the account, /);
    }
    for (const person of [here, ...others]) await person.close();
  });

  test('F-26, F-27: a device is called what its owner calls it, on every device and at its next sign-in', async () => {
    await account('fay');
    const [here, there] = [await somebody(), await somebody()];
    const page = await here.signIn('fay', '/account/devices/');
    await page.click('summary');
    await page.fill('main li [name=name]', 'Fay’s <b>laptop</b>');
    await page.click('main li .inline button');
    assert.match(await main(page), /The device is renamed\./);
    assert.equal(await page.locator('main li .name bdi').first().textContent(), 'Fay’s <b>laptop</b>');
    assert.match(await main(page), /Chrome on Linux · Browser/);
    const other = await there.signIn('fay', '/account/devices/');
    assert.match(await main(other), /Sign Fay’s <b>laptop<\/b> out/);
    await page.click('header form button');
    await page.goto(`${here.url}/login/?next=%2Faccount%2Fdevices%2F`);
    await fillIn(page, { username: 'fay', password: PASSWORD });
    assert.equal(await page.locator('main li .name bdi').first().textContent(), 'Fay’s <b>laptop</b>');
    for (const person of [here, there]) await person.close();
  });

  test('E9, N9, N10: a forgotten password, by mail; the link’s secret stays in no address and is told to nobody', async () => {
    await account('dan');
    const here = await somebody();
    const page = await here.open('/login/');
    await page.click('text=Forgot your password?');
    await fillIn(page, { email: 'dan@example.com' });
    const path = await mailedPath('dan@example.com');
    const secret = path.split('/').at(-2) ?? '';
    const asked: string[] = [];
    page.on('request', (request) => {
      // What the browser sends of itself, and what it asks for.
      asked.push(`${request.url()} ${JSON.stringify(request.headers())}`);
    });
    await page.goto(here.url + path);
    assert.equal(page.url(), `${here.url}/password/reset/confirm/`);
    assert.ok(!(await page.content()).includes(secret));
    await fillIn(page, { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD });
    assert.match(await main(page), /Your new password is set\./);
    await page.click('main >> text=Sign in');
    const told = asked.filter((one) => one.includes(secret));
    assert.equal(told.length, 1, 'the link itself alone');
    assert.ok(told[0]?.startsWith(`${here.url}${path} `));
    await fillIn(page, { username: 'dan', password: OTHER_PASSWORD });
    assert.match(await main(page), /Signed in as dan/);
    await here.close();
  });

  test('a password that is reset in a browser that is signed in: all of it is out, and the page says so', async () => {
    await account('eve');
    const here = await tests.person();
    const page = await here.signIn('eve');
    await tests.server().resetLink('eve@example.com');
    await tests.listening(1);
    await page.goto(here.url + (await mailedPath('eve@example.com')));
    await tests.listening(1);
    await fillIn(page, { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD });
    const shown = await page.content();
    assert.match(shown, /Your new password is set\. All devices were signed out\./);
    assert.doesNotMatch(shown, /<nav|<script/, 'nobody is signed in any more, and there is nothing to follow');
    await here.close();
  });
});
