/** Keys that are bound, over HTTP: how a session comes to be bound, and what its key is worth without its proof (RFC 9449). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyEvent, LatchkeyOptions } from 'latchkey';
import { NONCE_EPOCH_MS } from '../../src/credentials/dpop-nonces.ts';
import { metricsText } from '../../src/metrics.ts';
import type { Answer } from '../http/serving.ts';
import { cookieIn, cookiePairIn, memberOf, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { BoundClient, ORIGIN } from './client.ts';
import { newKey, proofOf, thumbprintOf } from './prover.ts';

type World = { readonly server: TestServer; readonly client: BoundClient; readonly heard: LatchkeyEvent[] };

/** Ann, whose app is signed in with a key of its own. */
async function withAnn(work: (world: World) => Promise<void>, options: LatchkeyOptions = {}): Promise<void> {
  const heard: LatchkeyEvent[] = [];
  const onEvent = (event: LatchkeyEvent): void => void heard.push(event);
  await using server = await testServer({ origin: ORIGIN, sessions: { limit: 10 }, onEvent, ...options });
  await server.auth.accounts.create({ username: 'ann', password: PASSWORD, email: 'ann@example.org' });
  const client = new BoundClient(server);
  if (options.boundKeys?.policy !== 'off') assert.equal((await client.signIn()).status, 200);
  await work({ server, client, heard });
  assert.deepEqual(server.errors, []);
}

const reasonOf = ({ status, headers }: Answer): string => `${status} ${headers.get('latchkey-reason')}`;
const challengeOf = ({ headers }: Answer): string => headers.get('www-authenticate') ?? '';
const ME = '/auth/session/';
const WRONG = '401 invalid_dpop_proof';
const login = { method: 'POST', json: { username: 'ann', password: PASSWORD } };

describe('signing in with a key', () => {
  test('binds the session, by every way in, and tells so', () =>
    withAnn(async ({ client, server }) => {
      for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
        const answer = await client.signIn('ann', path);
        assert.deepEqual([answer.status, memberOf(answer.body, 'token_type')], [200, 'DPoP'], path);
        const me = await client.once(ME);
        assert.deepEqual([me.status, memberOf(me.body, 'token_type')], [200, 'DPoP'], path);
        assert.deepEqual(Reflect.get(Object(me.body), 'cnf'), { jkt: thumbprintOf(client.clientKey) });
      }
      client.key = '';
      const json = { username: 'bob', password1: PASSWORD, password2: PASSWORD };
      const registered = await client.ask('/auth/registration/', { method: 'POST', json });
      assert.deepEqual([registered.status, memberOf(registered.body, 'token_type')], [201, 'DPoP']);
      const plain = await server.post('/auth/login/', login.json);
      assert.equal(plain.status, 200);
      assert.equal(Reflect.has(Object(plain.body), 'token_type'), false);
      const unbound = await server.ask(ME, { key: memberOf(plain.body, 'key') });
      assert.deepEqual([unbound.status, Reflect.has(Object(unbound.body), 'cnf')], [200, false]);
    }));

  test('M11: gives a browser no cookie with the token in it: nothing would bind that', () =>
    withAnn(async ({ client, server }) => {
      const answer = await client.signIn();
      assert.equal(cookieIn(answer, '__Host-latchkey'), '');
      assert.notEqual(cookieIn(answer, '__Host-latchkey-device'), '');
      const cookie = `__Host-latchkey=${client.key}`;
      const refused = await server.ask(ME, { headers: { cookie } });
      assert.equal(reasonOf(refused), '401 invalid_token');
      assert.equal((await server.ask('/account/', { headers: { cookie } })).status, 401, 'a page asks to sign in');
    }));

  test('M13: whoever shows proofs without end is heard no more, and leaves no more behind', () =>
    withAnn(
      async ({ client, server }) => {
        client.key = '';
        const ask = () => client.once('/auth/login/', { method: 'POST', json: { username: 'nobody', password: 'no' } });
        const codes: (string | null)[] = [];
        for (let asked = 0; asked < 700; asked++) codes.push((await ask()).headers.get('latchkey-reason'));
        assert.deepEqual(new Set(codes), new Set(['use_dpop_nonce', 'invalid_credentials', 'too_many_attempts']));
        const marks = server.rows('SELECT count(*) AS count FROM mark')[0]?.['count'];
        assert.ok(Number(marks) <= 600, `${marks} proofs are kept`);
        // What needs no proof goes on.
        assert.equal((await server.ask(ME)).headers.get('latchkey-reason'), 'not_authenticated');
      },
      { rateLimits: 'on' },
    ));

  test('M10, M14: needs a nonce of ours, and each wrong proof alone is 400', () =>
    withAnn(async ({ client, server }) => {
      client.key = '';
      const { nonce } = client;
      const asked = (payload: Readonly<Record<string, unknown>>, header = {}) =>
        server.ask('/auth/login/', {
          ...login,
          headers: { dpop: client.proofFor('POST', '/auth/login/', { payload, header }) },
        });
      client.nonce = null;
      const first = await asked({});
      assert.equal(reasonOf(first), '400 use_dpop_nonce');
      assert.equal(Reflect.get(Object(first.body), 'code'), 'use_dpop_nonce');
      const given = first.headers.get('dpop-nonce') ?? assert.fail();
      assert.equal(reasonOf(await asked({ nonce: 'made up' })), '400 use_dpop_nonce');
      assert.equal(reasonOf(await asked({ nonce })), '400 use_dpop_nonce', 'one for requests is none for this');
      const wrong = { htm: 'GET', htu: `${ORIGIN}/auth/signin/`, jti: '' };
      for (const [name, value] of Object.entries(wrong)) {
        assert.equal(reasonOf(await asked({ nonce: given, [name]: value })), '400 invalid_dpop_proof', name);
      }
      assert.equal(reasonOf(await asked({ nonce: given }, { typ: 'JWT' })), '400 invalid_dpop_proof');
      assert.equal(reasonOf(await asked({})), '400 use_dpop_nonce', 'who was told once is told again');
      assert.equal((await asked({ nonce: given })).status, 200);
      server.clock.advance(2 * NONCE_EPOCH_MS);
      assert.equal(reasonOf(await asked({ nonce: given })), '400 use_dpop_nonce', 'made before, for now');
    }));

  test('M9, M16: a proof of a sign-in is good once, whatever came of that, and gives nothing without a password', () =>
    withAnn(async ({ client, server }) => {
      client.key = '';
      await client.once('/auth/login/', login);
      const stolen = client.proofFor('POST', '/auth/login/');
      const wrong = { username: 'ann', password: 'wrong' };
      const headers = { dpop: stolen };
      assert.equal(reasonOf(await server.post('/auth/login/', wrong, { headers })), '400 invalid_credentials');
      assert.equal(reasonOf(await server.post('/auth/login/', login.json, { headers })), '400 invalid_dpop_proof');
    }));

  test('where it is required, nobody gets a key without one, and browsers sign in on our pages as before', () =>
    withAnn(
      async ({ client, server }) => {
        for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
          const refused = await server.post(path, login.json);
          assert.equal(reasonOf(refused), '400 invalid_dpop_proof', path);
          assert.deepEqual(refused.body, {
            detail: 'A DPoP proof is needed to sign in.',
            code: 'invalid_dpop_proof',
          });
        }
        assert.equal((await client.once(ME)).status, 200);
        const page = await server.ask('/login/', {
          method: 'POST',
          form: { login: 'ann', username: 'ann', password: PASSWORD },
          headers: { origin: ORIGIN },
        });
        assert.notEqual(cookieIn(page, '__Host-latchkey'), '');
        const headers = { cookie: cookiePairIn(page, '__Host-latchkey') };
        assert.equal((await server.ask(ME, { headers })).status, 200);
      },
      { boundKeys: { policy: 'required' } },
    ));

  test('where it is off, a proof is passed over', () =>
    withAnn(
      async ({ client, server }) => {
        const answer = await client.signIn();
        assert.deepEqual([answer.status, Reflect.has(Object(answer.body), 'token_type')], [200, false]);
        assert.equal((await server.ask(ME, { key: client.key })).status, 200);
      },
      { boundKeys: { policy: 'off' } },
    ));
});

describe('a bound key', () => {
  test('M11: is worth nothing by another scheme, with another key or with none, and its session goes on', () =>
    withAnn(async ({ client, server }) => {
      const before = server.rows('SELECT * FROM session');
      const thief = new BoundClient(server);
      Object.assign(thief, { key: client.key, nonce: client.nonce });
      server.clock.advance(120_000);
      for (const scheme of ['Token', 'Bearer', 'bearer', 'TOKEN ']) {
        for (const dpop of [undefined, client.proofFor('GET', ME)]) {
          const headers = { authorization: `${scheme} ${client.key}`, ...(dpop !== undefined && { dpop }) };
          const refused = await server.ask(ME, { headers });
          assert.equal(reasonOf(refused), '401 invalid_token', scheme);
          assert.equal(challengeOf(refused), 'DPoP error="invalid_token", algs="ES256 EdDSA Ed25519"');
        }
      }
      const wrong = [
        await thief.once(ME),
        await thief.once(ME, { header: null }),
        await thief.once(ME, { header: 'nonsense' }),
        await thief.once(ME, { header: proofOf(client.clientKey, { payload: {}, signedBy: thief.clientKey }) }),
      ];
      for (const refused of wrong) {
        assert.equal(reasonOf(refused), WRONG);
        assert.equal(challengeOf(refused), 'DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519"');
        assert.deepEqual(refused.body, wrong[0]?.body, 'no answer tells more than another');
        assert.equal(refused.headers.get('dpop-nonce'), null);
      }
      await server.assembled.parts.touches.flush();
      assert.deepEqual(server.rows('SELECT * FROM session'), before, 'nor was it seen');
      assert.equal((await client.once(ME)).status, 200);
      await server.assembled.parts.touches.flush();
      assert.notDeepEqual(server.rows('SELECT * FROM session'), before, 'its holder was');
    }));

  test('M11: one that is not bound is none of this scheme, and no one is told apart from another', () =>
    withAnn(async ({ client, server }) => {
      const unbound = await server.signIn('ann');
      const answers: Answer[] = [];
      for (const key of [unbound, 'nonsense', `${unbound.slice(0, -1)}x`]) {
        const headers = { authorization: `DPoP ${key}`, dpop: client.proofFor('GET', ME) };
        answers.push(await server.ask(ME, { headers }));
      }
      for (const answer of answers) {
        assert.equal(reasonOf(answer), '401 invalid_token');
        assert.deepEqual([answer.body, challengeOf(answer)], [answers[0]?.body, challengeOf(answers[0] as Answer)]);
      }
      assert.equal((await server.ask(ME, { key: unbound })).status, 200);
    }));

  test('M5, M6, M8, M12: its proof is of this method, this URL and this token', () =>
    withAnn(async ({ client, server }) => {
      const other = new BoundClient(server, client.clientKey);
      await other.signIn();
      const wrong: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
        'another method': { htm: 'POST' },
        'HEAD for GET': { htm: 'HEAD' },
        'another route': { htu: `${ORIGIN}/auth/user/` },
        'without its slash': { htu: `${ORIGIN}/auth/session` },
        'another tenant': { htu: `https://other.example${ME}` },
        'this node’s own address': { htu: server.url + ME },
        'no encryption': { htu: `http://id.example${ME}` },
        'another token of the same key': { ath: undefined },
        'an id that is no text': { jti: 7 },
        'a time that is no number': { iat: 'now' },
      };
      for (const [what, payload] of Object.entries(wrong)) {
        assert.equal(reasonOf(await client.once(ME, { proof: { payload } })), WRONG, what);
      }
      const taken = await client.once(`${ME}?page=1`, { headers: { host: 'evil.example' } });
      assert.equal(taken.status, 200, 'what the client says of our name does not count');
      assert.equal((await client.once('/auth/session', {})).status, 200, 'the path is the one that was asked for');
      assert.equal((await client.once(ME, { method: 'HEAD' })).status, 200);
    }));

  test('M1: several headers are none', () =>
    withAnn(async ({ client, server }) => {
      const [one, two] = [client.proofFor('GET', ME), client.proofFor('GET', ME)];
      const lines = [`GET ${ME} HTTP/1.1`, 'Host: id.example', `Authorization: DPoP ${client.key}`];
      const answered = await server.raw(
        [...lines, `DPoP: ${one}`, `DPoP: ${two}`, 'Connection: close', '', ''].join('\r\n'),
      );
      assert.match(answered, /^HTTP\/1\.1 401 /);
      assert.match(answered, /latchkey-reason: invalid_dpop_proof/i);
      const alone = await server.raw([...lines, `DPoP: ${one}`, 'Connection: close', '', ''].join('\r\n'));
      assert.match(alone, /^HTTP\/1\.1 200 /);
      const headers = new Headers({ authorization: `DPoP ${client.key}` });
      for (const _ of [1, 2]) headers.append('dpop', client.proofFor('GET', ME));
      const who = await server.auth.authenticate(new Request(ORIGIN + ME, { headers }));
      assert.equal(who.signedIn ? 'signed in' : who.code, 'invalid_dpop_proof');
    }));

  test('M9: a proof is good once, and of twenty at once one is', () =>
    withAnn(async ({ client }) => {
      const proof = client.proofFor('GET', ME);
      assert.equal((await client.once(ME, { header: proof })).status, 200);
      const again = await client.once(ME, { header: proof });
      assert.equal(reasonOf(again), WRONG);
      const other = client.proofFor('GET', ME);
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.once(ME, { header: other })));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal((await client.once(ME)).status, 200);
    }));

  test('M10, M14: its nonce is ours and of now; a new one comes before the old is over', () =>
    withAnn(async ({ client, server }) => {
      const { nonce } = client;
      const bare = await client.once(ME, { proof: { payload: { nonce: undefined } } });
      assert.equal(reasonOf(bare), '401 use_dpop_nonce');
      assert.equal(challengeOf(bare), 'DPoP error="use_dpop_nonce", algs="ES256 EdDSA Ed25519"');
      assert.equal(bare.headers.get('dpop-nonce'), nonce);
      assert.equal(bare.headers.get('cache-control'), 'no-store');
      assert.equal((await client.once(ME)).headers.get('dpop-nonce'), null);
      server.clock.advance(NONCE_EPOCH_MS);
      const fresh = await client.once(ME);
      assert.equal(fresh.status, 200);
      assert.notEqual(fresh.headers.get('dpop-nonce'), null);
      assert.notEqual(client.nonce, nonce);
      const made = client.proofFor('GET', ME);
      server.clock.advance(2 * NONCE_EPOCH_MS);
      assert.equal(reasonOf(await client.once(ME, { header: made })), '401 use_dpop_nonce', 'made ahead');
      assert.equal((await client.once(ME)).status, 200);
      for (const wrong of ['', 'x', 7, null, `${client.nonce}x`]) {
        const refused = await client.once(ME, { proof: { payload: { nonce: wrong } } });
        assert.equal(reasonOf(refused), '401 use_dpop_nonce', String(wrong));
      }
    }));

  test('M17: a clock that is ten minutes off does not matter with nonces, and does without', async () => {
    const off = (server: TestServer) => ({ proof: { payload: { iat: server.clock() / 1000 - 600 } } });
    await withAnn(async ({ client, server }) => {
      assert.equal((await client.once(ME, off(server))).status, 200);
    });
    const boundKeys = { replay: 'jti' } as const;
    await withAnn(
      async ({ client, server }) => {
        assert.equal(client.nonce, null, 'nobody is asked for one');
        assert.equal(reasonOf(await client.once(ME, off(server))), WRONG);
        const proof = client.proofFor('GET', ME);
        assert.equal((await client.once(ME, { header: proof })).status, 200);
        server.clock.advance(59_000);
        assert.equal(reasonOf(await client.once(ME, { header: proof })), WRONG, 'seen');
      },
      { boundKeys },
    );
  });

  test('with nonces alone a proof looks again for minutes, and changes nothing twice', () =>
    withAnn(
      async ({ client, server }) => {
        const looks = client.proofFor('GET', ME);
        for (const _ of [1, 2]) assert.equal((await client.once(ME, { header: looks })).status, 200);
        const path = '/auth/user/';
        const changes = { method: 'PATCH', json: { first_name: 'Ann' }, header: client.proofFor('PATCH', path) };
        assert.equal((await client.once(path, changes)).status, 200);
        assert.equal(reasonOf(await client.once(path, changes)), WRONG);
        server.clock.advance(2 * NONCE_EPOCH_MS);
        assert.equal(reasonOf(await client.once(ME, { header: looks })), '401 use_dpop_nonce');
      },
      { boundKeys: { replay: 'nonce' } },
    ));

  test('M13: where it cannot be noted that a proof was seen, it is not taken', () =>
    withAnn(async ({ client, server }) => {
      const { parts } = server.assembled;
      const { add } = parts.store.marks;
      Object.assign(parts.store.marks, { add: () => Promise.reject(new Error('full')) });
      assert.equal((await client.once(ME)).status, 500);
      Object.assign(parts.store.marks, { add });
      assert.equal((await client.once(ME)).status, 200);
      server.errors.length = 0;
    }));

  test('M13: what was seen is kept as a hash, for minutes', () =>
    withAnn(async ({ client, server }) => {
      for (let times = 0; times < 5; times++) await client.once(ME, { proof: { payload: { jti: `secret-${times}` } } });
      const marks = server.rows('SELECT length(hash) AS length, expires_at FROM mark') as {
        length: number;
        expires_at: number;
      }[];
      assert.equal(marks.length, 6, 'and that of the sign-in');
      for (const { length, expires_at } of marks) {
        assert.equal(length, 32);
        assert.ok(expires_at - server.clock() <= 4 * NONCE_EPOCH_MS);
      }
      assert.equal(server.bytes().includes('secret-1'), false);
    }));

  test('signs out with its proof, and not without: whoever wants to sign out is not told that they did', () =>
    withAnn(async ({ client, server }) => {
      const path = '/auth/logout/';
      assert.equal(reasonOf(await client.once(path, { method: 'POST', header: null })), WRONG);
      assert.equal(reasonOf(await server.ask(path, { method: 'POST', key: client.key })), '401 invalid_token');
      const bare = await client.once(path, { method: 'POST', proof: { payload: { nonce: undefined } } });
      assert.equal(reasonOf(bare), '401 use_dpop_nonce');
      const cookie = `__Host-latchkey=${client.key}`;
      await server.ask(path, { method: 'POST', headers: { cookie, origin: ORIGIN } });
      const unbound = await server.signIn('ann');
      await server.ask(path, { method: 'POST', key: unbound, headers: { cookie } });
      assert.equal((await client.once(ME)).status, 200, 'nor by a cookie beside another key');
      assert.equal((await client.once(path, { method: 'POST' })).status, 200);
      assert.equal(reasonOf(await client.once(ME)), '401 signed_out');
    }));

  test('opens its stream of events with its proof alone', () =>
    withAnn(async ({ client, server }) => {
      const path = '/auth/events/';
      assert.equal(reasonOf(await server.ask(path, { key: client.key })), '401 invalid_token');
      assert.equal(reasonOf(await client.once(path, { header: null })), WRONG);
      const opened = await client.once(path);
      assert.deepEqual([opened.status, opened.headers.get('content-type')], [200, 'text/event-stream']);
    }));

  test('M15: pages of other origins may send proofs and read nonces', () =>
    withAnn(
      async ({ client, server }) => {
        const origin = 'https://app.example';
        const asked = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } };
        const allowed = (await server.ask(ME, asked)).headers.get('access-control-allow-headers') ?? '';
        assert.ok(allowed.split(', ').includes('DPoP'));
        const bare = { proof: { payload: { nonce: undefined } }, headers: { origin } };
        const exposed = (await client.once(ME, bare)).headers.get('access-control-expose-headers') ?? '';
        for (const name of ['DPoP-Nonce', 'WWW-Authenticate']) assert.ok(exposed.split(', ').includes(name), name);
      },
      { corsOrigins: ['https://app.example'] },
    ));
});

describe('F-19: a key that was copied', () => {
  test('fails where it is, its owner is told once a day by mail, and the host each time', () =>
    withAnn(async ({ client, server, heard }) => {
      const thief = new BoundClient(server);
      Object.assign(thief, { key: client.key, nonce: client.nonce });
      server.mailbox.clear();
      for (let times = 0; times < 3; times++) await thief.once(ME);
      await server.ask(ME, { key: client.key });
      const misuses = heard.flatMap((event) =>
        event.type === 'key_misused' ? [`${event.session.accountId} ${event.reason}`] : [],
      );
      assert.deepEqual(misuses, ['1 other_key', '1 other_key', '1 other_key', '1 missing']);
      const [mail, ...more] = await server.mailsTo('ann@example.org');
      assert.deepEqual([mail?.subject, more], ['A copied key was used on id.example', []]);
      assert.match(mail?.text ?? '', /https:\/\/id\.example\/not-me\//);
      assert.doesNotMatch(mail?.text ?? '', new RegExp(client.key));
      assert.match(metricsText(server.assembled.parts), /^latchkey_key_misuses_total 4$/m);
      assert.match(metricsText(server.assembled.parts), /^latchkey_proofs_refused_total\{reason="other_key"\} 3$/m);
    }));

  test('is not taken for one where its holder made a mistake: a nonce, a clock, a proof sent twice', () =>
    withAnn(async ({ client, server, heard }) => {
      server.mailbox.clear();
      const proof = client.proofFor('GET', ME);
      for (const _ of [1, 2]) await client.once(ME, { header: proof });
      await client.once(ME, { proof: { payload: { nonce: undefined } } });
      await client.once(ME, { proof: { payload: { htu: 'https://other.example/' } } });
      assert.deepEqual(await server.mailsTo('ann@example.org'), []);
      const misuses = heard.flatMap((event) => (event.type === 'key_misused' ? [event.reason] : []));
      assert.deepEqual(misuses, ['replayed'], 'the host may think otherwise of one that came twice');
    }));

  test('F-27: a device token that was copied makes no bound session another’s: a new sign-in is a new key', () =>
    withAnn(async ({ client, server }) => {
      const device = memberOf((await client.signIn()).body, 'device');
      const thief = new BoundClient(server, newKey());
      const answer = await thief.ask('/auth/login/', { ...login, headers: { 'latchkey-device': device } });
      thief.key = memberOf(answer.body, 'key');
      assert.equal((await thief.once(ME)).status, 200);
      assert.equal(reasonOf(await client.once(ME)), '401 session_displaced', 'the place is one, and not shared');
      Object.assign(client, { key: thief.key });
      assert.equal(reasonOf(await client.once(ME)), WRONG);
    }));
});

describe('authenticate, of a bound key', () => {
  test('knows it by a Request and by a request of node:http, and by headers alone says what is missing', () =>
    withAnn(async ({ client, server }) => {
      const path = '/lessons/1?page=2';
      const headersFor = (method: string, of = path) => ({
        authorization: `DPoP ${client.key}`,
        dpop: client.proofFor(method, of),
      });
      const codeOf = async (from: Parameters<TestServer['auth']['authenticate']>[0]): Promise<string> => {
        const who = await server.auth.authenticate(from);
        return who.signedIn ? 'signed in' : who.code;
      };
      // As a proxy hands it on: another name, another port, no encryption.
      const inside = `http://10.0.0.7:3000${path}`;
      assert.equal(await codeOf(new Request(inside, { headers: headersFor('GET') })), 'signed in');
      assert.equal(await codeOf(new Request(inside, { method: 'POST', headers: headersFor('POST') })), 'signed in');
      assert.equal(
        await codeOf(new Request(inside, { method: 'POST', headers: headersFor('GET') })),
        'invalid_dpop_proof',
      );
      assert.equal(await codeOf({ method: 'GET', url: path, headers: headersFor('GET') }), 'signed in');
      const mounted = { method: 'GET', url: '/1?page=2', originalUrl: path, headers: headersFor('GET') };
      assert.equal(await codeOf(mounted), 'signed in');
      assert.equal(await codeOf({ method: 'GET', url: inside, headers: headersFor('GET') }), 'signed in');
      const unknown = 'dpop_request_unknown';
      assert.equal(await codeOf(headersFor('GET')), unknown);
      assert.equal(await codeOf(new Headers(headersFor('GET'))), unknown);
      assert.equal(await codeOf({ headers: headersFor('GET') }), unknown);
      assert.equal(await codeOf({ authorization: `Token ${client.key}` }), 'invalid_token');
      assert.equal(
        await codeOf({ method: 'GET', url: path, headers: { authorization: `Bearer ${client.key}` } }),
        'invalid_token',
      );
    }));

  test('gives the answer that clients know, and the nonce that is to be sent along', () =>
    withAnn(async ({ client, server }) => {
      const asked = () =>
        new Request(`${ORIGIN}/lessons/1`, {
          headers: { authorization: `DPoP ${client.key}`, dpop: client.proofFor('GET', '/lessons/1') },
        });
      const who = await server.auth.authenticate(asked());
      assert.equal(who.signedIn && who.dpopNonce, null);
      server.clock.advance(NONCE_EPOCH_MS);
      const later = await server.auth.authenticate(asked());
      assert.match((later.signedIn && later.dpopNonce) || '', /^\w+\.[\w-]{43}$/);
      server.clock.advance(2 * NONCE_EPOCH_MS);
      const late = await server.auth.authenticate(asked());
      if (late.signedIn) assert.fail();
      const answer = late.respond();
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'DPoP error="use_dpop_nonce", algs="ES256 EdDSA Ed25519"');
      assert.match(answer.headers.get('dpop-nonce') ?? '', /^\w+\.[\w-]{43}$/);
    }));
});
