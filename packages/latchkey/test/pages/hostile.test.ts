/** Other sites, hostile names and user agents, a store that is ill: what pages do about them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pageRoutes } from '../../src/pages/app.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { Browser, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };

const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a cross-site form', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['an older browser', { origin: 'https://evil.example' }],
  ['a sandboxed page', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['an older browser’s sandboxed page', { origin: 'null' }],
  ['a request without an origin', { 'sec-fetch-site': 'cross-site' }],
  ['a sibling host', { 'sec-fetch-site': 'same-site' }],
  ['another port', { origin: 'http://127.0.0.1:8788' }],
  ['another scheme', { origin: 'https://127.0.0.1:8787' }],
];

/** Every path of a page that is there, with something in the place of each name. */
function pathsOf({ assembled }: TestServer): readonly string[] {
  const there = pageRoutes.filter(({ isOn }) => isOn?.(assembled.parts.settings) !== false);
  return there.map(({ path }) => path.replace(/:\w+/g, 'x').replace(/(?<!\/)$/, '/'));
}

async function withAlice(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer({ accounts: { signInByMail: true }, ...options });
  await server.auth.accounts.create({ username: 'alice', email: 'alice@example.com', password: PASSWORD });
  return server;
}

describe('a form of another site', () => {
  for (const [name, headers, whenFull] of FOREIGN.flatMap(([name, headers]) => [
    [name, headers, 'ask'] as const,
    [name, headers, 'approve'] as const,
  ])) {
    test(`C8, C10, C11, C12: ${name} changes nothing on any page, and is told so in words of its own (${whenFull})`, async () => {
      await using server = await withAlice({ sessions: { whenFull } });
      const browser = new Browser(server);
      await browser.post('/login/', RIGHT);
      await server.auth.settle();
      const before = server.contents();
      const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
      const fields = { ...RIGHT, email: 'alice@example.com', end: 'others', new_password1: 'x', _method: 'DELETE' };
      for (const path of pathsOf(server)) {
        for (const method of ['POST', 'PUT', 'DELETE']) {
          const answer = await server.ask(path, { method, form: fields, headers: { ...headers, cookie } });
          assert.equal(answer.status, 403, `${method} ${path}`);
          assert.equal(answer.headers.get('latchkey-reason'), 'origin_not_allowed');
          assert.match(textOf(answer), /^This form came from another site/);
          assert.doesNotMatch(answer.text, /password/i, 'never taken for a wrong password');
          assert.deepEqual(answer.headers.getSetCookie(), []);
        }
      }
      assert.equal(server.contents(), before);
    });
  }

  test('C11: our own origin, and a browser that says same-origin, are let in', async () => {
    await using server = await withAlice();
    for (const headers of [{ origin: 'http://127.0.0.1:8787' }, { 'sec-fetch-site': 'same-origin' }, {}]) {
      assert.equal((await server.ask('/login/', { method: 'POST', form: RIGHT, headers })).status, 302);
    }
  });
});

describe('what somebody else typed', () => {
  const EVIL = [
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '<img src=x onerror=alert(1)>',
    '</main></body>',
    '{{7*7}} \u0024{7*7} <%= 7*7 %>',
    '\u202egnp.exe',
    'a\r\nSet-Cookie: evil=1',
    '<!--',
    '&lt;b&gt;&amp;',
  ];

  test('N3, N5, N6: comes back as text, in its own field, whatever it is', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    for (const evil of EVIL) {
      for (const [path, form] of [
        ['/login/', { username: evil, password: evil, next: evil }],
        ['/signup/', { username: evil, email: evil, password1: evil, password2: evil, next: evil }],
        ['/password/reset/', { email: evil }],
        ['/verify-email/', { email: evil }],
      ] as const) {
        const query = new URLSearchParams({ next: evil, error: evil, invitation: evil }).toString();
        const answer = await browser.post(`${path}?${query}`, form);
        assert.ok(answer.status < 500, `${path} ${answer.status}`);
        assertInert(answer.text);
        assert.equal(answer.headers.get('evil'), null);
        assert.doesNotMatch(answer.headers.getSetCookie().join(), /evil/);
      }
    }
  });

  test('N3: names that an operator gave, on every page and in every mail, are text and keep their direction', async () => {
    await using server = await testServer();
    const evil = EVIL.join(' ');
    const names = { firstName: evil.slice(0, 150), lastName: evil.slice(150, 300) };
    const email = "o'{site}&amp`$&x@example.com";
    await server.auth.accounts.create({ username: 'alice', email: 'alice@example.com', password: PASSWORD, ...names });
    await server.auth.accounts.create({ username: 'olga', email, password: PASSWORD });
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    for (const path of pathsOf(server)) {
      const { text } = await browser.open(path);
      assertInert(text);
    }
    assert.match((await browser.open('/account/')).text, /Signed in as <bdi>alice<\/bdi>/);
    const olga = new Browser(server);
    await olga.post('/login/', { username: 'olga', password: PASSWORD });
    const shown = await olga.open('/account/');
    assertInert(shown.text);
    assert.ok(textOf(shown).includes(email));
    await browser.open('/account/profile/');
    assert.equal(browser.forms()[0]?.fields['first_name']?.includes('<script>'), true, 'it is there, as text');
    await server.resetLink('alice@example.com');
    for (const { html, subject } of await server.mailsTo('alice@example.com')) {
      assertInert(html);
      assert.doesNotMatch(subject, /alice|script/);
      assert.match(html, /<bdi>alice<\/bdi>/);
    }
  });

  test('N4: a user agent, whatever it says, becomes a name of ours', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited', whenFull: 'approve' } });
    await server.auth.accounts.create({ username: 'alice', password: PASSWORD });
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    const agents = [
      ...EVIL.filter((evil) => /^[\x20-\x7e]+$/.test(evil)),
      'x'.repeat(8_000),
      '[31mred',
      'Mozilla/5.0 (<b>) "\'',
    ];
    for (const agent of agents) await server.signIn('alice', { 'user-agent': agent });
    const { text } = await browser.open('/account/devices/');
    assertInert(text);
    assert.doesNotMatch(text, /\[31m|x{50}/);
    assert.equal(text.match(/an unknown device/g)?.length, agents.length * 3);
  });

  test('N3: a place, whatever the host names it, is text in its own direction', async () => {
    const places = [...EVIL, '\u0627\u202e<b>', "\u2067');alert(1)//", 'x'.repeat(10_000)];
    const names = [...places];
    await using server = await withAlice({
      hooks: { placeOf: () => names.shift() ?? null },
      sessions: { limit: 4 },
    });
    for (const _ of places) await server.signIn('alice');
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    const { text } = await browser.open('/account/devices/');
    assertInert(text);
    assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]|x{101}/);
    assert.match(text, / · <bdi>x{100}<\/bdi> · /);
    assert.match(text, /\(<bdi>&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;<\/bdi>\)/);
    assertInert((await browser.open('/account/data/')).text);
  });

  function assertInert(text: string): void {
    assert.doesNotMatch(text.replace(OWN_SCRIPT, ''), /<script|<img|<\/main><\/body>"|<!--|49 |onmouseover='| on\w+="/);
    assert.equal(text.match(/<\/body>/g)?.length, 1);
    assert.doesNotMatch(text.replaceAll('\u202egnp.exe"', ''), /\u202e(?![^<]*<\/bdi>)(?![^"]*")/);
  }
});

/** The scripts that a page has, one for whoever is signed in and one for passkeys: files of ours, by names that tell what is in them. */
const OWN_SCRIPT =
  /<script type="module" src="\/auth\/assets\/(?:live|passkey)\.[\w-]{16}\.js"(?: data-[a-z]+="[\w/. -]*")+><\/script>/g;

describe('every page', () => {
  test('N8, V3.4.3, V3.4.4, V3.4.5, V3.4.6: is kept by nobody, framed by nobody, and loads from here alone', async () => {
    await using server = await withAlice({ origin: 'https://accounts.example' });
    const { body } = await server.post('/auth/login/', RIGHT);
    const cookie = `__Host-latchkey=${String(Reflect.get(Object(body), 'key'))}`;
    for (const path of [...pathsOf(server), '/nowhere/', '/account/x.css']) {
      for (const headers of [{}, { cookie }]) {
        const { headers: told, text } = await server.ask(path, { headers });
        assert.equal(told.get('cache-control'), 'no-store', path);
        const hasScript = text.match(OWN_SCRIPT) !== null;
        const scripts = hasScript ? "script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; " : '';
        assert.equal(
          told.get('content-security-policy'),
          `default-src 'none'; style-src 'self'; ${scripts}form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
        );
        assert.equal(told.get('referrer-policy'), 'strict-origin');
        assert.equal(told.get('x-content-type-options'), 'nosniff');
        assert.match(told.get('vary') ?? '', /Accept-Language, Cookie/);
        assert.match(told.get('strict-transport-security') ?? '', /max-age=63072000/);
        assert.doesNotMatch(text.replace(OWN_SCRIPT, ''), /<script|<style| style=|https?:\/\//);
      }
    }
  });

  test('N8: a path below a page that is none is 404, with a sign-in, too', async () => {
    await using server = await withAlice();
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    for (const path of ['/account/x.css', '/account/devices/a.js', '/login/x', '/logout/now/']) {
      assert.equal((await browser.look(path)).status, 404, path);
    }
  });

  test('F-35: with the store ill, 503 in the reader’s language, and nothing of the inside', async () => {
    await using server = await withAlice();
    const browser = new Browser(server, { 'accept-language': 'fr' });
    await browser.post('/login/', RIGHT);
    const faults: readonly (readonly [Error, number, RegExp, string | null])[] = [
      [new StoreUnavailable('SELECT secret FROM inside'), 503, /^Indisponible pour le moment/, '1'],
      [new Error('SELECT secret FROM inside'), 500, /^Une erreur est survenue/, null],
    ];
    for (const [fault, status, words, wait] of faults) {
      server.assembled.parts.store.sessions.find = () => Promise.reject(fault);
      const answer = await browser.open('/account/');
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [status, wait]);
      assert.match(textOf(answer), words);
      assert.doesNotMatch(answer.text, /SELECT|inside|\.ts/);
    }
    assert.equal(server.errors.length, 2);
  });

  test('C5, C21: a cookie twice, or one that cannot be read, is nobody, and no error', async () => {
    await using server = await withAlice();
    const key = await server.signIn('alice');
    for (const cookie of [`latchkey=${key}; latchkey=lk_other`, 'latchkey=%', 'latchkey=é', 'latchkey', ';;;=;']) {
      assert.equal((await server.ask('/account/', { headers: { cookie } })).status, 401, cookie);
    }
  });

  test('C16: once signed out, the pages before are not there any more', async () => {
    await using server = await withAlice({ sessions: { whenFull: 'approve' } });
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT);
    await browser.post('/logout/', {});
    const own = pageRoutes.filter(({ access }) => access === 'signed-in');
    assert.ok(own.length > 5);
    for (const { path } of own) {
      assert.equal((await browser.look(path)).status, 401, path);
    }
  });
});
