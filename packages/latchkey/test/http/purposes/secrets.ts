/** One good secret of each kind that there is. */
import assert from 'node:assert/strict';
import { codeFor, registers } from '../../dbsc/made.ts';
import { codeIn, tokenIn } from '../../mail-sign-in/mails.ts';
import { Authenticator, type Options } from '../../passkeys/authenticator.ts';
import { codeAt } from '../../second-step/app.ts';
import type { StandIn } from '../../social/stand-in.ts';
import { memberOf, PASSWORD, type TestServer } from '../serving.ts';
import { disowning } from '../ways/way.ts';

const EMAIL = 'alice@example.com';

/** Her number: seven others are there before her. */
export const ALICE = '8';

export const KINDS = [
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
  'totpCode',
  'recoveryCode',
  /** Of a sign-in that waits for a code because it would take the place of a device; and that code. */
  'stepTicket',
  'stepCode',
  /** Of a mail that tells of a session. */
  'disowning',
  /** Of a sign-in that waits for a passkey. */
  'passkeyTicket',
  /** What authenticators are asked to sign: by anybody, in one browser, as the second step, for a new passkey. */
  'passkeySignIn',
  'passkeyInBrowser',
  'passkeyStep',
  'passkeyRegistration',
  /** Of a trip to a provider, and what the browser carries there and back. */
  'socialState',
  'socialCarried',
  /** Of a session that a browser may bind, and of one that it has bound. */
  'bindingCode',
  'boundName',
] as const;

export type Kind = (typeof KINDS)[number];

export type Secrets = Readonly<Record<Kind, string>> & {
  /** Carol's app, and Dave's that is being set up: what makes their codes. */
  readonly carols: string;
  readonly daves: string;
  /** The keys of Carol and of Dave, who are signed in. */
  readonly carol: string;
  readonly dave: string;
  /** Frank's session, who has the one place of his account, and its key. */
  readonly franks: string;
  readonly frank: string;
  /** Fay's authenticator. */
  readonly fays: Authenticator;
  /** What the provider gives whoever comes back from it. */
  readonly socialCode: string;
};

export const BROWSER = 'b'.repeat(43);

export const login = { username: 'alice', password: PASSWORD };

export const halfOf = async (server: TestServer, username: string): Promise<string> =>
  memberOf((await server.post('/auth/login/', { username, password: PASSWORD })).body, 'ticket');

/** An account, and one good secret of each kind of it or of others. */
export async function secretsOf(server: TestServer, provider: StandIn): Promise<Secrets> {
  const { auth, clock } = server;
  for (const username of ['bob', 'carol', 'dave', 'erin', 'fay', 'ivan']) {
    const email = `${username}@example.com`;
    await auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
  }
  const mails = await mailSecrets(server, 'bob@example.com');
  const change = await emailSecrets(server, await server.signIn('erin'));
  const carol = await server.signIn('carol');
  const { secret: carols, activation } = await begun(server, carol);
  const given = { activation_token: activation, code: codeAt(carols, clock()) };
  const activated = await server.post('/auth/mfa/totp/activate/', given, { key: carol });
  const [recoveryCode = ''] = (activated.body as { readonly recovery_codes: readonly string[] }).recovery_codes;
  clock.advance(30_000);
  const dave = await server.signIn('dave');
  const daves = await begun(server, dave);

  const full = await choiceSecrets(server);
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
    ...{ device: memberOf(body, 'device'), ticket: await halfOf(server, 'carol'), activation: daves.activation },
    ...{ ...mails, ...change, carols, carol, daves: daves.secret, dave },
    ...{ totpCode: codeAt(carols, clock()), recoveryCode },
    ...full,
    ...(await takeoverSecrets(server)),
    ...(await passkeySecrets(server, dave)),
    ...(await socialSecrets(server, provider)),
    ...(await bindingSecrets(server)),
  };
}

async function choiceSecrets(server: TestServer) {
  const { id } = await server.auth.accounts.create({ username: 'frank', password: PASSWORD, roles: ['single'] });
  const frank = await server.signIn('frank');
  const choice = await halfOf(server, 'frank');
  const [session] = await server.auth.sessions.list(id);
  return { choice, frank, franks: session?.id ?? '' };
}

/** Gina has the one place of her account, and somebody else is at it; Hal was mailed of a session. */
async function takeoverSecrets(server: TestServer) {
  const { accounts } = server.auth;
  const person = { email: 'gina@example.com', emailVerified: true, password: PASSWORD };
  await accounts.create({ username: 'gina', ...person, roles: ['single'] });
  const hal = await accounts.create({ username: 'hal', password: PASSWORD });
  for (const username of ['gina', 'hal']) await server.signIn(username);
  const stepTicket = await halfOf(server, 'gina');
  // Where one who is in lets newcomers in, nothing is mailed.
  const mail = (await server.mailsTo('gina@example.com')).at(-1);
  const stepCode = mail === undefined ? 'none' : codeIn(mail);
  return { stepTicket, stepCode, disowning: await disowning(server, hal.id) };
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

async function demand({ auth }: TestServer, username: string): Promise<void> {
  const account = await auth.accounts.findByUsername(username);
  await auth.accounts.setRoles(account?.id ?? 0, ['admin']);
}

/** Fay has a passkey, and has to show it after her password; Ivan would have to set something up. */
async function passkeySecrets(server: TestServer, dave: string) {
  const key = await server.signIn('fay');
  const fays = new Authenticator({ counts: false });
  const made = await server.post('/auth/passkeys/register/begin/', {}, { key });
  const credential = fays.create(made.body as Options);
  assert.equal((await server.post('/auth/passkeys/register/complete/', { credential }, { key })).status, 201);
  for (const username of ['fay', 'ivan']) await demand(server, username);
  const challengeAt = async (path: string, json: unknown, headers = {}): Promise<string> =>
    memberOf((await server.post(path, json, { headers })).body, 'challenge');
  const passkeyTicket = await halfOf(server, 'fay');
  const begin = '/auth/passkeys/login/begin/';
  return {
    ...{ fays, passkeyTicket },
    passkeySignIn: await challengeAt(begin, {}),
    passkeyInBrowser: await challengeAt(begin, { bind: true }, { cookie: `latchkey-passkey=${BROWSER}` }),
    passkeyStep: await challengeAt('/auth/login/second-step/passkey/', { ticket: passkeyTicket }),
    passkeyRegistration: memberOf(
      (await server.post('/auth/passkeys/register/begin/', {}, { key: dave })).body,
      'challenge',
    ),
  };
}

/** Bob's browser has bound one of his sessions, and may bind another. */
async function bindingSecrets(server: TestServer) {
  const bound = await registers(server, codeFor(server, await server.signIn('bob')));
  const boundName = memberOf(bound.body, 'session_identifier');
  return { boundName, bindingCode: codeFor(server, await server.signIn('bob')) };
}

/** Dave is known to the provider, and somebody is on the way back from there. */
async function socialSecrets(server: TestServer, provider: StandIn) {
  const key = await server.signIn('dave');
  const id_token = provider.idToken({ sub: 'dave-1' });
  assert.equal((await server.post('/auth/social/acme/connect/', { id_token }, { key })).status, 200);
  const { headers } = await server.ask('/auth/social/acme/begin/', { headers: { 'sec-fetch-site': 'same-origin' } });
  const to = new URL(headers.get('location') ?? '');
  provider.identifies({ sub: 'dave-1', nonce: to.searchParams.get('nonce') });
  const socialCarried = /latchkey-provider=([^;]+)/.exec(headers.getSetCookie().join())?.[1] ?? '';
  return { socialState: to.searchParams.get('state') ?? '', socialCarried, socialCode: 'code-1' };
}
