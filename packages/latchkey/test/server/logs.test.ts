import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { deviceTokens } from '../../src/credentials/dbsc-tokens.ts';
import { keysFrom } from '../../src/crypto/keys.ts';
import { readToken } from '../../src/crypto/token.ts';
import { routes } from '../../src/http/routes.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { registration, renewal } from '../dbsc/made.ts';
import { until } from '../mail/sending.ts';
import { type MailServer, mailServer } from '../mail/smtp.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { codeAt } from '../second-step/app.ts';
import { type ServingProcess, startServer, temporaryFolder } from '../serving.ts';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';

/** What must be found nowhere but where it belongs: each is a text that occurs by no accident. */
const SECRETS = {
  root: 'canary-root-secret-of-thirty-two-letters',
  password: 'canary-passw0rd-one',
  newPassword: 'canary-passw0rd-two',
  lastPassword: 'canary-passw0rd-three',
  wrongPassword: 'canary-passw0rd-wrong',
  badToken: 'lk_canary_token_of_nobody',
  query: 'canary-in-a-query',
  broken: 'canary-in-a-broken-body',
  clientSecret: 'canary-client-secret',
  code: 'canary-code-of-a-provider',
  providerToken: 'canary-token-of-a-provider',
  providerError: 'canary-error-of-a-provider',
};

/** What people type and what they are called by: no secret, and all the same nobody’s business who reads a log. */
const TYPED = {
  username: 'canary.ann',
  email: 'canary.ann@mail.test',
  agent: 'canary-agent/1.0 "}\t{"level":60,"msg":"forged"}',
};

const ORIGIN = 'http://127.0.0.1:8787';

const folder = temporaryFolder();
const file = `${folder.path}/test.db`;
const learned: string[] = [];
const visited = new Set<string>();
let mails: MailServer;
let server: ServingProcess;
let provider: StandIn;

type Asked = {
  readonly method?: string;
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
};

/** Asks, and remembers every credential that the answer brings. */
async function ask(path: string, { method, json, body, headers, key }: Asked = {}): Promise<Response> {
  const sent = json === undefined ? body : JSON.stringify(json);
  const verb = method ?? (sent === undefined ? 'GET' : 'POST');
  visited.add(`${verb} ${path.split('?')[0]}`);
  const answer = await fetch(server.url + path, {
    method: verb,
    redirect: 'manual',
    headers: {
      'user-agent': TYPED.agent,
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { authorization: `Token ${key}` }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
  if (answer.headers.get('content-type') === 'text/event-stream') {
    await answer.body?.cancel();
    return answer;
  }
  const text = await answer.clone().text();
  learned.push(...(text.match(/l[kd]_[\w-]{30,}/g) ?? []));
  for (const cookie of answer.headers.getSetCookie()) learned.push(cookie.split(';')[0]?.split('=')[1] ?? '');
  return answer;
}

async function signIn(path: string, password: string): Promise<string> {
  const answer = (await (await ask(path, { json: { username: TYPED.username, password } })).json()) as {
    readonly key?: string;
    readonly token?: string;
  };
  return answer.key ?? answer.token ?? assert.fail('nobody was signed in');
}

/** The link of the mail with this subject, the given one of its kind, once it is there. */
async function mailedLink(subject: RegExp, number = 1): Promise<URL> {
  const found = () => mails.taken.filter(({ mail }) => subject.test(mail.subject ?? ''));
  await until(() => found().length >= number);
  return new URL(linkIn({ to: '', subject: '', html: '', text: found()[number - 1]?.mail.text ?? '' }));
}

function damage(sql: string): void {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(sql);
  database.close();
}

async function everythingOnce(): Promise<void> {
  const { username, email } = TYPED;
  const { password, newPassword, lastPassword, wrongPassword } = SECRETS;
  await ask('/auth/registration/', { json: { username, email, password1: password, password2: password } });
  const verify = await mailedLink(/^Confirm/);
  const emailKey = verify.pathname.split('/').at(-2) ?? '';
  await ask('/auth/registration/resend-email/', { json: { email } });
  const resent = (await mailedLink(/^Confirm/, 2)).pathname.split('/').at(-2) ?? '';
  learned.push(emailKey, resent);
  await ask(verify.pathname);
  // The account cannot be read just now: a failed request is logged, with the path that it went to.
  damage(`UPDATE account SET roles = '{'`);
  assert.equal((await ask(verify.pathname, { body: '' })).status, 503);
  damage(`UPDATE account SET roles = '[]'`);
  assert.equal((await ask('/auth/registration/verify-email/', { json: { key: emailKey } })).status, 200);
  // It was asked for by nobody who is signed in: of an address that is verified by now it takes nothing away.
  assert.equal((await ask('/auth/registration/verify-email/', { json: { key: resent } })).status, 404);

  for (const path of ['/auth/login/', '/auth/signin/', '/api/token/']) {
    await ask(path, { json: { username, password: wrongPassword } });
    await ask(path, { body: `{"password": "${SECRETS.broken}",`, headers: { 'content-type': 'application/json' } });
    await ask(path, { body: SECRETS.broken, headers: { 'content-type': 'text/plain' } });
    await ask(`${path}?password=${SECRETS.query}`, { json: { username, password: SECRETS.query } });
    await signIn(path, password);
  }
  const key = await signIn('/auth/login/', password);
  await ask('/auth/user/', { key: SECRETS.badToken });
  await ask('/auth/user/', { headers: { cookie: `latchkey=${SECRETS.badToken}` } });
  await ask(`/auth/user/?token=${SECRETS.query}`, { key });
  for (const path of ['/auth/session/', '/auth/sessions/', '/auth/user/export/', '/auth/events/']) {
    await ask(path, { key });
  }
  await ask('/auth/user/', { key, method: 'PUT', json: { username, first_name: 'canary-first' } });
  await ask('/auth/user/', { key, method: 'PATCH', json: { last_name: 'canary-last' } });
  const name = { name: 'canary-label' };
  await ask('/auth/sessions/ses_0000000000000000000000/', { key, method: 'PATCH', json: name });
  await ask('/auth/sessions/end-others/', { key, method: 'POST' });
  await ask('/auth/sessions/ses_0000000000000000000000/', { key, method: 'DELETE' });
  const change = { old_password: password, new_password1: newPassword, new_password2: newPassword };
  assert.equal((await ask('/auth/password/change/', { key, json: change })).status, 200);

  await ask('/auth/password/reset/', { json: { email } });
  const reset = await mailedLink(/^Choose/);
  const [uid, token = ''] = reset.pathname.split('/').slice(-3, -1);
  learned.push(token);
  await ask(reset.pathname);
  const confirm = { uid, token, new_password1: lastPassword, new_password2: lastPassword };
  damage(`UPDATE account SET roles = '{'`);
  assert.equal((await ask('/auth/password/reset/confirm/', { json: confirm })).status, 503);
  damage(`UPDATE account SET roles = '[]'`);
  assert.equal((await ask('/auth/password/reset/confirm/', { json: confirm })).status, 200);

  const last = await signIn('/auth/login/', lastPassword);
  await ask('/auth/logout/', { key: last });
  await ask('/auth/logout/', { key: last, method: 'POST' });
  await passkeysOnce(lastPassword);
  await addressesOnce(lastPassword);
  await takeoverOnce(lastPassword);
  await secondStepOnce(lastPassword);
  await providersOnce(lastPassword);
  await boundOnce(lastPassword);
  const closing = await signIn('/auth/login/', lastPassword);
  await ask('/auth/user/', { key: closing, method: 'DELETE', json: { password: wrongPassword } });
}

/** Makes a passkey, signs in by it, asks for it as a second step, and removes it. */
async function passkeysOnce(password: string): Promise<void> {
  const told = async (path: string, given: Parameters<typeof ask>[1]) => {
    const body = (await (await ask(`/auth${path}`, given)).json()) as Readonly<Record<string, unknown>>;
    learned.push(...[body['challenge'], body['ticket']].filter((one) => typeof one === 'string'));
    return body;
  };
  const credentials = { username: TYPED.username, password };
  const key = await signIn('/auth/login/', password);
  const authenticator = new Authenticator({ origin: ORIGIN });
  const created = authenticator.create(await told('/passkeys/register/begin/', { key, json: {} }));
  const made = await ask('/auth/passkeys/register/complete/', { key, json: { credential: created, name: 'canary' } });
  assert.equal(made.status, 201);
  const options = await told('/passkeys/login/begin/', { json: { bind: true } });
  await ask('/auth/passkeys/login/complete/', { json: { credential: 'x', session_id: 'x' } });
  const unbound = await told('/passkeys/login/begin/', { json: {} });
  const wrong = { credential: authenticator.get(options), session_id: options['session_id'] };
  assert.equal((await ask('/auth/passkeys/login/complete/', { json: wrong })).status, 400);
  const right = { credential: authenticator.get(unbound), session_id: unbound['session_id'] };
  const { key: newest } = await told('/passkeys/login/complete/', { json: right });
  const { ticket = 'canary' } = await told('/login/', { json: credentials });
  await ask('/auth/login/second-step/passkey/', { json: { ticket } });
  const own = { key: String(newest) };
  const again = await told('/reauthenticate/passkey/', { ...own, json: {} });
  const shown = { credential: authenticator.get(again), session_id: again['session_id'] };
  assert.equal((await ask('/auth/reauthenticate/', { ...own, json: shown })).status, 200);
  const path = `/auth/passkeys/${authenticator.credentialId}/`;
  await ask('/auth/passkeys/', own);
  await ask(path, own);
  await ask(path, { ...own, method: 'PATCH', json: { name: 'canary' } });
  assert.equal((await ask(path, { ...own, method: 'DELETE' })).status, 204);
}

/** Opens a link with the account out of order: a failed request is logged, with the path that it went to. */
async function failAt(path: string, key: string): Promise<void> {
  damage(`UPDATE account SET roles = '{'`);
  assert.equal((await ask(path, { headers: { cookie: `latchkey=${key}` } })).status, 503);
  damage(`UPDATE account SET roles = '[]'`);
}

/** Proves again who it is, changes the address, takes that back, and signs in by mail. */
async function addressesOnce(password: string): Promise<void> {
  const keyIn = async (subject: RegExp): Promise<string> => {
    const key = (await mailedLink(subject)).pathname.split('/').at(-2) ?? '';
    learned.push(key);
    return key;
  };
  const own = await signIn('/auth/login/', password);
  await ask('/auth/reauthenticate/', { key: own, json: { password: SECRETS.wrongPassword } });
  assert.equal((await ask('/auth/reauthenticate/', { key: own, json: { password } })).status, 200);
  await ask('/auth/user/email/', { key: own, json: { email: 'canary.new@mail.test' } });
  const key = await keyIn(/^Confirm your new/);
  await failAt(`/account/email/confirm/${key}/`, own);
  assert.equal((await ask('/auth/user/email/confirm/', { json: { key } })).status, 200);
  const undo = await keyIn(/^Your e-mail address .* was changed$/);
  await failAt(`/account/email/undo/${undo}/`, own);
  assert.equal((await ask('/auth/user/email/undo/', { json: { key: undo } })).status, 200);
  const [uid, token = ''] = (await mailedLink(/^Choose/, 2)).pathname.split('/').slice(-3, -1);
  learned.push(token);
  const reset = { uid, token, new_password1: password, new_password2: password };
  assert.equal((await ask('/auth/password/reset/confirm/', { json: reset })).status, 200);
  const asked = await ask('/auth/magic-link/', { json: { email: TYPED.email } });
  const { ticket } = (await asked.json()) as { readonly ticket: string };
  const mailed = await keyIn(/^Sign in/);
  learned.push(ticket);
  await ask('/auth/magic-link/confirm/', { json: { ticket, code: SECRETS.wrongPassword } });
  await failAt(`/login/mail/${mailed}/`, await signIn('/auth/login/', password));
  assert.equal((await ask('/auth/magic-link/confirm/', { json: { ticket, token: mailed } })).status, 200);
}

/** Says of a session that it is not theirs, and has a new password by that. */
async function takeoverOnce(password: string): Promise<void> {
  const subject = /^Another device was signed out/;
  const before = mails.taken.filter(({ mail }) => subject.test(mail.subject ?? '')).length;
  // The last of three has taken the place of one at least.
  for (let turn = 0; turn < 2; turn++) await signIn('/auth/login/', password);
  const own = await signIn('/auth/login/', password);
  const key = (await mailedLink(subject, before + 1)).pathname.split('/').at(-2) ?? '';
  learned.push(key);
  await failAt(`/not-me/${key}/`, own);
  const disowned = await ask('/auth/not-me/', { json: { key } });
  assert.equal(disowned.status, 200);
  const { uid, token } = (await disowned.json()) as { readonly uid: string; readonly token: string };
  learned.push(token);
  const reset = { uid, token, new_password1: password, new_password2: password };
  assert.equal((await ask('/auth/password/reset/confirm/', { json: reset })).status, 200);
}

/** Binds a session as a browser does, rightly and wrongly, and renews its cookie. */
async function boundOnce(password: string): Promise<void> {
  const tokens = deviceTokens(keysFrom([SECRETS.root]));
  const token = readToken(await signIn('/auth/login/', password)) ?? assert.fail();
  const code = tokens.authorization({ token, isWithCookie: false });
  const { path, headers } = await registration(tokens, code, Date.now());
  const bound = await ask(path, { method: 'POST', headers });
  const { session_identifier: name } = (await bound.json()) as { readonly session_identifier: string };
  assert.equal((await ask(path, { method: 'POST', headers })).status, 400);
  const renewed = await renewal(tokens, name, Date.now());
  assert.equal((await ask(renewed.path, { method: 'POST', headers: renewed.headers })).status, 200);
  assert.equal((await ask(renewed.path, { method: 'POST', headers: renewed.headers })).status, 403);
  // The session's name is kept with its key: it opens nothing.
  learned.push(code, headers['secure-session-response'] ?? '', renewed.headers['secure-session-response'] ?? '');
}

/** Sets a second step up, shows it in each way, and takes it away. */
async function secondStepOnce(password: string): Promise<void> {
  const credentials = { username: TYPED.username, password };
  const told = async (path: string, given: Parameters<typeof ask>[1]): Promise<Readonly<Record<string, unknown>>> => {
    const body = (await (await ask(path, given)).json()) as Readonly<Record<string, unknown>>;
    const secrets = [body['secret'], body['activation_token'], body['ticket'], body['recovery_codes'], body['codes']];
    learned.push(...secrets.flat().filter((one) => typeof one === 'string'));
    return body;
  };
  const key = await signIn('/auth/login/', password);
  const { secret, activation_token } = await told('/auth/mfa/totp/activate/', { key });
  const begun = { activation_token, code: codeAt(String(secret), Date.now()) };
  await told('/auth/mfa/totp/activate/', { key, json: begun });
  for (const path of ['/auth/mfa/status/', '/auth/mfa/recovery-codes/']) await ask(path, { key });
  const { codes } = await told('/auth/mfa/recovery-codes/regenerate/', { key, method: 'POST' });
  assert.ok(Array.isArray(codes));
  const ticket = async () => (await told('/auth/login/', { json: credentials }))['ticket'];
  await ask('/auth/login/second-step/', { json: { ticket: await ticket(), code: SECRETS.wrongPassword } });
  await ask('/auth/login/second-step/set-up/', { json: { ticket: await ticket() } });
  await ask('/auth/login/choose/', { json: { ticket: await ticket(), end: ['ses_nobodys'] } });
  await ask('/auth/login/approval/', { json: { ticket: await ticket() } });
  await ask('/auth/approvals/', { key });
  // Off here: with them on, `test/jwt/secrets` looks at the log.
  const token = SECRETS.wrongPassword;
  for (const path of ['verify', 'refresh']) await ask(`/auth/token/${path}/`, { json: { token, refresh: token } });
  for (const path of ['jwks.json', 'ended-sessions']) await ask(`/auth/${path}/`, { key: token });
  for (const answer of ['approve', 'decline']) await ask(`/auth/approvals/apr_nobodys/${answer}/`, { key, json: {} });
  assert.equal(
    (await ask('/auth/login/second-step/', { json: { ticket: await ticket(), code: codes[0] } })).status,
    200,
  );
  const verify = { ephemeral_token: await ticket(), code: codes[1] };
  const { key: newest } = await told('/auth/mfa/verify/', { json: verify });
  const off = { key: String(newest), json: { code: codes[2] } };
  assert.equal((await ask('/auth/mfa/totp/deactivate/', off)).status, 200);
}

/** Signs in by a provider in each way, connects it, and takes it away. */
async function providersOnce(password: string): Promise<void> {
  const { code, providerToken, providerError } = SECRETS;
  const claims = { sub: 'canary-subject', email: TYPED.email };
  const given = (more = {}) => {
    const idToken = provider.idToken({ ...claims, ...more });
    learned.push(idToken);
    return { json: { id_token: idToken, access_token: providerToken } };
  };
  const key = await signIn('/auth/login/', password);
  assert.equal((await ask('/auth/social/acme/connect/', { key, ...given() })).status, 200);
  for (const path of ['/auth/social/accounts/', '/auth/socialaccounts/']) await ask(path, { key });
  assert.equal((await ask('/auth/social/acme/', given())).status, 200);
  await ask('/auth/social/acme/', given({ aud: 'another' }));
  await ask('/auth/social/acme/', { json: { access_token: providerToken } });
  provider.says.set('/token', () => ({ status: 400, json: { error: 'x', error_description: providerError } }));
  await ask('/auth/social/acme/', { json: { code } });
  for (const said of [{ access_token: providerToken }, { error: 'x', error_description: providerError }]) {
    const gone = await ask('/auth/social/acme/begin/', { headers: { 'sec-fetch-site': 'none' } });
    const to = new URL(gone.headers.get('location') ?? '');
    const nonce = to.searchParams.get('nonce') ?? '';
    const state = to.searchParams.get('state') ?? '';
    learned.push(state, nonce);
    const token = provider.idToken({ ...claims, nonce });
    provider.says.set('/token', () => ({ json: { token_type: 'Bearer', id_token: token, ...said } }));
    const cookie = gone.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const back = await ask(`/auth/social/acme/callback/?${new URLSearchParams({ code, state })}`, {
      headers: { cookie },
    });
    assert.equal(back.status, 'error' in said ? 400 : 302);
  }
  const newest = await signIn('/auth/login/', password);
  await ask('/auth/socialaccounts/2/disconnect/', { key: newest, method: 'POST' });
  assert.equal((await ask('/auth/social/accounts/1/disconnect/', { key: newest, method: 'POST' })).status, 200);
}

before(async () => {
  mails = await mailServer();
  provider = await standIn();
  server = await startServer(file, {
    LATCHKEY_PASSWORD_HASH: 'dangerously-cheap',
    LATCHKEY_ATTEMPTS_PER_NETWORK: '10000/min',
    LATCHKEY_TAKEOVERS: '10000/min',
    LATCHKEY_ORIGIN: ORIGIN,
    LATCHKEY_SECRET: SECRETS.root,
    LATCHKEY_SMTP_URL: mails.url,
    LATCHKEY_SESSION_LIMIT: '2',
    LATCHKEY_SIGN_IN_BY_MAIL: 'true',
    LATCHKEY_SOCIAL_PROVIDERS: JSON.stringify({
      acme: { issuer: provider.url, clientId: CLIENT.clientId, clientSecret: SECRETS.clientSecret },
    }),
    LOG_LEVEL: 'trace',
  });
  await everythingOnce();
});
after(async () => {
  await server.stop('SIGKILL');
  await mails.close();
  await provider[Symbol.asyncDispose]();
  folder.remove();
});

/** All lines but those that greet whoever starts the server. */
function logLines(): readonly string[] {
  const lines = server.output().trimEnd().split('\n');
  return lines.filter((line) => line.startsWith('{'));
}

describe('after every route was asked, rightly and wrongly', () => {
  test('no route was left out', () => {
    const asked = [...visited].map((line) =>
      line
        .replace(/(?:ses|apr)_\w+|(?<=passkeys\/)[\w-]{43}/, ':id')
        .replace('/acme/', '/:provider/')
        .replace(/\/\d+\/disconnect/, '/:number/disconnect'),
    );
    const missing = routes.flatMap(({ path, methods }) =>
      Object.keys(methods)
        .map((method) => `${method} /auth${path}`)
        .filter((line) => !asked.includes(line)),
    );
    assert.deepEqual(missing, []);
    assert.ok(learned.length > 20, 'credentials were learned');
  });

  for (const [what, text] of Object.entries(SECRETS)) {
    test(`N12: the ${what} secret is in no line of the log`, () => assert.ok(!server.output().includes(text)));
  }

  test('N12: no key, cookie, device or link that was handed out is in any line of the log', () => {
    for (const secret of learned.filter((text) => text !== '')) assert.ok(!server.output().includes(secret), secret);
  });

  test('N12: nothing that anybody typed is', () => {
    for (const text of [...Object.values(TYPED), 'canary']) assert.ok(!server.output().includes(text), text);
  });

  test('N12: of all that, the database has only what it must: names and addresses', async () => {
    const bytes = Buffer.concat([file, `${file}-wal`].map((path) => readFileSync(path)));
    assert.ok(bytes.includes(TYPED.email));
    for (const secret of [...Object.values(SECRETS), ...learned]) {
      if (secret !== '') assert.ok(!bytes.includes(secret), secret);
    }
    assert.ok(!bytes.includes('canary-agent'));
  });

  test('N13: each line is one JSON object with a level and a time, and none is forged', () => {
    const lines = logLines().map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.ok(lines.length > 20);
    for (const line of lines) {
      assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok([10, 20, 30, 40, 50].includes(Number(line['level'])), JSON.stringify(line));
    }
    const rest = server
      .output()
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('{'));
    assert.ok(
      rest.every((line) => /^(?:Latchkey listens|Two phones|Nobody has|The second sign-in| {2}\w+|$)/.test(line)),
      rest.join('\n'),
    );
  });

  test('N14: who signed in, who was refused and what failed is there, by number and id', () => {
    const lines = logLines().map((line) => JSON.parse(line) as Record<string, unknown>);
    const signedIn = lines.find((line) => line['event'] === 'signed_in');
    assert.equal(signedIn?.['account'], 1);
    assert.match(String(signedIn?.['session']), /^ses_/);
    const refused = lines.find((line) => line['event'] === 'sign_in_refused');
    assert.deepEqual([refused?.['account'], refused?.['code'], refused?.['level']], [1, 'invalid_credentials', 40]);
    const codes = lines.filter((line) => line['event'] === 'sign_in_refused').map(({ code }) => code);
    assert.ok(codes.includes('invalid_input'), 'H10: a wrong code of a second step is one');
    const failed = lines.filter((line) => line['msg'] === 'a request failed');
    assert.deepEqual(
      failed.map((line) => [line['method'], line['path']]),
      [
        ['POST', '/auth/registration/account-confirm-email/…'],
        ['POST', '/auth/password/reset/confirm/'],
        ['GET', '/account/email/confirm/…'],
        ['GET', '/account/email/undo/…'],
        ['GET', '/login/mail/…'],
        ['GET', '/not-me/…'],
      ],
    );
  });
});

describe('what an answer says of a fault', () => {
  test('N11: no more than that it was logged', async () => {
    const key = await signIn('/auth/login/', SECRETS.lastPassword);
    damage(`UPDATE account SET profile = '{'`);
    const answer = await ask('/auth/user/', { key });
    damage(`UPDATE account SET profile = '{}'`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), {
      detail: 'The store cannot be reached. Please try again shortly.',
      code: 'store_unavailable',
    });
  });
});

describe('a mail server that wants a password', () => {
  test('N12: its password is in no line of the log when it cannot be reached', async () => {
    const other = temporaryFolder();
    const password = 'canary-smtp-password';
    const login = await startServer(`${other.path}/test.db`, {
      LATCHKEY_PASSWORD_HASH: 'dangerously-cheap',
      LATCHKEY_SMTP_URL: `smtp://user:${password}@127.0.0.1:1`,
      LOG_LEVEL: 'trace',
    });
    const json = { username: 'ann', email: 'ann@mail.test', password1: SECRETS.password, password2: SECRETS.password };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${login.url}/auth/registration/`, { method: 'POST', headers, body: JSON.stringify(json) });
    await until(() => login.output().includes('a mail could not be sent and waits'));
    await login.stop();
    assert.ok(!login.output().includes(password));
    other.remove();
  });
});
