/** Device Bound Session Credentials in a real Chromium, which keeps keys by itself: over https, as it wants it. */
import assert from 'node:assert/strict';
import { hash, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { nodeHandler } from '../../src/server/node.ts';
import { CHALLENGE_MS } from '../../src/sessions/bound-cookies.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';
import { selfSigned } from './certificate.ts';
import { noWholeChromium, openWholeChromium } from './chromium.ts';
import { Person, turned, until } from './people.ts';

const HOST = 'id.latchkey.test';
const ORIGIN = `https://${HOST}`;
const ELSEWHERE = 'elsewhere.example';
const SESSION = '__Host-latchkey';
const BOUND = '__Host-latchkey-bound';

/** Keys in software, as this machine has no other: without the second there are none, and nothing is bound. */
const ABLE = ['--enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'];

/** What the browser asked by itself. */
type Asked = { readonly path: string; readonly cookie: string; readonly site: string | null };

describe('a session that its browser has bound', { skip: noWholeChromium() ?? false }, () => {
  let server: TestServer;
  let provider: StandIn;
  let https: Server;
  let able: Browser;
  let trusting: string;
  let offset = 0;
  const asked: Asked[] = [];

  const rules = (): readonly string[] => {
    const { port } = https.address() as AddressInfo;
    const mapped = [HOST, ELSEWHERE].map((name) => `MAP ${name}:443 127.0.0.1:${port}`).join(', ');
    return [`--host-resolver-rules=${mapped}`, trusting];
  };

  before(async () => {
    provider = await standIn();
    server = await testServer(
      {
        origin: ORIGIN,
        clock: () => Date.now() + offset,
        social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
      },
      { settles: false },
    );
    const ours = nodeHandler(server.auth);
    const own = selfSigned(HOST);
    https = createServer(own, (req, res) => {
      const { host, cookie = '', 'sec-fetch-site': site } = req.headers;
      if (req.url?.includes('/dbsc/') === true)
        asked.push({ path: req.url, cookie, site: typeof site === 'string' ? site : null });
      if (host !== ELSEWHERE) return ours(req, res);
      res.setHeader('content-type', 'text/html');
      res.end(`<!doctype html><link rel="icon" href="data:,"><a href="${ORIGIN}/account/">There</a>`);
    });
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
    const spki = new X509Certificate(own.cert).publicKey.export({ type: 'spki', format: 'der' });
    trusting = `--ignore-certificate-errors-spki-list=${hash('sha256', spki, 'base64')}`;
    able = await openWholeChromium([...ABLE, ...rules()]);
  });

  after(async () => {
    await able.close();
    https.closeAllConnections();
    https.close();
    await server[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });

  const person = async (browser = able): Promise<Person> =>
    new Person(await browser.newContext({ locale: 'en' }), ORIGIN);

  const isBound = (username: string): boolean =>
    server.rows(
      'SELECT 1 FROM session JOIN account ON account.id = account_id WHERE username = ? AND ended_at IS NULL AND binding IS NOT NULL',
      username,
    ).length > 0;

  const figures = () => server.assembled.parts.boundCookies.figures();
  const cookiesOf = async ({ context }: Person): Promise<readonly string[]> =>
    (await context.cookies(ORIGIN)).map(({ name }) => name);
  /** As if its time were over, without waiting for that. */
  const spend = ({ context }: Person): Promise<void> => context.clearCookies({ name: BOUND });
  const isIn = async (page: Page): Promise<boolean> => /Signed in as/.test((await page.textContent('main')) ?? '');

  /** Waits until a page's browser knows that its session is bound: its own word for that, which the types do not have. */
  async function knows(page: Page): Promise<void> {
    const told = Promise.withResolvers<void>();
    const protocol = await page.context().newCDPSession(page);
    const hear = ({ sessions }: { readonly sessions: readonly unknown[] }): void => {
      if (sessions.length > 0) told.resolve();
    };
    protocol.on('Network.deviceBoundSessionsAdded' as 'close', hear as unknown as () => void);
    await protocol.send('Network.enableDeviceBoundSessions' as 'Network.enable', { enable: true } as object);
    await told.promise;
    await protocol.detach();
  }

  /** Somebody of a name who has signed in by the form, and whose browser has bound that. */
  async function bound(username: string): Promise<{ readonly who: Person; readonly page: Page }> {
    await server.auth.accounts.create({ username, email: `${username}@example.com`, password: PASSWORD });
    const who = await person();
    const page = await who.signIn(username);
    await until(`${username} is bound`, () => isBound(username));
    await knows(page);
    return { who, page };
  }

  test('F-19, M24: goes on past its cookie’s life by itself, and what is copied of it is worth nothing elsewhere', async () => {
    const { who: ann, page } = await bound('ann');
    assert.ok((await cookiesOf(ann)).includes(BOUND));
    const before = figures().renewed;
    await spend(ann);
    await page.goto(`${ORIGIN}/account/`);
    assert.ok(await isIn(page), 'she notices nothing');
    assert.equal(figures().renewed, before + 1);

    const thief = await person();
    const jar = await ann.context.cookies(ORIGIN);
    await thief.context.addCookies(jar.filter(({ name }) => name === SESSION));
    const there = await thief.open('/account/');
    assert.equal(await isIn(there), false);
    await until('the owner is told', () =>
      server.mailbox.mails.some(({ to, subject }) => to === 'ann@example.com' && /copied key/.test(subject)),
    );
    await page.reload();
    assert.ok(await isIn(page), 'her browser goes on');
    await thief.close();
    await ann.close();
  });

  test('M21: signs what it is given where it has nothing that is taken any more', async () => {
    const { who: bob, page } = await bound('bob');
    const before = figures().refused.get('challenge') ?? 0;
    offset += CHALLENGE_MS;
    await spend(bob);
    await page.goto(`${ORIGIN}/account/`);
    assert.ok(await isIn(page));
    assert.equal(figures().refused.get('challenge'), before + 1);
    await bob.close();
  });

  test('is there for whoever follows a link from another site', async () => {
    const { who: cat, page: own } = await bound('cat');
    // What a page of ours asks for meanwhile would have the cookie renewed, and brings cookies.
    await own.close();
    await spend(cat);
    const page = await cat.context.newPage();
    await page.goto(`https://${ELSEWHERE}/`);
    await page.click('a');
    await page.waitForURL(`${ORIGIN}/account/`);
    assert.ok(await isIn(page));
    assert.equal(asked.at(-1)?.path, '/auth/dbsc/refresh/');
    assert.equal(asked.at(-1)?.cookie.includes(SESSION), false, 'and brought no cookie for that');
    await cat.close();
  });

  test('is bound after a way in by another site, too', async () => {
    provider.says.set('/authorize', ({ query }) => {
      provider.identifies({ nonce: query.get('nonce'), sub: 'd1', email: 'dan@example.com', email_verified: true });
      const to = new URL(query.get('redirect_uri') ?? '');
      to.search = new URLSearchParams({ state: query.get('state') ?? '', code: 'code-1' }).toString();
      return { type: 'text/html', text: `<link rel="icon" href="data:,"><a href="${to.href}">Go on</a>` };
    });
    const dan = await person();
    const page = await dan.open('/login/');
    await page.click('main a[href*="/social/acme/begin/"]');
    await page.waitForURL(`${provider.url}/**`);
    await page.click('a');
    await page.waitForURL(`${ORIGIN}/account/`);
    await until('dan is bound', () => isBound('dan'));
    await knows(page);
    await spend(dan);
    await page.reload();
    assert.ok(await isIn(page));
    await dan.close();
  });

  test('M23: is over where its place was taken: the page says so, and its browser asks no more', async () => {
    const { who: eve, page } = await bound('eve');
    await server.signIn('eve');
    assert.match(await turned(page), /signed out/i);
    await spend(eve);
    const before = asked.length;
    await page.goto(`${ORIGIN}/account/`);
    assert.match((await page.textContent('main [role=status]')) ?? '', /signed in|another device|signed out/i);
    assert.equal(asked.length, before + 1, 'it asked once, and was told');
    await page.goto(`${ORIGIN}/account/`);
    assert.equal(asked.length, before + 1);
    assert.equal((await cookiesOf(eve)).includes(BOUND), false);
    await eve.close();
  });

  test('M23: ends though a new cookie is under way, and what that opens is nothing', async () => {
    const { who: fay } = await bound('fay');
    const { marks } = server.assembled.parts.store;
    const { add } = marks;
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    Object.assign(marks, {
      add: async (mark: Parameters<typeof add>[0]) => {
        reached.resolve();
        await released.promise;
        return await add(mark);
      },
    });
    await spend(fay);
    const tab = await fay.context.newPage();
    const held = tab.goto(`${ORIGIN}/account/`);
    await reached.promise;
    const account = await server.auth.accounts.findByUsername('fay');
    await server.auth.sessions.endAll(account?.id ?? 0);
    Object.assign(marks, { add });
    released.resolve();
    await held;
    for (const _ of ['what waited for it', 'what comes after']) {
      assert.equal(await isIn(tab), false);
      await tab.goto(`${ORIGIN}/account/`);
    }
    await fay.close();
  });

  test('M25: outlives a moment in which we cannot renew it: nobody is signed out, nor asked to sign in', async () => {
    const { who: gus, page } = await bound('gus');
    const { marks } = server.assembled.parts.store;
    const { add } = marks;
    Object.assign(marks, { add: () => Promise.reject(new StoreUnavailable('away')) });
    await spend(gus);
    assert.equal(await page.evaluate(async () => (await fetch('/auth/session/')).status), 503);
    assert.equal((await page.goto(`${ORIGIN}/account/`))?.status(), 503);
    Object.assign(marks, { add });
    await until('it is renewed', async () => {
      const answer = await page.goto(`${ORIGIN}/account/`);
      return answer?.status() === 200 && (await isIn(page));
    });
    server.errors.length = 0;
    gus.faults.length = 0;
    await gus.close();
  });

  test('a browser that keeps no keys goes on as ever', async () => {
    const unable = await openWholeChromium(rules());
    await server.auth.accounts.create({ username: 'hal', email: 'hal@example.com', password: PASSWORD });
    const hal = await person(unable);
    const page = await hal.signIn('hal');
    const before = asked.length;
    await spend(hal);
    await page.reload();
    assert.ok(await isIn(page));
    assert.equal(asked.length, before);
    assert.equal(isBound('hal'), false);
    await hal.close();
    await unable.close();
  });
});
