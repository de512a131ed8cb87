import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keepOf, purge } from '../../src/jobs/purge.ts';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
import { ask, fail, limited, PASSWORD, type Question, signIn, WRONG, withTest, wordsOf } from './asking.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Three tries a minute from a network, and no other limit that is soon reached. */
const three: LatchkeyOptions = { ...limited({ perNetwork: '3/min', perAccount: '100000/min' }) };

type Auth = Parameters<typeof signIn>[0];

/** Wrong passwords for one name after the other, each asked for as `question` says. */
async function spray(auth: Auth, times: number, question: (time: number) => Question): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) {
    const json = { username: `name${time}`, password: WRONG };
    statuses.push((await ask(auth, '/auth/login/', { json, ...question(time) })).status);
  }
  return statuses;
}

const THREE_AND_NO_MORE = [400, 400, 400, 429, 429];

describe('a network has so many tries', () => {
  test('B2: one try on each of a thousand accounts from one address is sixty tries', async () => {
    await withTest(limited(), async ({ auth, clock }) => {
      const statuses = await spray(auth, 1000, () => ({ from: '192.0.2.1' }));
      assert.equal(statuses.filter((status) => status === 400).length, 60);
      assert.deepEqual(await spray(auth, 1, () => ({ from: '192.0.2.2' })), [400]);
      clock.advance(MINUTE_MS);
      assert.deepEqual(await spray(auth, 1, () => ({ from: '192.0.2.1' })), [400]);
    });
  });

  test('B6: signing in does not clear what others of the network have used', async () => {
    await withTest({ ...three, sessions: { limit: 'unlimited' } }, async ({ auth }) => {
      await auth.accounts.create({ username: 'eve', password: PASSWORD });
      const from = '192.0.2.1';
      assert.deepEqual(await spray(auth, 2, () => ({ from })), [400, 400]);
      for (let time = 0; time < 5; time++) assert.equal((await signIn(auth, 'eve', PASSWORD, { from })).status, 200);
      assert.deepEqual(await spray(auth, 2, () => ({ from })), [400, 429]);
      assert.equal((await signIn(auth, 'eve', PASSWORD, { from })).status, 429);
    });
  });

  test('B13: an attacker who moves about in a /64 is one, and so is an IPv4 address in another dress', async () => {
    await withTest(three, async ({ auth }) => {
      const moving = (time: number) => ({ from: `2001:db8:1:2:${time}:${time}:${time}:${time}` });
      assert.deepEqual(await spray(auth, 5, moving), THREE_AND_NO_MORE);
      const dressed = ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'];
      assert.deepEqual(await spray(auth, 5, (time) => ({ from: dressed[time] ?? '' })), THREE_AND_NO_MORE);
    });
  });

  test('B15: X-Forwarded-For from whoever is no declared proxy changes nothing', async () => {
    await withTest(three, async ({ auth }) => {
      const lying = (time: number) => ({ from: '192.0.2.1', headers: { 'x-forwarded-for': `203.0.113.${time}` } });
      assert.deepEqual(await spray(auth, 5, lying), THREE_AND_NO_MORE);
    });
  });

  test('B16: behind a declared proxy the client counts, whatever it says of itself', async () => {
    await withTest({ ...three, trustedProxies: ['10.0.0.1'] }, async ({ auth }) => {
      const behind = (client: string) => (time: number) => ({
        from: '10.0.0.1',
        headers: { 'x-forwarded-for': `203.0.113.${time}, 198.51.100.${time}, ${client}` },
      });
      assert.deepEqual(await spray(auth, 5, behind('192.0.2.1')), THREE_AND_NO_MORE);
      assert.deepEqual(await spray(auth, 5, behind('192.0.2.2')), THREE_AND_NO_MORE);
    });
  });

  for (const forwarded of [null, '', 'unknown', '192.0.2.1:port']) {
    test(`B16: those behind a declared proxy that says ${forwarded ?? 'nothing'} of them share its limit, and are not without one`, async () => {
      await withTest({ ...three, trustedProxies: ['10.0.0.1'] }, async ({ auth }) => {
        const headers: Readonly<Record<string, string>> = forwarded === null ? {} : { 'x-forwarded-for': forwarded };
        assert.deepEqual(await spray(auth, 5, () => ({ from: '10.0.0.1', headers })), THREE_AND_NO_MORE);
      });
    });
  }

  test('B16: with a port or without one, a client behind a proxy is one', async () => {
    await withTest({ ...three, trustedProxies: ['10.0.0.1'] }, async ({ auth }) => {
      const from = (client: string) => (time: number) => ({
        from: '10.0.0.1',
        headers: { 'x-forwarded-for': client.replace('PORT', String(50_000 + time)) },
      });
      assert.deepEqual(await spray(auth, 5, from('192.0.2.1:PORT')), THREE_AND_NO_MORE);
      assert.deepEqual(await spray(auth, 5, from('[2001:db8::1]:PORT')), THREE_AND_NO_MORE);
    });
  });

  for (const name of [
    'forwarded',
    'x-real-ip',
    'cf-connecting-ip',
    'true-client-ip',
    'x-client-ip',
    'x-cluster-client-ip',
  ]) {
    test(`B17: ${name} is believed of nobody, not even of a declared proxy`, async () => {
      await withTest({ ...three, trustedProxies: ['10.0.0.1'] }, async ({ auth }) => {
        const value = (time: number) => (name === 'forwarded' ? `for=203.0.113.${time}` : `203.0.113.${time}`);
        assert.deepEqual(
          await spray(auth, 5, (time) => ({ from: '192.0.2.1', headers: { [name]: value(time) } })),
          THREE_AND_NO_MORE,
        );
        assert.deepEqual(
          await spray(auth, 5, (time) => ({
            from: '10.0.0.1',
            headers: { [name]: value(time), 'x-forwarded-for': '192.0.2.7' },
          })),
          THREE_AND_NO_MORE,
        );
      });
    });
  }

  test('B18: where no address is known, accounts are limited all the same', async () => {
    await withTest(limited(), async ({ auth }) => {
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      assert.deepEqual(await fail(auth, 11, 'ann'), [...Array(10).fill(400), 429]);
    });
  });

  test('B18: and whoever runs it is told, once, and not where nothing is counted', async () => {
    const heard: string[] = [];
    const log = { info: () => undefined, warn: (_: object, text: string) => heard.push(text), error: () => undefined };
    for (const rateLimits of ['on', 'off'] as const) {
      await withTest({ rateLimits, log }, async ({ auth }) => {
        await signIn(auth, 'ann', WRONG, { from: '192.0.2.1' });
        assert.equal(heard.length, rateLimits === 'on' ? 0 : 1);
        for (let time = 0; time < 3; time++) await signIn(auth, 'ann', WRONG);
      });
    }
    assert.equal(heard.length, 1);
    assert.match(heard[0] ?? '', /Give `handler` the address at the other end of the connection\./);
  });

  test('A9: asking which names are taken, by forms that are wrong, has an end: ten for each account that may be made', async () => {
    await withTest(limited({ registrationsPerNetwork: '2/hour' }), async ({ auth, clock }) => {
      const probe = async (from: string) => {
        const json = { username: 'ann', password1: 'x', password2: 'y' };
        return (await ask(auth, '/auth/registration/', { json, from })).status;
      };
      const statuses: number[] = [];
      for (let time = 0; time < 22; time++) statuses.push(await probe('192.0.2.1'));
      assert.deepEqual(statuses, [...Array(20).fill(400), 429, 429]);
      assert.equal(await probe('192.0.2.2'), 400);
      clock.advance(60 * MINUTE_MS);
      assert.equal(await probe('192.0.2.1'), 400);
    });
  });

  test('B2: new accounts have a limit of their own', async () => {
    await withTest(limited({ registrationsPerNetwork: '2/hour' }), async ({ auth }) => {
      const register = async (username: string, from: string) => {
        const json = { username, password1: PASSWORD, password2: PASSWORD };
        return (await ask(auth, '/auth/registration/', { json, from })).status;
      };
      const statuses: number[] = [];
      for (const name of ['a', 'b', 'c']) statuses.push(await register(name, '192.0.2.1'));
      assert.deepEqual(statuses, [201, 201, 429]);
      assert.equal(await register('c', '192.0.2.2'), 201);
    });
  });
});

describe('what is counted does not pile up', () => {
  test('B12: of a thousand names that nobody has, nothing is left when their time is over', async () => {
    await withTest(limited({ perNetwork: '100000/min' }), async ({ auth, clock, assembled: { parts } }) => {
      const purged = async () => (await purge(parts.store, keepOf(parts.settings))).counters;
      await spray(auth, 1000, () => ({ from: '192.0.2.1' }));
      assert.equal(await purged(), 0);
      clock.advance(5 * MINUTE_MS);
      assert.equal(await purged(), 1001);
      clock.advance(30 * DAY_MS);
      assert.equal(await purged(), 1000);
    });
  });

  test('B12: what is kept names neither a person nor an address', async () => {
    await withTest(limited(), async ({ auth, assembled: { parts } }) => {
      const keys: string[] = [];
      const { take } = parts.store.counters;
      const counters = {
        ...parts.store.counters,
        take: (takes: Parameters<typeof take>[0]) => {
          keys.push(...takes.map(({ key }) => key));
          return take(takes);
        },
      };
      Object.assign(parts, { store: { ...parts.store, counters } });
      await signIn(auth, 'ann-of-green-gables', WRONG, { from: '192.0.2.1' });
      await ask(auth, '/auth/password/reset/', { json: { email: 'ann-of-green-gables@mail.test' } });
      assert.equal(keys.length, 4);
      for (const key of keys) assert.match(key, /^(?:account|row|network|mail reset-password):[\w-]{22}$/);
    });
  });
});

describe('mails that anybody may ask for', () => {
  test('B19, P10: those of one purpose do not use up those of another', async () => {
    await withTest(limited(), async ({ auth, mailbox }) => {
      const email = 'ann@mail.test';
      await auth.accounts.create({ username: 'ann', email, emailVerified: true, password: PASSWORD });
      for (let time = 0; time < 20; time++) {
        await ask(auth, '/auth/registration/resend-email/', { json: { email }, from: '192.0.2.1' });
      }
      await ask(auth, '/auth/password/reset/', { json: { email }, from: '192.0.2.2' });
      await auth.settle();
      assert.deepEqual(
        mailbox.mails.map(({ to }) => to),
        [email],
      );
    });
  });

  test('B19: one network asks for so many, and its answers stay the same', async () => {
    await withTest(limited({ mailsPerNetwork: '3/hour' }), async ({ auth, mailbox }) => {
      const answers = new Set<string>();
      for (let number = 0; number < 6; number++) {
        const email = `ann${number}@mail.test`;
        await auth.accounts.create({ username: `ann${number}`, email, emailVerified: true, password: PASSWORD });
        answers.add(await wordsOf(await ask(auth, '/auth/password/reset/', { json: { email }, from: '192.0.2.1' })));
      }
      await auth.settle();
      assert.equal(mailbox.mails.length, 3);
      assert.equal(answers.size, 1);
      await ask(auth, '/auth/password/reset/', { json: { email: 'ann5@mail.test' }, from: '192.0.2.2' });
      await auth.settle();
      assert.equal(mailbox.mails.length, 4);
    });
  });

  test('B19: an address that several name gets no more mails than another', async () => {
    await withTest(limited(), async ({ auth, mailbox }) => {
      const email = 'all@mail.test';
      for (let number = 0; number < 4; number++) {
        await auth.accounts.create({ username: `ann${number}`, email, password: PASSWORD });
      }
      for (let time = 0; time < 5; time++) await ask(auth, '/auth/password/reset/', { json: { email } });
      await auth.settle();
      assert.equal(mailbox.mails.length, 5);
    });
  });

  const ways: readonly (readonly [what: string, path: string])[] = [
    ['a reset', '/auth/password/reset/'],
    ['a verification', '/auth/registration/resend-email/'],
  ];
  for (const [what, path] of ways) {
    test(`B19: ${what} is mailed five times an hour to an address, in whatever spelling, and then in silence not`, async () => {
      await withTest(limited(), async ({ auth, mailbox, clock }) => {
        await auth.accounts.create({ username: 'ann', email: 'ann@mail.test', password: PASSWORD });
        const asked = async (): Promise<number> => {
          mailbox.clear();
          for (const email of ['ann@mail.test', 'ANN@mail.test', 'ann@MAIL.test', 'ａnn@mail.test']) {
            for (const from of ['192.0.2.1', '192.0.2.2']) {
              assert.equal((await ask(auth, path, { json: { email }, from })).status, 200);
            }
          }
          await auth.settle();
          return mailbox.mails.length;
        };
        assert.equal(await asked(), 5);
        assert.equal(await asked(), 0);
        clock.advance(60 * MINUTE_MS);
        assert.equal(await asked(), 5);
      });
    });
  }
});
