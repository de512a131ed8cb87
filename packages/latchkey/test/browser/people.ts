/** People at browsers of their own, for tests in a real one. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
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

export class Person {
  readonly context: BrowserContext;
  readonly url: string;
  /** What went wrong on their pages. */
  readonly faults: string[] = [];

  constructor(context: BrowserContext, url: string) {
    this.context = context;
    this.url = url;
    context.on('page', (page) => watchFaults(page, this.faults));
  }

  /** Opens a path in a tab of its own. */
  async open(path: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url + path);
    return page;
  }

  /** Signs in by the form, and is where that leads. */
  async signIn(username: string, next = '/account/'): Promise<Page> {
    const page = await this.open(`/login/?next=${encodeURIComponent(next)}`);
    await page.fill('[name=username]', username);
    await page.fill('[name=password]', PASSWORD);
    await page.click('main button');
    await page.waitForURL(this.url + next);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
    assert.deepEqual(this.faults, [], 'nothing failed on any page, and no policy was violated');
  }
}

/** One browser and one server for the tests of a file. */
export function browserTests(options: LatchkeyOptions = {}) {
  let browser: Browser;
  let server: TestServer;
  const people: Person[] = [];

  before(async () => {
    browser = await openChromium();
    server = await testServer({ clock: Date.now, ...options }, { settles: false });
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
      const person = new Person(await browser.newContext({ locale: 'en', ...given }), server.url);
      people.push(person);
      return person;
    },
    account: async (username: string): Promise<void> => {
      await server.auth.accounts.create({ username, email: `${username}@example.com`, password: PASSWORD });
    },
  };
}
