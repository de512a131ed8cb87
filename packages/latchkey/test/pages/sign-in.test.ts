/** `/login/` and `/logout/`, by forms alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookieIn, PASSWORD, testServer } from '../http/serving.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };

async function withAlice(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  await server.auth.accounts.create({
    username: 'alice',
    email: 'alice@example.com',
    password: PASSWORD,
    roles: ['staff'],
  });
  await server.auth.accounts.create({ username: 'dave', password: PASSWORD });
  return server;
}

describe('signing in by a form', () => {
  test('C1: signs in with a cookie of its own, whatever was planted there, and leads to the account', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    const planted = await server.signIn('dave');
    browser.cookies.set('latchkey', planted);
    await browser.open('/login/');
    const answer = await browser.post('/login/', RIGHT);
    assert.deepEqual([answer.status, answer.headers.get('location'), answer.text], [302, '/account/', '']);
    assert.notEqual(browser.cookies.get('latchkey'), planted);
    assert.match(
      textOf(await browser.open('/account/')),
      /Signed in as alice alice@example\.com \(not confirmed yet\)/,
    );
    assert.equal(await server.isLive(planted), false, 'the session of the other account went with its cookie');
    const { httpOnly, terms } = {
      httpOnly: /; HttpOnly/,
      terms: /; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
    };
    assert.match(cookieIn(answer, 'latchkey'), httpOnly);
    assert.match(cookieIn(answer, 'latchkey'), terms);
  });

  test('A1: a wrong password, nobody’s name and a suspended account are told the same, and the name stays', async () => {
    await using server = await withAlice();
    await server.auth.accounts.suspend(2);
    const told = [];
    for (const [username, password] of [
      ['alice', 'wrong'],
      ['nobody', PASSWORD],
      ['dave', PASSWORD],
    ] as const) {
      const browser = new Browser(server);
      await browser.open('/login/');
      const answer = await browser.fill({ username, password });
      assert.equal(answer.status, 200);
      assert.match(answer.text, /role="alert"/);
      assert.match(answer.text, new RegExp(`name="username" [^>]*value="${username}"`));
      assert.ok(!browser.cookies.has('latchkey'));
      told.push(answer.text.replaceAll(`value="${username}"`, ''));
    }
    assert.equal(new Set(told).size, 1);
  });

  test('what is left blank is told at its field, and tied to it', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    await browser.open('/login/');
    const answer = await browser.fill({ username: '', password: '' });
    assert.equal(answer.status, 200);
    for (const name of ['username', 'password']) {
      assert.match(
        answer.text,
        new RegExp(`name="${name}"[^>]* aria-invalid="true" aria-describedby="id_${name}_flaws"`),
      );
      assert.match(answer.text, new RegExp(`<p class="flaw" id="id_${name}_flaws">This field is required\\.</p>`));
      assert.match(answer.text, new RegExp(`<label for="id_${name}">`));
    }
    assert.equal(answer.text.match(/ autofocus/g)?.length, 1);
  });

  test('a name in other letters, with blanks around it, or an address where that may be', async () => {
    await using server = await withAlice({ accounts: { signInBy: 'username_email' } });
    for (const username of [' ALICE ', 'alice@example.com', 'Alice@EXAMPLE.com']) {
      const browser = new Browser(server);
      assert.match(textOf(await browser.open('/login/')), /Username or e-mail address/);
      assert.match(textOf(await browser.fill({ username, password: PASSWORD })), /Signed in as alice/);
    }
    await using byEmail = await withAlice({ accounts: { signInBy: 'email' } });
    const browser = new Browser(byEmail);
    assert.match((await browser.open('/login/')).text, /<input type="email" name="username"/);
    assert.equal((await browser.fill({ username: 'alice', password: PASSWORD })).status, 200);
    assert.match(
      textOf(await browser.fill({ username: 'alice@example.com', password: PASSWORD })),
      /Signed in as alice/,
    );
  });

  test('an address that is not confirmed: told after the right password alone, with a way to have the mail again', async () => {
    await using server = await withAlice({ accounts: { emailVerification: 'mandatory' } });
    const browser = new Browser(server);
    await browser.open('/login/');
    assert.doesNotMatch((await browser.fill({ ...RIGHT, password: 'wrong' })).text, /confirmed|verify-email/);
    const answer = await browser.fill(RIGHT);
    assert.match(textOf(answer), /has not been confirmed yet/);
    assert.match(answer.text, /<a href="\/verify-email\/">/);
    await browser.open('/verify-email/');
    assert.match(textOf(await browser.fill({ email: 'alice@example.com' })), /a mail is on its way/);
    assert.equal((await server.mailsTo('alice@example.com')).length, 1);
  });

  test('B1: too many attempts are told in words, with how long to wait', async () => {
    await using server = await withAlice({ rateLimits: 'on' });
    const browser = new Browser(server, { 'accept-language': 'de' });
    for (let time = 0; time < 10; time++) await browser.post('/login/', { ...RIGHT, password: 'wrong' });
    const answer = await browser.post('/login/', RIGHT);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('retry-after'), '300');
    assert.match(textOf(answer), /Zu viele Versuche .* 5 Minuten/);
    assert.ok(!browser.cookies.has('latchkey'));
  });

  test('what is no form has no fields, and nothing of it is taken', async () => {
    await using server = await withAlice();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const answer = await server.ask('/login/', { method: 'POST', json: RIGHT, headers });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /This field is required/);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const refused = await server.ask('/login/', { method, form: RIGHT, headers });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, POST, HEAD, OPTIONS']);
      assert.equal((await server.ask('/login/', { method, form: RIGHT, headers: { origin: 'null' } })).status, 403);
    }
    const asked = await server.ask('/login/', { method: 'OPTIONS' });
    assert.deepEqual([asked.status, asked.headers.get('allow')], [200, 'GET, POST, HEAD, OPTIONS']);
  });
});

describe('where it leads', () => {
  test('D1 D2 D3: `next` is a path on this origin, in the form and in the address, and the form’s goes first', async () => {
    await using server = await withAlice();
    const lead = async (path: string, more: Readonly<Record<string, string>> = {}) =>
      (await new Browser(server).post(path, { ...RIGHT, ...more })).headers.get('location');
    assert.equal(await lead('/login/?next=/lessons/%3Fa=b'), '/lessons/?a=b');
    assert.equal(await lead('/login/?next=/a/', { next: '/b/' }), '/b/');
    assert.equal(await lead('/login/?next=/a/', { next: '' }), '/account/');
    assert.equal(await lead('/login/?next=/a/&next=/b/'), '/account/', 'D12: of two, neither');
    for (const evil of [
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'https://evil.example',
      '/..//evil.example',
    ]) {
      assert.equal(await lead('/login/', { next: evil }), '/account/');
      assert.equal(await lead(`/login/?next=${encodeURIComponent(evil)}`), '/account/');
      assert.doesNotMatch((await server.ask(`/login/?next=${encodeURIComponent(evil)}`)).text, /evil/);
    }
    for (const loop of ['/login/', '/login', '/login/?next=/login/', '/login#x']) {
      assert.equal(await lead('/login/', { next: loop }), '/account/');
    }
    const browser = new Browser(server);
    await browser.open('/login/?next=/account/devices/');
    assert.match(textOf(await browser.fill(RIGHT)), /This device/, 'the form carries it');
  });

  test('without one: by the first role in the order given, else where the settings say', async () => {
    const pages = {
      loginRedirectUrl: '/lessons/',
      roleRedirectUrls: [
        ['admin', '/admin/'],
        ['staff', '/desk/'],
      ],
    } as const;
    await using server = await withAlice({ pages });
    const lead = async (username: string) =>
      (await new Browser(server).post('/login/', { username, password: PASSWORD })).headers.get('location');
    assert.deepEqual([await lead('alice'), await lead('dave')], ['/desk/', '/lessons/']);
    await server.auth.accounts.setRoles(1, ['staff', 'admin']);
    assert.equal(await lead('alice'), '/admin/');
  });

  test('who is signed in is told so, with a way on; or is sent on at once, and never round in a circle', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    const shown = await browser.open('/login/?next=/lessons/');
    assert.match(textOf(shown), /You are signed in as alice\. Continue/);
    assert.match(shown.text, /<a class="button" href="\/lessons\/">/);
    await using sending = await withAlice({ pages: { redirectSignedIn: true } });
    const sent = new Browser(sending);
    await sent.post('/login/', RIGHT);
    for (const [path, to] of [
      ['/login/', '/account/'],
      ['/login/?next=/lessons/', '/lessons/'],
      ['/login/?next=/login/', '/account/'],
      ['/login/?next=/login%3Fnext=/login/', '/account/'],
    ] as const) {
      const answer = await sent.look(path);
      assert.deepEqual([answer.status, answer.headers.get('location')], [302, to]);
    }
  });

  test('no setting may lead back to /login/', async () => {
    await assert.rejects(
      withAlice({ pages: { loginRedirectUrl: '/login/?next=/' } }),
      /must not lead back to \/login\//,
    );
    await assert.rejects(withAlice({ pages: { roleRedirectUrls: 'a=/login' } }), /must not lead back to \/login\//);
  });
});

describe('one browser', () => {
  const limit = { sessions: { limit: 2 } };

  test('the same person again takes their own place, with the device cookie and without it', async () => {
    await using server = await withAlice(limit);
    const [browser, phone] = [new Browser(server), new Browser(server, { 'user-agent': CHROME_ON_ANDROID })];
    await phone.post('/login/', RIGHT);
    await browser.post('/login/', RIGHT);
    for (const isForgotten of [false, true, false]) {
      if (isForgotten) browser.cookies.delete('latchkey-device');
      await browser.post('/login/', RIGHT);
      assert.equal((await phone.look('/account/')).status, 200, 'nobody else was displaced');
      assert.equal((await server.auth.sessions.list(1)).length, 2);
    }
  });

  test('F-34: another person’s session in the same browser ends, and nobody’s elsewhere does', async () => {
    await using server = await withAlice(limit);
    const [browser, other] = [new Browser(server), new Browser(server)];
    await other.post('/login/', RIGHT);
    await browser.post('/login/', RIGHT);
    const former = browser.cookies.get('latchkey') ?? '';
    await browser.post('/login/', { ...RIGHT, username: 'dave' });
    assert.match(textOf(await browser.open('/account/')), /Signed in as dave/);
    assert.equal(await server.isLive(former), false);
    assert.equal((await other.look('/account/')).status, 200);
    const { body } = await server.ask('/auth/session/', { key: former });
    assert.equal(Reflect.get(Object(body), 'code'), 'signed_out');
  });
});

describe('signing out by a form', () => {
  test('C12: looking at the page changes nothing, its button signs out here and nowhere else', async () => {
    await using server = await withAlice({ sessions: { limit: 2 } });
    const [browser, other] = [new Browser(server), new Browser(server)];
    await browser.post('/login/', RIGHT);
    await other.post('/login/', RIGHT);
    for (let time = 0; time < 2; time++) await browser.open('/logout/');
    assert.match(textOf(await browser.open('/logout/')), /You are signed in as alice\. Sign out on this device\?/);
    const key = browser.cookies.get('latchkey') ?? '';
    assert.equal(await server.isLive(key), true);
    assert.match(textOf(await browser.fill({})), /You are signed out on this device\./);
    assert.equal(browser.cookies.has('latchkey'), false);
    assert.equal(await server.isLive(key), false);
    assert.equal((await other.look('/account/')).status, 200);
    assert.match(textOf(await browser.open('/logout/')), /You are not signed in on this device\./);
  });

  test('F-4: a displaced browser’s sign-out touches nobody’s session', async () => {
    await using server = await withAlice();
    const [old, newer] = [new Browser(server), new Browser(server)];
    await old.post('/login/', RIGHT);
    await newer.post('/login/', RIGHT);
    const answer = await old.post('/logout/', {});
    assert.equal(answer.status, 200);
    assert.match(cookieIn(answer, 'latchkey'), /Max-Age=0/);
    assert.equal((await newer.look('/account/')).status, 200);
  });

  test('V7.4.4: every page for the signed-in has it, and it leads on to a path of ours alone', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    const paths = ['', 'profile/', 'password/', 'devices/', 'data/', 'close/'];
    for (const path of paths) {
      const { status, text } = await browser.open(`/account/${path}`);
      assert.equal(status, 200);
      assert.match(text, /<form method="post" action="\/logout\/"><button class="asLink">Sign out<\/button><\/form>/);
    }
    assert.equal((await browser.post('/logout/', { next: '//evil.example' })).headers.get('location'), null);
    assert.equal((await browser.post('/logout/?next=/lessons/', {})).headers.get('location'), '/lessons/');
  });
});
