/** Addresses that would reach somebody else: mail goes to the one that is kept, or to nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, testServer } from './serving.ts';

const EMAIL = 'victim@example.com';

const SEVERAL: readonly (readonly [string, unknown])[] = [
  ['two with a comma', `${EMAIL},evil@evil.example`],
  ['two with a semicolon', `${EMAIL};evil@evil.example`],
  ['two with a blank', `${EMAIL} evil@evil.example`],
  ['two with a line break', `${EMAIL}\nevil@evil.example`],
  ['two with a NUL', `${EMAIL}\0evil@evil.example`],
  ['a list', [EMAIL, 'evil@evil.example']],
  ['a record', { 0: EMAIL, 1: 'evil@evil.example' }],
  ['a named list', { email: [EMAIL, 'evil@evil.example'] }],
  ['a header', `${EMAIL}\r\nBcc: evil@evil.example`],
  ['a bare line feed and a header', `${EMAIL}\nBcc: evil@evil.example`],
  ['a bare carriage return and a header', `${EMAIL}\rBcc: evil@evil.example`],
  ['an encoded header', `${EMAIL}%0d%0aBcc: evil@evil.example`],
  ['a line separator and a header', `${EMAIL}\u2028Bcc: evil@evil.example`],
  ['a next-line letter and a header', `${EMAIL}\u0085Bcc: evil@evil.example`],
  ['a full-width line break', `${EMAIL}\uff0aBcc:evil@evil.example`],
];

/** Each is read as another domain by one parser or another. */
const DISAGREED: readonly string[] = [
  '"victim@example.com"@evil.example',
  '"victim@example.com\\"@evil.example',
  '"evil@evil.example"@example.com',
  'victim@example.com@evil.example',
  'victim@example.com(@evil.example)',
  'victim(comment)@example.com',
  'victim@(comment)example.com',
  '<victim@example.com>',
  'victim <victim@example.com>',
  '<evil@evil.example>victim@example.com',
  'victim%evil.example@example.com@',
  'evil.example!victim@',
  '@evil.example:victim@example.com',
  'victim@[127.0.0.1]',
  'victim@[IPv6:::1]',
  'victim@example.com.',
  'victim@.example.com',
  'victim@example..com',
  'victim@-example.com',
  '.victim@example.com',
  'victim.@example.com',
  'vic..tim@example.com',
  '=?utf-8?q?victim=40example.com=3e?=@evil.example=',
  '=?x?q?evil=40evil.example=3e=00?=victim@example.com"',
  'victim@example.com\u0000.evil.example',
  'victim@example.com\u3000evil',
  'victim@example.com/evil.example',
  'victim@example.com#evil.example',
  'victim@example.com?evil.example',
  'victim@example.com\\evil.example',
  'victim@example.com:25',
  'victim@example',
  'victim@127.0.0.1',
  'victim@192.0.2.10',
  'victim@3221225994',
  'victim@0xc000020a',
  'victim@１９２.0.2.10',
  'victim@',
  '@example.com',
  'mailto:victim@example.com',
];

/** After NFKC each has a second @, or another end than it seems. */
const FOLDED: readonly string[] = [
  'victim@example.com＠evil.example',
  'victim＠example.com@evil.example',
  'victim@example.com﹫evil.example',
  'victim@example.com⁇evil.example',
  'victim@example.com℀evil',
  'victim@℀.example.com',
  'victim@example.com／evil.example',
  'victim@example.com＃evil.example',
  'victim@evil.example％00.example.com',
  'victim@example.com\uff1a25',
  'victim＂@example.com',
  'vic﹐evil@evil.example',
  'vic；tim@example.com',
  'vic＜evil@evil.example＞@example.com',
];

const PATHS = ['/auth/password/reset/', '/auth/registration/resend-email/', '/auth/login/', '/auth/registration/'];

async function assertRefused(emails: readonly (readonly [string, unknown])[]): Promise<void> {
  await using server = await testServer();
  await server.register('victim', { email: EMAIL });
  await server.auth.settle();
  server.mailbox.clear();
  const before = server.contents();
  for (const [name, email] of emails) {
    for (const path of PATHS) {
      const json = { email, username: 'evil', password: 'x', password1: PASSWORD, password2: PASSWORD };
      const answer = await server.post(path, json);
      assert.equal(answer.status, 400, `${path} ${name}: ${answer.text}`);
      assert.match(answer.text, /"email":\[/, `${path} ${name}`);
    }
    if (typeof email !== 'string') continue;
    const page = await server.ask('/password/reset/', { method: 'POST', form: { email } });
    assert.equal(page.status, 400, `the page: ${name}`);
  }
  await server.auth.settle();
  assert.deepEqual(server.mailbox.mails, []);
  assert.equal(server.contents(), before);
}

test('E12: several addresses in one, in every shape, are refused and nobody is mailed', () => assertRefused(SEVERAL));

test('E13: an address that parsers read differently is refused', () =>
  assertRefused(DISAGREED.map((email) => [email, email])));

test('E14: an address is judged after it was folded, so that no letter becomes a second @ or moves the domain', () =>
  assertRefused(FOLDED.map((email) => [email, email])));

test('E12: an address given twice is the last one, and no mail goes to the first', async () => {
  await using server = await testServer();
  await server.register('victim', { email: EMAIL });
  await server.register('evil', { email: 'evil@evil.example' });
  await server.auth.settle();
  const cases: readonly (readonly [string, string])[] = [
    ['application/json', `{"email":"${EMAIL}","email":"evil@evil.example"}`],
    ['application/x-www-form-urlencoded', `email=${EMAIL}&email=evil@evil.example`],
    ['application/x-www-form-urlencoded', `email=${EMAIL}&email[]=${EMAIL}&email=evil%40evil.example`],
  ];
  for (const [type, body] of cases) {
    server.mailbox.clear();
    const query = `?email=${EMAIL}`;
    const headers = { 'content-type': type };
    assert.equal((await server.ask(`/auth/password/reset/${query}`, { method: 'POST', body, headers })).status, 200);
    await server.auth.settle();
    assert.deepEqual(
      server.mailbox.mails.map(({ to, text }) => [to, text.includes('account evil on')]),
      [['evil@evil.example', true]],
      body,
    );
  }
});

test('E13: quoted parts in a sign-in by address find nobody', async () => {
  await using server = await testServer({ accounts: { signInBy: 'username_email' } });
  await server.register('victim', { email: EMAIL });
  for (const name of ['"victim"@example.com', 'victim@example.com ', ' victim@example.com']) {
    const answer = await server.post('/auth/login/', { username: name, password: PASSWORD });
    assert.equal(answer.status, name.includes('"') ? 400 : 200, name);
  }
});
