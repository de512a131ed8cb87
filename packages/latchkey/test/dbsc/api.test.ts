/** Sessions that browsers bind to a key of theirs, over HTTP (Device Bound Session Credentials). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LatchkeyEvent, LatchkeyOptions } from 'latchkey';
import { metricsText } from '../../src/metrics.ts';
import { BOUND_COOKIE_MS, CHALLENGE_MS, OFFER_MS } from '../../src/sessions/bound-cookies.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { listen } from '../events/listening.ts';
import { PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';
import { trip } from '../social/trip.ts';
import {
  BOUND,
  Device,
  type DeviceKey,
  givesNone,
  ME,
  newDeviceKey,
  ORIGIN,
  offerIn,
  REFRESH,
  REGISTER,
  reasonOf,
  SESSION,
} from './device.ts';

const key = await newDeviceKey();
const otherKey = await newDeviceKey();

type World = { readonly server: TestServer; readonly ann: Device; readonly heard: LatchkeyEvent[] };

/** Ann, who is signed in in a browser that can bind. */
async function withAnn(
  work: (world: World) => Promise<void>,
  { isBound = true, ...options }: LatchkeyOptions & { readonly isBound?: boolean } = {},
): Promise<void> {
  const heard: LatchkeyEvent[] = [];
  const onEvent = (event: LatchkeyEvent): void => void heard.push(event);
  await using server = await testServer({ origin: ORIGIN, sessions: { limit: 10 }, onEvent, ...options });
  await server.auth.accounts.create({ username: 'ann', password: PASSWORD, email: 'ann@example.org' });
  const ann = new Device(server.url, key);
  await ann.signIn();
  if (isBound) assert.equal((await ann.register()).status, 200);
  await work({ server, ann, heard });
  assert.deepEqual(server.errors, []);
}

const bindings = (server: TestServer): readonly unknown[] =>
  server.rows('SELECT binding FROM session').map((row) => row['binding']);

const misuses = (heard: readonly LatchkeyEvent[]): readonly string[] =>
  heard.flatMap((event) => (event.type === 'key_misused' ? [event.reason] : []));

/** Another letter in the middle of its signature. */
const forged = (challenge: string): string =>
  challenge.replace(/(.)(.{20})$/, (_, letter: string, rest: string) => (letter === 'A' ? 'B' : 'A') + rest);

const UNPROVEN = '400 invalid_dbsc_proof';
const CHALLENGED = '403 dbsc_challenge';

describe('what a browser is offered that signs in', () => {
  test('is to bind its session, and the second cookie at once, so that nothing under way is without', () =>
    withAnn(
      async ({ server, ann }) => {
        const answer = await ann.signIn();
        const offer = offerIn(answer) ?? assert.fail();
        assert.equal(offer.path, REGISTER);
        const set = answer.headers.getSetCookie().find((cookie) => cookie.startsWith(`${BOUND}=`));
        assert.match(set ?? '', /; Path=\/; Max-Age=300; HttpOnly; SameSite=Lax; Secure$/);
        const token = ann.cookies.get(SESSION) ?? assert.fail();
        for (const secret of [offer.authorization, offer.challenge, set ?? ''])
          assert.equal(secret.includes(token), false);
        assert.deepEqual(bindings(server), [null, null], 'nothing is bound by that');
      },
      { isBound: false },
    ));

  test('is nothing where there is a key beside the cookie, which a header may show', () =>
    withAnn(
      async ({ ann, server }) => {
        const answer = await ann.ask('/auth/login/', { json: { username: 'ann', password: PASSWORD } });
        assert.deepEqual([answer.status, offerIn(answer)], [200, null]);
        const { key: token } = (await answer.json()) as { key: string };
        assert.equal((await server.ask(ME, { key: token })).status, 200);
      },
      { isBound: false },
    ));

  test('is there for an app whose one credential is the cookie', () =>
    withAnn(
      async ({ ann }) => {
        ann.offer = null;
        const answer = await ann.ask('/auth/login/', { json: { username: 'ann', password: PASSWORD } });
        assert.notEqual(offerIn(answer), null);
        assert.equal((await ann.register()).status, 200);
        assert.equal(reasonOf(await ann.ask(ME)), '200');
        assert.equal(reasonOf(await ann.ask(ME, { cookies: ann.copied(SESSION) })), '401 invalid_token');
      },
      { isBound: false, django: { key: 'cookie-only' } },
    ));

  test('is nothing without encryption, and where it is switched off', async () => {
    for (const options of [{ origin: 'http://127.0.0.1' }, { boundKeys: { cookies: 'off' as const } }]) {
      await using server = await testServer({ ...('origin' in options ? {} : { origin: ORIGIN }), ...options });
      await server.auth.accounts.create({ username: 'ann', password: PASSWORD });
      const form = { username: 'ann', password: PASSWORD };
      const headers = { 'sec-fetch-site': 'same-origin' };
      const answer = await server.ask('/login/', { method: 'POST', form, headers });
      assert.equal(answer.headers.get('secure-session-registration'), null);
      assert.equal(
        answer.headers.getSetCookie().some((cookie) => /latchkey-bound=/.test(cookie)),
        false,
      );
    }
  });

  test('may be passed over: a browser that cannot bind goes on as ever', () =>
    withAnn(
      async ({ ann, server, heard }) => {
        ann.cookies.delete(BOUND);
        for (let times = 0; times < 4; times++) {
          assert.equal(reasonOf(await ann.ask(ME)), '200');
          assert.equal((await ann.ask('/account/')).status, 200);
          server.clock.advance(OFFER_MS);
        }
        assert.equal((await ann.ask('/auth/logout/', { form: {} })).status, 200);
        assert.deepEqual(misuses(heard), []);
      },
      { isBound: false },
    ));

  test('after a way in that another site leads to, a code stands for the cookie that will not come along', async () => {
    await using provider = await standIn();
    await using server = await testServer({
      origin: ORIGIN,
      social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
    });
    const { answer } = await trip(server, provider, { sub: 'a1', email: 'ann@example.org', email_verified: true });
    assert.equal(answer.status, 302, answer.text);
    const ann = new Device(server.url, key);
    ann.take(new Response(null, { headers: answer.headers }));
    const registered = await ann.register({}, { cookies: new Map() });
    assert.equal(registered.status, 200);
    ann.take(registered);
    assert.equal(reasonOf(await ann.ask(ME)), '200');
    assert.equal(reasonOf(await ann.ask(ME, { cookies: ann.copied(SESSION) })), '401 invalid_token');
  });
});

describe('binding a session', () => {
  for (const algorithm of ['ES256', 'RS256'] as const) {
    test(`by ${algorithm}: tells the browser how it goes on, and its cookie alone is worth nothing (M24)`, () =>
      withAnn(
        async ({ server, heard }) => {
          const ann = new Device(server.url, await newDeviceKey(algorithm));
          await ann.signIn();
          const answer = await ann.register();
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.get('cache-control'), 'no-store');
          assert.deepEqual(await answer.json(), {
            session_identifier: ann.id,
            refresh_url: REFRESH,
            scope: {
              origin: ORIGIN,
              include_site: false,
              scope_specification: [{ type: 'exclude', domain: '*', path: '/auth/assets' }],
            },
            credentials: [{ type: 'cookie', name: BOUND, attributes: 'Path=/; HttpOnly; SameSite=Lax; Secure' }],
            allowed_refresh_initiators: ['*'],
          });
          const set = answer.headers.getSetCookie();
          assert.equal(set.length, 1);
          assert.match(
            set[0] ?? '',
            /^__Host-latchkey-bound=[\w.-]+; Path=\/; Max-Age=300; HttpOnly; SameSite=Lax; Secure$/,
          );
          assert.notEqual(ann.challenge, null);
          assert.equal(reasonOf(await ann.ask(ME)), '200');
          assert.equal((await ann.ask('/account/')).status, 200);

          const copied = ann.copied(SESSION);
          assert.equal(reasonOf(await ann.ask(ME, { cookies: copied })), '401 invalid_token');
          assert.equal((await ann.ask('/account/', { cookies: copied })).status, 401);
          const authorization = `Token ${ann.cookies.get(SESSION)}`;
          for (const cookies of [new Map<string, string>(), ann.cookies]) {
            const refused = await ann.ask(ME, { cookies, headers: { authorization } });
            assert.equal(reasonOf(refused), '401 invalid_token', 'nor is it a key');
          }
          assert.equal(reasonOf(await ann.ask(ME)), '200', 'its browser goes on');
          await server.auth.settle();
          assert.deepEqual([...new Set(misuses(heard))], ['missing']);
          const mails = await server.mailsTo('ann@example.org');
          assert.equal(
            mails.filter(({ subject }) => /copied key/.test(subject)).length,
            1,
            'F-19: its owner is told, once',
          );
          assert.match(metricsText(server.assembled.parts), /^latchkey_cookies_bound_total 1$/m);
        },
        { isBound: false },
      ));
  }

  test('M24: nor do old, forged and others’ second cookies make it worth anything', () =>
    withAnn(async ({ server, ann, heard }) => {
      const bob = new Device(server.url, otherKey);
      await bob.signIn();
      await bob.register();
      const own = ann.cookies.get(BOUND) ?? '';
      const [until = '', signature = ''] = own.split('.');
      const later = (Number.parseInt(until, 36) + 600).toString(36);
      const wrong = [
        '',
        'x',
        `${later}.${signature}`,
        `${until}.${'A'.repeat(43)}`,
        bob.cookies.get(BOUND) ?? '',
        `${own}x`,
      ];
      for (const value of wrong) {
        const cookies = new Map([...ann.copied(SESSION), [BOUND, value]]);
        assert.equal(reasonOf(await ann.ask(ME, { cookies })), '401 invalid_token', value);
      }
      const both = ann.copied(SESSION, BOUND);
      server.clock.advance(BOUND_COOKIE_MS);
      assert.equal(reasonOf(await ann.ask(ME, { cookies: both })), '200', 'what was sent in time is taken');
      server.clock.advance(30_000);
      assert.equal(reasonOf(await ann.ask(ME, { cookies: both })), '401 invalid_token');
      assert.equal((await ann.ask('/account/', { cookies: both })).status, 401);
      assert.equal(misuses(heard).at(-1), 'expired');
      assert.equal((await ann.refresh()).status, 200);
      assert.equal(reasonOf(await ann.ask(ME)), '200');
    }));

  test('M20: needs the cookie of that session, a code and a challenge of now, and a public key that signs', () =>
    withAnn(
      async ({ server, ann }) => {
        const other = new Device(server.url, otherKey);
        await other.signIn();
        const [first, second] = [ann.offer ?? assert.fail(), other.offer ?? assert.fail()];
        const p384 = await newDeviceKey('ES256', { namedCurve: 'P-384' });
        const small = await newDeviceKey('RS256', { modulusLength: 1024 });
        const odd = await newDeviceKey('RS256', { publicExponent: new Uint8Array([3]) });
        const by = (made: DeviceKey) => ({ header: { alg: made.algorithm, jwk: made.jwk }, signedBy: made });
        const bare = { cookies: new Map<string, string>() };
        const wrong: readonly (readonly [string, Parameters<Device['register']>])[] = [
          ['no cookie', [{}, bare]],
          ['another session’s cookie', [{}, { cookies: other.cookies }]],
          ['another session’s code', [{ claims: { authorization: second.authorization } }]],
          ['another session’s code and challenge', [{ claims: { ...second, jti: second.challenge } }]],
          ['another session’s challenge', [{ claims: { jti: second.challenge } }]],
          ['a challenge that was made up', [{ claims: { jti: forged(first.challenge) } }]],
          ['no challenge', [{ claims: { jti: undefined } }]],
          ['no code', [{ claims: { authorization: undefined } }]],
          ['a code that is none', [{ claims: { authorization: 'x'.repeat(120) } }]],
          ['alg none', [{ header: { alg: 'none' }, signature: () => Buffer.alloc(0) }]],
          ['alg none, signed', [{ header: { alg: 'none' } }]],
          ['alg HS256', [{ header: { alg: 'HS256' } }]],
          ['alg ES384', [{ ...by(p384), header: { alg: 'ES384', jwk: p384.jwk } }]],
          ['a key of P-384', [by(p384)]],
          ['an RSA key of 1024 bits', [by(small)]],
          ['an RSA key with a small exponent', [by(odd)]],
          ['an algorithm that is not the key’s', [{ header: { alg: 'RS256' } }]],
          ['a private key', [{ header: { jwk: key.whole } }]],
          ['a symmetric key', [{ header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } }]],
          ['a point off the curve', [{ header: { jwk: { ...key.jwk, y: key.jwk['x'] } } }]],
          ['no key', [{ header: { jwk: undefined } }]],
          ['another type', [{ header: { typ: 'dpop+jwt' } }]],
          ['no type', [{ header: { typ: undefined } }]],
          ['what must be understood', [{ header: { crit: ['exp'] } }]],
          ['another key’s signature', [{ signedBy: otherKey }]],
          ['half a signature', [{ signature: (_, right) => right.subarray(0, 32) }]],
          ['another address', [{ claims: { aud: `${ORIGIN}${REFRESH}` } }]],
          ['another host', [{ claims: { aud: `https://evil.example${REGISTER}` } }]],
          [
            'another site’s request',
            [{}, { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }],
          ],
        ];
        for (const [what, given] of wrong) {
          const refused = await ann.register(...given);
          assert.match(reasonOf(refused), /^4\d\d (?:invalid_dbsc_proof|origin_not_allowed)$/, what);
          assert.ok(givesNone(refused), what);
          assert.equal(refused.headers.get('secure-session-challenge'), null, what);
        }
        for (const shown of [
          null,
          '',
          'nonsense',
          'a.b.c',
          `${'x'.repeat(5000)}.y.z`,
          `${await ann.registrationProof()},x`,
        ]) {
          const headers = { 'secure-session-response': shown };
          assert.equal(reasonOf(await ann.ask(REGISTER, { method: 'POST', headers })), UNPROVEN, String(shown));
        }
        assert.deepEqual(bindings(server), [null, null]);
        assert.equal(reasonOf(await ann.ask(ME)), '200', 'its session is as it was');

        const proof = await ann.registrationProof({
          claims: { aud: ORIGIN + REGISTER, later: 1 },
          header: { kid: 'x' },
        });
        const headers = { 'secure-session-response': `"${proof}"` };
        assert.equal((await ann.ask(REGISTER, { method: 'POST', headers })).status, 200, 'as the draft has it');
        assert.equal(reasonOf(await ann.ask(REGISTER, { method: 'POST', headers })), UNPROVEN, 'and once');
        assert.equal(
          reasonOf(await ann.register({ header: { jwk: otherKey.jwk }, signedBy: otherKey })),
          UNPROVEN,
          'M20: nor anew',
        );
        assert.equal(bindings(server).filter((binding) => String(binding).includes(String(key.jwk['x']))).length, 1);

        server.clock.advance(OFFER_MS);
        assert.equal(reasonOf(await other.register()), UNPROVEN, 'too late');
      },
      { isBound: false },
    ));

  test('the key may stand among the claims, as the draft has had it', () =>
    withAnn(
      async ({ ann }) => {
        assert.equal((await ann.register({ header: { jwk: undefined }, claims: { key: key.jwk } })).status, 200);
        assert.equal((await ann.refresh()).status, 200);
      },
      { isBound: false },
    ));

  test('M20, L22: of twenty at once one binds, and nothing is bound that is over', () =>
    withAnn(
      async ({ ann, server }) => {
        const proof = await ann.registrationProof();
        const once = () => ann.ask(REGISTER, { method: 'POST', headers: { 'secure-session-response': proof } });
        const answers = await Promise.all(Array.from({ length: 20 }, once));
        assert.equal(answers.filter(({ status }) => status === 200).length, 1);
        const gone = new Device(server.url, otherKey);
        await gone.signIn();
        const [newest] = await server.auth.sessions.list(1);
        await server.auth.sessions.end(1, newest?.id ?? '');
        assert.equal(reasonOf(await gone.register()), UNPROVEN);
      },
      { isBound: false },
    ));

  test('C23: nobody binds by a code of theirs a session that is in somebody else’s browser', () =>
    withAnn(
      async ({ ann, server }) => {
        const eve = new Device(server.url, otherKey);
        await eve.signIn();
        // Eve has Ann's browser sent her own code, where Ann is signed in.
        const shown = await eve.registrationProof();
        const headers = { 'secure-session-response': shown };
        assert.equal(reasonOf(await ann.ask(REGISTER, { method: 'POST', headers })), UNPROVEN);
        assert.deepEqual(bindings(server), [null, null]);
      },
      { isBound: false },
    ));
});

describe('renewing the cookie', () => {
  test('M21: without a proof there is a challenge and no cookie; with one there are both', () =>
    withAnn(async ({ ann, server }) => {
      const before = ann.cookies.get(BOUND);
      const asked = await ann.renew(null);
      assert.equal(reasonOf(asked), CHALLENGED);
      assert.match(asked.headers.get('secure-session-challenge') ?? '', /^"[\w.-]+";id="[\w-]+"$/);
      assert.deepEqual(asked.headers.getSetCookie(), []);
      server.clock.advance(60_000);
      const signed = ann.challenge;
      const answer = await ann.refresh();
      assert.equal(answer.status, 200);
      assert.notEqual(ann.cookies.get(BOUND), before);
      assert.notEqual(ann.challenge, signed);
      for (let times = 0; times < 3; times++) {
        server.clock.advance(BOUND_COOKIE_MS);
        assert.equal((await ann.refresh()).status, 200, 'by the challenge that came with the last');
        assert.equal(reasonOf(await ann.ask(ME)), '200');
      }
    }));

  test('needs no cookie: what another site made the browser ask for comes without', () =>
    withAnn(async ({ ann }) => {
      const answer = await ann.refresh({}, { cookies: new Map() });
      assert.equal(answer.status, 200);
      ann.take(answer);
      assert.equal(reasonOf(await ann.ask(ME)), '200');
    }));

  test('M22, I15: by another key, for another session, of an old challenge or once more: no cookie', () =>
    withAnn(async ({ ann, server, heard }) => {
      const bob = new Device(server.url, otherKey);
      await bob.signIn();
      await bob.register();
      const first = ann.challenge;
      const wrong: readonly (readonly [string, Parameters<Device['refresh']>])[] = [
        ['another key', [{ signedBy: otherKey }]],
        ['another key that it brings', [{ signedBy: otherKey, header: { jwk: otherKey.jwk } }]],
        ['another algorithm', [{ header: { alg: 'RS256' } }]],
        ['none', [{ header: { alg: 'none' } }]],
        ['another session’s challenge', [{ claims: { jti: bob.challenge } }]],
        ['the challenge of a registration', [{ claims: { jti: ann.offer?.challenge } }]],
        ['no challenge', [{ claims: { jti: undefined } }]],
        ['one that was made up', [{ claims: { jti: forged(first ?? '') } }]],
        ['another session’s name in it', [{ claims: { sub: bob.id } }]],
        ['another address', [{ claims: { aud: ORIGIN + REGISTER } }]],
        ['another session', [{}, { headers: { 'sec-secure-session-id': bob.id } }]],
      ];
      for (const [what, given] of wrong) {
        const refused = await ann.refresh(...given);
        ann.challenge = first;
        assert.equal(reasonOf(refused), CHALLENGED, what);
        assert.deepEqual(refused.headers.getSetCookie(), [], what);
      }
      for (const id of ['x', '', `${ann.id.slice(0, -1)}_`, 'y'.repeat(3000)]) {
        const refused = await ann.refresh({}, { headers: { 'sec-secure-session-id': id } });
        assert.deepEqual([refused.status, await refused.json()], [200, { continue: false }], 'nobody’s');
        assert.deepEqual(refused.headers.getSetCookie(), []);
      }
      assert.ok(misuses(heard).includes('signature'), 'somebody has a name of hers, and not her key');

      ann.challenge = first;
      const seen = await ann.refreshProof();
      assert.equal((await ann.renew(seen)).status, 200);
      assert.equal(reasonOf(await ann.renew(seen)), CHALLENGED, 'replayed');
      const [last = ''] = first?.slice(-1) ?? '';
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const other = letters[letters.indexOf(last) ^ 1] ?? assert.fail();
      const respelled = await ann.refreshProof({ claims: { jti: `${first?.slice(0, -1)}${other}` } });
      assert.equal(
        reasonOf(await ann.renew(respelled)),
        CHALLENGED,
        'the same, its last letter with another spare bit',
      );
      const raced = await ann.refreshProof();
      const answers = await Promise.all(Array.from({ length: 20 }, () => ann.renew(raced)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.ok(answers.every((answer) => answer.status === 200 || givesNone(answer)));

      await ann.renew(null);
      const late = await ann.refreshProof();
      server.clock.advance(CHALLENGE_MS);
      assert.equal(reasonOf(await ann.renew(late)), CHALLENGED, 'older than is taken');
      assert.equal((await ann.refresh()).status, 200, 'by the one that was given instead');
    }));

  const ENDINGS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
    'signing out': ({ ann }) => ann.ask('/auth/logout/', { form: {} }),
    'the page that signs out': ({ ann }) => ann.ask('/logout/', { form: {} }),
    'signing out everywhere': ({ server }) => server.auth.sessions.endAll(1),
    disabling: ({ server }) => server.auth.accounts.suspend(1),
    displacement: async ({ server }) => {
      for (let times = 0; times < 10; times++) await server.signIn('ann');
    },
  };
  for (const [what, end] of Object.entries(ENDINGS)) {
    test(`M23, L14: after ${what} there is none any more`, () =>
      withAnn(async (world) => {
        const { ann } = world;
        const copied = ann.copied(SESSION, BOUND);
        const proof = await ann.refreshProof();
        await end(world);
        for (const shown of [null, proof, await ann.refreshProof()]) {
          const answer = await ann.renew(shown);
          assert.deepEqual([answer.status, await answer.json()], [200, { continue: false }]);
          assert.ok(givesNone(answer));
        }
        assert.equal((await ann.ask(ME, { cookies: copied })).status, 401);
      }));
  }

  test('M23: one that is under way while somebody signs out brings a cookie that opens nothing', () =>
    withAnn(async ({ ann, server }) => {
      const { marks } = server.assembled.parts.store;
      const { add } = marks;
      const { promise, resolve } = Promise.withResolvers<void>();
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      Object.assign(marks, {
        add: async (mark: Parameters<typeof add>[0]) => {
          reach();
          await promise;
          return await add(mark);
        },
      });
      const copied = ann.copied(SESSION);
      const under = ann.refresh({}, { cookies: copied });
      await reached;
      assert.equal((await ann.ask('/auth/logout/', { form: {} })).status, 200);
      resolve();
      const answer = await under;
      Object.assign(marks, { add });
      const [, value = ''] = new RegExp(`${BOUND}=([^;]+)`).exec(answer.headers.getSetCookie().join()) ?? [];
      const cookies = new Map([...copied, [BOUND, value]]);
      assert.equal(reasonOf(await ann.ask(ME, { cookies })), '401 signed_out');
    }));

  test('M25: never says 429, nor any 4xx but the challenge, however often it is asked and whatever fails', () =>
    withAnn(
      async ({ ann, server }) => {
        const answers = await Promise.all(Array.from({ length: 300 }, () => ann.renew(null)));
        assert.deepEqual([...new Set(answers.map(reasonOf))], [CHALLENGED]);
        const { store } = server.assembled.parts;
        const { find } = store.sessions;
        const { add } = store.marks;
        const gone = (): Promise<never> => Promise.reject(new StoreUnavailable('away'));
        Object.assign(store.sessions, { find: gone });
        assert.equal(reasonOf(await ann.refresh()), '503 store_unavailable');
        Object.assign(store.sessions, { find });
        Object.assign(store.marks, { add: gone });
        assert.equal(reasonOf(await ann.refresh()), '503 store_unavailable');
        Object.assign(store.marks, { add });
        assert.equal((await ann.refresh()).status, 200);
        server.errors.length = 0;
      },
      { rateLimits: 'on', django: { throttle: '5/minute' } },
    ));

  test('M26: what another site makes a browser ask is refused alike, whoever is signed in there, and asks nothing', () =>
    withAnn(async ({ ann, server }) => {
      const { store } = server.assembled.parts;
      const { find } = store.sessions;
      let asked = 0;
      Object.assign(store.sessions, {
        find: (...given: Parameters<typeof find>) => {
          asked++;
          return find(...given);
        },
      });
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', 'sec-secure-session-id': null };
      const own = { 'sec-fetch-site': 'same-origin', 'sec-secure-session-id': null };
      for (const headers of [foreign, own, { 'sec-secure-session-id': null }]) {
        const told: string[] = [];
        for (const cookies of [ann.copied(SESSION, BOUND), ann.copied(SESSION), new Map<string, string>()]) {
          const refused = await ann.renew(null, { headers, cookies });
          assert.equal(reasonOf(refused), '403 origin_not_allowed');
          assert.equal(refused.headers.get('secure-session-challenge'), null);
          assert.equal(refused.headers.get('access-control-allow-origin'), null);
          told.push(await refused.text());
        }
        assert.equal(new Set(told).size, 1);
      }
      assert.equal(asked, 0);
      Object.assign(store.sessions, { find });
      assert.equal((await ann.refresh()).status, 200);
    }));
});

describe('a session that is bound', () => {
  test('is not ended, nor kept alive, by whoever has its cookie alone', () =>
    withAnn(async ({ ann, server }) => {
      const copied = ann.copied(SESSION);
      server.clock.advance(120_000);
      const before = server.rows('SELECT * FROM session');
      for (const [path, form] of [
        ['/auth/logout/', {}],
        ['/logout/', {}],
        ['/auth/sessions/end-others/', {}],
      ] as const)
        await ann.ask(path, { form, cookies: copied });
      const asKey = await server.ask('/auth/logout/', { method: 'POST', key: copied.get(SESSION) ?? '' });
      assert.equal(asKey.status, 401);
      assert.equal(reasonOf(await ann.ask(ME, { cookies: copied })), '401 invalid_token');
      await server.assembled.parts.touches.flush();
      assert.deepEqual(server.rows('SELECT * FROM session'), before);
      assert.equal(reasonOf(await ann.ask(ME)), '200');
      await server.assembled.parts.touches.flush();
      assert.notDeepEqual(server.rows('SELECT * FROM session'), before, 'its browser was seen');
    }));

  test('signs out with both cookies, which are taken back', () =>
    withAnn(async ({ ann, server }) => {
      assert.equal((await ann.ask('/auth/logout/', { form: {} })).status, 200);
      assert.deepEqual([ann.cookies.has(SESSION), ann.cookies.has(BOUND)], [false, false]);
      assert.equal((await server.auth.sessions.list(1)).length, 0);
    }));

  test('is ended beside a key by whoever has both its cookies', () =>
    withAnn(async ({ ann, server }) => {
      const token = await server.signIn('ann');
      const headers = { authorization: `Token ${token}` };
      await ann.ask('/auth/logout/', { form: {}, headers, cookies: ann.copied(SESSION) });
      assert.equal((await server.auth.sessions.list(1)).length, 1, 'not by one of them');
      const again = await server.signIn('ann');
      await ann.ask('/auth/logout/', { form: {}, headers: { authorization: `Token ${again}` } });
      assert.equal((await server.auth.sessions.list(1)).length, 0);
    }));

  test('whose browser could not renew its cookie, and says so, is to come again: nobody is told of a copy', () =>
    withAnn(async ({ ann, heard, server }) => {
      const headers = { 'secure-session-skipped': `server_error;session_identifier="${ann.id}"` };
      const cookies = ann.copied(SESSION);
      const answer = await ann.ask(ME, { cookies, headers });
      assert.equal(reasonOf(answer), '503 busy');
      assert.equal(answer.headers.get('retry-after'), '5');
      assert.equal((await ann.ask('/account/', { cookies, headers })).status, 503);
      assert.equal((await ann.ask('/login/', { cookies, headers })).status, 200, 'and may sign in again');
      await server.auth.settle();
      assert.deepEqual(misuses(heard), []);
    }));

  test('is known to a host by both cookies', () =>
    withAnn(async ({ ann, server }) => {
      const who = async (...names: readonly string[]) => {
        const cookie = [...ann.copied(...names)].map((pair) => pair.join('=')).join('; ');
        const known = await server.auth.authenticate({ cookie });
        return known.signedIn ? 'signed in' : known.code;
      };
      assert.equal(await who(SESSION, BOUND), 'signed in');
      assert.equal(await who(SESSION), 'invalid_token');
    }));

  test('stays bound where binding is switched off, and goes on', () =>
    withAnn(async ({ ann, server }) => {
      Object.assign(server.assembled.parts.settings.boundKeys, { cookies: 'off' });
      assert.equal((await ann.refresh()).status, 200);
      assert.equal(reasonOf(await ann.ask(ME)), '200');
      assert.equal(reasonOf(await ann.ask(ME, { cookies: ann.copied(SESSION) })), '401 invalid_token');
    }));

  test('streams for as long as its second cookie is good, and one from before it was bound no longer than it could be', () =>
    withAnn(
      async ({ ann, server }) => {
        const cookieOf = (names: readonly string[]) => ({
          cookie: [...ann.copied(...names)].map((pair) => pair.join('=')).join('; '),
          'sec-fetch-site': 'same-origin',
        });
        const early = await listen(server.url, { headers: cookieOf([SESSION]) });
        assert.equal((await early.next('hello')).event, 'hello');
        early.close();
        server.clock.advance(OFFER_MS + 59_000);
        const unbound = await listen(server.url, { headers: cookieOf([SESSION]) });
        assert.deepEqual(
          (await unbound.rest()).map(({ event }) => event),
          ['hello'],
          'it might have been bound by now',
        );
        server.clock.advance(1_000);
        const lasting = await listen(server.url, { headers: cookieOf([SESSION]) });
        assert.equal((await lasting.next('hello')).event, 'hello');
        const again = await Promise.race([lasting.rest(), sleep(1_500, null)]);
        assert.equal(again, null, 'it can never be bound, and goes on');
        lasting.close();

        await ann.signIn();
        assert.equal((await ann.register()).status, 200);
        const refused = await listen(server.url, { headers: cookieOf([SESSION]) });
        assert.equal(refused.response.status, 401);
        server.clock.advance(BOUND_COOKIE_MS + 29_000);
        const bound = await listen(server.url, { headers: cookieOf([SESSION, BOUND]) });
        assert.deepEqual(
          (await bound.rest()).map(({ event }) => event),
          ['hello'],
        );
        assert.match(bound.text(), /\nretry: \d+\n\n$/, 'its reader comes back, with a new cookie');
        server.clock.advance(1_000);
        assert.equal((await listen(server.url, { headers: cookieOf([SESSION, BOUND]) })).response.status, 401);
        assert.equal(server.assembled.parts.streams.count(), 0);
      },
      { isBound: false },
    ));
});
