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
    async shown(path = '/dev/mail') {
      const response = await fetch(url + path);
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

const HERE = 'http://127.0.0.1:8787';

/** What a request says of itself, and what is known of it. */
type Asked = {
  readonly origin: string;
  readonly url?: string;
  readonly from?: string;
  readonly forwarded?: string;
};

const shownTo: readonly (readonly [who: string, asked: Asked, isShown: boolean])[] = [
  ['the developer', { origin: HERE, from: '127.0.0.1' }, true],
  ['the developer over IPv6', { origin: 'http://[::1]:8787', url: 'http://[::1]:8787', from: '::1' }, true],
  ['the developer by name', { origin: 'http://app.localhost', url: 'http://app.localhost', from: '::1' }, true],
  ['the developer through a proxy of theirs', { origin: HERE, from: '::1', forwarded: '127.0.0.1:4711, ::1' }, true],
  ['whoever asks a host that tells no address', { origin: HERE }, true],
  ['a stranger', { origin: HERE, from: '192.0.2.7' }, false],
  ['a stranger through a proxy', { origin: HERE, from: '127.0.0.1', forwarded: '192.0.2.7' }, false],
  ['one of whom a proxy knows nothing', { origin: HERE, from: '127.0.0.1', forwarded: 'unknown' }, false],
  [
    'a page of another name that leads here',
    { origin: HERE, url: 'http://evil.example:8787', from: '127.0.0.1' },
    false,
  ],
  ['anybody at a public origin', { origin: 'https://accounts.example', url: HERE, from: '127.0.0.1' }, false],
  ['anybody at a public origin, without an address', { origin: 'https://accounts.example', url: HERE }, false],
  [
    'anybody in a home network',
    { origin: 'http://192.168.1.5:8787', url: 'http://192.168.1.5:8787', from: '192.168.1.5' },
    false,
  ],
];

for (const [who, { origin, url = origin, from, forwarded }, isShown] of shownTo) {
  test(`V13.4.2: ${who} ${isShown ? 'sees' : 'does not see'} kept mails and the demo`, async () => {
    await using server = await withKeptMails({ origin });
    for (const path of ['/dev/mail', '/dev/mail/', '/demo', '/demo/']) {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
      const asked = new Request(url + path, { headers });
      const answer = await server.auth.handler(asked, from === undefined ? undefined : { address: from });
      assert.equal(answer.status, isShown ? 200 : 404, path);
    }
    // Where nobody could see them, a host may have pages of these names.
    assert.equal(server.auth.serves('/demo/'), /127|localhost|::1/.test(origin));
  });
}

test('V13.4.2: where mails are sent, and in production, there is no such page; nor is there a demo in production', async () => {
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
  assert.deepEqual([(await production.shown('/demo/')).status, (await sending.ask('/demo/')).status], [404, 200]);
});
