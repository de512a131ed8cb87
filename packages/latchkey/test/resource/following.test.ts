/** A server elsewhere that checks tokens by itself, beside one or two that issue them: how soon it refuses what has ended. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Resource, resource } from 'latchkey/resource';
import { PASSWORD } from '../http/serving.ts';
import { type Pair, said } from '../jwt/tokens.ts';
import { available as noPostgres, openPostgres, type PostgresServer } from '../servers/postgres.ts';
import { startTcpProxy } from '../servers/tcp-proxy.ts';
import { QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';

const ORIGIN = 'http://127.0.0.1:8787';
const ENDINGS_SECRET = 'what-lets-a-server-follow-the-endings';
const SHARED = 'a secret of tokens that is long enough';
const BOUND_MS = 2_000;
/** What a machine that does other things besides may be late by. */
const LATE_MS = 1_500;

const SETTINGS = {
  ...QUICK,
  LATCHKEY_ORIGIN: ORIGIN,
  LATCHKEY_JWT: 'true',
  LATCHKEY_JWT_HTTPONLY: 'false',
  LATCHKEY_JWT_ENDINGS_SECRET: ENDINGS_SECRET,
};

async function post(url: string, path: string, json: unknown): Promise<Pair> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(json), headers });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return (await answer.json()) as Pair;
}

const signIn = (url: string): Promise<Pair> => post(url, '/auth/login/', { username: 'ann', password: PASSWORD });
const register = (url: string): Promise<Pair> =>
  post(url, '/auth/registration/', { username: 'ann', password1: PASSWORD, password2: PASSWORD });

async function codeOf(tokens: Resource, access: string): Promise<string> {
  const who = await tokens.check({ authorization: `Bearer ${access}` });
  return who.signedIn ? 'signed in' : who.code;
}

/** Asks until the answer is this one; after how many milliseconds it was. */
async function until(tokens: Resource, access: string, wanted: string, withinMs: number): Promise<number> {
  const begunAt = performance.now();
  for (;;) {
    const code = await codeOf(tokens, access);
    const tookMs = performance.now() - begunAt;
    if (code === wanted) return tookMs;
    assert.ok(tookMs < withinMs, `${code} after ${tookMs} ms`);
    await sleep(5);
  }
}

/** Twenty sign-ins, each of which takes the place of the one before; the access token of the last. */
async function displaces(url: string, tokens: Resource, t: TestContext): Promise<string> {
  let { access } = await register(url);
  const tookMs: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    await until(tokens, access, 'signed in', 10_000);
    const next = await signIn(url);
    tookMs.push(await until(tokens, access, 'session_ended', BOUND_MS + LATE_MS));
    ({ access } = next);
  }
  const sorted = tookMs.toSorted((one, other) => one - other).map(Math.round);
  t.diagnostic(`from the answer of the sign-in to the refusal: median ${sorted[10]} ms, worst ${sorted[19]} ms`);
  assert.ok((sorted[10] ?? 0) < 1_000, String(sorted));
  return access;
}

/** A server, a way to it that can be cut, and a follower by that way. */
async function withFollower(
  environment: Readonly<Record<string, string>>,
  work: (parts: {
    readonly server: ServingProcess;
    readonly tokens: Resource;
    readonly proxy: Awaited<ReturnType<typeof startTcpProxy>>;
    readonly api: string;
  }) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const server = await startServer(`${folder.path}/test.db`, { ...SETTINGS, ...environment });
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  const api = `http://127.0.0.1:${proxy.port}/auth`;
  const { LATCHKEY_JWT_SECRET: secret } = environment;
  let tokens: Resource | null = null;
  try {
    tokens = await resource({
      ...{ issuer: ORIGIN, api, endingsSecret: ENDINGS_SECRET, boundMs: BOUND_MS, warn: () => undefined },
      ...(secret !== undefined && { secret }),
    });
    await work({ server, tokens, proxy, api });
  } finally {
    tokens?.close();
    await proxy.stop();
    await server.stop('SIGKILL');
    folder.remove();
  }
}

describe('F-18: a token is refused elsewhere once its session has ended', () => {
  for (const [name, environment] of [
    ['by the key set', {}],
    ['by a shared secret', { LATCHKEY_JWT_ALGORITHM: 'HS256', LATCHKEY_JWT_SECRET: SHARED }],
  ] as const) {
    test(`${name}, at once as a rule, and within the bound in any case`, async (t) => {
      await withFollower(environment, async ({ server, tokens }) => {
        const access = await displaces(server.url, tokens, t);
        const who = await tokens.check(new Request(ORIGIN, { headers: { authorization: `Bearer ${access}` } }));
        assert.ok(who.signedIn);
        assert.equal(who.accountId, 1);
        assert.match(who.sessionId, /^ses_/);
      });
    });
  }

  describe('on PostgreSQL', { skip: noPostgres() ?? false }, () => {
    let postgres: PostgresServer;
    before(async () => {
      postgres = await openPostgres();
    });
    after(() => postgres.stop());

    test('by another node than the one that it follows', async (t) => {
      const { url, schema, drop } = await postgres.freshSchema();
      const environment = { LATCHKEY_DATABASE: url, LATCHKEY_SCHEMA: schema };
      await withFollower(environment, async ({ tokens }) => {
        const other = await startServer('unused', { ...SETTINGS, ...environment });
        try {
          await displaces(other.url, tokens, t);
        } finally {
          await other.stop('SIGKILL');
        }
      });
      await drop();
    });
  });

  test('what cannot be followed is closed within the bound, and open again by itself', async () => {
    await withFollower({}, async ({ server, tokens, proxy }) => {
      const first = await register(server.url);
      await until(tokens, first.access, 'signed in', 10_000);
      for (const disturb of [() => proxy.refuse(), () => proxy.stall()]) {
        disturb();
        const tookMs = await until(tokens, first.access, 'unknown', BOUND_MS + LATE_MS);
        assert.ok(tookMs <= BOUND_MS + LATE_MS, `${tookMs} ms`);
        const who = await tokens.check({ authorization: `Bearer ${first.access}` });
        assert.ok(!who.signedIn);
        const answer = who.respond();
        assert.deepEqual(
          [said(answer.status, answer.headers), answer.headers.get('retry-after')],
          ['503 unknown', '1'],
        );
        proxy.letGo();
        await until(tokens, first.access, 'signed in', 10_000);
      }
      // What ended while nobody could hear of it is known before anything is believed again.
      proxy.refuse();
      await until(tokens, first.access, 'unknown', BOUND_MS + LATE_MS);
      await signIn(server.url);
      proxy.letGo();
      const seen = new Set<string>();
      for (let code = ''; code !== 'session_ended'; await sleep(5)) {
        code = await codeOf(tokens, first.access);
        seen.add(code);
        assert.ok(!seen.has('signed in'), [...seen].join());
      }
    });
  });

  test('who begins to follow knows of what ended before, as long as a token of its may be about', async () => {
    await withFollower({}, async ({ server, api }) => {
      const first = await register(server.url);
      for (let turn = 0; turn < 3; turn++) await signIn(server.url);
      const second = await signIn(server.url);
      const late = await resource({ issuer: ORIGIN, api, endingsSecret: ENDINGS_SECRET });
      try {
        assert.equal(await codeOf(late, first.access), 'session_ended');
        await until(late, second.access, 'signed in', 10_000);
        assert.equal(late.figures().remembered, 4);
      } finally {
        late.close();
      }
    });
  });

  test('G11: the feed is the operator’s: without the secret nothing is told, and what is told names nobody', async () => {
    await withFollower({}, async ({ server, api }) => {
      const { access } = await register(server.url);
      await signIn(server.url);
      const tell = (headers: Record<string, string>) => fetch(`${api}/ended-sessions/`, { headers });
      for (const authorization of [
        '',
        `Bearer ${access}`,
        'Bearer x',
        `Bearer ${ENDINGS_SECRET}x`,
        `Token ${ENDINGS_SECRET}`,
      ]) {
        const answer = await tell(authorization === '' ? {} : { authorization });
        assert.equal(answer.status, 401, authorization);
      }
      const answer = await tell({ authorization: `Bearer ${ENDINGS_SECRET}` });
      const page = (await answer.json()) as { readonly ended: readonly object[] };
      assert.deepEqual(
        page.ended.map((one) => Object.keys(one)),
        [['id', 'at']],
      );
      assert.equal(answer.headers.get('cache-control'), 'no-store');
    });
  });
});

describe('V9, G7, G8: what nobody has signed for this is refused here, too', () => {
  test('a refresh token, another audience, another server’s, a letter that is another', async () => {
    await withFollower({}, async ({ server, tokens, api }) => {
      const { access, refresh } = await register(server.url);
      const [header = '', payload = '', signature = ''] = access.split('.');
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      const forged = [
        refresh,
        `${none}.${payload}.`,
        `${none}.${payload}.${signature}`,
        `${header}.${payload}.${signature.slice(0, -2)}AA`,
        `${header}.${payload}`,
        `${access}.x`,
        'x'.repeat(10_000),
      ];
      for (const token of forged) assert.equal(await codeOf(tokens, token), 'invalid_token', token.slice(0, 40));
      const others = await Promise.all(
        [{ audience: 'https://other.example' }, { issuer: 'https://other.example' }].map((given) =>
          resource({ issuer: ORIGIN, api, endingsSecret: ENDINGS_SECRET, ...given }),
        ),
      );
      for (const other of others) {
        assert.equal(await codeOf(other, access), 'invalid_token');
        other.close();
      }
      for (const authorization of [undefined, '', 'Basic x', `bearer ${access}`]) {
        const who = await tokens.check({ authorization });
        assert.ok(!who.signedIn);
        assert.equal(who.code, 'not_authenticated');
      }
    });
  });

  test('an access token that is over', async () => {
    await withFollower({ LATCHKEY_JWT_ACCESS_SECONDS: '1' }, async ({ server, tokens }) => {
      const { access } = await register(server.url);
      await until(tokens, access, 'token_expired', 3_000);
    });
  });

  test('a token that lives longer than the server tells of endings, since it was told to issue shorter ones', async () => {
    const folder = temporaryFolder();
    const database = `${folder.path}/test.db`;
    // As if it had been issued 70 seconds ago, for 300.
    const issuer = await startServer(database, {
      ...SETTINGS,
      TEST_CLOCK_SHIFT_MS: '-70000',
      NODE_OPTIONS: `--import=${new URL('../nodes/shifted-clock.ts', import.meta.url).href}`,
    });
    const shorter = await startServer(database, { ...SETTINGS, LATCHKEY_JWT_ACCESS_SECONDS: '5' });
    const longer = await startServer(database, SETTINGS);
    const follow = ({ url }: ServingProcess) =>
      resource({ issuer: ORIGIN, api: `${url}/auth`, endingsSecret: ENDINGS_SECRET });
    const [after, before] = [await follow(shorter), await follow(longer)];
    try {
      const { access } = await register(issuer.url);
      await until(before, access, 'signed in', 10_000);
      await until(after, access, 'token_expired', 10_000);
    } finally {
      for (const tokens of [after, before]) tokens.close();
      for (const server of [issuer, shorter, longer]) await server.stop('SIGKILL');
      folder.remove();
    }
  });

  test('what cannot hold its promise is refused at the start', async () => {
    const given = {
      issuer: ORIGIN,
      api: 'http://127.0.0.1:1/auth',
      endingsSecret: ENDINGS_SECRET,
      warn: () => undefined,
    };
    await assert.rejects(resource({ ...given, boundMs: 1_000 }), /did not tell which sessions have ended/);
    for (const boundMs of [0, 999, 60_001, Number.NaN])
      await assert.rejects(resource({ ...given, boundMs }), TypeError);
    await assert.rejects(resource({ ...given, secret: 'short' }), TypeError);
  });
});
