/** In whose language pages and mails are, how they look, and what a host may put in their place. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { html, type LatchkeyOptions } from 'latchkey';
import { groups } from '../../src/config.ts';
import type { Colour, Theme } from '../../src/model/theme.ts';
import { frame } from '../../src/pages/frame.ts';
import { stylesheet } from '../../src/pages/style.ts';
import { speechIn } from '../../src/texts/catalogue.ts';
import { PASSWORD, testServer } from '../http/serving.ts';
import { Browser, textOf } from './browser.ts';

const RIGHT = { username: 'alice', password: PASSWORD };
const EMAIL = 'alice@example.com';

async function withAlice(options: LatchkeyOptions = {}) {
  const server = await testServer(options);
  await server.auth.accounts.create({ username: 'alice', email: EMAIL, password: PASSWORD, roles: ['staff', 'admin'] });
  return server;
}

describe('in the reader’s language', () => {
  test('pages, with what is wrong and what went wrong', async () => {
    await using server = await withAlice();
    for (const [accepted, lang, title, wrong, missing] of [
      ['de-AT, en;q=0.5', 'de" dir="ltr', /^Anmelden/, /Groß- und Kleinschreibung/, /^Diese Seite gibt es nicht/],
      ['fr', 'fr" dir="ltr', /^Connexion/, /Les majuscules et les minuscules/, /^Cette page n’existe pas/],
      ['es-MX', 'es" dir="ltr', /^Iniciar sesión/, /Las mayúsculas y las minúsculas/, /^Esta página no existe/],
      ['pt-BR', 'pt" dir="ltr', /^Entrar/, /Letras maiúsculas e minúsculas/, /^Esta página não existe/],
      ['ar', 'ar" dir="rtl', /^تسجيل الدخول/, /لحالة الأحرف/, /^هذه الصفحة غير موجودة/],
      ['nl', 'en" dir="ltr', /^Sign in/, /Capital and small letters/, /^There is no such page/],
    ] as const) {
      const browser = new Browser(server, { 'accept-language': accepted });
      const shown = await browser.open('/login/');
      assert.ok(shown.text.includes(`<html lang="${lang}">`), accepted);
      assert.match(textOf(shown), title);
      assert.match(textOf(await browser.fill({ ...RIGHT, password: 'wrong' })), wrong);
      assert.match(textOf(await browser.look('/nowhere/')), missing);
    }
  });

  test('the rules for passwords, with their numbers, and a displaced device', async () => {
    await using server = await withAlice();
    const browser = new Browser(server, { 'accept-language': 'de' });
    await browser.post('/login/', RIGHT);
    const form = { new_password1: 'kurz', new_password2: 'kurz' };
    assert.match(textOf(await browser.post('/account/password/', form)), /Nötig sind mindestens 8 Zeichen\./);
    await server.signIn('alice', {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    });
    server.clock.advance(120_000);
    assert.match(
      textOf(await browser.open('/account/')),
      /anderen Gerät angemeldet \(Firefox unter Linux\), vor 2 Minuten/,
    );
  });

  test('mails, by page and by API; what an operator causes is in English', async () => {
    await using server = await withAlice();
    await new Browser(server, { 'accept-language': 'ar' }).post('/password/reset/', { email: EMAIL });
    await server.post('/auth/password/reset/', { email: EMAIL }, { headers: { 'accept-language': 'fr' } });
    await server.auth.accounts.invite({ email: EMAIL });
    const mails = await server.mailsTo(EMAIL);
    assert.match(mails[0]?.html ?? '', /<html lang="ar" dir="rtl">/);
    assert.match(mails[1]?.subject ?? '', /^Choisissez un nouveau mot de passe pour 127\.0\.0\.1$/);
    assert.match(mails[2]?.subject ?? '', /^You are invited to/);
  });

  test('the API says what it always said', async () => {
    await using server = await withAlice();
    const german = { headers: { 'accept-language': 'de' } };
    const { body } = await server.post('/auth/login/', { ...RIGHT, password: 'wrong' }, german);
    assert.deepEqual(body, { non_field_errors: ['Unable to log in with provided credentials.'] });
  });
});

describe('how it looks', () => {
  const defaults = Object.fromEntries(
    Object.entries(groups.theme).map(([name, { fallback }]) => [name, fallback]),
  ) as unknown as Theme;

  test('AA: text and what is wrong stand out 4.5 to 1, lines around fields 3 to 1, in the light and in the dark', () => {
    const { accent, accentText, text, mutedText, surface, background, border } = defaults;
    const wrong = colourIn(stylesheet(defaults), 'wrong');
    const pairs: readonly (readonly [Colour, Colour, number])[] = [
      [text, surface, 7],
      [text, background, 7],
      [mutedText, surface, 4.5],
      [mutedText, background, 4.5],
      [accent, surface, 4.5],
      [accent, background, 4.5],
      [accentText, accent, 4.5],
      [wrong, surface, 4.5],
      [border, surface, 3],
    ];
    for (const [one, other, least] of pairs) {
      for (const surrounding of ['light', 'dark'] as const) {
        const found = contrast(one[surrounding], other[surrounding]);
        assert.ok(found >= least, `${one[surrounding]} on ${other[surrounding]}: ${found}`);
      }
    }
    assert.ok(contrast('#ffffff', '#a8200d') >= 4.5);
  });

  test('a theme is values in the stylesheet, and its picture is named by what it stands for', async () => {
    const theme = {
      accent: '#0a0',
      text: { light: '#111111', dark: '#eee' },
      radius: 0,
      font: ['Inter', 'sans-serif'],
    };
    await using server = await testServer({ theme: { ...theme, logo: '/logo.svg' } });
    const page = await server.ask('/login/');
    assert.match(page.text, /<img src="\/logo\.svg" alt="127\.0\.0\.1">/);
    assert.match(page.headers.get('content-security-policy') ?? '', /; img-src 'self' data:;/);
    const path = /href="(\/auth\/assets\/[^"]+)"/.exec(page.text)?.[1] ?? '';
    const { text } = await server.ask(path);
    assert.match(text, /--radius: 0px; --font: 'Inter', sans-serif; --accent: #0a0;/);
    assert.match(text, /--text: #111111;[\s\S]*prefers-color-scheme: dark[\s\S]*--text: #eee;/);
    await using other = await testServer();
    assert.notEqual(/assets\/[^"]+/.exec((await other.ask('/login/')).text)?.[0], /assets\/[^"]+/.exec(page.text)?.[0]);
  });

  test('nothing is put on a side: read from right to left, everything stands on the other one', () => {
    const sheet = stylesheet(defaults);
    assert.doesNotMatch(
      sheet,
      /(?:margin|padding|border)-(?:left|right)|[{;] ?(?:left|right):|text-align: (?:left|right)/,
    );
    assert.match(sheet, /:focus-visible \{ outline: 3px solid/);
    assert.match(sheet, /min-height: 4[48]px/);
  });

  test('a script has its place in the frame, by its path, with what it is told', async () => {
    const scripts = [{ path: '/auth/assets/x.js', data: { next: '"><b>' } }];
    const view = { title: 'T', content: 'C', isWide: false, style: '/s.css', scripts, logo: null };
    const context = { ...(await speechIn('en')), site: 's', basePath: '/auth', signedInAs: null };
    const page = String(await frame(view, context));
    assert.match(page, /<script type="module" src="\/auth\/assets\/x\.js" data-next="&quot;&gt;&lt;b&gt;"><\/script>/);
  });
});

function colourIn(sheet: string, name: string): Colour {
  const [light = '', dark = ''] = [...sheet.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6});`, 'g'))].map(
    ([, hex]) => hex ?? '',
  );
  return { light, dark };
}

/** WCAG 2.2, the contrast ratio. */
function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('what a host may put in its place', () => {
  test('a page, with its view and its context; the rules stay ours, and text is escaped', async () => {
    await using server = await withAlice({
      pageTemplates: {
        'sign-in': ({ values, flaws, next }, { words, language }) =>
          html`<form method="post"><b>${words.signIn.title} ${language}</b><i>${flaws[''] ?? 'nothing wrong'}</i>
<input name="username" value="${values['username'] ?? ''}"><input type="password" name="password" value=""><input type="hidden" name="next" value="${next ?? ''}"></form>`,
        'not-me': () => '<b>only text</b>',
        error: ({ status, code }) => `${status} ${code}`,
      },
    });
    const browser = new Browser(server);
    assert.match(textOf(await browser.open('/login/?next=/account/devices/')), /Sign in en nothing wrong/);
    assert.match(textOf(await browser.fill({ ...RIGHT, password: 'wrong' })), /Please enter a correct name/);
    assert.match(textOf(await browser.fill(RIGHT)), /This device/);
    assert.match((await browser.look('/not-me/')).text, /&lt;b&gt;only text/);
    assert.match(textOf(await browser.look('/nowhere/')), /404 not_found/);
  });

  test('the frame around all of them', async () => {
    await using server = await withAlice({
      pageTemplates: {
        frame: ({ title, content, style }, { dir, site }) =>
          html`<!doctype html><html dir="${dir}"><title>${title} @ ${site}</title><link rel="stylesheet" href="${style}"><main>${content}</main></html>`,
      },
    });
    const { text, headers } = await server.ask('/login/');
    assert.match(text, /^<!doctype html><html dir="ltr"><title>Sign in @ 127\.0\.0\.1<\/title>/);
    assert.match(text, /name="password"/);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  });

  test('the first page, by who looks: the first role in the order given, and a whole answer where it gives one', async () => {
    const home = {
      signedOut: () => 'for everybody',
      signedIn: ({ account }: { account: { username: string } }) => html`<b>for ${account.username}</b>`,
      roles: [
        ['admin', () => new Response('for admins', { headers: { 'x-own': '1' } })],
        ['staff', () => 'for staff'],
      ],
    } as const;
    await using server = await withAlice({ views: { home }, sessions: { limit: 'unlimited' } });
    await server.auth.accounts.create({ username: 'dave', password: PASSWORD });
    assert.equal(server.auth.serves('/'), true);
    const [nobody, alice, dave] = [new Browser(server), new Browser(server), new Browser(server)];
    await alice.post('/login/', RIGHT);
    await dave.post('/login/', { ...RIGHT, username: 'dave' });
    assert.match(textOf(await nobody.open('/')), /for everybody/);
    assert.match(textOf(await dave.open('/')), /for dave/);
    const admins = await alice.look('/');
    assert.deepEqual([admins.text, admins.headers.get('x-own')], ['for admins', '1']);
    await server.auth.accounts.setRoles(1, ['staff']);
    assert.match(textOf(await alice.open('/')), /for staff/);
  });

  test('without one there is a first page all the same, and a host keeps its own', async () => {
    await using server = await withAlice();
    assert.equal(server.auth.serves('/'), false);
    for (const path of ['/login', '/login/', '/account/devices/', '/signed-out/', '/auth/assets/x']) {
      assert.equal(server.auth.serves(path), true, path);
    }
    for (const path of ['/logins/', '/accounts/', '/lessons/']) assert.equal(server.auth.serves(path), false, path);
    const browser = new Browser(server);
    assert.match(textOf(await browser.open('/')), /Sign in Create an account/);
    await browser.post('/login/', RIGHT);
    assert.match(textOf(await browser.open('/')), /Hello, alice/);
  });
});
