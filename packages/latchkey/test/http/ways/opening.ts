/** Each route and page by which somebody comes in, and how: in every way that it knows. */
import assert from 'node:assert/strict';
import { codeIn } from '../../mail-sign-in/mails.ts';
import { Browser } from '../../pages/browser.ts';
import { Authenticator } from '../../passkeys/authenticator.ts';
import { codeAt } from '../../second-step/app.ts';
import { back, go } from '../../social/trip.ts';
import { memberOf, OTHER_PASSWORD, PASSWORD } from '../serving.ts';
import { disowning, type Open, SAME_SITE, type Way } from './way.ts';

const BOUND = { cookie: `latchkey-passkey=${'b'.repeat(43)}` };

const passwords = { password1: PASSWORD, password2: PASSWORD };
const login = ({ username }: Pick<Open, 'username'>) => ({ username, password: PASSWORD });

/** What the provider says of them. */
const claims = ({ username }: Pick<Open, 'username'>) => ({
  sub: `${username}-1`,
  email: `${username}@example.com`,
  email_verified: true,
});

async function ticketOf(open: Open): Promise<string> {
  const { body } = await open.server.post('/auth/login/', login(open));
  return memberOf(body, 'ticket');
}

/** One who is in lets the sign-in of a ticket in. */
async function letIn({ server, key }: Open, ticket: string): Promise<string> {
  const { body } = await server.ask('/auth/approvals/', { key });
  const [asked] = body as readonly { readonly id: string }[];
  assert.equal((await server.post(`/auth/approvals/${asked?.id}/approve/`, {}, { key })).status, 204);
  return ticket;
}

/** Sets an app up for an account, and returns the ticket of a new sign-in with the codes that go with it. */
async function half(open: Open) {
  const { server, key } = open;
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  const secret = memberOf(body, 'secret');
  const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
  const done = await server.post('/auth/mfa/totp/activate/', given, { key });
  assert.equal(done.status, 200, done.text);
  server.clock.advance(30_000);
  const [recoveryCode = ''] = (done.body as { readonly recovery_codes: readonly string[] }).recovery_codes;
  return { ticket: await ticketOf(open), code: codeAt(secret, server.clock()), recoveryCode };
}

async function demand({ server, username }: Open): Promise<void> {
  const account = await server.auth.accounts.findByUsername(username);
  await server.auth.accounts.setRoles(account?.id ?? 0, ['admin']);
}

/** A sign-in that waits because a second step is demanded which its account does not have. */
async function setUp(open: Open) {
  await demand(open);
  const ticket = await ticketOf(open);
  const { body } = await open.server.post('/auth/login/second-step/set-up/', { ticket });
  const code = codeAt(memberOf(body, 'secret'), open.server.clock());
  return { ticket, activation_token: memberOf(body, 'activation_token'), code };
}

async function passkeyOf({ server, key }: Open, authenticator = new Authenticator()): Promise<Authenticator> {
  const made = await server.post('/auth/passkeys/register/begin/', {}, { key });
  const credential = authenticator.create(made.body as Readonly<Record<string, unknown>>);
  const done = await server.post('/auth/passkeys/register/complete/', { credential }, { key });
  assert.equal(done.status, 201, done.text);
  return authenticator;
}

/** What a passkey signs for a new sign-in. */
async function signed(open: Open) {
  const authenticator = await passkeyOf(open);
  const { body } = await open.server.post('/auth/passkeys/login/begin/', { bind: true }, { headers: BOUND });
  const options = body as Readonly<Record<string, unknown>>;
  return { credential: authenticator.get(options), session_id: memberOf(body, 'session_id') };
}

/** The same for the second of two steps. */
async function signedAsSecond(open: Open) {
  const authenticator = await passkeyOf(open, new Authenticator({ isVerified: false }));
  await demand(open);
  const ticket = await ticketOf(open);
  const { body } = await open.server.post('/auth/login/second-step/passkey/', { ticket });
  const options = body as Readonly<Record<string, unknown>>;
  return { ticket, credential: authenticator.get(options), session_id: memberOf(body, 'session_id') };
}

const asText = (credential: unknown): string => JSON.stringify(credential);

const form =
  ({ server }: Open, path: string, fields: Readonly<Record<string, string>>, cookie = '') =>
  () =>
    server.ask(path, { method: 'POST', form: fields, headers: { ...SAME_SITE, cookie } });

/** Under the base path. What stands in brackets is by what. */
export const ROUTES: Readonly<Record<string, Way>> = {
  'POST /login/': async (open) => () => open.server.post('/auth/login/', login(open)),
  'POST /signin/': async (open) => () => open.server.post('/auth/signin/', login(open)),
  'POST /api/token/': async (open) => () => open.server.post('/api/token/', login(open)),
  'POST /registration/':
    async ({ server, username }) =>
    () =>
      server.post('/auth/registration/', { username: `new-${username}`, ...passwords }),
  async 'POST /login/second-step/ (code)'(open) {
    const { ticket, code } = await half(open);
    return () => open.server.post('/auth/login/second-step/', { ticket, code });
  },
  async 'POST /login/second-step/ (recovery code)'(open) {
    const { ticket, recoveryCode: code } = await half(open);
    return () => open.server.post('/auth/login/second-step/', { ticket, code });
  },
  async 'POST /login/second-step/ (an app that is set up)'(open) {
    const given = await setUp(open);
    return () => open.server.post('/auth/login/second-step/', given);
  },
  async 'POST /login/second-step/ (passkey)'(open) {
    const given = await signedAsSecond(open);
    return () => open.server.post('/auth/login/second-step/', given);
  },
  async 'POST /login/choose/'(open) {
    const { body } = await open.server.post('/auth/login/', login(open));
    const [session] = await open.server.auth.sessions.list(1);
    const given = { ticket: memberOf(body, 'ticket'), end: [session?.id] };
    return () => open.server.post('/auth/login/choose/', given);
  },
  async 'POST /login/approval/'(open) {
    const ticket = await letIn(open, await ticketOf(open));
    return () => open.server.post('/auth/login/approval/', { ticket });
  },
  async 'POST /mfa/verify/'(open) {
    const { ticket, code } = await half(open);
    return () => open.server.post('/auth/mfa/verify/', { ephemeral_token: ticket, code });
  },
  async 'POST /passkeys/login/complete/'(open) {
    const given = await signed(open);
    return () => open.server.post('/auth/passkeys/login/complete/', given, { headers: BOUND });
  },
  'POST /social/:provider/':
    async ({ server, username, provider }) =>
    () =>
      server.post('/auth/social/acme/', { id_token: provider.idToken(claims({ username })) }),
  async 'POST /magic-link/confirm/'({ server }) {
    const { body } = await server.post('/auth/magic-link/', { email: 'ann@example.com' });
    const code = codeIn((await server.mailsTo('ann@example.com')).at(-1));
    return () => server.post('/auth/magic-link/confirm/', { ticket: memberOf(body, 'ticket'), code });
  },
};

export const PAGES: Readonly<Record<string, Way>> = {
  'POST /login (password)': async (open) => form(open, '/login/', login(open)),
  async 'POST /login (passkey)'(open) {
    const { credential, session_id } = await signed(open);
    return form(open, '/login/', { credential: asText(credential), session_id }, BOUND.cookie);
  },
  'POST /signup': async (open) =>
    form(open, '/signup/', {
      ...{ username: `new-${open.username}`, email: `${open.username}@example.org` },
      ...passwords,
    }),
  async 'POST /login/mail'({ server }) {
    const browser = new Browser(server);
    await browser.open('/login/mail/');
    await browser.fill({ email: 'ann@example.com' });
    const code = codeIn((await server.mailsTo('ann@example.com')).at(-1));
    return () => browser.post('/login/mail/', { do: 'code', code });
  },
  async 'POST /login/choose'(open) {
    const browser = new Browser(open.server);
    await browser.open('/login/');
    await browser.fill(login(open));
    const [session] = await open.server.auth.sessions.list(1);
    return () => browser.post('/login/choose/', { [session?.id ?? '']: 'on' });
  },
  async 'POST /password/reset/confirm (after a session was disowned)'(open) {
    const account = await open.server.auth.accounts.findByUsername(open.username);
    const key = await disowning(open.server, account?.id ?? 0);
    const done = await open.server.post('/auth/not-me/', { key });
    const carried = `latchkey-link=${memberOf(done.body, 'uid')}.${memberOf(done.body, 'token')}`;
    const fields = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
    return form(open, '/password/reset/confirm/?then=sign-in', fields, carried);
  },
  async 'POST /login/approval'(open) {
    const browser = new Browser(open.server);
    await browser.open('/login/');
    await browser.fill(login(open));
    await letIn(open, browser.cookies.get('latchkey-approval') ?? '');
    return () => browser.post('/login/approval/', {});
  },
  async 'POST /login/second-step (code)'(open) {
    const { ticket, code } = await half(open);
    return form(open, '/login/second-step/', { code }, `latchkey-ticket=${ticket}`);
  },
  async 'POST /login/second-step (an app that is set up)'(open) {
    const { ticket, ...fields } = await setUp(open);
    return form(open, '/login/second-step/', fields, `latchkey-ticket=${ticket}`);
  },
  async 'POST /login/second-step (passkey)'(open) {
    const { ticket, credential, session_id } = await signedAsSecond(open);
    const fields = { credential: asText(credential), session_id };
    return form(open, '/login/second-step/', fields, `latchkey-ticket=${ticket}`);
  },
};

/** Below the base path. A provider sends people back by GET. */
export const PAGES_BELOW: Readonly<Record<string, Way>> = {
  async 'GET /social/:provider/callback'({ server, username, provider }) {
    const browser = new Browser(server);
    const to = await go(browser);
    provider.identifies({ ...claims({ username }), nonce: to.searchParams.get('nonce') });
    return () => back(browser, to);
  },
};
