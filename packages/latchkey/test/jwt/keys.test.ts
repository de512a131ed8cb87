/** The keys that sign: they follow each other, are nobody's to read, and can be made void. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysFrom } from '../../src/crypto/keys.ts';
import { openTest, TEST_ORIGIN } from '../../src/testing/instance.ts';
import { JWT, jwtServer, partsIn, said } from './tokens.ts';

const DAY_MS = 86_400_000;

async function namesOf(server: Awaited<ReturnType<typeof jwtServer>>): Promise<readonly string[]> {
  const { body } = await server.ask('/auth/jwks.json');
  return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

test('the next key can be read before it signs, and the last as long as a token of its may be about', async () => {
  await using server = await jwtServer({ jwt: { keyDays: 30, refreshDays: 2 }, sessions: { lifetimeDays: 60 } });
  let { refresh, access } = await server.register('alice');
  const seen = new Set<string>();
  let published = await namesOf(server);
  for (let day = 0; day < 65; day++) {
    server.clock.advance(DAY_MS);
    const answer = await server.refresh(refresh);
    if (answer.status !== 200) ({ refresh, access } = await server.signIn('alice'));
    else ({ refresh, access } = answer.pair);
    const kid = String(partsIn(access).header['kid']);
    seen.add(kid);
    assert.ok(published.includes(kid), `day ${day}: whoever read the keys yesterday has ${kid}`);
    published = await namesOf(server);
    assert.ok(published.length <= 3, String(published));
    assert.equal(await server.check(access), '200');
  }
  assert.equal(seen.size, 3);
});

test('they are sealed where they are kept', async () => {
  await using server = await jwtServer();
  const { access } = await server.register('alice');
  assert.equal(await server.check(access), '200');
  assert.equal(server.bytes().includes('PRIVATE KEY'), false);
  const rows = server.rows("select * from setting where name like 'jwt_key %'");
  assert.ok(rows.length >= 2);
  const other = keysFrom(['another root secret, as long as it must be']);
  for (const row of rows)
    assert.throws(() => other.open('jwt key', Buffer.from(String(row['value']), 'base64')), /does not open/);
});

test('another series makes every token void', async () => {
  await using server = await jwtServer();
  const { access, refresh } = await server.register('alice');
  const other = await openTest({ database: `sqlite:${server.file}`, jwt: { ...JWT.jwt, keySeries: '2' } });
  try {
    assert.equal(await server.check(access), '200');
    const who = await other.auth.authenticate({ authorization: `Bearer ${access}` });
    assert.equal(who.signedIn, false);
    const refreshed = await other.auth.handler(
      new Request(`${TEST_ORIGIN}/auth/token/refresh/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh }),
      }),
    );
    assert.equal(said(refreshed.status, refreshed.headers), '401 invalid_token');
  } finally {
    await other.auth.close();
  }
});

test('ten thousand unknown keys are asked of nobody', async () => {
  await using server = await jwtServer();
  const { access } = await server.register('alice');
  const { letters, header } = partsIn(access);
  assert.equal(await server.check(access), '200');
  const before = server.dataVersion();
  for (let turn = 0; turn < 500; turn++) {
    const forged = Buffer.from(JSON.stringify({ ...header, kid: `1-${turn}` })).toString('base64url');
    assert.equal(await server.check(`${forged}.${letters.payload}.${letters.signature}`), '401 invalid_token');
  }
  assert.equal(server.dataVersion(), before);
});
