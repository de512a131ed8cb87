/** A newcomer is let in, in two browsers: with scripts at once and by nothing but a yes; without them by a form. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { flawsOn } from './axe.ts';
import { browserTests, fillIn, turned } from './people.ts';

const WAITING = '**/login/approval/**';

describe('a newcomer that one who is in lets in', () => {
  const tests = browserTests({ sessions: { whenFull: 'approve' } });

  for (const { colorScheme, locale } of [
    { colorScheme: 'light', locale: 'en' },
    { colorScheme: 'dark', locale: 'ar' },
  ] as const) {
    test(`F-30: with scripts, ${locale}: any open page says that somebody asks; a yes is all, and both pages turn`, async () => {
      const username = `ann-${locale}`;
      await tests.account(username);
      const look = { colorScheme, locale, viewport: { width: 320, height: 640 } };
      const [there, here] = [await tests.person(look), await tests.person(look)];
      const theirs = await there.signIn(username);
      await tests.listening(1);
      const page = await here.open('/login/?next=%2Faccount%2Fdevices%2F');
      await fillIn(page, { username, password: PASSWORD });
      await page.waitForURL(WAITING);
      assert.deepEqual(await flawsOn(page), []);
      const number = await page.textContent('.number');
      const note = theirs.locator('[data-asked-note] a');
      await note.waitFor();
      assert.deepEqual(await flawsOn(theirs), []);
      await note.click();
      await theirs.waitForURL('**/account/approvals/');
      assert.equal(await theirs.textContent('main strong'), number);
      assert.ok(await theirs.locator('main input[type=checkbox]').isChecked());
      assert.deepEqual(await flawsOn(theirs), []);
      await theirs.click('main button[name=approve]');
      await page.waitForURL('**/account/devices/');
      assert.match(await turned(theirs), /Chrome/);
      await there.close();
      await here.close();
    });
  }

  test('with scripts, the page of the devices shows it by itself; a no is seen at once by who waits', async () => {
    await tests.account('bea');
    const [there, here] = [await tests.person(), await tests.person()];
    const theirs = await there.signIn('bea', '/account/devices/');
    await tests.listening(1);
    const page = await here.open('/login/');
    await fillIn(page, { username: 'bea', password: PASSWORD });
    await page.waitForURL(WAITING);
    await theirs.locator('main button[name=decline]').click();
    await page.locator('main [role=alert]').waitFor();
    assert.match((await page.textContent('main')) ?? '', /The request was declined\./);
    assert.deepEqual(await flawsOn(page), []);
    assert.equal(await theirs.locator('main button[name=decline]').count(), 0);
    await there.close();
    await here.close();
  });

  test('without a script the page loads itself anew, and coming in is a button', async () => {
    await tests.account('cat');
    const plain = { javaScriptEnabled: false };
    const [there, here] = [await tests.person(plain), await tests.person(plain)];
    const theirs = await there.signIn('cat');
    const page = await here.open('/login/');
    await fillIn(page, { username: 'cat', password: PASSWORD });
    await page.waitForURL(WAITING);
    const number = await page.textContent('.number');
    await theirs.goto(`${there.url}/account/devices/`);
    assert.equal(await theirs.textContent('main strong'), number);
    await theirs.click('main button[name=approve]');
    await theirs.waitForURL('**/account/devices/');
    await page.locator('.number').waitFor({ state: 'detached' });
    await page.click('main form[method=post] button');
    await page.waitForURL('**/account/');
    assert.equal((await theirs.goto(`${there.url}/account/`))?.status(), 401);
    await there.close();
    await here.close();
  });
});
