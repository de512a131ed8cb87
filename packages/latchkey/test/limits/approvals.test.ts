/** An account whose devices let newcomers in, over HTTP: who asks, who answers, and what neither buys anybody. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { listen } from '../events/listening.ts';
import { type Answer, memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';

const RIGHT = { username: 'ann', password: PASSWORD };
const VOID = { ticket: ['Invalid or expired token.'] };
const WRONG = { non_field_errors: ['Unable to log in with provided credentials.'] };
const MINUTE_MS = 60_000;

const approving = { sessions: { limit: 2, whenFull: 'approve' } } as const;

type Body = Readonly<Record<string, unknown>>;
type Asked = {
  readonly id: string;
  readonly number: string;
  readonly sessions: readonly { readonly id: string; readonly current: boolean }[];
};

const login = (server: TestServer, headers = {}): Promise<Answer> => server.post('/auth/login/', RIGHT, { headers });
const ticketIn = ({ body }: Answer): string => memberOf(body, 'ticket');
const keyIn = ({ body }: Answer): string => memberOf(body, 'key');
const reasonIn = ({ status, headers }: Answer): string => `${status} ${headers.get('latchkey-reason')}`;

const wait = (server: TestServer, ticket: string, headers = {}): Promise<Answer> =>
  server.post('/auth/login/approval/', { ticket }, { headers });

async function idOf(server: TestServer, key: string): Promise<string> {
  const { body } = await server.ask('/auth/session/', { key });
  return memberOf(Reflect.get(Object(body), 'session'), 'id');
}

async function askedIn(server: TestServer, key: string): Promise<readonly Asked[]> {
  const { status, body } = await server.ask('/auth/approvals/', { key });
  assert.equal(status, 200);
  return body as readonly Asked[];
}

const approve = (server: TestServer, key: string, id: string, body: Body = {}): Promise<Answer> =>
  server.post(`/auth/approvals/${id}/approve/`, body, { key });
const decline = (server: TestServer, key: string, id: string): Promise<Answer> =>
  server.post(`/auth/approvals/${id}/decline/`, {}, { key });

async function opened(options: LatchkeyOptions = approving) {
  const server = await testServer(options);
  const account = await server.auth.accounts.create({
    ...{ username: 'ann', email: 'ann@example.com', emailVerified: true, password: PASSWORD },
  });
  const first = await server.signIn('ann', { 'user-agent': 'curl/8' });
  server.clock.advance(MINUTE_MS);
  const second = await server.signIn('ann');
  const onlyAsked = async (): Promise<Asked> => {
    const all = await askedIn(server, second);
    assert.equal(all.length, 1);
    return all[0] ?? assert.fail();
  };
  const close = () => server[Symbol.asyncDispose]();
  return { server, id: account.id, first, second, onlyAsked, [Symbol.asyncDispose]: close };
}

describe('an account whose devices let newcomers in', () => {
  test('F-23, design 5: asks, shows both sides one number, and lets the newcomer in, once, in the place that was chosen', async () => {
    await using open = await opened();
    const { server, first, second } = open;
    const asked = await login(server);
    const { ticket, number, ...rest } = Object(asked.body);
    assert.equal(reasonIn(asked), '409 approval_required');
    assert.equal(asked.headers.get('retry-after'), '2');
    assert.deepEqual(rest, {
      detail: 'This account is signed in on as many devices as it may be. One of them has to let this one in.',
      code: 'approval_required',
      expires_at: new Date(server.clock() + 2 * MINUTE_MS).toISOString(),
      interval: 2,
    });
    assert.match(number, /^\d{4}$/);
    assert.deepEqual(asked.headers.getSetCookie(), []);
    const wrong = await server.post('/auth/login/', { username: 'ann', password: 'wrong' });
    assert.deepEqual([wrong.status, wrong.body], [400, WRONG], 'who has shown nothing hears nothing of it');

    const [one, other] = [await idOf(server, first), await idOf(server, second)];
    const { id, ...shown } = await open.onlyAsked();
    const at = new Date(server.clock()).toISOString();
    assert.match(id, /^apr_\w{22}$/);
    const devices = [
      {
        id: one,
        current: false,
        device: 'curl',
        class: 'cli',
        last_seen_at: new Date(server.clock() - MINUTE_MS).toISOString(),
        name: null,
      },
      { id: other, current: true, device: 'a Node.js program', class: 'cli', last_seen_at: at, name: null },
    ];
    assert.deepEqual(shown, {
      ...{ device: 'a Node.js program', class: 'cli', place: null, number, asked_at: at },
      ...{ expires_at: rest.expires_at, end_at_least: 1, sessions: devices },
    });
    const still = await wait(server, ticket);
    assert.deepEqual([reasonIn(still), still.body], ['409 approval_required', asked.body]);

    const said = await approve(server, second, id, { end: [other] });
    assert.deepEqual([said.status, said.text], [204, '']);
    assert.ok((await server.isLive(first)) && (await server.isLive(second)), 'nobody goes until they come');
    const inside = await wait(server, ticket);
    assert.equal(inside.status, 200);
    assert.deepEqual(Object.keys(Object(inside.body)), ['key', 'device'], 'as `login/` answers');
    assert.match(inside.headers.getSetCookie().join(), /^latchkey=/);
    assert.deepEqual([await server.isLive(keyIn(inside)), await server.isLive(first)], [true, true]);
    const gone = await server.ask('/auth/session/', { key: second });
    assert.equal(memberOf(gone.body, 'code'), 'session_displaced');
    assert.deepEqual(Reflect.get(Object(gone.body), 'by'), { device: 'a Node.js program', class: 'cli' });
    assert.deepEqual((await wait(server, ticket)).body, VOID, 'once');
  });

  test('where nobody is named, the rule says at the door who goes', async () => {
    await using open = await opened();
    const { server, first, second } = open;
    const ticket = ticketIn(await login(server));
    assert.equal((await approve(server, second, (await open.onlyAsked()).id)).status, 204);
    assert.equal((await wait(server, ticket)).status, 200);
    assert.deepEqual([await server.isLive(first), await server.isLive(second)], [false, true]);
  });

  test('F-22: who was declined is told that and no more; nothing is counted, and nothing locks', async () => {
    await using open = await opened({ ...approving, attempts: { perAccount: '3/hour', consecutive: 10 } });
    const { server, first, second } = open;
    for (let turn = 0; turn < 5; turn++) {
      const ticket = ticketIn(await login(server));
      assert.equal((await decline(server, turn % 2 === 0 ? first : second, (await open.onlyAsked()).id)).status, 204);
      const answer = await wait(server, ticket);
      assert.deepEqual(
        [answer.status, answer.body],
        [409, { detail: 'This sign-in was declined.', code: 'approval_declined' }],
      );
    }
    assert.deepEqual(await askedIn(server, first), []);
    await server.post('/auth/logout/', {}, { key: first });
    assert.equal((await login(server)).status, 200);
  });

  test('time runs out: nobody can say yes any more, and whoever waited is told so for a while', async () => {
    await using open = await opened({ sessions: { ...approving.sessions, approvalSeconds: 30 } });
    const { server, second } = open;
    const ticket = ticketIn(await login(server));
    const { id } = await open.onlyAsked();
    server.clock.advance(30_000);
    const late = await wait(server, ticket);
    assert.deepEqual(
      [late.status, late.body],
      [409, { detail: 'This sign-in was not answered in time.', code: 'approval_expired' }],
    );
    for (const say of [approve, decline]) assert.equal((await say(server, second, id)).status, 404);
    assert.deepEqual(await askedIn(server, second), []);
    server.clock.advance(10 * MINUTE_MS);
    assert.deepEqual((await wait(server, ticket)).body, VOID);

    const another = ticketIn(await login(server));
    assert.equal((await approve(server, second, (await open.onlyAsked()).id)).status, 204);
    server.clock.advance(30_000);
    assert.deepEqual((await wait(server, another)).body, VOID, 'what was said is not good for ever');
  });

  test('F20: nobody else can answer, or look, or wait: not by a ticket, another account, or an id that is wrong', async () => {
    await using open = await opened();
    const { server, first, second, id: annsId } = open;
    const bobs = await server.register('bob');
    const ticket = ticketIn(await login(server));
    const { id } = await open.onlyAsked();
    assert.equal(await server.isLive(ticket), false);
    assert.deepEqual(await askedIn(server, bobs), []);
    for (const say of [approve, decline]) {
      assert.equal((await say(server, bobs, id)).status, 404);
      assert.equal((await say(server, ticket, id)).status, 401);
      assert.equal((await server.post(`/auth/approvals/${id}/approve/`, {})).status, 401);
      for (const wrong of ['apr_0000000000000000000000', ticket, '*', '%25', await idOf(server, second)]) {
        assert.equal((await say(server, second, wrong)).status, 404, wrong);
      }
    }
    for (const wrong of [id, `${ticket}x`, '', second]) {
      assert.equal((await wait(server, wrong)).status, 400);
    }
    const cookie = `latchkey=${second}`;
    const foreign = { headers: { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } };
    assert.equal((await server.post(`/auth/approvals/${id}/approve/`, {}, foreign)).status, 403);
    assert.equal(reasonIn(await wait(server, ticket)), '409 approval_required', 'and nothing was used up');
    assert.equal((await server.auth.sessions.list(annsId)).length, 2);
    assert.ok(await server.isLive(first));
  });

  test('L13: who goes is one of those that may; a list that names too few, strangers or nobody is refused', async () => {
    await using open = await opened();
    const { server, first, second } = open;
    const bobs = await server.register('bob');
    const ticket = ticketIn(await login(server));
    const { id } = await open.onlyAsked();
    for (const end of [
      [],
      [await idOf(server, bobs)],
      ['ses_0000000000000000000000'],
      ['*'],
      '[]',
      'no id',
      [''],
      5,
      {},
      [5],
      '[5',
    ]) {
      assert.equal((await approve(server, second, id, { end })).status, 400, JSON.stringify(end));
    }
    assert.equal(reasonIn(await wait(server, ticket)), '409 approval_required');
    const both = [await idOf(server, first), await idOf(server, bobs), await idOf(server, first)];
    assert.equal((await approve(server, second, id, { end: both })).status, 204);
    assert.equal((await wait(server, ticket)).status, 200);
    assert.deepEqual([await server.isLive(first), await server.isLive(bobs)], [false, true]);
  });

  test('L13: others who were quicker are not displaced for it: another request is out, with those who are in now', async () => {
    await using open = await opened();
    const { server, first, second } = open;
    const asked = await login(server);
    const gone = await idOf(server, first);
    assert.equal((await approve(server, second, (await open.onlyAsked()).id, { end: [gone] })).status, 204);
    await server.post('/auth/logout/', {}, { key: first });
    const quicker = await server.signIn('ann', { 'user-agent': 'okhttp/4' });
    const again = await wait(server, ticketIn(asked));
    assert.equal(reasonIn(again), '409 approval_required');
    assert.notEqual(ticketIn(again), ticketIn(asked));
    assert.deepEqual((await wait(server, ticketIn(asked))).body, VOID);
    const { sessions, id } = await open.onlyAsked();
    assert.deepEqual(
      sessions.map((one) => one.id),
      [await idOf(server, second), await idOf(server, quicker)],
    );
    assert.equal((await approve(server, quicker, id)).status, 204);
    assert.equal((await wait(server, ticketIn(again))).status, 200);
  });

  test('where a place is free meanwhile, whoever waits is in, and nobody goes', async () => {
    await using open = await opened();
    const { server, first, second } = open;
    const ticket = ticketIn(await login(server));
    await server.post('/auth/logout/', {}, { key: first });
    const inside = await wait(server, ticket);
    assert.equal(inside.status, 200);
    assert.ok((await server.isLive(second)) && (await server.isLive(keyIn(inside))));
    assert.deepEqual(await askedIn(server, second), []);
  });

  test('a yes is void once the session that gave it is over', async () => {
    await using open = await opened({ sessions: { limit: 3, whenFull: 'approve' } });
    const { server, first, second } = open;
    const third = await server.signIn('ann');
    const ticket = ticketIn(await login(server));
    const id = (await open.onlyAsked()).id;
    assert.equal((await approve(server, second, id, { end: [await idOf(server, first)] })).status, 204);
    await server.ask(`/auth/sessions/${await idOf(server, second)}/`, { method: 'DELETE', key: third });
    assert.deepEqual((await wait(server, ticket)).body, VOID);
    assert.ok(await server.isLive(first), 'and displaces nobody');
    assert.equal((await approve(server, second, id)).status, 401);
  });

  const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
  const voids: Readonly<Record<string, (open: Awaited<ReturnType<typeof opened>>) => Promise<unknown>>> = {
    'a new password': ({ server, second: key }) => server.post('/auth/password/change/', passwords, { key }),
    'a suspension': ({ server, id }) => server.auth.accounts.suspend(id),
    'signing out everywhere': ({ server, id }) => server.auth.sessions.endAll(id),
    'signing the others out': ({ server, second: key }) => server.post('/auth/sessions/end-others/', {}, { key }),
  };
  for (const [what, change] of Object.entries(voids)) {
    test(`${what} voids a request, whether it waits or was approved`, async () => {
      for (const isApproved of [false, true]) {
        await using open = await opened();
        const { server, second } = open;
        const ticket = ticketIn(await login(server));
        if (isApproved) assert.equal((await approve(server, second, (await open.onlyAsked()).id)).status, 204);
        await change(open);
        assert.deepEqual((await wait(server, ticket)).body, VOID, String(isApproved));
      }
    });
  }

  test('F-24: a ticket is of the device and the client that asked', async () => {
    await using open = await opened({
      sessions: { ...approving.sessions, clients: { app: 'unlimited', site: 'unlimited' } },
    });
    const { server, second } = open;
    const asked = await login(server, { 'latchkey-client': 'app' });
    assert.equal((await approve(server, second, (await open.onlyAsked()).id)).status, 204);
    for (const headers of [{}, { 'latchkey-client': 'site' }]) {
      assert.deepEqual((await wait(server, ticketIn(asked), headers)).body, VOID);
    }
    const inside = await wait(server, ticketIn(asked), { 'latchkey-client': 'app' });
    const known = { 'latchkey-device': memberOf(inside.body, 'device') };
    await server.post('/auth/logout/', {}, { key: keyIn(inside) });
    await server.signIn('ann');
    const fromKnown = await login(server, known);
    assert.deepEqual((await wait(server, ticketIn(fromKnown))).body, VOID, 'without its device');
    assert.equal(reasonIn(await wait(server, ticketIn(fromKnown), known)), '409 approval_required');
  });

  test('L22, F20: of twenty that wait, and twenty that answer, at once, one of each counts', async () => {
    await using open = await opened();
    const { server, id: account, first, second } = open;
    const ticket = ticketIn(await login(server));
    const { id } = await open.onlyAsked();
    const said = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        (turn % 2 === 0 ? approve : decline)(server, turn % 3 === 0 ? first : second, id),
      ),
    );
    assert.deepEqual(said.map(({ status }) => status).toSorted(), [204, ...Array.from({ length: 19 }, () => 404)]);
    const isApproved = said.findIndex(({ status }) => status === 204) % 2 === 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => wait(server, ticket)));
    assert.equal(answers.filter(({ status }) => status === 200).length, isApproved ? 1 : 0);
    assert.equal((await server.auth.sessions.list(account)).length, 2);
  });

  test('F-40: one device asks once at a time, three wait at most, and ten ask in an hour; a known device asks on its own account', async () => {
    await using open = await opened({ ...approving, rateLimits: 'on' });
    const { server, first, second } = open;
    const agents = ['okhttp/4', 'Go-http-client/2', 'python-requests/2', 'PostmanRuntime/7', 'Wget/1'];
    const before = ticketIn(await login(server, { 'user-agent': agents[0] }));
    const tickets = [];
    for (const agent of agents) tickets.push(reasonIn(await login(server, { 'user-agent': agent })));
    assert.deepEqual(tickets, [...Array(3).fill('409 approval_required'), ...Array(2).fill('409 limit_reached')]);
    assert.deepEqual(
      (await wait(server, before, { 'user-agent': agents[0] })).body,
      VOID,
      'the newer one took its place',
    );
    assert.equal((await askedIn(server, first)).length, 3);
    for (const { id } of await askedIn(server, first)) await decline(server, second, id);
    for (let turn = 6; turn < 10; turn++) {
      assert.equal(reasonIn(await login(server)), '409 approval_required');
      await decline(server, second, (await open.onlyAsked()).id);
    }
    const over = await login(server);
    assert.deepEqual(
      [reasonIn(over), over.body],
      [
        '409 limit_reached',
        {
          detail: 'This account is signed in on as many devices as it may be.',
          code: 'limit_reached',
        },
      ],
    );
    await server.post('/auth/logout/', {}, { key: first });
    const mine = await login(server);
    assert.equal(mine.status, 200, 'who may come in is never kept out');
    await server.post('/auth/logout/', {}, { key: keyIn(mine) });
    await server.signIn('ann', { 'user-agent': 'curl/8' });
    const known = { 'latchkey-device': memberOf(mine.body, 'device') };
    assert.equal(reasonIn(await login(server, known)), '409 approval_required');
    server.clock.advance(60 * MINUTE_MS);
    assert.equal(reasonIn(await login(server)), '409 approval_required');
  });

  test('F-21, P10: the owner who has no device left gets in by a new password, and when they were idle', async () => {
    await using open = await opened({ sessions: { ...approving.sessions, idleDays: 1 } });
    const { server, first } = open;
    const ticket = ticketIn(await login(server));
    const { uid, token } = await server.resetLink('ann@example.com');
    const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
    assert.equal((await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords })).status, 200);
    assert.deepEqual((await wait(server, ticket)).body, VOID);
    assert.equal(await server.isLive(first), false);
    await server.signIn('ann', {}, OTHER_PASSWORD);
    await server.signIn('ann', {}, OTHER_PASSWORD);
    server.clock.advance(24 * 60 * MINUTE_MS);
    assert.ok(await server.isLive(await server.signIn('ann', {}, OTHER_PASSWORD)), 'F-8');
  });

  test('F-26: a device that is in takes its own place, and asks nobody', async () => {
    await using open = await opened();
    const { server, second } = open;
    await server.post('/auth/logout/', {}, { key: second });
    const one = await login(server);
    const again = await login(server, { 'latchkey-device': memberOf(one.body, 'device') });
    assert.deepEqual([again.status, await server.isLive(keyIn(one))], [200, false]);
  });

  test('F-23, P7: with a second step it is asked after both, its code is used up, and half of a sign-in asks nobody', async () => {
    await using open = await opened();
    const { server, second: key } = open;
    const { body } = await server.ask('/auth/mfa/totp/activate/', { key });
    const secret = memberOf(body, 'secret');
    const given = { activation_token: memberOf(body, 'activation_token'), code: codeAt(secret, server.clock()) };
    assert.equal((await server.post('/auth/mfa/totp/activate/', given, { key })).status, 200);
    server.clock.advance(30_000);
    // Setting it up has signed the others out: somebody takes the place that is free.
    const helper = await login(server);
    const inside = await server.post('/auth/login/second-step/', {
      ticket: ticketIn(helper),
      code: codeAt(secret, server.clock()),
    });
    assert.equal(inside.status, 200);
    server.clock.advance(30_000);
    const half = await login(server);
    assert.deepEqual([half.status, Object(half.body).mfa_required], [200, true]);
    assert.deepEqual(await askedIn(server, key), []);
    const code = codeAt(secret, server.clock());
    const asked = await server.post('/auth/login/second-step/', { ticket: ticketIn(half), code, remember: true });
    assert.equal(reasonIn(asked), '409 approval_required');
    const another = await login(server);
    const reused = await server.post('/auth/mfa/verify/', { ephemeral_token: ticketIn(another), code });
    assert.deepEqual(reused.body, { code: ['Invalid code.'] });
    const [request] = await askedIn(server, key);
    assert.equal((await approve(server, key, request?.id ?? '', { end: [await idOf(server, key)] })).status, 204);
    const done = await wait(server, ticketIn(asked));
    assert.equal(done.status, 200);
    assert.equal(await server.isLive(key), false);
    const again = await login(server, { 'latchkey-device': memberOf(done.body, 'device') });
    assert.notEqual(keyIn(again), '', 'it is not asked for another code');
  });

  test('F-30: whoever is in hears at once that somebody asks, from where, and what was answered', async () => {
    await using open = await opened({ ...approving, hooks: { placeOf: () => 'Vienna' } });
    const { server, first, second } = open;
    const streams = await Promise.all([first, second].map((key) => listen(server.url, { key })));
    await Promise.all(streams.map((stream) => stream.next('hello')));
    const began = performance.now();
    const ticket = ticketIn(await login(server));
    const told = await Promise.all(streams.map((stream) => stream.next()));
    assert.ok(performance.now() - began < 1_000);
    const { id, number } = await open.onlyAsked();
    for (const { event, data } of told) {
      const asked_at = new Date(server.clock()).toISOString();
      assert.deepEqual(
        [event, data],
        ['approval_requested', { id, device: 'a Node.js program', class: 'cli', place: 'Vienna', asked_at }],
      );
    }
    await approve(server, second, id);
    for (const stream of streams) {
      const { event, data } = await stream.next();
      assert.deepEqual([event, data], ['approval_answered', { id, approved: true }]);
      assert.equal(stream.text().includes(ticket) || stream.text().includes(number), false);
    }
    await wait(server, ticket);
    assert.equal((await streams[0]?.next())?.event, 'ended');
    assert.deepEqual(
      [(await streams[1]?.next())?.event, (await streams[1]?.next())?.event],
      ['session_ended', 'session_opened'],
    );
    for (const stream of streams) stream.close();
  });

  test('A20, F-20: its ticket stands in nothing that is kept, listed, told or logged', async () => {
    await using open = await opened();
    const { server, second, id } = open;
    const ticket = ticketIn(await login(server));
    assert.equal(server.bytes().includes(ticket), false);
    const texts = ['/auth/approvals/', '/auth/sessions/', '/auth/user/export/'].map((path) =>
      server.ask(path, { key: second }),
    );
    for (const { text } of await Promise.all(texts)) assert.equal(text.includes(ticket), false);
    assert.match(
      (await server.ask('/auth/user/export/', { key: second })).text,
      /"what":"approval_asked","approval":"apr_/,
    );
    assert.deepEqual([server.errors, (await server.auth.sessions.list(id)).length], [[], 2]);
  });

  test('there is nothing of it where newcomers need not be let in', async () => {
    await using server = await testServer();
    const key = await server.register('ann');
    for (const path of [
      '/auth/login/approval/',
      '/auth/approvals/',
      '/auth/approvals/apr_1/approve/',
      '/login/approval/',
      '/account/approvals/',
    ]) {
      assert.equal((await server.post(path, { ticket: 'x' }, { key })).status, 404, path);
    }
  });
});

describe('F-40: what a newcomer counts as', () => {
  /** Devices of the account that are not known to it yet, as they have shown a password alone. */
  const strangers = (server: TestServer) =>
    server.rows("SELECT count(*) AS n FROM once WHERE purpose = 'new-device'")[0]?.['n'];

  test('whom one who is in has let in is known from then on', async () => {
    await using open = await opened({ ...approving, rateLimits: 'on' });
    const { server, first, onlyAsked } = open;
    const before = strangers(server);
    const ticket = ticketIn(await login(server));
    const { id, sessions } = await onlyAsked();
    await approve(server, first, id, { ends: sessions.slice(0, 1).map((one) => one.id) });
    assert.equal((await wait(server, ticket)).status, 200);
    assert.equal(strangers(server), before);
  });

  test('who came in because there was room was let in by nobody', async () => {
    await using open = await opened({ ...approving, rateLimits: 'on' });
    const { server, first } = open;
    const before = Number(strangers(server));
    const ticket = ticketIn(await login(server));
    await server.post('/auth/logout/', {}, { key: first });
    assert.equal((await wait(server, ticket)).status, 200);
    assert.equal(strangers(server), before + 1);
  });
});
