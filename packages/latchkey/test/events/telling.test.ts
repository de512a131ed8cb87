import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from '../http/serving.ts';
import { listen, type Told } from './listening.ts';

/** What a refused credential is told by an answer. */
async function refusal(server: TestServer, key: string): Promise<unknown> {
  const { status, body } = await server.ask('/auth/session/', { key });
  assert.equal(status, 401);
  return body;
}

const idOf = (told: Told): string => String(told.data['session'] ?? told.data['id']);

describe('an open stream', () => {
  test('P6, F-30: the first event says whose it is, and how to come back', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const stream = await listen(server.url, { key });
    const hello = await stream.next();
    assert.equal(stream.response.headers.get('content-type'), 'text/event-stream');
    assert.equal(stream.response.headers.get('x-accel-buffering'), 'no');
    const { body } = await server.ask('/auth/session/', { key });
    const session = memberOf(Reflect.get(Object(body), 'session'), 'id');
    assert.deepEqual(hello.data, { session, heartbeat_seconds: 15, resumed: false });
    assert.equal(hello.event, 'hello');
    const [, retry] = /^retry: (\d+)\n/.exec(stream.text()) ?? [];
    assert.ok(Number(retry) >= 1_000 && Number(retry) <= 5_000);
    stream.close();
  });

  test('P6, F-29: a displaced one is told what its next request would be told, and that is the end of it', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const stream = await listen(server.url, { key });
    await stream.next('hello');
    await server.signIn('alice', { 'user-agent': 'curl/8' });
    const [ended, ...more] = await stream.rest();
    assert.equal(ended?.event, 'ended');
    assert.equal(ended?.data['code'], 'session_displaced');
    assert.deepEqual(ended?.data, await refusal(server, key));
    assert.deepEqual(more, [], 'of what came after its end it is told nothing');
  });

  const ends: Readonly<Record<string, (server: TestServer, key: string, other: string) => Promise<unknown>>> = {
    signed_out: (server, key) => server.post('/auth/logout/', {}, { key }),
    session_revoked: (server, _, other) => server.post('/auth/sessions/end-others/', {}, { key: other }),
    password_changed: (server, _, other) =>
      server.post(
        '/auth/password/change/',
        { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD },
        { key: other },
      ),
    account_disabled: async (server) => {
      const account = await server.auth.accounts.findByUsername('alice');
      await server.auth.accounts.suspend(account?.id ?? 0);
    },
  };
  for (const [code, end] of Object.entries(ends)) {
    test(`P6: ${code} is told as such`, async () => {
      await using server = await testServer({ sessions: { limit: 'unlimited' } });
      const key = await server.register('alice');
      const other = await server.signIn('alice');
      const stream = await listen(server.url, { key });
      await stream.next('hello');
      await end(server, key, other);
      const ended = await stream.next('ended');
      assert.equal(ended.data['code'], code);
      assert.deepEqual(ended.data, await refusal(server, key));
      assert.deepEqual(await stream.rest(), []);
    });
  }

  test('P6: the end of a closed account is told', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const stream = await listen(server.url, { key });
    await stream.next('hello');
    assert.equal(
      (await server.ask('/auth/user/', { method: 'DELETE', key, json: { password: PASSWORD } })).status,
      204,
    );
    assert.deepEqual((await stream.next('ended')).data, await refusal(server, key));
  });

  test('P6: an end by time alone is told, though the stream is open: listening is no use of a session', async () => {
    let ahead = 0;
    await using server = await testServer({
      clock: () => Date.now() + ahead,
      sessions: { idleDays: 300 / 86_400 },
      events: { heartbeatSeconds: 0.05 },
    });
    const key = await server.register('alice');
    ahead = 298_800;
    const [session] = server.rows('SELECT seen_at FROM session');
    const stream = await listen(server.url, { key });
    const ended = await stream.next('ended');
    assert.equal(ended.data['code'], 'session_expired');
    assert.deepEqual(ended.data, await refusal(server, key));
    assert.deepEqual(server.rows('SELECT seen_at FROM session'), [session]);
  });

  test('what happens to the account’s other devices is told, and of other accounts nothing (C18)', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited' } });
    const key = await server.register('alice');
    const bob = await server.register('bob');
    const stream = await listen(server.url, { key });
    const hello = await stream.next('hello');
    const second = await server.signIn('bob');
    await server.post('/auth/logout/', {}, { key: bob });
    const other = await server.signIn('alice', { 'user-agent': 'curl/8' });
    const opened = await stream.next();
    const { body } = await server.ask('/auth/sessions/', { key: other });
    const shown: Readonly<Record<string, unknown>> = Object(Array.isArray(body) ? body[0] : {});
    const { id, device, class: deviceClass, opened_at } = shown;
    assert.equal(opened.event, 'session_opened');
    assert.deepEqual(opened.data, { id, device, class: deviceClass, opened_at });
    await server.post('/auth/logout/', {}, { key: other });
    const gone = await stream.next();
    assert.equal(gone.event, 'session_ended');
    assert.equal(idOf(gone), idOf(opened));
    assert.equal(gone.data['code'], 'signed_out');
    assert.ok(Number(hello.id) < Number(opened.id) && Number(opened.id) < Number(gone.id));
    for (const secret of [key, bob, second, other, '127.0.0.1']) assert.ok(!stream.text().includes(secret));
    stream.close();
  });

  test('F-8: opening one is no use of a session either: it is not seen by it', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const before = server.rows('SELECT seen_at FROM session');
    server.clock.advance(3_600_000);
    const stream = await listen(server.url, { key });
    await stream.next('hello');
    await server.assembled.parts.touches.flush();
    assert.deepEqual(server.rows('SELECT seen_at FROM session'), before);
    assert.ok(await server.isLive(key));
    await server.assembled.parts.touches.flush();
    assert.notDeepEqual(server.rows('SELECT seen_at FROM session'), before);
    stream.close();
  });

  test('heartbeats come without being asked for', async () => {
    await using server = await testServer({ events: { heartbeatSeconds: 0.02 } });
    const stream = await listen(server.url, { key: await server.register('alice') });
    await stream.until((text) => text.endsWith(':\n\n:\n\n:\n\n'));
    stream.close();
  });
});

describe('coming back', () => {
  test('F-30: what was missed is told after it, once, and what comes then too', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited' } });
    const key = await server.register('alice');
    const before = await listen(server.url, { key });
    const hello = await before.next('hello');
    before.close();
    const other = await server.signIn('alice');
    await server.post('/auth/logout/', {}, { key: other });
    const stream = await listen(server.url, { key, headers: { 'last-event-id': hello.id } });
    assert.equal((await stream.next('hello')).data['resumed'], true);
    const missed = [await stream.next(), await stream.next()];
    assert.deepEqual(
      missed.map(({ event }) => event),
      ['session_opened', 'session_ended'],
    );
    await server.signIn('alice');
    const live = await stream.next();
    assert.equal(live.event, 'session_opened');
    stream.close();
    const again = await listen(server.url, { key, headers: { 'last-event-id': missed[1]?.id ?? '' } });
    await again.next('hello');
    assert.deepEqual(await again.next(), live);
    again.close();
  });

  test('F-30: what was missed is not told again when this process hears of it', async () => {
    await using server = await testServer({ sessions: { limit: 'unlimited' } });
    const key = await server.register('alice');
    await server.signIn('alice');
    const before = await listen(server.url, { key });
    const { id } = await before.next('hello');
    before.close();
    const { store, endings } = server.assembled.parts;
    const [other] = (await store.sessions.list(1)).sessions;
    // As another process would: nobody here is told to look.
    await store.sessions.end({ accountId: 1, sessionId: other?.id ?? '', by: null, reason: 'revoked' });
    const stream = await listen(server.url, { key, headers: { 'last-event-id': id } });
    await stream.next('hello');
    assert.equal((await stream.next()).event, 'session_ended');
    endings.nudge();
    await server.signIn('alice');
    assert.equal((await stream.next()).event, 'session_opened');
    stream.close();
  });

  test('F-30: an end that came meanwhile is told once more, and then never again', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const before = await listen(server.url, { key });
    const hello = await before.next('hello');
    before.close();
    await server.signIn('alice');
    const stream = await listen(server.url, { key, headers: { 'last-event-id': hello.id } });
    assert.equal(stream.response.status, 200);
    const [ended, ...more] = await stream.rest();
    assert.deepEqual(more, []);
    assert.deepEqual(ended?.data, await refusal(server, key));
    const after = await server.ask('/auth/events/', { key, headers: { 'last-event-id': ended?.id ?? '' } });
    assert.deepEqual([after.status, after.text], [204, '']);
  });

  test('F-30: who was told of the end while connected is told to stop asking', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    const stream = await listen(server.url, { key });
    await stream.next('hello');
    await server.signIn('alice');
    const { id } = await stream.next('ended');
    assert.equal((await server.ask('/auth/events/', { key, headers: { 'last-event-id': id } })).status, 204);
  });

  test('an id of another session’s end stops nothing; one that is not ours, or lies ahead, begins afresh', async () => {
    await using server = await testServer({ sessions: { limit: 2 } });
    const key = await server.register('alice');
    for (const id of ['7.ses_someoneelse', '999999999999999', 'x', '1e3', '-1', '1 OR 1=1', '9'.repeat(400)]) {
      const stream = await listen(server.url, { key, headers: { 'last-event-id': id } });
      assert.equal((await stream.next('hello')).data['resumed'], false, id);
      stream.close();
    }
    const stream = await listen(server.url, { key, headers: { 'last-event-id': '999999999999999' } });
    await stream.next('hello');
    await server.signIn('alice');
    assert.equal((await stream.next()).event, 'session_opened', 'and is told of all that comes');
    stream.close();
  });

  test('who has missed more than can be told at once begins afresh', async () => {
    await using server = await testServer({ sessions: { limit: 2 } });
    const key = await server.register('alice');
    const { id } = await (await listen(server.url, { key })).next('hello');
    const [account] = server.rows('SELECT id FROM account');
    const { store } = server.assembled.parts;
    for (let time = 0; time < 51; time++) {
      const other = await server.signIn('alice');
      await server.post('/auth/logout/', {}, { key: other });
    }
    assert.equal(
      (await store.sessions.changesOf({ accountId: Number(account?.['id']), after: Number(id), limit: 200 })).length,
      102,
    );
    const stream = await listen(server.url, { key, headers: { 'last-event-id': id } });
    assert.equal((await stream.next('hello')).data['resumed'], false);
    stream.close();
  });
});

describe('an ended credential that asks again and again', () => {
  test('P2: costs what a refusal costs: nothing stays open, and nothing is written', async () => {
    await using server = await testServer({ events: { perAccount: 1 } });
    const key = await server.register('alice');
    const live = await server.signIn('alice');
    const before = server.contents();
    for (let time = 0; time < 30; time++) {
      const stream = await listen(server.url, { key });
      assert.equal((await stream.rest()).length, 1);
    }
    assert.equal(server.assembled.parts.streams.count(), 0);
    assert.equal(server.contents(), before);
    const stream = await listen(server.url, { key: live });
    await stream.next('hello');
    stream.close();
  });

  test('P6: is a stranger once its session was purged', async () => {
    await using server = await testServer();
    const key = await server.register('alice');
    await server.signIn('alice');
    assert.equal((await server.ask('/auth/events/', { key })).status, 200);
    server.clock.advance(31 * 86_400_000);
    await server.assembled.parts.store.sessions.purge({ keepMs: 30 * 86_400_000, limit: 100 });
    assert.equal((await server.ask('/auth/events/', { key })).status, 401);
  });
});
