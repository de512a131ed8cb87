/** Refresh tokens: a copy of one is noticed, and whatever ends the session ends them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { type JwtServer, jwtServer, type Pair, partsIn } from './tokens.ts';

describe('a refresh token is good once', () => {
  test('G1: used again it ends its session, its child and every access token', async () => {
    await using server = await jwtServer();
    const first = await server.register('alice');
    const { pair: second } = await server.refresh(first.refresh);
    assert.equal(await server.check(second.access), '200');
    assert.deepEqual(
      [await server.verify(first.refresh), await server.verify(second.refresh), await server.verify(first.access)],
      ['400 invalid_token', '200', '200'],
    );
    server.clock.advance(11_000);
    const again = await server.refresh(first.refresh);
    assert.equal(again.said, '401 session_revoked');
    assert.deepEqual(
      [(again.body as { detail: string }).detail, (again.body as { code: string }).code],
      ['Token is blacklisted', 'token_not_valid'],
    );
    for (const access of [first.access, second.access]) assert.equal(await server.check(access), '401 session_revoked');
    assert.equal((await server.refresh(second.refresh)).said, '401 session_revoked');
    assert.equal((await server.auth.sessions.list(1)).length, 0);
  });

  test('G2, F-15: twenty tabs at once get one and the same, and go on', async () => {
    await using server = await jwtServer();
    const first = await server.register('alice');
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.refresh(first.refresh)));
    assert.deepEqual([...new Set(answers.map(({ said }) => said))], ['200']);
    const names = new Set(answers.map(({ pair }) => String(partsIn(pair.refresh).payload['jti'])));
    assert.equal(names.size, 1);
    const [one, other] = [answers[0] ?? assert.fail(), answers[19] ?? assert.fail()];
    assert.equal(await server.check(one.pair.access), '200');
    const { said } = await server.refresh(other.pair.refresh);
    assert.equal(said, '200', 'the winner’s child still works');
    assert.equal((await server.refresh(one.pair.refresh)).said, '200', 'and so it does for a tab that was slower');
    assert.equal((await server.auth.sessions.list(1)).length, 1);
  });

  test('L8, F-15: a thousand refreshes keep one place, and leave nothing behind but what is in use', async () => {
    await using server = await jwtServer();
    let { refresh } = await server.register('alice');
    for (let turn = 0; turn < 1000; turn++) refresh = (await server.refresh(refresh)).pair.refresh;
    assert.notEqual(refresh, '');
    assert.equal((await server.auth.sessions.list(1)).length, 1);
    const rows = server.rows("select count(*) as n from once where purpose = 'refresh-token'");
    assert.deepEqual(
      rows.map((row) => row['n']),
      [1],
    );
  });

  test('G3: a clock that jumps ahead or back does not let one be used twice', async () => {
    await using server = await jwtServer();
    const first = await server.register('alice');
    const { pair } = await server.refresh(first.refresh);
    server.clock.advance(-3_600_000);
    server.clock.advance(7_200_000);
    server.clock.advance(-3_500_000);
    assert.equal((await server.refresh(first.refresh)).said, '401 session_revoked');
    assert.equal((await server.refresh(pair.refresh)).said, '401 session_revoked');
  });

  test('not where the shop’s clients do not keep the new one', async () => {
    await using server = await jwtServer({ jwt: { rotate: false } });
    const { refresh } = await server.register('alice');
    for (let turn = 0; turn < 3; turn++) {
      server.clock.advance(20_000);
      const answer = await server.refresh(refresh);
      assert.deepEqual([answer.said, answer.pair.refresh], ['200', '']);
    }
  });
});

type Way = (server: JwtServer, pair: Pair) => Promise<unknown>;

const operator = (work: (server: JwtServer) => Promise<unknown>): Way => work;
const owner =
  (path: string, json: unknown, method = 'POST'): Way =>
  (server, { access }) =>
    server.ask(path, { method, json, headers: { authorization: `Bearer ${access}` } });

/** By what is done, and the reason that is told. */
const ENDS: Readonly<Record<string, readonly [Way, string]>> = {
  'signing out': [owner('/auth/logout/', {}), 'signed_out'],
  'signing out everywhere': [operator(({ auth }) => auth.sessions.endAll(1)), 'session_revoked'],
  displacement: [operator((server) => server.signIn('alice')), 'session_displaced'],
  suspension: [operator(({ auth }) => auth.accounts.suspend(1)), 'account_disabled'],
  closing: [owner('/auth/user/', { password: PASSWORD }, 'DELETE'), 'account_disabled'],
  'a password reset': [
    async (server) => {
      const { uid, token } = await server.resetLink('alice@example.com');
      const passwords = { new_password1: 'Brand-new-pw-77', new_password2: 'Brand-new-pw-77' };
      return await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords });
    },
    'password_changed',
  ],
};

describe('whatever ends the session ends its tokens', () => {
  for (const [name, [end, reason]] of Object.entries(ENDS)) {
    test(`G4, F-14: after ${name} nothing is refreshed`, async () => {
      await using server = await jwtServer();
      const pair = await server.register('alice', { email: 'alice@example.com' });
      await end(server, pair);
      assert.equal(await server.check(pair.access), `401 ${reason}`);
      assert.equal((await server.refresh(pair.refresh)).said, `401 ${reason}`);
      assert.equal(await server.verify(pair.refresh), `400 ${reason}`);
    });
  }

  test('G4: a password change keeps the one that made it', async () => {
    await using server = await jwtServer({ sessions: { limit: 2 } });
    await server.register('alice');
    const [mine, other] = [await server.signIn('alice'), await server.signIn('alice')];
    const passwords = { new_password1: 'Brand-new-pw-77', new_password2: 'Brand-new-pw-77' };
    const headers = { authorization: `Bearer ${mine.access}` };
    assert.equal((await server.post('/auth/password/change/', passwords, { headers })).status, 200);
    assert.equal((await server.refresh(mine.refresh)).said, '200');
    assert.equal((await server.refresh(other.refresh)).said, '401 password_changed');
  });

  test('G5: ended and refreshed at once, nothing live is left', async () => {
    await using server = await jwtServer();
    await server.register('alice');
    for (let turn = 0; turn < 20; turn++) {
      const { access, refresh } = await server.signIn('alice');
      const headers = { authorization: `Bearer ${access}` };
      const [refreshed] = await Promise.all([server.refresh(refresh), server.post('/auth/logout/', {}, { headers })]);
      assert.match(refreshed.said, /^(?:200|401 signed_out)$/);
      for (const token of [access, refreshed.pair.access].filter((one) => one !== ''))
        assert.equal(await server.check(token), '401 signed_out');
      if (refreshed.pair.refresh !== '')
        assert.equal((await server.refresh(refreshed.pair.refresh)).said, '401 signed_out');
      assert.equal((await server.auth.sessions.list(1)).length, 0);
    }
  });

  test('G6: a refresh extends no session beyond its end, and is of the same session', async () => {
    await using server = await jwtServer({ sessions: { lifetimeDays: 2 }, jwt: { refreshDays: 1.5 } });
    let pair = await server.register('alice');
    const { sid, aud } = partsIn(pair.access).payload;
    const end = (server.clock() + 2 * 86_400_000) / 1000;
    for (let hour = 0; hour < 47; hour++) {
      server.clock.advance(3_600_000);
      await server.assembled.parts.touches.flush();
      pair = (await server.refresh(pair.refresh)).pair;
      const { payload } = partsIn(pair.refresh);
      assert.deepEqual([payload['sid'], payload['aud']], [sid, aud]);
      assert.ok(Number(payload['exp']) <= end);
      assert.ok(Number(partsIn(pair.access).payload['exp']) <= end);
    }
    server.clock.advance(3_600_000);
    assert.match((await server.refresh(pair.refresh)).said, /^401 (?:token_expired|session_expired)$/);
    assert.equal((await server.auth.sessions.list(1)).length, 0);
  });

  test('a place nobody can come back to is free: a session goes on unused no longer than its refresh token', async () => {
    await using server = await jwtServer({ sessions: { whenFull: 'refuse' } });
    await server.register('alice');
    const full = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
    assert.equal(full.status, 409);
    server.clock.advance(86_400_000);
    await server.signIn('alice');
  });
});
