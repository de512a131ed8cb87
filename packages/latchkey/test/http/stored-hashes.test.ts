/** Hashes that came from elsewhere: nothing absurd is computed, and what is no hash is nobody's password. */
import assert from 'node:assert/strict';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { after, test } from 'node:test';
import { readHash } from '../../src/credentials/hash-schemes.ts';
import { PASSWORD, testServer } from './serving.ts';

const server = await testServer();
after(() => server[Symbol.asyncDispose]());
await server.register('alice');

const DIGEST = Buffer.alloc(32, 7).toString('base64');
const SALT = 'c2FsdHNhbHQ';

/** Each would take minutes, or gigabytes, or more. */
const ABSURD: readonly (readonly [string, string])[] = [
  ['PBKDF2 with a thousand million rounds', `pbkdf2_sha256$999999999$salt$${DIGEST}`],
  ['PBKDF2 with a round more than the ceiling', `pbkdf2_sha1$2000001$salt$${DIGEST}`],
  ['PBKDF2 with a digest of 64 KiB', `pbkdf2_sha256$2000000$salt$${Buffer.alloc(65_536).toString('base64')}`],
  ['Argon2 with 4 GiB', `$argon2id$v=19$m=4194304,t=1,p=1$${SALT}$${DIGEST.slice(0, 43)}`],
  [
    "Django's Argon2 with a KiB more than the ceiling",
    `argon2$argon2id$v=19$m=262145,t=1,p=1$${SALT}$${DIGEST.slice(0, 43)}`,
  ],
  ['Argon2 with 9999 passes', `$argon2i$v=19$m=19456,t=9999,p=1$${SALT}$${DIGEST.slice(0, 43)}`],
  ['Argon2 with 999 lanes', `$argon2id$v=19$m=19456,t=1,p=999$${SALT}$${DIGEST.slice(0, 43)}`],
  ['scrypt with N = 2^29', `scrypt$536870912$salt$8$1$${DIGEST}`],
  ['scrypt with N = 2^18', `scrypt$262144$salt$8$1$${DIGEST}`],
  ['scrypt with r = 99', `scrypt$16384$salt$99$1$${DIGEST}`],
  ['bcrypt of 2^15 rounds', `bcrypt$$2b$15$${'a'.repeat(53)}`],
  ['bcrypt_sha256 of 2^31 rounds', `bcrypt_sha256$$2b$31$${'a'.repeat(53)}`],
  ['scrypt with p = 99', `scrypt$16384$salt$8$99$${DIGEST}`],
];

/** The first bytes of what the right password gives. */
const rightBytes = (count: number) => pbkdf2Sync(PASSWORD, 'salt', 1, count, 'sha256').toString('base64');

/** What looks like a hash and is none. With a short digest, many a password would be right. */
const UNREADABLE: readonly (readonly [string, string])[] = [
  ['an unusable one', '!sFOWgl7Sv9epxIyOYIWiHqJUipSBp8TDIZe9O3wg'],
  ['nothing', ''],
  ['a scheme of nobody', `crypt$$${DIGEST}`],
  ['PBKDF2 of no bytes', 'pbkdf2_sha256$1$salt$A'],
  ['PBKDF2 of one byte', `pbkdf2_sha256$1$salt$${rightBytes(1)}`],
  ['PBKDF2 of fifteen bytes', `pbkdf2_sha256$1$salt$${rightBytes(15)}`],
  ['PBKDF2 of no rounds', `pbkdf2_sha256$0$salt$${DIGEST}`],
  ['scrypt of no bytes', 'scrypt$16384$salt$8$1$A'],
  ['scrypt of one byte', 'scrypt$16384$salt$8$1$AA=='],
  ['scrypt with N = 3', `scrypt$3$salt$8$1$${DIGEST}`],
  ['scrypt with N = 0', `scrypt$0$salt$8$1$${DIGEST}`],
  ['scrypt with r = 0', `scrypt$16384$salt$0$1$${DIGEST}`],
  ['scrypt with p = 0', `scrypt$16384$salt$8$0$${DIGEST}`],
  ['Argon2 of three bytes', `$argon2id$v=19$m=8,t=1,p=1$${SALT}$AAAA`],
  ['Argon2 with a salt that is no base64', `$argon2id$v=19$m=8,t=1,p=1$!!!!!!!!!!!$${DIGEST.slice(0, 43)}`],
  ['Argon2 with a salt that is too short', `$argon2id$v=19$m=8,t=1,p=1$c2Fs$${DIGEST.slice(0, 43)}`],
  ['Argon2 of no passes', `$argon2id$v=19$m=8,t=0,p=1$${SALT}$${DIGEST.slice(0, 43)}`],
  ['Argon2 with less memory than lanes need', `$argon2id$v=19$m=8,t=1,p=16$${SALT}$${DIGEST.slice(0, 43)}`],
  ['bcrypt that is cut off', `bcrypt$$2b$04$${'a'.repeat(52)}`],
  ['MD5, which is switched off', '030ea2dc1c1847a2152c3330bc467b79'],
  ['SHA-1, which is switched off', 'sha1$$c84e0c33b3c4074d2a90ebcf883e30d490b720ae'],
  ['a hash with a NUL', `pbkdf2_sha256$1\0$salt$${DIGEST}`],
];

async function keep(hash: string): Promise<void> {
  const { accounts } = server.assembled.parts.store;
  const record = await accounts.find(1);
  const isKept = await accounts.renewHash({ id: 1, from: record?.passwordHash ?? '', to: { hash, scheme: 'test' } });
  assert.ok(isKept);
}

for (const [name, hash] of ABSURD) {
  test(`J10: ${name} is not computed: nobody's password, and an answer`, async () => {
    assert.equal(readHash(hash), null);
    await keep(hash);
    const answer = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
    assert.deepEqual(answer.body, { non_field_errors: ['Unable to log in with provided credentials.'] });
    assert.deepEqual(server.errors, []);
  });
}

for (const [name, hash] of UNREADABLE) {
  test(`J10, P12: ${name} is nobody's password, and no fault of the server`, async () => {
    await keep(hash);
    for (const password of [PASSWORD, 'x', '\u00ff']) {
      const answer = await server.post('/auth/login/', { username: 'alice', password });
      assert.deepEqual(answer.body, { non_field_errors: ['Unable to log in with provided credentials.'] });
    }
    assert.deepEqual(server.errors, []);
  });
}

test('J10: what costs as much as may be is computed, and is right', async () => {
  const salt = 'UXZQ217cqjZeVaPr0OBffZ';
  const right = scryptSync(PASSWORD, salt, 64, { N: 131_072, r: 8, p: 1, maxmem: 2 ** 28 }).toString('base64');
  await keep(`scrypt$131072$${salt}$8$1$${right}`);
  assert.equal((await server.post('/auth/login/', { username: 'alice', password: `${PASSWORD}x` })).status, 400);
  assert.equal((await server.post('/auth/login/', { username: 'alice', password: PASSWORD })).status, 200);
});
