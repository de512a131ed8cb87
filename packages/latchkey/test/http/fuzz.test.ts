/**
 * Whatever comes in: an answer that a client can read, nothing of what lies behind it, and nothing written by what was refused.
 * A failure names its seed; `LATCHKEY_TEST_SEED` runs it again, `LATCHKEY_TEST_RUNS` runs more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Code } from '../../src/model/reasons.ts';
import { anyRequest, bytesOf, type Noise } from './requests.ts';
import { placesOf } from './route-fields.ts';
import { authorizationOf, memberOf, PASSWORD, type TestServer, testServer } from './serving.ts';

const MODES = {
  'by keys': { runs: 1_500, options: {} },
  'in JWT mode': { runs: 500, options: { jwt: { use: true, endingsSecret: 'a secret of those who follow endings' } } },
} as const;

const CODES: Readonly<
  Record<Exclude<Code, 'internal_error' | 'store_unavailable' | 'busy' | 'rule_mismatch' | 'too_many_streams'>, true>
> = {
  session_displaced: true,
  session_expired: true,
  signed_out: true,
  session_revoked: true,
  password_changed: true,
  account_disabled: true,
  invalid_token: true,
  token_expired: true,
  not_authenticated: true,
  invalid_credentials: true,
  email_not_verified: true,
  too_many_attempts: true,
  invalid_input: true,
  registration_closed: true,
  not_found: true,
  origin_not_allowed: true,
  method_not_allowed: true,
  not_acceptable: true,
  unsupported_media_type: true,
  parse_error: true,
  body_too_large: true,
  second_step_required: true,
  limit_reached: true,
  choose_session: true,
  approval_required: true,
  approval_declined: true,
  approval_expired: true,
  second_step_present: true,
  second_step_absent: true,
  second_step_demanded: true,
  reauthentication_required: true,
  last_way_in: true,
  invalid_dpop_proof: true,
  use_dpop_nonce: true,
  dpop_request_unknown: true,
  invalid_dbsc_proof: true,
  dbsc_challenge: true,
};

const TOKEN_CODES: ReadonlySet<string> = new Set(['token_not_valid', 'bad_authorization_header']);

/** Words of what lies behind an answer. A message repeats a content type, which is text of the client's own. */
const INTERNAL =
  /\bat [\w.<>]+ \(|node:|node_modules|\.ts:\d|SQLITE|SELECT |INSERT |UPDATE |token_hash|password_hash|\/packages\/|TypeError|RangeError/;

type Received = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

function received(raw: string): Received {
  const final = raw.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const end = final.indexOf('\r\n\r\n');
  const [line = '', ...lines] = final.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((text) => [text.split(':')[0]?.toLowerCase(), text.replace(/^[^:]*: ?/, '')]),
  );
  return { status: Number(line.split(' ')[1]), headers, body: final.slice(end + 4) };
}

/** The fields that messages may stand under, by path; an old password is asked for where a sign-in is no longer fresh. */
function fieldNames(server: TestServer): ReadonlyMap<string, ReadonlySet<string>> {
  const { settings } = server.assembled.parts;
  return new Map(
    placesOf(settings).map(({ path, route }) => {
      const named = Object.values(route.fields(settings)).flatMap((fields) => fields.map(({ name }) => name));
      return [path, new Set(['non_field_errors', 'old_password', ...named])];
    }),
  );
}

function checkRefusal(
  { status, headers, body }: Received,
  { fields, isJwt }: { readonly fields: ReadonlySet<string>; readonly isJwt: boolean },
): void {
  const reason = headers['latchkey-reason'] ?? '';
  assert.ok(Object.hasOwn(CODES, reason), `${status}: ${reason}`);
  const said: unknown = JSON.parse(body);
  assert.ok(typeof said === 'object' && said !== null);
  if ('detail' in said) {
    assert.equal(typeof said.detail, 'string');
    const code: unknown = Reflect.get(said, 'code');
    // In JWT mode the body has the words of djangorestframework-simplejwt; ours is in the header.
    assert.ok(code === reason || (isJwt && TOKEN_CODES.has(String(code))), `${code}: ${reason}`);
    return;
  }
  assert.ok(Object.keys(said).length > 0);
  for (const [field, messages] of Object.entries(said)) {
    assert.ok(fields.has(field), `${field} is no field of this route`);
    assert.ok(Array.isArray(messages) && messages.length > 0 && messages.every((text) => typeof text === 'string'));
  }
}

function checkAnswer(
  noise: Noise,
  answer: Received,
  { fields, isJwt }: { readonly fields: ReadonlySet<string> | undefined; readonly isJwt: boolean },
): void {
  const { status, headers, body } = answer;
  assert.ok(status >= 200 && status < 500, `${status} ${body}`);
  const isKept = noise.path === '/auth/jwks.json/' && status === 200 && noise.method !== 'OPTIONS';
  assert.equal(headers['cache-control'], isKept ? 'public, max-age=300' : 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  const contentType = noise.headers.find(([name]) => name === 'Content-Type')?.[1] ?? '';
  const own = status === 415 ? body.replace(JSON.stringify(contentType).slice(1, -1), '') : body;
  assert.doesNotMatch(own, INTERNAL);
  if (noise.method === 'HEAD' || status === 204) {
    assert.equal(body, '');
    return;
  }
  // A page is for people; what it says is checked elsewhere.
  if (fields === undefined) return;
  assert.equal(headers['content-type'], 'application/json', body);
  if (status >= 400) checkRefusal(answer, { fields, isJwt });
}

/** Somebody who is signed in, made anew where the last request ended that. */
async function signedIn(server: TestServer, key: string): Promise<string> {
  const who = await server.auth.authenticate({ authorization: authorizationOf(key) });
  if (who.signedIn) return key;
  const { status, body } = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  if (status === 200) return memberOf(body, 'key') || memberOf(body, 'access');
  const account = await server.auth.accounts.findByUsername('alice');
  if (account !== null) await server.assembled.parts.store.accounts.close({ id: account.id, by: null });
  return await server.register('alice', { email: 'alice@example.com' });
}

for (const [mode, { runs: usual, options }] of Object.entries(MODES)) {
  test(`J23: no request is answered with a fault, in a form that no client knows, or with half of it written: ${mode}`, async () => {
    await using server = await testServer({
      ...options,
      sessions: { limit: 'unlimited', whenFull: 'approve' },
      accounts: { signInByMail: true },
    });
    const fields = fieldNames(server);
    let key = await server.register('alice', { email: 'alice@example.com' });
    // In JWT mode the key that signs next is made beside the first token: from here on it is there.
    await server.ask('/auth/jwks.json/');
    const seed = process.env['LATCHKEY_TEST_SEED'];
    const runs = Number(process.env['LATCHKEY_TEST_RUNS'] ?? usual);
    await fc.assert(
      fc.asyncProperty(anyRequest(server.assembled.parts.settings), async (noise) => {
        key = await signedIn(server, key);
        await server.auth.settle();
        const [before, counts] = [server.dataVersion(), server.counts()];
        const answer = received(await server.raw(bytesOf(noise, key)));
        checkAnswer(noise, answer, { fields: fields.get(noise.path ?? ''), isJwt: 'jwt' in options });
        assert.deepEqual(server.errors, []);
        if (answer.status < 400) return;
        assert.equal(server.counts(), counts, 'a refused request left something behind');
        assert.equal(server.dataVersion(), before, 'a refused request wrote something');
      }),
      { numRuns: runs, ...(seed !== undefined && { seed: Number(seed) }) },
    );
  });
}
