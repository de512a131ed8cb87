/** bcrypt, and what Django read only where it was told to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PBKDF2_SCHEME, readHash, schemeOf } from '../../src/credentials/hash-schemes.ts';
import { hasherWith } from '../../src/credentials/hasher.ts';
import { OLD_SCHEMES } from '../../src/model/password.ts';
import { longBcrypt, old, unread, written } from './django-hashes.ts';

const queued = { concurrency: 1, queue: 64 } as const;
const hasher = hasherWith({ scheme: 'cheap', ...queued });

describe('bcrypt', () => {
  test('J10: of a longer password it has seen 72 bytes, as Django gave it: that matches, and is not taken for the whole', async () => {
    const { password, hash } = longBcrypt;
    assert.deepEqual(await hasher.verify(hash, [password]), { matched: password, isOutdated: false });
    const typo = `${password.slice(0, 80)}y`;
    assert.deepEqual(await hasher.verify(hash, [typo]), { matched: typo, isOutdated: false });
    const short = password.slice(0, 72);
    assert.deepEqual(await hasher.verify(hash, [short]), { matched: short, isOutdated: true });
    assert.equal((await hasher.verify(hash, [password.slice(0, 71)])).matched, null);
  });

  test('J10: a NUL ends no password', async () => {
    const plain = written.find(({ algorithm, password }) => algorithm === 'bcrypt' && password !== '');
    assert.ok(plain !== undefined);
    assert.equal((await hasher.verify(plain.hash, [`${plain.password}\0x`])).matched, null);
    const empty = written.find(({ algorithm, password }) => algorithm === 'bcrypt' && password === '');
    assert.ok(empty !== undefined);
    assert.equal((await hasher.verify(empty.hash, ['\0'])).matched, null);
  });

  test('J10: its variants are one but for the broken one, and what costs too much is not computed', async () => {
    const { hash, password } = longBcrypt;
    for (const variant of ['$2a$', '$2y$']) {
      assert.equal((await hasher.verify(hash.replace('$2b$', variant), [password])).matched, password, variant);
    }
    for (const changed of ['$2x$12$', '$2b$15$', '$2b$31$', '$2b$03$']) {
      assert.equal(readHash(hash.replace('$2b$12$', changed)), null, changed);
    }
    assert.notEqual(readHash(hash.replace('$2b$12$', '$2b$14$')), null);
    assert.equal(readHash(hash.slice(0, -1)), null);
  });

  test('A4: its cost is timed like that of any other', async () => {
    const timed = hasherWith({ scheme: 'cheap', ...queued });
    await timed.expect(['bcrypt_sha256$4', 'bcrypt$4']);
    const startedAt = performance.now();
    assert.equal((await timed.verify(null, ['x'])).matched, null);
    assert.ok(performance.now() - startedAt > 0.5, 'a decoy takes as long as bcrypt of 2^4 rounds');
  });
});

describe('the oldest hashes', () => {
  for (const { algorithm, password, hash } of old) {
    test(`${algorithm} of “${password}” is read where it is switched on, and is to be renewed`, async () => {
      const reading = hasherWith({ scheme: 'cheap', old: [algorithm], ...queued });
      assert.deepEqual(await reading.verify(hash, [password]), { matched: password, isOutdated: true });
      assert.equal((await reading.verify(hash, [`${password}x`])).matched, null);
      const others = OLD_SCHEMES.filter((scheme) => scheme !== algorithm);
      assert.equal(
        (await hasherWith({ scheme: 'cheap', old: others, ...queued }).verify(hash, [password])).matched,
        null,
      );
      assert.equal(schemeOf(hash), algorithm);
    });
  }

  test('P12: what only looks like one is nobody’s', () => {
    const hex = '0'.repeat(32);
    for (const stored of [
      '',
      hex.slice(1),
      `${hex}0`,
      `md5$salt$${hex}0`,
      `sha1$salt$${hex}`,
      `md5$a$b$${hex}`,
      `sha512$$${hex}`,
    ]) {
      assert.equal(readHash(stored, OLD_SCHEMES), null, stored);
      assert.equal(schemeOf(stored), null, stored);
    }
    for (const { algorithm, hash } of unread.filter(
      ({ algorithm }) => algorithm === 'crypt' || algorithm === 'unusable',
    )) {
      assert.equal(schemeOf(hash), null, algorithm);
    }
  });

  test('A4: they are timed, so that a refusal of theirs comes no sooner than another', async () => {
    const timed = hasherWith({ scheme: 'argon2id', old: ['md5'], ...queued });
    await timed.expect(['md5']);
    const startedAt = performance.now();
    await timed.verify(old[0].hash, ['wrong']);
    const quick = performance.now() - startedAt;
    assert.ok(quick > 5, `${quick} ms`);
  });
});

describe('hashes that Django without argon2 can read', () => {
  const back = hasherWith({ scheme: 'pbkdf2_sha256', old: OLD_SCHEMES, ...queued });

  test('a new one is Django’s own, of the password as it was typed', async () => {
    const typed = 'pa\u0308sswort 9';
    const { hash, scheme } = await back.hash(typed);
    assert.equal(scheme, PBKDF2_SCHEME);
    assert.match(hash, /^pbkdf2_sha256\$600000\$[0-9a-f]{22}\$[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(await back.verify(hash, [typed]), { matched: typed, isOutdated: false });
    assert.equal((await back.verify(hash, [typed.normalize('NFC')])).matched, null);
  });

  test('those that Django wrote stay as they are, but for the oldest; ours are rewritten', async () => {
    const ours = await hasherWith({ scheme: 'argon2id', ...queued }).hash('pw');
    assert.equal((await back.verify(ours.hash, ['pw'])).isOutdated, true);
    const [first] = written;
    assert.deepEqual(await back.verify(first.hash, [first.password]), { matched: first.password, isOutdated: false });
    assert.equal((await back.verify(old[0].hash, [old[0].password])).isOutdated, true);
  });
});
