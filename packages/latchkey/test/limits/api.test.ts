/** An account that is full, over HTTP: who is refused, who chooses, and what neither buys anybody. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { type Answer, memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';

const DAY_MS = 86_400_000;
const RIGHT = { username: 'ann', password: PASSWORD };
const VOID = { ticket: ['Invalid or expired token.'] };
const WRONG = { non_field_errors: ['Unable to log in with provided credentials.'] };

async function opened(options: LatchkeyOptions = {}) {
  const server = await testServer(options);
  const account = await server.auth.accounts.create({
    ...{ username: 'ann', email: 'ann@example.com', emailVerified: true, password: PASSWORD },
  });
  return { server, id: account.id, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const login = (server: TestServer, headers = {}): Promise<Answer> => server.post('/auth/login/', RIGHT, { headers });
const choose = (server: TestServer, ticket: string, end: unknown, headers = {}): Promise<Answer> =>
  server.post('/auth/login/choose/', { ticket, end }, { headers });
const ticketIn = ({ body }: Answer): string => memberOf(body, 'ticket');
const keyIn = ({ body }: Answer): string => memberOf(body, 'key');
const whoseIn = ({ body }: Answer): readonly string[] =>
  (Reflect.get(Object(body), 'sessions') as readonly { readonly id: string }[]).map(({ id }) => id);

async function idOf(server: TestServer, key: string): Promise<string> {
  const { body } = await server.ask('/auth/session/', { key });
  return memberOf(Reflect.get(Object(body), 'session'), 'id');
}

describe('an account that refuses', () => {
  test('L5, F-23, design 5: says so in two words, and displaces nobody', async () => {
    await using open = await opened({ sessions: { whenFull: 'refuse' } });
    const { server } = open;
    const key = await server.signIn('ann');
    const answer = await login(server);
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.body, {
      detail: 'This account is signed in on as many devices as it may be.',
      code: 'limit_reached',
    });
    assert.equal(answer.headers.get('latchkey-reason'), 'limit_reached');
    assert.deepEqual(answer.headers.getSetCookie(), []);
    const wrong = await server.post('/auth/login/', { username: 'ann', password: 'wrong' });
    assert.deepEqual([wrong.status, wrong.body], [400, WRONG], 'who has shown nothing hears nothing of it');
    assert.equal((await server.post('/auth/login/choose/', { ticket: 'x', end: [] })).status, 404);
    assert.ok(await server.isLive(key));
    await server.post('/auth/logout/', {}, { key });
    assert.equal((await login(server)).status, 200, 'signing out frees the place');
  });

  test('F-22, B20: being refused is no failed sign-in: nothing is counted and nothing locks', async () => {
    await using open = await opened({
      sessions: { whenFull: 'refuse' },
      attempts: { perAccount: '3/hour', perNetwork: '3/hour', consecutive: 10 },
    });
    const { server } = open;
    const key = await server.signIn('ann');
    for (let turn = 0; turn < 12; turn++) assert.equal((await login(server)).status, 409);
    await server.post('/auth/logout/', {}, { key });
    assert.equal((await login(server)).status, 200);
  });

  test('F-21: the owner who lost the device gets in by a new password, or when it was idle', async () => {
    await using open = await opened({ sessions: { whenFull: 'refuse', idleDays: 1 } });
    const { server } = open;
    const lost = await server.signIn('ann');
    assert.equal((await login(server)).status, 409);
    server.clock.advance(DAY_MS);
    const idle = keyIn(await login(server));
    assert.ok(await server.isLive(idle), 'F-8: what is idle holds no place');
    assert.equal((await login(server)).status, 409);
    const { uid, token } = await server.resetLink('ann@example.com');
    const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
    assert.equal((await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords })).status, 200);
    assert.ok(await server.isLive(await server.signIn('ann', {}, OTHER_PASSWORD)));
    for (const key of [lost, idle]) assert.equal(await server.isLive(key), false);
  });

  test('F-26: the same device takes its place again; showing who one is again opens and ends nothing', async () => {
    await using open = await opened({ sessions: { whenFull: 'refuse' } });
    const { server } = open;
    const first = await login(server);
    const device = memberOf(first.body, 'device');
    assert.equal(
      (await server.post('/auth/reauthenticate/', { password: PASSWORD }, { key: keyIn(first) })).status,
      200,
    );
    assert.deepEqual((await server.auth.sessions.list(open.id)).length, 1);
    const again = await login(server, { 'latchkey-device': device });
    assert.equal(again.status, 200);
    assert.deepEqual([await server.isLive(keyIn(first)), await server.isLive(keyIn(again))], [false, true]);
    assert.equal((await login(server, { 'latchkey-device': `${device}x` })).status, 409, 'a device is signed');
  });

  test('L5: fifty at once, one comes in', async () => {
    await using open = await opened({
      sessions: { whenFull: 'refuse' },
      rateLimits: 'off',
      passwords: { hash: 'dangerously-cheap' },
    });
    const { server } = open;
    const answers = await Promise.all(Array.from({ length: 50 }, () => login(server)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(
      answers.filter(({ status, headers }) => status === 409 && headers.get('latchkey-reason') === 'limit_reached')
        .length,
      49,
    );
    const [inside] = answers.filter(({ status }) => status === 200).map(keyIn);
    assert.ok(await server.isLive(inside ?? ''));
  });
});

describe('an account that asks', () => {
  const asking = { sessions: { limit: 2, whenFull: 'ask' } } as const;

  async function full(options: LatchkeyOptions = asking) {
    const open = await opened(options);
    const first = await open.server.signIn('ann', { 'user-agent': 'curl/8' });
    open.server.clock.advance(60_000);
    const second = await open.server.signIn('ann');
    return { ...open, first, second, asked: await login(open.server) };
  }

  test('F-24, design 5: tells who is in, and lets the newcomer choose, once', async () => {
    await using open = await full();
    const { server, first, second, asked } = open;
    const [one, other] = [await idOf(server, first), await idOf(server, second)];
    const { ticket, sessions, ...rest } = Object(asked.body);
    assert.equal(asked.status, 409);
    assert.deepEqual(rest, {
      detail: 'This account is signed in on as many devices as it may be. Choose which to sign out.',
      code: 'choose_session',
      end_at_least: 1,
    });
    assert.deepEqual(Object.keys(sessions[0]), ['id', 'device', 'class', 'last_seen_at', 'name']);
    assert.deepEqual(whoseIn(asked), [one, other]);
    assert.deepEqual([sessions[0].device, sessions[0].class], ['curl', 'cli']);
    assert.ok(await server.isLive(first));

    const inside = await choose(server, ticket, [one]);
    assert.equal(inside.status, 200);
    assert.deepEqual(Object.keys(Object(inside.body)), ['key', 'device'], 'as `login/` answers');
    assert.match(inside.headers.getSetCookie().join(), /^latchkey=/);
    assert.deepEqual([await server.isLive(keyIn(inside)), await server.isLive(second)], [true, true]);
    const gone = await server.ask('/auth/session/', { key: first });
    assert.equal(memberOf(gone.body, 'code'), 'session_displaced');
    assert.deepEqual(Reflect.get(Object(gone.body), 'by'), { device: 'a Node.js program', class: 'cli' });
    const again = await choose(server, ticket, [other]);
    assert.deepEqual([again.status, again.body], [400, VOID]);
    assert.ok(await server.isLive(second));
  });

  test('F-24, L13: a ticket is no session, ends nothing of others, and nothing that does not exist', async () => {
    await using open = await full();
    const { server, first, second, asked } = open;
    const bobs = await server.register('bob');
    const ticket = ticketIn(asked);
    assert.equal(await server.isLive(ticket), false);
    assert.equal((await server.ask('/auth/sessions/', { key: ticket })).status, 401);
    let now = ticket;
    for (const end of [
      [],
      [await idOf(server, bobs)],
      ['ses_0000000000000000000000'],
      '[]',
      'no id',
      [''],
      ['*', '%'],
    ]) {
      const answer = await choose(server, now, end);
      assert.equal(answer.status, 409, JSON.stringify(end));
      assert.deepEqual(whoseIn(answer).length, 2);
      assert.deepEqual((await choose(server, now, whoseIn(answer))).body, VOID, 'its ticket is used');
      now = ticketIn(answer);
    }
    for (const end of [5, {}, [5], [[]], '[5', null]) {
      const answer = await choose(server, now, end);
      if (answer.status !== 409) assert.equal(answer.status, 400, JSON.stringify(end));
      else now = ticketIn(answer);
    }
    for (const key of [first, second, bobs]) assert.ok(await server.isLive(key));
    assert.equal((await choose(server, now, [await idOf(server, second)])).status, 200);
  });

  test('F-24: a ticket is of the device, the client and the time that asked for it', async () => {
    await using open = await full({
      sessions: { ...asking.sessions, clients: { app: 'unlimited', site: 'unlimited' } },
    });
    const { server, first, id } = open;
    const end = [await idOf(server, first)];
    const out = await login(server, { 'latchkey-client': 'app' });
    for (const headers of [{}, { 'latchkey-client': 'site' }]) {
      assert.deepEqual((await choose(server, ticketIn(out), end, headers)).body, VOID);
    }
    const known = memberOf((await choose(server, ticketIn(out), end, { 'latchkey-client': 'app' })).body, 'device');
    assert.notEqual(known, '', 'nothing was used up by others');
    await server.auth.sessions.endAll(id);
    await server.signIn('ann');
    await server.signIn('ann');
    const fromKnown = await login(server, { 'latchkey-device': known });
    assert.equal(fromKnown.status, 409);
    assert.deepEqual((await choose(server, ticketIn(fromKnown), whoseIn(fromKnown))).body, VOID, 'without its device');
    server.clock.advance(10 * 60_000);
    const late = await choose(server, ticketIn(fromKnown), whoseIn(fromKnown), { 'latchkey-device': known });
    assert.deepEqual(late.body, VOID);
  });

  test('F-24: what voids a proof voids its ticket: a new password, a suspension, signing out everywhere', async () => {
    for (const change of ['password', 'suspension', 'everywhere'] as const) {
      await using open = await full();
      const { server, first, asked, id } = open;
      const end = [await idOf(server, first)];
      const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      if (change === 'password') await server.post('/auth/password/change/', passwords, { key: first });
      else if (change === 'suspension') await server.auth.accounts.suspend(id);
      else await server.auth.sessions.endAll(id);
      assert.deepEqual((await choose(server, ticketIn(asked), end)).body, VOID, change);
    }
  });

  test('F-24: of twenty that use a ticket at once, one comes in', async () => {
    await using open = await full();
    const { server, asked, id } = open;
    const end = whoseIn(asked).slice(0, 1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => choose(server, ticketIn(asked), end)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 19 }, () => 400)]);
    assert.equal((await server.auth.sessions.list(id)).length, 2);
  });

  test('L13: others who were quicker are not displaced: it is asked again, with those who are in now', async () => {
    await using open = await full();
    const { server, first, second, asked } = open;
    const end = [await idOf(server, first)];
    await server.post('/auth/logout/', {}, { key: first });
    const quicker = await server.signIn('ann');
    const again = await choose(server, ticketIn(asked), end);
    assert.equal(again.status, 409);
    assert.deepEqual(whoseIn(again), [await idOf(server, second), await idOf(server, quicker)]);
    await server.post('/auth/logout/', {}, { key: quicker });
    assert.equal((await choose(server, ticketIn(again), [])).status, 200, 'where there is room, nobody has to go');
    assert.ok(await server.isLive(second));
  });

  test('F-23, P7: with a second step it is said after both; its code is used up, and the device is remembered', async () => {
    await using open = await opened({ sessions: { limit: 1, whenFull: 'ask' } });
    const { server } = open;
    const key = await server.signIn('ann');
    const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
    const secret = memberOf(body, 'secret');
    const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
    assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
    server.clock.advance(30_000);
    const half = await login(server);
    assert.deepEqual([half.status, Object(half.body).mfa_required], [200, true]);
    const code = codeAt(secret, server.clock());
    const step = { ticket: ticketIn(half), code, remember: true };
    const asked = await server.post('/auth/login/second-step/', step);
    assert.equal(memberOf(asked.body, 'code'), 'choose_session');
    const another = await login(server);
    const reused = await server.post('/auth/mfa/verify/', { ephemeral_token: ticketIn(another), code });
    assert.deepEqual(reused.body, { code: ['Invalid code.'] }, 'the code is spent');
    assert.deepEqual((await server.post('/auth/login/second-step/', step)).body, VOID, 'and so is the first ticket');
    const inside = await choose(server, ticketIn(asked), whoseIn(asked));
    assert.equal(inside.status, 200);
    assert.equal(await server.isLive(key), false);
    const again = await login(server, { 'latchkey-device': memberOf(inside.body, 'device') });
    assert.notEqual(keyIn(again), '', 'it is not asked for another code');
  });

  test('A20: neither ticket nor list stands in what is kept or logged', async () => {
    await using open = await full();
    const { server, asked } = open;
    assert.equal(server.bytes().includes(ticketIn(asked)), false);
    assert.deepEqual(server.errors, []);
  });
});

describe('several limits', () => {
  const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const PHONE = 'okhttp/4.12.0';
  const by = (agent: string, client?: string) => ({
    'user-agent': agent,
    ...(client !== undefined && { 'latchkey-client': client }),
  });

  test('L10: a browser displaces a browser, and the phone stays', async () => {
    await using open = await opened({ sessions: { limit: 2, classLimits: 'web=1,mobile=1' } });
    const { server } = open;
    const keys = [];
    for (const agent of [FIREFOX, PHONE, FIREFOX]) keys.push(await server.signIn('ann', by(agent)));
    assert.deepEqual(await Promise.all(keys.map(server.isLive)), [false, true, true]);
  });

  test('K4: whatever a client says that it is, an account has no place more', async () => {
    await using open = await opened({
      sessions: { limit: 2, classLimits: { web: 1 }, clients: { 'ios-app': 1, site: 'unlimited' } },
    });
    const { server, id } = open;
    const agents = [FIREFOX, PHONE, 'curl/8', '', 'SmartTV', FIREFOX];
    for (const client of [undefined, 'ios-app', 'site']) {
      for (const agent of agents) {
        await server.signIn('ann', by(agent, client));
        assert.ok((await server.auth.sessions.list(id)).length <= 2);
      }
    }
  });

  test('an id of a client that is not registered is said to be wrong, before anything is used up', async () => {
    await using open = await opened({
      sessions: { limit: 3, clients: 'ios-app=1, web-app' },
      accounts: { signInByMail: true },
    });
    const { server, id } = open;
    for (const client of ['other', 'IOS-APP', 'ios-app,web-app', '']) {
      const answer = await login(server, { 'latchkey-client': client });
      assert.deepEqual([answer.status, answer.body], [400, { client: ['Unknown client.'] }], client);
    }
    assert.deepEqual(await server.auth.sessions.list(id), []);
    const keys = [];
    for (const client of ['ios-app', 'web-app', 'web-app', 'ios-app']) {
      keys.push(await server.signIn('ann', { 'latchkey-client': client }));
    }
    assert.deepEqual(await Promise.all(keys.map(server.isLive)), [false, true, true, true]);
    assert.deepEqual(
      server.rows('SELECT client FROM session WHERE ended_at IS NULL ORDER BY sequence').map(({ client }) => client),
      ['web-app', 'web-app', 'ios-app'],
    );
  });

  test('a page of another origin may say which client it is', async () => {
    await using open = await opened({ corsOrigins: ['https://app.example'] });
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const answer = await open.server.ask('/auth/login/', { method: 'OPTIONS', headers });
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /\bLatchkey-Client\b/);
  });

  const liveAfter = async ({ server, id }: Awaited<ReturnType<typeof opened>>, times: number): Promise<number> => {
    for (let turn = 0; turn < times; turn++) await server.signIn('ann');
    return (await server.auth.sessions.list(id)).length;
  };

  test('a role has its own limit, of several the largest, from the next sign-in on (F-9)', async () => {
    await using open = await opened({ sessions: { roleLimits: 'trial=2, premium=4' } });
    assert.equal(await liveAfter(open, 3), 1);
    await open.server.auth.accounts.setRoles(open.id, ['premium', 'trial', 'other']);
    assert.equal(await liveAfter(open, 6), 4);
    await open.server.auth.accounts.setRoles(open.id, ['trial']);
    assert.equal((await open.server.auth.sessions.list(open.id)).length, 4, 'changed roles end nothing');
    assert.equal(await liveAfter(open, 1), 2);
  });

  test('the host says the limit of an account, by whatever it knows of it', async () => {
    const seen: unknown[] = [];
    let answer: unknown = 3;
    const limitOf = async (account: unknown) => {
      seen.push(account);
      return answer as number;
    };
    await using open = await opened({ hooks: { limitOf }, sessions: { roleLimits: { staff: 2 } } });
    await open.server.auth.accounts.setRoles(open.id, ['staff']);
    assert.equal(await liveAfter(open, 5), 3);
    assert.deepEqual(seen[0], { id: open.id, roles: ['staff'], profile: {} });
    answer = null;
    assert.equal(await liveAfter(open, 1), 2, 'null is what the settings say');
    answer = 'unlimited';
    assert.equal(await liveAfter(open, 4), 6);
  });

  test('F-11, L28: a host that answers wrongly, or not at all, lets nobody in without a limit', async () => {
    let answer: () => unknown = () => 1;
    const limitOf = (() => answer()) as () => number;
    await using open = await opened({ hooks: { limitOf }, sessions: { classLimits: 'web=1' } });
    const { server, id } = open;
    const key = await server.signIn('ann');
    const wrong: readonly unknown[] = [
      0,
      -1,
      1.5,
      Number.NaN,
      1e9,
      '3',
      true,
      undefined,
      {},
      [],
      'Unlimited',
      'unlimited',
    ];
    const all = [
      ...wrong.map((given) => () => given),
      () => assert.fail('the plan is not known'),
      () => Promise.reject(new Error('down')),
    ];
    for (const one of all) {
      answer = one;
      const { status, headers } = await login(server);
      assert.deepEqual([status, headers.get('latchkey-reason')], [500, 'internal_error'], String(one));
    }
    assert.equal(server.errors.length, all.length, 'each is logged');
    assert.equal((await server.auth.sessions.list(id)).length, 1);
    assert.ok(await server.isLive(key));
  });
});
