/** F-32: what a displaced device may finish, where its host lets it, and what it may not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey, SignedOut } from 'latchkey';
import { resolveSettings } from '../../src/resolve-settings.ts';
import { athOf, newKey, proofOf } from '../dpop/prover.ts';
import { placesOf } from '../http/route-fields.ts';
import { ask, Device, OWN_ORIGIN, PASSWORD, requestTo, signedIn, withAnn } from './device.ts';

const GIVEN = { sessions: { graceSeconds: 30 } };
const SAVE = '/lessons/1/save';

async function out(auth: Latchkey, device: Device, options: { readonly grace?: boolean } = { grace: true }) {
  const who = await auth.authenticate(requestTo(SAVE, 'POST', { headers: device.own }), options);
  return who.signedIn ? assert.fail('it is signed in') : who;
}

/** Two devices, one in the place of the other. */
async function displaced(auth: Latchkey): Promise<readonly [Device, Device]> {
  const [first, second] = await signedIn(auth, 2);
  return [first ?? assert.fail(), second ?? assert.fail()];
}

const endIn = ({ grace }: SignedOut): number | null => grace?.until ?? null;

describe('a grace for what a displaced device was at', () => {
  test(
    'F-32: none by default, however it is asked for',
    withAnn({}, async ({ auth }) => {
      const [first] = await displaced(auth);
      const who = await out(auth, first);
      assert.deepEqual([who.code, who.grace, who.respond().status], ['session_displaced', null, 401]);
    }),
  );

  test(
    'where the settings give it and the call asks: until its time is over by the clock of the store, and signed out all the while',
    withAnn(GIVEN, async ({ auth, clock }) => {
      const [first, second] = await displaced(auth);
      const at = clock();
      for (const later of [0, 10_000, 19_999]) {
        clock.advance(later);
        const who = await out(auth, first);
        assert.deepEqual([who.signedIn, who.code, who.respond().status], [false, 'session_displaced', 401]);
        assert.equal(endIn(who), at + 30_000);
        assert.deepEqual(who.grace?.account, { id: 1, roles: [] });
        assert.equal(who.grace?.session.ending?.reason, 'displaced');
        for (const options of [{}, { grace: false }]) assert.equal((await out(auth, first, options)).grace, null);
      }
      clock.advance(1);
      assert.equal((await out(auth, first)).grace, null, 'and not a moment longer');
      const live = await auth.authenticate(requestTo(SAVE, 'POST', { headers: second.own }), { grace: true });
      assert.ok(live.signedIn, 'whoever is in is not touched');
    }),
  );

  test(
    'F-4, L14: no route of ours takes its key, and its stream tells it that it is over',
    withAnn(GIVEN, async ({ auth }) => {
      const [first, second] = await displaced(auth);
      const before = await auth.sessions.list(1);
      const owned = placesOf(resolveSettings(GIVEN, {}).settings).filter(({ route }) => route.access === 'signed-in');
      assert.ok(owned.length > 20);
      for (const { path, route } of owned) {
        for (const method of Object.keys(route.methods)) {
          const { status, reason } = await ask(auth, method, path, { headers: first.own });
          assert.deepEqual([status, reason], [401, 'session_displaced'], `${method} ${path}`);
        }
      }
      assert.match((await ask(auth, 'GET', '/auth/events/', { headers: first.own })).text, /^event: ended$/m);
      const page = await ask(auth, 'GET', '/account/', { headers: first.own });
      assert.notEqual(page.status, 200);
      assert.deepEqual(await auth.sessions.list(1), before);
      assert.equal(await second.why(), null);
      assert.notEqual(endIn(await out(auth, first)), null);
    }),
  );

  test(
    'F-29: for nothing but a displacement: not after signing out, nor for what was never a session',
    withAnn({ sessions: { ...GIVEN.sessions, limit: 2 } }, async ({ auth }) => {
      const [own, ended] = await displaced(auth);
      const { key } = own;
      await own.ask('POST', '/auth/logout/');
      await auth.sessions.end(1, await ended.sessionId());
      const codes = [];
      for (const authorization of [`Token ${key}`, `Token ${ended.key}`, `Token ${'a'.repeat(40)}`, 'Token x', '']) {
        const who = await auth.authenticate({ authorization }, { grace: true });
        codes.push(who.signedIn ? assert.fail() : [who.code, who.grace]);
      }
      assert.deepEqual(codes, [
        ['signed_out', null],
        ['session_revoked', null],
        ['invalid_token', null],
        ['invalid_token', null],
        ['not_authenticated', null],
      ]);
    }),
  );

  const passwords = { new_password1: 'another horse 7?', new_password2: 'another horse 7?' };
  const voids: Readonly<Record<string, (auth: Latchkey, live: Device) => Promise<unknown>>> = {
    'a new password': (_, live) => live.ask('POST', '/auth/password/change/', passwords),
    'a suspension': (auth) => auth.accounts.suspend(1),
    'signing out everywhere': (auth) => auth.sessions.endAll(1),
    'signing the others out': (_, live) => live.ask('POST', '/auth/sessions/end-others/'),
    'a closed account': (_, live) => live.ask('DELETE', '/auth/user/', { password: PASSWORD }),
  };
  for (const [what, change] of Object.entries(voids)) {
    test(
      `${what} takes the rest of it away`,
      withAnn(GIVEN, async ({ auth }) => {
        const [first, second] = await displaced(auth);
        assert.notEqual(endIn(await out(auth, first)), null);
        await change(auth, second);
        const who = await out(auth, first);
        assert.deepEqual([who.grace, who.respond().status], [null, 401]);
      }),
    );
  }

  test(
    'changed roles are told as they are now',
    withAnn(GIVEN, async ({ auth }) => {
      const [first] = await displaced(auth);
      await auth.accounts.setRoles(1, ['pupil']);
      assert.deepEqual((await out(auth, first)).grace?.account.roles, ['pupil']);
    }),
  );

  test(
    'C12: a cookie counts for our own pages alone',
    withAnn(GIVEN, async ({ auth }) => {
      const browser = new Device(auth, 'browser');
      await browser.signIn();
      await signedIn(auth, 1);
      assert.notEqual(endIn(await out(auth, browser)), null);
      const headers = { ...browser.own, origin: 'https://evil.example' };
      const who = await auth.authenticate(requestTo(SAVE, 'POST', { headers }), { grace: true });
      assert.deepEqual(who.signedIn ? who : [who.code, who.grace], ['origin_not_allowed', null]);
    }),
  );

  test(
    'F-19: a session that is bound wants its key here, too, and each proof of it once',
    withAnn({ ...GIVEN, boundKeys: { replay: 'jti' } }, async ({ auth, clock }) => {
      const key = newKey();
      const made = (path: string, method: string, ath?: string, by = key) => {
        const payload = { htm: method, htu: OWN_ORIGIN + path, iat: Math.floor(clock() / 1000) };
        return proofOf(by, { payload: { ...payload, ...(ath !== undefined && { ath }) } });
      };
      const body = { username: 'ann', password: PASSWORD };
      const login = await ask(auth, 'POST', '/auth/login/', {
        ...{ body, headers: { dpop: made('/auth/login/', 'POST') } },
      });
      const token = String(login.body['key']);
      await signedIn(auth, 1);
      const graceBy = async (headers: Readonly<Record<string, string>>) => {
        const who = await auth.authenticate(requestTo(SAVE, 'POST', { headers }), { grace: true });
        return who.signedIn ? assert.fail() : who.grace !== null;
      };
      const authorization = `DPoP ${token}`;
      const dpop = made(SAVE, 'POST', athOf(token));
      assert.equal(await graceBy({ authorization: `Token ${token}` }), false);
      assert.equal(await graceBy({ authorization }), false);
      assert.equal(await graceBy({ authorization, dpop: made(SAVE, 'POST', athOf(token), newKey()) }), false);
      assert.equal(await graceBy({ authorization, dpop: made('/other', 'POST', athOf(token)) }), false);
      assert.equal(await graceBy({ authorization, dpop }), true);
      assert.equal(await graceBy({ authorization, dpop }), false, 'M: shown again');
    }),
  );
});
