/** Whose account somebody comes into: their own, and never one that was made to be found. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import { memberOf, OTHER_PASSWORD, PASSWORD, type TestServer } from '../http/serving.ts';
import { codeAt } from '../second-step/app.ts';
import { opened } from './opened.ts';
import type { Claims, StandIn } from './stand-in.ts';

const EMAIL = 'vic@example.com';
const PROVEN = { sub: 'vic-1', email: EMAIL, email_verified: true };

type Open = { readonly server: TestServer; readonly provider: StandIn };

/** Signs in by an ID token; which account that came to. */
async function signIn({ server, provider }: Open, claims: Claims, name = 'acme') {
  const { status, body } = await server.post(`/auth/social/${name}/`, { id_token: provider.idToken(claims) });
  const key = memberOf(body, 'key');
  const who = key === '' ? null : (await server.ask('/auth/user/', { key })).body;
  return { status, body, key, id: Number(Reflect.get(Object(who), 'pk')), who };
}

/** Somebody signs up with an address that is not theirs. */
async function preRegister(server: TestServer): Promise<string> {
  return await server.register('mallory', { email: EMAIL });
}

const EVIL = { sub: 'evil-1' };

/** The same, with an account of theirs connected and an app set up. */
async function plantedWithAll({ server, provider }: Open): Promise<{ readonly key: string }> {
  const key = await preRegister(server);
  const connected = await server.post('/auth/social/acme/connect/', { id_token: provider.idToken(EVIL) }, { key });
  assert.equal(connected.status, 200, connected.text);
  await setUpApp(server, key);
  return { key };
}

/** Whoever has this session sets an app up; its secret. */
async function setUpApp(server: TestServer, key: string): Promise<string> {
  const begun = await server.ask('/auth/mfa/totp/activate/', { key });
  const secret = memberOf(begun.body, 'secret');
  const code = codeAt(secret, server.clock());
  const activation = { activation_token: memberOf(begun.body, 'activation_token'), code };
  const activated = await server.post('/auth/mfa/totp/activate/', activation, { key });
  assert.equal(activated.status, 200, activated.text);
  return secret;
}

/** The address's owner chooses a password by a mailed link. */
async function chooseByReset(server: TestServer): Promise<void> {
  const { uid, token } = await server.resetLink(EMAIL);
  const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
  const reset = await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords });
  assert.equal(reset.status, 200, reset.text);
}

/** What the newest link to choose a password carries that was mailed to the address. */
async function resetIn(server: TestServer): Promise<readonly string[]> {
  const mail = (await server.mailsTo(EMAIL)).findLast(({ subject }) => subject.startsWith('Choose a new password'));
  return new URL(linkIn(mail)).pathname.split('/').slice(-3);
}

describe('whose account it is', () => {
  test('F9: issuer and subject say it; another address, another name change nothing', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const first = await signIn(open, PROVEN);
    const moved = await signIn(open, { ...PROVEN, email: 'new@example.com', preferred_username: 'mallory' });
    assert.equal(moved.id, first.id);
    const [account] = await server.auth.accounts.list();
    assert.equal(account?.email, EMAIL, 'what is kept stays');
    const other = await signIn(open, { ...PROVEN, sub: 'VIC-1', email: undefined });
    assert.notEqual(other.id, first.id, 'a subject is compared letter by letter');
    assert.equal((await server.auth.accounts.list()).length, 2);
    assert.equal(provider.askedAt('/jwks').length, 1);
  });

  test('F10: one subject at two issuers is two, one issuer under two names is one', async () => {
    await using open = await opened();
    const { server, provider, other } = open;
    const first = await signIn(open, { sub: 's' });
    const second = await signIn({ server, provider: other }, { sub: 's' }, 'other');
    assert.notEqual(first.id, second.id);
    const { testServer } = await import('../http/serving.ts');
    const providers = Object.fromEntries(
      ['one', 'two'].map((name) => [name, { issuer: provider.url, clientId: 'client-1', clientSecret: 'secret-1' }]),
    );
    await using aliased = await testServer({ social: { providers } });
    const [a, b] = [
      await signIn({ server: aliased, provider }, { sub: 's' }, 'one'),
      await signIn({ server: aliased, provider }, { sub: 's' }, 'two'),
    ];
    assert.equal(a.id, b.id);
  });

  test('an address that both have verified leads in, once, and its owner is told', async () => {
    await using open = await opened();
    const { server } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    const { id } = await server.auth.accounts.create(owner);
    assert.equal((await signIn(open, { ...PROVEN, email: 'VIC@Example.com' })).id, id);
    assert.equal((await signIn(open, PROVEN)).id, id);
    const mails = await server.mailsTo(EMAIL);
    assert.deepEqual(
      mails.map(({ subject }) => subject),
      ['Acme was connected to your account on 127.0.0.1', 'A new device signed in to 127.0.0.1'],
    );
    const listed = await server.ask('/auth/social/accounts/', { key: await server.signIn('vic') });
    assert.equal((listed.body as readonly unknown[]).length, 1);
  });

  test('F-17: half a sign-in connects nothing and tells nobody; the other half does both, once', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    const { id } = await server.auth.accounts.create(owner);
    const app = await setUpApp(server, await server.signIn('vic'));
    server.clock.advance(30_000);
    const mails = (await server.mailsTo(EMAIL)).length;
    const before = server.rows('SELECT * FROM credential');
    const halves: string[] = [];
    for (let times = 0; times < 2; times++) {
      const half = await server.post('/auth/social/acme/', { id_token: provider.idToken(PROVEN) });
      halves.push(memberOf(half.body, 'ephemeral_token'));
    }
    assert.deepEqual(server.rows('SELECT * FROM credential'), before);
    assert.equal((await server.mailsTo(EMAIL)).length, mails);
    for (const ticket of halves) {
      const shown = { ephemeral_token: ticket, code: codeAt(app, server.clock()) };
      assert.equal((await server.post('/auth/mfa/verify/', shown)).status, 200);
      server.clock.advance(30_000);
    }
    const social = server.rows("SELECT account_id FROM credential WHERE kind = 'social'");
    assert.deepEqual(
      social.map(({ account_id: of }) => of),
      [id],
    );
    const subjects = (await server.mailsTo(EMAIL)).slice(mails).map(({ subject }) => subject);
    assert.equal(subjects[0], 'Acme was connected to your account on 127.0.0.1');
  });

  test('F-17: what somebody else took meanwhile, and what was voided, is not connected by the other half', async () => {
    await using open = await opened();
    const { server, provider } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    await server.auth.accounts.create(owner);
    const app = await setUpApp(server, await server.signIn('vic'));
    server.clock.advance(30_000);
    const half = async (claims: Claims): Promise<string> => {
      const { body } = await server.post('/auth/social/acme/', { id_token: provider.idToken(claims) });
      return memberOf(body, 'ephemeral_token');
    };
    const taken = await half(PROVEN);
    const other = await server.register('bob');
    await server.post('/auth/social/acme/connect/', { id_token: provider.idToken(PROVEN) }, { key: other });
    const code = codeAt(app, server.clock());
    assert.equal((await server.post('/auth/mfa/verify/', { ephemeral_token: taken, code })).status, 400);
    server.clock.advance(30_000);
    const voided = await half({ ...PROVEN, sub: 'vic-2' });
    await chooseByReset(server);
    const late = { ephemeral_token: voided, code: codeAt(app, server.clock()) };
    assert.equal((await server.post('/auth/mfa/verify/', late)).status, 400);
    assert.equal(server.rows("SELECT id FROM credential WHERE kind = 'social'").length, 1, 'bob’s alone');
  });

  test('A8: where addresses do not link, whoever showed it as theirs is told that it is known', async () => {
    await using open = await opened({ linkByEmail: false });
    const { server } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    await server.auth.accounts.create(owner);
    const { body, status } = await signIn(open, PROVEN);
    assert.equal(status, 400);
    assert.deepEqual(body, { non_field_errors: ['User is already registered with this e-mail address.'] });
    const unshown = await signIn(open, { ...PROVEN, email_verified: false });
    assert.equal(unshown.status, 200, 'whoever did not is not');
  });

  for (const verified of [false, undefined, null, 'false', 'true', 1, 'yes', {}, [true]]) {
    test(`F6: email_verified ${JSON.stringify(verified)} links nothing and verifies nothing`, async () => {
      await using open = await opened();
      const { server } = open;
      const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
      const { id } = await server.auth.accounts.create(owner);
      const came = await signIn(open, { ...PROVEN, email_verified: verified });
      assert.notEqual(came.id, id);
      const made = await server.auth.accounts.find(came.id);
      assert.equal(made?.emailVerified, false);
      const [mail] = await server.mailsTo(EMAIL);
      assert.match(
        mail?.subject ?? '',
        /already have an account/,
        'its owner hears of it, and gets no link to verify it',
      );
    });
  }

  test('F6: an address that is not believed from this provider links nothing', async () => {
    await using open = await opened({ acme: { trustEmail: false } });
    const { server } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    const { id } = await server.auth.accounts.create(owner);
    assert.notEqual((await signIn(open, PROVEN)).id, id);
  });

  test('a suspended account stays shut, by its address too', async () => {
    await using open = await opened();
    const { server } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    const { id } = await server.auth.accounts.create(owner);
    await server.auth.accounts.suspend(id);
    const refused = await signIn(open, PROVEN);
    assert.deepEqual(
      [refused.status, refused.body],
      [400, { non_field_errors: ['Unable to log in with provided credentials.'] }],
    );
    await server.auth.accounts.reactivate(id);
    assert.equal((await signIn(open, PROVEN)).id, id);
    await server.auth.accounts.suspend(id);
    assert.equal((await signIn(open, PROVEN)).status, 400);
  });
});

describe('F8: whoever was there before with the address has nothing after', () => {
  test('F7: classic merge: a planted account is not entered, and its maker sees nothing of the owner', async () => {
    await using open = await opened();
    const { server } = open;
    const planted = await preRegister(server);
    const victim = await signIn(open, PROVEN);
    assert.equal(victim.status, 200);
    const accounts = await server.auth.accounts.list();
    assert.deepEqual(
      accounts.map(({ username, emailVerified }) => [username, emailVerified]),
      [
        ['mallory', false],
        ['vic', true],
      ],
    );
    assert.equal(memberOf((await server.ask('/auth/user/', { key: planted })).body, 'username'), 'mallory');
    assert.deepEqual(
      (await server.auth.accounts.findByEmail(EMAIL)).map(({ username }) => username),
      ['vic'],
    );
  });

  test('unexpired session: the session of a planted account is of that account, and stays there', async () => {
    await using open = await opened({ sessions: { limit: 9 } });
    const { server } = open;
    const planted = await preRegister(server);
    const victim = await signIn(open, PROVEN);
    const { id: plantedId } = await server.auth.accounts.findByUsername('mallory').then((one) => one ?? assert.fail());
    assert.notEqual(victim.id, plantedId);
    assert.deepEqual(
      (await server.auth.sessions.list(victim.id)).map(({ method }) => method),
      ['social'],
    );
    assert.equal(await server.isLive(planted), true);
  });

  test('trojan identifier: an account connected to a planted one is out with the owner’s password reset, and so is an app', async () => {
    await using open = await opened();
    const { server } = open;
    const planted = await plantedWithAll(open);
    assert.equal(
      memberOf((await signIn(open, EVIL)).body, 'ephemeral_token') === '',
      false,
      'it leads in as far as the app',
    );
    await chooseByReset(server);
    const { id } = await server.auth.accounts.findByUsername('mallory').then((one) => one ?? assert.fail());
    assert.notEqual((await signIn(open, EVIL)).id, id, 'it is an account of their own now');
    assert.equal(await server.isLive(planted.key), false);
    // No app of somebody else’s keeps the owner out.
    assert.equal(await server.isLive(await server.signIn('mallory', {}, OTHER_PASSWORD)), true);
  });

  for (const [how, path, accounts] of [
    ['by mail sign-in', '/auth/magic-link/', { signInByMail: true }],
    ['by a verification mail that its owner asks for', '/auth/registration/resend-email/', {}],
  ] as const) {
    test(`F7: ${how}: what was planted is gone once the owner proves the address, and their provider leads in`, async () => {
      await using open = await opened({ accounts, sessions: { limit: 9 } });
      const { server } = open;
      const planted = await plantedWithAll(open);
      await server.post('/auth/user/email/', { email: 'evil@example.com' }, { key: planted.key });
      const pending = await server.verifyKey('evil@example.com');
      assert.equal((await server.post(path, { email: EMAIL })).status, 200);
      const mail = (await server.mailsTo(EMAIL)).at(-1);
      assert.match(mail?.text ?? '', /password stops working/);
      const key = await server.verifyKey(EMAIL);
      assert.equal((await server.ask(`/verify-email/${key}/`)).status, 303, 'looking changes nothing');
      assert.equal(await server.isLive(planted.key), true);
      assert.equal((await server.post('/auth/registration/verify-email/', { key })).status, 200);
      assert.equal((await server.post('/auth/registration/verify-email/', { key })).status, 404, 'E1: once');

      assert.equal(await server.isLive(planted.key), false);
      const known = { username: 'mallory', password: PASSWORD };
      assert.equal((await server.post('/auth/login/', known)).status, 400);
      const { id } = await server.auth.accounts.findByUsername('mallory').then((one) => one ?? assert.fail());
      assert.notEqual((await signIn(open, EVIL)).id, id);
      // Unexpired e-mail change.
      assert.equal((await server.post('/auth/user/email/confirm/', { key: pending })).status, 400);
      const owner = await signIn(open, PROVEN);
      assert.deepEqual([owner.status, owner.id], [200, id]);
      assert.equal((await server.auth.accounts.find(id))?.email, EMAIL);
      assert.deepEqual(
        (await server.auth.sessions.list(id)).map(({ method }) => method),
        ['social'],
      );
      // The link that came with it sets their password, and nothing asks for an app.
      const [uid = '', token = ''] = await resetIn(server);
      const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
      assert.equal((await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords })).status, 200);
      assert.equal(await server.isLive(await server.signIn('mallory', {}, OTHER_PASSWORD)), true);
    });
  }

  test('a link that a session of the account asks for, and the one of the sign-up, take nothing away', async () => {
    await using open = await opened();
    const { server } = open;
    const key = await preRegister(server);
    const first = await server.verifyKey(EMAIL);
    await server.post('/auth/registration/resend-email/', { email: EMAIL }, { key });
    const again = await server.verifyKey(EMAIL);
    await server.post('/auth/registration/resend-email/', { email: EMAIL });
    const claim = await server.verifyKey(EMAIL);
    assert.equal((await server.post('/auth/registration/verify-email/', { key: again })).status, 200);
    for (const late of [first, claim]) {
      assert.equal((await server.post('/auth/registration/verify-email/', { key: late })).status, 404);
    }
    assert.equal(await server.isLive(key), true);
    assert.equal(await server.isLive(await server.signIn('mallory')), true);
  });

  test('unexpired e-mail change: what was asked for before the owner’s reset changes nothing after it', async () => {
    await using open = await opened();
    const { server } = open;
    const planted = await preRegister(server);
    await server.post('/auth/user/email/', { email: 'evil@example.com' }, { key: planted });
    const pending = await server.verifyKey('evil@example.com');
    await chooseByReset(server);
    assert.equal((await server.post('/auth/user/email/confirm/', { key: pending })).status, 400);
    const [account] = await server.auth.accounts.list();
    assert.equal(account?.email, EMAIL);
  });

  test('a verified owner keeps what they connected when they reset their password', async () => {
    await using open = await opened();
    const { server } = open;
    const { id } = await signIn(open, PROVEN);
    const { uid, token } = await server.resetLink(EMAIL);
    const passwords = { new_password1: OTHER_PASSWORD, new_password2: OTHER_PASSWORD };
    await server.post('/auth/password/reset/confirm/', { uid, token, ...passwords });
    assert.equal((await signIn(open, PROVEN)).id, id);
  });

  test('non-verifying provider: an address that it merely repeats opens nothing to whoever says it', async () => {
    await using open = await opened();
    const { server } = open;
    const attacker = await signIn(open, { sub: 'evil-1', email: EMAIL, email_verified: false });
    const victim = await signIn(open, PROVEN);
    assert.notEqual(attacker.id, victim.id);
    assert.deepEqual(
      (await server.auth.accounts.findByEmail(EMAIL)).map(({ id }) => id),
      [victim.id],
    );
    assert.equal((await signIn(open, { sub: 'evil-1', email: EMAIL, email_verified: false })).id, attacker.id);
  });
});

describe('what a new account is made of', () => {
  test('a name that is free, from what there is', async () => {
    await using open = await opened();
    const { server } = open;
    await server.register('ann');
    const names: string[] = [];
    for (const claims of [
      { sub: '1', preferred_username: 'ann' },
      { sub: '2', email: 'bob@example.com' },
      { sub: '3', given_name: 'Zoë', family_name: 'O’Hara' },
      { sub: '4' },
      { sub: '5', preferred_username: '<script>alert(1)</script>' },
      { sub: '6', preferred_username: 'x'.repeat(400) },
      { sub: '7', preferred_username: '../../etc' },
    ]) {
      names.push(memberOf((await signIn(open, claims)).who, 'username'));
    }
    assert.match(names[0] ?? '', /^ann-[0-9a-z]{3}$/);
    assert.deepEqual(names.slice(1, 5), ['bob', 'Zoë.OHara', 'user', 'scriptalert1script']);
    assert.equal(names[5]?.length, 60);
    assert.equal(names[6], 'etc');
  });

  test('E13, E14: an address that mail cannot be sent to is none', async () => {
    await using open = await opened();
    for (const [at, email] of ['"e@evil.example"@example.com', 'a@b@c.example', 'x', 5, {}, 'a@127.0.0.1'].entries()) {
      const { id } = await signIn(open, { sub: `s-${at}`, email, email_verified: true });
      assert.equal((await open.server.auth.accounts.find(id))?.email, '');
    }
  });

  test('mandatory verification: an address that is not shown is mailed a link, and nobody is in before that', async () => {
    await using open = await opened({ accounts: { emailVerification: 'mandatory' } });
    const { server } = open;
    const unshown = { ...PROVEN, email_verified: false };
    const first = await signIn(open, unshown);
    assert.deepEqual([first.status, first.body], [201, { detail: 'Verification e-mail sent.' }]);
    assert.deepEqual((await signIn(open, unshown)).body, { non_field_errors: ['E-mail is not verified.'] });
    await server.post('/auth/registration/verify-email/', { key: await server.verifyKey(EMAIL) });
    assert.equal((await signIn(open, unshown)).status, 200);
    const none = await signIn(open, { sub: 'none' });
    assert.deepEqual(none.body, {
      non_field_errors: ['The provider does not tell an e-mail address, and one is needed here.'],
    });
    assert.equal((await signIn(open, { ...PROVEN, sub: 'shown', email: 'w@example.com' })).status, 200);
  });

  test('A2: with mandatory verification whoever names somebody’s address gets the same answer, and the owner a mail', async () => {
    await using open = await opened({ accounts: { emailVerification: 'mandatory' } });
    const { server } = open;
    const owner = { username: 'vic', email: EMAIL, emailVerified: true, password: PASSWORD };
    await server.auth.accounts.create(owner);
    const taken = await signIn(open, { ...PROVEN, email_verified: false });
    const free = await signIn(open, { ...PROVEN, sub: 'f', email: 'free@example.com', email_verified: false });
    assert.deepEqual([taken.status, taken.body], [free.status, free.body]);
    assert.match((await server.mailsTo(EMAIL))[0]?.subject ?? '', /already have an account/);
  });

  test('a host’s hook may refuse it', async () => {
    const beforeRegistration = ({ email }: { readonly email: string }) =>
      email.endsWith('@example.com') ? { email: ['Not from there.'] } : null;
    await using open = await opened({ hooks: { beforeRegistration } });
    const { status, body } = await signIn(open, PROVEN);
    assert.deepEqual([status, body], [400, { email: ['Not from there.'] }]);
    assert.equal((await open.server.auth.accounts.list()).length, 0);
  });
});
