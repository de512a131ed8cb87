/** Signing in by a passkey: what an authenticator signed for this site, once, and lately. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LatchkeyEvent } from 'latchkey';
import type { TestInstance } from 'latchkey/testing';
import { testServer } from '../http/serving.ts';
import { Device, onOneFile, PASSWORD, withAnn } from '../library/device.ts';
import { Authenticator, newKeys, type Twist } from './authenticator.ts';
import { begin, complete, EXPIRED, MALFORMED, registered, signIn, UNKNOWN, WRONG } from './ceremonies.ts';

type Given = NonNullable<ConstructorParameters<typeof Authenticator>[0]>;

/** Ann is signed in on a device, and has a passkey. */
async function annWith({ auth }: TestInstance, given: Given = {}) {
  const device = new Device(auth);
  await device.signIn();
  const authenticator = await registered(device, new Authenticator(given));
  return { device, authenticator };
}

async function bobWith({ auth }: TestInstance) {
  await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
  const device = new Device(auth);
  await device.signIn('bob');
  return { device, authenticator: await registered(device, new Authenticator()) };
}

describe('a passkey', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    test(
      `P5, F-13: of ${algorithm} signs in alone, through the door, and says how`,
      withAnn({}, async (instance) => {
        const { device, authenticator } = await annWith(instance, { algorithm });
        const other = new Device(instance.auth);
        const answer = await signIn(other, authenticator);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(Object.keys(answer.body), ['key', 'device']);
        assert.equal(await other.why(), null);
        assert.equal(await device.why(), 'session_displaced', 'P1: and takes the place of the other device');
        const mine = (await other.ask('GET', '/auth/user/export/')).body;
        const [session] = mine['sessions'] as readonly { readonly method: string }[];
        assert.equal(session?.method, 'passkey');
      }),
    );
  }

  test(
    'A7, H20: what is asked for is the same for every name, and says of nobody whether they have one',
    withAnn({}, async (instance) => {
      await annWith(instance);
      const bodies = [
        {},
        { username: 'ann' },
        { username: 'nobody' },
        { email: 'ann@example.com' },
        { email: 'x@y.zz' },
      ];
      for (const body of bodies) {
        const { options, sessionId } = await begin(new Device(instance.auth), body);
        const { challenge, session_id, ...rest } = options;
        assert.deepEqual(rest, {
          timeout: 300_000,
          rpId: '127.0.0.1',
          allowCredentials: [],
          userVerification: 'preferred',
        });
        assert.equal(session_id, sessionId);
        assert.equal(Buffer.from(String(challenge), 'base64url').length, 32, 'H11');
      }
    }),
  );

  test(
    'H11: a challenge is good once: a whole answer that is sent again opens nothing',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { authenticator } = await annWith(instance, { counts: false });
      const device = new Device(instance.auth);
      const { options, sessionId } = await begin(device);
      const credential = authenticator.get(options);
      assert.equal((await complete(device, credential, sessionId)).status, 200);
      assert.deepEqual((await complete(new Device(instance.auth), credential, sessionId)).body, EXPIRED);
    }),
  );

  test(
    'H11: of any number of uses of one answer at once, one gets in',
    withAnn({ sessions: { limit: 'unlimited' } }, async (instance) => {
      const { authenticator } = await annWith(instance);
      const uses = fc.record({ counts: fc.boolean(), times: fc.integer({ min: 2, max: 12 }) });
      await fc.assert(
        fc.asyncProperty(uses, async ({ counts, times }) => {
          authenticator.counter ??= counts ? 1 : null;
          const { options, sessionId } = await begin(new Device(instance.auth));
          const credential = authenticator.get(options);
          const answers = await Promise.all(
            Array.from({ length: times }, () => complete(new Device(instance.auth), credential, sessionId)),
          );
          assert.equal(answers.filter(({ status }) => status === 200).length, 1);
          for (const { status } of answers) assert.ok(status === 200 || status === 400);
        }),
        { numRuns: 20 },
      );
    }),
  );

  test(
    'H11: a challenge is good for five minutes',
    withAnn({}, async (instance) => {
      const { authenticator } = await annWith(instance);
      const device = new Device(instance.auth);
      const { options, sessionId } = await begin(device);
      instance.clock.advance(5 * 60_000);
      assert.deepEqual((await complete(device, authenticator.get(options), sessionId)).body, EXPIRED);
    }),
  );

  test(
    'H11: a challenge of another ceremony, of nobody’s, or beside another session_id is none',
    withAnn({}, async (instance) => {
      const { device, authenticator } = await annWith(instance);
      const made = (await device.ask('POST', '/auth/passkeys/register/begin/', {})).body;
      const rpId = '127.0.0.1';
      const other = new Device(instance.auth);
      const ofRegistration = String(made['challenge']);
      const answered = authenticator.get({ challenge: ofRegistration, rpId });
      assert.deepEqual((await complete(other, answered, ofRegistration)).body, EXPIRED);
      const [first, second] = [await begin(other), await begin(other)];
      assert.deepEqual((await complete(other, authenticator.get(first.options), second.sessionId)).body, EXPIRED);
      const unasked = Buffer.alloc(32).toString('base64url');
      assert.deepEqual((await complete(other, authenticator.get({ challenge: unasked, rpId }), unasked)).body, EXPIRED);
    }),
  );

  test(
    'H11: a challenge that was bound to a browser is good in that browser alone',
    withAnn({}, async (instance) => {
      const { authenticator } = await annWith(instance);
      const [mine, thief] = [new Device(instance.auth, 'browser'), new Device(instance.auth, 'browser')];
      const { options, sessionId } = await begin(mine, { bind: true });
      await begin(thief, { bind: true });
      const credential = authenticator.get(options);
      assert.deepEqual((await complete(thief, credential, sessionId)).body, EXPIRED);
      assert.deepEqual((await complete(new Device(instance.auth), credential, sessionId)).body, EXPIRED);
      assert.equal((await complete(mine, credential, sessionId)).status, 200);
    }),
  );

  const twists: Readonly<Record<string, Twist>> = {
    'H12: of another type': { type: 'webauthn.create' },
    'H12: for another port': { origin: 'http://127.0.0.1:8788' },
    'H12: for another scheme': { origin: 'https://127.0.0.1:8787' },
    'H12: for an origin that begins like ours': { origin: 'http://127.0.0.1:8787.evil.example' },
    'H13: for another domain': { rpId: 'evil.example' },
    'H13: while nobody was there': { isPresent: false },
    'H15: backed up, as it was not made to be': { isBackupEligible: true, isBackedUp: true },
    'H15: backed up without being made to be': { isBackedUp: true },
    'H16: signed by another key': { keys: newKeys('ES256') },
    'H17: for another person': { userHandle: 'c29tZWJvZHk' },
    'H17: for nobody in particular': { userHandle: null },
  };
  for (const [name, twist] of Object.entries(twists)) {
    test(
      `${name}: is refused, and burns its challenge`,
      withAnn({}, async (instance) => {
        const { device, authenticator } = await annWith(instance);
        const other = new Device(instance.auth);
        const { options, sessionId } = await begin(other);
        assert.deepEqual((await complete(other, authenticator.get(options, twist), sessionId)).body, WRONG);
        assert.deepEqual((await complete(other, authenticator.get(options), sessionId)).body, EXPIRED);
        assert.equal(await device.why(), null);
        assert.equal((await signIn(other, authenticator)).status, 200, 'the passkey is as good as before');
      }),
    );
  }

  for (const [name, clientData] of [
    ['in a page of somebody else’s', { crossOrigin: true }],
    ['below somebody else’s page', { topOrigin: 'https://evil.example' }],
  ] as const) {
    test(
      `H12: asked for ${name} is refused`,
      withAnn({}, async (instance) => {
        const { authenticator } = await annWith(instance);
        assert.deepEqual((await signIn(new Device(instance.auth), authenticator, { clientData })).body, MALFORMED);
      }),
    );
  }

  test('H14: a counter that has not grown is refused and told to the host; zero is for who does not count', async () => {
    const events: LatchkeyEvent[] = [];
    await withAnn({ sessions: { limit: 9 }, onEvent: (event) => void events.push(event) }, async (instance) => {
      const { authenticator } = await annWith(instance);
      const { auth } = instance;
      assert.equal((await signIn(new Device(auth), authenticator, { counter: 7 })).status, 200);
      for (const counter of [7, 6, 1, 0]) {
        const refused = await signIn(new Device(auth), authenticator, { counter });
        assert.deepEqual(refused.body, WRONG, String(counter));
      }
      await auth.settle();
      const told = events.filter(({ type }) => type === 'sign_in_refused');
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      assert.equal(told.length, 4);
      assert.ok(told.every((event) => 'accountId' in event && event.accountId === ann?.id));
      assert.equal((await signIn(new Device(auth), authenticator, { counter: 8 })).status, 200);
    })();
    await withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { authenticator } = await annWith(instance, { counts: false, isSynced: true });
      for (let times = 0; times < 3; times++) {
        assert.equal((await signIn(new Device(instance.auth), authenticator)).status, 200);
      }
      assert.deepEqual(
        (await signIn(new Device(instance.auth), authenticator, { isBackupEligible: false, isBackedUp: false })).body,
        WRONG,
        'H15',
      );
      assert.equal((await signIn(new Device(instance.auth), authenticator, { isBackedUp: false })).status, 200);
    })();
  });

  test(
    'H14: of an authenticator and its copy at the same instant, one gets in',
    withAnn({ sessions: { limit: 'unlimited' } }, async (instance) => {
      const { authenticator } = await annWith(instance);
      for (let round = 10; round < 30; round++) {
        const requests = await Promise.all([1, 2, 3].map(() => begin(new Device(instance.auth))));
        const answers = await Promise.all(
          requests.map(({ options, sessionId }) =>
            complete(new Device(instance.auth), authenticator.get(options, { counter: round }), sessionId),
          ),
        );
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400]);
      }
    }),
  );

  test(
    'H17: one of Ann’s does not sign Bob in, nor the other way round',
    withAnn({}, async (instance) => {
      const { authenticator: anns } = await annWith(instance);
      const { authenticator: bobs } = await bobWith(instance);
      const device = new Device(instance.auth);
      assert.deepEqual((await signIn(device, anns, { userHandle: bobs.userHandle })).body, WRONG);
      assert.deepEqual((await signIn(device, anns, { id: bobs.id, userHandle: bobs.userHandle })).body, WRONG);
      assert.deepEqual((await signIn(device, new Authenticator())).body, UNKNOWN);
    }),
  );

  test(
    'P7: one that does not verify its owner is half of two steps where there are two, and all where there is one',
    withAnn({ secondStep: { demandedOf: ['admin'] } }, async (instance) => {
      const { auth } = instance;
      const { device, authenticator } = await annWith(instance, { isVerified: false });
      assert.equal((await signIn(device, authenticator)).status, 200);
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      await auth.accounts.setRoles(ann?.id ?? 0, ['admin']);
      const other = new Device(auth);
      const answer = await signIn(other, authenticator);
      assert.equal(answer.status, 200);
      assert.equal('key' in answer.body, false, 'H13');
      assert.deepEqual(answer.body['second_step'], [], 'a passkey is no second step after a passkey');
      assert.equal(answer.body['set_up'], true);
      assert.equal(await device.why(), 'session_revoked', 'who came in by half is out');
      const whole = await signIn(other, authenticator, { isVerified: true });
      assert.equal('key' in whole.body, true, 'whoever was verified has shown two');
    }),
  );

  test(
    'P5: a proof that was voided on its way is none: suspended, and gone',
    withAnn({}, async (instance) => {
      const { authenticator } = await annWith(instance);
      const { auth } = instance;
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      await auth.accounts.suspend(ann?.id ?? 0);
      assert.deepEqual((await signIn(new Device(auth), authenticator)).body, {
        non_field_errors: ['User account is disabled.'],
      });
      await auth.accounts.reactivate(ann?.id ?? 0);
      const device = new Device(auth);
      assert.equal((await signIn(device, authenticator)).status, 200);
      assert.equal((await device.ask('DELETE', '/auth/user/')).status, 204);
      assert.deepEqual((await signIn(device, authenticator)).body, UNKNOWN);
    }),
  );
});

test('H12: several origins of one domain, each exactly', async () => {
  const origin = 'https://accounts.school.example';
  const app = `android:apk-key-hash:${'a'.repeat(43)}`;
  const passkeys = { rpId: 'school.example', origins: ['https://learn.school.example', app] };
  await withAnn({ origin, passkeys, sessions: { limit: 9 } }, async (instance) => {
    const { authenticator } = await annWith(instance, { origin });
    for (const other of [origin, 'https://learn.school.example', app]) {
      assert.equal((await signIn(new Device(instance.auth), authenticator, { origin: other })).status, 200, other);
    }
    for (const other of [
      'https://evil.school.example',
      'https://learn.school.example:444',
      'http://learn.school.example',
    ]) {
      assert.deepEqual((await signIn(new Device(instance.auth), authenticator, { origin: other })).body, WRONG, other);
    }
  })();
});

test(
  'an address that must be confirmed must be so here, too',
  onOneFile(async (open) => {
    const former = await open();
    await former.auth.accounts.create({ username: 'ann', email: 'ann@example.com', password: PASSWORD });
    const { authenticator } = await annWith(former);
    const stricter = await open({ accounts: { emailVerification: 'mandatory' } });
    const answer = await signIn(new Device(stricter.auth), authenticator);
    assert.equal(answer.reason, 'email_not_verified');
  }),
);

test('whoever asks for challenges without end gets no more of them, and leaves no more behind', async () => {
  await using server = await testServer({ rateLimits: 'on' });
  const statuses: number[] = [];
  for (let asked = 0; asked < 31; asked++) {
    const answers = Array.from({ length: 20 }, () => server.post('/auth/passkeys/login/begin/', {}));
    statuses.push(...(await Promise.all(answers)).map(({ status }) => status));
  }
  assert.equal(statuses.filter((status) => status === 200).length, 600);
  assert.equal(statuses.filter((status) => status === 429).length, 20);
  assert.equal(server.rows(`SELECT 1 FROM once WHERE purpose = 'passkey-sign-in'`).length, 600);
});

test('the library that verifies them is loaded with the first, and not before', () => {
  const look = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => (loaded.push(name), next(name, context)) });
    const { testLatchkey } = await import('latchkey/testing');
    const { auth, close } = await testLatchkey();
    const url = 'http://127.0.0.1:8787/auth/passkeys/login/begin/';
    const { status } = await auth.handler(new Request(url, { method: 'POST' }));
    console.log(status, loaded.length > 100, loaded.filter((name) => name.includes('simplewebauthn')).join());
    await close();`;
  const given = ['--conditions=source', '--input-type=module', '--eval', look];
  const { stdout, stderr } = spawnSync(process.execPath, given, { cwd: import.meta.dirname, encoding: 'utf8' });
  assert.equal(stdout.trim(), '200 true', stderr);
});
