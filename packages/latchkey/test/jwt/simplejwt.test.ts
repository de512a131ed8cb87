/** A shop moves here with people signed in: what simplejwt has signed there is taken until it is over. */
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import type { SourceAccount } from '../../src/model/import.ts';
import { PASSWORD } from '../http/serving.ts';
import { encode, type JwtServer, jwtServer } from './tokens.ts';

const SECRET_KEY = 'django-insecure-a-key-of-the-shop-that-was';
let made = 0;

type Given = { readonly header?: string; readonly secret?: string; readonly claims?: object };

/** As PyJWT writes it. */
function tokenOf(
  server: JwtServer,
  type: 'access' | 'refresh',
  { header, secret = SECRET_KEY, claims = {} }: Given = {},
) {
  made++;
  const now = Math.floor(server.clock() / 1000);
  const payload = {
    token_type: type,
    exp: now + (type === 'access' ? 300 : 86_400),
    iat: now,
    jti: made.toString(16).padStart(32, '0'),
    user_id: 1,
    ...claims,
  };
  const signed = `${encode(header ?? '{"alg":"HS256","typ":"JWT"}')}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const jtiOf = (token: string): string =>
  String((JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti);

async function shop(more: object = {}): Promise<JwtServer> {
  const server = await jwtServer({ jwt: { simplejwtKey: SECRET_KEY, ...more } });
  await comesAlong(server, 1, 'alice');
  return server;
}

/** An account that an import has brought, under the number that it had there. */
async function comesAlong({ assembled }: JwtServer, id: number, username: string): Promise<void> {
  const { store, hasher } = assembled.parts;
  const source: SourceAccount = {
    ...{ id, username, usernameKey: username, firstName: '', lastName: '', profile: {}, state: 'active', roles: [] },
    ...{ createdAt: 1, addresses: [], credentials: [], password: await hasher.hash(PASSWORD) },
    origin: { lastLogin: '', unusable: '', email: '', addresses: [], credentials: [] },
    prints: { account: 'a', addresses: 'a', rights: 'a', password: 'a', credentials: 'a', origin: 'a' },
  };
  const range = { source: 'django', after: id - 1, upTo: id, unread: [], isWhole: true, isLook: false } as const;
  await store.imports.accounts({ ...range, accounts: [source], demandedOf: 'nobody' });
}

const liveOf = async (server: JwtServer): Promise<number> => (await server.auth.sessions.list(1)).length;

describe('tokens from before the move', () => {
  test('an access token is good until it is over, in both ways in which a header is written', async () => {
    await using server = await shop();
    for (const header of ['{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"HS256"}']) {
      const token = tokenOf(server, 'access', { header, claims: { user_id: header.startsWith('{"alg') ? 1 : '1' } });
      assert.equal(await server.check(token), '200');
      assert.equal(await server.check(token), '200');
      assert.equal(await server.verify(token), '200');
      assert.equal(await liveOf(server), 1, 'one token is one session');
      server.clock.advance(300_000);
      assert.equal(await server.check(token), '401 token_expired');
      assert.equal(await liveOf(server), 0);
    }
  });

  test('P1: the next sign-in brings the account to its limit: what they became is displaced like any other', async () => {
    await using server = await shop();
    const tokens = [1, 2, 3].map(() => tokenOf(server, 'access'));
    for (const token of tokens) assert.equal(await server.check(token), '200');
    assert.equal(await liveOf(server), 3, 'they enter without a limit');
    await server.signIn('alice');
    assert.equal(await liveOf(server), 1);
    for (const token of tokens) assert.equal(await server.check(token), '401 session_displaced');
  });

  test('G4: of a suspended account, of one that is gone, and after a password reset they are refused', async () => {
    await using server = await shop();
    const used = tokenOf(server, 'access');
    assert.equal(await server.check(used), '200');
    await server.auth.accounts.suspend(1);
    for (const token of [used, tokenOf(server, 'access')])
      assert.equal(await server.check(token), '401 account_disabled');
    const refused = await server.refresh(tokenOf(server, 'refresh'));
    assert.equal(refused.said, '401 account_disabled');
    assert.equal(await server.check(tokenOf(server, 'access', { claims: { user_id: 99 } })), '401 account_disabled');
    assert.equal(await liveOf(server), 0);
    await server.auth.accounts.reactivate(1);
    assert.equal(await server.check(used), '401 account_disabled', 'none comes back');
  });

  test('a refresh token becomes a session of its own, once: G1, G2 hold for it, too', async () => {
    await using server = await shop();
    const old = tokenOf(server, 'refresh');
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.refresh(old)));
    assert.deepEqual([...new Set(answers.map(({ said }) => said))], ['200']);
    assert.equal(new Set(answers.map(({ pair }) => jtiOf(pair.refresh))).size, 1);
    assert.equal(await liveOf(server), 1);
    const [first = assert.fail()] = answers;
    assert.equal(await server.check(first.pair.access), '200');
    const { pair } = await server.refresh(first.pair.refresh);
    server.clock.advance(11_000);
    assert.equal((await server.refresh(old)).said, '401 session_revoked');
    assert.equal((await server.refresh(pair.refresh)).said, '401 session_revoked');
    assert.equal((await server.refresh(old)).said, '401 session_revoked', 'and never opens another');
    assert.equal(await liveOf(server), 0);
  });

  test('F-14: what voids what an account allows voids tokens from before that were never shown here, too', async () => {
    const ends: Readonly<Record<string, (server: JwtServer) => Promise<unknown>>> = {
      'a sign-out everywhere': ({ auth }) => auth.sessions.endAll(1),
      'a new password': async (server) => {
        const { access } = await server.signIn('alice');
        const passwords = { new_password1: 'Brand-new-pw-77', new_password2: 'Brand-new-pw-77' };
        const headers = { authorization: `Bearer ${access}` };
        assert.equal((await server.post('/auth/password/change/', passwords, { headers })).status, 200);
        await server.post('/auth/logout/', {}, { headers });
      },
      'a suspension that was lifted': async ({ auth }) => {
        await auth.accounts.suspend(1);
        await auth.accounts.reactivate(1);
      },
    };
    for (const [name, end] of Object.entries(ends)) {
      await using server = await shop();
      const [access, refresh] = [tokenOf(server, 'access'), tokenOf(server, 'refresh')];
      await end(server);
      assert.match(await server.check(access), /^401 /, name);
      assert.match((await server.refresh(refresh)).said, /^401 /, name);
      assert.equal(await liveOf(server), 0, name);
    }
  });

  test('G1: one whose session is long forgotten opens no other', async () => {
    await using server = await shop();
    const days = 86_400;
    const old = tokenOf(server, 'refresh', { claims: { exp: Math.floor(server.clock() / 1000) + 365 * days } });
    assert.equal((await server.refresh(old)).said, '200');
    const [opened] = await server.auth.sessions.list(1);
    await server.auth.sessions.end(1, opened?.id ?? '');
    server.clock.advance(60 * days * 1000);
    const { store } = server.assembled.parts;
    assert.equal(await store.sessions.purge({ keepMs: 30 * days * 1000, limit: 100 }), 1);
    await store.once.purge(100);
    assert.match((await server.refresh(old)).said, /^401 /);
    assert.equal(await liveOf(server), 0);
  });

  test('of one who did not come along, whoever has their number here, none is good', async () => {
    await using server = await jwtServer({ jwt: { simplejwtKey: SECRET_KEY } });
    await server.auth.accounts.create({ username: 'made-here', password: PASSWORD });
    assert.match(await server.check(tokenOf(server, 'access')), /^401 /);
    assert.match((await server.refresh(tokenOf(server, 'refresh'))).said, /^401 /);
    assert.equal(await liveOf(server), 0);
  });

  test('one that was blacklisted there opens nothing here', async () => {
    await using server = await shop();
    const old = tokenOf(server, 'refresh');
    for (const _ of ['once', 'and again'])
      await server.auth.sessions.blacklistToken(jtiOf(old), new Date(server.clock() + 86_400_000));
    assert.equal((await server.refresh(old)).said, '401 invalid_token');
    assert.equal(await liveOf(server), 0);
    assert.equal((await server.refresh(tokenOf(server, 'refresh'))).said, '200');
  });

  test('G7, G8: what the shop’s key has not signed, or not so, is refused', async () => {
    await using server = await shop();
    const headers = [
      '{"alg":"none","typ":"JWT"}',
      '{"alg":"HS512","typ":"JWT"}',
      '{"alg":"HS256","typ":"JWT","kid":"x"}',
    ];
    const wrong = [
      ...headers.map((header) => tokenOf(server, 'access', { header })),
      tokenOf(server, 'access', { secret: `${SECRET_KEY}x` }),
      tokenOf(server, 'access', { header: '{"alg":"HS256","typ":"at+jwt"}' }),
      ...[{ user_id: 0 }, { user_id: -1 }, { user_id: '01' }, { user_id: 1.5 }, { user_id: [1] }, { jti: '' }].map(
        (claims) => tokenOf(server, 'access', { claims }),
      ),
      ...[{ exp: undefined }, { exp: '9999999999' }, { token_type: 'sliding' }, { nbf: 9_999_999_999 }].map((claims) =>
        tokenOf(server, 'access', { claims }),
      ),
      tokenOf(server, 'refresh'),
    ];
    for (const token of wrong) assert.equal(await server.check(token), '401 invalid_token', token);
    assert.equal((await server.refresh(tokenOf(server, 'access'))).said, '401 invalid_token');
    assert.equal(await liveOf(server), 0);
  });

  test('where it is not switched on they are nothing', async () => {
    await using server = await jwtServer();
    await server.auth.accounts.create({ username: 'alice', password: PASSWORD });
    assert.equal(await server.check(tokenOf(server, 'access')), '401 invalid_token');
    assert.equal((await server.refresh(tokenOf(server, 'refresh'))).said, '401 invalid_token');
  });

  test('V9.1.2: by a public key, which is no secret', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await using server = await shop({ simplejwtKey: pem });
    const payload = tokenOf(server, 'access').split('.')[1] ?? '';
    const rs256 = (key: KeyObject): string => {
      const signed = `${encode('{"alg":"RS256","typ":"JWT"}')}.${payload}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
    };
    assert.equal(await server.check(rs256(privateKey)), '200');
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    assert.equal(
      await server.check(rs256(createPrivateKey(other.export({ type: 'pkcs8', format: 'pem' })))),
      '401 invalid_token',
    );
    for (const secret of [pem, pem.trim()])
      assert.equal(await server.check(tokenOf(server, 'access', { secret })), '401 invalid_token');
  });
});
