/**
 * Every route and every page that a form is sent to is named here, with how somebody comes in by it or that nobody does. A new one
 * that is not named fails; and so does one that opens a session beside the door.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import { drfTokenRoute, routes } from '../../src/http/routes.ts';
import { pageRoutes, pageRoutesBelow } from '../../src/pages/app.ts';
import { codeIn } from '../mail-sign-in/mails.ts';
import { Browser } from '../pages/browser.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { codeAt } from '../second-step/app.ts';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';
import { back, go } from '../social/trip.ts';
import { type Answer, memberOf, PASSWORD, type TestServer, testServer } from './serving.ts';

type Ways = Readonly<Record<string, ((open: Open) => Promise<Answer>) | 'opens nothing'>>;

type Open = {
  readonly server: TestServer;
  /** Somebody of that name is signed in already, on another device, unless they have yet to sign up. */
  readonly username: string;
  /** The key of that session. */
  readonly key: string;
  /** A provider that knows them by their verified address. */
  readonly provider: StandIn;
};

const login = ({ username }: Pick<Open, 'username'>) => ({ username, password: PASSWORD });
const passwords = { password1: PASSWORD, password2: PASSWORD };
const SAME_SITE = { 'sec-fetch-site': 'same-origin' };

/** Sets an app up for an account, and returns the ticket of a new sign-in with the code that goes with it. */
async function half({ server, username, key }: Open): Promise<{ readonly ticket: string; readonly code: string }> {
  const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
  const secret = memberOf(body, 'secret');
  const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
  const done = await server.post('/auth/mfa/totp/activate/', given, { key });
  assert.equal(done.status, 200, done.text);
  server.clock.advance(30_000);
  const started = await server.post('/auth/login/', login({ username }));
  return { ticket: memberOf(started.body, 'ticket'), code: codeAt(secret, server.clock()) };
}

/** Makes a passkey for an account, and what it signs for a new sign-in. */
async function signed({ server, key }: Open): Promise<{ readonly credential: unknown; readonly session_id: string }> {
  const authenticator = new Authenticator();
  const made = await server.post('/auth/passkeys/register/begin/', {}, { key });
  const credential = authenticator.create(made.body as Readonly<Record<string, unknown>>);
  const done = await server.post('/auth/passkeys/register/complete/', { credential }, { key });
  assert.equal(done.status, 201, done.text);
  const { body } = await server.post('/auth/passkeys/login/begin/', { bind: true }, { headers: BOUND });
  const options = body as Readonly<Record<string, unknown>>;
  return { credential: authenticator.get(options), session_id: memberOf(body, 'session_id') };
}

const BOUND = { cookie: `latchkey-passkey=${'b'.repeat(43)}` };

/** What the provider says of them. */
const claims = ({ username }: Pick<Open, 'username'>) => ({
  sub: `${username}-1`,
  email: `${username}@example.com`,
  email_verified: true,
});

const ROUTES: Ways = {
  'POST /login/': async (open) => await open.server.post('/auth/login/', login(open)),
  'POST /signin/': async (open) => await open.server.post('/auth/signin/', login(open)),
  'POST /api/token/': async (open) => await open.server.post('/api/token/', login(open)),
  'POST /registration/': async ({ server, username }) =>
    await server.post('/auth/registration/', { username: `new-${username}`, ...passwords }),
  async 'POST /login/second-step/'(open) {
    return await open.server.post('/auth/login/second-step/', await half(open));
  },
  async 'POST /login/choose/'(open) {
    const { body } = await open.server.post('/auth/login/', login(open));
    const [session] = await open.server.auth.sessions.list(1);
    return await open.server.post('/auth/login/choose/', { ticket: memberOf(body, 'ticket'), end: [session?.id] });
  },
  async 'POST /mfa/verify/'(open) {
    const { ticket, code } = await half(open);
    return await open.server.post('/auth/mfa/verify/', { ephemeral_token: ticket, code });
  },
  async 'POST /passkeys/login/complete/'(open) {
    return await open.server.post('/auth/passkeys/login/complete/', await signed(open), { headers: BOUND });
  },
  'POST /social/:provider/': async ({ server, username, provider }) =>
    await server.post('/auth/social/acme/', { id_token: provider.idToken(claims({ username })) }),
  'POST /social/:provider/connect/': 'opens nothing',
  'POST /social/accounts/:number/disconnect/': 'opens nothing',
  'POST /socialaccounts/:number/disconnect/': 'opens nothing',
  'POST /login/second-step/set-up/': 'opens nothing',
  'POST /login/second-step/passkey/': 'opens nothing',
  'POST /passkeys/login/begin/': 'opens nothing',
  'POST /passkeys/register/begin/': 'opens nothing',
  'POST /passkeys/register/complete/': 'opens nothing',
  'PATCH /passkeys/:id/': 'opens nothing',
  'DELETE /passkeys/:id/': 'opens nothing',
  'POST /magic-link/': 'opens nothing',
  async 'POST /magic-link/confirm/'({ server }) {
    const { body } = await server.post('/auth/magic-link/', { email: 'ann@example.com' });
    const code = codeIn((await server.mailsTo('ann@example.com')).at(-1));
    return await server.post('/auth/magic-link/confirm/', { ticket: memberOf(body, 'ticket'), code });
  },
  'POST /reauthenticate/': 'opens nothing',
  'POST /mfa/totp/activate/': 'opens nothing',
  'POST /mfa/totp/deactivate/': 'opens nothing',
  'POST /mfa/recovery-codes/regenerate/': 'opens nothing',
  'POST /logout/': 'opens nothing',
  'PUT /user/': 'opens nothing',
  'PATCH /user/': 'opens nothing',
  'DELETE /user/': 'opens nothing',
  'POST /user/email/': 'opens nothing',
  'POST /user/email/confirm/': 'opens nothing',
  'POST /user/email/undo/': 'opens nothing',
  'POST /password/change/': 'opens nothing',
  'POST /password/reset/': 'opens nothing',
  'POST /password/reset/confirm/': 'opens nothing',
  'POST /registration/verify-email/': 'opens nothing',
  'POST /registration/resend-email/': 'opens nothing',
  'POST /sessions/end-others/': 'opens nothing',
  'DELETE /sessions/:id/': 'opens nothing',
};

const PAGES: Ways = {
  async 'POST /login'(open) {
    return await open.server.ask('/login/', { method: 'POST', form: login(open), headers: SAME_SITE });
  },
  async 'POST /login by a passkey'(open) {
    const { credential, session_id } = await signed(open);
    const form = { credential: JSON.stringify(credential), session_id };
    return await open.server.ask('/login/', { method: 'POST', form, headers: { ...SAME_SITE, ...BOUND } });
  },
  'POST /signup': async ({ server, username }) =>
    await server.ask('/signup/', {
      method: 'POST',
      form: { username: `new-${username}`, email: `${username}@example.org`, ...passwords },
      headers: SAME_SITE,
    }),
  async 'POST /login/mail'({ server }) {
    const browser = new Browser(server);
    await browser.open('/login/mail/');
    await browser.fill({ email: 'ann@example.com' });
    return await browser.post('/login/mail/', {
      do: 'code',
      code: codeIn((await server.mailsTo('ann@example.com')).at(-1)),
    });
  },
  async 'POST /login/second-step'(open) {
    const { ticket, code } = await half(open);
    const headers = { ...SAME_SITE, cookie: `latchkey-ticket=${ticket}` };
    return await open.server.ask('/login/second-step/', { method: 'POST', form: { code }, headers });
  },
  async 'POST /login/choose'(open) {
    const browser = new Browser(open.server);
    await browser.open('/login/');
    await browser.fill(login(open));
    const [session] = await open.server.auth.sessions.list(1);
    return await browser.post('/login/choose/', { [session?.id ?? '']: 'on' });
  },
  'POST /logout': 'opens nothing',
  'POST /verify-email': 'opens nothing',
  'POST /password/reset': 'opens nothing',
  'POST /password/reset/confirm': 'opens nothing',
  'POST /account/confirm': 'opens nothing',
  'POST /account/email': 'opens nothing',
  'POST /account/email/confirm': 'opens nothing',
  'POST /account/email/undo': 'opens nothing',
  'POST /account/profile': 'opens nothing',
  'POST /account/password': 'opens nothing',
  'POST /account/second-step': 'opens nothing',
  'POST /account/passkeys': 'opens nothing',
  'POST /account/connections': 'opens nothing',
  'POST /account/devices': 'opens nothing',
  'POST /account/close': 'opens nothing',
};

/** Below the base path. A provider sends people back by GET. */
const PAGES_BELOW: Ways = {
  async 'GET /social/:provider/callback'({ server, username, provider }) {
    const browser = new Browser(server);
    const to = await go(browser);
    provider.identifies({ ...claims({ username }), nonce: to.searchParams.get('nonce') });
    return await back(browser, to);
  },
  'GET /social/:provider/begin': 'opens nothing',
  'POST /social/:provider/callback': 'opens nothing',
  'GET /registration/account-confirm-email/:key': 'opens nothing',
  'POST /registration/account-confirm-email/:key': 'opens nothing',
  'GET /registration/account-email-verification-sent': 'opens nothing',
};

function namesOf(
  all: readonly { readonly path: string; readonly methods: object }[],
  passedOver: string | null = 'GET',
): readonly string[] {
  return all.flatMap(({ path, methods }) =>
    Object.keys(methods)
      .filter((method) => method !== passedOver)
      .map((method) => `${method} ${path}`),
  );
}

test('F-13: every route and page that changes something is named here', () => {
  assert.deepEqual(Object.keys(ROUTES).toSorted(), namesOf([...routes, drfTokenRoute]).toSorted());
  assert.deepEqual(
    Object.keys(PAGES)
      .filter((name) => !name.includes(' by '))
      .toSorted(),
    namesOf(pageRoutes).toSorted(),
  );
  assert.deepEqual(Object.keys(PAGES_BELOW).toSorted(), namesOf(pageRoutesBelow, null).toSorted());
});

type Row = { readonly id: string; readonly account_id: number };

const liveOf = (server: TestServer): readonly Row[] =>
  server.rows('SELECT id, account_id FROM session WHERE ended_at IS NULL') as unknown as readonly Row[];

const ALL = [
  ['routes', ROUTES],
  ['pages', PAGES],
  ['pages below the base path', PAGES_BELOW],
] as const;

/** There where one may choose whose place to take. */
const isOfChoosing = (name: string): boolean => name.includes('/login/choose');

type WhenFull = 'displace' | 'refuse' | 'ask';

async function opened(whenFull: WhenFull, onEvent: (event: LatchkeyEvent) => void = () => undefined) {
  const provider = await standIn();
  const server = await testServer({
    sessions: { limit: 1, whenFull },
    accounts: { signInByMail: true },
    social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
    onEvent,
  });
  const ann = { username: 'ann', email: 'ann@example.com', emailVerified: true, password: PASSWORD };
  const { id } = await server.auth.accounts.create(ann);
  const open: Open = { server, username: 'ann', key: await server.signIn('ann'), provider };
  return {
    ...{ open, server, id },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

for (const [what, ways] of ALL) {
  describe(`F-13, P5: by the ${what}`, () => {
    for (const [name, way] of Object.entries(ways)) {
      if (way === 'opens nothing') continue;
      test(`${name} goes by the door: the limit holds, and the host hears of each session`, async () => {
        const told: string[] = [];
        await using all = await opened(isOfChoosing(name) ? 'ask' : 'displace', (event) => {
          if (event.type === 'signed_in') told.push(event.session.id);
        });
        const { open, server } = all;
        const before = server.rows('SELECT id FROM session').length;
        await way(open);
        const ids = server.rows('SELECT id FROM session').map((row) => String(row['id']));
        assert.ok(ids.length > before, 'a session was opened');
        assert.deepEqual(ids.toSorted(), told.toSorted());
        const live = liveOf(server);
        assert.equal(new Set(live.map(({ account_id }) => account_id)).size, live.length, 'one for each account');
      });
    }
  });
}

/** They make an account, which is never full. */
const ofNewcomers = ['POST /registration/', 'POST /signup'];

type Opened = Awaited<ReturnType<typeof opened>>;

/** By the API, whoever asks for a place gets one for the session that they choose. */
async function assertChosen({ server, open }: Opened, answer: Answer, inside: readonly Row[]): Promise<void> {
  const chosen = { ticket: memberOf(answer.body, 'ticket'), end: inside.map(({ id }) => id) };
  const done = await server.post('/auth/login/choose/', chosen);
  assert.deepEqual([done.status, await server.isLive(memberOf(done.body, 'key'))], [200, true]);
  assert.equal(await server.isLive(open.key), false);
}

for (const [what, ways] of ALL) {
  describe(`F-25: where nobody goes for a newcomer, by the ${what}`, () => {
    for (const [name, way] of Object.entries(ways)) {
      if (way === 'opens nothing' || isOfChoosing(name) || ofNewcomers.includes(name)) continue;

      test(`${name} says that there is no place, and nobody comes or goes`, async () => {
        await using all = await opened('refuse');
        const before = liveOf(all.server);
        const { status, headers, body } = await way(all.open);
        assert.deepEqual([status, headers.get('latchkey-reason')], [409, 'limit_reached']);
        if (ways === ROUTES) assert.deepEqual(Object.keys(body ?? {}), ['detail', 'code']);
        assert.deepEqual(liveOf(all.server), before);
      });

      test(`${name} leads to whose place may be taken, and nobody comes or goes until then`, async () => {
        await using all = await opened('ask');
        const before = liveOf(all.server);
        const answer = await way(all.open);
        assert.deepEqual(liveOf(all.server), before);
        if (ways === ROUTES) {
          assert.deepEqual([answer.status, memberOf(answer.body, 'code')], [409, 'choose_session']);
          await assertChosen(all, answer, before);
        } else {
          assert.equal(answer.headers.get('location')?.replace(/[?].*/, ''), '/login/choose/');
        }
      });
    }
  });
}
