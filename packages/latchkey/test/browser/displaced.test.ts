/** An open page turns when its session ends: in every tab, whatever it shows, and without asking. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserTests } from './people.ts';

const ANDROID =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';

describe('P6: the displaced device is told at once', () => {
  const tests = browserTests();

  test('F-29: an open page turns, in both its tabs, and says when and by what; signing in there brings it back', async () => {
    await tests.account('ann');
    const here = await tests.person();
    const there = await tests.person({ userAgent: ANDROID });
    const first = await here.signIn('ann');
    const second = await here.open('/account/devices/');
    await there.signIn('ann');
    for (const tab of [first, second]) {
      await tab.waitForURL('**/signed-out/**');
      const said = await tab.textContent('[role=status]');
      assert.match(
        said ?? '',
        /You were signed out: this account signed in on .*Chrome on Android.*, (?:now|\d seconds? ago)/,
      );
    }
    await second.click('text=Sign in here instead');
    assert.equal(new URL(second.url()).search, '?next=%2Faccount%2Fdevices%2F');
    await here.close();
    await there.close();
  });
});
