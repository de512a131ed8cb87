/** A full account in two browsers, with scripts and without: the newcomer chooses, and the other page turns at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { flawsOn } from './axe.ts';
import { browserTests, fillIn, turned } from './people.ts';

describe('F-24: whose place is taken', () => {
  const tests = browserTests({ sessions: { whenFull: 'ask' } });

  for (const javaScriptEnabled of [true, false]) {
    for (const { colorScheme, locale } of [
      { colorScheme: 'light', locale: 'en' },
      { colorScheme: 'dark', locale: 'ar' },
    ] as const) {
      test(`is chosen by the newcomer ${javaScriptEnabled ? 'with' : 'without'} a script, ${locale}`, async () => {
        const username = `ann-${javaScriptEnabled}-${locale}`;
        await tests.account(username);
        const [there, here] = [
          await tests.person(),
          await tests.person({ javaScriptEnabled, colorScheme, locale, viewport: { width: 320, height: 640 } }),
        ];
        const theirs = await there.signIn(username);
        await tests.listening(1);
        const page = await here.open('/login/?next=%2Faccount%2Fdevices%2F');
        await fillIn(page, { username, password: PASSWORD });
        await page.waitForURL('**/login/choose/**');
        if (javaScriptEnabled) assert.deepEqual(await flawsOn(page), []);
        const box = page.locator('main input[type=checkbox]');
        assert.ok(await box.isChecked());
        await box.uncheck();
        await page.click('main form[method=post] button');
        assert.equal(await page.locator('main [role=alert]').count(), 1);
        if (javaScriptEnabled) assert.deepEqual(await flawsOn(page), []);
        await box.check();
        await page.click('main form[method=post] button');
        await page.waitForURL('**/account/devices/');
        assert.match(await turned(theirs), /Chrome on Linux/);
        await there.close();
        await here.close();
      });
    }
  }
});

describe('F-21: where nobody goes for a newcomer', () => {
  const tests = browserTests({ sessions: { whenFull: 'refuse' } });

  test('the page says so, and axe-core finds nothing', async () => {
    await tests.account('bea');
    const [there, here] = [await tests.person(), await tests.person({ colorScheme: 'dark', locale: 'ar' })];
    await (await there.signIn('bea')).close();
    const page = await here.open('/login/');
    await fillIn(page, { username: 'bea', password: PASSWORD });
    assert.equal(await page.locator('main [role=alert]').count(), 1);
    assert.deepEqual(await flawsOn(page), []);
    await there.close();
    await here.close();
  });
});
