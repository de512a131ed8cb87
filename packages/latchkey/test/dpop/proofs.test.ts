/** One proof at a time: each thing that may be wrong with it, alone wrong (RFC 9449, 4.3 and 11). */
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Expected, type ProofFlaw, proofReader } from '../../src/credentials/dpop.ts';
import { NONCE_EPOCH_MS, proofNonces } from '../../src/credentials/dpop-nonces.ts';
import { keysFrom } from '../../src/crypto/keys.ts';
import { athOf, encoded, hmacOf, type Key, type Made, newKey, proofOf, signatureOf, thumbprintOf } from './prover.ts';

const URL_ = 'https://id.example/auth/user/';
const NOW = Date.UTC(2026, 0, 1, 12);
const TOKEN = 'lk_1_token';
const keys: readonly Key[] = [newKey('ES256'), newKey('EdDSA'), newKey('Ed25519')];
const [key = newKey(), , edwards = newKey('Ed25519')] = keys;
const other = newKey();

const right = { htm: 'PUT', htu: URL_, iat: NOW / 1000, ath: athOf(TOKEN) };
const made = (by: Key, { payload, ...more }: Made = {}): string =>
  proofOf(by, { ...more, payload: { ...right, ...payload } });
const expectedOf = (by: Key, more: Partial<Expected> = {}): Expected => ({
  ...{ method: 'PUT', url: URL_, now: NOW, isNonce: null },
  bound: { token: TOKEN, thumbprint: thumbprintOf(by) },
  ...more,
});
const flawOf = (proof: string | null, expected = expectedOf(key)): ProofFlaw | 'good' => {
  const read = proofReader().read(proof, expected);
  return 'flaw' in read ? read.flaw : 'good';
};

/** Each of these is to be refused for this. */
function refused(flaw: ProofFlaw, proofs: Readonly<Record<string, string | null>>, expected = expectedOf(key)): void {
  for (const [what, proof] of Object.entries(proofs)) assert.equal(flawOf(proof, expected), flaw, what);
}

describe('one proof', () => {
  test('M4: is good as RFC 9449 has it, by each algorithm, again and again', () => {
    for (const by of keys) {
      const reader = proofReader();
      for (const _ of [1, 2]) {
        const read = reader.read(made(by), expectedOf(by));
        assert.equal('flaw' in read ? read.flaw : read.thumbprint, thumbprintOf(by));
      }
    }
  });

  test('names its key by the thumbprint that RFC 9449 gives for its example', () => {
    // Of the proof in 5, figure 2; its thumbprint stands in 6.1.
    const proof =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
    const expected = { method: 'POST', url: 'https://server.example.com/token', bound: null, isNonce: null };
    const read = proofReader().read(proof, { ...expected, now: 1_562_262_616_000 });
    assert.equal('flaw' in read ? read.flaw : read.thumbprint, '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
  });

  test('M1: is one JWS of a bounded length', () => {
    const good = made(key);
    const [head = '', body = '', signature = ''] = good.split('.');
    refused('missing', { none: null });
    refused('form', {
      empty: '',
      two: `${good}, ${good}`,
      'two parts': `${head}.${body}`,
      'four parts': `${good}.${signature}`,
      'an empty part': `${head}..${signature}`,
      'no signature': `${head}.${body}.`,
      padding: `${good}=`,
      'base64 with + and /': `${head}.${body}.${'+/'.repeat(43)}`,
      'a blank': ` ${good}`,
      long: made(key, { payload: { more: 'x'.repeat(4096) } }),
      'no JSON': `${encoded('{')}.${body}.${signature}`,
      'no object': `${encoded([])}.${body}.${signature}`,
      'no UTF-8': `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${body}.${signature}`,
      'what must be understood': made(key, { header: { crit: ['exp'], exp: 1 } }),
      'a payload that is no object': `${head}.${encoded('1')}.${signature}`,
    });
  });

  test('M2: is of its type, and signed by an algorithm that two keys can do', () => {
    refused('type', {
      missing: made(key, { header: { typ: undefined } }),
      JWT: made(key, { header: { typ: 'JWT' } }),
      'of DBSC': made(key, { header: { typ: 'dbsc+jwt' } }),
    });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const { k, ...publicOnly } = { k: encoded(JSON.stringify(key.jwk)), ...key.jwk };
    refused('algorithm', {
      missing: made(key, { header: { alg: undefined } }),
      none: made(key, { header: { alg: 'none' }, signature: () => Buffer.alloc(64) }),
      'HS256 by the public key': made(key, {
        header: { alg: 'HS256' },
        signature: (signed) => hmacOf(JSON.stringify(publicOnly), signed),
      }),
      'RS256 with a short key': made(key, {
        header: { alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) },
        signature: (signed) => sign('sha256', signed, rsa.privateKey),
      }),
      ES384: made(key, { header: { alg: 'ES384', jwk: p384.publicKey.export({ format: 'jwk' }) } }),
      'a name of objects': made(key, { header: { alg: 'constructor' } }),
      'not text': made(key, { header: { alg: ['ES256'] } }),
      'another case': made(key, { header: { alg: 'es256' } }),
    });
    refused('key', {
      'ES256 with P-384': made(key, { header: { jwk: p384.publicKey.export({ format: 'jwk' }) } }),
      'ES256 with Ed25519': made(key, { header: { jwk: edwards.jwk } }),
      'EdDSA with P-256': made(key, { header: { alg: 'EdDSA' } }),
      'oct, under ES256': made(key, { header: { jwk: { kty: 'oct', k } } }),
    });
  });

  test('M3: brings a public key, exactly', () => {
    const { x, y } = key.jwk;
    const jwk = (members: unknown) => made(key, { header: { jwk: members } });
    refused('key', {
      missing: jwk(undefined),
      null: jwk(null),
      text: jwk(JSON.stringify(key.jwk)),
      'a private one, which Node.js would take': jwk(key.privateKey.export({ format: 'jwk' })),
      'a private one of Ed25519': made(edwards, { header: { jwk: edwards.privateKey.export({ format: 'jwk' }) } }),
      symmetric: jwk({ kty: 'oct', k: 'AAAA' }),
      'a point off the curve': jwk({ ...key.jwk, y: x }),
      'no y': jwk({ kty: 'EC', crv: 'P-256', x }),
      'an x that is no text': jwk({ ...key.jwk, x: 1 }),
      padding: jwk({ ...key.jwk, x: `${x}=` }),
      'another spelling': jwk({ ...key.jwk, y: otherSpelling(String(y)) }),
      'more members': jwk({ ...key.jwk, kid: '1' }),
      'huge members': jwk({ ...key.jwk, more: 'x'.repeat(2_000) }),
      'x5c instead': made(key, { header: { jwk: undefined, x5c: ['AAAA'] } }),
      'kid instead': made(key, { header: { jwk: undefined, kid: 'key' } }),
    });
    assert.equal(createPrivateKey(key.privateKey.export({ format: 'pem', type: 'pkcs8' })).type, 'private');
  });

  test('M4: is signed by the key that it brings, over all of it, in the one form of a signature', () => {
    const [head = '', , signature = ''] = made(key).split('.');
    refused('signature', {
      'of another key': made(key, { signedBy: other }),
      cut: made(key, { signature: (_, right_) => right_.subarray(0, 63) }),
      'nothing but zeros': made(key, { signature: () => Buffer.alloc(64) }),
      'as DER': made(key, { signature: (signed) => sign('sha256', signed, key.privateKey) }),
      longer: made(key, { signature: (_, right_) => Buffer.concat([right_, Buffer.alloc(1)]) }),
      'of another payload': `${head}.${encoded({ ...right, jti: 'another' })}.${signature}`,
      'of the payload alone': made(key, { signature: (signed) => signatureOf(key, signed.subarray(head.length + 1)) }),
    });
  });

  test('M11: is by the key that the session is bound to, before anything is verified', () => {
    refused('other_key', { right: made(other), 'and wrong': made(other, { signedBy: key }) });
    assert.equal(flawOf(made(other), expectedOf(key, { bound: null })), 'good', 'where nothing is bound yet');
  });

  test('M5, M12: is of the method, in its case', () => {
    for (const htm of ['POST', 'put', 'GET', '', undefined, null, ['PUT']]) {
      refused('method', { [String(htm)]: made(key, { payload: { htm } }) });
    }
    const head = expectedOf(key, { method: 'HEAD' });
    refused('method', { 'a GET for a HEAD': made(key, { payload: { htm: 'GET' } }) }, head);
    refused(
      'method',
      { 'a HEAD for a GET': made(key, { payload: { htm: 'HEAD' } }) },
      expectedOf(key, { method: 'GET' }),
    );
  });

  test('M6, M12: is of the URL as people reach it, however that is spelt', () => {
    const at = (htu: unknown) => flawOf(made(key, { payload: { htu } }));
    for (const htu of [
      'http://id.example/auth/user/',
      'https://id.example.evil.example/auth/user/',
      'https://ID2.example/auth/user/',
      'https://id.example:8443/auth/user/',
      'https://id.example:80/auth/user/',
      'https://id.example/auth/user',
      'https://id.example/auth/users/',
      'https://id.example/auth/User/',
      'https://id.example//auth/user/',
      'https://id.example/auth%2fuser/',
      'https://id.example/auth/user/%00',
      'https://u@id.example/auth/user/',
      'https://id.example@evil.example/auth/user/',
      'wss://id.example/auth/user/',
      '/auth/user/',
      'id.example/auth/user/',
      '',
      undefined,
      null,
      1,
      [URL_],
    ]) {
      assert.equal(at(htu), 'url', String(htu));
    }
    for (const htu of [
      URL_,
      'https://id.example:443/auth/user/',
      'HTTPS://ID.EXAMPLE/auth/user/',
      'https://id.example/auth/%75ser/',
      'https://id.example/x/%2e%2E/auth/./user/',
      'https://id.example/auth/user/?page=1',
      'https://id.example/auth/user/#top',
    ]) {
      assert.equal(at(htu), 'good', htu);
    }
    const escaped = expectedOf(key, { url: 'https://id.example/a%c3%a9' });
    assert.equal(flawOf(made(key, { payload: { htu: 'https://id.example/a%C3%A9' } }), escaped), 'good');
  });

  test('M7: was made within the minute, where no nonce says when', () => {
    const seconds = NOW / 1000;
    const at = (iat: unknown, now = NOW) => flawOf(made(key, { payload: { iat } }), expectedOf(key, { now }));
    for (const iat of [
      seconds - 61,
      seconds + 6,
      seconds + 61,
      0,
      -1,
      1e18,
      seconds + 0.5,
      String(seconds),
      null,
      undefined,
    ]) {
      assert.equal(at(iat), 'time', String(iat));
    }
    for (const iat of [seconds, seconds - 60, seconds + 5]) assert.equal(at(iat), 'good', String(iat));
    assert.deepEqual([at(seconds - 60, NOW + 999), at(seconds + 6, NOW + 999)], ['good', 'time']);
  });

  test('M8: is of the token that is shown with it', () => {
    const hex = createHash('sha256').update(TOKEN).digest('hex');
    for (const ath of [undefined, athOf('lk_1_other'), hex, `${athOf(TOKEN)}=`, TOKEN, '', null, [athOf(TOKEN)]]) {
      refused('token', { [String(ath)]: made(key, { payload: { ath } }) });
    }
  });

  test('M9: has an id of its own, of a bounded length, and no two proofs are one', () => {
    for (const jti of [undefined, null, '', 1, ['a'], 'x'.repeat(257), 'é'.repeat(129)]) {
      refused('id', { [String(jti)]: made(key, { payload: { jti } }) });
    }
    const markOf = (by: Key, payload: NonNullable<Made['payload']>, more: Partial<Expected> = {}): string => {
      const read = proofReader().read(made(by, { payload }), { ...expectedOf(by), bound: null, ...more });
      return 'flaw' in read ? assert.fail(read.flaw) : Buffer.from(read.mark).toString('hex');
    };
    const jti = 'one';
    const same = markOf(key, { jti });
    assert.equal(markOf(key, { jti, htu: 'https://id.example:443/auth/user/?again', more: 1 }), same);
    assert.equal(markOf(key, { jti, htm: 'GET' }, { method: 'GET' }), same);
    assert.equal(new Set([same, markOf(key, { jti: 'two' }), markOf(other, { jti })]).size, 3);
  });

  test('M10, M14, M17: has a nonce of ours in it, and then the clock of whoever made it does not matter', () => {
    const isNonce = (nonce: string): boolean => nonce === 'ours';
    const expected = expectedOf(key, { isNonce });
    refused('nonce_missing', { missing: made(key) }, expected);
    for (const nonce of ['theirs', '', null, 1, ['ours']]) {
      refused('nonce_void', { [String(nonce)]: made(key, { payload: { nonce } }) }, expected);
    }
    for (const ahead of [-600, 0, 600]) {
      const proof = made(key, { payload: { nonce: 'ours', iat: NOW / 1000 + ahead } });
      assert.equal(flawOf(proof, expected), 'good', String(ahead));
    }
  });

  test('what is known of a header is of no other, and only of one whose key has signed', () => {
    const reader = proofReader();
    const forged = made(key, { signedBy: other });
    const read = (proof: string) => reader.read(proof, expectedOf(key));
    assert.deepEqual([read(forged), read(forged)], [{ flaw: 'signature' }, { flaw: 'signature' }]);
    assert.ok('mark' in read(made(key)));
    assert.deepEqual(read(forged), { flaw: 'signature' });
    assert.deepEqual(read(made(other)), { flaw: 'other_key' });
    for (let made_ = 0; made_ < 1_100; made_++)
      reader.read(made(edwards, { header: { n: made_ } }), expectedOf(edwards));
    assert.ok('mark' in read(made(key)), 'one that was driven out is looked at again');
  });
});

/** The same bytes with other last bits, which decoders pass over. */
function otherSpelling(text: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + letters[letters.indexOf(text.at(-1) ?? '') + 1];
}

describe('nonces', () => {
  const [one, two] = [keysFrom(['a'.repeat(32)]), keysFrom(['b'.repeat(32), 'a'.repeat(32)])];

  test('M10: are good for this epoch and the next, on every node, and for what they were given alone', () => {
    const [here, there] = [proofNonces(one), proofNonces(two)];
    const nonce = here.current('request', NOW);
    assert.equal(here.current('request', NOW + NONCE_EPOCH_MS - 1), nonce);
    assert.notEqual(here.current('request', NOW + NONCE_EPOCH_MS), nonce);
    for (const nonces of [here, there]) {
      const isGood = (at: number, purpose: 'request' | 'sign-in' = 'request') =>
        nonces.isGood(purpose, nonce, NOW + at);
      assert.deepEqual([isGood(0), isGood(NONCE_EPOCH_MS), isGood(2 * NONCE_EPOCH_MS)], [true, true, false]);
      assert.deepEqual(
        [isGood(-1), isGood(-NONCE_EPOCH_MS - 1)],
        [true, false],
        'another clock may be a little behind',
      );
      assert.equal(isGood(0, 'sign-in'), false);
      assert.ok(nonces.goodUntil(nonce) >= NOW + 2 * NONCE_EPOCH_MS);
    }
    assert.equal(here.isGood('request', there.current('request', NOW), NOW), false, 'by a secret that is not known');
  });

  test('M10: what nobody gave out is none', () => {
    const nonces = proofNonces(one);
    const nonce = nonces.current('request', NOW);
    const [epoch = '', signature = ''] = nonce.split('.');
    for (const wrong of [
      '',
      epoch,
      `${epoch}.`,
      `0${nonce}`,
      `${nonce} `,
      `${nonce}x`,
      nonce.toUpperCase(),
      `${(Number.parseInt(epoch, 36) + 1).toString(36)}.${signature}`,
      `${epoch}.${'A'.repeat(43)}`,
      'x'.repeat(4_000),
    ]) {
      assert.equal(nonces.isGood('request', wrong, NOW), false, wrong);
    }
    assert.equal(nonces.isGood('request', nonce, NOW), true);
  });
});
