/** `/account/` and what lies below it, `/signup/`, and what is told to whoever was signed out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OTHER_PASSWORD, PASSWORD, testServer } from '../http/serving.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from './browser.ts';

const EMAIL = 'alice@example.com';
const RIGHT = { username: 'alice', password: PASSWORD };
const MINUTE_MS = 60_000;

async function signedIn(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  await server.auth.accounts.create({ username: 'alice', email: EMAIL, password: PASSWORD });
  const browser = new Browser(server);
  await browser.post('/login/', RIGHT);
  return { server, browser, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('what somebody is told who was signed out', () => {
  test('F-29, F-30: displaced: why, when and by what, without an address or a token, and two ways on', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await new Browser(server, { 'user-agent': CHROME_ON_ANDROID }).post('/login/', RIGHT);
    server.clock.advance(2_000);
    const answer = await browser.open('/account/devices/?a=b');
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Token');
    assert.equal(answer.headers.get('latchkey-reason'), 'session_displaced');
    assert.match(
      textOf(answer),
      /^You are signed out You were signed out: this account signed in on Chrome on Android, 2 seconds ago\. Sign in here instead This was not me$/,
    );
    assert.match(answer.text, /href="\/login\/\?next=%2Faccount%2Fdevices%2F%3Fa%3Db"/);
    assert.doesNotMatch(answer.text, /127\.0\.0\.1:|lk_|ses_|ld_/);
    const aside = await browser.open('/signed-out/?next=/lessons/');
    assert.equal(aside.status, 200);
    assert.match(textOf(aside), /Chrome on Android, 2 seconds ago/);
    assert.match(aside.text, /href="\/login\/\?next=%2Flessons%2F"/);
    assert.doesNotMatch((await browser.open('/signed-out/?next=//evil.example')).text, /evil/);
  });

  test('F-31: nothing signs in again by itself: a displaced browser looks as often as it likes, and displaces nobody', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    const newer = new Browser(server);
    await newer.post('/login/', RIGHT);
    for (const path of ['/account/', '/login/', '/signed-out/', '/not-me/', '/']) await browser.open(path);
    assert.equal((await newer.look('/account/')).status, 200);
    await browser.open('/account/');
    await browser.open('/login/?next=/account/');
    assert.equal((await browser.fill(RIGHT)).status, 200, 'a person does, by a form');
    assert.equal((await newer.look('/account/')).status, 401);
  });

  test('F-29: each other reason in its own words', async () => {
    const reasons: readonly (readonly [
      string,
      RegExp,
      (open: Awaited<ReturnType<typeof signedIn>>) => Promise<unknown>,
    ])[] = [
      [
        'session_expired',
        /sign-in on this device ran out, 1 day ago|yesterday/,
        async ({ server }) => server.clock.advance(15 * 24 * 60 * MINUTE_MS),
      ],
      [
        'session_revoked',
        /this device was removed from the account, now/,
        async ({ server }) => {
          const [session] = await server.auth.sessions.list(1);
          await server.auth.sessions.end(1, session?.id ?? '');
        },
      ],
      [
        'account_disabled',
        /This account is not active any more/,
        async ({ server }) => await server.auth.accounts.suspend(1),
      ],
      [
        'password_changed',
        /the password of this account was changed, now/,
        async ({ server }) => {
          const { uid, token } = await server.resetLink(EMAIL);
          const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
          await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords });
        },
      ],
      [
        'signed_out',
        /You signed out on this device, now/,
        async ({ server, browser }) =>
          await server.post('/auth/logout/', {}, { key: browser.cookies.get('latchkey') ?? '' }),
      ],
    ];
    for (const [reason, words, bringAbout] of reasons) {
      await using open = await signedIn();
      await bringAbout(open);
      const answer = await open.browser.open('/account/');
      assert.deepEqual([answer.status, answer.headers.get('latchkey-reason')], [401, reason]);
      assert.match(textOf(answer), words);
    }
    await using server = await testServer();
    assert.match(
      textOf(await new Browser(server).open('/account/')),
      /^Sign in Please sign in to see this page\. Sign in$/,
    );
    const garbage = new Browser(server);
    garbage.cookies.set('latchkey', 'garbage');
    assert.equal((await garbage.open('/account/')).status, 401);
  });

  test('“this was not me” proves nothing without the link of a mail, and changes nothing: it leads to what does', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await new Browser(server).post('/login/', RIGHT);
    const before = server.contents();
    const answer = await browser.open('/not-me/');
    assert.equal(answer.status, 200);
    assert.match(answer.text, /href="\/login\/\?next=%2Faccount%2Fdevices%2F"/);
    assert.match(answer.text, /href="\/password\/reset\/"/);
    assert.equal((await browser.post('/not-me/', {})).status, 400);
    assert.equal(server.contents(), before);
  });

  test('F-34: an API key in a header is no page’s: pages look at the cookie alone', async () => {
    await using open = await signedIn({ sessions: { limit: 2 } });
    const key = await open.server.signIn('alice');
    assert.equal((await open.server.ask('/account/', { key })).status, 401);
  });
});

describe('devices', () => {
  test('this one first; one is ended, then all others, and what displaced what is told', async () => {
    await using open = await signedIn({ sessions: { limit: 3 } });
    const { server, browser } = open;
    const phone = new Browser(server, { 'user-agent': CHROME_ON_ANDROID });
    await phone.post('/login/', RIGHT);
    await server.signIn('alice', { 'user-agent': 'curl/8' });
    // The same browser once more displaces nobody.
    await browser.post('/login/', RIGHT);
    server.clock.advance(5 * MINUTE_MS);
    const shown = textOf(await browser.open('/account/devices/'));
    assert.match(shown, /Firefox on Windows This device .*curl .*Chrome on Android/);
    assert.match(shown, /Browser · Last used now · signed in 5 minutes ago/);
    assert.match(shown, /No device has taken the place/);
    const sessions = await server.auth.sessions.list(1);
    const phones = sessions.find(({ device }) => device.name === 'Chrome on Android')?.id ?? '';
    assert.match(textOf(await browser.fill({ end: phones })), /Firefox on Windows This device .*curl/);
    assert.match(textOf(await phone.open('/account/')), /this device was removed from the account/);
    await browser.post('/account/devices/', { end: 'others' });
    assert.equal((await server.auth.sessions.list(1)).length, 1);
    assert.match(textOf(await browser.open('/account/devices/')), /You are signed in on this device alone\./);
    for (let time = 0; time < 3; time++) await server.signIn('alice', { 'user-agent': CHROME_ON_ANDROID });
    await browser.open('/login/?next=/account/devices/');
    assert.match(textOf(await browser.fill(RIGHT)), /Firefox on Windows took the place of Chrome on Android, now/);
  });

  test('ending this one signs out here; what is nobody’s, or somebody else’s, is 404 and stays', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await server.auth.accounts.create({ username: 'dave', password: PASSWORD });
    const key = await server.signIn('dave');
    const [theirs] = await server.auth.sessions.list(2);
    for (const end of [theirs?.id ?? '', 'ses_nobody', '', "' OR 1=1 --"]) {
      assert.equal((await browser.post('/account/devices/', { end })).status, 404);
    }
    assert.equal(await server.isLive(key), true);
    const [own] = await server.auth.sessions.list(1);
    await browser.open('/account/devices/');
    assert.match(textOf(await browser.fill({ end: own?.id ?? '' })), /You are signed out on this device/);
    assert.deepEqual(await server.auth.sessions.list(1), []);
  });
});

describe('what somebody changes', () => {
  test('the names: by the rules of the API, and each flaw at its field', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await server.auth.accounts.create({ username: 'dave' });
    await browser.open('/account/profile/');
    const names = { username: 'alicia', first_name: ' Alice ', last_name: 'O’Hara' };
    assert.match(textOf(await browser.fill(names)), /Signed in as alicia/);
    const account = await server.auth.accounts.find(1);
    assert.deepEqual([account?.firstName, account?.lastName], ['Alice', 'O’Hara']);
    for (const [username, words] of [
      ['dave', /This username is taken\./],
      ['a b', /may contain letters, digits/],
      ['', /This field is required\./],
      ['x'.repeat(151), /longest that is possible has 150/],
    ] as const) {
      await browser.open('/account/profile/');
      const answer = await browser.fill({ username });
      assert.equal(answer.status, 400);
      assert.match(textOf(answer), words);
    }
    assert.equal((await server.auth.accounts.find(1))?.username, 'alicia');
  });

  test('V6.2.3, V7.5.1: the password: the old one is asked for unless the sign-in is fresh; other devices are out, and it is mailed', async () => {
    await using open = await signedIn({ sessions: { limit: 2 } });
    const { server, browser } = open;
    const other = await server.signIn('alice');
    await browser.open('/account/password/');
    assert.ok(browser.forms().every(({ fields }) => !('old_password' in fields)));
    const weak = await browser.fill({ new_password1: 'short', new_password2: 'short' });
    assert.deepEqual([weak.status, /shortest that is possible has 8/.test(textOf(weak))], [400, true]);
    server.clock.advance(11 * MINUTE_MS);
    await browser.open('/account/password/');
    const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
    assert.match(textOf(await browser.fill({ old_password: '', ...passwords })), /This field is required\./);
    const wrong = await browser.fill({ old_password: 'wrong', ...passwords });
    assert.match(textOf(wrong), /This is not your current password\./);
    assert.doesNotMatch(wrong.text, /value="wrong"|battery/);
    assert.match(textOf(await browser.fill({ old_password: PASSWORD, ...passwords })), /Your password is changed/);
    assert.equal(await server.isLive(other), false);
    assert.equal((await browser.look('/account/')).status, 200);
    assert.equal((await server.mailsTo(EMAIL)).length, 1);
  });

  test('the data: all of it, as a file, for its owner alone, and nothing that opens anything', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await server.signIn('alice');
    await browser.post('/login/', RIGHT);
    const link = /href="([^"]+)" download/.exec((await browser.open('/account/data/')).text)?.[1] ?? '';
    const answer = await browser.look(link);
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="account.json"');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const data = answer.body as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
    assert.deepEqual(Object.keys(data), [
      'account',
      'profile',
      'addresses',
      'roles',
      'credentials',
      'devices',
      'sessions',
      'history',
    ]);
    assert.deepEqual(data['addresses'], [{ address: EMAIL, verified: false }]);
    assert.equal(data['sessions']?.length, 1);
    const happened = data['history']?.map(({ what }) => what);
    assert.equal(happened?.at(-1), 'account_created');
    assert.equal(happened?.filter((what) => what === 'session_opened').length, 3);
    assert.doesNotMatch(answer.text, /lk_|ld_|hash|\$argon2|cheap\$/);
    assert.equal((await server.ask(link)).status, 401);
  });

  test('closing the account asks for the password however fresh the sign-in is, and then nothing is left', async () => {
    await using open = await signedIn();
    const { server, browser } = open;
    await browser.open('/account/close/');
    assert.match(textOf(await browser.fill({ password: '' })), /This field is required\./);
    assert.match(textOf(await browser.fill({ password: 'wrong' })), /This is not your password\./);
    assert.ok((await server.auth.accounts.find(1)) !== null);
    assert.match(textOf(await browser.fill({ password: PASSWORD })), /Your account and its data are removed\./);
    assert.equal(await server.auth.accounts.find(1), null);
    assert.ok(!browser.cookies.has('latchkey'));
  });
});

describe('signing up by a form', () => {
  const form = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD };

  test('makes an account and signs in, or says at each field what is wrong with it', async () => {
    await using server = await testServer();
    const browser = new Browser(server);
    await browser.open('/signup/?next=/account/devices/');
    const wrong = await browser.fill({ ...form, email: 'no address', password1: '12345678', password2: 'x' });
    assert.equal(wrong.status, 400);
    assert.match(textOf(wrong), /Enter a valid e-mail address/);
    assert.match(wrong.text, /name="username" [^>]*value="bob"/);
    assert.match(textOf(await browser.fill({ ...form, password2: 'other' })), /The two passwords are not the same\./);
    assert.match(
      textOf(await browser.fill({ ...form, password1: 'bob@example', password2: 'bob@example' })),
      /too similar/,
    );
    assert.match(textOf(await browser.fill(form)), /This device/, 'signed in, and where it was meant to lead');
    assert.equal((await server.mailsTo(form.email)).length, 1);
  });

  test('A2: with mandatory verification a free and a taken address are answered alike', async () => {
    await using server = await testServer({ accounts: { emailVerification: 'mandatory' } });
    await server.auth.accounts.create({ username: 'owner', email: 'taken@example.com', emailVerified: true });
    const told = [];
    for (const [username, email] of [
      ['bob', form.email],
      ['eve', 'taken@example.com'],
    ] as const) {
      const browser = new Browser(server);
      await browser.open('/signup/');
      const answer = await browser.fill({ ...form, username, email });
      told.push([answer.status, answer.text, browser.cookies.size]);
    }
    assert.deepEqual(told[0], told[1]);
    assert.match(String(told[0]?.[1]), /Check your mail/);
  });

  test('N10: an invitation leaves the address at once, opens one sign-up, and is taken back after it', async () => {
    await using server = await testServer({ accounts: { registration: 'invited' } });
    const { invitation, link } = await server.auth.accounts.invite({ roles: ['pupil'] });
    const browser = new Browser(server);
    const closed = await browser.open('/signup/');
    assert.deepEqual([closed.status, /You need an invitation/.test(closed.text)], [403, true]);
    assert.equal((await browser.post('/signup/', form)).status, 403);
    const { pathname, search } = new URL(link);
    const moved = await browser.look(pathname + search);
    assert.deepEqual([moved.status, moved.headers.get('location'), moved.text], [303, '/signup/', '']);
    const shown = await browser.open('/signup/');
    assert.doesNotMatch(shown.text, new RegExp(invitation));
    await browser.fill(form);
    assert.deepEqual((await server.auth.accounts.findByUsername('bob'))?.roles, ['pupil']);
    assert.deepEqual([...browser.cookies.keys()].sort(), ['latchkey', 'latchkey-device']);
    assert.equal((await browser.look('/signup/?invitation=%0d%0aSet-Cookie:a=b')).headers.getSetCookie().length, 0);
    await using shut = await testServer({ accounts: { registration: 'closed' } });
    assert.match(textOf(await new Browser(shut).open('/signup/')), /New accounts are not open to everybody here/);
  });

  test('N10: where everybody may sign up, an invitation gives its roles, and one that is not good stands in nobody’s way', async () => {
    await using server = await testServer();
    const { link } = await server.auth.accounts.invite({ roles: ['pupil'] });
    const { pathname, search } = new URL(link);
    for (const [username, roles] of [
      ['bob', ['pupil']],
      ['eve', []],
    ] as const) {
      const browser = new Browser(server);
      await browser.open(pathname + search);
      const named = { ...form, username, email: `${username}@example.com` };
      await browser.fill(named);
      if (username === 'eve') {
        assert.match(browser.page?.text ?? '', /This invitation is not valid/);
        await browser.fill(named);
      }
      assert.deepEqual((await server.auth.accounts.findByUsername(username))?.roles, roles);
      assert.deepEqual([...browser.cookies.keys()].sort(), ['latchkey', 'latchkey-device']);
    }
  });

  test('E9: the key of a mailed link can leave the address, too; only the button confirms', async () => {
    await using server = await testServer();
    const browser = new Browser(server);
    await browser.open('/signup/');
    await browser.fill(form);
    const key = await server.verifyKey(form.email);
    assert.equal((await browser.look(`/verify-email/${key}/`)).status, 303);
    const before = server.contents();
    assert.doesNotMatch((await browser.open(`/verify-email/${key}/`)).text, new RegExp(key));
    assert.equal(server.contents(), before);
    assert.match(textOf(await browser.fill({})), /Your address is confirmed\./);
    assert.equal((await server.auth.accounts.find(1))?.emailVerified, true);
    assert.ok(!browser.cookies.has('latchkey-verify'));
  });
});
