/**
 * Takes the pictures of docs/pictures/ from a running server: each page in light, dark, narrow and Arabic, side by side, and the
 * demo for the README. Run it by `npm run pictures` after a page has changed, and look at them; `npm run pictures -- sign-in demo`
 * takes those alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openChromium } from '../packages/latchkey/test/browser/chromium.ts';
import { authenticatorFor } from '../packages/latchkey/test/browser/virtual.ts';
import { codeAt } from '../packages/latchkey/test/second-step/app.ts';
import { QUICK, startServer, temporaryFolder } from '../packages/latchkey/test/serving.ts';

const FOLDER = new URL('../docs/pictures', import.meta.url).pathname;
const PASSWORD = 'a gr8 pass phrase';
/** What browsers call the servers: passkeys are made for names. On three of them nobody goes for a newcomer. */
const NAMED = 'http://localhost:8787';
const FULL = {
  ask: 'http://ask.localhost:8787',
  refuse: 'http://refuse.localhost:8787',
  approve: 'http://approve.localhost:8787',
} as const;
const ANDROID =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

const WIDE = { width: 720, height: 640 };
const VARIANTS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', locale: 'en', viewport: WIDE },
  dark: { colorScheme: 'dark', locale: 'en', viewport: WIDE },
  narrow: { colorScheme: 'light', locale: 'de', viewport: { width: 360, height: 640 } },
  arabic: { colorScheme: 'dark', locale: 'ar', viewport: WIDE },
};

type Scene = {
  readonly name: string;
  /**
   * Before it: `in` signs in on this device, `displaced` on another one afterwards; `ask`, `refuse` and `approve` on all that may be, and
   * `approver` on this one and all others, where one more asks.
   */
  readonly who: 'out' | 'in' | 'displaced' | 'approver' | keyof typeof FULL;
  readonly path: string;
  readonly act?: (page: Page, username: string) => Promise<void>;
};

const SCENES: readonly Scene[] = [
  { name: 'home', who: 'out', path: '/' },
  {
    name: 'sign-in',
    who: 'out',
    path: '/login/',
    async act(page) {
      await page.fill('[name=username]', 'ann');
      await page.fill('[name=password]', 'wrong');
      await page.click('main button');
    },
  },
  {
    name: 'sign-up',
    who: 'out',
    path: '/signup/',
    async act(page) {
      await page.fill('[name=username]', 'ann');
      await page.fill('[name=email]', 'ann@school.example');
      await page.fill('[name=password1]', '12345');
      await page.fill('[name=password2]', '12345');
      await page.click('main button');
    },
  },
  { name: 'reset-password', who: 'out', path: '/password/reset/' },
  { name: 'signed-out', who: 'displaced', path: '/account/' },
  { name: 'not-me', who: 'out', path: '/not-me/' },
  {
    name: 'disown',
    who: 'out',
    path: '/not-me/',
    async act(page) {
      // What the page shows for whatever a mailed link carries: nothing is looked up before the button.
      await page.goto(`${NAMED}/not-me/${'a'.repeat(43)}/`);
    },
  },
  { name: 'account', who: 'in', path: '/account/' },
  { name: 'profile', who: 'in', path: '/account/profile/' },
  { name: 'change-password', who: 'in', path: '/account/password/' },
  {
    name: 'passkeys',
    who: 'in',
    path: '/account/passkeys/',
    async act(page) {
      await addPasskey(page);
      await page.click('summary');
    },
  },
  { name: 'set-up-second-step', who: 'in', path: '/account/second-step/', act: beginSecondStep },
  { name: 'recovery-codes', who: 'in', path: '/account/second-step/', act: setUpSecondStep },
  {
    name: 'own-second-step',
    who: 'in',
    path: '/account/second-step/',
    async act(page) {
      await setUpSecondStep(page);
      await page.goto(`${NAMED}/account/second-step/`);
    },
  },
  {
    name: 'second-step',
    who: 'in',
    path: '/account/second-step/',
    async act(page, username) {
      await setUpSecondStep(page);
      await page.context().clearCookies();
      await page.goto(new URL('/login/', page.url()).href);
      await signInHere(page, username);
    },
  },
  { name: 'choose-sessions', who: 'ask', path: '/login/', act: signInHere },
  { name: 'no-place', who: 'refuse', path: '/login/', act: signInHere },
  { name: 'wait-for-approval', who: 'approve', path: '/login/', act: signInHere },
  { name: 'approvals', who: 'approver', path: '/account/approvals/' },
  { name: 'connections', who: 'in', path: '/account/connections/' },
  { name: 'change-email', who: 'in', path: '/account/email/' },
  {
    name: 'confirm',
    who: 'in',
    path: '/account/passkeys/',
    async act(page) {
      await addPasskey(page);
      await page.goto(`${NAMED}/account/confirm/?next=/account/email/`);
      await page.locator('form[data-passkey] button').waitFor();
    },
  },
  {
    name: 'mail-sign-in',
    who: 'out',
    path: '/login/mail/',
    async act(page) {
      await page.fill('[name=email]', 'ann@school.example');
      await page.click('main form[method=post] button');
    },
  },
  {
    name: 'devices',
    who: 'in',
    path: '/account/devices/',
    async act(page) {
      await page.click('summary');
      await page.fill('.inline [name=name]', 'Kitchen laptop');
      await page.click('.inline button');
      await page.click('summary');
    },
  },
  { name: 'data', who: 'in', path: '/account/data/' },
  { name: 'close-account', who: 'in', path: '/account/close/' },
  { name: 'not-found', who: 'out', path: '/nowhere/' },
];

async function addPasskey(page: Page): Promise<void> {
  await authenticatorFor(page);
  await page.fill('form[data-passkey] [name=name]', 'Fairphone');
  await page.click('form[data-passkey] button');
  await page.locator('[role=status]').waitFor();
}

async function signInHere(page: Page, username: string): Promise<void> {
  await page.fill('[name=username]', username);
  await page.fill('[name=password]', PASSWORD);
  await page.click('main form[method=post] button');
}

async function beginSecondStep(page: Page): Promise<void> {
  await page.click('main form[method=post] button');
}

async function setUpSecondStep(page: Page): Promise<void> {
  await beginSecondStep(page);
  const secret = ((await page.textContent('main code')) ?? '').replaceAll(/\s/g, '');
  await page.fill('[name=code]', codeAt(secret, Date.now()));
  await page.click('main form[method=post] button');
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const folder = temporaryFolder();
  const client = { clientId: 'pictures', clientSecret: 'pictures' };
  const named = {
    LATCHKEY_ORIGIN: NAMED,
    LATCHKEY_SESSION_LIMIT: '2',
    LATCHKEY_SIGN_IN_BY_MAIL: 'true',
    LATCHKEY_SOCIAL_PROVIDERS: JSON.stringify({ google: client, github: client }),
  };
  const two = await startServer(join(folder.path, 'two.db'), { ...QUICK, ...named });
  const one = await startServer(join(folder.path, 'one.db'));
  const full = await Promise.all(
    Object.entries(FULL).map(([whenFull, origin]) => {
      const more = { LATCHKEY_ORIGIN: origin, LATCHKEY_WHEN_FULL: whenFull };
      return startServer(join(folder.path, `${whenFull}.db`), { ...QUICK, ...named, ...more });
    }),
  );
  const names = [NAMED, ...Object.values(FULL)].map((origin, at) => {
    return `MAP ${new URL(origin).host} ${new URL([two, ...full][at]?.url ?? '').host}`;
  });
  const browser = await openChromium([`--host-resolver-rules=${names.join(', ')}`]);
  const only = process.argv.slice(2);
  const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);
  try {
    for (const scene of SCENES) {
      const at = Object.keys(FULL).indexOf(fullOf(scene) ?? '');
      if (isWanted(scene.name)) await takeSheet(browser, (full[at] ?? two).url, scene);
    }
    if (isWanted('demo')) await takeDemo(browser, one.url);
  } finally {
    await browser.close();
    await Promise.all([two, one, ...full].map((server) => server.stop()));
    folder.remove();
  }
}

/** The server of a scene where nobody goes for a newcomer; null for any other. */
function fullOf({ who }: Scene): keyof typeof FULL | null {
  if (who === 'approver') return 'approve';
  return who === 'ask' || who === 'refuse' || who === 'approve' ? who : null;
}

let people = 0;

async function takeSheet(browser: Browser, url: string, scene: Scene): Promise<void> {
  const shots: string[] = [];
  for (const variant of Object.values(VARIANTS)) {
    const shot = await takeOne(browser, url, scene, { userAgent: FIREFOX, ...variant });
    shots.push(`<img src="data:image/png;base64,${shot.toString('base64')}" alt="">`);
  }
  const page = await browser.newPage({ viewport: { width: 1280, height: 400 } });
  await page.setContent(
    `<style>body{margin:0;padding:12px;display:flex;gap:12px;align-items:start;background:#888}img{flex:1 1 0;min-width:0;height:auto}img:nth-child(3){flex:.5 1 0}</style>${shots.join('')}`,
  );
  await page.evaluate('Promise.all([...document.images].map((image) => image.decode()))');
  await save(page, scene.name);
}

async function takeOne(browser: Browser, url: string, scene: Scene, options: BrowserContextOptions): Promise<Buffer> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const username = `ann${people++}`;
  const full = fullOf(scene);
  const origin = full === null ? NAMED : FULL[full];
  const isApprover = scene.who === 'approver';
  if (scene.who !== 'out') {
    await signUp(context, username, origin);
    if (origin !== NAMED && !isApprover) await context.clearCookies();
    for (let others = scene.who === 'displaced' || isApprover ? 2 : 1; others > 0; others--)
      await signInElsewhere(url, username);
    // The newer of two sign-ins elsewhere has taken the place of the first: there is something to tell of lately.
    if (scene.who === 'in') await signInElsewhere(url, username);
    if (scene.who === 'in') await signIn(page, username);
  }
  await page.goto(origin + scene.path);
  await scene.act?.(page, username);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  const shot = await page.screenshot({ fullPage: true });
  await context.close();
  return shot;
}

async function signUp(context: BrowserContext, username: string, origin: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${origin}/signup/`);
  await page.fill('[name=username]', username);
  await page.fill('[name=email]', `${username}@school.example`);
  await page.fill('[name=password1]', PASSWORD);
  await page.fill('[name=password2]', PASSWORD);
  await page.click('main button');
  await page.waitForURL(`${origin}/account/`);
  await page.close();
}

async function signIn(page: Page, username: string): Promise<void> {
  await page.goto(`${NAMED}/login/`);
  if (!page.url().includes('/login/')) return;
  const name = page.locator('[name=username]');
  if ((await name.count()) === 0) return;
  await name.fill(username);
  await page.fill('[name=password]', PASSWORD);
  await page.click('main button');
  await page.waitForURL(`${NAMED}/account/`);
}

async function signInElsewhere(url: string, username: string): Promise<void> {
  await fetch(`${url}/auth/login/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': ANDROID },
    body: JSON.stringify({ username, password: PASSWORD }),
  });
}

/** Signed in on A, then on B: A shows that it was signed out. */
async function takeDemo(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 820, height: 560 }, colorScheme: 'light', locale: 'en' });
  await page.goto(`${url}/demo/`);
  const [first, second] = [page.locator('[data-phone]').first(), page.locator('[data-phone]').last()];
  for (const phone of [first, second]) {
    await phone.locator('button').click();
    await phone.and(page.locator('[data-state=in]')).waitFor();
  }
  await first.and(page.locator('[data-state=ended]')).waitFor();
  await save(page, 'demo');
}

async function save(page: Page, name: string): Promise<void> {
  const bytes = await page.screenshot({ fullPage: true });
  writeFileSync(join(FOLDER, `${name}.png`), bytes);
  process.stdout.write(`${name}.png  ${Math.round(bytes.length / 1024)} kB\n`);
  await page.close();
}

await main();
