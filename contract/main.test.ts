/** The command: what it takes, what it says, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import type { Json, JsonObject } from './json.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-contract-'));
mkdirSync(join(folder, 'transcripts'));
after(() => rmSync(folder, { recursive: true }));

type Run = { readonly status: number | null; readonly lines: readonly string[] };

async function contract(options: readonly string[], transcripts: Json): Promise<Run> {
  const profiles = { token: { env: { VERIFY: 'none' } }, jwt: { env: { JWT: '1' } }, new: { env: { NEW: '1' } } };
  writeFileSync(join(folder, 'profiles.json'), JSON.stringify(profiles));
  writeFileSync(join(folder, 'transcripts', 'area.json'), JSON.stringify(transcripts, null, 1));
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, ['--conditions=source', main, ...options, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const output = await text(child.stdout);
  await ended;
  return { status: child.exitCode, lines: output.trimEnd().split('\n') };
}

/** As it was recorded, with all that a pruned one does without. */
function recorded(
  name: string,
  { profile = 'token', path = '/auth/login/', status = 400, body }: Exchange,
): JsonObject {
  const headers = {
    'Content-Type': 'application/json',
    Vary: 'Accept',
    Allow: 'POST, OPTIONS',
    'Set-Cookie': ['csrftoken=<csrftoken>; Path=/'],
  };
  const request = { method: 'POST', path, headers: { 'Content-Type': 'application/json' }, body };
  const answer = { password: ['This field is required.'] };
  const after = { users: 1, tokens: 0, sessions: 0, email_addresses: 1, verified_emails: 1 };
  const response = { status, reason: 'Bad Request', headers, body: typeof body === 'string' ? COMPLAINT : answer };
  const given = { users: [{ username: 'alice', email: 'alice@example.com', verified: true }], social_apps: [] };
  return { name, profile, note: 'as it was', given, steps: [{ request, response, db_after: after, note: 'why' }] };
}

type Exchange = {
  readonly profile?: string;
  readonly path?: string;
  readonly status?: number;
  readonly body: Json;
};

const COMPLAINT = {
  detail: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
};

test('it ends with the three numbers, and says what was left out and why', async () => {
  const { status, lines } = await contract(
    ['--verbose'],
    [
      recorded('as recorded', { body: { username: 'alice' } }),
      recorded('departed', { body: '{' }),
      recorded('with tokens of another kind', { profile: 'jwt', body: {} }),
      recorded('of another setting', { profile: 'new', body: {} }),
      recorded('of a passkey', { path: '/auth/passkeys/', body: {} }),
    ],
  );
  assert.equal(lines.at(-1), '2 passed, 1 departed, 0 failed');
  assert.equal(lines.at(-2), '2 left out, not served yet: 1 about the setting NEW, 1 about second steps and passkeys.');
  assert.ok(lines.includes('  token · area.json · departed: json-complaint'), lines.join('\n'));
  assert.equal(status, 0);
});

test('a failure says where it is, what was expected and what came, and is the end of success', async () => {
  const { status, lines } = await contract([], [recorded('a recording that is wrong', { status: 401, body: {} })]);
  assert.equal(lines.at(-1), '0 passed, 0 departed, 1 failed');
  assert.deepEqual(lines.slice(0, 5), [
    '✖ token · area.json · a recording that is wrong',
    '    step 1: POST /auth/login/',
    '    status',
    '      expected  401',
    '      got       400',
  ]);
  assert.equal(status, 1);
});
