/** `hooks.placeOf`: where a session was opened, as the host names it, for its owner and for nobody else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listen } from '../events/listening.ts';
import { Browser, CHROME_ON_ANDROID, textOf } from '../pages/browser.ts';
import { cookiePairIn, memberOf, PASSWORD, type TestServer, testServer } from './serving.ts';

const HOME = { 'x-forwarded-for': '203.0.113.9' };
const AWAY = { 'x-forwarded-for': '2001:db8:7:7::9' };
const PLACES: Readonly<Record<string, string>> = { '203.0.113.9': 'Vienna, Austria', '2001:db8:7:7::9': 'Graz' };
const RIGHT = { username: 'alice', password: PASSWORD };

type Options = NonNullable<Parameters<typeof testServer>[0]>;
type PlaceOf = NonNullable<NonNullable<Options['hooks']>['placeOf']>;

/** A server behind a proxy that it trusts, and each address that its host was asked for. */
async function serverWith(placeOf: PlaceOf | null, options: Options = {}) {
  const asked: string[] = [];
  const logged: string[] = [];
  const note = (details: object, message: string) => {
    const shown = 'err' in details && details.err instanceof Error ? details.err.stack : '';
    logged.push(`${message} ${JSON.stringify(details)} ${shown}`);
  };
  const hook = (address: string) => {
    asked.push(address);
    return placeOf?.(address) ?? null;
  };
  const server = await testServer({
    trustedProxies: ['127.0.0.1'],
    ...(placeOf !== null && { hooks: { placeOf: hook } }),
    log: { info: note, warn: note, error: note },
    ...options,
  });
  await server.auth.accounts.create({ username: 'alice', email: 'alice@example.com', password: PASSWORD });
  return { server, asked, logged, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const named: PlaceOf = (address) => PLACES[address] ?? null;

async function membersAt(server: TestServer, path: string, key: string): Promise<Record<string, unknown>> {
  const { status, body } = await server.ask(path, { key });
  assert.equal(status, 200);
  return body as Record<string, unknown>;
}

/** Where this session was opened, which its list and its export say as well. */
async function placeOf(server: TestServer, key: string): Promise<unknown> {
  const { session } = (await membersAt(server, '/auth/session/', key)) as { session: { id: string; place: unknown } };
  const { sessions, history } = await membersAt(server, '/auth/user/export/', key);
  type Kept = Readonly<Record<string, unknown>>;
  const opened = (history as readonly Kept[]).find((entry) => entry['session'] === session.id);
  const listed = Object.values(await membersAt(server, '/auth/sessions/', key)) as readonly Kept[];
  const own = [listed, sessions as readonly Kept[]].map((all) => all.find(({ id }) => id === session.id));
  assert.deepEqual([opened?.['place'], ...own.map((one) => one?.['place'])], Array(3).fill(session.place));
  return session.place;
}

type Door = (server: TestServer) => Promise<string>;

const bob = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD };

const DOORS: Readonly<Record<string, Door>> = {
  'login/': (server) => server.signIn('alice', HOME),
  'signin/': async (server) => memberOf((await server.post('/auth/signin/', RIGHT, { headers: HOME })).body, 'key'),
  'api/token/': async (server) => memberOf((await server.post('/api/token/', RIGHT, { headers: HOME })).body, 'token'),
  'registration/': async (server) =>
    memberOf((await server.post('/auth/registration/', bob, { headers: HOME })).body, 'key'),
  'the page to sign in': (server) => cookieFrom(server, '/login/', RIGHT),
  'the page to sign up': (server) => cookieFrom(server, '/signup/', bob),
};

async function cookieFrom(server: TestServer, path: string, form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await server.ask(path, { method: 'POST', form, headers: HOME });
  return cookiePairIn(answer, 'latchkey').split('=')[1] ?? '';
}

describe('where a session was opened', () => {
  for (const [name, open] of Object.entries(DOORS)) {
    test(`F-29: is asked once at ${name}, kept with the session, and shown to its owner`, async () => {
      await using given = await serverWith(named);
      const { server, asked } = given;
      const key = await open(server);
      assert.equal(await placeOf(server, key), 'Vienna, Austria');
      const page = await server.ask('/account/devices/', { headers: { cookie: `latchkey=${key}` } });
      assert.match(textOf(page), / · Vienna, Austria · Last used now · signed in now/);
      assert.deepEqual(asked, ['203.0.113.9'], 'and at nothing else that was asked for');
      assert.equal(server.bytes().includes('203.0.113'), false, 'the address is kept nowhere');
    });
  }

  for (const [name, open] of Object.entries(DOORS)) {
    test(`F-29: without the hook, ${name} opens a session of no place`, async () => {
      await using given = await serverWith(null);
      const key = await open(given.server);
      assert.equal(await placeOf(given.server, key), null);
      const page = await given.server.ask('/account/devices/', { headers: { cookie: `latchkey=${key}` } });
      assert.match(textOf(page), /This device [^·]+ · Last used now · signed in now/);
    });
  }

  test('the same device takes its place again with the newer one', async () => {
    await using given = await serverWith(named);
    const browser = new Browser(given.server);
    await browser.post('/login/', RIGHT, HOME);
    await browser.post('/login/', RIGHT, AWAY);
    const shown = textOf(await browser.open('/account/devices/'));
    assert.match(shown, /· Graz ·/);
    assert.doesNotMatch(shown, /Vienna/);
    assert.deepEqual(
      (await given.server.auth.sessions.list(1)).map(({ place }) => place),
      ['Graz'],
    );
  });

  test('what displaced what is told with both places, and without one that nobody named', async () => {
    await using given = await serverWith(named);
    const { server } = given;
    await server.signIn('alice', { 'x-forwarded-for': '198.51.100.1', 'user-agent': 'curl/8' });
    await server.signIn('alice', { ...HOME, 'user-agent': CHROME_ON_ANDROID });
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT, AWAY);
    const shown = textOf(await browser.open('/account/devices/'));
    assert.match(shown, /Firefox on Windows \(Graz\) took the place of Chrome on Android \(Vienna, Austria\), now/);
    assert.match(shown, /Chrome on Android \(Vienna, Austria\) took the place of curl, now/);
  });

  test('a host’s own template of the devices page is given them, too', async () => {
    const views: unknown[] = [];
    const pageTemplates: Options['pageTemplates'] = {
      devices: ({ devices, lately }) => {
        views.push([devices.map(({ place }) => place), lately.map(({ old, by }) => [old.place, by.place])]);
        return '';
      },
    };
    await using given = await serverWith(named, { pageTemplates });
    const browser = new Browser(given.server);
    await given.server.signIn('alice', AWAY);
    await browser.post('/login/', RIGHT, HOME);
    await browser.open('/account/devices/');
    assert.deepEqual(views, [[['Vienna, Austria'], [['Graz', 'Vienna, Austria']]]]);
  });

  test('F-29: whoever was displaced is not told it: the one who came may be a thief, or the one who went', async () => {
    await using given = await serverWith(named);
    const { server } = given;
    const browser = new Browser(server);
    await browser.post('/login/', RIGHT, HOME);
    const cookie = browser.cookies.get('latchkey') ?? '';
    const stream = await listen(server.url, { key: cookie });
    await stream.next('hello');
    const newer = await server.signIn('alice', { ...AWAY, 'user-agent': 'curl/8' });
    assert.equal(await placeOf(server, newer), 'Graz');

    const told = await server.ask('/auth/session/', { key: cookie });
    assert.deepEqual(Reflect.get(Object(told.body), 'by'), { device: 'curl', class: 'cli' });
    const late = await listen(server.url, { key: cookie });
    const [ended] = await late.rest();
    assert.deepEqual(ended?.data['by'], { device: 'curl', class: 'cli' });
    const [atOnce] = await stream.rest();
    assert.deepEqual(atOnce?.data['by'], { device: 'curl', class: 'cli' });
    const pages = [await browser.open('/account/devices/'), await browser.open('/signed-out/')];
    for (const text of [told.text, stream.text(), late.text(), ...pages.map((page) => page.text)]) {
      assert.match(text, /curl/);
      assert.doesNotMatch(text, /Graz|Vienna|place"|2001:db8/);
    }
  });
});

describe('what is asked of the host', () => {
  test('whether there is such an account, and whether the password is right, is asked for alike', async () => {
    await using given = await serverWith(named);
    for (const [username, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
    ] as const) {
      const { status } = await given.server.post('/auth/login/', { username, password }, { headers: HOME });
      assert.equal(status, 400);
    }
    assert.deepEqual(given.asked, ['203.0.113.9', '203.0.113.9']);
  });

  test('B13: not for an attempt that is over the limit, a form with flaws, or a registration that opens nothing', async () => {
    const accounts = { emailVerification: 'mandatory' } as const;
    await using given = await serverWith(named, { accounts, rateLimits: 'on', attempts: { perNetwork: '1/hour' } });
    const { server, asked } = given;
    const post = async (path: string, json: unknown) => (await server.post(path, json, { headers: HOME })).status;
    assert.equal(await post('/auth/registration/', bob), 201);
    assert.equal(await post('/auth/registration/', { ...bob, username: '' }), 400);
    assert.equal(await post('/auth/login/', { username: 'alice' }), 400);
    assert.deepEqual(asked, []);
    assert.equal(await post('/auth/login/', { username: 'alice', password: 'wrong' }), 400);
    assert.equal(await post('/auth/login/', { username: 'alice', password: 'wrong' }), 429);
    assert.deepEqual(asked, ['203.0.113.9']);
  });

  test('B13, B16: the address is the client’s own, whole, an IPv4 one as such; where it is not known nobody is asked', async () => {
    await using given = await serverWith(named, { sessions: { limit: 'unlimited' } });
    const { server, asked } = given;
    for (const forwarded of [
      '192.0.2.66, 203.0.113.9',
      '::ffff:203.0.113.9',
      '::ffff:cb00:7109',
      '2001:db8:7:7::9%eth0',
      'unknown',
      '<script>',
      '127.0.0.1',
    ]) {
      await server.signIn('alice', { 'x-forwarded-for': forwarded });
    }
    assert.deepEqual(asked, ['203.0.113.9', '203.0.113.9', '203.0.113.9', '2001:db8:7:7::9']);
    assert.deepEqual(
      (await server.auth.sessions.list(1)).map(({ place }) => place),
      [null, null, null, 'Graz', ...Array(3).fill('Vienna, Austria')],
    );
  });

  const text = (value: unknown) => value as string;
  const NAMES: Readonly<Record<string, readonly [answer: PlaceOf, place: string | null]>> = {
    'a promise': [async () => 'Graz', 'Graz'],
    null: [() => null, null],
    'nothing at all': [() => text(undefined), null],
    'no letters': [() => '', null],
    'blanks alone': [() => ' \n\u2028\t ', null],
    'turns alone': [() => '\u202e\u2066', null],
    'blanks around it, and several lines': [() => ' \t Vienna,\r\n  Austria\u2028', 'Vienna, Austria'],
    'control characters': [() => 'Vi\u0000en\u001bna\u007f\u0085', 'Vienna'],
    'what turns the direction': [() => '\u202eVi\u2066en\u200ena\u061c\u2069', 'Vienna'],
    'half a letter': [() => 'Vienna\ud83d', 'Vienna'],
    'too much': [() => 'x'.repeat(1_000_000), 'x'.repeat(100)],
    'a hundred letters that take two places each': [() => '😀'.repeat(101), '😀'.repeat(100)],
    'a blank where it is cut off': [() => `${'x'.repeat(99)} y`, 'x'.repeat(99)],
    Arabic: [() => 'فيينا، النمسا', 'فيينا، النمسا'],
  };
  for (const [name, [answer, place]] of Object.entries(NAMES)) {
    test(`N3: a place may be ${name}`, async () => {
      await using given = await serverWith(answer);
      assert.equal(await placeOf(given.server, await given.server.signIn('alice', HOME)), place);
      assert.deepEqual(given.logged, []);
    });
  }
});

/** What an account's history is told of its last sign-in. */
async function lastOpened(server: TestServer): Promise<Readonly<Record<string, unknown>>> {
  const entries = await server.assembled.parts.store.history.page({ accountId: 1, before: null, limit: 9 });
  return entries.find(({ kind }) => kind === 'session_opened')?.data ?? assert.fail();
}

describe('coordinates', () => {
  const at = (latitude: unknown, longitude: unknown, name: unknown = 'Vienna, Austria') =>
    ({ name, latitude, longitude }) as unknown as ReturnType<PlaceOf>;

  test('are kept in history alone, within 11 km, and shown to their owner', async () => {
    await using given = await serverWith(() => at(48.2082, -16.3738));
    const { server } = given;
    const key = await server.signIn('alice', HOME);
    assert.equal(await placeOf(server, key), 'Vienna, Austria');
    const { lat, lon, place } = await lastOpened(server);
    assert.deepEqual([lat, lon, place], [48.2, -16.4, 'Vienna, Austria']);
    const { history } = await membersAt(server, '/auth/user/export/', key);
    assert.match(JSON.stringify(history), /"lat":48\.2,"lon":-16\.4/);
    assert.equal(server.bytes().includes('48.20'), false);
    assert.deepEqual(given.logged, []);
  });

  const GOOD: Readonly<Record<string, readonly [answer: ReturnType<PlaceOf>, kept: readonly unknown[]]>> = {
    'at the ends of the earth': [at(-90, 180), [-90, 180, 'Vienna, Austria']],
    'a breath south of nowhere': [at(-0.04, 0.04), [0, 0, 'Vienna, Austria']],
    'of a place without a name': [at(1, 2, null), [1, 2, null]],
    'of a place whose name is blank': [at(1, 2, ' '), [1, 2, null]],
  };
  for (const [name, [answer, kept]] of Object.entries(GOOD)) {
    test(`may be ${name}`, async () => {
      await using given = await serverWith(() => answer);
      await given.server.signIn('alice', HOME);
      const { lat, lon, place } = await lastOpened(given.server);
      assert.deepEqual([lat, lon, place], kept);
    });
  }

  const BAD: Readonly<Record<string, ReturnType<PlaceOf>>> = {
    'too far north': at(90.1, 0),
    'too far west': at(0, -180.1),
    'no number': at(Number.NaN, 0),
    endless: at(0, Number.POSITIVE_INFINITY),
    'written as text': at('48.2', '16.4'),
    'by halves': at(48.2, undefined),
    'of a name that is no text': at(48.2, 16.4, { toString: () => 'Graz' }),
  };
  for (const [name, answer] of Object.entries(BAD)) {
    test(`that are ${name} cost the sign-in its place alone`, async () => {
      await using given = await serverWith(() => answer);
      await given.server.signIn('alice', HOME);
      const { lat, lon, place } = await lastOpened(given.server);
      assert.deepEqual([lat, lon, place], [null, null, null]);
      assert.match(given.logged.join(), /^hooks\.placeOf failed; .*"TypeError"/);
    });
  }
});

describe('the network of a sign-in', () => {
  test('P9: has a name in history that is of its account alone, and that its owner is not shown', async () => {
    await using given = await serverWith(null, { sessions: { limit: 'unlimited' } });
    const { server } = given;
    await server.auth.accounts.create({ username: 'bea', password: PASSWORD });
    const nameOf = async (address: string | null, username = 'alice', accountId = 1): Promise<unknown> => {
      await server.signIn(username, address === null ? {} : { 'x-forwarded-for': address });
      const [entry] = await server.assembled.parts.store.history.page({ accountId, before: null, limit: 1 });
      return entry?.data['network'];
    };
    const home = await nameOf('203.0.113.9');
    assert.match(String(home), /^[\w-]{12}$/);
    assert.equal(await nameOf('::ffff:203.0.113.9'), home);
    assert.notEqual(await nameOf('203.0.113.10'), home);
    assert.notEqual(await nameOf('203.0.113.9', 'bea', 2), home, 'who lives with whom is not told');
    const site = await nameOf('2001:db8:7:7::9');
    assert.equal(await nameOf('2001:db8:7:ffff::1'), site, 'a site is one, whatever it makes of its addresses');
    assert.notEqual(await nameOf('2001:db8:8:7::9'), site);
    assert.equal(await nameOf(null), null, 'the proxy is nobody');
    assert.equal(await nameOf('unknown'), null);

    const exported = await membersAt(server, '/auth/user/export/', await server.signIn('alice', HOME));
    const shown = JSON.stringify(exported);
    assert.match(shown, /"what":"session_opened".*"device_id":"/);
    assert.equal(shown.includes(String(home)) || shown.includes('"network"'), false);
    for (const kept of ['203.0.113', '2001:db8']) assert.equal(server.bytes().includes(kept), false);
  });
});

describe('a hook that fails costs the sign-in its place alone, and is logged without the address', () => {
  const refused = (address: string) => Object.assign(new RangeError(`No ${address}`), { code: 'ENOTFOUND', address });
  const FAILING: Readonly<Record<string, readonly [answer: PlaceOf, logged: RegExp]>> = {
    throws: [(address) => assert.fail(refused(address)), /^hooks\.placeOf failed; .*"RangeError","code":"ENOTFOUND"/],
    rejects: [(address) => Promise.reject(refused(address)), /"RangeError","code":"ENOTFOUND"/],
    'rejects with text': [(address) => Promise.reject(address), /"error":"string"/],
    'names a code that is none': [
      (address) => Promise.reject(Object.assign(new Error(address), { code: address, name: address })),
      /\{"error":"Error"\}/,
    ],
    'answers with a record': [(address) => ({ city: address }) as unknown as string, /"error":"TypeError"/],
    'never answers': [() => new Promise(() => undefined), /^hooks\.placeOf took longer than 500 ms; .*\{\}/],
  };
  for (const [name, [answer, line]] of Object.entries(FAILING)) {
    test(`it ${name}`, async () => {
      await using given = await serverWith(answer);
      const { server, logged } = given;
      assert.equal(await placeOf(server, await server.signIn('alice', HOME)), null);
      assert.equal(logged.length, 1);
      assert.match(logged[0] ?? '', line);
      assert.doesNotMatch(logged.join(), /203\.0/);
    });
  }

  test('what comes after its time is dropped, a failure too', async () => {
    const slow = Promise.withResolvers<string>();
    const slower = Promise.withResolvers<string>();
    const answers = [slow.promise, slower.promise];
    await using given = await serverWith(() => answers.shift() ?? null, { sessions: { limit: 2 } });
    const { server, logged } = given;
    const keys = await Promise.all([server.signIn('alice', HOME), server.signIn('alice', HOME)]);
    slow.resolve('Graz');
    slower.reject(new Error('203.0.113.9'));
    for (const key of keys) assert.equal(await placeOf(server, key), null);
    assert.equal(logged.length, 2);
    assert.doesNotMatch(logged.join(), /203\.0/);
  });

  test('C5: nobody comes in by a password that was changed while the host was thinking', async () => {
    const answer = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<void>();
    await using given = await serverWith(() => {
      begun.resolve();
      return answer.promise;
    });
    const { server } = given;
    const signingIn = server.post('/auth/login/', RIGHT, { headers: HOME });
    await begun.promise;
    await server.auth.sessions.endAll(1);
    answer.resolve('Graz');
    assert.equal((await signingIn).status, 400);
    assert.deepEqual(await server.auth.sessions.list(1), []);
  });
});
