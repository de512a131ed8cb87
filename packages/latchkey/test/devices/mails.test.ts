/** The mail about a device that an account does not know: when there is one, what it says, and when there is none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { DEVICE_MAILS, DEVICE_MAILS_MS } from '../../src/stores/store.ts';
import { type Answer, cookieIn, memberOf, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { Browser } from '../pages/browser.ts';
import { codeAt } from '../second-step/app.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const ANN = { username: 'ann', email: 'ann@example.com', emailVerified: true, password: PASSWORD };
const RIGHT = { username: 'ann', password: PASSWORD };

type Asked = Readonly<Record<string, string>>;

const login = (server: TestServer, headers: Asked = {}): Promise<Answer> =>
  server.post('/auth/login/', RIGHT, { headers: { 'user-agent': FIREFOX, ...headers } });

/** A server with Ann's account, of which she has used one device. */
async function withAnn(options: LatchkeyOptions = {}, account = ANN) {
  const server = await testServer({ sessions: { limit: 'unlimited' }, ...options });
  await server.auth.accounts.create(account);
  const first = await login(server);
  assert.equal(first.status, 200, first.text);
  const mails = async () => (await server.mailsTo(ANN.email)).map(({ subject }) => subject);
  assert.deepEqual(await mails(), [], 'of the first device nobody is told');
  return { server, first, mails, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const NEW = 'A new device signed in to 127.0.0.1';
/** A line of a mail. */
const NOT_ME = /^http:\/\/127\.0\.0\.1:8787\/not-me\/([0-9A-Za-z]{43})\/$/;
const NEW_PASSWORD = 'quite-an0ther-pw';
const MORE = 'More new devices signed in to 127.0.0.1';

describe('F-33: a device that an account does not know', () => {
  test('is told of once, with what it is, where, when, and the link “not me”; a known one is not', async () => {
    await using open = await withAnn({ trustedProxies: ['127.0.0.1'], hooks: { placeOf: () => 'Vienna, Austria' } });
    const { server, mails } = open;
    const opened = await login(server, { 'user-agent': 'curl/8', 'x-forwarded-for': '192.0.2.7' });
    for (let turn = 0; turn < 3; turn++) {
      await login(server, { 'latchkey-device': memberOf(opened.body, 'device') });
      await login(server, { 'latchkey-device': memberOf(open.first.body, 'device') });
    }
    assert.deepEqual(await mails(), [NEW]);
    const [mail] = await server.mailsTo(ANN.email);
    const lines = (mail?.text ?? '').split('\n');
    assert.deepEqual(lines.slice(0, 7), [
      'Somebody has just signed in to the account ann on 127.0.0.1 on a device that it did not know:',
      '',
      'curl (Program)',
      'Vienna, Austria',
      'Jan 1, 2026, 12:00 PM UTC',
      '',
      'It was not me:',
    ]);
    assert.match(lines[7] ?? '', NOT_ME);
    assert.match(mail?.html ?? '', /<bdi>curl \(Program\)<\/bdi><br>\s*<bdi>Vienna, Austria<\/bdi>/);
    assert.doesNotMatch(`${mail?.subject}${mail?.text}${mail?.html}`, /192\.0\.2|lk_|ld_/);
  });

  test('its link ends what was not its owner’s, and nobody comes in by the password that was known', async () => {
    await using open = await withAnn();
    const { server, first } = open;
    const intruder = await login(server, { 'user-agent': 'curl/8' });
    const [mail] = await server.mailsTo(ANN.email);
    const key = NOT_ME.exec(mail?.text.split('\n').find((line) => NOT_ME.test(line)) ?? '')?.[1] ?? '';
    const disowned = await server.post('/auth/not-me/', { key });
    assert.equal(disowned.status, 200);
    for (const { body } of [intruder, first]) {
      const seen = await server.ask('/auth/user/', { headers: { authorization: `Token ${memberOf(body, 'key')}` } });
      assert.equal(seen.headers.get('latchkey-reason'), 'session_revoked');
    }
    assert.equal((await server.post('/auth/login/', RIGHT)).status, 400);
    assert.equal((await server.post('/auth/not-me/', { key })).status, 400);
    const chosen = { new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
    const { uid, token } = { uid: memberOf(disowned.body, 'uid'), token: memberOf(disowned.body, 'token') };
    assert.equal((await server.post('/auth/password/reset/confirm/', { uid, token, ...chosen })).status, 200);
    assert.equal((await server.post('/auth/login/', { ...RIGHT, password: NEW_PASSWORD })).status, 200);
  });

  test('F-27: clearing it makes a new device of a browser; keeping its cookie does not', async () => {
    await using open = await withAnn();
    const { server, mails } = open;
    const browser = new Browser(server);
    for (let turn = 0; turn < 2; turn++) {
      await browser.open('/login/');
      await browser.fill(RIGHT);
      await browser.post('/logout/', {});
    }
    assert.deepEqual(await mails(), [NEW]);
    browser.cookies.clear();
    await browser.open('/login/');
    await browser.fill(RIGHT);
    assert.deepEqual(await mails(), [NEW, NEW]);
  });

  test('is new with another account’s device token, a forged one, and one of another secret', async () => {
    await using open = await withAnn();
    const { server, first, mails } = open;
    const own = memberOf(first.body, 'device');
    const eve = await server.post('/auth/registration/', {
      ...{ username: 'eve', password1: PASSWORD, password2: PASSWORD },
    });
    // Not the last letter, which can be spelled in four ways.
    const flipped = `${own.slice(0, -5)}${own.at(-5) === 'A' ? 'B' : 'A'}${own.slice(-4)}`;
    for (const token of [memberOf(eve.body, 'device'), flipped, own.replace('ld_', 'ld_x'), 'ld_']) {
      await login(server, { 'latchkey-device': token });
    }
    assert.deepEqual(await mails(), [NEW, NEW, NEW, NEW]);
  });

  test('is known though its row was dropped: what was signed says that its owner has heard of it', async () => {
    await using open = await withAnn();
    const { server, first, mails } = open;
    const { devices } = server.assembled.parts.store;
    for (let at = 0; at < 101; at++) {
      server.clock.advance(1_000);
      await login(server);
    }
    const known = await devices.list(1);
    assert.equal(known.length, 100);
    const before = await mails();
    await login(server, { 'latchkey-device': memberOf(first.body, 'device') });
    assert.deepEqual(await mails(), before);
    assert.equal((await devices.list(1)).length, 100);
  });

  test('is told of in the reader’s language, as the device is called there', async () => {
    await using open = await withAnn();
    const { server } = open;
    await login(server, { 'accept-language': 'de', 'user-agent': 'okhttp/4' });
    const [mail] = await server.mailsTo(ANN.email);
    assert.equal(mail?.subject, 'Ein neues Gerät hat sich bei 127.0.0.1 angemeldet');
    assert.match(mail?.text ?? '', /Android-App/);
  });

  test('by whatever way it comes in: a second step is told of when it is whole, and half of one is not', async () => {
    await using open = await withAnn();
    const { server, first, mails } = open;
    const key = memberOf(first.body, 'key');
    const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
    const secret = memberOf(body, 'secret');
    const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
    await server.post('/auth/mfa/totp/activate/', given, { key });
    server.clock.advance(30_000);
    const half = await login(server);
    assert.equal((await mails()).includes(NEW), false);
    const step = { ticket: memberOf(half.body, 'ticket'), code: codeAt(secret, server.clock()) };
    assert.equal((await server.post('/auth/login/second-step/', step)).status, 200);
    assert.equal((await mails()).filter((subject) => subject === NEW).length, 1);
  });
});

describe('F-33: nobody is told', () => {
  test('of the device that somebody signs up on, and confirms their address on', async () => {
    await using server = await testServer({ sessions: { limit: 2 } });
    const email = 'new@example.com';
    const key = await server.register('new', { email });
    await server.post('/auth/registration/verify-email/', { key: await server.verifyKey(email) });
    assert.equal(await server.isLive(key), true);
    assert.equal((await server.mailsTo(email)).length, 1, 'that of the address itself');
  });

  test('where the address is not verified: it may be somebody else’s, who would learn a place and a time', async () => {
    await using open = await withAnn({}, { ...ANN, emailVerified: false });
    await login(open.server);
    assert.deepEqual(await open.mails(), []);
  });

  test('where there is no address', async () => {
    await using open = await withAnn({}, { ...ANN, email: '', emailVerified: false });
    await login(open.server);
    assert.deepEqual(open.server.rows('SELECT id FROM outbox'), []);
  });

  test('where it is switched off; devices are known all the same', async () => {
    await using open = await withAnn({ mail: { newDevice: false } });
    await login(open.server);
    assert.deepEqual(await open.mails(), []);
    assert.equal((await open.server.assembled.parts.store.devices.list(1)).length, 2);
  });

  test('of an imported key', async () => {
    await using open = await withAnn();
    await open.server.auth.sessions.importKey(1, 'c'.repeat(40));
    await open.server.auth.settle();
    assert.deepEqual(await open.mails(), []);
  });

  test('F-22, F-23: where the account is full, before somebody is in', async () => {
    await using open = await withAnn({ sessions: { limit: 1, whenFull: 'ask' } });
    const { server, mails } = open;
    const { status, body } = await login(server);
    assert.equal(status, 409);
    assert.deepEqual(await mails(), []);
    const sessions: readonly { readonly id: string }[] = Object(body).sessions;
    const chosen = { ticket: memberOf(body, 'ticket'), end: sessions.map(({ id }) => id) };
    assert.equal((await server.post('/auth/login/choose/', chosen)).status, 200);
    assert.deepEqual(await mails(), [NEW]);
  });

  test('of a wrong password', async () => {
    await using open = await withAnn();
    await open.server.post('/auth/login/', { ...RIGHT, password: 'wrong' });
    assert.deepEqual(await open.mails(), []);
  });
});

describe('F-33, F-40: of many new devices', () => {
  test('few are told of, then that there are more, then none until an hour is over', async () => {
    await using open = await withAnn();
    const { server, mails } = open;
    await Promise.all(Array.from({ length: 30 }, () => login(server)));
    const told = [...Array.from({ length: DEVICE_MAILS }, () => NEW), MORE];
    assert.deepEqual((await mails()).toSorted(), told.toSorted());
    server.clock.advance(DEVICE_MAILS_MS);
    await login(server);
    assert.deepEqual((await mails()).filter((subject) => subject === NEW).length, DEVICE_MAILS + 1);
  });

  test('those of one account are not counted against another’s', async () => {
    await using open = await withAnn();
    const { server } = open;
    for (let turn = 0; turn < DEVICE_MAILS + 2; turn++) await login(server);
    await server.auth.accounts.create({ ...ANN, username: 'bob', email: 'bob@example.com' });
    for (let turn = 0; turn < 2; turn++) await server.signIn('bob');
    assert.equal((await server.mailsTo('bob@example.com')).length, 1);
  });
});

describe('F-33: a mail that cannot be sent', () => {
  for (const [what, sendMail] of [
    ['fails', () => Promise.reject(new Error('no mail server'))],
    ['never ends', () => new Promise<void>(() => undefined)],
  ] as const) {
    test(`neither fails nor delays a sign-in where sending ${what}`, async () => {
      const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
      const server = await testServer({ sessions: { limit: 'unlimited' }, sendMail, log }, { settles: false });
      await server.auth.accounts.create(ANN);
      await login(server);
      const { status } = await login(server);
      assert.equal(status, 200);
      assert.equal(server.rows('SELECT id FROM outbox').length, 1, 'it waits');
      // Whoever waits for a host that never answers would wait for ever.
      if (what === 'fails') await server[Symbol.asyncDispose]();
      else void server[Symbol.asyncDispose]();
    });
  }
});

test('A7, P9: the device cookie says nothing of its account, and nothing of it stands in the mail or in the log', async () => {
  await using open = await withAnn();
  const answer = await login(open.server);
  const cookie = cookieIn(answer, 'latchkey-device');
  assert.match(cookie, /; HttpOnly; SameSite=Lax/);
  const [mail] = await open.server.mailsTo(ANN.email);
  const secret = /_([\w-]{43});/.exec(cookie)?.[1] ?? assert.fail();
  assert.equal(JSON.stringify(mail).includes(secret), false);
  assert.equal(open.server.bytes().includes(secret), false);
});
