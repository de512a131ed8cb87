/** What other sites and hostile names try in a real browser, by its own rules for cookies, addresses and frames. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { html } from 'hono/html';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../http/serving.ts';
import { browserTests, fillIn, LAN_HOST, until } from './people.ts';

const EVIL = [
  '"><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '</main>{{7*7}}',
];

/** A second site, on another port: under `127.0.0.1` it is another origin of ours, under `localhost` another site. */
function foreignSite() {
  let body = '';
  const server = createServer((_, res) => void res.setHeader('Content-Type', 'text/html').end(body));
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    shows: (text: unknown): void => {
      body = String(text);
    },
    url: (host: string): string => `http://${host}:${(server.address() as AddressInfo).port}/`,
  };
}

function formTo(action: string, fields: Readonly<Record<string, string>>) {
  const inputs = Object.entries(fields).map(([name, value]) => html`<input name="${name}" value="${value}">`);
  return html`<form method="post" action="${action}">${inputs}<button>Win</button></form>`;
}

const main = async (page: Page): Promise<string> => (await page.textContent('main')) ?? '';

describe('the session cookie', () => {
  const tests = browserTests();

  test('C1, C4: is out of reach of scripts, stays on this site, is new at each sign-in, and none planted before counts', async () => {
    await tests.account('ann');
    const here = await tests.person();
    const planted = await tests.server().register('mallory');
    await here.context.addCookies([{ name: 'latchkey', value: planted, url: here.url }]);
    const values = [planted];
    for (let turn = 0; turn < 2; turn++) {
      const page = await here.signIn('ann');
      const cookie = (await here.context.cookies()).find(({ name }) => name === 'latchkey');
      assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'Lax', '/']);
      assert.equal(await page.evaluate('document.cookie'), '');
      values.push(cookie?.value ?? '');
      await page.close();
    }
    assert.equal(new Set(values).size, 3);
    const live = await Promise.all(values.map((key) => tests.server().isLive(key)));
    assert.deepEqual(live, [false, false, true]);
    await here.close();
  });

  test('C16: going back after signing out shows nothing of the account', async () => {
    await tests.account('bea');
    const here = await tests.person();
    const page = await here.signIn('bea', '/account/profile/');
    await page.click('main .links a');
    await page.click('header form button');
    assert.equal(await page.textContent('h1'), 'Signed out');
    for (let steps = 0; steps < 2; steps++) {
      await page.goBack();
      assert.doesNotMatch(await page.content(), /\bbea\b/);
      assert.match(await main(page), /Please sign in to see this page/);
    }
    await here.close();
  });
});

describe('plain http in a network of one’s own', () => {
  const tests = browserTests({ origin: `http://${LAN_HOST}` });

  const foreign = foreignSite();

  test('C11: where browsers do not say whose request it is, our own forms are taken, and those of others are not', async () => {
    await tests.account('cat');
    const here = await tests.person();
    const page = await here.context.newPage();
    await page.goto(`http://${LAN_HOST}/login/`);
    await fillIn(page, { username: 'cat', password: PASSWORD });
    assert.match(await main(page), /Signed in as cat/);
    foreign.shows(await formTo(`http://${LAN_HOST}/logout/`, {}));
    await page.goto(foreign.url('127.0.0.1'));
    await page.click('button');
    assert.match(await main(page), /This form came from another site/);
    // The browser says in its console which of our headers count over https alone.
    here.faults.length = 0;
    await here.close();
  });
});

describe('another site', () => {
  const tests = browserTests();
  const foreign = foreignSite();

  for (const host of ['localhost', '127.0.0.1']) {
    test(`C10, C12: a form at ${host} signs nobody in or out, and is refused in words of its own`, async () => {
      const username = `ann-${host}`;
      await tests.account(username);
      const here = await tests.person();
      const page = await here.context.newPage();
      for (const isIn of [false, true]) {
        if (isIn) await (await here.signIn(username)).close();
        const cookies = await here.context.cookies();
        for (const path of ['/login/', '/logout/', '/account/devices/', '/auth/login/']) {
          const fields = { username, password: PASSWORD, end: 'others' };
          foreign.shows(await formTo(here.url + path, fields));
          await page.goto(foreign.url(host));
          const answered = page.waitForResponse((response) => response.request().method() === 'POST');
          await page.click('button');
          const [status, text] = [(await answered).status(), await (await answered).text()];
          assert.equal(status, 403, path);
          assert.match(text, /origin_not_allowed|This form came from another site/);
          assert.doesNotMatch(text, /correct name and password|Unable to log in/);
        }
        assert.deepEqual(await here.context.cookies(), cookies);
      }
      const still = await here.open('/account/');
      assert.match(await main(still), new RegExp(`Signed in as ${username}`));
      await here.close();
    });
  }

  test('C15, V3.4.6: can frame no page, and read none', async () => {
    await tests.account('bea');
    const here = await tests.person();
    await here.signIn('bea');
    const page = await here.context.newPage();
    for (const host of ['localhost', '127.0.0.1']) {
      for (const path of ['/account/', '/login/', '/demo/', '/auth/session/', '/nowhere/']) {
        foreign.shows(await html`<!doctype html><iframe src="${here.url}${path}"></iframe>`);
        await page.goto(foreign.url(host));
        await until(`${path} is refused`, () => page.frames().at(1)?.url().startsWith('chrome-error:') === true);
      }
      const read = await page.evaluate(async (url) => {
        const answer = await fetch(url, { credentials: 'include' }).catch(() => null);
        return answer === null ? null : await answer.text();
      }, `${here.url}/auth/session/`);
      assert.equal(read, null);
    }
    // The browser says in the other page's console what it kept it from.
    here.faults.length = 0;
    await here.close();
  });
});

describe('what is not to be trusted', () => {
  const tests = browserTests({ sessions: { limit: 3 } });

  test('N3, N4, N6: hostile names are text, with scripts on, and no policy is violated', async () => {
    const names = { firstName: EVIL.join(' '), lastName: EVIL[1] ?? '', password: PASSWORD };
    await tests.server().auth.accounts.create({ username: 'ann', ...names, email: "o'{b}&amp@example.com" });
    const [here, there] = [
      await tests.person({ userAgent: EVIL[0] ?? '' }),
      await tests.person({ userAgent: EVIL[1] ?? '' }),
    ];
    here.context.on('dialog', (dialog) => here.faults.push(dialog.message()));
    await there.enter('ann');
    const page = await here.signIn('ann', '/account/profile/');
    assert.equal(await page.inputValue('[name=first_name]'), names.firstName);
    await fillIn(page, { username: EVIL[0] ?? '' });
    assert.equal(await page.inputValue('[name=username]'), EVIL[0]);
    const query = new URLSearchParams({ next: EVIL[0] ?? '', error: EVIL[1] ?? '' }).toString();
    for (const path of ['/account/', '/account/devices/', '/signed-out/', '/login/', '/logout/', '/dev/mail/', '/']) {
      await page.goto(`${here.url}${path}?${query}#${EVIL[1]}`);
      assert.equal(await page.locator('main img, main script, [onfocus], [onerror]').count(), 0);
    }
    await here.close();
    await there.close();
  });

  test('D1 to D9: wherever `next` points, signing in leads to a page of ours', async () => {
    await tests.account('bea');
    const here = await tests.person();
    const page = await here.open('/');
    for (const next of NEXTS_BY_HAND) {
      await page.goto(`${here.url}/login/?next=${encodeURIComponent(next)}`);
      await fillIn(page, { username: 'bea', password: PASSWORD });
      assert.equal(new URL(page.url()).origin, here.url, next);
      assert.equal(await page.evaluate('location.origin'), here.url);
    }
    const told: string[] = [];
    for (const next of [...NEXTS_BY_HAND, ...NEXTS]) {
      const form = { username: 'bea', password: PASSWORD, next };
      const answer = await here.context.request.post(`${here.url}/login/`, { form, maxRedirects: 0 });
      assert.equal(answer.status(), 302, next);
      told.push(answer.headers()['location'] ?? '');
    }
    const given = { paths: told, base: page.url() };
    const origins = await page.evaluate(({ paths, base }) => paths.map((path) => new URL(path, base).origin), given);
    assert.deepEqual([...new Set(origins)], [here.url], 'as the browser reads them');
    await here.close();
  });
});

const HOST = 'evil.example';
const NEXTS_BY_HAND = [`/\\${HOST}`, `/\t/${HOST}`, `/..//${HOST}`, 'javascript:alert(1)'];
const NEXTS = [
  ...[`//${HOST}`, `https:${HOST}`, `/%2f%2f${HOST}`],
  ...[`///${HOST}`, `////${HOST}`, `//${HOST}/%2f..`, `//[::1]/`, `//%65vil.example`, `//127.0.0.1@${HOST}`],
  ...[`\\\\${HOST}`, `\\/${HOST}`, `/\\/${HOST}`, `\\/\\/${HOST}`, `/.\\/${HOST}`, `/..\\\\${HOST}`, '/\\'],
  ...[
    `/\n/${HOST}`,
    `/\r/${HOST}`,
    `\t//${HOST}`,
    `/\u0001/${HOST}`,
    `/\u0085/${HOST}`,
    `/\u2028/${HOST}`,
    `/%09/${HOST}`,
  ],
  ...[` //${HOST}`, `\u00a0//${HOST}`, `\u3000//${HOST}`, `\ufeff//${HOST}`, `\u200b//${HOST}`, ` https://${HOST}`],
  ...[`https://${HOST}`, `https:/${HOST}`, `https:///${HOST}`, `HtTpS://${HOST}`, `http:${HOST}`, `http:/${HOST}`],
  ...['java\nscript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'blob:https://a.example/x', 'about:blank'],
  ...[`https://127.0.0.1@${HOST}`, `https://127.0.0.1.${HOST}`, `https://ⓔvil.example`, `／／${HOST}`, `/／${HOST}`],
  ...[
    `/.//${HOST}`,
    `/a/..//${HOST}`,
    `/%2e%2e//${HOST}`,
    `/a/%2E%2e//${HOST}`,
    `/..//..//${HOST}`,
    `/a/b/../..//${HOST}`,
  ],
  ...[`/@${HOST}`, '/:443', '/%0d%0aSet-Cookie:a=b', `/?next=//${HOST}`, `/#//${HOST}`, `/a//${HOST}`, `/。${HOST}`],
];
