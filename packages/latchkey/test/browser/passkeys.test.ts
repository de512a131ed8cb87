/** Passkeys on the pages, in a real browser with an authenticator of its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { flawsOn } from './axe.ts';
import { browserTests, fillIn, type Person, until } from './people.ts';
import { authenticatorFor, type Virtual } from './virtual.ts';

type Row = { readonly id: string; readonly rp_id: string; readonly user_handle: string };

/** What an app does that speaks to the API by itself, in the page. */
async function asApp(
  page: Page,
  ceremony: 'register' | 'login',
  given: Readonly<Record<string, unknown>>,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  return await page.evaluate(`(async () => {
    const ask = (step, body) => fetch('/auth/passkeys/${ceremony}/' + step + '/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { session_id, ...options } = await (await ask('begin', ${JSON.stringify(given)})).json();
    const made = ${ceremony === 'register'}
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    const answer = await ask('complete', { credential: made.toJSON(), ...(session_id && { session_id }) });
    return { status: answer.status, body: await answer.json() };
  })()`);
}

const SIGN_IN = 'text=Sign in with a passkey';

describe('passkeys on the pages', () => {
  let ahead = 0;
  const tests = browserTests({
    origin: 'http://localhost:8787',
    secondStep: { demandedOf: ['admin'] },
    clock: () => Date.now() + ahead,
  });

  /** Somebody who has just signed in by their password, on the page of their passkeys. */
  async function owner(username: string): Promise<{ person: Person; page: Page; key: Virtual }> {
    await tests.account(username);
    const person = await tests.person();
    const page = await person.signIn(username, '/account/passkeys/');
    const key = await authenticatorFor(page);
    return { person, page, key };
  }

  async function add(page: Page, name: string): Promise<void> {
    await page.fill('form[data-passkey] [name=name]', name);
    await page.click('form[data-passkey] button');
    await page.waitForSelector('text=Your passkey is added.');
  }

  async function signOut(page: Page): Promise<void> {
    await page.click('header form button');
    await page.waitForSelector('h1:text("Signed out")');
  }

  test('one is made, named, used by the button, renamed and removed', async () => {
    const { person, page, key } = await owner('ann');
    await person.context.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    await page.waitForSelector('text=You have no passkey yet.');
    await add(page, 'Phone');
    assert.equal((await key.credentials()).length, 1);
    assert.match((await page.textContent('main')) ?? '', /Phone.*Not used yet/s);

    await page.click('form[data-passkey] button');
    await page.waitForSelector('text=This device has a passkey of your account already.');

    await signOut(page);
    await page.goto(`${person.url}/login/?next=/account/passkeys/`);
    await page.click(SIGN_IN);
    await page.waitForURL(`${person.url}/account/passkeys/`);
    assert.match((await page.textContent('main')) ?? '', /Last used/);

    await page.click('summary');
    await page.fill('details [name=name]', 'Telephone');
    await page.click('text=Rename Phone');
    await page.waitForSelector('text=Your passkey is renamed.');
    assert.equal((await key.credentials()).length, 1);
    await page.click('summary');
    await page.click('text=Remove Telephone');
    await page.waitForSelector('text=Your passkey is removed.');
    await until('the authenticator forgot it, too', async () => (await key.credentials()).length === 0);
    await person.close();
  });

  test('one is among the names that the form offers: whoever takes it is in, without typing', async () => {
    const { person, page, key } = await owner('gus');
    await add(page, 'Phone');
    await signOut(page);
    await key.isUsed(false);
    await page.goto(`${person.url}/login/?next=/account/devices/`);
    assert.equal(await page.getAttribute('[name=username]', 'autocomplete'), 'username webauthn');
    await page.locator(SIGN_IN).waitFor();
    // Whoever is there when the form is shown takes what it offers.
    await key.isUsed(true);
    await page.goto(`${person.url}/login/?next=/account/devices/`, { waitUntil: 'commit' });
    await page.waitForURL(`${person.url}/account/devices/`);
    await person.close();
  });

  test('one that is not known here any more is said to be so, and the authenticator forgets it', async () => {
    const { person, page, key } = await owner('bea');
    await add(page, 'Phone');
    await key.isUsed(false);
    const account = await tests.server().auth.accounts.findByUsername('bea');
    await signOut(page);
    const { store } = tests.server().assembled.parts;
    const [credential] = (await store.credentials.list(account?.id ?? 0)).credentials;
    await store.credentials.remove({
      ...{ accountId: account?.id ?? 0, by: null, ids: [credential?.id ?? ''], use: null, kept: null, outbox: [] },
    });
    await page.goto(`${person.url}/login/`);
    await key.isUsed(true);
    await page.click(SIGN_IN);
    await page.waitForSelector('text=This passkey is not known here.');
    await until('the authenticator forgot it', async () => (await key.credentials()).length === 0);
    await person.close();
  });

  test('to add one, whoever signed in a while ago confirms that it is them, and comes back', async () => {
    const { person, page } = await owner('cat');
    ahead += 11 * 60_000;
    await page.click('form[data-passkey] button');
    await page.waitForURL('**/account/confirm/**');
    await page.fill('main [name=password]', PASSWORD);
    await page.click('main form[method=post] button');
    await page.waitForURL(`${person.url}/account/passkeys/`);
    await add(page, 'Phone');
    await person.close();
  });

  test('whoever signed in a while ago confirms that it is them by a passkey, and comes back', async () => {
    const { person, page } = await owner('dan');
    await add(page, 'Phone');
    ahead += 11 * 60_000;
    await page.goto(`${person.url}/account/email/`);
    await page.waitForURL('**/account/confirm/**');
    await page.click('text=Use a passkey');
    await page.waitForURL(`${person.url}/account/email/`);
    await person.close();
  });

  test('whose second step is an app confirms it by a passkey that verifies them; one that does not says no', async () => {
    const { person, page, key } = await owner('kim');
    await add(page, 'Phone');
    await page.goto(`${person.url}/account/second-step/`);
    await page.click('text=Set up an app');
    const secret = ((await page.textContent('main code')) ?? '').replaceAll(' ', '');
    await page.fill('[name=code]', codeAt(secret, Date.now() + ahead));
    await page.click('text=Confirm');
    await page.waitForSelector('text=Your second step is set up.');
    ahead += 11 * 60_000;
    await page.goto(`${person.url}/account/close/`);
    await page.waitForURL('**/account/confirm/**');
    assert.equal(await page.locator('[name=code]').isVisible(), true);
    await page.click('text=Use a passkey');
    await page.waitForURL(`${person.url}/account/close/`);
    ahead += 11 * 60_000;
    await key.toButton();
    await page.goto(`${person.url}/account/close/`);
    await page.waitForURL('**/account/confirm/**');
    await page.click('text=Use a passkey');
    await page.goto(`${person.url}/account/close/`);
    await page.waitForURL('**/account/confirm/**');
    await person.close();
  });

  for (const [what, kind] of [
    ['one that verifies its owner', 'verifies'],
    ['a key with a button alone', 'button'],
  ] as const) {
    test(`after a password it is the second step: ${what}`, async () => {
      const { person, page, key } = await owner(`eve-${kind}`);
      await add(page, 'Phone');
      await key.isUsed(false);
      await signOut(page);
      const account = await tests.server().auth.accounts.findByUsername(`eve-${kind}`);
      await tests.server().auth.accounts.setRoles(account?.id ?? 0, ['admin']);
      await page.goto(`${person.url}/login/?next=/account/devices/`);
      await fillIn(page, { username: `eve-${kind}`, password: PASSWORD });
      await page.waitForURL('**/login/second-step/**');
      await (kind === 'button' ? key.toButton() : key.isUsed(true));
      await page.click('text=Use a passkey');
      await page.waitForURL(`${person.url}/account/devices/`);
      await person.close();
    });
  }

  for (const [colorScheme, locale] of [
    ['light', 'en'],
    ['dark', 'ar'],
  ] as const) {
    test(`axe-core finds nothing, and nothing is cut off on a narrow screen: ${colorScheme}, ${locale}`, async () => {
      const username = `hal-${locale}`;
      await tests.account(username);
      const person = await tests.person({ colorScheme, locale, viewport: { width: 320, height: 640 } });
      const page = await person.signIn(username, '/account/passkeys/');
      const key = await authenticatorFor(page);
      const looksWell = async (): Promise<void> => {
        assert.deepEqual(await flawsOn(page), [], page.url());
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(Number(width) <= 320, `${page.url()}: ${width}`);
      };
      await looksWell();
      await page.fill('form[data-passkey] [name=name]', 'A telephone with a rather long name, and more of it');
      await page.click('form[data-passkey] button');
      await page.click('summary');
      await looksWell();
      await key.isUsed(false);
      await page.click('header form button');
      await page.waitForURL(`${person.url}/logout/`);
      const account = await tests.server().auth.accounts.findByUsername(username);
      await tests.server().auth.accounts.setRoles(account?.id ?? 0, ['admin']);
      await page.goto(`${person.url}/login/`);
      await page.locator('form[data-passkey] button').waitFor();
      await looksWell();
      await fillIn(page, { username, password: PASSWORD });
      await page.waitForURL('**/login/second-step/**');
      await looksWell();
      await person.close();
    });
  }

  test('by the API, with the JSON forms of the browser: made, used to sign in, told and removed', async () => {
    const { person, page, key } = await owner('ivy');
    const made = await asApp(page, 'register', { name: 'Phone' });
    assert.equal(made.status, 201);
    assert.equal(made.body['name'], 'Phone');
    assert.equal((await key.credentials()).length, 1);
    await person.context.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    await signOut(page);
    // Of the pages for who is out, those that use passkeys may ask.
    await page.goto(`${person.url}/login/`);
    const entered = await asApp(page, 'login', {});
    assert.equal(entered.status, 200, JSON.stringify(entered.body));
    const token = String(entered.body['key']);
    const ask = async (method: string, path: string) =>
      await tests.server().ask(`/auth/passkeys/${path}`, { method, key: token });
    const [row] = (await ask('GET', '')).body as readonly Row[];
    assert.ok(row !== undefined);
    assert.equal((await ask('DELETE', `${row.id}/`)).status, 204);
    await page.evaluate(
      `PublicKeyCredential.signalAllAcceptedCredentials(${JSON.stringify({
        ...{ rpId: row.rp_id, userId: row.user_handle },
        allAcceptedCredentialIds: [],
      })})`,
    );
    await until('the authenticator forgot it', async () => (await key.credentials()).length === 0);
    await person.close();
  });

  test('who is called otherwise from now on is so to the authenticator as well', async () => {
    const { person, page, key } = await owner('jim');
    await add(page, 'Phone');
    assert.deepEqual(await key.users(), ['jim']);
    await page.goto(`${person.url}/account/profile/`);
    await fillIn(page, { username: 'james' });
    await page.waitForURL(`${person.url}/account/`);
    await page.goto(`${person.url}/account/passkeys/`);
    await until('the authenticator knows them by it', async () => (await key.users()).join() === 'james');
    await person.close();
  });

  test('without scripts nothing of it is shown, and the form is as ever', async () => {
    await tests.account('fay');
    const person = await tests.person({ javaScriptEnabled: false });
    const page = await person.open('/login/');
    assert.equal(await page.locator(SIGN_IN).isVisible(), false);
    await fillIn(page, { username: 'fay', password: PASSWORD });
    await page.goto(`${person.url}/account/passkeys/`);
    assert.equal(await page.locator('form[data-passkey] button').isVisible(), false);
    assert.equal(await page.locator('[data-no-passkeys]').isVisible(), true);
    await person.close();
  });
});
