/** Everybody can use the pages: axe-core finds nothing, in both themes and in both directions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { flawsOn } from './axe.ts';
import { browserTests } from './people.ts';

const SIGNED_OUT = [
  '/',
  '/login/',
  '/signup/',
  '/logout/',
  '/password/reset/',
  '/verify-email/',
  '/signed-out/',
  '/not-me/',
  '/demo/',
  '/dev/mail/',
  '/nowhere/',
];
const SIGNED_IN = [
  '/',
  '/account/',
  '/account/profile/',
  '/account/password/',
  '/account/devices/',
  '/account/data/',
  '/account/close/',
  '/logout/',
  '/login/',
];

describe('axe-core finds nothing', () => {
  const tests = browserTests({ sessions: { limit: 'unlimited' } });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const locale of ['en', 'ar']) {
      test(`on any page, ${colorScheme}, ${locale}`, async () => {
        const username = `ann-${colorScheme}-${locale}`;
        await tests.account(username);
        const somebody = await tests.person({ colorScheme, locale });
        const tab = await somebody.open('/');
        for (const path of SIGNED_OUT) {
          await tab.goto(somebody.url + path);
          assert.deepEqual(await flawsOn(tab), [], path);
        }
        await (await somebody.signIn(username)).close();
        for (const path of SIGNED_IN) {
          await tab.goto(somebody.url + path);
          assert.deepEqual(await flawsOn(tab), [], path);
        }
        await somebody.close();
      });
    }
  }
});
