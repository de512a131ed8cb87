import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';

/** What a command of the greeting asks: the address, the fields of its form, and the header. */
type Command = { readonly url: string; readonly form: URLSearchParams; readonly header: string | null };

function commandsIn(output: string): readonly Command[] {
  return output.split('\n').flatMap((line) => {
    const [, url] = /curl (?:-s )?(http\S+)/.exec(line) ?? [];
    if (url === undefined) return [];
    const fields = [...line.matchAll(/-d (\S+)/g)].map(([, field]) => field ?? '');
    const [, header = null] = /-H "([^"]*)"/.exec(line) ?? [];
    return [{ url, form: new URLSearchParams(fields.join('&')), header }];
  });
}

async function run(
  { url, form, header }: Command,
  first: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const [name = '', value = ''] = (header ?? '').replace('$FIRST', first).split(': ');
  const answer = await fetch(url, form.size > 0 ? { method: 'POST', body: form } : { headers: { [name]: value } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

type Start = (more?: Readonly<Record<string, string>>) => Promise<ServingProcess>;

async function withServers(run: (start: Start) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const started: ServingProcess[] = [];
  try {
    await run(async (more) => {
      const server = await startServer(`${folder.path}/test.db`, { ...QUICK, ...more });
      started.push(server);
      return server;
    });
  } finally {
    for (const server of started) await server.stop('SIGKILL');
    folder.remove();
  }
}

test('P6: what the first start says to try works as it says: the second sign-in turns the first key off, and tells why', async () => {
  await withServers(async (start) => {
    const server = await start();
    while (!server.output().includes('Authorization')) await new Promise((resolve) => setImmediate(resolve));
    assert.match(server.output(), /Mails are kept, and shown to this machine at http:\/\/127\.0\.0\.1:\d+\/dev\/mail/);
    const [register, first, second, look, ...others] = commandsIn(server.output());
    assert.deepEqual(others, []);
    assert.equal((await run(register ?? assert.fail(), '')).status, 201);
    const opened = await run(first ?? assert.fail(), '');
    assert.equal(opened.status, 200);
    assert.equal((await run(second ?? assert.fail(), '')).body['message'], 'Old Token Deleted');
    const refused = await run(look ?? assert.fail(), String(opened.body['key']));
    assert.deepEqual([refused.status, refused.body['code']], [401, 'session_displaced']);
  });
});

test('a database with an account in it is greeted in a line, and keeps its sessions', async () => {
  await withServers(async (start) => {
    const first = await start();
    const body = { username: 'ann', password1: 'tr1cky-enough-pw', password2: 'tr1cky-enough-pw' };
    const { body: registered } = await ask(`${first.url}/auth/registration/`, { body });
    await first.stop();
    const again = await start();
    assert.equal((await ask(`${again.url}/auth/session/`, { key: String(registered['key']) })).status, 200);
    assert.doesNotMatch(again.output(), /Nobody has an account|curl/);
  });
});

test('V13.4.2: at a public origin, mails and the demo are shown to nobody; the start says why, and once what was forgotten', async () => {
  await withServers(async (start) => {
    const server = await start({ LATCHKEY_ORIGIN: 'https://accounts.example' });
    while (!server.output().includes('Authorization')) await new Promise((resolve) => setImmediate(resolve));
    const why = '/dev/mail and /demo/ are not there: LATCHKEY_ORIGIN is https://accounts.example, and they are for';
    assert.ok(server.output().includes(why), server.output());
    assert.match(server.output(), /Mails are kept, and sent to nobody: set LATCHKEY_SMTP_URL\./);
    for (const path of ['/dev/mail', '/demo/']) assert.equal((await fetch(server.url + path)).status, 404);
    assert.equal(server.output().match(/Set NODE_ENV=production/g)?.length, 1);
    await server.stop();

    const own = await start();
    assert.equal((await fetch(`${own.url}/demo/`)).status, 200);
    assert.doesNotMatch(own.output(), /NODE_ENV/);
  });
});
