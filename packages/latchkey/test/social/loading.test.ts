/** Who does without pays nothing: the library that speaks to providers is loaded with the first request to one. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCE = new URL('../../src/', import.meta.url).href;

/** Which modules of the library are loaded after a program ran. */
async function loadedBy(program: string): Promise<boolean> {
  const hooks = `
    import { registerHooks } from 'node:module';
    let isLoaded = false;
    registerHooks({ load(url, context, next) {
      if (url.includes('/oauth4webapi/')) isLoaded = true;
      return next(url, context);
    } });
    ${program}
    console.log(isLoaded);
  `;
  const { stdout } = await run(process.execPath, ['--conditions=source', '--input-type=module', '-e', hooks]);
  return stdout.trim().endsWith('true');
}

const OPENED = `
  const { testLatchkey } = await import('${SOURCE}testing/index.ts');
  const providers = { acme: { issuer: 'http://127.0.0.1:1', clientId: 'c', clientSecret: 's' } };
  const { auth, close } = await testLatchkey({ social: { providers } });
  const ask = (path) => auth.handler(new Request('http://127.0.0.1:8787' + path, { headers: { 'sec-fetch-site': 'none' } }));
`;

test('neither importing, nor opening with providers, nor the sign-in page loads it; being sent to one does', async () => {
  assert.equal(await loadedBy(`${OPENED} await ask('/login/'); await close();`), false);
  assert.equal(await loadedBy(`${OPENED} await ask('/auth/social/acme/begin/'); await close();`), true);
});
