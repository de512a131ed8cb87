/** Making passkeys: by their owner, lately proved, from what this site asked for, and nobody else's. */
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { Device, PASSWORD, withAnn } from '../library/device.ts';
import { codeAt } from '../second-step/app.ts';
import { type Attestation, Authenticator, cbor, coseOf, type KeyPair, newKeys, type Twist } from './authenticator.ts';
import {
  begin,
  complete,
  creationOptions,
  NOT_REGISTERED,
  REGISTRATION_EXPIRED,
  register,
  registered,
  signIn,
} from './ceremonies.ts';
import { attestedByMaker } from './maker.ts';

async function ann({ auth }: TestInstance): Promise<Device> {
  const device = new Device(auth);
  await device.signIn();
  return device;
}

const COMPLETE = '/auth/passkeys/register/complete/';

describe('making a passkey', () => {
  test(
    'asks for one that needs no name, of this domain, and not for one that is there already',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const authenticator = await registered(device, new Authenticator());
      const { challenge, user, ...rest } = await creationOptions(device);
      assert.equal(Buffer.from(String(challenge), 'base64url').length, 32);
      const { id, ...names } = user as { readonly id: string };
      assert.equal(id, authenticator.userHandle, 'one handle for all of an account’s');
      assert.deepEqual(names, { name: 'ann', displayName: 'ann' });
      assert.deepEqual(rest, {
        rp: { name: '127.0.0.1', id: '127.0.0.1' },
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
        timeout: 300_000,
        excludeCredentials: [{ id: authenticator.credentialId, type: 'public-key', transports: ['internal'] }],
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
        attestation: 'none',
        extensions: { credProps: true },
      });
    }),
  );

  test(
    'is answered as dj-rest-auth does, and told to its owner by mail (H21)',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const authenticator = new Authenticator({ isSynced: true });
      const { status, body } = await register(device, authenticator, { name: 'Phone' });
      assert.equal(status, 201);
      const { created_at: createdAt, ...rest } = body;
      assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT.*Z$/);
      const id = authenticator.credentialId;
      assert.deepEqual(rest, {
        ...{ id, name: 'Phone', credential_id: id, last_used_at: null },
        ...{ transports: ['internal'], discoverable: true, synced: true },
        ...{ rp_id: '127.0.0.1', user_handle: authenticator.userHandle },
      });
      await instance.auth.settle();
      const [mail] = instance.mailbox.mails;
      assert.match(mail?.subject ?? '', /passkey was added/);
      const unnamed = await register(device, new Authenticator());
      assert.equal(unnamed.body['name'], 'Passkey');
      const named = await device.ask('POST', '/auth/passkeys/register/begin/', { name: ' Laptop ' });
      const credential = new Authenticator().create(named.body);
      const kept = await device.ask('POST', '/auth/passkeys/register/complete/', { credential });
      assert.equal(kept.body['name'], 'Laptop', 'it was named at the beginning');
      const called = await device.ask('POST', '/auth/passkeys/register/begin/', { name: 'Old' });
      const given = { credential: new Authenticator().create(called.body), name: 'New' };
      assert.equal((await device.ask('POST', '/auth/passkeys/register/complete/', given)).body['name'], 'New');
      const long = await device.ask('POST', '/auth/passkeys/register/begin/', { name: 'x'.repeat(101) });
      assert.deepEqual(long.body, { name: ['Ensure this field has no more than 100 characters.'] });
      assert.equal(await device.why(), null, 'nobody is signed out by it');
    }),
  );

  test(
    'H21: a session that is not fresh makes none, and begins none',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const options = await creationOptions(device);
      instance.clock.advance(10 * 60_000 + 1);
      const begun = await device.ask('POST', '/auth/passkeys/register/begin/', {});
      assert.deepEqual([begun.status, begun.reason], [403, 'reauthentication_required']);
      const done = await device.ask('POST', COMPLETE, { credential: new Authenticator().create(options) });
      assert.deepEqual([done.status, done.reason], [403, 'reauthentication_required']);
      const nobody = await new Device(instance.auth).ask('POST', '/auth/passkeys/register/begin/', {});
      assert.equal(nobody.status, 401);
    }),
  );

  test(
    'H11: a challenge is good once, for five minutes, for its own session, and for nothing else',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { auth, clock } = instance;
      const device = await ann(instance);
      const options = await creationOptions(device);
      const both = [1, 2].map(() => new Authenticator().create(options));
      const answers = await Promise.all(both.map((credential) => device.ask('POST', COMPLETE, { credential })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 400], 'of two at once, one');
      assert.deepEqual(answers.find(({ status }) => status === 400)?.body, REGISTRATION_EXPIRED);

      const late = await creationOptions(device);
      clock.advance(5 * 60_000);
      const tooLate = await device.ask('POST', COMPLETE, { credential: new Authenticator().create(late) });
      assert.deepEqual(tooLate.body, REGISTRATION_EXPIRED);

      const other = await ann(instance);
      const mine = new Authenticator().create(await creationOptions(device));
      assert.deepEqual((await other.ask('POST', COMPLETE, { credential: mine })).body, REGISTRATION_EXPIRED);

      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      assert.deepEqual((await bob.ask('POST', COMPLETE, { credential: mine })).body, REGISTRATION_EXPIRED);

      const { options: toSignIn } = await begin(device);
      const made = new Authenticator().create({ ...options, challenge: toSignIn['challenge'] });
      assert.deepEqual((await device.ask('POST', COMPLETE, { credential: made })).body, REGISTRATION_EXPIRED);
    }),
  );

  test(
    'H17: one that is registered already, with whoever it be, is refused and stays whose it is',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { auth } = instance;
      const device = await ann(instance);
      const authenticator = await registered(device, new Authenticator());
      const handle = authenticator.userHandle;
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      const taken = { non_field_errors: ['This credential is already registered.'] };
      assert.deepEqual((await register(bob, authenticator)).body, taken);
      assert.deepEqual((await register(device, authenticator)).body, taken);
      authenticator.userHandle = handle;
      const signedIn = new Device(auth);
      assert.equal((await signIn(signedIn, authenticator)).status, 200);
      assert.equal((await signedIn.ask('GET', '/auth/user/')).body['username'], 'ann');
    }),
  );

  test(
    'an id that a client chose takes the place of nothing else',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const id = Buffer.from('recovery-codes-1', 'base64url');
      assert.equal((await register(device, new Authenticator(), { twist: { id } })).status, 201);
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      const code = codeAt(String(body['secret']), instance.clock());
      const activation = { activation_token: body['activation_token'], code };
      const done = await device.ask('POST', '/auth/mfa/totp/activate/', activation);
      assert.equal(done.status, 200, done.text);
    }),
  );

  test(
    'an account has twenty at most',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      for (let made = 0; made < 20; made++) await registered(device, new Authenticator({ algorithm: 'EdDSA' }));
      const more = await device.ask('POST', '/auth/passkeys/register/begin/', {});
      assert.deepEqual(more.body, { non_field_errors: ['An account may have no more than 20 passkeys.'] });
    }),
  );
});

const ec = newKeys('ES256');
const ed = newKeys('EdDSA');
const rsa = newKeys('RS256');
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const small = (x: Buffer): Buffer => coseOf(ed, 'EdDSA', new Map([[-2, x]]));

/** What of a new passkey is not to be taken, whatever else is right with it. */
const twists: Readonly<Record<string, Twist>> = {
  'H12: for a sign-in': { type: 'webauthn.get' },
  'H12: for another origin': { origin: 'https://evil.example' },
  'H13: for another domain': { rpId: 'evil.example' },
  'H13: while nobody was there': { isPresent: false },
  'H15: backed up without being made to be': { isBackedUp: true },
  'H16: of an algorithm that was not asked for': { cose: coseOf(ec, 'ES256', new Map([[3, -47]])) },
  'H16: of one algorithm and another’s key': { cose: coseOf(rsa, 'RS256', new Map([[3, -7]])) },
  'H16: a point that is not on its curve': { cose: coseOf(ec, 'ES256', new Map([[-3, Buffer.alloc(32, 7)]])) },
  'H16: of another curve': { cose: coseOf(ec, 'ES256', new Map([[-1, 2]])) },
  'H16: RSA with 1,024 bits': { cose: coseOf(rsa, 'RS256', new Map([[-1, Buffer.alloc(128, 0xc5)]])) },
  'H16: RSA with 16,384 bits': { cose: coseOf(rsa, 'RS256', new Map([[-1, Buffer.alloc(2048, 0xc5)]])) },
  'H16: RSA with an exponent of one': { cose: coseOf(rsa, 'RS256', new Map([[-2, Buffer.from([1])]])) },
  'H16: Ed25519, the neutral point': { cose: small(hex(`01${'00'.repeat(31)}`)) },
  'H16: Ed25519, the neutral point with a sign': { cose: small(hex(`01${'00'.repeat(30)}80`)) },
  'H16: Ed25519, a point of order two': { cose: small(hex(`ec${'ff'.repeat(30)}7f`)) },
  'H16: Ed25519, a point of order four': { cose: small(Buffer.alloc(32)) },
  'H16: Ed25519, a point of order eight': {
    cose: small(hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
  },
  'H16: Ed25519, too short': { cose: small(Buffer.alloc(31, 9)) },
  'H18: with a maker’s certificate, which nobody asked for': { attest: attestedByMaker },
  'H18: with a key that is 20,000 lists in each other': {
    cose: Buffer.concat([Buffer.alloc(20_000, 0x81), hex('00')]),
  },
  'H18: with a key that says it has four billion members': { cose: hex('baffffffff01020326') },
  'H18: attested by a TPM': { attest: () => ({ fmt: 'tpm', attStmt: new Map() }) },
  'H18: attested in a way that nobody knows': { attest: () => ({ fmt: 'none ', attStmt: new Map() }) },
  'H17: with another id beside it than in it': { besideId: Buffer.alloc(32, 7) },
  'H18: with an empty id': { id: Buffer.alloc(0) },
  'H18: with an id longer than any': { id: Buffer.alloc(1024, 1) },
};

describe('what is no passkey', () => {
  for (const [name, twist] of Object.entries(twists)) {
    test(
      `${name}: is refused, and nothing is kept`,
      withAnn({}, async (instance) => {
        const device = await ann(instance);
        const answer = await register(device, new Authenticator(), { twist });
        assert.equal(answer.status, 400, answer.text);
        assert.deepEqual(answer.body, NOT_REGISTERED);
        assert.equal((await device.ask('GET', '/auth/passkeys/')).text, '[]');
      }),
    );
  }

  test(
    'H16: an algorithm cannot change afterwards, for a key says its own',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const authenticator = await registered(device, new Authenticator({ algorithm: 'EdDSA' }));
      const other = new Authenticator({ algorithm: 'ES256' });
      other.userHandle = authenticator.userHandle;
      const { options, sessionId } = await begin(device);
      const credential = other.get(options, { id: authenticator.id, counter: 9 });
      assert.equal((await complete(device, credential, sessionId)).status, 400);
    }),
  );

  const deep = (levels: number): Buffer => Buffer.concat([Buffer.alloc(levels, 0x81), Buffer.from([0])]);
  /** What becomes of an attestation object that is right. */
  const objects: Readonly<Record<string, (right: Buffer) => Uint8Array>> = {
    nothing: () => Buffer.alloc(0),
    'an empty map': () => hex('a0'),
    'cut short': (right) => right.subarray(0, 60),
    'with bytes after it': (right) => Buffer.concat([right, Buffer.from('more')]),
    'one name twice': (right) => Buffer.concat([hex('a4'), right.subarray(1), cbor('fmt'), cbor('none')]),
    'with a member that is 40,000 lists in each other': (right) =>
      Buffer.concat([hex('a4'), right.subarray(1), cbor('x'), deep(40_000)]),
    'a map that says it has four billion members': (right) => Buffer.concat([hex('baffffffff'), right.subarray(1)]),
    'bytes that say they are more than there is': () => hex('a1635a5a5a5a40000000'),
    'a list': () => cbor([1, 2, 3]),
    '40,000 lists in each other': () => deep(40_000),
    'without an end': (right) => Buffer.concat([hex('bf'), right.subarray(1)]),
    noise: () => Buffer.from(Array.from({ length: 4_000 }, (_, at) => (at * 7919) & 255)),
  };
  for (const [name, make] of Object.entries(objects)) {
    test(
      `H18: CBOR: ${name}: is refused, soon`,
      withAnn({}, async (instance) => {
        const device = await ann(instance);
        // The library is loaded with the first.
        await registered(device, new Authenticator());
        const options = await creationOptions(device);
        const right = new Authenticator().create(options);
        const response = right['response'] as Readonly<Record<string, unknown>>;
        const made = make(Buffer.from(String(response['attestationObject']), 'base64url'));
        const attestationObject = Buffer.from(made).toString('base64url');
        const startedAt = performance.now();
        const credential = { ...right, response: { ...response, attestationObject } };
        const answer = await device.ask('POST', COMPLETE, { credential });
        const took = performance.now() - startedAt;
        assert.equal(answer.status, 400, answer.text);
        assert.deepEqual(answer.body, NOT_REGISTERED);
        assert.ok(took < 500, `${took} ms`);
      }),
    );
  }

  test(
    'a statement that an authenticator signs itself is taken, and says nothing',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const attest = (signed: Uint8Array, { privateKey }: KeyPair): Attestation => {
        const attStmt = new Map<string, number | Uint8Array>([
          ['alg', -7],
          ['sig', sign('sha256', signed, privateKey)],
        ]);
        return { fmt: 'packed', attStmt };
      };
      assert.equal((await register(device, new Authenticator(), { twist: { attest } })).status, 201);
    }),
  );

  const shapes: Readonly<Record<string, unknown>> = {
    text: 'x',
    'a number': 7,
    'a list': [],
    nothing: {},
    'no response': { id: 'AAAA', rawId: 'AAAA', type: 'public-key' },
    'two ids': { id: 'AAAA', rawId: 'BBBB', type: 'public-key', response: { clientDataJSON: 'e30' } },
    'an id of other letters': { id: '../', rawId: '../', type: 'public-key', response: { clientDataJSON: 'e30' } },
    'another type': { id: 'AAAA', rawId: 'AAAA', type: 'password', response: { clientDataJSON: 'e30' } },
    'client data that is a list': {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'W10' },
    },
    'client data that is no JSON': {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AAAA' },
    },
  };
  for (const [name, credential] of Object.entries(shapes)) {
    test(
      `H18: a credential that is ${name} is refused, to make one and to sign in`,
      withAnn({}, async (instance) => {
        const device = await ann(instance);
        const made = await device.ask('POST', COMPLETE, { credential });
        assert.deepEqual([made.status, made.body], [400, NOT_REGISTERED]);
        const { sessionId } = await begin(device);
        const signed = await complete(device, credential, sessionId);
        assert.deepEqual([signed.status, signed.body], [400, { non_field_errors: ['Invalid credential format.'] }]);
      }),
    );
  }

  test(
    'what is missing is named',
    withAnn({}, async (instance) => {
      const device = await ann(instance);
      const required = ['This field is required.'];
      assert.deepEqual((await device.ask('POST', COMPLETE, {})).body, { credential: required });
      const signed = await device.ask('POST', '/auth/passkeys/login/complete/', {});
      assert.deepEqual(signed.body, { credential: required, session_id: required });
    }),
  );
});
