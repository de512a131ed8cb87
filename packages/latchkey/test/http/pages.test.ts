/** The pages that mails lead to, as a browser without scripts uses them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  cookieIn,
  cookiePairIn,
  OTHER_PASSWORD,
  PASSWORD,
  type TestServer,
  testServer,
} from './serving.ts';

const EMAIL = 'alice@example.com';
const ORIGIN = 'http://127.0.0.1:8787';
const CONFIRM = '/password/reset/confirm/';

/** A browser on our own page: our policy for referrers hides where a form comes from. */
const OWN_PAGE = { origin: 'null', 'sec-fetch-site': 'same-origin' };

const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'same-site' },
];

const submit = (server: TestServer, path: string, form: Readonly<Record<string, string>>, cookie = '') =>
  server.ask(path, { method: 'POST', form, headers: { ...OWN_PAGE, ...(cookie !== '' && { cookie }) } });

async function followLink(server: TestServer) {
  const link = await server.resetLink(EMAIL);
  const redirect = await server.ask(link.pathname);
  return { ...link, redirect, cookie: cookiePairIn(redirect, 'latchkey-link') };
}

const twice = (password: string) => ({ new_password1: password, new_password2: password });

function assertPage(answer: Answer, status: number, text: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(answer.text, text);
}

test('V6.4.1: a forgotten password: ask by form, follow the link, choose a new one, and every device is out', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: EMAIL });
  assertPage(await server.ask('/password/reset/'), 200, /<form method="post">[\s\S]*name="email"/);
  const asked = await submit(server, '/password/reset/', { email: ` ${EMAIL} ` });
  assertPage(asked, 200, /If there is an account with this address/);
  assert.equal((await server.mailsTo(EMAIL)).length, 2);
  const { cookie } = await followLink(server);
  const form = await server.ask(CONFIRM, { headers: { cookie } });
  assertPage(form, 200, /name="new_password1"[\s\S]*name="new_password2"/);
  const done = await submit(server, CONFIRM, twice(OTHER_PASSWORD), cookie);
  assertPage(done, 200, /Your new password is set\. All devices were signed out\./);
  assert.equal(await server.isLive(key), false);
  await server.signIn('alice', {}, OTHER_PASSWORD);
  assertPage(await submit(server, CONFIRM, twice(PASSWORD), cookie), 400, /used already, or it is too old/);
});

test('A3: the page says the same for an address that nobody has, and mails nobody', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const [known, unknown] = [
    await submit(server, '/password/reset/', { email: EMAIL }),
    await submit(server, '/password/reset/', { email: 'nobody@example.com' }),
  ];
  assert.equal(unknown.text, known.text);
  assert.equal(unknown.status, known.status);
  await server.auth.settle();
  assert.deepEqual(
    server.mailbox.mails.map(({ to }) => to),
    [EMAIL, EMAIL],
  );
  assertPage(await submit(server, '/password/reset/', { email: 'no address' }), 400, /Enter a valid e-mail address/);
});

test('N10, E8: the link’s secret moves to a cookie, and is in no page, no address and no header after that', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const { uid, token, redirect, cookie } = await followLink(server);
  assert.equal(redirect.status, 303);
  assert.equal(redirect.headers.get('location'), CONFIRM);
  assert.equal(redirect.text, '');
  assert.equal(redirect.headers.get('referrer-policy'), 'strict-origin');
  const set = cookieIn(redirect, 'latchkey-link');
  assert.equal(set, `latchkey-link=${uid}.${token}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax`);
  const answers = [
    await server.ask(CONFIRM, { headers: { cookie } }),
    await submit(server, CONFIRM, twice('short'), cookie),
    await submit(server, CONFIRM, twice(OTHER_PASSWORD), cookie),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 400, 200],
  );
  for (const { text, headers } of answers) {
    assert.doesNotMatch(text + JSON.stringify([...headers]), new RegExp(token));
    assert.doesNotMatch(text, /<script|https?:\/\/|src=/, 'a page loads nothing from elsewhere');
  }
  const [, , done] = answers;
  assert.equal(done === undefined ? '' : cookiePairIn(done, 'latchkey-link'), 'latchkey-link=');
});

test('E1: a weak password, and two that differ, keep the link for another try', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const { cookie } = await followLink(server);
  const before = server.contents();
  const tries: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [twice('short'), /This password is too short\./],
    [twice('password1'), /used by many people/],
    [twice('8274619305'), /must not consist of digits alone/],
    [twice(EMAIL), /too similar to your name/],
    [twice('x'.repeat(2_000)), /longest that is possible has 1024/],
    [{ new_password1: OTHER_PASSWORD, new_password2: PASSWORD }, /The two passwords are not the same\./],
    [{ new_password1: OTHER_PASSWORD }, /not the same/],
    [{}, /too short/],
  ];
  for (const [form, message] of tries) {
    const answer = await submit(server, CONFIRM, form, cookie);
    assertPage(answer, 400, message);
    assert.match(answer.text, /role="alert"[\s\S]*<form method="post">/);
    assert.doesNotMatch(answer.text, /value=|battery/, 'a page never repeats a password');
  }
  assert.equal(server.contents(), before);
  assertPage(await submit(server, CONFIRM, twice(OTHER_PASSWORD), cookie), 200, /is set/);
});

test('E9: looking at a mailed link, by GET and by HEAD, as often as one likes, uses it up neither here nor there', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const verifyPath = `/auth/registration/account-confirm-email/${await server.verifyKey(EMAIL)}/`;
  const { pathname, cookie } = await followLink(server);
  const before = server.contents();
  for (const path of [pathname, CONFIRM, verifyPath, '/password/reset/']) {
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, text } = await server.ask(path, { method, headers: { cookie } });
      assert.ok(status === 200 || status === 303, `${method} ${path}`);
      if (method === 'HEAD') assert.equal(text, '');
    }
  }
  assert.equal(server.contents(), before);
  assertPage(await submit(server, verifyPath, {}), 200, /Thank you\. Your address is confirmed\./);
  assertPage(await submit(server, CONFIRM, twice(OTHER_PASSWORD), cookie), 200, /is set/);
});

test('E1, E9: the page for an address: it asks, confirms once, and says when it is too late', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const path = `/auth/registration/account-confirm-email/${await server.verifyKey(EMAIL)}/`;
  const shown = await server.ask(path);
  assertPage(shown, 200, /<form method="post"><button class="block">Confirm this address<\/button><\/form>/);
  assert.doesNotMatch(shown.text, /\w{43}/);
  assert.equal((await server.auth.accounts.find(1))?.emailVerified, false);
  assertPage(await submit(server, path, {}), 200, /is confirmed/);
  assert.equal((await server.auth.accounts.find(1))?.emailVerified, true);
  assertPage(await submit(server, path, {}), 404, /used already, or it is too old/);
  assertPage(await submit(server, '/auth/registration/account-confirm-email/%00%2F..%2F/', {}), 404, /too old/);
  assertPage(await server.ask('/auth/registration/account-email-verification-sent/'), 200, /sent you a mail/);
});

test('C8, V3.5.1: a form from another site changes nothing on any page', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const verifyPath = `/auth/registration/account-confirm-email/${await server.verifyKey(EMAIL)}/`;
  const { cookie } = await followLink(server);
  await server.auth.settle();
  const before = server.contents();
  const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['/password/reset/', { email: EMAIL }],
    [CONFIRM, twice(OTHER_PASSWORD)],
    [verifyPath, {}],
  ];
  for (const [path, form] of forms) {
    for (const headers of FOREIGN) {
      const answer = await server.ask(path, { method: 'POST', form, headers: { ...headers, cookie } });
      assert.equal(answer.status, 403, path);
      assert.match(answer.text, /came from another site/);
    }
  }
  assert.equal(server.contents(), before);
  for (const [path, form] of forms) {
    const answer = await server.ask(path, { method: 'POST', form, headers: { origin: ORIGIN, cookie } });
    assert.equal(answer.status, 200, 'an older browser on our own page');
  }
});

test('V3.4.3, N6: a page runs no script, and its one style comes from here, by a name that is kept for good', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const { cookie } = await followLink(server);
  const paths = ['/password/reset/', CONFIRM, '/auth/registration/account-confirm-email/x/', '/nowhere'];
  for (const path of paths) {
    const { headers, text } = await server.ask(path, { headers: { cookie } });
    const policy = Object.fromEntries(
      (headers.get('content-security-policy') ?? '').split('; ').map((part) => part.split(/ (.*)/)),
    );
    assert.equal(policy['default-src'], "'none'");
    assert.equal(policy['base-uri'], "'none'");
    assert.equal(policy['form-action'], "'self'");
    assert.equal(policy['frame-ancestors'], "'none'");
    assert.equal(policy['script-src'] ?? policy['object-src'], undefined, 'default-src stands for both');
    assert.equal(policy['style-src'], "'self'");
    assert.doesNotMatch(text, /<style| style=| on\w+=|<script/);
    const [, style = ''] = /<link rel="stylesheet" href="(\/auth\/assets\/style\.[\w-]{16}\.css)">/.exec(text) ?? [];
    const sheet = await server.ask(style);
    assert.equal(sheet.status, 200);
    assert.equal(sheet.headers.get('content-type'), 'text/css; charset=utf-8');
    assert.equal(sheet.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(sheet.headers.get('x-content-type-options'), 'nosniff');
    assert.equal((await server.ask(style.replace(/\.[\w-]{16}\./, '.0000000000000000.'))).status, 404);
  }
});

test('V6.2.6, V6.2.7: passwords are typed unseen, and password managers may help', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const { cookie } = await followLink(server);
  const { text } = await server.ask(CONFIRM, { headers: { cookie } });
  const inputs = text.match(/<input [^>]*>/g) ?? [];
  assert.equal(inputs.length, 2);
  for (const input of inputs) assert.match(input, /type="password" .*autocomplete="new-password"/);
  assert.match((await server.ask('/password/reset/')).text, /<input type="email" name="email" .*autocomplete="email"/);
});

test('N6: nothing that comes in an address or a form comes back in a page as anything but text', async () => {
  await using server = await testServer();
  const evil = '"><script>alert(1)</script>';
  const encoded = encodeURIComponent(evil);
  const answers = [
    await server.ask(`/password/reset/?error=${encoded}&email=${encoded}&next=${encoded}`),
    await submit(server, '/password/reset/', { email: `${evil}@example.com` }),
    await server.ask(`/password/reset/confirm/${encoded}/${encoded}/`),
    await server.ask(CONFIRM, { headers: { cookie: `latchkey-link=${encoded}` } }),
    await server.ask(`/auth/registration/account-confirm-email/${encoded}/`),
    await submit(server, `/auth/registration/account-confirm-email/${encoded}/`, {}),
    await server.ask(`/${encoded}/`),
  ];
  for (const { text, headers } of answers) {
    assert.doesNotMatch(text, /<script|alert\(1\)<\/script/);
    assert.doesNotMatch(JSON.stringify([...headers]), /alert/);
  }
});

test('N7: what stands in a link’s place and is none gets no cookie', async () => {
  await using server = await testServer();
  for (const path of ['x%0d%0aSet-Cookie:a=b/y', '1/x%3B%20Domain=evil', '1/%00', '1/x.y', '%2e%2e/x', '1/é']) {
    const answer = await server.ask(`${CONFIRM}${path}/`);
    assert.ok(answer.status === 400 || answer.status === 404, `${path} ${answer.status}`);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
});

test('J5, J20: bodies that are too large, or of no form’s type, are told so', async () => {
  await using server = await testServer();
  const before = server.contents();
  for (const path of ['/password/reset/', CONFIRM, '/auth/registration/account-confirm-email/x/']) {
    const large = await submit(server, path, { email: 'x'.repeat(70_000) });
    assert.equal(large.status, 413, path);
    const headers = { ...OWN_PAGE, 'content-type': 'application/xml' };
    const xml = await server.ask(path, { method: 'POST', body: '<x/>', headers });
    assert.equal(xml.status, 415, path);
    const broken = { ...OWN_PAGE, 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await server.ask(path, { method: 'POST', body: 'email=%ff', headers: broken })).status, 400, path);
  }
  assert.equal(server.contents(), before);
});
