import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import { hash as argon2Hash } from '@node-rs/argon2';
import { ARGON2, OUR_SCHEME, readHash, writeCheap } from '../../src/credentials/hash-schemes.ts';
import { candidatesFor, hasherWith } from '../../src/credentials/hasher.ts';
import { MAX_PASSWORD_LENGTH } from '../../src/model/password.ts';
import { hashesDuring, withHashingTime } from './computed.ts';
import { unread, written } from './django-hashes.ts';

const hasher = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
const cheap = hasherWith({ scheme: 'cheap', concurrency: 2, queue: 64 });

function pbkdf2(password: string, iterations: number): string {
  const digest = pbkdf2Sync(password, 'salt', iterations, 32, 'sha256').toString('base64');
  return `pbkdf2_sha256$${iterations}$salt$${digest}`;
}

describe('our own hashes', () => {
  test('V6.2.8: a new hash is Argon2id at OWASP’s floor, salted, and matches its password and no other', async () => {
    const { hash, scheme } = await hasher.hash('correct horse 9!');
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(scheme, OUR_SCHEME);
    assert.notEqual((await hasher.hash('correct horse 9!')).hash, hash);
    assert.deepEqual(await hasher.verify(hash, ['correct horse 9!']), {
      matched: 'correct horse 9!',
      isOutdated: false,
    });
    for (const wrong of ['Correct horse 9!', 'correct horse 9', 'correct horse 9! ', '', 'x']) {
      assert.equal((await hasher.verify(hash, [wrong])).matched, null, wrong);
    }
  });

  test('V6.2.8: no letter is cut off, however many there are', async () => {
    const long = 'x'.repeat(MAX_PASSWORD_LENGTH);
    const { hash } = await hasher.hash(long);
    assert.equal((await hasher.verify(hash, [long])).matched, long);
    assert.equal((await hasher.verify(hash, [long.slice(0, 72)])).matched, null);
    assert.equal((await hasher.verify(hash, [long.slice(0, -1)])).matched, null);
  });

  test('J9: a longer one than there may be is not computed at all', async () => {
    const { hash } = await hasher.hash('x');
    const work = await hashesDuring(() => hasher.verify(hash, ['x'.repeat(MAX_PASSWORD_LENGTH + 1)]));
    assert.deepEqual(work, {});
  });

  test('V6.2.8: one password in two Unicode forms is one; NFKC would make one of too many', async () => {
    const composed = 'pa\u00dfwo\u0308rd ⅷ'.normalize('NFC');
    const { hash } = await hasher.hash(composed.normalize('NFD'));
    for (const form of [composed, composed.normalize('NFD')]) {
      assert.equal((await hasher.verify(hash, [form])).matched, form);
    }
    assert.equal((await hasher.verify(hash, [composed.normalize('NFKC')])).matched, null);
  });

  test('J7, J8: bytes that a sloppy reader would take for others stay apart', async () => {
    const { hash } = await cheap.hash('abc\0def');
    assert.equal((await cheap.verify(hash, ['abc'])).matched, null);
    assert.equal((await cheap.verify(hash, ['abc\0def'])).matched, 'abc\0def');
  });

  test('a candidate is tried as it was typed, then without outer white space, and which one matched is told', async () => {
    assert.deepEqual(candidatesFor(' pw ', true), [' pw ', 'pw']);
    assert.deepEqual(candidatesFor('pw', true), ['pw']);
    assert.deepEqual(candidatesFor(' pw ', false), [' pw ']);
    assert.deepEqual(candidatesFor('   ', true), ['   ']);
    const stripped = await cheap.hash('pw');
    const padded = await cheap.hash(' pw ');
    assert.equal((await cheap.verify(stripped.hash, candidatesFor(' pw ', true))).matched, 'pw');
    assert.equal((await cheap.verify(padded.hash, candidatesFor(' pw ', true))).matched, ' pw ');
    assert.equal((await cheap.verify(stripped.hash, candidatesFor(' pw ', false))).matched, null);
  });
});

describe('where there is no hash', () => {
  test('A4: a decoy of the current scheme is computed, and matches nothing, not even its own password', async () => {
    await hasher.verify(null, ['x']);
    for (const stored of [null, ...unread.map(({ hash }) => hash), '']) {
      const work = await hashesDuring(async () => {
        const verified = await hasher.verify(stored, ['no password of anybody']);
        assert.equal(verified.matched, null, String(stored));
      });
      assert.deepEqual(work, { argon2: 1 }, String(stored));
    }
  });

  for (const { algorithm, hash } of unread) {
    test(`J10: a hash by ${algorithm} is nobody’s password, and no error`, async () => {
      assert.equal(readHash(hash), null);
      assert.equal((await cheap.verify(hash, ['correct horse 9!', ''])).matched, null);
    });
  }

  test('a hash that a test left behind lets nobody in where passwords are hashed in earnest', async () => {
    const { hash } = writeCheap('pw');
    assert.equal((await cheap.verify(hash, ['pw'])).matched, 'pw');
    const work = await hashesDuring(async () => assert.equal((await hasher.verify(hash, ['pw'])).matched, null));
    assert.deepEqual(work, { argon2: 1 });
  });
});

describe('hashes that Django wrote', () => {
  for (const { django, algorithm, password, hash } of written) {
    test(`${algorithm} of Django ${django} matches “${password}” and no other, and is to be renewed`, async () => {
      assert.deepEqual(await cheap.verify(hash, [password]), { matched: password, isOutdated: true });
      assert.equal((await cheap.verify(hash, [`${password}x`])).matched, null);
    });
  }

  test('V6.2.8: Django normalises nothing, so nothing is normalised for its hashes', async () => {
    for (const { password, hash } of written.filter(({ password }) => password.startsWith('p'))) {
      assert.notEqual(password.normalize('NFD'), password);
      assert.equal((await cheap.verify(hash, [password.normalize('NFD')])).matched, null);
    }
    const decomposed = 'pa\u0308sswort';
    assert.equal((await cheap.verify(pbkdf2(decomposed, 10), [decomposed])).matched, decomposed);
    assert.equal((await cheap.verify(pbkdf2(decomposed, 10), [decomposed.normalize('NFC')])).matched, null);
  });

  const absurd = [
    `argon2$argon2id$v=19$m=4194304,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$argon2id$v=19$m=4194304,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$argon2id$v=19$m=19456,t=1000,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `pbkdf2_sha256$1000000000$salt$${'A'.repeat(43)}=`,
    `scrypt$1073741824$salt$8$1$${'A'.repeat(86)}==`,
    `scrypt$16384$salt$255$1$${'A'.repeat(86)}==`,
  ];
  for (const hash of absurd) {
    test(`J10: ${hash.slice(0, 36)}… is not computed: a decoy is`, async () => {
      await hasher.verify(null, ['x']);
      assert.deepEqual(await hashesDuring(() => hasher.verify(hash, ['x'])), { argon2: 1 });
    });
  }
});

describe('a hash is to be renewed', () => {
  test('unless it is of today’s scheme and cost', async () => {
    const password = 'pw';
    const weaker = await argon2Hash(password, { ...ARGON2, memoryCost: 8192 });
    const stronger = await argon2Hash(password, { ...ARGON2, timeCost: 3 });
    const ours = (await hasher.hash(password)).hash;
    const outdated = async (hash: string) => {
      const { matched, isOutdated } = await hasher.verify(hash, [password]);
      assert.equal(matched, password);
      return isOutdated;
    };
    assert.deepEqual(await Promise.all([ours, weaker, stronger, `argon2${ours}`, pbkdf2(password, 10)].map(outdated)), [
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});

describe('a refusal comes no sooner for a cheap hash than for a costly one', () => {
  const costs = { pbkdf2: 100, argon2: 50 };
  const ofNobody = { scheme: 'pbkdf2_sha256$20', hash: pbkdf2('pw', 20) };

  test('A4: once it is known what hashes there are, every refusal takes as long as the costliest of them', async () => {
    await withHashingTime(costs, async (took) => {
      const held = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
      const { hash } = await held.hash('pw');
      assert.equal(await took(() => held.verify(hash, ['x'])), 50);
      assert.equal(await took(() => held.verify(ofNobody.hash, ['x'])), 100);
      await held.expect([ofNobody.scheme]);
      for (const stored of [null, hash, ofNobody.hash, '!unusable']) {
        assert.equal(await took(() => held.verify(stored, ['x'])), 125, String(stored));
      }
    });
  });

  test('A4: also where the costliest is the current one', async () => {
    await withHashingTime({ pbkdf2: 1, argon2: 50 }, async (took) => {
      const held = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
      await held.expect([ofNobody.scheme]);
      for (const stored of [null, ofNobody.hash]) assert.equal(await took(() => held.verify(stored, ['x'])), 62.5);
    });
  });

  test('A4: each candidate counts, and a longer password than there may be is no exception', async () => {
    await withHashingTime(costs, async (took) => {
      const held = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
      await held.expect([ofNobody.scheme]);
      for (const stored of [null, ofNobody.hash]) {
        assert.equal(await took(() => held.verify(stored, [' x ', 'x'])), 250);
        assert.equal(await took(() => held.verify(stored, ['x'.repeat(2000)])), 125);
      }
    });
  });

  test('A4: the right password waits for nothing, and nothing waits where there are no older hashes', async () => {
    await withHashingTime(costs, async (took) => {
      const held = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
      const { hash } = await held.hash('pw');
      await held.expect([OUR_SCHEME]);
      assert.equal(await took(() => held.verify(hash, ['x'])), 50);
      await held.expect([OUR_SCHEME, ofNobody.scheme]);
      assert.equal(await took(() => held.verify(hash, ['pw'])), 50);
      assert.equal(await took(() => held.verify(ofNobody.hash, ['pw'])), 100);
    });
  });

  test('A4: each scheme is timed once', async () => {
    const held = hasherWith({ scheme: 'argon2id', concurrency: 2, queue: 64 });
    await held.verify(null, ['x']);
    const work = await hashesDuring(async () => {
      await held.expect([ofNobody.scheme]);
      await held.expect([ofNobody.scheme, 'scrypt$N=16,r=8,p=1']);
    });
    assert.deepEqual(work, { argon2: 1, pbkdf2: 1, scrypt: 1 });
  });

  test('A4: holding back takes no turn from others, and the right password does not wait', async () => {
    const waiting = hasherWith({ scheme: 'cheap', concurrency: 1, queue: 0 });
    const { hash } = await waiting.hash('pw');
    await waiting.expect(['pbkdf2_sha256$200000']);
    const order: string[] = [];
    const refused = waiting.verify(hash, ['x']).then(() => order.push('wrong'));
    // One turn at a time and nobody may wait: were the turn held as well, this would be refused as busy.
    while (order.length === 0) {
      const verified = await waiting.verify(hash, ['pw']).catch(() => null);
      if (verified?.matched === 'pw') order.push('right');
    }
    await refused;
    assert.deepEqual(order, ['right', 'wrong']);
  });

  test('A4: schemes that nobody can time are passed over', async () => {
    const waiting = hasherWith({ scheme: 'cheap', concurrency: 1, queue: 0 });
    await waiting.expect(['cheap', 'bcrypt', '', 'pbkdf2_sha256$1000000000', 'scrypt$N=3,r=8,p=1']);
    assert.equal((await waiting.verify(null, ['x'])).matched, null);
  });
});
