/** Apple's answer, which it posts from its own site, by a real browser's rules for cookies: a stand-in on another site plays Apple. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { html } from 'hono/html';
import { type StandIn, standIn } from '../social/stand-in.ts';
import { browserTests, type Person } from './people.ts';

/** What the browser calls us; the stand-in is at 127.0.0.1, which is another site. */
const OWN = 'http://localhost:8787';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const apple = await standIn();
const acme = { issuer: apple.url, clientId: 'client-1', teamId: 'TEAM', keyId: 'KEY', privateKey };

/** Apple shows a page, and posts from there; what it posts is its state, a code and a name, changed as a test wants. */
function posts(provider: StandIn, changed: Readonly<Record<string, string>> = {}): void {
  provider.says.set('/authorize', ({ query }) => {
    provider.identifies({ nonce: query.get('nonce'), sub: 'a1', email: 'ann@example.com', email_verified: 'true' });
    const user = JSON.stringify({ name: { firstName: 'Ann', lastName: 'Lee' } });
    const fields = { state: query.get('state') ?? '', code: 'code-1', user, ...changed };
    const inputs = Object.entries(fields).map(([name, value]) => html`<input name="${name}" value="${value}">`);
    const form = html`<form method="post" action="${query.get('redirect_uri')}">${inputs}<button>Continue</button></form>`;
    return { type: 'text/html', text: String(form) };
  });
}

describe('Apple, on another site', () => {
  const tests = browserTests({ origin: OWN, social: { providers: { apple: acme } } });
  after(() => apple[Symbol.asyncDispose]());

  async function goAndContinue(person: Person) {
    const page = await person.open('/login/');
    await page.click('main a[href*="/social/apple/begin/"]');
    await page.waitForURL(`${apple.url}/authorize?**`);
    const posted = page.waitForRequest((request) => request.method() === 'POST');
    await page.click('button');
    await page.waitForLoadState();
    return { page, headers: await (await posted).allHeaders() };
  }

  test('F1, C4: the post brings none of our cookies, is sent on by 303, and with them signs in; the name is kept', async () => {
    posts(apple);
    const ann = await tests.person();
    const { page, headers } = await goAndContinue(ann);
    assert.deepEqual(
      [headers['sec-fetch-site'], headers['cookie'], headers['origin']],
      ['cross-site', undefined, apple.url],
    );
    assert.equal(page.url(), `${OWN}/account/`);
    assert.match((await page.textContent('main')) ?? '', /Signed in as ann/);
    const [account] = await tests.server().auth.accounts.findByEmail('ann@example.com');
    assert.deepEqual([account?.firstName, account?.lastName], ['Ann', 'Lee']);
    const left = (await ann.context.cookies(OWN)).map(({ name }) => name);
    assert.deepEqual(
      left.filter((name) => name.startsWith('latchkey-provider')),
      [],
    );
    await ann.close();
  });

  test('C10, F1: a post with a state of somebody else’s signs nobody in', async () => {
    posts(apple, { state: 's'.repeat(43) });
    const eve = await tests.person();
    const { page } = await goAndContinue(eve);
    assert.match((await page.textContent('main')) ?? '', /You were not signed in, and nothing was changed/);
    assert.equal(
      (await eve.context.cookies(OWN)).some(({ name }) => name === 'latchkey'),
      false,
    );
    await eve.close();
  });
});
