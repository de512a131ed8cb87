/** Each route and page that changes something and lets nobody in, with what somebody sends there who means it. */
import assert from 'node:assert/strict';
import { codeFor, registers } from '../../dbsc/made.ts';
import { tokenIn } from '../../mail-sign-in/mails.ts';
import { Authenticator } from '../../passkeys/authenticator.ts';
import { codeAt } from '../../second-step/app.ts';
import { memberOf, OTHER_PASSWORD, PASSWORD } from '../serving.ts';
import { disowning, type Open, SAME_SITE, type Way } from './way.ts';

type Json = Readonly<Record<string, unknown>>;

const EMAIL = 'ann@example.com';
const NEW_EMAIL = 'ann@new.example';
const CHANGED = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };

const keyOf = ({ server, username }: Open): Promise<string> => server.signIn(username);

const post =
  ({ server }: Open, path: string, json: unknown, key?: string): (() => ReturnType<typeof server.post>) =>
  () =>
    server.post(`/auth/${path}`, json, key === undefined ? {} : { key });

/** Sent by whoever is signed in. */
const own =
  (path: string, json: Json = {}): Way =>
  async (open) =>
    post(open, path, json, await keyOf(open));

const byAnybody =
  (path: string, json: Json): Way =>
  async (open) =>
    post(open, path, json);

const ownBy =
  (method: string, path: string, json: Json): Way =>
  async (open) => {
    const key = await keyOf(open);
    return () => open.server.ask(`/auth/${path}`, { method, json, key });
  };

async function mailed({ server }: Open, address: string): Promise<string> {
  return tokenIn((await server.mailsTo(address)).at(-1));
}

async function changeAsked(open: Open): Promise<string> {
  await (await own('user/email/', { email: NEW_EMAIL })(open))();
  return await mailed(open, NEW_EMAIL);
}

async function changed(open: Open): Promise<string> {
  await open.server.post('/auth/user/email/confirm/', { key: await changeAsked(open) });
  return await mailed(open, EMAIL);
}

async function verification(open: Open): Promise<string> {
  await open.server.auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
  await open.server.post('/auth/registration/resend-email/', { email: 'bob@example.com' });
  return await mailed(open, 'bob@example.com');
}

async function connected(open: Open): Promise<string> {
  const key = await keyOf(open);
  const id_token = open.provider.idToken({ sub: 'ann-1' });
  const { status, text } = await open.server.post('/auth/social/acme/connect/', { id_token }, { key });
  assert.equal(status, 200, text);
  return key;
}

async function withPasskey(open: Open) {
  const key = await keyOf(open);
  const authenticator = new Authenticator({ isVerified: false });
  const { body } = await open.server.post('/auth/passkeys/register/begin/', {}, { key });
  const credential = authenticator.create(body as Json);
  return { key, credential, id: authenticator.credentialId };
}

async function kept(open: Open) {
  const made = await withPasskey(open);
  const { credential, key } = made;
  assert.equal((await open.server.post('/auth/passkeys/register/complete/', { credential }, { key })).status, 201);
  return made;
}

async function enrolment(open: Open) {
  const key = await keyOf(open);
  const { body } = await open.server.ask('/auth/mfa/totp/activate/', { key });
  const secret = memberOf(body, 'secret');
  const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, open.server.clock()) };
  return { key, secret, given };
}

async function withApp(open: Open) {
  const { key, secret, given } = await enrolment(open);
  assert.equal((await open.server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
  open.server.clock.advance(30_000);
  return { key, code: codeAt(secret, open.server.clock()) };
}

async function waiting(open: Open): Promise<string> {
  const account = await open.server.auth.accounts.findByUsername(open.username);
  await open.server.auth.accounts.setRoles(account?.id ?? 0, ['admin']);
  const { body } = await open.server.post('/auth/login/', { username: open.username, password: PASSWORD });
  return memberOf(body, 'ticket');
}

async function disownKey(open: Open): Promise<string> {
  const account = await open.server.auth.accounts.findByUsername(open.username);
  await keyOf(open);
  return await disowning(open.server, account?.id ?? 0);
}

/** A sign-in that waits to be let in, by the one session that is in. */
async function requested({ server, username, key }: Open): Promise<{ readonly id: string; readonly ticket: string }> {
  const { body } = await server.post('/auth/login/', { username, password: PASSWORD });
  const { body: list } = await server.ask('/auth/approvals/', { key });
  const [asked] = list as readonly { readonly id: string }[];
  return { id: asked?.id ?? '', ticket: memberOf(body, 'ticket') };
}

const disconnect =
  (path: string): Way =>
  async (open) =>
    post(open, `${path}/1/disconnect/`, {}, await connected(open));

/** Under the base path. */
export const ROUTES: Readonly<Record<string, Way>> = {
  async 'POST /social/:provider/connect/'(open) {
    return post(open, 'social/acme/connect/', { id_token: open.provider.idToken({ sub: 'ann-1' }) }, await keyOf(open));
  },
  'POST /social/accounts/:number/disconnect/': disconnect('social/accounts'),
  'POST /socialaccounts/:number/disconnect/': disconnect('socialaccounts'),
  async 'POST /login/second-step/set-up/'(open) {
    return post(open, 'login/second-step/set-up/', { ticket: await waiting(open) });
  },
  async 'POST /login/second-step/passkey/'(open) {
    await kept(open);
    return post(open, 'login/second-step/passkey/', { ticket: await waiting(open) });
  },
  'POST /passkeys/login/begin/': byAnybody('passkeys/login/begin/', { username: 'ann', bind: true }),
  'POST /passkeys/register/begin/': own('passkeys/register/begin/'),
  async 'POST /passkeys/register/complete/'(open) {
    const { key, credential } = await withPasskey(open);
    return post(open, 'passkeys/register/complete/', { credential, name: 'Phone' }, key);
  },
  async 'PATCH /passkeys/:id/'(open) {
    const { key, id } = await kept(open);
    return () => open.server.ask(`/auth/passkeys/${id}/`, { method: 'PATCH', json: { name: 'Phone' }, key });
  },
  async 'DELETE /passkeys/:id/'(open) {
    const { key, id } = await kept(open);
    return () => open.server.ask(`/auth/passkeys/${id}/`, { method: 'DELETE', key });
  },
  async 'POST /dbsc/register/'(open) {
    const code = codeFor(open.server, await keyOf(open));
    return () => registers(open.server, code);
  },
  'POST /dbsc/refresh/':
    async ({ server }) =>
    () =>
      server.ask('/auth/dbsc/refresh/', { method: 'POST', headers: { 'sec-secure-session-id': 'nobody' } }),
  'POST /magic-link/': byAnybody('magic-link/', { email: EMAIL }),
  'POST /reauthenticate/': own('reauthenticate/', { password: PASSWORD }),
  async 'POST /reauthenticate/passkey/'(open) {
    const { key } = await kept(open);
    return post(open, 'reauthenticate/passkey/', {}, key);
  },
  async 'POST /mfa/totp/activate/'(open) {
    const { key, given } = await enrolment(open);
    return post(open, 'mfa/totp/activate/', given, key);
  },
  async 'POST /mfa/totp/deactivate/'(open) {
    const { key, code } = await withApp(open);
    return post(open, 'mfa/totp/deactivate/', { code }, key);
  },
  async 'POST /mfa/recovery-codes/regenerate/'(open) {
    return post(open, 'mfa/recovery-codes/regenerate/', {}, (await withApp(open)).key);
  },
  'POST /logout/': own('logout/'),
  'PUT /user/': ownBy('PUT', 'user/', { username: 'ann', first_name: 'Ann' }),
  'PATCH /user/': ownBy('PATCH', 'user/', { first_name: 'Ann' }),
  'DELETE /user/': ownBy('DELETE', 'user/', { password: PASSWORD }),
  'POST /user/email/': own('user/email/', { email: NEW_EMAIL }),
  async 'POST /user/email/confirm/'(open) {
    return post(open, 'user/email/confirm/', { key: await changeAsked(open) });
  },
  async 'POST /user/email/undo/'(open) {
    return post(open, 'user/email/undo/', { key: await changed(open) });
  },
  async 'POST /not-me/'(open) {
    return post(open, 'not-me/', { key: await disownKey(open) });
  },
  'POST /password/change/': own('password/change/', { old_password: PASSWORD, ...CHANGED }),
  'POST /password/reset/': byAnybody('password/reset/', { email: EMAIL }),
  async 'POST /password/reset/confirm/'(open) {
    const { uid, token } = await open.server.resetLink(EMAIL);
    return post(open, 'password/reset/confirm/', { uid, token, ...CHANGED });
  },
  async 'POST /registration/verify-email/'(open) {
    return post(open, 'registration/verify-email/', { key: await verification(open) });
  },
  'POST /registration/resend-email/': byAnybody('registration/resend-email/', { email: EMAIL }),
  async 'POST /approvals/:id/approve/'(open) {
    return post(open, `approvals/${(await requested(open)).id}/approve/`, {}, open.key);
  },
  async 'POST /approvals/:id/decline/'(open) {
    return post(open, `approvals/${(await requested(open)).id}/decline/`, {}, open.key);
  },
  'POST /sessions/end-others/': own('sessions/end-others/'),
  async 'PATCH /sessions/:id/'(open) {
    const key = await keyOf(open);
    const { body } = await open.server.ask('/auth/sessions/', { key });
    const [session] = body as readonly { readonly id: string }[];
    const json = { name: 'Kitchen', remembered: false };
    return () => open.server.ask(`/auth/sessions/${session?.id}/`, { method: 'PATCH', json, key });
  },
  async 'DELETE /sessions/:id/'(open) {
    const key = await keyOf(open);
    const { body } = await open.server.ask('/auth/sessions/', { key });
    const [session] = body as readonly { readonly id: string }[];
    return () => open.server.ask(`/auth/sessions/${session?.id}/`, { method: 'DELETE', key });
  },
};

type Fields = Readonly<Record<string, string>>;

/** A form of ours, with these cookies. */
const form =
  ({ server }: Open, path: string, fields: Fields, cookie = '') =>
  () =>
    server.ask(path, { method: 'POST', form: fields, headers: { ...SAME_SITE, cookie } });

const ownForm =
  (path: string, fields: Fields = {}): Way =>
  async (open) =>
    form(open, path, fields, `latchkey=${await keyOf(open)}`);

export const PAGES: Readonly<Record<string, Way>> = {
  'POST /logout': ownForm('/logout/'),
  'POST /not-me': async (open) => form(open, '/not-me/', {}, `latchkey-not-me=${await disownKey(open)}`),
  'POST /verify-email': async (open) =>
    form(open, '/verify-email/', { do: 'verify' }, `latchkey-verify=${await verification(open)}`),
  'POST /password/reset': async (open) => form(open, '/password/reset/', { email: EMAIL }),
  async 'POST /password/reset/confirm'(open) {
    const { uid, token } = await open.server.resetLink(EMAIL);
    return form(open, '/password/reset/confirm/', CHANGED, `latchkey-link=${uid}.${token}`);
  },
  'POST /account/confirm': ownForm('/account/confirm/', { password: PASSWORD }),
  'POST /account/email': ownForm('/account/email/', { email: NEW_EMAIL }),
  'POST /account/email/confirm': async (open) =>
    form(open, '/account/email/confirm/', {}, `latchkey-email=${await changeAsked(open)}`),
  'POST /account/email/undo': async (open) =>
    form(open, '/account/email/undo/', {}, `latchkey-undo=${await changed(open)}`),
  'POST /account/profile': ownForm('/account/profile/', { username: 'ann', first_name: 'Ann', last_name: '' }),
  'POST /account/password': ownForm('/account/password/', { old_password: PASSWORD, ...CHANGED }),
  async 'POST /account/second-step'(open) {
    const { key, given } = await enrolment(open);
    return form(open, '/account/second-step/', { do: 'confirm', ...given }, `latchkey=${key}`);
  },
  async 'POST /account/passkeys'(open) {
    const { key, credential } = await withPasskey(open);
    const fields = { do: 'add', credential: JSON.stringify(credential), name: 'Phone' };
    return form(open, '/account/passkeys/', fields, `latchkey=${key}`);
  },
  async 'POST /account/connections'(open) {
    return form(open, '/account/connections/', { disconnect: '1' }, `latchkey=${await connected(open)}`);
  },
  'POST /account/devices': ownForm('/account/devices/', { end: 'others' }),
  async 'POST /account/approvals'(open) {
    return form(open, '/account/approvals/', { decline: (await requested(open)).id }, `latchkey=${open.key}`);
  },
  'POST /account/close': ownForm('/account/close/', { password: PASSWORD }),
};

/** Below the base path. */
export const PAGES_BELOW: Readonly<Record<string, Way>> = {
  async 'POST /social/:provider/callback'(open) {
    const { headers } = await open.server.ask('/auth/social/acme/begin/', { headers: SAME_SITE });
    const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
    const carried = /latchkey-provider=[^;]+/.exec(headers.getSetCookie().join())?.[0];
    return form(open, '/auth/social/acme/callback/', { code: 'code-1', state }, carried);
  },
  async 'POST /registration/account-confirm-email/:key'(open) {
    return form(open, `/auth/registration/account-confirm-email/${await verification(open)}/`, {});
  },
};

/** What stands in the place of what a path leaves open, where somebody merely looks; and the cookies that they have for it. */
export const LOOKS: Readonly<
  Record<string, (open: Open) => Promise<{ readonly path: string; readonly cookie?: string }>>
> = {
  '/passkeys/:id/': async (open) => ({ path: `/passkeys/${(await kept(open)).id}/` }),
  async '/login/mail/:token'(open) {
    const { body } = await open.server.post('/auth/magic-link/', { email: EMAIL });
    const token = await mailed(open, EMAIL);
    const cookie = `latchkey-asked=${memberOf(body, 'ticket')}; latchkey-mail=${token}`;
    return { path: `/login/mail/${token}/`, cookie };
  },
  '/verify-email/:key': async (open) => ({ path: `/verify-email/${await verification(open)}/` }),
  async '/password/reset/confirm/:uid/:token'(open) {
    const { pathname: path } = await open.server.resetLink(EMAIL);
    return { path };
  },
  '/account/email/confirm/:key': async (open) => ({ path: `/account/email/confirm/${await changeAsked(open)}/` }),
  '/not-me/:key': async (open) => ({ path: `/not-me/${await disownKey(open)}/` }),
  '/account/email/undo/:key': async (open) => ({ path: `/account/email/undo/${await changed(open)}/` }),
  '/social/:provider/begin': async () => ({ path: '/social/acme/begin/' }),
  '/registration/account-confirm-email/:key': async (open) => ({
    path: `/registration/account-confirm-email/${await verification(open)}/`,
  }),
  async '/login/choose'(open) {
    const { body } = await open.server.post('/auth/login/', { username: open.username, password: PASSWORD });
    return { path: '/login/choose/', cookie: `latchkey-choice=${memberOf(body, 'ticket')}` };
  },
  async '/login/approval'(open) {
    return { path: '/login/approval/', cookie: `latchkey-approval=${(await requested(open)).ticket}` };
  },
  async '/login/second-step'(open) {
    return { path: '/login/second-step/', cookie: `latchkey-ticket=${await waiting(open)}` };
  },
};

/** Of a sign-in in JWT mode. */
async function tokensOf({ server, username }: Open): Promise<{ readonly access: string; readonly refresh: string }> {
  const { body } = await server.post('/auth/login/', { username, password: PASSWORD });
  return { access: memberOf(body, 'access'), refresh: memberOf(body, 'refresh') };
}

/** In JWT mode alone. */
export const TOKEN_ROUTES: Readonly<Record<string, Way>> = {
  'POST /token/verify/': async (open) => post(open, 'token/verify/', { token: (await tokensOf(open)).access }),
  'POST /token/refresh/': async (open) => post(open, 'token/refresh/', { refresh: (await tokensOf(open)).refresh }),
};
