/** Everybody can use the pages: axe-core finds nothing, in both themes and in both directions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { flawsOn } from './axe.ts';
import { browserTests, fillIn, type Person, turned } from './people.ts';

const SIGNED_OUT = [
  '/',
  '/login/',
  '/signup/',
  '/logout/',
  '/password/reset/',
  '/verify-email/',
  '/login/mail/',
  '/signed-out/',
  '/not-me/',
  `/not-me/${'a'.repeat(43)}/`,
  '/demo/',
  '/dev/mail/',
  '/nowhere/',
];
const SIGNED_IN = [
  '/',
  '/account/',
  '/account/profile/',
  '/account/password/',
  '/account/second-step/',
  '/account/passkeys/',
  '/account/confirm/',
  '/account/email/',
  '/account/connections/',
  '/account/devices/',
  '/account/data/',
  '/account/close/',
  '/logout/',
  '/login/',
];

const PROVIDERS = { providers: { google: { clientId: 'client', clientSecret: 'secret' } } };

const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  ['en', 'ar'].map((locale) => ({ colorScheme, locale })),
);

describe('axe-core finds nothing', () => {
  const tests = browserTests({ social: PROVIDERS, sessions: { limit: 'unlimited' }, accounts: { signInByMail: true } });

  for (const { colorScheme, locale } of LOOKS) {
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
});

describe('in every other state', () => {
  const tests = browserTests({ social: PROVIDERS, sessions: { limit: 2 } });

  for (const look of [
    { colorScheme: 'light', locale: 'en' },
    { colorScheme: 'dark', locale: 'ar' },
  ] as const) {
    const name = `${look.colorScheme}-${look.locale}`;
    test(`axe-core finds nothing, and nothing is cut off on a narrow screen: ${name}`, async () => {
      await tests.account(name);
      const [here, first, second] = [await tests.person(look), await tests.person(), await tests.person()];
      const page = await here.open('/');
      await page.setViewportSize({ width: 320, height: 640 });
      for (const bringAbout of statesOf(here, [first, second], name)) {
        await bringAbout(page);
        assert.deepEqual(await flawsOn(page), [], page.url());
        await assertFits(page);
      }
      for (const person of [here, first, second]) await person.close();
    });
  }

  for (const look of [
    { colorScheme: 'dark', locale: 'en' },
    { colorScheme: 'light', locale: 'ar' },
  ] as const) {
    const username = `step-${look.colorScheme}-${look.locale}`;
    test(`nor while a second step is set up and shown: ${username}`, async () => {
      await tests.account(username);
      const here = await tests.person(look);
      const page = await here.signIn(username);
      await page.setViewportSize({ width: 320, height: 640 });
      for await (const state of secondStepStates(here, page, username)) {
        assert.deepEqual(await flawsOn(page), [], state);
        await assertFits(page);
      }
      await here.close();
    });
  }

  test('no page is wider than a narrow screen, nor with letters twice as large', async () => {
    await tests.account('a-rather-long-name-for-somebody.with-more-of-it');
    const here = await tests.person();
    const page = await here.signIn('a-rather-long-name-for-somebody.with-more-of-it');
    for (const path of new Set([...SIGNED_IN, ...SIGNED_OUT])) {
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(here.url + path);
      await assertFits(page);
      await page.setViewportSize({ width: 640, height: 640 });
      await page.evaluate('document.documentElement.style.fontSize = "200%"');
      await assertFits(page);
    }
    await here.close();
  });

  /** From none to one that is asked for at the next sign-in. */
  async function* secondStepStates(here: Person, page: Page, username: string): AsyncGenerator<string> {
    await page.goto(`${here.url}/account/second-step/`);
    await page.click('main form[method=post] button');
    yield 'to be set up';
    const secret = ((await page.textContent('main code')) ?? '').replaceAll(/\s/g, '');
    await fillIn(page, { code: '000000' });
    yield 'a wrong code';
    await fillIn(page, { code: codeAt(secret, Date.now()) });
    yield 'recovery codes';
    await page.goto(`${here.url}/account/second-step/`);
    yield 'set up';
    await here.context.clearCookies();
    await page.goto(`${here.url}/login/`);
    await fillIn(page, { username, password: PASSWORD });
    yield 'asked for';
    await fillIn(page, { code: '000000' });
    yield 'a wrong code at the door';
  }

  /** One after another, from signed out to signed out by another device. */
  function statesOf(here: Person, others: readonly [Person, Person], username: string) {
    const [first, second] = others;
    const go = (path: string) => async (page: Page) => void (await page.goto(here.url + path));
    const sent = (path: string, fields: Readonly<Record<string, string>>) => async (page: Page) => {
      await page.goto(here.url + path);
      await page.evaluate('document.forms.item(document.forms.length - 1).noValidate = true');
      await fillIn(page, fields);
    };
    const weak = { new_password1: '1', new_password2: '2' };
    return [
      sent('/login/', { username, password: 'wrong' }),
      sent('/login/', { username: '', password: '' }),
      sent('/signup/', { username: 'a b', email: 'x', password1: '1', password2: '2' }),
      sent('/password/reset/', { email: 'x' }),
      sent('/password/reset/', { email: 'nobody@example.com' }),
      async (page: Page) => await go((await tests.server().resetLink(`${username}@example.com`)).pathname)(page),
      sent('/password/reset/confirm/', weak),
      go('/password/reset/confirm/x/y/'),
      go('/verify-email/none/'),
      async (page: Page) => {
        await first.enter(username);
        await here.enter(username);
        await go('/account/devices/')(page);
      },
      sent('/account/profile/', { username: 'a b' }),
      sent('/account/password/', weak),
      sent('/account/close/', { password: 'wrong' }),
      async (page: Page) => {
        await go('/account/')(page);
        await tests.listening(1);
        for (const other of [first, second]) await other.context.clearCookies();
        for (const other of [first, second]) await other.enter(username);
        await turned(page);
      },
      async (page: Page) => {
        await go('/demo/')(page);
        await page.click('[data-phone$=A] button');
        await page.waitForSelector('[data-phone$=A][data-state=in]');
      },
    ];
  }

  async function assertFits(page: Page): Promise<void> {
    const [needed, given] = await page.evaluate<[number, number]>(
      '[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]',
    );
    assert.ok(needed <= given, `${page.url()} needs ${needed} of ${given}`);
  }
});
