/** Mailed links: used once, not for long, by nobody but the account that they are for, and kept as hashes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer, testServer } from './serving.ts';

const EMAIL = 'alice@example.com';
const MINUTE_MS = 60_000;

type Link = { readonly uid: string; readonly token: string };

const confirm = (server: TestServer, { uid, token }: Link, password = OTHER_PASSWORD) =>
  server.post('/auth/password/reset/confirm/', { uid, token, new_password1: password, new_password2: password });

const verify = (server: TestServer, key: string) => server.post('/auth/registration/verify-email/', { key });

const VOID_TOKEN = { token: ['Invalid value'] };

test('E1, L22: of twenty uses of a reset link at once, one sets one password', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const link = await server.resetLink(EMAIL);
  const passwords = Array.from({ length: 20 }, (_, index) => `number ${index} of the horses!`);
  const answers = await Promise.all(passwords.map((password) => confirm(server, link, password)));
  const winners = passwords.filter((_, index) => answers[index]?.status === 200);
  assert.equal(winners.length, 1);
  for (const { status, body } of answers) if (status !== 200) assert.deepEqual(body, VOID_TOKEN);
  const signIns = await Promise.all(
    passwords.map((password) => server.post('/auth/login/', { username: 'alice', password })),
  );
  assert.deepEqual(
    passwords.filter((_, index) => signIns[index]?.status === 200),
    winners,
  );
  assert.deepEqual((await confirm(server, link)).body, VOID_TOKEN);
});

test('E1, L22: of twenty uses of a verification link at once, one counts', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const key = await server.verifyKey(EMAIL);
  const answers = await Promise.all(Array.from({ length: 20 }, () => verify(server, key)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ status }) => status === 404).length, 19);
});

test('E1, L22: of twenty sign-ups with one invitation at once, one is made', async () => {
  await using server = await testServer({ accounts: { registration: 'invited' } });
  const { invitation } = await server.auth.accounts.invite();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      server.post('/auth/registration/', {
        username: `guest${index}`,
        password1: PASSWORD,
        password2: PASSWORD,
        invitation,
      }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(server.rows('SELECT id FROM account').length, 1);
});

test('E2: a reset link is good until its hour is over, to the millisecond, with nothing having cleaned up', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const [late, punctual] = [await server.resetLink(EMAIL), await server.resetLink(EMAIL)];
  server.clock.advance(60 * MINUTE_MS - 1);
  assert.equal((await confirm(server, punctual)).status, 200);
  const again = await server.resetLink(EMAIL);
  server.clock.advance(60 * MINUTE_MS);
  for (const link of [late, again]) assert.deepEqual((await confirm(server, link)).body, VOID_TOKEN);
  assert.equal(server.rows("SELECT 1 FROM once WHERE purpose = 'reset-password'").length, 1);
});

test('E2: a verification link is good for three days, to the millisecond', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  await server.register('bob', { email: 'bob@example.com' });
  const [alice, bob] = [await server.verifyKey(EMAIL), await server.verifyKey('bob@example.com')];
  server.clock.advance(3 * 24 * 60 * MINUTE_MS - 1);
  assert.equal((await verify(server, alice)).status, 200);
  server.clock.advance(1);
  assert.equal((await verify(server, bob)).status, 404);
});

test('E2: an invitation is good for seven days, to the millisecond', async () => {
  await using server = await testServer({ accounts: { registration: 'invited' } });
  const [first, second] = [await server.auth.accounts.invite(), await server.auth.accounts.invite()];
  const accept = (username: string, invitation: string) =>
    server.post('/auth/registration/', { username, password1: PASSWORD, password2: PASSWORD, invitation });
  server.clock.advance(7 * 24 * 60 * MINUTE_MS - 1);
  assert.equal((await accept('alice', first.invitation)).status, 201);
  server.clock.advance(1);
  assert.deepEqual((await accept('bob', second.invitation)).body, { invitation: ['Invalid value'] });
});

/** As decided: asking again leaves what is out good, as the recorded server does, and the first use voids all of them. */
test('E3: of several reset links that are out, the first use voids the others, older and newer', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const [oldest, middle, newest] = [
    await server.resetLink(EMAIL),
    await server.resetLink(EMAIL),
    await server.resetLink(EMAIL),
  ];
  assert.equal((await confirm(server, middle)).status, 200);
  for (const link of [oldest, newest]) assert.deepEqual((await confirm(server, link)).body, VOID_TOKEN);
});

test('E3: a password change voids the reset links that are out', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: EMAIL });
  const link = await server.resetLink(EMAIL);
  const twice = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
  assert.equal((await server.post('/auth/password/change/', twice, { key })).status, 200);
  assert.deepEqual((await confirm(server, link, PASSWORD)).body, VOID_TOKEN);
});

test('E3: a suspension voids the reset links that are out, for ever, and nobody suspended gets a new one', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const link = await server.resetLink(EMAIL);
  await server.auth.accounts.suspend(1);
  assert.deepEqual((await confirm(server, link)).body, VOID_TOKEN);
  const mails = (await server.mailsTo(EMAIL)).length;
  assert.equal((await server.post('/auth/password/reset/', { email: EMAIL })).status, 200);
  assert.equal((await server.mailsTo(EMAIL)).length, mails);
  await server.auth.accounts.reactivate(1);
  assert.deepEqual((await confirm(server, link)).body, VOID_TOKEN);
});

test('E3: a closed account leaves no link behind that is good, not for the next account of its name and address', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: EMAIL });
  const [link, verification] = [await server.resetLink(EMAIL), (await server.mailsTo(EMAIL))[0]?.text ?? ''];
  const oldKey = /account-confirm-email\/(\w+)\//.exec(verification)?.[1] ?? '';
  assert.equal((await server.ask('/auth/user/', { method: 'DELETE', key })).status, 204);
  assert.deepEqual((await confirm(server, link)).body, { uid: ['Invalid value'] });
  await server.register('alice', { email: EMAIL });
  assert.equal((await confirm(server, link)).status, 400);
  assert.deepEqual((await confirm(server, { uid: '2', token: link.token })).body, VOID_TOKEN);
  assert.equal((await verify(server, oldKey)).status, 404);
});

test('E4: a reset ends every session, whichever way it was opened, and signs nobody in', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const keys = [await server.register('alice', { email: EMAIL }), await server.signIn('alice')];
  const imported = 'c'.repeat(40);
  await server.auth.sessions.importKey(1, imported);
  const answer = await confirm(server, await server.resetLink(EMAIL));
  assert.equal(memberOf(answer.body, 'detail'), 'Password has been reset with the new password.');
  assert.equal(memberOf(answer.body, 'key'), '');
  assert.deepEqual(answer.headers.getSetCookie(), []);
  for (const key of [...keys, imported]) {
    assert.equal(memberOf((await server.ask('/auth/user/', { key })).body, 'code'), 'password_changed');
  }
  assert.equal((await server.post('/auth/login/', { username: 'alice', password: PASSWORD })).status, 400);
  assert.deepEqual(await server.auth.sessions.list(1), []);
});

test('E7: a link with another account’s number changes nothing, on either account', async () => {
  await using server = await testServer();
  const bobs = await server.register('bob', { email: 'bob@example.com' });
  const alices = await server.register('alice', { email: EMAIL });
  const link = await server.resetLink(EMAIL);
  const before = server.contents();
  for (const uid of ['1', '01', '1 ', 'zzzzzz', '0', '-1', '2.0', '9007199254740993', '']) {
    const { status } = await confirm(server, { uid, token: link.token });
    assert.equal(status, 400, uid);
  }
  assert.equal(server.contents(), before);
  assert.equal(await server.isLive(bobs), true);
  assert.equal(await server.isLive(alices), true);
  const more = { username: 'bob', email: 'bob@example.com', pk: 1, user: 1, id: 1 };
  const twice = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
  assert.equal((await server.post('/auth/password/reset/confirm/?uid=1', { ...link, ...twice, ...more })).status, 200);
  assert.equal(await server.isLive(bobs), true, 'whose link it is stands in the link');
});

test('E9: a mail scanner that looks at every link, by GET and by HEAD, uses none of them up', async () => {
  await using server = await testServer({ accounts: { registration: 'invited' } });
  const { invitation, link } = await server.auth.accounts.invite({ email: EMAIL });
  const guest = { username: 'alice', email: EMAIL, password1: PASSWORD, password2: PASSWORD };
  for (const method of ['GET', 'HEAD']) {
    assert.equal((await server.ask(link.replace(/^[a-z]+:\/\/[^/]+/, ''), { method })).status, 303);
  }
  assert.equal((await server.post('/auth/registration/', { ...guest, invitation })).status, 201);
  const second = { ...guest, username: 'bob', email: 'bob@example.com' };
  const { invitation: open } = await server.auth.accounts.invite();
  assert.equal((await server.post('/auth/registration/', { ...second, invitation: open })).status, 201);

  const key = await server.verifyKey('bob@example.com');
  const reset = await server.resetLink(EMAIL);
  const before = server.contents();
  const pages = [`/auth/registration/account-confirm-email/${key}/`, reset.pathname];
  const answers = ['/auth/registration/verify-email/', '/auth/password/reset/confirm/'];
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    for (const page of pages) await server.ask(page, { method });
    for (const path of answers)
      await server.ask(`${path}?key=${key}&uid=${reset.uid}&token=${reset.token}`, { method });
  }
  assert.equal(server.contents(), before);
  assert.equal((await verify(server, key)).status, 200);
  assert.equal((await confirm(server, reset)).status, 200);
});

test('E10, F-20, P9: neither links nor tokens nor passwords are in the database, only what proves them', async () => {
  await using server = await testServer({ sessions: { limit: 'unlimited' } });
  const key = await server.register('alice', { email: EMAIL });
  const login = await server.post('/auth/login/', { username: 'alice', password: PASSWORD });
  const imported = 'd'.repeat(20) + 'e'.repeat(20);
  await server.auth.sessions.importKey(1, imported);
  const { invitation } = await server.auth.accounts.invite({ email: 'carol@example.com' });
  const verification = await server.verifyKey(EMAIL);
  const { token } = await server.resetLink(EMAIL);
  // Once more while the mail waits: what waits is sealed.
  const waiting = server.bytes();
  await server.auth.settle();
  const kept = Buffer.concat([waiting, server.bytes()]);
  const device = memberOf(login.body, 'device');
  const secrets = { key, login: memberOf(login.body, 'key'), imported, invitation, verification, token, device };
  for (const [name, secret] of Object.entries({ ...secrets, password: PASSWORD })) {
    assert.ok(secret.length > 12, name);
    assert.equal(kept.includes(secret), false, `${name} is kept as it is`);
    assert.equal(kept.includes(secret.slice(-12)), false, `the end of ${name} is kept`);
    assert.equal(kept.includes(Buffer.from(secret).toString('base64').replace(/=+$/, '')), false, name);
    assert.equal(kept.includes(Buffer.from(secret).toString('hex')), false, name);
  }
  assert.ok(kept.includes(EMAIL), 'the file was looked at');
});

test('E11: a link’s secret is 256 random bits, and no two are alike', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const secrets = [await server.verifyKey(EMAIL)];
  for (let times = 0; times < 5; times++) secrets.push((await server.resetLink(EMAIL)).token);
  for (const secret of secrets) assert.match(secret, /^[0-9A-Za-z]{43}$/);
  assert.equal(new Set(secrets).size, secrets.length);
});

test('E19: verifying an address proves it for the account that asked, and for no other that named it', async () => {
  await using server = await testServer();
  await server.register('alice', { email: EMAIL });
  const alices = await server.verifyKey(EMAIL);
  await server.register('mallory', { email: EMAIL });
  const mallorys = await server.verifyKey(EMAIL);
  assert.notEqual(alices, mallorys);
  assert.equal((await verify(server, alices)).status, 200);
  const verified = () => server.rows('SELECT account_id FROM email WHERE verified = 1').map((row) => row['account_id']);
  assert.deepEqual(verified(), [1]);
  assert.equal((await verify(server, mallorys)).status, 404);
  assert.deepEqual(verified(), [1]);
});

test('E21: an invitation for an address is for no other, proves it, and is used up by the first who comes with it', async () => {
  await using server = await testServer({ accounts: { registration: 'invited' } });
  const { invitation } = await server.auth.accounts.invite({ email: EMAIL, roles: ['editor'] });
  const accept = (username: string, email: string) =>
    server.post('/auth/registration/', { username, email, password1: PASSWORD, password2: PASSWORD, invitation });
  for (const other of ['mallory@example.com', 'alice@example.org', 'alice+x@example.com']) {
    assert.deepEqual((await accept('mallory', other)).body, { invitation: ['Invalid value'] }, other);
  }
  assert.equal((await accept('alice', 'Alice@EXAMPLE.com')).status, 201);
  const account = await server.auth.accounts.find(1);
  assert.deepEqual([account?.emailVerified, account?.roles], [true, ['editor']]);
  assert.equal((await accept('bob', EMAIL)).status, 400);
  assert.equal(server.rows('SELECT id FROM account').length, 1);
});

test('E22: no step of a reset can be taken before the one that leads to it', async () => {
  await using server = await testServer();
  const key = await server.register('alice', { email: EMAIL });
  const before = server.contents();
  for (const token of ['a'.repeat(43), key, 'undefined', 'null', '0', '%', '*']) {
    assert.deepEqual((await confirm(server, { uid: '1', token })).body, VOID_TOKEN, token);
  }
  const headers = { cookie: 'latchkey-link=1.' };
  const form = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
  for (const cookie of [
    'latchkey-link=1.',
    `latchkey-link=1.${'a'.repeat(43)}`,
    'latchkey-link=.x',
    'latchkey-link=x',
  ]) {
    const page = await server.ask('/password/reset/confirm/', {
      method: 'POST',
      form,
      headers: { ...headers, cookie },
    });
    assert.equal(page.status, 400, cookie);
  }
  assert.equal((await server.ask('/password/reset/confirm/', { method: 'POST', form })).status, 400);
  assert.equal(server.contents(), before);
  assert.equal(await server.isLive(key), true);
});
