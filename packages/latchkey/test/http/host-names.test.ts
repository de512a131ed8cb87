/** Where this server says that it is: what the settings say, whatever a request says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTest } from '../../src/testing/instance.ts';
import { PASSWORD, type TestServer, testServer } from './serving.ts';

const ORIGIN = 'https://accounts.example';
const EMAIL = 'alice@example.com';

/** A request with its first line and its host in every shape that may have been tampered with. */
const POISONED: readonly (readonly [name: string, target: string, lines: string])[] = [
  ['another host', '', 'Host: evil.example'],
  ['another host with a port', '', 'Host: evil.example:443'],
  ['a port that is ours', '', 'Host: accounts.example:8443'],
  ['two hosts', '', 'Host: accounts.example\r\nHost: evil.example'],
  ['two hosts the other way round', '', 'Host: evil.example\r\nHost: accounts.example'],
  ['an absolute target', 'http://evil.example', 'Host: accounts.example'],
  ['an absolute target and another host', 'https://accounts.example', 'Host: evil.example'],
  ['X-Forwarded-Host', '', 'Host: accounts.example\r\nX-Forwarded-Host: evil.example'],
  ['X-Original-Host', '', 'Host: accounts.example\r\nX-Original-Host: evil.example\r\nX-Host: evil.example'],
  ['Forwarded', '', 'Host: accounts.example\r\nForwarded: host=evil.example;proto=http;for=127.0.0.1'],
  ['X-Forwarded-Server', '', 'Host: accounts.example\r\nX-Forwarded-Server: evil.example'],
  ['X-Original-URL', '', 'Host: accounts.example\r\nX-Original-URL: //evil.example/\r\nX-Rewrite-URL: /evil'],
  ['X-Forwarded-Prefix', '', 'Host: accounts.example\r\nX-Forwarded-Prefix: //evil.example\r\nX-Forwarded-Port: 1'],
  ['X-Forwarded-Proto', '', 'Host: accounts.example\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Ssl: off'],
  ['Origin and Referer of ours', '', `Host: evil.example\r\nOrigin: ${ORIGIN}\r\nReferer: https://evil.example/`],
];

async function poisoned(server: TestServer, [, target, lines]: (typeof POISONED)[number], path: string, json: unknown) {
  const body = JSON.stringify(json);
  const head = `POST ${target}${path} HTTP/1.1\r\n${lines}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  return await server.raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}

/** All that a request can make this server send or set: mails of every kind that it asks for, and cookies. */
async function everythingSaid(server: TestServer, how: (typeof POISONED)[number]): Promise<string> {
  const registration = { username: 'alice', email: EMAIL, password1: PASSWORD, password2: PASSWORD };
  const answers = [await poisoned(server, how, '/auth/registration/', registration)];
  // The link of the sign-up itself: the one that somebody asks for who is not signed in takes the password away.
  const key = await server.verifyKey(EMAIL);
  answers.push(await poisoned(server, how, '/auth/registration/resend-email/', { email: EMAIL }));
  answers.push(await poisoned(server, how, '/auth/registration/verify-email/', { key }));
  // An owner is told of others who sign up with the address, once an hour.
  server.clock.advance(61 * 60_000);
  answers.push(await poisoned(server, how, '/auth/registration/', { ...registration, username: 'bob' }));
  answers.push(await poisoned(server, how, '/auth/login/', { username: 'alice', password: PASSWORD }));
  answers.push(await poisoned(server, how, '/auth/password/reset/', { email: EMAIL }));
  await server.auth.settle();
  const link = /\/password\/reset\/confirm\/(\w+)\/(\w+)\//.exec(server.mailbox.mails.at(-1)?.text ?? '');
  const [, uid, token] = link ?? [];
  const confirmed = { uid, token, new_password1: `${PASSWORD}1`, new_password2: `${PASSWORD}1` };
  answers.push(await poisoned(server, how, '/auth/password/reset/confirm/', confirmed));
  const page = await server.raw(
    `GET /password/reset/confirm/1/abc/ HTTP/1.1\r\n${how[2]}\r\nConnection: close\r\n\r\n`,
  );
  for (const answer of answers) assert.match(answer, /^HTTP\/1.1 20[01] /, answer);
  await server.auth.settle();
  return [...answers, page].join('\n') + JSON.stringify(server.mailbox.mails);
}

for (const how of POISONED) {
  test(`D14, D16: with ${how[0]}, every mail, redirect and cookie is as the settings say`, async () => {
    await using server = await testServer({ origin: ORIGIN, accounts: { emailVerification: 'mandatory' } });
    const said = await everythingSaid(server, how);
    assert.doesNotMatch(said.replace(/l[kd]_[\w-]+/g, ''), /evil|http:\/\/|127\.0\.0\.1|:8443/i);
    const kinds = ['Confirm your', 'Confirm your', 'You already have', 'Choose a new', 'Your password'];
    const subjects = server.mailbox.mails.map(({ subject }) => subject);
    assert.equal(subjects.length, kinds.length, subjects.join());
    for (const [index, kind] of kinds.entries()) assert.match(subjects[index] ?? '', new RegExp(`^${kind}`));
    for (const { text } of server.mailbox.mails) assert.match(text, /^https:\/\/accounts\.example\//m);
    assert.match(said, /\r\nlocation: \/password\/reset\/confirm\/\r\n/i);
    const cookies = said.match(/\r\nset-cookie: [^\r]*/gi) ?? [];
    assert.equal(cookies.length, 3);
    for (const cookie of cookies) assert.match(cookie, /: __Host-.*; Path=\/;.*; HttpOnly; SameSite=Lax; Secure$/i);
  });
}

test('D14: an invitation is mailed with the settings’ own address', async () => {
  await using server = await testServer({ origin: ORIGIN });
  const { link } = await server.auth.accounts.invite({ email: EMAIL });
  assert.match(link, /^https:\/\/accounts\.example\/signup\/\?invitation=\w{43}$/);
  assert.match((await server.mailsTo(EMAIL))[0]?.text ?? '', /^https:\/\/accounts\.example\/signup\/\?invitation=/m);
});

test('D14: no answer sends anybody anywhere by what a query, a field or a Referer says', async () => {
  await using server = await testServer({ origin: ORIGIN });
  const names = ['next', 'returnTo', 'redirect_uri', 'redirect', 'callbackURL', 'RelayState', 'continue', 'url'];
  const query = names.map((name) => `${name}=//evil.example`).join('&');
  const headers = { referer: 'https://evil.example/' };
  const json = Object.fromEntries(names.map((name) => [name, 'https://evil.example/']));
  const registration = { username: 'alice', email: EMAIL, password1: PASSWORD, password2: PASSWORD };
  const answers = [
    await server.post(`/auth/registration/?${query}`, { ...registration, ...json }, { headers }),
    await server.post(`/auth/login/?${query}`, { username: 'alice', password: PASSWORD, ...json }, { headers }),
    await server.post(`/auth/password/reset/?${query}`, { email: EMAIL, ...json }, { headers }),
    await server.post(`/auth/logout/?${query}`, json, { headers }),
    await server.ask(`/password/reset/?${query}`, { headers }),
    await server.ask(`/password/reset/?${query}`, { method: 'POST', form: { email: EMAIL }, headers }),
    await server.ask(`/password/reset/confirm/1/abc/?${query}`, { headers }),
    await server.ask(`/auth/registration/account-confirm-email/x/?${query}`, { headers }),
  ];
  for (const { text, headers } of answers) {
    assert.doesNotMatch(text, /evil/);
    assert.match(headers.get('location') ?? '/password/reset/confirm/', /^\/password\/reset\/confirm\/$/);
  }
  await server.auth.settle();
  assert.doesNotMatch(JSON.stringify(server.mailbox.mails), /evil/);
});

test('D15: in production there is no server without a public https origin', async () => {
  const { resolveSettings } = await import('../../src/resolve-settings.ts');
  const safe = { secret: 's'.repeat(32), mail: { smtpUrl: 'none' } };
  const production = { NODE_ENV: 'production' };
  assert.throws(() => resolveSettings(safe, production), /LATCHKEY_ORIGIN is not set/);
  assert.throws(() => resolveSettings({ ...safe, origin: 'http://accounts.example' }, production), /plain http/);
  assert.equal(resolveSettings({ ...safe, origin: ORIGIN }, production).settings.origin, ORIGIN);
  for (const origin of [
    'accounts.example',
    '//accounts.example',
    'https://accounts.example/x',
    'https://a@b.example',
  ]) {
    await assert.rejects(openTest({ origin }), /LATCHKEY_ORIGIN must be an origin/, origin);
  }
});

test('D15: outside production the origin is the loopback address, and no request teaches it another', async () => {
  await using server = await testServer();
  await poisoned(server, ['', '', 'Host: evil.example'], '/auth/login/', {});
  await server.register('alice', { email: EMAIL });
  assert.match((await server.mailsTo(EMAIL))[0]?.text ?? '', /^http:\/\/127\.0\.0\.1:8787\//m);
});
