/** `/dev/mail`: the mails that development keeps because nobody is there to take them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { LatchkeyOptions } from 'latchkey';
import { open } from '../../src/latchkey.ts';
import { nodeHandler } from '../../src/server/node.ts';
import { PASSWORD, testServer } from './serving.ts';

const SETTINGS: LatchkeyOptions = {
  database: 'sqlite::memory:',
  rateLimits: 'off',
  passwords: { hash: 'dangerously-cheap' },
};

/** A server as development has it: mails are kept. */
async function withKeptMails(options: LatchkeyOptions, environment: Readonly<Record<string, string>> = {}) {
  const { auth } = await open({ ...SETTINGS, ...options }, { environment, role: 'node' });
  const server = createServer(nodeHandler(auth));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    auth,
    async shown() {
      const response = await fetch(`${url}/dev/mail`);
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    post: (path: string, json: unknown) =>
      fetch(url + path, {
        method: 'POST',
        body: JSON.stringify(json),
        headers: { 'content-type': 'application/json' },
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await auth.close();
    },
  };
}

test('N3: mails are shown with their links, the newest first', async () => {
  await using server = await withKeptMails({});
  assert.match((await server.shown()).text, /No mails yet\./);
  const email = 'alice@example.com';
  await server.post('/auth/registration/', { username: 'alice', email, password1: PASSWORD, password2: PASSWORD });
  await server.post('/auth/password/reset/', { email });
  const { status, text } = await server.shown();
  assert.equal(status, 200);
  const links = [...text.matchAll(/<a href="([^"]+)">\1<\/a>/g)].map(([, link]) => new URL(link ?? '').pathname);
  assert.match(
    links.join(),
    /^\/password\/reset\/confirm\/1\/\w{43}\/,\/auth\/registration\/account-confirm-email\/\w{43}\/$/,
  );
});

test('N3: names and mails that are HTML are shown as text', async () => {
  const evil = '</pre><script>alert(1)</script><img src=x onerror=alert(1)>&"\'';
  await using server = await withKeptMails({
    mailTemplates: {
      invitation: ({ link, to }) => ({
        subject: `Hello ${evil}`,
        text: `${evil}\n${link}"onmouseover="alert(1)\n${to}\njavascript://%0aalert(1)\n`,
        html: evil,
      }),
    },
  });
  await server.auth.accounts.invite({ email: "o'neill&co@example.com" });
  const { text, headers } = await server.shown();
  assert.doesNotMatch(text, /<script|<img|onerror="|" ?onmouseover="/);
  assert.equal(text.split('&lt;script&gt;alert(1)&lt;/script&gt;').length - 1, 2);
  assert.deepEqual(text.match(/<\/pre>/g)?.length, 1);
  assert.equal(text.match(/<a href="http/g)?.length, 1);
  assert.doesNotMatch(text, /href="javascript/i);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; style-src 'self'/);
});

test('N5: what looks like a template in a name stays as it is', async () => {
  await using server = await withKeptMails({
    mailTemplates: {
      invitation: () => ({ subject: '{{7*7}} $'.concat('{7*7} <%= 7*7 %>'), text: '#{7*7}', html: '' }),
    },
  });
  await server.auth.accounts.invite({ email: 'a@example.com' });
  const { text } = await server.shown();
  assert.match(text, /\{\{7\*7\}\} \$\{7\*7\} &lt;%= 7\*7 %&gt;/);
  assert.match(text, /#\{7\*7\}/);
});

test('V13.4.2: where mails are sent, and in production, there is no such page', async () => {
  await using sending = await testServer();
  assert.equal((await sending.ask('/dev/mail')).status, 404);
  await using production = await withKeptMails(
    {
      origin: 'https://accounts.example',
      secret: 's'.repeat(32),
      mail: { smtpUrl: 'none' },
      rateLimits: 'on',
      passwords: { hash: 'argon2id' },
    },
    { NODE_ENV: 'production' },
  );
  assert.equal((await production.shown()).status, 404);
});
