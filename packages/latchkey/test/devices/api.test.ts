/** `PATCH sessions/{id}/`: what an owner calls their devices, and which are asked for a second step again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LONGEST_LABEL } from '../../src/model/device.ts';
import { type Answer, memberOf, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0';
const ALICE = { username: 'alice', password: PASSWORD };

type Listed = Readonly<Record<string, unknown>>;

const open = () => testServer({ sessions: { limit: 'unlimited' } });

async function listed(server: TestServer, key: string): Promise<readonly Listed[]> {
  return (await server.ask('/auth/sessions/', { key })).body as readonly Listed[];
}

async function ownId(server: TestServer, key: string): Promise<string> {
  return memberOf(
    (await listed(server, key)).find((one) => one['current']),
    'id',
  );
}

const patch = (server: TestServer, key: string, id: string, json: unknown): Promise<Answer> =>
  server.ask(`/auth/sessions/${id}/`, { method: 'PATCH', json, key });

const named = async (server: TestServer, key: string) => (await listed(server, key)).map(({ name }) => name);

describe('the name of a device', () => {
  test('F-26, F-27: is its owner’s, and lasts over later sign-ins, sign-outs and other names', async () => {
    await using server = await open();
    const opened = await server.post('/auth/registration/', {
      ...{ username: 'alice', password1: PASSWORD, password2: PASSWORD },
    });
    const [key, device] = [memberOf(opened.body, 'key'), memberOf(opened.body, 'device')];
    const other = await server.signIn('alice');
    const id = await ownId(server, key);
    const { status, body } = await patch(server, key, id, { name: '  Anna’s Cafe\u0301 🏠 ' });
    assert.equal(status, 200);
    const [, own] = await listed(server, key);
    assert.deepEqual(body, own);
    assert.equal(memberOf(own, 'name'), 'Anna’s Café 🏠');
    assert.equal(memberOf(own, 'device'), 'a Node.js program', 'what it is stands beside it');
    assert.deepEqual(await named(server, other), [null, 'Anna’s Café 🏠']);
    await server.post('/auth/logout/', {}, { key });
    const again = await server.signIn('alice', { 'latchkey-device': device, 'user-agent': FIREFOX });
    assert.deepEqual(await named(server, again), ['Anna’s Café 🏠', null]);
    // Another device of this account may give it, as its owner sees all of them.
    await patch(server, other, await ownId(server, again), { name: 'Kitchen' });
    assert.deepEqual(await named(server, again), ['Kitchen', null]);
    await patch(server, again, await ownId(server, again), { name: '' });
    assert.deepEqual(await named(server, again), [null, null]);
  });

  test('F-27: a device that was cleared is a new one, and has no name', async () => {
    await using server = await open();
    const key = await server.register('alice');
    await patch(server, key, await ownId(server, key), { name: 'Mine' });
    const cleared = await server.signIn('alice');
    assert.deepEqual(await named(server, cleared), [null, 'Mine']);
  });

  test('F-27: of one browser two accounts have two devices: the name of one is not the other’s', async () => {
    await using server = await open();
    await server.register('bob');
    const first = await server.post('/auth/login/', { username: 'bob', password: PASSWORD });
    const key = memberOf(first.body, 'key');
    await patch(server, key, await ownId(server, key), { name: 'Bob’s' });
    await server.register('alice');
    const here = await server.signIn('alice', { 'latchkey-device': memberOf(first.body, 'device') });
    assert.deepEqual(await named(server, here), [null, null]);
  });

  for (const [what, name, said] of [
    ['N1: a line break', 'a\r\nBcc: eve@evil.test', /Enter a valid name/],
    ['N1: NUL', 'a\0b', /Null characters are not allowed/],
    ['N4: an escape', 'a\u001b[2J', /Enter a valid name/],
    ['N4: what turns text around', 'a\u202ecod.exe', /Enter a valid name/],
    ['N4: nothing that can be seen', '\u200b\u200d', /Enter a valid name/],
    ['N4: half a letter', 'a\ud83d', /Surrogate characters are not allowed/],
    ['N4: 8 kB of it', 'x'.repeat(8_192), /no more than 64 characters/],
    ['one letter too many', 'x'.repeat(LONGEST_LABEL + 1), /no more than 64 characters/],
    ['null', null, /may not be null/],
    ['a list', ['a'], /Not a valid string/],
  ] as const) {
    test(`${what} is none, and nothing is changed`, async () => {
      await using server = await open();
      const key = await server.register('alice');
      const id = await ownId(server, key);
      const before = server.contents();
      const { status, body } = await patch(server, key, id, { name });
      assert.equal(status, 400);
      assert.deepEqual(Object.keys(Object(body)), ['name']);
      assert.match(JSON.stringify(body), said);
      assert.equal(server.contents(), before);
    });
  }

  test('N3, N5: HTML, SQL and templates are a name like any other', async () => {
    await using server = await open();
    const key = await server.register('alice');
    for (const name of [
      '<script>alert(1)</script>',
      "'; DROP TABLE device; --",
      '{{7*7}} <%= 7*7 %> {name} %s',
      '__proto__',
    ]) {
      assert.equal((await patch(server, key, await ownId(server, key), { name })).status, 200);
      assert.deepEqual(await named(server, key), [name]);
    }
  });

  test('V7.5.2: of somebody else’s session, of nobody’s and of one that has ended it is not found, alike', async () => {
    await using server = await open();
    const [key, bobs] = [await server.register('alice'), await server.register('bob')];
    const ended = await server.signIn('alice');
    const endedId = await ownId(server, ended);
    await server.post('/auth/logout/', {}, { key: ended });
    const before = server.contents();
    const answers = [];
    for (const id of [await ownId(server, bobs), 'ses_nobody', endedId, 'end-others%2f', "'--"]) {
      const { status, text } = await patch(server, key, id, { name: 'Mine', remembered: false });
      answers.push(`${status} ${text}`);
    }
    assert.deepEqual(new Set(answers), new Set(['404 {"detail":"Not found.","code":"not_found"}']));
    assert.equal(server.contents(), before);
    assert.equal((await patch(server, ended, endedId, { name: 'Mine' })).status, 401);
    assert.equal((await server.ask(`/auth/sessions/${endedId}/`, { method: 'PATCH', json: {} })).status, 401);
  });

  test('F-29: whoever is displaced is told what took their place, and not what its owner calls it', async () => {
    await using server = await testServer();
    const first = await server.register('alice');
    const opened = await server.post('/auth/login/', ALICE, { headers: { 'user-agent': FIREFOX } });
    const key = memberOf(opened.body, 'key');
    await patch(server, key, await ownId(server, key), { name: 'At my lover’s' });
    const back = await server.signIn('alice', { 'user-agent': 'curl/8' });
    await server.signIn('alice', { 'latchkey-device': memberOf(opened.body, 'device'), 'user-agent': FIREFOX });
    for (const dead of [first, key, back]) {
      const { text } = await server.ask('/auth/user/', { key: dead });
      assert.doesNotMatch(text, /lover/);
    }
  });

  test('F-24: whoever has to make room, after everything that had to be shown, sees their devices by their names', async () => {
    await using server = await testServer({ sessions: { limit: 1, whenFull: 'ask' } });
    const key = await server.register('alice');
    await patch(server, key, await ownId(server, key), { name: 'Mine' });
    const { status, body } = await server.post('/auth/login/', ALICE);
    const sessions: readonly Listed[] = Object(body).sessions;
    assert.deepEqual([status, sessions.map(({ name }) => name)], [409, ['Mine']]);
    assert.doesNotMatch((await server.post('/auth/login/', { ...ALICE, password: 'wrong' })).text, /Mine/);
  });

  test('F-9: a key that came from elsewhere is of no device that could be named', async () => {
    await using server = await open();
    await server.auth.accounts.create({ username: 'alice', password: PASSWORD });
    const imported = 'c'.repeat(40);
    await server.auth.sessions.importKey(1, imported);
    const id = await ownId(server, imported);
    const { status, body } = await patch(server, imported, id, { name: 'Mine' });
    assert.deepEqual([status, body], [400, { name: ['This session is of no device that could be named.'] }]);
    assert.equal((await patch(server, imported, id, { remembered: false })).status, 200);
  });

  test('is in the export with all devices that the account knows, and goes with the account', async () => {
    await using server = await open();
    const key = await server.register('alice');
    await patch(server, key, await ownId(server, key), { name: 'Mine' });
    const left = await server.signIn('alice', { 'user-agent': FIREFOX });
    await server.post('/auth/logout/', {}, { key: left });
    const { body } = await server.ask('/auth/user/export/', { key });
    const devices: readonly Listed[] = Object(body).devices;
    assert.deepEqual(
      devices.map(({ name, device, class: deviceClass }) => [name, device, deviceClass]).toSorted(),
      [
        [null, 'Firefox on Linux', 'web'],
        ['Mine', 'a Node.js program', 'cli'],
      ].toSorted(),
    );
    assert.deepEqual(Object.keys(devices[0] ?? {}), [
      ...['id', 'name', 'device', 'class', 'first_seen_at', 'last_seen_at'],
    ]);
    await server.ask('/auth/user/', { method: 'DELETE', json: { password: PASSWORD }, key });
    assert.deepEqual(server.rows('SELECT * FROM device'), []);
    assert.equal(server.contents().includes('Mine'), false);
  });

  test('F-20: of twenty names at once one is left, and a form does as well as JSON', async () => {
    await using server = await open();
    const key = await server.register('alice');
    const id = await ownId(server, key);
    const names = Array.from({ length: 20 }, (_, at) => `name ${at}`);
    const answers = await Promise.all(names.map((name) => patch(server, key, id, { name })));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(server.rows('SELECT label FROM device').length, 1);
    const form = { name: 'by a form' };
    assert.equal((await server.ask(`/auth/sessions/${id}/`, { method: 'PATCH', form, key })).status, 200);
    assert.deepEqual(await named(server, key), ['by a form']);
  });
});

/** Alice, who has an app, signed in on a device that is not asked for its codes. */
async function remembered(options = {}) {
  const server = await testServer({ sessions: { limit: 'unlimited' }, ...options });
  const key = await server.register('alice');
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  const secret = memberOf(body, 'secret');
  const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
  assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
  server.clock.advance(30_000);
  const half = await server.post('/auth/login/', ALICE);
  const step = { ticket: memberOf(half.body, 'ticket'), code: codeAt(secret, server.clock()), remember: true };
  const whole = await server.post('/auth/login/second-step/', step);
  const [own, device] = [memberOf(whole.body, 'key'), memberOf(whole.body, 'device')];
  assert.notEqual(own, '');
  const isAsked = async (): Promise<boolean> =>
    memberOf((await server.post('/auth/login/', ALICE, { headers: { 'latchkey-device': device } })).body, 'ticket') !==
    '';
  return { server, key, own, isAsked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const whichRemembered = async (server: TestServer, key: string) =>
  (await listed(server, key)).map((one) => one['remembered']);

describe('a device that is remembered for the second step', () => {
  test('F-26: is shown, and asked again once it is forgotten; it stays signed in', async () => {
    await using open = await remembered();
    const { server, key, own, isAsked } = open;
    assert.deepEqual(await whichRemembered(server, key), [true, false]);
    assert.equal(await isAsked(), false);
    const [current] = await listed(server, key);
    const { status, body } = await patch(server, key, memberOf(current, 'id'), { remembered: false });
    assert.deepEqual([status, Object(body).remembered], [200, false]);
    assert.deepEqual(await whichRemembered(server, key), [false, false]);
    assert.equal(await isAsked(), true);
    assert.equal(await server.isLive(own), false, 'the sign-in before has replaced it');
    assert.deepEqual(server.errors, []);
  });

  test('H6: it cannot be remembered by asking for that, and a name alone forgets nothing', async () => {
    await using open = await remembered();
    const { server, key, isAsked } = open;
    const [device, other] = await listed(server, key);
    for (const wish of [true, 'true', 1, {}, 'False', '']) {
      const { status } = await patch(server, key, memberOf(other, 'id'), { remembered: wish, name: 'Mine' });
      assert.equal(status, 400, JSON.stringify(wish));
    }
    assert.deepEqual(await named(server, key), [null, null]);
    await patch(server, key, memberOf(device, 'id'), { name: 'Mine' });
    assert.deepEqual(await whichRemembered(server, key), [true, false]);
    assert.equal(await isAsked(), false);
  });

  test('what makes all devices forgotten shows: signing out everywhere, and time', async () => {
    await using everywhere = await remembered();
    await everywhere.server.post('/auth/sessions/end-others/', {}, { key: everywhere.own });
    assert.deepEqual(await whichRemembered(everywhere.server, everywhere.own), [false]);
    assert.equal(await everywhere.isAsked(), true);
    await using later = await remembered({ secondStep: { rememberDays: 1 } });
    later.server.clock.advance(86_400_000);
    assert.deepEqual(await whichRemembered(later.server, later.own), [false, false]);
    assert.equal(await later.isAsked(), true);
  });
});
