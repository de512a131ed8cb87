import assert from 'node:assert/strict';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Latchkey, LatchkeyOptions } from '../../src/latchkey.ts';
import type { PasswordHash } from '../../src/model/password.ts';
import type { Store } from '../../src/stores/store.ts';
import { hashesDuring } from '../credentials/computed.ts';
import { temporaryFolder } from '../serving.ts';
import { ask, everyKind, limited, PASSWORD, WRONG, withTest } from './asking.ts';
import { counterOf, type Work } from './counted.ts';

/** Hashes as an older server left them, cheap ones. */
const older: Readonly<Record<string, PasswordHash>> = {
  pbkdf2: {
    hash: `pbkdf2_sha256$1000$salt$${pbkdf2Sync(PASSWORD, 'salt', 1000, 32, 'sha256').toString('base64')}`,
    scheme: 'pbkdf2_sha256$1000',
  },
  scrypt: {
    hash: `scrypt$16$salt$8$1$${scryptSync(PASSWORD, 'salt', 64, { N: 16, r: 8, p: 1 }).toString('base64')}`,
    scheme: 'scrypt$N=16,r=8,p=1',
  },
};

async function bringAlong(store: Store, username: string, password: PasswordHash): Promise<void> {
  await store.accounts.create({
    username,
    usernameKey: username,
    email: { address: `${username}@mail.test`, key: `${username}@mail.test`, verified: true },
    emailUnique: true,
    firstName: '',
    lastName: '',
    profile: {},
    password,
    state: 'active',
    roles: [],
    invitation: null,
    link: null,
    outbox: [],
  });
}

const HASH_KINDS: readonly string[] = ['argon2', 'pbkdf2', 'scrypt'];

/** Whatever the scheme, a hash is a hash here. */
function regardlessOfScheme(work: Work): Work {
  const hashes = HASH_KINDS.reduce((sum, kind) => sum + (work[kind] ?? 0), 0);
  const calls = Object.entries(work).filter(([what]) => !HASH_KINDS.includes(what));
  return Object.fromEntries([...calls.toSorted(([a], [b]) => a.localeCompare(b)), ['hashes', hashes]]);
}

function assertAllEqual(works: Readonly<Record<string, Work>>): void {
  const [[firstKind, first] = ['', {}], ...others] = Object.entries(works);
  for (const [kind, work] of others) assert.deepEqual(work, first, `${kind} is other work than ${firstKind}`);
}

const settings: LatchkeyOptions = {
  ...limited({ perNetwork: '1000/min', registrationsPerNetwork: '1000/min' }),
  accounts: { emailVerification: 'mandatory', signInBy: 'username_email', signInByMail: true },
  passwords: { hash: 'argon2id' },
};

/** What is done for each kind of person, by the names of the kinds. */
async function workFor(
  request: (auth: Latchkey, person: { readonly username: string; readonly email: string }) => Promise<Response>,
): Promise<Readonly<Record<string, Work>>> {
  const works: Record<string, Work> = {};
  await withTest(settings, async ({ auth, assembled: { parts } }) => {
    const people: Record<string, { username: string; email: string }> = await everyKind(auth);
    for (const [scheme, hash] of Object.entries(older)) {
      const username = `older-${scheme}`;
      await bringAlong(parts.store, username, hash);
      people[username] = { username, email: `${username}@mail.test` };
    }
    const counter = counterOf(parts);
    // The first of all makes the decoy, which is kept.
    await request(auth, { username: 'first', email: 'first@mail.test' });
    for (const [kind, person] of Object.entries(people)) {
      works[kind] = await counter.during(() => request(auth, person));
    }
  });
  return works;
}

describe('as much is done for nobody as for anybody', () => {
  const claims = [
    ['by name', ({ username }: { username: string }) => ({ username })],
    ['by address', ({ email }: { email: string }) => ({ email })],
    ['by address as a name', ({ email }: { email: string }) => ({ username: email })],
  ] as const;
  for (const [how, claim] of claims) {
    test(`A4: a wrong password ${how} is one hash and the same calls to the store for every kind`, async () => {
      const works = await workFor((auth, person) =>
        ask(auth, '/auth/login/', { json: { ...claim({ ...person }), password: WRONG }, from: '192.0.2.1' }),
      );
      assertAllEqual(Object.fromEntries(Object.entries(works).map(([kind, work]) => [kind, regardlessOfScheme(work)])));
      assert.equal(regardlessOfScheme(works['nobody'] ?? {})['hashes'], 1);
    });
  }

  test('A4: the hash is the account’s own where it has one that may be used, else one of ours', async () => {
    const works = await workFor((auth, { username }) =>
      ask(auth, '/auth/login/', { json: { username, password: WRONG } }),
    );
    const hashes = Object.entries(works).map(([kind, work]) => [kind, HASH_KINDS.filter((name) => name in work)]);
    assert.deepEqual(Object.fromEntries(hashes), {
      active: ['argon2'],
      suspended: ['argon2'],
      unverified: ['argon2'],
      passwordless: ['argon2'],
      nobody: ['argon2'],
      'older-pbkdf2': ['pbkdf2'],
      'older-scrypt': ['scrypt'],
    });
  });

  test('A4: a node that starts times the hashes that there are, so that its refusals wait for the costliest of them', async () => {
    const folder = temporaryFolder();
    const database = `sqlite:${folder.path}/test.db` as const;
    await withTest({ database }, async ({ assembled: { parts } }) => {
      for (const [username, hash] of Object.entries(older)) await bringAlong(parts.store, username, hash);
    });
    const work = await hashesDuring(() =>
      withTest({ database, passwords: { hash: 'argon2id' } }, ({ auth }) => auth.settle()),
    );
    // One of each kind, and the decoy before them.
    assert.deepEqual(work, { argon2: 2, pbkdf2: 1, scrypt: 1 });
    folder.remove();
  });

  test('A4: a password with white space around it is two tries for every kind', async () => {
    const works = await workFor((auth, { username }) =>
      ask(auth, '/auth/login/', { json: { username, password: ` ${WRONG} ` } }),
    );
    for (const [kind, work] of Object.entries(works)) assert.equal(regardlessOfScheme(work)['hashes'], 2, kind);
  });

  for (const [what, path] of [
    ['a reset link', '/auth/password/reset/'],
    ['another verification link', '/auth/registration/resend-email/'],
    ['a mail to sign in by', '/auth/magic-link/'],
  ] as const) {
    test(`A4: asking for ${what} is the same calls to the store, whoever gets one`, async () => {
      assertAllEqual(await workFor((auth, { email }) => ask(auth, path, { json: { email } })));
    });

    test(`A4: asking for ${what} leaves as many rows behind, whoever gets one`, async () => {
      await withTest(settings, async ({ auth, assembled: { parts } }) => {
        const people = await everyKind(auth);
        const kept: string[] = [];
        const { issueLinks } = parts.store.accounts;
        const accounts = {
          ...parts.store.accounts,
          issueLinks: (issue: Parameters<typeof issueLinks>[0]) => {
            kept.push(`${issue.links.length} links, ${issue.outbox.length} for the outbox`);
            return issueLinks(issue);
          },
        };
        Object.assign(parts, { store: { ...parts.store, accounts } });
        for (const { email } of Object.values(people)) await ask(auth, path, { json: { email } });
        const expected = `${path === '/auth/password/reset/' ? 1 : 2} links, 1 for the outbox`;
        assert.deepEqual(
          kept,
          Object.keys(people).map(() => expected),
        );
      });
    });
  }

  test('A2, A4: signing up with a taken address is the same work as with a free one, also when its owner is not told', async () => {
    let made = 0;
    const works = await workFor((auth, { email }) =>
      ask(auth, '/auth/registration/', {
        json: { username: `new${made++}`, email, password1: PASSWORD, password2: PASSWORD },
        from: '192.0.2.1',
      }),
    );
    assertAllEqual(works);
    assert.equal(works['active']?.['argon2'], 1);
    assert.equal(works['active']?.['accounts.create'], 1);
  });

  test('A2, A4: and leaves as many rows behind', async () => {
    await withTest(settings, async ({ auth, assembled: { parts } }) => {
      await everyKind(auth);
      const kept: string[] = [];
      const { create } = parts.store.accounts;
      const accounts = {
        ...parts.store.accounts,
        create: (account: Parameters<typeof create>[0]) => {
          kept.push(`${account.link === null ? 'no link' : 'a link'}, ${account.outbox.length} for the outbox`);
          return create(account);
        },
      };
      Object.assign(parts, { store: { ...parts.store, accounts } });
      for (const [username, email] of [
        ['one', 'free@mail.test'],
        ['two', 'active@mail.test'],
        ['three', 'active@mail.test'],
      ]) {
        const json = { username, email, password1: PASSWORD, password2: PASSWORD };
        assert.equal((await ask(auth, '/auth/registration/', { json })).status, 201);
      }
      assert.deepEqual(kept, Array(3).fill('a link, 1 for the outbox'));
    });
  });

  test('A4: the link of a taken address verifies nothing, even for whoever had it', async () => {
    await withTest(settings, async ({ auth, assembled: { parts } }) => {
      const { active } = await everyKind(auth);
      const json = { username: 'new', email: active?.email, password1: PASSWORD, password2: PASSWORD };
      let hash: Uint8Array = new Uint8Array();
      const { create } = parts.store.accounts;
      const accounts = {
        ...parts.store.accounts,
        create: (account: Parameters<typeof create>[0]) => {
          hash = account.link?.hash ?? hash;
          return create(account);
        },
      };
      Object.assign(parts, { store: { ...parts.store, accounts } });
      await ask(auth, '/auth/registration/', { json });
      assert.equal(hash.length, 32);
      assert.equal(await parts.store.accounts.verifyEmail(hash), null);
      assert.equal((await auth.accounts.findByUsername('new'))?.emailVerified, false);
    });
  });
});
