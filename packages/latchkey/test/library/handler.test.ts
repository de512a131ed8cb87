/** `handler` and `serves`: what is ours, and what is the host's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testLatchkey } from 'latchkey/testing';
import { ask, PASSWORD, requestTo, withAnn } from './device.ts';

const ONE_PER_HOUR = { rateLimits: 'on', attempts: { perNetwork: '1/hour' } } as const;
const WRONG = { username: 'ann', password: 'wrong horse' };

describe('handler', () => {
  test(
    'answers a request to the API, with and without a slash at the end',
    withAnn({}, async ({ auth }) => {
      for (const path of ['/auth/login/', '/auth/login', '/auth/login/?next=/']) {
        const answer = await ask(auth, 'POST', path, { body: { username: 'ann', password: PASSWORD } });
        assert.equal(answer.status, 200);
        assert.match(String(answer.body['key']), /^lk_/);
      }
    }),
  );

  test(
    'answers 404 to what is the host’s',
    withAnn({}, async ({ auth }) => {
      for (const path of ['/lessons/1', '/authx/login/', '/auth/nothing/']) {
        assert.equal((await ask(auth, 'GET', path)).status, 404, path);
      }
    }),
  );

  test(
    'counts attempts by the peer’s address where the host tells it',
    withAnn(ONE_PER_HOUR, async ({ auth }) => {
      const attempt = async (address: string): Promise<number> =>
        (await auth.handler(requestTo('/auth/login/', 'POST', { body: WRONG }), { address })).status;
      assert.deepEqual([await attempt('192.0.2.1'), await attempt('192.0.2.1')], [400, 429]);
      assert.deepEqual([await attempt('192.0.2.2'), await attempt('192.0.2.2')], [400, 429]);
      assert.deepEqual([await attempt('2001:db8::1'), await attempt('2001:db8::2')], [400, 429]);
    }),
  );

  test(
    'counts by no network where the host tells no address: nobody shares one',
    withAnn(ONE_PER_HOUR, async ({ auth }) => {
      const request = () =>
        requestTo('/auth/login/', 'POST', { body: WRONG, headers: { 'x-forwarded-for': '10.1.1.1' } });
      for (const peer of [undefined, undefined, { address: null }, { address: null }]) {
        assert.equal((await auth.handler(request(), peer)).status, 400);
      }
    }),
  );

  for (const [how, rateLimits, told] of [
    ['once, where attempts are counted', 'on', ['Requests come without an address']],
    ['not, where none are', 'off', []],
  ] as const) {
    test(`says that it is told no address: ${how}`, async () => {
      const warnings: string[] = [];
      const log = { info() {}, warn: (_: object, text: string) => void warnings.push(text), error() {} };
      const { auth, close } = await testLatchkey({ rateLimits, log });
      await auth.handler(requestTo('/auth/login/', 'POST', { body: WRONG }), { address: '192.0.2.1' });
      assert.equal(warnings.length, 0);
      for (let time = 0; time < 2; time++) await auth.handler(requestTo('/auth/login/', 'POST', { body: WRONG }));
      assert.deepEqual(
        warnings.map((text) => text.split(':')[0]),
        told,
      );
      await close();
    });
  }

  test('believes a forwarded address from a declared proxy alone', async () => {
    const { auth, close } = await testLatchkey({ ...ONE_PER_HOUR, trustedProxies: ['192.0.2.0/24'] });
    try {
      const attempt = async (address: string, forwarded: string): Promise<number> => {
        const headers = { 'x-forwarded-for': forwarded };
        return (await auth.handler(requestTo('/auth/login/', 'POST', { body: WRONG, headers }), { address })).status;
      };
      assert.deepEqual([await attempt('192.0.2.1', '10.1.1.1'), await attempt('192.0.2.1', '10.1.1.2')], [400, 400]);
      assert.equal(
        await attempt('192.0.2.1', '8.8.8.8, 10.1.1.1'),
        429,
        'what a client adds on the left is not looked at',
      );
      assert.deepEqual(
        [await attempt('198.51.100.1', '10.9.9.1'), await attempt('198.51.100.1', '10.9.9.2')],
        [400, 429],
      );
    } finally {
      await close();
    }
  });
});

describe('serves', () => {
  test('knows our paths from the host’s', async () => {
    const { auth, close } = await testLatchkey();
    await close();
    for (const ours of ['/auth/', '/auth/login/', '/auth/login', '/api/token', '/api/token/', '/password/reset']) {
      assert.equal(auth.serves(ours), true, ours);
    }
    for (const theirs of ['/', '/authors/', '/api/tokens/', '/api/', '/password/', '/lessons/auth/login/', '']) {
      assert.equal(auth.serves(theirs), false, theirs);
    }
  });

  test('follows the base path', async () => {
    const { auth, close } = await testLatchkey({ basePath: '/accounts/v1' });
    try {
      assert.deepEqual(['/accounts/v1/login/', '/auth/login/'].map(auth.serves), [true, false]);
      assert.equal((await ask(auth, 'GET', '/accounts/v1/user/')).status, 401);
      assert.equal((await ask(auth, 'GET', '/auth/user/')).status, 404);
    } finally {
      await close();
    }
  });
});
