/**
 * G9: a session ends by what is noted of it, of its account, or of everybody. Whichever is there, and in whatever order they come,
 * every path on which a token is verified heeds it.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LatchkeyOptions } from 'latchkey';
import { type Resource, resource } from 'latchkey/resource';
import { PASSWORD } from '../http/serving.ts';
import { type JwtServer, jwtServer, type Pair, partsIn } from './tokens.ts';

const ENDINGS_SECRET = 'what-lets-a-server-follow-the-endings';
const ACCOUNT = 1;

type Mark = (server: JwtServer, pair: Pair) => Promise<unknown>;

const MARKS: Readonly<Record<string, Mark>> = {
  'the session’s': ({ auth }, { access }) => auth.sessions.end(ACCOUNT, String(partsIn(access).payload['sid'])),
  'the account’s': ({ auth }) => auth.sessions.endAll(ACCOUNT),
  // As `latchkey restored` does it.
  'everybody’s': ({ assembled }) => assembled.parts.store.accounts.signAllOut({ after: 0, limit: 100 }),
};

/** By the time of this machine, which a server elsewhere goes by. */
async function serve(options: LatchkeyOptions = {}): Promise<JwtServer> {
  const server = await jwtServer({ jwt: { endingsSecret: ENDINGS_SECRET }, ...options });
  server.clock.advance(Date.now() - server.clock());
  return server;
}

const NOTHING: Mark = async () => undefined;

async function follow({ url, assembled }: JwtServer): Promise<Resource> {
  const issuer = assembled.parts.settings.origin;
  return await resource({ issuer, api: `${url}/auth`, endingsSecret: ENDINGS_SECRET, warn: () => undefined });
}

async function untilRefused(tokens: Resource, access: string): Promise<string> {
  for (let turn = 0; ; turn++) {
    const who = await tokens.check({ authorization: `Bearer ${access}` });
    if (!who.signedIn) return who.code;
    assert.ok(turn < 500, 'it is still believed elsewhere');
    await sleep(10);
  }
}

async function isDeadEverywhere(server: JwtServer, tokens: Resource, { access, refresh }: Pair): Promise<void> {
  const inProcess = await server.auth.authenticate({ authorization: `Bearer ${access}` });
  assert.equal(inProcess.signedIn, false);
  assert.match(await server.check(access), /^401 /);
  assert.match(await server.verify(access), /^400 /);
  assert.match(await server.verify(refresh), /^400 /);
  assert.match((await server.refresh(refresh)).said, /^401 /);
  const headers = { cookie: `access=${access}; refresh=${refresh}` };
  assert.equal((await server.ask('/auth/session/', { headers })).status, 401);
  assert.equal((await server.ask('/auth/token/refresh/', { method: 'POST', json: {}, headers })).status, 401);
  assert.equal(await untilRefused(tokens, access), 'session_ended');
}

describe('G9: several marks by which sessions end', () => {
  for (const [name, mark] of Object.entries(MARKS)) {
    for (const [then, second] of Object.entries({ 'nothing else': NOTHING, ...MARKS })) {
      test(`${name}, and then ${then}: refused on every path, and who signs in after it is in`, async () => {
        await using server = await serve();
        const pair = await server.register('alice');
        const tokens = await follow(server);
        try {
          await mark(server, pair);
          await second(server, pair);
          await isDeadEverywhere(server, tokens, pair);
          const next = await server.signIn('alice');
          assert.equal(await server.check(next.access), '200');
          assert.equal(await server.verify(next.access), '200');
          const who = await tokens.check({ authorization: `Bearer ${next.access}` });
          assert.equal(who.signedIn, true);
          assert.equal((await server.refresh(next.refresh)).said, '200');
          await isDeadEverywhere(server, tokens, pair);
        } finally {
          tokens.close();
        }
      });
    }
  }

  test('an account’s mark holds where no session of it was noted as ended', async () => {
    await using server = await serve({ sessions: { limit: 3 } });
    const pairs = [await server.register('alice'), await server.signIn('alice'), await server.signIn('alice')];
    const tokens = await follow(server);
    try {
      const passwords = { new_password1: 'Brand-new-pw-77', new_password2: 'Brand-new-pw-77' };
      const headers = { authorization: `Bearer ${pairs[2]?.access}` };
      const changed = await server.post(
        '/auth/password/change/',
        { old_password: PASSWORD, ...passwords },
        { headers },
      );
      assert.equal(changed.status, 200, changed.text);
      for (const pair of pairs.slice(0, 2)) await isDeadEverywhere(server, tokens, pair);
      assert.equal(await server.check(pairs[2]?.access ?? ''), '200');
    } finally {
      tokens.close();
    }
  });
});
