/** `authenticate`: who is behind a request, from whatever the host has of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey, SignedIn, SignedOut } from 'latchkey';
import { ask, Device, OWN_ORIGIN, PASSWORD, requestTo, signedIn, withAnn } from './device.ts';

type Headers_ = Readonly<Record<string, string>>;

/** Everything that a host may have of one request. */
function formsOf(method: string, headers: Headers_): Readonly<Record<string, Parameters<Latchkey['authenticate']>[0]>> {
  return {
    'a Request': requestTo('/lessons/1', method, { headers }),
    'a node request': { method, headers },
    Headers: new Headers(headers),
    'a record of headers': headers,
  };
}

async function codesOf(auth: Latchkey, method: string, headers: Headers_): Promise<Readonly<Record<string, string>>> {
  const codes: Record<string, string> = {};
  for (const [form, from] of Object.entries(formsOf(method, headers))) {
    const who = await auth.authenticate(from);
    codes[form] = who.signedIn ? 'signed in' : who.code;
  }
  return codes;
}

function allOf(code: string): Readonly<Record<string, string>> {
  return { 'a Request': code, 'a node request': code, Headers: code, 'a record of headers': code };
}

function present(who: SignedIn | SignedOut): SignedIn {
  // The union tells them apart: without the question neither side's members are there.
  if (!who.signedIn) assert.fail(who.code);
  return who;
}

function absent(who: SignedIn | SignedOut): SignedOut {
  if (who.signedIn) assert.fail(`account ${who.account.id}`);
  return who;
}

describe('authenticate', () => {
  test(
    'knows a key in a header, as Token and as Bearer, from whatever has headers',
    withAnn({}, async ({ auth }) => {
      const [device] = await signedIn(auth, 1);
      const key = device?.key ?? '';
      for (const authorization of [`Token ${key}`, `Bearer ${key}`, `bearer ${key}`, `TOKEN   ${key}`]) {
        assert.deepEqual(await codesOf(auth, 'POST', { authorization }), allOf('signed in'), authorization);
      }
      for (const authorization of [`Basic ${key}`, key, '']) {
        assert.deepEqual(await codesOf(auth, 'GET', { authorization }), allOf('not_authenticated'), authorization);
      }
      for (const authorization of ['Token', `Token ${key} ${key}`, 'Token nonsense', `Token ${'a'.repeat(40)}`]) {
        assert.deepEqual(await codesOf(auth, 'GET', { authorization }), allOf('invalid_token'), authorization);
      }
    }),
  );

  test(
    'knows a cookie; of headers alone it counts as if something was to be changed',
    withAnn({ corsOrigins: ['https://app.example'] }, async ({ auth }) => {
      const browser = new Device(auth, 'browser');
      await browser.signIn();
      const { cookie } = browser;
      const asGet = { 'a Request': 'signed in', 'a node request': 'signed in' };
      const foreign: readonly Headers_[] = [
        { cookie, origin: 'https://evil.example' },
        { cookie, 'sec-fetch-site': 'cross-site' },
        { cookie, 'sec-fetch-site': 'same-site', origin: OWN_ORIGIN },
        { cookie, origin: 'null' },
      ];
      for (const headers of foreign) {
        const shown = JSON.stringify(headers);
        assert.deepEqual(await codesOf(auth, 'POST', headers), allOf('origin_not_allowed'), shown);
        assert.deepEqual(await codesOf(auth, 'GET', headers), { ...allOf('origin_not_allowed'), ...asGet }, shown);
      }
      const own: readonly Headers_[] = [
        { cookie },
        { cookie, origin: OWN_ORIGIN },
        { cookie, 'sec-fetch-site': 'same-origin' },
        { cookie, origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
      ];
      for (const headers of own) assert.deepEqual(await codesOf(auth, 'DELETE', headers), allOf('signed in'));
    }),
  );

  test(
    'C12: a cookie opens a socket for our own pages alone: browsers let every site ask for one',
    withAnn({ corsOrigins: ['https://app.example'] }, async ({ auth }) => {
      const browser = new Device(auth, 'browser');
      await browser.signIn();
      const socket = { cookie: browser.cookie, connection: 'Upgrade', upgrade: 'websocket' };
      const foreign: readonly Headers_[] = [
        { origin: 'http://sibling.127.0.0.1:8787', 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
      ];
      for (const from of foreign) {
        const shown = JSON.stringify(from);
        assert.deepEqual(await codesOf(auth, 'GET', { ...socket, ...from }), allOf('origin_not_allowed'), shown);
      }
      for (const origin of [OWN_ORIGIN, 'https://app.example']) {
        assert.deepEqual(await codesOf(auth, 'GET', { ...socket, origin }), allOf('signed in'), origin);
      }
    }),
  );

  test(
    'does not mix them: where a header names a key, the cookie beside it is not looked at',
    withAnn({ sessions: { limit: 2 } }, async ({ auth }) => {
      const browser = new Device(auth, 'browser');
      await browser.signIn();
      const authorization = `Token ${'a'.repeat(40)}`;
      assert.deepEqual(await codesOf(auth, 'GET', { cookie: browser.cookie, authorization }), allOf('invalid_token'));
      const key = browser.key;
      const evil = { cookie: browser.cookie, authorization: `Token ${key}`, origin: 'https://evil.example' };
      assert.deepEqual(await codesOf(auth, 'POST', evil), allOf('signed in'));
    }),
  );

  test(
    'tells who it is: the session, the account and its roles, as of now',
    withAnn({}, async ({ auth, clock }) => {
      const [device] = await signedIn(auth, 1);
      const headers = device?.own ?? {};
      const who = present(await auth.authenticate(headers));
      assert.deepEqual(who.account, { id: 1, roles: [] });
      assert.equal(who.session.id, await device?.sessionId());
      assert.equal(who.session.openedAt, clock());
      assert.equal(who.session.method, 'password');

      await auth.accounts.setRoles(1, ['teacher', 'editor']);
      const after = present(await auth.authenticate(headers));
      assert.deepEqual(after.account, { id: 1, roles: ['teacher', 'editor'] });
      assert.deepEqual(after.session.roles, ['teacher', 'editor']);
      assert.equal(after.session.id, who.session.id);
    }),
  );

  const ends: Readonly<Record<string, (auth: Latchkey, device: Device) => Promise<unknown>>> = {
    session_displaced: (auth) => signedIn(auth, 1),
    signed_out: (_, device) => device.ask('POST', '/auth/logout/'),
    session_revoked: (auth) => auth.sessions.endAll(1),
    account_disabled: (auth) => auth.accounts.suspend(1),
    password_changed: async (auth) => {
      const other = new Device(auth);
      await other.signIn();
      await other.ask('POST', '/auth/password/change/', {
        new_password1: 'another h0rse',
        new_password2: 'another h0rse',
      });
    },
  };
  for (const [code, end] of Object.entries(ends)) {
    test(
      `respond() is the API’s own answer, byte for byte: ${code}`,
      withAnn({ sessions: { limit: code === 'password_changed' ? 2 : 1 } }, async ({ auth }) => {
        const [device] = await signedIn(auth, 1);
        const headers = { ...device?.own };
        await end(auth, device ?? assert.fail());
        await sameAnswers(auth, headers, code);
      }),
    );
  }

  test(
    'respond() is the API’s own answer, byte for byte, to no credential and to bad ones',
    withAnn({ origin: 'https://accounts.example' }, async ({ auth }) => {
      await sameAnswers(auth, {}, 'not_authenticated');
      for (const header of ['Token', 'Token a b', 'Token \xff', 'Token nonsense', `Bearer ${'0'.repeat(40)}`]) {
        await sameAnswers(auth, { authorization: header }, 'invalid_token');
      }
    }),
  );

  test(
    'respond() follows the status that a shop has for it, and may be asked for again',
    withAnn({ django: { signedOutStatus: '403' } }, async ({ auth }) => {
      const who = absent(await auth.authenticate(new Headers()));
      for (const answer of [who.respond(), who.respond()]) {
        assert.equal(answer.status, 403);
        assert.equal(answer.headers.get('www-authenticate'), null);
        assert.match(await answer.text(), /not_authenticated/);
      }
    }),
  );

  test(
    'tells a displaced device when, and by what kind of device, and nothing more (F-29)',
    withAnn({}, async ({ auth, clock }) => {
      const [device] = await signedIn(auth, 1);
      clock.advance(5_000);
      await ask(auth, 'POST', '/auth/login/', {
        body: { username: 'ann', password: PASSWORD },
        headers: { 'user-agent': 'curl/8.5.0' },
      });
      const body = await absent(await auth.authenticate(device?.own ?? {}))
        .respond()
        .json();
      assert.deepEqual(body, {
        detail: 'Invalid token.',
        code: 'session_displaced',
        at: '2026-01-01T12:00:05.000Z',
        by: { device: 'curl', class: 'cli' },
      });
    }),
  );
});

/** What the host answers with, and what the API answers to the same credential. */
async function sameAnswers(auth: Latchkey, headers: Headers_, code: string): Promise<void> {
  const theirs = await auth.handler(requestTo('/auth/session/', 'GET', { headers }));
  for (const from of Object.values(formsOf('GET', headers))) {
    const who = absent(await auth.authenticate(from));
    assert.equal(who.code, code);
    const ours = who.respond();
    assert.equal(ours.status, theirs.status);
    assert.equal(await ours.text(), await theirs.clone().text());
    const { allow: _, ...rest } = Object.fromEntries(theirs.headers);
    assert.deepEqual(Object.fromEntries(ours.headers), rest, 'all but the methods of the API’s route');
  }
}
