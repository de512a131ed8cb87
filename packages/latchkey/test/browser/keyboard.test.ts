/** Everything can be done by keyboard alone, and it is always to be seen where one is (WCAG 2.2, 2.1.1, 2.4.3, 2.4.7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../http/serving.ts';
import { browserTests } from './people.ts';

type Focus = { readonly name: string; readonly position: number; readonly isSeen: boolean; readonly isInMain: boolean };

/** Where the focus is, and whether that can be seen. */
async function focusOf(page: Page): Promise<Focus> {
  return await page.evaluate(`(() => {
    const at = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const { top, bottom, width, height } = at.getBoundingClientRect();
    const isThere = width > 0 && height > 0 && bottom > 0 && top < innerHeight;
    return {
      name: at instanceof HTMLInputElement ? at.name : at.textContent.trim(),
      position: [...document.querySelectorAll('*')].indexOf(at),
      isSeen: isThere && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
      isInMain: at.closest('main') !== null,
    };
  })()`);
}

/** A page that says where typing begins puts the focus there a moment after it is loaded. */
async function firstFocusOf(page: Page): Promise<Focus> {
  await page.waitForSelector('[autofocus]:focus');
  return await focusOf(page);
}

/** Goes on to something by Tab alone: each step is further down the page, and is seen. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let last = -1; ; ) {
    await page.keyboard.press('Tab');
    const focus = await focusOf(page);
    assert.ok(focus.isSeen, `${focus.name} is seen`);
    assert.ok(focus.position > last, `${focus.name} comes after what stands before it; ${name} was looked for`);
    if (focus.name === name) return;
    last = focus.position;
  }
}

async function press(page: Page, key = 'Enter'): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)]);
}

describe('by keyboard alone', () => {
  const tests = browserTests({ sessions: { limit: 2 } });
  const somebody = () => tests.person({ reducedMotion: 'reduce' });

  test('signing in, ending the other device, and signing out', async () => {
    await tests.account('ann');
    const [here, there] = [await somebody(), await tests.person({ userAgent: 'curl/8.0' })];
    await there.enter('ann');
    const page = await here.open('/login/');
    const first = await firstFocusOf(page);
    assert.deepEqual([first.name, first.isSeen], ['username', true]);
    await page.keyboard.type('ann');
    await tabTo(page, 'password');
    await page.keyboard.type(PASSWORD);
    await press(page);
    assert.equal(page.url(), `${here.url}/account/`);
    await tabTo(page, 'Devices');
    await press(page);
    const other = (await page.locator('main li [name=end]').nth(1).textContent()) ?? '';
    await tabTo(page, other);
    await press(page, 'Space');
    await page.waitForSelector('text=You are signed in on this device alone.');
    await tabTo(page, 'Sign out');
    await press(page);
    assert.equal(await page.textContent('h1'), 'Signed out');
    await here.close();
    await there.close();
  });

  test('the first step on each page leads past what all pages have', async () => {
    await tests.account('bea');
    const here = await somebody();
    const page = await here.signIn('bea');
    for (const path of ['/account/', '/account/devices/', '/']) {
      await page.goto(here.url + path);
      await tabTo(page, 'Skip to the content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      const focus = await focusOf(page);
      assert.deepEqual([focus.isInMain, focus.isSeen], [true, true], path);
    }
    await here.close();
  });

  test('after an error the focus is where something is to be typed', async () => {
    await tests.account('cat');
    const here = await somebody();
    const page = await here.open('/login/');
    await firstFocusOf(page);
    await page.keyboard.type('cat');
    await tabTo(page, 'password');
    await page.keyboard.type('wrong');
    await press(page);
    assert.equal((await firstFocusOf(page)).name, 'password', 'the name has stayed');
    await page.keyboard.type(PASSWORD);
    await press(page);
    assert.equal(page.url(), `${here.url}/account/`);

    await page.goto(`${here.url}/signup/`);
    await firstFocusOf(page);
    await page.keyboard.type('dan');
    for (const [name, text] of [
      ['email', 'dan@example.com'],
      ['password1', 'short'],
      ['password2', 'short'],
    ] as const) {
      await tabTo(page, name);
      await page.keyboard.type(text);
    }
    await press(page);
    const { name, isSeen } = await firstFocusOf(page);
    assert.deepEqual([await page.getAttribute(`[name=${name}]`, 'aria-invalid'), isSeen], ['true', true]);
    assert.equal(await page.locator('[aria-invalid=true]').first().getAttribute('name'), name, 'the first of them');
    await here.close();
  });
});
