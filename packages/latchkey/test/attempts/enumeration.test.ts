import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { ask, everyKind, fail, keyOf, limited, PASSWORD, signIn, WRONG, withTest, wordsOf } from './asking.ts';

/** All are one text: the first is shown where they are not. */
function assertSame(answers: ReadonlyMap<string, string>): void {
  const [first = ['', ''], ...others] = answers;
  for (const [kind, words] of others) assert.equal(words, first[1], `${kind} is told from ${first[0]}`);
}

const byEmail: LatchkeyOptions = { accounts: { signInBy: 'username_email', emailVerification: 'mandatory' } };

const ways = [
  { path: '/auth/login/', by: 'username' },
  { path: '/auth/login/', by: 'email' },
  { path: '/auth/signin/', by: 'username' },
  { path: '/auth/signin/', by: 'email' },
  { path: '/api/token/', by: 'username' },
] as const;

describe('a stranger who has no password learns nothing of who has an account', () => {
  for (const { path, by } of ways) {
    test(`A1: ${path} answers a wrong password alike for nobody and for every kind of account, by ${by}`, async () => {
      await withTest(byEmail, async ({ auth }) => {
        const answers = new Map<string, string>();
        for (const [kind, person] of Object.entries(await everyKind(auth))) {
          const json = { [by]: person[by], password: WRONG };
          answers.set(kind, await wordsOf(await ask(auth, path, { json })));
        }
        assertSame(answers);
        assert.match(answers.get('nobody') ?? '', /^400\n.*Unable to log in with provided credentials\./s);
      });
    });

    test(`A1: ${path} answers the right password of an account that may not come in as a wrong one, by ${by}`, async () => {
      await withTest(byEmail, async ({ auth }) => {
        const { suspended, passwordless, nobody } = await everyKind(auth);
        const answers = new Map<string, string>();
        for (const [kind, person] of Object.entries({ nobody, suspended, passwordless })) {
          const json = { [by]: person?.[by], password: PASSWORD };
          answers.set(kind, await wordsOf(await ask(auth, path, { json })));
        }
        assertSame(answers);
      });
    });
  }

  test('A1: that an address is not verified is said to whoever knows the password, and to nobody else', async () => {
    await withTest(byEmail, async ({ auth }) => {
      const { unverified } = await everyKind(auth);
      const username = unverified?.username ?? '';
      assert.match(await (await signIn(auth, username, PASSWORD)).text(), /E-mail is not verified\./);
      assert.doesNotMatch(await (await signIn(auth, username, WRONG)).text(), /verified/);
    });
  });

  test('A1: the account of somebody who is gone is as good as none', async () => {
    await withTest({}, async ({ auth }) => {
      const before = await wordsOf(await signIn(auth, 'gone', PASSWORD));
      await auth.accounts.create({ username: 'gone', password: PASSWORD });
      const { key } = (await (await signIn(auth, 'gone', PASSWORD)).json()) as { key: string };
      await ask(auth, '/auth/user/', { method: 'DELETE', headers: { authorization: `Token ${key}` } });
      assert.equal(await wordsOf(await signIn(auth, 'gone', PASSWORD)), before);
    });
  });
});

describe('asking for a mail tells nothing of who gets one', () => {
  const asked = [
    {
      what: 'a reset link',
      ask: (email: string) => ({ path: '/auth/password/reset/', question: { json: { email } } }),
      getsMail: ['active', 'unverified', 'passwordless'],
    },
    {
      what: 'a reset link, by the page',
      ask: (email: string) => ({ path: '/password/reset/', question: { form: { email } } }),
      getsMail: ['active', 'unverified', 'passwordless'],
    },
    {
      what: 'another verification link',
      ask: (email: string) => ({ path: '/auth/registration/resend-email/', question: { json: { email } } }),
      getsMail: ['unverified'],
    },
    {
      what: 'a link to sign in',
      ask: (email: string) => ({ path: '/auth/magic-link/', question: { json: { email } } }),
      getsMail: ['active', 'unverified', 'passwordless'],
    },
    {
      what: 'a link to sign in, by the page',
      ask: (email: string) => ({ path: '/login/mail/', question: { form: { do: 'ask', email } } }),
      getsMail: ['active', 'unverified', 'passwordless'],
    },
  ];
  for (const { what, ask: of, getsMail } of asked) {
    test(`A3: ${what} is answered alike for nobody and for every kind of account, and mailed where it is meant`, async () => {
      await withTest(
        { accounts: { emailVerification: 'mandatory', signInByMail: true } },
        async ({ auth, mailbox }) => {
          const answers = new Map<string, string>();
          const mailed: string[] = [];
          for (const [kind, person] of Object.entries(await everyKind(auth))) {
            mailbox.clear();
            const { path, question } = of(person.email);
            // The ticket is a secret of the answer's own.
            answers.set(kind, (await wordsOf(await ask(auth, path, question))).replaceAll(/\w{43}/g, 'SECRET'));
            await auth.settle();
            assert.ok(mailbox.mails.every(({ to }) => to === person.email));
            if (mailbox.mails.length > 0) mailed.push(kind);
          }
          assertSame(answers);
          assert.deepEqual(mailed.sort(), [...getsMail].sort());
        },
      );
    });
  }

  test('A12: another spelling of an address is the same address, and its mail goes where the account says', async () => {
    await withTest({}, async ({ auth, mailbox }) => {
      await auth.accounts.create({ username: 'ann', email: 'Ann@Mail.test', emailVerified: true, password: PASSWORD });
      const spellings = ['ann@mail.test', 'ANN@MAIL.TEST', 'ａｎｎ@mail.test', ' ann@mail.test '];
      for (const email of spellings) {
        mailbox.clear();
        const answer = await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email } }));
        assert.match(answer, /Password reset e-mail has been sent\./);
        await auth.settle();
        assert.deepEqual(
          mailbox.mails.map(({ to }) => to),
          ['Ann@Mail.test'],
          email,
        );
        assert.match(linkIn(mailbox.mails[0]), /\/password\/reset\/confirm\//);
      }
    });
  });

  test('A12: an address with dots or a tag in it is another address, and answered as one that nobody has', async () => {
    await withTest({}, async ({ auth, mailbox }) => {
      await auth.accounts.create({ username: 'ann', email: 'ann@mail.test', emailVerified: true, password: PASSWORD });
      const known = await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email: 'ann@mail.test' } }));
      await auth.settle();
      mailbox.clear();
      for (const email of ['a.nn@mail.test', 'ann+tag@mail.test', 'ann@mail.test.test']) {
        assert.equal(await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email } })), known);
      }
      await auth.settle();
      assert.deepEqual(mailbox.mails, []);
    });
  });
});

describe('names in another spelling', () => {
  const spellings = ['ann', 'ANN', 'Ann', 'ａｎｎ', 'ⓐnn', ' ann '];
  test('A12: are the same account with its password, and nobody’s without', async () => {
    await withTest({ sessions: { limit: 'unlimited' } }, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const nobody = await wordsOf(await signIn(auth, 'zoe', WRONG));
      for (const name of spellings) {
        assert.equal((await signIn(auth, name, PASSWORD)).status, 200, name);
        assert.equal(await wordsOf(await signIn(auth, name, WRONG)), nobody, name);
      }
    });
  });

  test('A12: are accounts of their own where the settings tell case apart, and nobody’s where there is none', async () => {
    await withTest({ accounts: { usernameCase: 'exact' } }, async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const nobody = await wordsOf(await signIn(auth, 'zoe', PASSWORD));
      assert.equal(await wordsOf(await signIn(auth, 'Ann', PASSWORD)), nobody);
      assert.equal((await signIn(auth, 'ann', PASSWORD)).status, 200);
    });
  });
});

describe('limits do not tell either', () => {
  test('A5: the 429 comes after the same number of tries for nobody and for every kind of account', async () => {
    await withTest({ ...limited({ perAccount: '5/5min' }), ...byEmail }, async ({ auth }) => {
      for (const [kind, { username }] of Object.entries(await everyKind(auth))) {
        assert.deepEqual(await fail(auth, 7, username), [400, 400, 400, 400, 400, 429, 429], kind);
      }
    });
  });

  test('A5: the right password of an account that may not come in uses tries up as a wrong one does', async () => {
    await withTest({ ...limited({ perAccount: '5/5min' }), ...byEmail }, async ({ auth }) => {
      await everyKind(auth);
      for (const username of ['suspended', 'passwordless', 'nobody']) {
        const statuses: number[] = [];
        for (let time = 0; time < 7; time++) statuses.push((await signIn(auth, username, PASSWORD)).status);
        assert.deepEqual(statuses, [400, 400, 400, 400, 400, 429, 429], username);
      }
    });
  });

  test('A5: and its words are the same', async () => {
    await withTest({ ...limited({ perAccount: '1/5min' }), ...byEmail }, async ({ auth }) => {
      const answers = new Map<string, string>();
      for (const [kind, { username }] of Object.entries(await everyKind(auth))) {
        await fail(auth, 1, username);
        answers.set(kind, await wordsOf(await signIn(auth, username, WRONG)));
      }
      assertSame(answers);
    });
  });

  test('A5: mails that were asked for too often are answered as they always are', async () => {
    await withTest(limited({ mailsPerAddress: '1/hour' }), async ({ auth, mailbox }) => {
      for (const [kind, { email }] of Object.entries(await everyKind(auth))) {
        const first = await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email } }));
        await auth.settle();
        mailbox.clear();
        const again = await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email } }));
        await auth.settle();
        assert.equal(again, first, kind);
        assert.deepEqual(mailbox.mails, [], kind);
      }
    });
  });

  test('A6: while an account is held, the right and the wrong password get one answer, by rate and by row', async () => {
    const settings = [{ perAccount: '3/5min' }, { perAccount: '1000/5min', consecutive: 10 }];
    for (const attempts of settings) {
      await withTest(limited(attempts), async ({ auth }) => {
        await auth.accounts.create({ username: 'ann', password: PASSWORD });
        await fail(auth, 12, 'ann');
        const answers = new Map([
          ['right', await wordsOf(await signIn(auth, 'ann', PASSWORD))],
          ['wrong', await wordsOf(await signIn(auth, 'ann', WRONG))],
        ]);
        assertSame(answers);
        assert.match(answers.get('right') ?? '', /^429\n/);
      });
    }
  });
});

describe('what others may not see is as if it were not there', () => {
  test('A11: a session of somebody else, of nobody, and of nonsense are the same 404', async () => {
    await withTest({}, async ({ auth }) => {
      for (const username of ['ann', 'ben']) await auth.accounts.create({ username, password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      await keyOf(await signIn(auth, 'ben', PASSWORD));
      const [others] = await auth.sessions.list((await auth.accounts.findByUsername('ben'))?.id ?? 0);
      assert.notEqual(others, undefined);
      const answers = new Map<string, string>();
      for (const id of [others?.id ?? '', 'ses_0000000000000000000000', 'x', '%00', '1']) {
        const asked = { method: 'DELETE', headers: { authorization: `Token ${key}` } };
        answers.set(id, await wordsOf(await ask(auth, `/auth/sessions/${id}/`, asked)));
      }
      assertSame(answers);
      assert.match(answers.get('1') ?? '', /^404\n/);
    });
  });

  test('A13: session ids tell neither how many there are nor which came first', async () => {
    await withTest({ sessions: { limit: 'unlimited' } }, async ({ auth }) => {
      const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
      for (let time = 0; time < 30; time++) await signIn(auth, 'ann', PASSWORD);
      const ids = (await auth.sessions.list(id)).map((session) => session.id);
      assert.equal(new Set(ids).size, 30);
      assert.ok(ids.every((name) => /^ses_[0-9A-Za-z]{22}$/.test(name)));
      assert.notDeepEqual(ids, ids.toSorted());
      assert.notDeepEqual(ids, ids.toSorted().reverse());
    });
  });
});
