/** Who is one and the same: e-mail addresses and usernames in all their spellings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberOf, PASSWORD, testServer } from './serving.ts';

/** Spellings of one address, and why each is one. */
const SPELLINGS: readonly (readonly [string, string])[] = [
  ['the same', 'kasia@example.com'],
  ['another case', 'KASIA@Example.COM'],
  ['full-width letters', 'ｋａｓｉａ@example.com'],
  ['a full-width @', 'kasia＠example.com'],
  ['a full-width domain', 'kasia@ｅｘａｍｐｌｅ.com'],
  ['ideographic full stops', 'kasia@example。com'],
  ['the long s', 'kaſia@example.com'],
  ['the Kelvin sign', 'Kasia@example.com'],
  ['mathematical letters', '𝐤𝐚𝐬𝐢𝐚@example.com'],
  ['white space around it', '  kasia@example.com\n'],
];

/** Looks alike, and is another one, or none. */
const OTHERS: readonly (readonly [string, string, 'another' | 'none'])[] = [
  ['a plus tag', 'kasia+tag@example.com', 'another'],
  ['a dot', 'ka.sia@example.com', 'another'],
  ['a dotless i', 'kasıa@example.com', 'none'],
  ['a dotted capital I', 'kasİa@example.com', 'none'],
  ['a Cyrillic letter', 'kаsia@example.com', 'none'],
  ['a zero-width joiner', 'kas\u200dia@example.com', 'none'],
  ['a soft hyphen', 'kas\u00adia@example.com', 'none'],
  ['an accent', 'kásia@example.com', 'none'],
  ['a dot at the end', 'kasia@example.com.', 'none'],
];

test('J11: every spelling of an address finds its one account, and the mail goes to the address that is kept', async () => {
  await using server = await testServer({ accounts: { signInBy: 'email' } });
  await server.register('kasia', { email: 'kasia@example.com' });
  await server.post('/auth/registration/verify-email/', { key: await server.verifyKey('kasia@example.com') });
  for (const [why, email] of SPELLINGS) {
    assert.equal((await server.post('/auth/login/', { email, password: PASSWORD })).status, 200, why);
    server.mailbox.clear();
    assert.equal((await server.post('/auth/password/reset/', { email })).status, 200, why);
    await server.auth.settle();
    assert.deepEqual(
      server.mailbox.mails.map(({ to }) => to),
      ['kasia@example.com'],
      why,
    );
    const again = { username: 'other', email, password1: PASSWORD, password2: PASSWORD };
    const taken = await server.post('/auth/registration/', again);
    assert.deepEqual(taken.body, { email: ['User is already registered with this e-mail address.'] }, why);
  }
});

test('J11: what only looks like an address is another one, or none, and gets no mail of its', async () => {
  await using server = await testServer({ accounts: { signInBy: 'email' } });
  await server.register('kasia', { email: 'kasia@example.com' });
  for (const [why, email, kind] of OTHERS) {
    const answer = await server.post('/auth/login/', { email, password: PASSWORD });
    const refused = { email: ['Enter a valid email address.'] };
    const wrong = { non_field_errors: ['Unable to log in with provided credentials.'] };
    assert.deepEqual(answer.body, kind === 'none' ? refused : wrong, why);
    server.mailbox.clear();
    assert.equal((await server.post('/auth/password/reset/', { email })).status, kind === 'none' ? 400 : 200, why);
    await server.auth.settle();
    assert.deepEqual(server.mailbox.mails, [], why);
  }
});

test('J11: an international domain is one in its own letters, in ASCII, and with its dots and capitals', async () => {
  await using server = await testServer({ accounts: { signInBy: 'email' } });
  await server.register('zoe', { email: 'zoe@bücher.example' });
  for (const email of [
    'zoe@xn--bcher-kva.example',
    'ZOE@BÜCHER.example',
    'zoe@bu\u0308cher.example',
    'zoe@bücher。example',
  ]) {
    assert.equal((await server.post('/auth/login/', { email, password: PASSWORD })).status, 200, email);
  }
  assert.equal((await server.mailsTo('zoe@xn--bcher-kva.example')).length, 1);
});

test('J11, E14: an address in other letters is mailed to what was found to be an address', async () => {
  await using server = await testServer();
  const key = await server.register('bob', { email: 'Bob＠ｅxample。com' });
  assert.equal(memberOf((await server.ask('/auth/user/', { key })).body, 'email'), 'Bob＠ｅxample。com');
  await server.auth.settle();
  assert.deepEqual(
    server.mailbox.mails.map(({ to }) => to),
    ['Bob@example.com'],
  );
});

/** All are spellings of `alice.k`. */
const NAMES = ['alice.k', 'ALICE.K', 'ａｌｉｃｅ.k', 'alice.K', '𝓪𝓵𝓲𝓬𝓮.k', ' alice.k\t'];

test('J12, F-12: a username in other cases and forms is the same one, and its sign-ins are one account’s', async () => {
  await using server = await testServer();
  let key = await server.register('alice.k');
  for (const username of NAMES) {
    const next = memberOf((await server.post('/auth/login/', { username, password: PASSWORD })).body, 'key');
    assert.equal(await server.isLive(next), true, username);
    const { body, headers } = await server.ask('/auth/session/', { key });
    assert.equal(memberOf(body, 'code'), 'session_displaced', username);
    assert.equal(headers.get('latchkey-reason'), 'session_displaced', username);
    key = next;
    const taken = await server.post('/auth/registration/', { username, password1: PASSWORD, password2: PASSWORD });
    assert.deepEqual(taken.body, { username: ['A user with that username already exists.'] }, username);
  }
  assert.equal(server.rows('SELECT id FROM account').length, 1);
});

const HOSTILE_NAMES: readonly (readonly [string, string])[] = [
  ['zero-width space', 'ali\u200bce'],
  ['zero-width joiner', 'ali\u200dce'],
  ['byte order mark', 'ali\ufeffce'],
  ['right-to-left override', 'ali\u202ece'],
  ['isolate', '\u2066alice\u2069'],
  ['right-to-left mark', 'alice\u200f'],
  ['soft hyphen', 'ali\u00adce'],
  ['combining acute accent', 'alice\u0301'],
  ['combining grapheme joiner', 'ali\u034fce'],
  ['variation selector', 'alice\ufe0f'],
  ['tag letters', 'alice\u{e0041}'],
  ['space within', 'ali ce'],
  ['no-break space within', 'ali\u00a0ce'],
  ['line break within', 'ali\nce'],
  ['line separator within', 'ali\u2028ce'],
  ['slash', 'ali/ce'],
  ['angle bracket', '<b>alice'],
  ['emoji', 'alice😀'],
];

for (const [what, username] of HOSTILE_NAMES) {
  test(`J12: a username with a ${what} is refused, at registration and at a change`, async () => {
    await using server = await testServer();
    const key = await server.register('bob');
    const before = server.contents();
    const message = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';
    const made = await server.post('/auth/registration/', { username, password1: PASSWORD, password2: PASSWORD });
    assert.deepEqual(made.body, { username: [message] });
    const changed = await server.ask('/auth/user/', { method: 'PATCH', json: { username }, key });
    assert.deepEqual(changed.body, { username: [message] });
    assert.equal(server.contents(), before);
  });
}

test('J12: a username in another script that only looks the same is another account, as recorded', async () => {
  await using server = await testServer();
  const key = await server.register('paypal');
  const lookalike = await server.register('раураl');
  assert.notEqual(key, lookalike);
  assert.equal(await server.isLive(key), true);
  assert.equal(server.rows('SELECT id FROM account').length, 2);
});

test('F-12: an account that changes its name and one that takes it over are told apart by number', async () => {
  await using server = await testServer();
  const key = await server.register('alice');
  assert.equal((await server.ask('/auth/user/', { method: 'PATCH', json: { username: 'anna' }, key })).status, 200);
  const other = await server.register('alice');
  assert.equal(await server.isLive(key), true);
  assert.equal(await server.isLive(other), true);
  await server.signIn('alice');
  assert.equal(await server.isLive(key), true);
  assert.equal(await server.isLive(other), false);
});
