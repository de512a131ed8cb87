/** People at browsers of their own, for tests in a real one. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
import type { AccountId } from '../../src/model/account.ts';
import { PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { openChromium } from './chromium.ts';

/** What a page must never bring about: anything in the console that is an error, and any script that fails. */
function watchFaults(page: Page, faults: string[]): void {
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    // A page that needs a sign-in is answered by 401, and the browser says so.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) {
      faults.push(`${page.url()}: ${message.text()}`);
    }
  });
}

/** No more than what keeps a test from waiting for ever: on a busy machine a browser is slow. */
const PATIENCE_MS = 120_000;

export class Person {
  readonly context: BrowserContext;
  readonly url: string;
  /** What went wrong on their pages. */
  readonly faults: string[] = [];

  constructor(context: BrowserContext, url: string) {
    this.context = context;
    this.url = url;
    context.setDefaultTimeout(PATIENCE_MS);
    context.setDefaultNavigationTimeout(PATIENCE_MS);
    context.on('page', (page) => watchFaults(page, this.faults));
  }

  /** Opens a path in a tab of its own. */
  async open(path: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url + path);
    return page;
  }

  /** Signs in without looking at anything, as quickly as that can be done. */
  async enter(username: string): Promise<void> {
    const data = { username, password: PASSWORD };
    const answer = await this.context.request.post(`${this.url}/auth/login/`, { data });
    assert.equal(answer.status(), 200);
  }

  /** Signs in by the form, and is where that leads. */
  async signIn(username: string, next = '/account/'): Promise<Page> {
    const page = await this.open(`/login/?next=${encodeURIComponent(next)}`);
    await fillIn(page, { username, password: PASSWORD });
    await page.waitForURL(this.url + next);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
    assert.deepEqual(this.faults, [], 'nothing failed on any page, and no policy was violated');
  }
}

/** Fills the form of a page in, and sends it. */
export async function fillIn(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.fill(`main [name=${name}]`, value);
  await page.click('main form[method=post] button');
}

/** What a page says once it has turned because its session is over. */
export async function turned(page: Page): Promise<string> {
  await page.waitForURL('**/signed-out/**');
  return (await page.textContent('main [role=status]')) ?? '';
}

/** Waits for what nothing tells of. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await isSo()); ) {
    assert.ok(Date.now() < deadline, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A name of a host that is this machine's as any other machine of a network is known: by plain http, and not trusted for that. */
export const LAN_HOST = 'phone.test';

/**
 * One browser and one server for the tests of a file. What is given as its `origin` is what the browser calls it: passkeys, for
 * one, are made for names.
 */
export function browserTests(options: LatchkeyOptions = {}) {
  const origin = options.origin === undefined ? null : new URL(options.origin);
  let browser: Browser;
  let server: TestServer;
  before(async () => {
    server = await testServer({ clock: Date.now, ...options }, { settles: false });
    const names = [`${LAN_HOST}:80`, ...(origin === null ? [] : [origin.host])];
    const rules = names.map((name) => `MAP ${name} 127.0.0.1:${server.port}`).join(', ');
    browser = await openChromium([`--host-resolver-rules=${rules}`]);
  });
  after(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  return {
    server: (): TestServer => server,
    browser: (): Browser => browser,
    /** Somebody with a browser that nobody else has. */
    async person(given: BrowserContextOptions = {}): Promise<Person> {
      return new Person(await browser.newContext({ locale: 'en', ...given }), origin?.origin ?? server.url);
    },
    account: async (username: string): Promise<AccountId> => {
      const email = `${username}@example.com`;
      return (await server.auth.accounts.create({ username, email, password: PASSWORD })).id;
    },
    /** Waits until so many pages listen. */
    listening: (count: number): Promise<void> =>
      until(`${count} listen`, () => server.assembled.parts.streams.count() === count),
  };
}
