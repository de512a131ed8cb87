/** Who does without pays nothing: what signs people in by other means than a password is loaded when somebody first asks for it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCE = new URL('../../src/', import.meta.url).href;

/** Packages of others by name, and files of ours by path. */
const LATE = [
  ...['otpauth', 'uqr', '@simplewebauthn/server', 'oauth4webapi'].map((name) => `/node_modules/${name}/`),
  ...['passkeys', 'mail-sign-in', 'reauthenticate', 'second-step', 'social', 'email'].map(
    (name) => `/src/http/handlers/${name}.ts`,
  ),
  ...['change-email', 'confirm', 'connections', 'mail-sign-in', 'own-passkeys', 'providers'].map(
    (name) => `/src/pages/${name}.ts`,
  ),
  ...['second-step', 'set-up-second-step'].map((name) => `/src/pages/${name}.ts`),
];

/** Those of them that are loaded after a program ran which has an instance with all of it and a person in it. */
async function loadedBy(work: string): Promise<readonly string[]> {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { latchkey } = await import('${SOURCE}index.ts');
    const providers = { acme: { issuer: 'http://127.0.0.1:1', clientId: 'c', clientSecret: 's' } };
    const auth = await latchkey({
      database: 'sqlite::memory:',
      passwords: { hash: 'dangerously-cheap' },
      rateLimits: 'off',
      accounts: { signInByMail: true },
      social: { providers },
      log: { info() {}, warn() {}, error() {} },
    });
    const password = 'correct horse 9!';
    await auth.accounts.create({ username: 'ann', email: 'ann@example.com', password });
    const ask = async (method, path, json, headers = {}) => {
      const body = json === undefined ? {} : { body: JSON.stringify(json) };
      const own = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers };
      return await auth.handler(new Request('http://127.0.0.1:8787' + path, { method, headers: own, ...body }));
    };
    const { key } = await (await ask('POST', '/auth/login/', { username: 'ann', password })).json();
    if (typeof key !== 'string') throw new Error('nobody came in');
    const authorization = 'Token ' + key;
    ${work}
    await auth.close();
    console.log(JSON.stringify(loaded));
  `;
  const { stdout } = await run(process.execPath, ['--conditions=source', '--input-type=module', '-e', program]);
  const loaded = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as readonly string[];
  assert.ok(loaded.length > 100, 'what is loaded was seen');
  return LATE.filter((late) => loaded.some((url) => url.includes(late)));
}

describe('what is loaded', () => {
  test('by importing, opening, a password sign-in and a check: nothing of it', async () => {
    assert.deepEqual(await loadedBy(`await ask('GET', '/auth/session/', undefined, { authorization });`), []);
  });

  test('by the pages of a password sign-in and of the account: none of the packages', async () => {
    const work = `
      await ask('GET', '/login/');
      await ask('GET', '/account/', undefined, { cookie: 'latchkey=' + key });
    `;
    const found = await loadedBy(work);
    assert.deepEqual(
      found.filter((late) => late.includes('node_modules')),
      [],
    );
  });

  const asked: Readonly<Record<string, readonly [method: string, path: string, loads: readonly string[]]>> = {
    'an authenticator app': ['GET', '/auth/mfa/totp/activate/', ['otpauth', 'uqr', 'handlers/second-step']],
    'a passkey': ['POST', '/auth/passkeys/register/begin/', ['handlers/passkeys']],
    'a provider': ['GET', '/auth/social/acme/begin/', ['oauth4webapi', 'pages/providers']],
    'a mailed link': ['POST', '/auth/magic-link/', ['handlers/mail-sign-in']],
  };
  for (const [what, [method, path, loads]] of Object.entries(asked)) {
    test(`by asking for ${what}: what it needs`, async () => {
      const json = method === 'POST' ? '{ email: "ann@example.com" }' : 'undefined';
      const found = await loadedBy(`await ask('${method}', '${path}', ${json}, { authorization });`);
      for (const name of loads)
        assert.ok(
          found.some((late) => late.includes(name)),
          `${name}, of ${found.join()}`,
        );
    });
  }
});
