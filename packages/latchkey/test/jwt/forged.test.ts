/** Tokens that nobody here has signed, or not for this: none opens anything. */
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { CompactEncrypt, SignJWT } from 'jose';
import { encode, type JwtServer, jwtServer, partsIn } from './tokens.ts';

const SECRET = 'a secret of tokens that is long enough';

/** A key's own signature over whatever header and payload: what an attacker would have to have. */
async function ownKeyOf(server: JwtServer) {
  const { parts } = server.assembled;
  const now = server.clock();
  const turn = Math.floor(now / (30 * 86_400_000));
  const kept = await parts.store.settings.getOrSet(`jwt_key ES256 1-${turn}`, '');
  return createPrivateKey(parts.keys.open('jwt key', Buffer.from(kept, 'base64')));
}

const es256 = (key: ReturnType<typeof createPrivateKey>, header: string, payload: string): string =>
  `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;

async function isRefused(server: JwtServer, token: string, name: string): Promise<void> {
  assert.equal(await server.check(token), '401 invalid_token', `${name} at a check`);
  assert.equal((await server.refresh(token)).status, token.trim() === '' ? 400 : 401, `${name} at a refresh`);
  assert.equal(await server.verify(token), '401 invalid_token', `${name} where tokens are verified`);
}

describe('G8, V9.1: what a token says of itself is not believed', () => {
  test('a header other than ours, signed by our own key even', async () => {
    await using server = await jwtServer();
    const { access } = await server.register('alice');
    const key = await ownKeyOf(server);
    const { header, letters } = partsIn(access);
    assert.equal(await server.check(es256(key, letters.header, letters.payload)), '200', 'the key is ours');
    const { d: _, ...jwk } = key.export({ format: 'jwk' });
    const headers: Readonly<Record<string, unknown>> = {
      none: { ...header, alg: 'none' },
      None: { ...header, alg: 'None' },
      nOnE: { ...header, alg: 'nOnE' },
      'no alg': { typ: header['typ'], kid: header['kid'] },
      RS256: { ...header, alg: 'RS256' },
      HS256: { ...header, alg: 'HS256' },
      'another order': { typ: header['typ'], alg: header['alg'], kid: header['kid'] },
      crit: { ...header, crit: ['exp'] },
      b64: { ...header, b64: false, crit: ['b64'] },
      jwk: { ...header, jwk },
      'no kid': { alg: header['alg'], typ: header['typ'] },
      'another kid': { ...header, kid: '1-1' },
      'kid as a path': { ...header, kid: '../../../../dev/null' },
      'kid as SQL': { ...header, kid: "1' or '1'='1" },
      'kid as a list': { ...header, kid: [header['kid']] },
      JWT: { ...header, typ: 'JWT' },
      'no typ': { alg: header['alg'], kid: header['kid'] },
      'a refresh token’s typ': { ...header, typ: 'rt+jwt' },
      'DPoP’s typ': { ...header, typ: 'dpop+jwt' },
      cty: { ...header, cty: 'JWT' },
      zip: { ...header, zip: 'DEF' },
      'members twice': `{"alg":"none",${JSON.stringify(header).slice(1)}`,
      'blanks between': JSON.stringify(header, null, 1),
      'a list': [header],
      'a megabyte': { ...header, x: 'x'.repeat(1_000) },
    };
    for (const [name, forged] of Object.entries(headers))
      await isRefused(server, es256(key, encode(forged), letters.payload), name);
    await isRefused(server, `${encode({ ...header, alg: 'none' })}.${letters.payload}.`, 'none without a signature');
  });

  test('V9.1.2: a public key is no secret', async () => {
    await using server = await jwtServer();
    const { access } = await server.register('alice');
    const { payload } = partsIn(access).letters;
    const key = createPublicKey(await ownKeyOf(server));
    const kid = partsIn(access).header['kid'];
    const secrets = [
      key.export({ type: 'spki', format: 'pem' }).toString(),
      key.export({ type: 'spki', format: 'pem' }).toString().trim(),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.export({ format: 'jwk' })),
      '',
    ];
    for (const secret of secrets) {
      for (const typ of ['at+jwt', 'JWT']) {
        const signed = `${encode({ alg: 'HS256', typ, kid })}.${payload}`;
        const mac = createHmac('sha256', secret).update(signed).digest('base64url');
        await isRefused(server, `${signed}.${mac}`, 'HS256 by the public key');
      }
    }
  });

  test('V9.1.3: nothing is fetched that a header names', async () => {
    let asked = 0;
    const there = createServer((_, res) => {
      asked++;
      res.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => there.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(there.address() as AddressInfo).port}/keys`;
    try {
      await using server = await jwtServer();
      const { access } = await server.register('alice');
      const { payload } = partsIn(access).letters;
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const { kid } = partsIn(access).header;
      for (const name of ['jku', 'x5u'])
        await isRefused(
          server,
          es256(privateKey, encode({ alg: 'ES256', typ: 'at+jwt', kid, [name]: url }), payload),
          name,
        );
      assert.equal(asked, 0);
    } finally {
      there.close();
    }
  });

  test('V9.1.1: no letter of a token can be another', async () => {
    await using server = await jwtServer();
    const { access } = await server.register('alice');
    for (const [at, letter] of [...access].entries()) {
      const forged = access.slice(0, at) + (letter === 'A' ? 'B' : 'A') + access.slice(at + 1);
      assert.equal(await server.check(forged), '401 invalid_token', `letter ${at}`);
    }
    // The last letter of a signature of 64 bytes has two bits that say nothing.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const letter of alphabet) {
      const other = access.slice(0, -1) + letter;
      assert.equal(await server.check(other), other === access ? '200' : '401 invalid_token');
    }
    const forms = [
      `${access}=`,
      `${access}.`,
      `${access}.x`,
      `.${access}`,
      access.replace('.', '..'),
      `${access}\u00e9`,
    ];
    for (const form of forms) assert.equal(await server.check(form), '401 invalid_token');
  });

  test('nested, encrypted and huge ones', async () => {
    await using server = await jwtServer({ jwt: { algorithm: 'HS256', secret: SECRET } });
    const { access } = await server.register('alice');
    assert.equal(await server.check(access), '200');
    const nested = await new SignJWT({ token: access })
      .setProtectedHeader({ alg: 'HS256', cty: 'JWT' })
      .sign(Buffer.from(SECRET));
    const encrypted = await new CompactEncrypt(Buffer.from(access))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(Buffer.alloc(32));
    await isRefused(server, nested, 'nested');
    await isRefused(server, encrypted, 'encrypted');
    const huge = await new SignJWT({ x: 'x'.repeat(9_000) })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(Buffer.from(SECRET));
    await isRefused(server, huge, 'huge');
  });
});

describe('V9.2: what was signed is looked at, too', () => {
  test('times, type, issuer and audience', async () => {
    await using server = await jwtServer({ jwt: { algorithm: 'HS256', secret: SECRET } });
    const { access, refresh } = await server.register('alice');
    const { payload } = partsIn(access);
    const now = server.clock() / 1000;
    const signed = (claims: object, typ = 'at+jwt') => {
      const text = `${encode({ alg: 'HS256', typ })}.${encode(claims)}`;
      return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
    };
    assert.equal(await server.check(signed(payload)), '200');
    const { exp: _, ...endless } = payload;
    const wrong: Readonly<Record<string, object>> = {
      'no exp': endless,
      'exp as text': { ...payload, exp: String(payload['exp']) },
      'another audience': { ...payload, aud: 'https://other.example' },
      'a list of audiences': { ...payload, aud: [payload['aud'], 'https://other.example'] },
      'another issuer': { ...payload, iss: 'https://other.example' },
      'no type': { ...payload, token_type: undefined },
      'type refresh': { ...payload, token_type: 'refresh' },
      'another session': { ...payload, sid: 'ses_AAAAAAAAAAAAAAAAAAAAAA' },
      'another account': { ...payload, user_id: 2 },
      'account as text': { ...payload, user_id: '1' },
      'another handle': { ...payload, sth: encode('x'.repeat(32)) },
      'a short handle': { ...payload, sth: 'AAAA' },
    };
    for (const [name, claims] of Object.entries(wrong)) await isRefused(server, signed(claims), name);
    assert.equal(await server.check(signed({ ...payload, exp: now - 1 })), '401 token_expired');
    assert.equal(await server.check(signed({ ...payload, nbf: now + 120 })), '401 invalid_token');
    assert.equal(await server.check(signed({ ...payload, nbf: now })), '200');

    // G7: one kind is not the other.
    assert.equal(await server.check(refresh), '401 invalid_token');
    const misused = await server.refresh(access);
    assert.deepEqual(
      [misused.said, (misused.body as { detail: string }).detail],
      ['401 invalid_token', 'Token has wrong type'],
    );
    assert.equal(await server.check(signed(partsIn(refresh).payload)), '401 invalid_token', 'its type twice told');
  });

  test('V9.2.4: tokens of two servers with one secret are not exchangeable', async () => {
    const shared = { algorithm: 'HS256', secret: SECRET } as const;
    await using here = await jwtServer({ jwt: { ...shared, audience: 'here' } });
    await using there = await jwtServer({ jwt: { ...shared, audience: 'there' } });
    const [mine, theirs] = [await here.register('alice'), await there.register('alice')];
    assert.deepEqual(
      [await here.check(theirs.access), await there.check(mine.access)],
      ['401 invalid_token', '401 invalid_token'],
    );
  });
});
