/** What opens one thing opens no other: every kind of secret, offered everywhere that takes one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from './serving.ts';

const EMAIL = 'alice@example.com';

const KINDS = ['verification', 'reset', 'invitation', 'session', 'imported', 'device'] as const;

type Kind = (typeof KINDS)[number];

type Offer = {
  readonly name: string;
  readonly takes: readonly Kind[];
  /** Offers a secret; whether it opened what stands there. */
  readonly offer: (server: TestServer, secret: string) => Promise<boolean>;
};

const login = { username: 'alice', password: PASSWORD };

const OFFERS: readonly Offer[] = [
  {
    name: 'registration/verify-email/',
    takes: ['verification'],
    offer: async (server, key) => (await server.post('/auth/registration/verify-email/', { key })).status === 200,
  },
  {
    name: 'the page that verifies an address',
    takes: ['verification'],
    async offer(server, key) {
      const path = `/auth/registration/account-confirm-email/${key}/`;
      return (await server.ask(path, { method: 'POST', form: {} })).status === 200;
    },
  },
  {
    name: 'password/reset/confirm/',
    takes: ['reset'],
    async offer(server, token) {
      const json = { uid: '1', token, new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      return (await server.post('/auth/password/reset/confirm/', json)).status === 200;
    },
  },
  {
    name: 'the page that resets a password',
    takes: ['reset'],
    async offer(server, token) {
      const form = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      const headers = { cookie: `latchkey-link=1.${token}` };
      return (await server.ask('/password/reset/confirm/', { method: 'POST', form, headers })).status === 200;
    },
  },
  {
    name: 'registration/',
    takes: ['invitation'],
    async offer(server, invitation) {
      const json = { username: 'guest', password1: PASSWORD, password2: PASSWORD, invitation };
      return (await server.post('/auth/registration/', json)).status === 201;
    },
  },
  {
    name: 'Authorization: Token',
    takes: ['session', 'imported'],
    offer: (server, secret) => server.isLive(secret),
  },
  {
    name: 'Authorization: Bearer',
    takes: ['session', 'imported'],
    async offer(server, secret) {
      return (await server.ask('/auth/session/', { headers: { authorization: `Bearer ${secret}` } })).status === 200;
    },
  },
  {
    name: 'the session cookie',
    takes: ['session', 'imported'],
    async offer(server, secret) {
      return (await server.ask('/auth/session/', { headers: { cookie: `latchkey=${secret}` } })).status === 200;
    },
  },
  {
    name: 'Latchkey-Device',
    takes: ['device'],
    // A known device takes its own place again and displaces nobody: at a limit of two, both others stay.
    offer: (server, secret) => keepsPlace(server, { 'latchkey-device': secret }),
  },
  {
    name: 'the device cookie',
    takes: ['device'],
    offer: (server, secret) => keepsPlace(server, { cookie: `latchkey-device=${secret}` }),
  },
  {
    name: 'a password',
    takes: [],
    offer: async (server, password) => (await server.post('/auth/login/', { ...login, password })).status === 200,
  },
];

/** Whether a sign-in takes the place of the one session that there is, rather than the second of two. */
async function keepsPlace(server: TestServer, headers: Readonly<Record<string, string>>): Promise<boolean> {
  const before = (await server.auth.sessions.list(1)).length;
  await server.signIn('alice', headers);
  return (await server.auth.sessions.list(1)).length === before;
}

/** An account, and one good secret of each kind of it. */
async function secretsOf(server: TestServer): Promise<Readonly<Record<Kind, string>>> {
  const { invitation: own } = await server.auth.accounts.invite();
  const guest = { email: EMAIL, invitation: own };
  await server.register('alice', guest);
  const { body } = await server.post('/auth/login/', login);
  await server.auth.sessions.importKey(1, 'c'.repeat(40));
  const { invitation } = await server.auth.accounts.invite();
  const verification = await server.verifyKey(EMAIL);
  const { token: reset } = await server.resetLink(EMAIL);
  const session = memberOf(body, 'key');
  return { verification, reset, invitation, session, imported: 'c'.repeat(40), device: memberOf(body, 'device') };
}

for (const { name, takes, offer } of OFFERS) {
  test(`E6: ${name} takes ${takes.join(' and ') || 'none of them'}, and no secret of another kind`, async () => {
    await using server = await testServer({
      accounts: { registration: 'invited' },
      sessions: { limit: 'unlimited' },
    });
    const secrets = await secretsOf(server);
    const wrong = KINDS.filter((kind) => !takes.includes(kind));
    for (const kind of wrong) assert.equal(await offer(server, secrets[kind]), false, `${name} took: ${kind}`);
    // None of that used anything up: each of the right ones still opens it.
    for (const kind of takes) assert.equal(await offer(server, secrets[kind]), true, `${name} did not take: ${kind}`);
  });
}

test('E6, F-27: another account’s device token is nobody’s device here', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  await server.register('alice');
  await server.register('bob');
  const { body } = await server.post('/auth/login/', { username: 'bob', password: PASSWORD });
  const headers = { 'latchkey-device': memberOf(body, 'device') };
  // Twice: had the first sign-in taken the name over, the second would find its place.
  await server.signIn('alice', headers);
  assert.equal(await keepsPlace(server, headers), false);
});

test('E6, G12: the right checksum under a secret of nobody’s is no token', async () => {
  await using server = await testServer();
  await server.register('alice');
  await using other = await testServer();
  const foreign = await other.register('alice');
  assert.equal(await other.isLive(foreign), true);
  assert.equal(await server.isLive(foreign), false);
});
