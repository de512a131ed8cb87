/** Every place that takes a secret, and which it takes. */
import { registers, renews } from '../../dbsc/made.ts';
import { Authenticator } from '../../passkeys/authenticator.ts';
import { codeAt } from '../../second-step/app.ts';
import { type Answer, OTHER_PASSWORD, PASSWORD, type TestServer } from '../serving.ts';
import { ALICE, BROWSER, halfOf, type Kind, login, type Secrets } from './secrets.ts';

export type Offer = {
  readonly name: string;
  readonly takes: readonly Kind[];
  /** Offers a secret, with the right ones of whatever else is asked for beside it; whether it opened what stands there. */
  readonly offer: (server: TestServer, secret: string, beside: Secrets) => Promise<boolean>;
};

const isDone = ({ status }: Answer): boolean => status === 200 || status === 201;

const form = (server: TestServer, path: string, fields: Readonly<Record<string, string>>, cookie: string) =>
  server.ask(path, { method: 'POST', form: fields, headers: { cookie, 'sec-fetch-site': 'same-origin' } });

/** Each with a ticket of its own: the first right code uses it up. */
const codes: readonly Offer[] = [
  {
    name: 'login/choose/',
    takes: ['choice'],
    offer: async (server, ticket, { franks }) =>
      isDone(await server.post('/auth/login/choose/', { ticket, end: [franks] })),
  },
  {
    name: 'the page that chooses',
    takes: ['choice'],
    offer: async (server, ticket, { franks }) =>
      (await form(server, '/login/choose/', { [franks]: 'on' }, `latchkey-choice=${ticket}`)).status === 302,
  },
  {
    name: 'login/second-step/ as a code',
    takes: ['totpCode', 'recoveryCode'],
    async offer(server, code) {
      const ticket = await halfOf(server, 'carol');
      return isDone(await server.post('/auth/login/second-step/', { ticket, code: code.slice(0, 64) }));
    },
  },
  {
    name: 'login/second-step/ as a ticket with a mailed code',
    takes: ['stepTicket'],
    offer: async (server, ticket, { stepCode: code }) =>
      (await server.post('/auth/login/second-step/', { ticket, code })).status === 409,
  },
  {
    name: 'login/second-step/ as a mailed code',
    takes: ['stepCode'],
    offer: async (server, code, { stepTicket: ticket }) =>
      (await server.post('/auth/login/second-step/', { ticket, code: code.slice(0, 64) })).status === 409,
  },
  {
    name: 'not-me/',
    takes: ['disowning'],
    offer: async (server, key) => isDone(await server.post('/auth/not-me/', { key })),
  },
  {
    name: 'the page that disowns a session',
    takes: ['disowning'],
    offer: async (server, key) => (await form(server, '/not-me/', {}, `latchkey-not-me=${key}`)).status === 303,
  },
  {
    name: 'mfa/verify/ as a code',
    takes: ['totpCode', 'recoveryCode'],
    async offer(server, code) {
      const ephemeral_token = await halfOf(server, 'carol');
      return isDone(await server.post('/auth/mfa/verify/', { ephemeral_token, code: code.slice(0, 64) }));
    },
  },
  {
    name: 'the page of the second step, as a code',
    takes: ['totpCode', 'recoveryCode'],
    async offer(server, code) {
      const cookie = `latchkey-ticket=${await halfOf(server, 'carol')}`;
      return (await form(server, '/login/second-step/', { code: code.slice(0, 64) }, cookie)).status === 302;
    },
  },
  {
    name: 'mfa/totp/deactivate/',
    takes: ['totpCode', 'recoveryCode'],
    offer: async (server, code, { carol: key }) =>
      isDone(await server.post('/auth/mfa/totp/deactivate/', { code: code.slice(0, 64) }, { key })),
  },
  {
    name: 'reauthenticate/ as a code',
    takes: ['totpCode'],
    offer: async (server, code, { carol: key }) =>
      isDone(await server.post('/auth/reauthenticate/', { code: code.slice(0, 64) }, { key })),
  },
  {
    name: 'login/second-step/ as an activation token of Ivan’s',
    takes: [],
    async offer(server, activation_token, { daves }) {
      const given = { ticket: await halfOf(server, 'ivan'), activation_token, code: codeAt(daves, server.clock()) };
      return isDone(await server.post('/auth/login/second-step/', given));
    },
  },
  {
    name: 'login/second-step/set-up/',
    takes: [],
    offer: async (server, ticket) => isDone(await server.post('/auth/login/second-step/set-up/', { ticket })),
  },
];

/** Whoever has the authenticator can have it sign whatever they like. */
const signs = (fays: Authenticator, challenge: string) => fays.get({ challenge, rpId: '127.0.0.1' });

const passkeys: readonly Offer[] = [
  {
    name: 'login/second-step/passkey/',
    takes: ['passkeyTicket'],
    offer: async (server, ticket) => isDone(await server.post('/auth/login/second-step/passkey/', { ticket })),
  },
  {
    name: 'login/second-step/ as what a passkey is asked to sign',
    takes: ['passkeyStep'],
    async offer(server, session_id, { fays, passkeyTicket: ticket }) {
      const given = { ticket, session_id, credential: signs(fays, session_id) };
      return isDone(await server.post('/auth/login/second-step/', given));
    },
  },
  {
    name: 'the page of the second step, as what a passkey is asked to sign',
    takes: ['passkeyStep'],
    async offer(server, session_id, { fays, passkeyTicket }) {
      const fields = { session_id, credential: JSON.stringify(signs(fays, session_id)) };
      return (await form(server, '/login/second-step/', fields, `latchkey-ticket=${passkeyTicket}`)).status === 302;
    },
  },
  {
    name: 'passkeys/login/complete/',
    takes: ['passkeySignIn'],
    async offer(server, session_id, { fays }) {
      const given = { session_id, credential: signs(fays, session_id) };
      return isDone(await server.post('/auth/passkeys/login/complete/', given));
    },
  },
  {
    name: 'the page of signing in, by a passkey',
    takes: ['passkeyInBrowser'],
    async offer(server, session_id, { fays }) {
      const fields = { session_id, credential: JSON.stringify(signs(fays, session_id)) };
      return (await form(server, '/login/', fields, `latchkey-passkey=${BROWSER}`)).status === 302;
    },
  },
  {
    name: 'passkeys/register/complete/',
    takes: ['passkeyRegistration'],
    async offer(server, challenge, { dave: key }) {
      const credential = new Authenticator().create({ challenge, rp: { id: '127.0.0.1' }, user: { id: 'dave' } });
      return isDone(await server.post('/auth/passkeys/register/complete/', { credential }, { key }));
    },
  },
  {
    name: 'the page where passkeys are made',
    takes: ['passkeyRegistration'],
    async offer(server, challenge, { dave }) {
      const credential = new Authenticator().create({ challenge, rp: { id: '127.0.0.1' }, user: { id: 'dave' } });
      const fields = { do: 'add', credential: JSON.stringify(credential) };
      return isDone(await form(server, '/account/passkeys/', fields, `latchkey=${dave}`));
    },
  },
];

async function comeBack(server: TestServer, state: string, carried: string, code: string): Promise<boolean> {
  const query = new URLSearchParams({ state, code });
  const headers = { cookie: `latchkey-provider=${carried}`, 'sec-fetch-site': 'cross-site' };
  const answer = await server.ask(`/auth/social/acme/callback/?${query}`, { headers });
  return answer.headers.get('location') === '/account/';
}

const brought = (member: string, path: string, isOwn: boolean): Offer => ({
  name: `${path} as ${member}`,
  takes: [],
  offer: async (server, secret, { dave: key }) =>
    isDone(await server.post(`/auth/${path}`, { [member]: secret }, isOwn ? { key } : {})),
});

const social: readonly Offer[] = [
  {
    name: 'the way back from a provider, as its state',
    takes: ['socialState'],
    offer: (server, state, { socialCarried, socialCode }) => comeBack(server, state, socialCarried, socialCode),
  },
  {
    name: 'the way back from a provider, as what the browser carries',
    takes: ['socialCarried'],
    offer: (server, carried, { socialState, socialCode }) => comeBack(server, socialState, carried, socialCode),
  },
  ...['id_token', 'access_token'].flatMap((member) => [
    brought(member, 'social/acme/', false),
    brought(member, 'social/acme/connect/', true),
  ]),
];

const binding: readonly Offer[] = [
  {
    name: 'dbsc/register/',
    takes: ['bindingCode'],
    offer: async (server, code) => isDone(await registers(server, code)),
  },
  {
    name: 'dbsc/refresh/',
    takes: ['boundName'],
    offer: async (server, name) => (await renews(server, name)).headers.getSetCookie().length > 0,
  },
];

export const OFFERS: readonly Offer[] = [
  ...binding,
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
  {
    name: 'the page that takes the link of a new account',
    takes: ['verification'],
    async offer(server, key) {
      const headers = { cookie: `latchkey-verify=${key}` };
      return (await server.ask('/verify-email/', { method: 'POST', form: {}, headers })).status === 200;
    },
  },
  {
    name: 'the page of an invitation',
    takes: ['invitation'],
    async offer(server, invitation) {
      const form = { username: 'guest', password1: PASSWORD, password2: PASSWORD };
      const headers = { cookie: `latchkey-invitation=${invitation}` };
      return (await server.ask('/signup/', { method: 'POST', form, headers })).status === 302;
    },
  },
  ...codes,
  ...passkeys,
  ...social,
];

/** Whether a sign-in takes the place of the one session that there is, rather than the second of two. */
export async function keepsPlace(server: TestServer, headers: Readonly<Record<string, string>>): Promise<boolean> {
  const id = (await server.auth.accounts.findByUsername('alice'))?.id ?? 0;
  const before = (await server.auth.sessions.list(id)).length;
  await server.signIn('alice', headers);
  return (await server.auth.sessions.list(id)).length === before;
}
