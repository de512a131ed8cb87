/** What opens one thing opens no other: every kind of secret, offered everywhere that takes one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeIn, tokenIn } from '../mail-sign-in/mails.ts';
import { codeAt } from '../second-step/app.ts';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from './serving.ts';

const EMAIL = 'alice@example.com';

/** Her number: five others are there before her. */
const ALICE = '6';

const KINDS = [
  'verification',
  'reset',
  'invitation',
  'session',
  'imported',
  'device',
  /** Of a sign-in that waits for its second step. */
  'ticket',
  /** Of a sign-in that found no place. */
  'choice',
  /** Of an app that is being set up. */
  'activation',
  'mailTicket',
  'mailToken',
  'mailCode',
  'emailChange',
  'emailUndo',
] as const;

type Kind = (typeof KINDS)[number];

type Offer = {
  readonly name: string;
  readonly takes: readonly Kind[];
  /** Offers a secret, with the right ones of whatever else is asked for beside it; whether it opened what stands there. */
  readonly offer: (server: TestServer, secret: string, beside: Secrets) => Promise<boolean>;
};

type Secrets = Readonly<Record<Kind, string>> & {
  /** Carol's app, and Dave's that is being set up: what makes their codes. */
  readonly carols: string;
  readonly daves: string;
  /** Frank's session, who has the one place of his account. */
  readonly franks: string;
  /** Dave's key, who is signed in. */
  readonly dave: string;
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
      const json = { uid: ALICE, token, new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      return (await server.post('/auth/password/reset/confirm/', json)).status === 200;
    },
  },
  {
    name: 'the page that resets a password',
    takes: ['reset'],
    async offer(server, token) {
      const form = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      const headers = { cookie: `latchkey-link=${ALICE}.${token}` };
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
    name: 'login/second-step/',
    takes: ['ticket'],
    async offer(server, ticket, { carols }) {
      const json = { ticket, code: codeAt(carols, server.clock()) };
      return (await server.post('/auth/login/second-step/', json)).status === 200;
    },
  },
  {
    name: 'mfa/verify/',
    takes: ['ticket'],
    async offer(server, ticket, { carols }) {
      const json = { ephemeral_token: ticket, code: codeAt(carols, server.clock()) };
      return (await server.post('/auth/mfa/verify/', json)).status === 200;
    },
  },
  {
    name: 'the page of the second step',
    takes: ['ticket'],
    async offer(server, ticket, { carols }) {
      const form = { code: codeAt(carols, server.clock()) };
      const headers = { cookie: `latchkey-ticket=${ticket}` };
      return (await server.ask('/login/second-step/', { method: 'POST', form, headers })).status === 302;
    },
  },
  {
    name: 'login/choose/',
    takes: ['choice'],
    async offer(server, ticket, { franks }) {
      return (await server.post('/auth/login/choose/', { ticket, end: [franks] })).status === 200;
    },
  },
  {
    name: 'the page that chooses',
    takes: ['choice'],
    async offer(server, ticket, { franks }) {
      const headers = { cookie: `latchkey-choice=${ticket}` };
      return (await server.ask('/login/choose/', { method: 'POST', form: { [franks]: 'on' }, headers })).status === 302;
    },
  },
  {
    name: 'the code of a second step',
    takes: [],
    async offer(server, code, { ticket }) {
      return (await server.post('/auth/login/second-step/', { ticket, code })).status === 200;
    },
  },
  {
    name: 'mfa/totp/activate/',
    takes: ['activation'],
    async offer(server, secret, { daves, dave }) {
      const json = { activation_token: secret, code: codeAt(daves, server.clock()) };
      return (await server.post('/auth/mfa/totp/activate/', json, { key: dave })).status === 200;
    },
  },
  {
    name: 'magic-link/confirm/ as a ticket, with the link',
    takes: ['mailTicket'],
    async offer(server, ticket, { mailToken: token }) {
      return (await server.post('/auth/magic-link/confirm/', { ticket, token })).status === 200;
    },
  },
  {
    name: 'magic-link/confirm/ as a link',
    takes: ['mailToken'],
    async offer(server, token, { mailTicket: ticket }) {
      return (await server.post('/auth/magic-link/confirm/', { ticket, token })).status === 200;
    },
  },
  {
    name: 'magic-link/confirm/ as a code',
    takes: ['mailCode'],
    async offer(server, code, { mailTicket: ticket }) {
      return (await server.post('/auth/magic-link/confirm/', { ticket, code: code.slice(0, 64) })).status === 200;
    },
  },
  {
    name: 'the page that signs in by mail',
    takes: ['mailToken'],
    async offer(server, token, { mailTicket }) {
      const headers = { cookie: `latchkey-asked=${mailTicket}; latchkey-mail=${token}` };
      return (await server.ask('/login/mail/', { method: 'POST', form: { do: 'link' }, headers })).status === 302;
    },
  },
  {
    name: 'user/email/confirm/',
    takes: ['emailChange'],
    offer: async (server, key) => (await server.post('/auth/user/email/confirm/', { key })).status === 200,
  },
  {
    name: 'the page that confirms a new address',
    takes: ['emailChange'],
    async offer(server, key) {
      const headers = { cookie: `latchkey-email=${key}` };
      return (await server.ask('/account/email/confirm/', { method: 'POST', form: {}, headers })).status === 200;
    },
  },
  {
    name: 'user/email/undo/',
    takes: ['emailUndo'],
    offer: async (server, key) => (await server.post('/auth/user/email/undo/', { key })).status === 200,
  },
  {
    name: 'the page that takes a new address back',
    takes: ['emailUndo'],
    async offer(server, key) {
      const headers = { cookie: `latchkey-undo=${key}` };
      return (await server.ask('/account/email/undo/', { method: 'POST', form: {}, headers })).status === 200;
    },
  },
  {
    name: 'reauthenticate/ as a password',
    takes: [],
    async offer(server, password, { session: key }) {
      return (await server.post('/auth/reauthenticate/', { password }, { key })).status === 200;
    },
  },
  {
    name: 'a password',
    takes: [],
    offer: async (server, password) => (await server.post('/auth/login/', { ...login, password })).status === 200,
  },
];

/** Whether a sign-in takes the place of the one session that there is, rather than the second of two. */
async function keepsPlace(server: TestServer, headers: Readonly<Record<string, string>>): Promise<boolean> {
  const id = (await server.auth.accounts.findByUsername('alice'))?.id ?? 0;
  const before = (await server.auth.sessions.list(id)).length;
  await server.signIn('alice', headers);
  return (await server.auth.sessions.list(id)).length === before;
}

/** An account, and one good secret of each kind of it or of others. */
async function secretsOf(server: TestServer): Promise<Secrets> {
  const { auth, clock } = server;
  for (const username of ['bob', 'carol', 'dave', 'erin']) {
    const email = `${username}@example.com`;
    await auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
  }
  const mails = await mailSecrets(server, 'bob@example.com');
  const change = await emailSecrets(server, await server.signIn('erin'));
  const carol = await server.signIn('carol');
  const { secret: carols, activation } = await begun(server, carol);
  const given = { activation_token: activation, code: codeAt(carols, clock()) };
  assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key: carol })).status, 200);
  clock.advance(30_000);
  const half = await server.post('/auth/login/', { username: 'carol', password: PASSWORD });
  const dave = await server.signIn('dave');
  const daves = await begun(server, dave);

  const frank = await auth.accounts.create({ username: 'frank', password: PASSWORD, roles: ['single'] });
  await server.signIn('frank');
  const full = await server.post('/auth/login/', { username: 'frank', password: PASSWORD });
  const [franks] = await auth.sessions.list(frank.id);

  const { invitation: own } = await auth.accounts.invite();
  const guest = { email: EMAIL, invitation: own };
  await server.register('alice', guest);
  const { body } = await server.post('/auth/login/', login);
  const alice = await auth.accounts.findByUsername('alice');
  await auth.sessions.importKey(alice?.id ?? 0, 'c'.repeat(40));
  const { invitation } = await auth.accounts.invite();
  const verification = await server.verifyKey(EMAIL);
  const { token: reset } = await server.resetLink(EMAIL);
  return {
    ...{ verification, reset, invitation, session: memberOf(body, 'key'), imported: 'c'.repeat(40) },
    ...{ device: memberOf(body, 'device'), ticket: memberOf(half.body, 'ticket'), activation: daves.activation },
    ...{ choice: memberOf(full.body, 'ticket'), franks: franks?.id ?? '' },
    ...{ ...mails, ...change, carols, daves: daves.secret, dave },
  };
}

async function begun(server: TestServer, key: string) {
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  return { secret: memberOf(body, 'secret'), activation: memberOf(body, 'activation_token') };
}

async function mailSecrets(server: TestServer, email: string) {
  const { body } = await server.post('/auth/magic-link/', { email });
  const mail = (await server.mailsTo(email)).at(-1);
  return { mailTicket: memberOf(body, 'ticket'), mailToken: tokenIn(mail), mailCode: codeIn(mail) };
}

/** Of an account that has changed its address once, and is about to do so again. */
async function emailSecrets(server: TestServer, key: string) {
  const keyOf = async (address: string) => tokenIn((await server.mailsTo(address)).at(-1));
  await server.post('/auth/user/email/', { email: 'erin@new.example' }, { key });
  await server.post('/auth/user/email/confirm/', { key: await keyOf('erin@new.example') });
  const emailUndo = await keyOf('erin@example.com');
  await server.post('/auth/user/email/', { email: 'erin@newer.example' }, { key });
  return { emailUndo, emailChange: await keyOf('erin@newer.example') };
}

for (const { name, takes, offer } of OFFERS) {
  test(`E6: ${name} takes ${takes.join(' and ') || 'none of them'}, and no secret of another kind`, async () => {
    await using server = await testServer({
      accounts: { registration: 'invited', signInByMail: true },
      sessions: { limit: 'unlimited', roleLimits: { single: 1 }, whenFull: 'ask' },
    });
    const secrets = await secretsOf(server);
    const wrong = KINDS.filter((kind) => !takes.includes(kind));
    for (const kind of wrong) assert.equal(await offer(server, secrets[kind], secrets), false, `${name} took: ${kind}`);
    // None of that used anything up: each of the right ones still opens it.
    for (const kind of takes)
      assert.equal(await offer(server, secrets[kind], secrets), true, `${name} did not take: ${kind}`);
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
