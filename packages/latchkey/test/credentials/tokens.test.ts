import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { proveImportedKey } from '../../src/credentials/imported-key.ts';
import {
  hashOfDrfKey,
  hashOfLinkSecret,
  newLinkSecret,
  newSessionId,
  newSessionToken,
  readToken,
} from '../../src/crypto/token.ts';
import { firstGate } from '../../src/model/account.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DRF_KEY = '9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b';

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

describe('a session’s token', () => {
  test('is URL-safe, names its kind and its account, and is stored as its SHA-256', () => {
    for (const [account, letters] of [
      [0, '0'],
      [1, '1'],
      [61, 'z'],
      [62, '10'],
      [Number.MAX_SAFE_INTEGER, 'fFgnDxSe7'],
    ] as const) {
      const { token, hash } = newSessionToken(account);
      assert.match(token, new RegExp(`^lk_${letters}_[0-9A-Za-z]{49}$`));
      assert.deepEqual(Buffer.from(hash), sha256(token));
      assert.deepEqual(readToken(token), { accountId: account, hash });
    }
  });

  test('F-20: a hundred thousand of them are a hundred thousand, and each letter is as likely in each place', () => {
    const seen = new Set<string>();
    const counts = new Map<string, number>();
    for (let made = 0; made < 100_000; made++) {
      const secret = newSessionToken(1).token.slice(5, 48);
      seen.add(secret);
      for (const letter of secret) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    assert.equal(seen.size, 100_000);
    assert.equal(counts.size, 62);
    const expected = (100_000 * 43) / 62;
    // Sixteen standard deviations: a modulo that favours some letters is a quarter off.
    for (const [letter, count] of counts) assert.ok(Math.abs(count - expected) < expected * 0.06, letter);
  });

  test('B24: one wrong letter anywhere, and it is no token', () => {
    const { token } = newSessionToken(123_456);
    const place = fc.integer({ min: 0, max: token.length - 1 });
    const letter = fc.constantFrom(...ALPHABET, '_', '-', ' ', 'é');
    fc.assert(
      fc.property(place, letter, (at, other) => {
        fc.pre(token[at] !== other);
        assert.equal(readToken(token.slice(0, at) + other + token.slice(at + 1)), null);
      }),
    );
  });

  test('B24: nothing else is a token either', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => assert.equal(readToken(text), null)));
    const { token } = newSessionToken(1);
    for (const text of [` ${token}`, `${token}\n`, `${token}\0`, token.slice(1), token + token, '']) {
      assert.equal(readToken(text), null, text);
    }
  });
});

describe('a key of Django REST framework', () => {
  test('is 40 lower-case hex digits, and nothing but', () => {
    assert.deepEqual(readToken(DRF_KEY), { accountId: null, hash: sha256(DRF_KEY) });
    assert.deepEqual(hashOfDrfKey(DRF_KEY), sha256(DRF_KEY));
    const others = [DRF_KEY.toUpperCase(), DRF_KEY.slice(1), `${DRF_KEY}0`, `g${DRF_KEY.slice(1)}`, `${DRF_KEY}\n`, ''];
    for (const text of others) {
      assert.equal(readToken(text), null, text);
      assert.equal(hashOfDrfKey(text), null, text);
    }
  });

  test('is brought along as what it is, and a token of ours is not', () => {
    const gate = firstGate(1, []);
    assert.deepEqual(proveImportedKey(gate, DRF_KEY)?.tokenHash, sha256(DRF_KEY));
    assert.equal(proveImportedKey(gate, newSessionToken(1).token), null);
    assert.equal(proveImportedKey(gate, ''), null);
  });
});

describe('a mailed secret', () => {
  test('E10, E11: carries 256 bits, and is stored as a hash in which its purpose has a part', () => {
    const secret = newLinkSecret();
    assert.match(secret, /^[0-9A-Za-z]{43}$/);
    const purposes = ['verify-email', 'reset-password', 'invitation'];
    const hashes = purposes.map((purpose) => Buffer.from(hashOfLinkSecret(purpose, secret)).toString('hex'));
    assert.equal(new Set(hashes).size, 3);
    assert.ok(!hashes.includes(sha256(secret).toString('hex')));
  });

  test('A13: a session’s public name carries 128 bits and nothing of its token', () => {
    const names = Array.from({ length: 1000 }, () => newSessionId());
    assert.equal(new Set(names).size, 1000);
    for (const name of names) assert.match(name, /^ses_[0-9A-Za-z]{22}$/);
  });
});
