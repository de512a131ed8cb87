/** Everything that is usable once, and each way in which it may be used. */
import assert from 'node:assert/strict';
import { CHALLENGE_MS } from '../../src/credentials/passkey.ts';
import { TRIP_MS } from '../../src/flows/ask-provider.ts';
import { SIGN_IN_MAIL_MS } from '../../src/flows/sign-in-by-mail.ts';
import { TICKET_MS } from '../../src/flows/tickets.ts';
import { disowning } from '../http/ways/way.ts';
import { Device, PASSWORD } from '../library/device.ts';
import { codeIn, tokenIn } from '../mail-sign-in/mails.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { begin, creationOptions } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';
import { type Person, STEP_MS, type World } from './world.ts';

export type Secrets = Readonly<Record<string, string>>;

export type Way = {
  /** All that has to be right, and each of it this person's. */
  readonly secrets: Secrets;
  /** Whether it opened what it opens. */
  readonly use: (secrets: Secrets) => Promise<boolean>;
};

/** What one person has: once one of its ways was gone, all of them are closed. */
export type Thing = {
  /** As of now: an app shows another code after a while. */
  readonly ways: () => readonly Way[];
  /** For how long it is good. */
  readonly lifetimeMs: number;
};

export type Kind = (world: World) => Promise<Thing>;

const LINK = { passwords: { new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' } };
const signUp = (username: string) => ({ username, password1: PASSWORD, password2: PASSWORD });

type Answered = { readonly status: number };

const isDone = ({ status }: Answered): boolean => status === 200 || status === 201;

/** A page that signs in sends on whoever is in, and shows its form again to others, with 200 as Django does. */
const isEntered = ({ status }: Answered): boolean => status === 302;

/** A field of what the API is asked. */
function api(world: World, path: string, more: (secrets: Secrets) => Readonly<Record<string, unknown>> = () => ({})) {
  return async ({ key, ...secrets }: Secrets): Promise<boolean> =>
    isDone(await world.ask('POST', `/auth/${path}`, { key, json: { ...secrets, ...more(secrets) } }));
}

/** The same with a key that is no session's. */
function apiWithKey(world: World, path: string) {
  return async (secrets: Secrets): Promise<boolean> =>
    isDone(await world.ask('POST', `/auth/${path}`, { json: secrets }));
}

async function changing(world: World) {
  const person = await world.person();
  const device = await world.device(person);
  const address = `${person.username}@new.example`;
  assert.equal((await device.ask('POST', '/auth/user/email/', { email: address })).status, 200);
  const key = tokenIn(await world.mailTo(address));
  return { person, key };
}

function pageOf(world: World, path: string, cookie: string, form: Secrets = {}) {
  return async ({ key }: Secrets): Promise<boolean> =>
    isDone(await world.ask('POST', path, { form, cookies: { [cookie]: key } }));
}

const WEEK_MS = 7 * 86_400_000;

const settingsOf = (world: World) => world.assembled.parts.settings;

const links: Readonly<Record<string, Kind>> = {
  async 'a link that resets a password'(world) {
    const { email } = await world.person();
    await world.ask('POST', '/auth/password/reset/', { json: { email } });
    const mail = await world.mailTo(email);
    const [uid = '', token = ''] = new URL(/https?:\S+/.exec(mail?.text ?? '')?.[0] ?? '').pathname
      .split('/')
      .slice(-3);
    const page = async (secrets: Secrets): Promise<boolean> => {
      const cookies = { 'latchkey-link': `${secrets['uid']}.${secrets['token']}` };
      return isDone(await world.ask('POST', '/password/reset/confirm/', { form: LINK.passwords, cookies }));
    };
    const secrets = { uid, token };
    return {
      ways: () => [
        { secrets, use: api(world, 'password/reset/confirm/', () => LINK.passwords) },
        { secrets, use: page },
      ],
      lifetimeMs: settingsOf(world).mail.resetLinkMs,
    };
  },

  async 'a link that disowns a session'(world) {
    const person = await world.person();
    await world.device(person);
    const secrets = { key: await disowning(world, person.id) };
    const page = async ({ key }: Secrets): Promise<boolean> => {
      const { headers } = await world.ask('POST', '/not-me/', { form: {}, cookies: { 'latchkey-not-me': key } });
      return headers.get('location')?.startsWith('/password/reset/confirm/') === true;
    };
    return {
      ways: () => [
        { secrets, use: apiWithKey(world, 'not-me/') },
        { secrets, use: page },
      ],
      lifetimeMs: WEEK_MS,
    };
  },

  async 'a link that verifies an address'(world) {
    const { email } = await world.person(false);
    await world.ask('POST', '/auth/registration/resend-email/', { json: { email } });
    const secrets = { key: tokenIn(await world.mailTo(email)) };
    const atPath = async ({ key }: Secrets): Promise<boolean> => {
      const path = `/auth/registration/account-confirm-email/${encodeURIComponent(key ?? '')}/`;
      return isDone(await world.ask('POST', path, { form: {} }));
    };
    return {
      ways: () => [
        { secrets, use: apiWithKey(world, 'registration/verify-email/') },
        { secrets, use: atPath },
      ],
      lifetimeMs: settingsOf(world).mail.verifyLinkMs,
    };
  },

  async 'an invitation'(world) {
    const { invitation } = await world.auth.accounts.invite();
    const secrets = { invitation };
    const page = async (given: Secrets): Promise<boolean> => {
      const cookies = { 'latchkey-invitation': given['invitation'] };
      return isEntered(await world.ask('POST', '/signup/', { form: signUp(world.freshName()), cookies }));
    };
    return {
      ways: () => [
        { secrets, use: api(world, 'registration/', () => signUp(world.freshName())) },
        { secrets, use: page },
      ],
      lifetimeMs: settingsOf(world).mail.invitationMs,
    };
  },

  async 'a mailed link and its code'(world) {
    const { email } = await world.person();
    const { body } = await world.ask('POST', '/auth/magic-link/', { json: { email } });
    const mail = await world.mailTo(email);
    const [ticket, token, code] = [String(body['ticket']), tokenIn(mail), codeIn(mail)];
    const page = async (given: Secrets): Promise<boolean> => {
      const cookies = { 'latchkey-asked': given['ticket'], 'latchkey-mail': given['token'] };
      return isEntered(await world.ask('POST', '/login/mail/', { form: { do: 'link' }, cookies }));
    };
    return {
      ways: () => [
        { secrets: { ticket, token }, use: api(world, 'magic-link/confirm/') },
        { secrets: { ticket, code }, use: api(world, 'magic-link/confirm/') },
        { secrets: { ticket, token }, use: page },
      ],
      lifetimeMs: SIGN_IN_MAIL_MS,
    };
  },

  async 'a link that changes an address'(world) {
    const secrets = { key: (await changing(world)).key };
    return {
      ways: () => [
        { secrets, use: apiWithKey(world, 'user/email/confirm/') },
        { secrets, use: pageOf(world, '/account/email/confirm/', 'latchkey-email') },
      ],
      lifetimeMs: settingsOf(world).mail.verifyLinkMs,
    };
  },

  async 'a link that takes a change back'(world) {
    const { person, key } = await changing(world);
    await world.ask('POST', '/auth/user/email/confirm/', { json: { key } });
    const secrets = { key: tokenIn(await world.mailTo(person.email)) };
    return {
      ways: () => [
        { secrets, use: apiWithKey(world, 'user/email/undo/') },
        { secrets, use: pageOf(world, '/account/email/undo/', 'latchkey-undo') },
      ],
      lifetimeMs: WEEK_MS,
    };
  },
};

const step = (world: World) => api(world, 'login/second-step/');

const verify =
  (world: World) =>
  async ({ ticket, code }: Secrets): Promise<boolean> =>
    isDone(await world.ask('POST', '/auth/mfa/verify/', { json: { ephemeral_token: ticket, code } }));

const stepPage =
  (world: World) =>
  async ({ ticket, code = '' }: Secrets): Promise<boolean> =>
    isEntered(
      await world.ask('POST', '/login/second-step/', { form: { code }, cookies: { 'latchkey-ticket': ticket } }),
    );

async function demanded(world: World): Promise<Person> {
  const person = await world.person();
  await world.auth.accounts.setRoles(person.id, ['admin']);
  return person;
}

const steps: Readonly<Record<string, Kind>> = {
  async 'a ticket of half a sign-in'(world) {
    const person = await world.person();
    const { secret, codes } = await world.app(person);
    const ticket = await world.ticketOf(person);
    const [first = '', second = ''] = codes;
    return {
      ways: () => [
        { secrets: { ticket, code: codeAt(secret, world.now()) }, use: step(world) },
        { secrets: { ticket, code: first }, use: step(world) },
        { secrets: { ticket, code: codeAt(secret, world.now()) }, use: verify(world) },
        { secrets: { ticket, code: second }, use: stepPage(world) },
      ],
      lifetimeMs: TICKET_MS,
    };
  },

  async 'a ticket for which a code is mailed'(world) {
    const person = await world.person();
    await world.auth.accounts.setRoles(person.id, ['single']);
    await world.device(person);
    const ticket = await world.ticketOf(person);
    const secrets = { ticket, code: codeIn(await world.mailTo(person.email)) };
    return {
      ways: () => [
        { secrets, use: step(world) },
        { secrets, use: verify(world) },
        { secrets, use: stepPage(world) },
      ],
      lifetimeMs: TICKET_MS,
    };
  },

  async 'a code of an authenticator app'(world) {
    const person = await world.person();
    const { device, secret } = await world.app(person);
    const [one, another] = [await world.ticketOf(person), await world.ticketOf(person)];
    const [code, made] = [codeAt(secret, world.now()), world.now()];
    return {
      ways: () => [
        { secrets: { ticket: one, code }, use: step(world) },
        { secrets: { ticket: another, code }, use: stepPage(world) },
        { secrets: { key: device.key, code }, use: api(world, 'reauthenticate/') },
        { secrets: { key: device.key, code }, use: api(world, 'mfa/totp/deactivate/') },
      ],
      // A clock may be one step behind.
      lifetimeMs: (Math.floor(made / STEP_MS) + 2) * STEP_MS - made,
    };
  },

  async 'a recovery code'(world) {
    const person = await world.person();
    const { device, codes } = await world.app(person);
    const [one, another] = [await world.ticketOf(person), await world.ticketOf(person)];
    const [code = ''] = codes;
    return {
      ways: () => [
        { secrets: { ticket: one, code }, use: step(world) },
        { secrets: { ticket: another, code }, use: verify(world) },
        { secrets: { key: device.key, code }, use: api(world, 'mfa/totp/deactivate/') },
      ],
      lifetimeMs: Number.POSITIVE_INFINITY,
    };
  },

  async 'an activation token'(world) {
    const person = await world.person();
    const device = await world.device(person);
    const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
    const [secret, activation_token] = [String(body['secret']), String(body['activation_token'])];
    const secrets = () => ({ key: device.key, activation_token, code: codeAt(secret, world.now()) });
    const page = async ({ key, activation_token: token = '', code = '' }: Secrets): Promise<boolean> => {
      const form = { do: 'confirm', activation_token: token, code };
      return isDone(await world.ask('POST', '/account/second-step/', { form, cookies: { latchkey: key } }));
    };
    return {
      ways: () => [
        { secrets: secrets(), use: api(world, 'mfa/totp/activate/') },
        { secrets: secrets(), use: page },
      ],
      lifetimeMs: 15 * 60_000,
    };
  },

  async 'a ticket with which an app is set up'(world) {
    const person = await demanded(world);
    const ticket = await world.ticketOf(person);
    const { body } = await world.ask('POST', '/auth/login/second-step/set-up/', { json: { ticket } });
    const [secret, activation_token] = [String(body['secret']), String(body['activation_token'])];
    const secrets = () => ({ ticket, activation_token, code: codeAt(secret, world.now()) });
    return {
      ways: () => [
        { secrets: secrets(), use: step(world) },
        { secrets: secrets(), use: step(world) },
      ],
      lifetimeMs: TICKET_MS,
    };
  },
};

/** What is signed stands in a form as text, and in JSON as what it says. */
function signed(world: World, path: string) {
  return async ({ key, browser, credential = '', ...secrets }: Secrets): Promise<boolean> =>
    isDone(
      await world.ask('POST', `/auth/${path}`, {
        key,
        ...(browser !== undefined && { cookies: { 'latchkey-passkey': browser } }),
        json: { ...secrets, credential: credential.startsWith('{') ? (JSON.parse(credential) as unknown) : credential },
      }),
    );
}

const passkeys: Readonly<Record<string, Kind>> = {
  async 'what a new passkey is made with'(world) {
    const device = await world.device(await world.person());
    const options = await creationOptions(device);
    const made = [0, 1].map(() => JSON.stringify(new Authenticator().create(options)));
    return {
      ways: () =>
        made.map((credential) => ({
          secrets: { key: device.key, credential },
          use: signed(world, 'passkeys/register/complete/'),
        })),
      lifetimeMs: CHALLENGE_MS,
    };
  },

  async 'what a passkey signs to sign in'(world) {
    const person = await world.person();
    const both = await world.passkeys(person);
    const { options, sessionId: session_id } = await begin(new Device(world.auth));
    return {
      ways: () =>
        both.map((one) => ({
          secrets: { session_id, credential: JSON.stringify(one.get(options)) },
          use: signed(world, 'passkeys/login/complete/'),
        })),
      lifetimeMs: CHALLENGE_MS,
    };
  },

  async 'what a passkey signs in one browser'(world) {
    const person = await world.person();
    const [one, another] = await world.passkeys(person);
    const device = new Device(world.auth, 'browser');
    const { options, sessionId: session_id } = await begin(device, { bind: true });
    const browser = /latchkey-passkey=(\w+)/.exec(device.cookie)?.[1] ?? assert.fail();
    const page = async ({ browser: own, ...form }: Secrets): Promise<boolean> =>
      isEntered(await world.ask('POST', '/login/', { form, cookies: { 'latchkey-passkey': own } }));
    const secretsOf = (authenticator = one) => ({
      ...{ browser, session_id },
      credential: JSON.stringify(authenticator?.get(options)),
    });
    return {
      ways: () => [
        { secrets: secretsOf(), use: page },
        { secrets: secretsOf(another), use: signed(world, 'passkeys/login/complete/') },
      ],
      lifetimeMs: CHALLENGE_MS,
    };
  },

  async 'what a passkey signs as the second step'(world) {
    const person = await world.person();
    const both = await world.passkeys(person);
    await world.auth.accounts.setRoles(person.id, ['admin']);
    const ticket = await world.ticketOf(person);
    const { body } = await world.ask('POST', '/auth/login/second-step/passkey/', { json: { ticket } });
    const session_id = String(body['session_id']);
    return {
      ways: () =>
        both.map((one) => ({
          secrets: { ticket, session_id, credential: JSON.stringify(one.get(body)) },
          use: signed(world, 'login/second-step/'),
        })),
      lifetimeMs: CHALLENGE_MS,
    };
  },
};

/** Somebody who was known to the provider before, on their way back from there. */
async function away(world: World, query: string) {
  const person = await world.person();
  const device = await world.device(person);
  const sub = `${person.username}-at-acme`;
  const isConnecting = query !== '';
  const connected = { id_token: world.provider.idToken({ sub }) };
  if (!isConnecting) assert.equal((await device.ask('POST', '/auth/social/acme/connect/', connected)).status, 200);
  const cookies = isConnecting ? { latchkey: device.key } : {};
  const gone = await world.ask('GET', `/auth/social/acme/begin/${query}`, { cookies });
  const to = new URL(gone.headers.get('location') ?? assert.fail(gone.text));
  const carried = /latchkey-provider=([^;]+)/.exec(gone.headers.getSetCookie().join())?.[1] ?? '';
  const code = `${to.searchParams.get('nonce')}.${sub}`;
  return { device, carried, state: to.searchParams.get('state') ?? '', code };
}

function comeBack(world: World, code: string, isDoneBy: (location: string) => boolean) {
  return async ({ carried, state = '', key }: Secrets): Promise<boolean> => {
    const query = new URLSearchParams({ state, code });
    const cookies = { 'latchkey-provider': carried, ...(key !== undefined && { latchkey: key }) };
    const { headers } = await world.ask('GET', `/auth/social/acme/callback/?${query}`, { cookies });
    return isDoneBy(headers.get('location') ?? '');
  };
}

const trips: Readonly<Record<string, Kind>> = {
  async 'the state of a trip to a provider'(world) {
    const { carried, state, code } = await away(world, '');
    const use = comeBack(world, code, (location) => location === '/account/');
    return { ways: () => [{ secrets: { carried, state }, use }], lifetimeMs: TRIP_MS };
  },

  async 'the state of a trip that connects'(world) {
    const { device, carried, state, code } = await away(world, '?do=connect');
    const use = comeBack(world, code, (location) => location.endsWith('?connected=1'));
    return { ways: () => [{ secrets: { carried, state, key: device.key }, use }], lifetimeMs: TRIP_MS };
  },
};

/** Good until they are used. */
export const ENDLESS: readonly string[] = ['a recovery code'];

export const KINDS: Readonly<Record<string, Kind>> = { ...links, ...steps, ...passkeys, ...trips };
