/** Hashes of better-auth and Firebase: by published vectors, and by another way to compute them. */
import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { firebaseHash, foreignHash } from '../../src/credentials/foreign-hashes.ts';
import { readHash, schemeOf } from '../../src/credentials/hash-schemes.ts';
import { hasherWith } from '../../src/credentials/hasher.ts';

const queued = { concurrency: 1, queue: 64 } as const;
const hasher = hasherWith({ scheme: 'cheap', ...queued });

/** Of the README of Firebase's scrypt. */
const FIREBASE = {
  signerKey: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  saltSeparator: 'Bw==',
  rounds: 8,
  memCost: 14,
};
const VECTOR = {
  salt: '42xEC+ixf3L2lw==',
  hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
};

/** Of the tests of Supabase Auth. */
const SUPABASE =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==';

const betterAuth = (password: string, salt: string): string => {
  const cost = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
  return `${salt}:${scryptSync(password.normalize('NFKC'), salt, 64, cost).toString('hex')}`;
};

const kept = (stored: string, from: 'better-auth' | 'any' = 'any'): string => {
  const read = foreignHash(stored, from);
  assert.ok(read !== null, stored);
  return read.hash;
};

const isRight = async (hash: string, password: string): Promise<boolean> =>
  (await hasher.verify(hash, [password])).matched === password;

describe('hashes that other systems wrote', () => {
  test('Firebase: the published vectors are right, and nothing else is', async () => {
    const made = firebaseHash(VECTOR, FIREBASE);
    assert.equal(made?.scheme, 'fbscrypt$n=14,r=8,p=1');
    for (const [hash, password] of [
      [made.hash, 'user1password'],
      [kept(SUPABASE), 'mytestpassword'],
    ] as const) {
      assert.deepEqual(await hasher.verify(hash, [password]), { matched: password, isOutdated: true });
      assert.equal(await isRight(hash, `${password} `), false);
      assert.equal(await isRight(hash, ''), false);
    }
    const other = firebaseHash({ ...VECTOR, salt: '42xEC+ixf3L2lg==' }, FIREBASE);
    assert.equal(await isRight(other?.hash ?? '', 'user1password'), false);
    const otherKey = firebaseHash(VECTOR, { ...FIREBASE, signerKey: Buffer.alloc(64, 1).toString('base64') });
    assert.equal(await isRight(otherKey?.hash ?? '', 'user1password'), false);
  });

  test('Firebase: what is no hash, and what costs too much, is none', () => {
    const withhold = (vector: Partial<typeof VECTOR>, of: Partial<typeof FIREBASE> = {}) =>
      firebaseHash({ ...VECTOR, ...vector }, { ...FIREBASE, ...of });
    assert.equal(withhold({ hash: 'AA==' }), null, 'of one byte');
    assert.equal(withhold({ hash: '' }), null);
    assert.equal(withhold({ salt: '*' }), null);
    assert.equal(withhold({}, { memCost: 18 }), null, '2^18');
    assert.equal(withhold({}, { memCost: 0 }), null);
    assert.equal(withhold({}, { rounds: 0 }), null);
    assert.equal(withhold({}, { signerKey: 'AAAA' }), null, 'a key shorter than what it gives');
    assert.equal(readHash(SUPABASE.replace('p=1', 'p=99')), null);
    assert.equal(readHash(SUPABASE.replace('v=1', 'v=2')), null);
  });

  test('better-auth: salt and key in hex, the salt as text, the password in NFKC', async () => {
    const salt = '0f'.repeat(16);
    const hash = kept(betterAuth('pass ﬁve', salt), 'better-auth');
    assert.equal(schemeOf(hash), 'scrypt_nfkc$N=16384,r=16,p=1');
    assert.deepEqual(await hasher.verify(hash, ['pass ﬁve']), { matched: 'pass ﬁve', isOutdated: true });
    assert.equal(await isRight(hash, 'pass five'), true, 'it is the same in NFKC');
    assert.equal(await isRight(hash, 'pass fivE'), false);
    assert.equal(foreignHash(betterAuth('x', salt), 'any'), null, 'only where it is better-auth that wrote it');
    assert.equal(foreignHash(`${salt}:00`, 'better-auth'), null);
    assert.equal(foreignHash(`x$y:${'00'.repeat(64)}`, 'better-auth'), null);
  });

  test('what others write as it is known everywhere is read, and not taken for our own', async () => {
    const bcrypt = `$2a$10$${'a'.repeat(53)}`;
    assert.deepEqual(foreignHash(bcrypt, 'any'), { hash: `bcrypt$${bcrypt}`, scheme: 'bcrypt$10' });
    const argon2 = '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM$K8Fw2mlYUEFoa19ZiUvhKO1oCFqOgQ6m6FSX5o3IYzM';
    assert.equal(foreignHash(argon2, 'any')?.hash, `argon2${argon2}`);
    for (const none of ['', '!', 'plain', '$1$md5crypt$x', `$2a$31$${'a'.repeat(53)}`, 'md5$a$b']) {
      assert.equal(foreignHash(none, 'any'), null, none);
    }
  });

  test('their cost is timed like that of any other', async () => {
    for (const scheme of ['scrypt_nfkc$N=1024,r=16,p=1', 'fbscrypt$n=10,r=8,p=1']) {
      const timed = hasherWith({ scheme: 'cheap', ...queued });
      await timed.expect([scheme]);
      const startedAt = performance.now();
      assert.equal((await timed.verify(null, ['x'])).matched, null);
      assert.ok(performance.now() - startedAt > 1, scheme);
    }
  });

  test('where new hashes are Django’s, they are renewed all the same: Django cannot read them', async () => {
    const django = hasherWith({ scheme: 'pbkdf2_sha256', ...queued });
    assert.equal((await django.verify(SUPABASE, ['mytestpassword'])).isOutdated, true);
  });
});
