/** The devices page: what is called how, by forms that need no script. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from './browser.ts';

const RIGHT = { username: 'ann', password: PASSWORD };
const HERE = '/account/devices/';

/** Ann, signed in in a browser and on a phone. */
async function signedIn() {
  const server = await testServer({ sessions: { limit: 'unlimited' } });
  await server.auth.accounts.create({ username: 'ann', password: PASSWORD });
  const [browser, phone] = [new Browser(server), new Browser(server, { 'user-agent': CHROME_ON_ANDROID })];
  for (const one of [phone, browser]) await one.post('/login/', RIGHT);
  const idOf = async (name: string): Promise<string> =>
    (await server.auth.sessions.list(1)).find(({ device }) => device.name === name)?.id ?? assert.fail(name);
  return { server, browser, phone, idOf, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('a device is called what its owner calls it', () => {
  test('F-26, F-27: on the page, with what it is beside it, and after the next sign-in on it', async () => {
    await using open = await signedIn();
    const { browser, phone } = open;
    await browser.open(HERE);
    // The first form with a name is that of this device.
    const renamed = textOf(await browser.fill({ name: 'Work <laptop>' }));
    assert.match(renamed, /^Devices The device is renamed\./);
    assert.match(renamed, /Work <laptop> This device Firefox on Windows · Browser · Last used now/);
    assert.match(renamed, /Chrome on Android Browser/);
    assert.match(textOf(await phone.open(HERE)), /Sign Work <laptop> out/);
    await browser.post('/logout/', {});
    await browser.post('/login/', RIGHT);
    assert.match(textOf(await browser.open(HERE)), /Work <laptop> This device/);
    assert.match(textOf(await browser.fill({ name: '' })), /Firefox on Windows This device Browser/);
  });

  test('another device is named from here', async () => {
    await using open = await signedIn();
    const { browser, phone, idOf } = open;
    const id = await idOf('Chrome on Android');
    const { status, headers } = await browser.post(HERE, { do: 'rename', id, name: 'Phone' });
    // Whoever loads the page again sends nothing again.
    assert.deepEqual([status, headers.get('location')], [303, `${HERE}?done=renamed`]);
    assert.match(textOf(await browser.open(HERE)), /Phone Chrome on Android · Browser/);
    assert.match(textOf(await phone.open(HERE)), /Phone This device/);
  });

  test('where it took the place of another, or another its place, too', async () => {
    await using server = await testServer({ sessions: { limit: 1 } });
    await server.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const [browser, phone] = [new Browser(server), new Browser(server, { 'user-agent': CHROME_ON_ANDROID })];
    await phone.post('/login/', RIGHT);
    await phone.open(HERE);
    await phone.fill({ name: 'Ann’s <phone>' });
    await browser.post('/login/', RIGHT);
    assert.match(
      textOf(await browser.open(HERE)),
      /Firefox on Windows took the place of Ann’s <phone> \(Chrome on Android\), now/,
    );
    await browser.fill({ name: 'Desk' });
    await phone.post('/login/', RIGHT);
    assert.match(
      textOf(await phone.open(HERE)),
      /Ann’s <phone> \(Chrome on Android\) took the place of Desk \(Firefox on Windows\), now/,
    );
  });

  test('N1, N4: what is no name is said, and changes nothing', async () => {
    await using open = await signedIn();
    const { server, browser, idOf } = open;
    const id = await idOf('Firefox on Windows');
    const before = server.contents();
    for (const [name, said] of [
      ['a\r\nb', /contains characters that cannot be used/],
      ['a\u202eb', /contains characters that cannot be used/],
      ['\u200b', /contains characters that cannot be used/],
      ['x'.repeat(65), /too long\. The longest that is possible has 64 characters/],
      ['x'.repeat(8_192), /too long/],
    ] as const) {
      const answer = await browser.post(HERE, { do: 'rename', id, name });
      assert.equal(answer.status, 400);
      assert.match(textOf(answer), said);
    }
    assert.equal(server.contents(), before);
  });

  test('V7.5.2: of somebody else’s, of nobody’s and without a session it is not found, and from another site it is refused', async () => {
    await using open = await signedIn();
    const { server, browser, idOf } = open;
    await server.register('eve');
    const [theirs] = await server.auth.sessions.list(2);
    for (const id of [theirs?.id ?? '', 'ses_nobody', '', "'--"]) {
      for (const form of [
        { do: 'rename', id, name: 'Mine' },
        { do: 'forget', id },
      ] as const) {
        assert.equal((await browser.post(HERE, form)).status, 404);
      }
    }
    const form = { do: 'rename', id: await idOf('Firefox on Windows'), name: 'Mine' };
    const foreign = await browser.post(HERE, form, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' });
    assert.equal(foreign.status, 403);
    assert.equal((await new Browser(server).post(HERE, form)).status, 401);
    assert.deepEqual(server.rows('SELECT label FROM device WHERE label IS NOT NULL'), []);
  });

  test('N3: HTML in a name is text', async () => {
    await using open = await signedIn();
    const { browser } = open;
    await browser.open(HERE);
    const { text } = await browser.fill({ name: '"><script>alert(1)</script><b>' });
    assert.doesNotMatch(text, /<script>alert|<b>/);
    assert.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  });

  test('a key that came from elsewhere has no form for a name', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await server.auth.sessions.importKey(1, 'c'.repeat(40));
    await browser.open(HERE);
    assert.equal(browser.forms().filter(({ fields }) => 'name' in fields).length, 2);
    assert.equal(browser.forms().filter(({ buttons }) => buttons.includes('end')).length, 4);
  });
});

test('H6: a device that is not asked for the second step says so, and is asked again', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const key = await server.register('ann');
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  const { secret, activation_token } = Object(body);
  const given = { activation_token, code: codeAt(secret, server.clock()) };
  assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
  server.clock.advance(30_000);
  const browser = new Browser(server);
  await browser.open('/login/');
  await browser.fill(RIGHT);
  await browser.fill({ code: codeAt(secret, server.clock()), remember: 'on' });
  assert.match(textOf(await browser.open(HERE)), /Firefox on Windows This device Second step remembered/);
  const forms = browser.forms().filter(({ fields }) => fields['do'] === 'forget');
  assert.equal(forms.length, 1);
  await browser.post(HERE, forms[0]?.fields ?? {});
  const answer = await browser.open(`${HERE}?done=forgotten`);
  assert.match(textOf(answer), /^Devices That device is asked for your second step again\./);
  assert.doesNotMatch(textOf(answer), /Second step remembered/);
  assert.doesNotMatch(textOf(await browser.open(`${HERE}?done=constructor`)), /constructor|native/);
  await browser.post('/logout/', {});
  await browser.open('/login/');
  await browser.fill(RIGHT);
  assert.equal(browser.path, '/login/second-step/');
});
