/** `/demo/` shows what Latchkey does, by its own account of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testServer } from '../http/serving.ts';
import { browserTests } from './people.ts';

describe('the demo', () => {
  const tests = browserTests();

  test('P6: signing in on one phone signs the other out within a second, and back again', async () => {
    const here = await tests.person();
    const page = await here.open('/demo/');
    const phone = (name: string) => page.locator(`[data-phone="Phone ${name}"]`);
    const state = (name: string, is: string) => page.waitForSelector(`[data-phone="Phone ${name}"][data-state=${is}]`);
    await phone('A').locator('button').click();
    await state('A', 'in');
    for (const [into, out] of ['BA', 'AB', 'BA'] as const) {
      await tests.listening(1);
      await phone(String(into)).locator('button').click();
      await state(String(out), 'ended');
      await state(String(into), 'in');
      assert.match(
        await phone(String(out)).innerText(),
        /You were signed out: this account signed in on another device/,
      );
      const note = await page.locator(`[data-notes] li:has-text("Phone ${out}: told")`).first().innerText();
      const [, ms = '', code] = /told after (-?\d+) ms, (\w+)$/.exec(note) ?? [];
      assert.equal(code, 'session_displaced');
      assert.ok(Number(ms) < 1_000, note);
    }
    await here.close();
  });

  test('keys are kept nowhere but in memory', async () => {
    const here = await tests.person();
    const page = await here.open('/demo/');
    const answered = page.waitForResponse((response) => response.url().endsWith('/auth/login/'));
    await page.click('[data-phone="Phone A"] button');
    assert.match(String(Reflect.get(Object(await (await answered).json()), 'key')), /^lk_/);
    await page.waitForSelector('[data-phone="Phone A"][data-state=in]');
    const kept = await page.evaluate(
      'Promise.all([indexedDB.databases(), caches.keys(), localStorage.length, sessionStorage.length, document.cookie, name])',
    );
    assert.deepEqual(kept, [[], [], 0, 0, '', '']);
    assert.deepEqual(await here.context.cookies(), []);
    await here.close();
  });

  test('a new tab, or the page anew, knows of nothing', async () => {
    const here = await tests.person();
    const page = await here.open('/demo/');
    await page.click('[data-phone="Phone A"] button');
    await page.waitForSelector('[data-phone="Phone A"][data-state=in]');
    await page.reload();
    assert.equal(await page.locator('[data-state=out]').count(), 2);
    await tests.listening(0);
    await here.close();
  });

  test('where sign-up is closed it says so, and can be tried again', async () => {
    await using closed = await testServer({ clock: Date.now, accounts: { registration: 'closed' } });
    const page = await (await tests.browser().newContext()).newPage();
    await page.goto(`${closed.url}/demo/`);
    await page.click('[data-phone="Phone A"] button');
    await page.waitForSelector('[data-phone="Phone A"][data-state=out] [data-said]:not(:empty)');
    assert.equal(await page.isEnabled('[data-phone="Phone A"] button'), true);
    await page.context().close();
  });
});
