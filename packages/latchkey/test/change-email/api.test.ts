/** Another address for an account, by the API: confirmed at the new one, told to the old one, taken back from there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import { type TestInstance, testLatchkey } from 'latchkey/testing';
import { Device, PASSWORD } from '../library/device.ts';
import { tokenIn } from '../mail-sign-in/mails.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { registered, signIn as signInByPasskey } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';

const ASK = '/auth/user/email/';
const CONFIRM = '/auth/user/email/confirm/';
const UNDO = '/auth/user/email/undo/';
const OLD = 'ann@example.com';
const NEW = 'ann@new.example';
const DAY_MS = 86_400_000;
const VOID = { key: ['Invalid value'] };
const ASKED = { detail: 'If this address can be used, a mail is on its way to it.' };

type Options = Parameters<typeof testLatchkey>[0];

/** Ann is signed in, and her address is verified; bob's, too. */
function withAnn(work: (instance: TestInstance, ann: Device) => Promise<void>, options: Options = {}) {
  return async () => {
    const instance = await testLatchkey(options);
    try {
      for (const username of ['ann', 'bob']) {
        const email = `${username}@example.com`;
        await instance.auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
      }
      const ann = new Device(instance.auth);
      await ann.signIn();
      await work(instance, ann);
    } finally {
      await instance.close();
    }
  };
}

async function keyTo({ auth, mailbox }: TestInstance, address: string, subject: RegExp): Promise<string> {
  await auth.settle();
  const mail = mailbox.mails.filter((one) => one.to === address && subject.test(one.subject)).at(-1);
  return tokenIn(mail);
}

const keyToNew = (instance: TestInstance, address = NEW) =>
  keyTo(instance, address, /^Confirm your new e-mail address/);
const keyToOld = (instance: TestInstance, address = OLD) => keyTo(instance, address, /was changed$/);
const emailOf = async (device: Device) => (await device.ask('GET', '/auth/user/')).body['email'];

async function change(instance: TestInstance, device: Device, email = NEW): Promise<void> {
  assert.deepEqual((await device.ask('POST', ASK, { email })).body, ASKED);
  const done = await new Device(instance.auth).ask('POST', CONFIRM, { key: await keyToNew(instance, email) });
  assert.deepEqual(done.body, { detail: 'E-mail address has been changed.' });
}

describe('a change of address', () => {
  test(
    'E15: it needs a fresh sign-in, and takes effect when the new address confirms; the old one hears of it before and after',
    withAnn(async (instance, ann) => {
      const { auth, clock, mailbox } = instance;
      clock.advance(11 * 60_000);
      const stale = await ann.ask('POST', ASK, { email: NEW });
      assert.deepEqual([stale.status, stale.reason], [403, 'reauthentication_required']);
      await ann.ask('POST', '/auth/reauthenticate/', { password: PASSWORD });
      assert.deepEqual((await ann.ask('POST', ASK, { email: NEW })).body, ASKED);
      await auth.settle();
      assert.deepEqual(
        mailbox.mails.map(({ to, subject }) => [to, subject]),
        [
          [NEW, 'Confirm your new e-mail address for 127.0.0.1'],
          [OLD, 'Your e-mail address on 127.0.0.1 is to be changed'],
        ],
      );
      assert.equal(await emailOf(ann), OLD);
      const key = await keyToNew(instance);
      for (const path of [`/account/email/confirm/${key}/`, CONFIRM]) await new Device(auth).ask('GET', path);
      assert.equal(await emailOf(ann), OLD, 'E9');
      assert.equal((await new Device(auth).ask('POST', CONFIRM, { key })).status, 200);
      assert.equal(await emailOf(ann), NEW);
      const [account] = await auth.accounts.findByEmail(NEW);
      assert.equal(account?.emailVerified, true);
      assert.notEqual(await keyToOld(instance), '');
      assert.equal(await ann.why(), null);
    }),
  );

  test(
    'A10, E18: an address of somebody else is answered as a free one, and its owner alone hears of it',
    withAnn(async (instance, ann) => {
      const free = await ann.ask('POST', ASK, { email: NEW });
      const taken = await ann.ask('POST', ASK, { email: 'BOB@example.com' });
      assert.deepEqual([taken.status, taken.text], [free.status, free.text]);
      await instance.auth.settle();
      const toBob = instance.mailbox.mails.filter(({ to }) => to === 'bob@example.com');
      assert.deepEqual(
        toBob.map(({ subject }) => subject),
        ['Somebody wanted to use your e-mail address on 127.0.0.1'],
      );
      assert.doesNotMatch(toBob[0]?.text ?? '', /email\/confirm/);
    }),
  );

  test(
    'E1, E2, E7, E16: a link confirms the one address that it was mailed to, once, in its time; a later request takes its place',
    withAnn(async (instance, ann) => {
      const { auth, clock } = instance;
      await ann.ask('POST', ASK, { email: 'first@new.example' });
      const first = await keyToNew(instance, 'first@new.example');
      await ann.ask('POST', ASK, { email: NEW });
      const key = await keyToNew(instance);
      assert.deepEqual((await ann.ask('POST', CONFIRM, { key: first })).body, VOID);
      const uses = Array.from({ length: 20 }, () =>
        new Device(auth).ask('POST', CONFIRM, { key, email: 'x@evil.test' }),
      );
      const all = await Promise.all(uses);
      assert.equal(all.filter(({ status }) => status === 200).length, 1);
      assert.equal(await emailOf(ann), NEW);
      await ann.ask('POST', ASK, { email: 'late@new.example' });
      const late = await keyToNew(instance, 'late@new.example');
      clock.advance(3 * DAY_MS);
      assert.deepEqual((await ann.ask('POST', CONFIRM, { key: late })).body, VOID);
      for (const nothing of ['', 'x', 'a'.repeat(43)]) {
        assert.equal((await ann.ask('POST', CONFIRM, { key: nothing })).status, 400);
      }
    }),
  );

  test(
    'E19: of two accounts that ask for one address, it is one’s',
    withAnn(async (instance, ann) => {
      const { auth, mailbox } = instance;
      const bob = new Device(auth);
      await bob.signIn('bob');
      const keys: string[] = [];
      for (const device of [ann, bob]) {
        mailbox.clear();
        await device.ask('POST', ASK, { email: NEW });
        keys.push(await keyToNew(instance));
      }
      const both = await Promise.all(keys.map((key) => new Device(auth).ask('POST', CONFIRM, { key })));
      assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 400]);
      assert.equal((await auth.accounts.findByEmail(NEW)).length, 1);
      assert.deepEqual([await emailOf(ann), await emailOf(bob)].filter((email) => email === NEW).length, 1);
    }),
  );

  test(
    'E15: who has the old address takes it back: everybody is signed out, the password is void, and a link sets a new one',
    withAnn(async (instance, thief) => {
      const { auth, mailbox, clock } = instance;
      await change(instance, thief);
      const undo = await keyToOld(instance);
      // The thief goes on: another password, another address.
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      assert.equal((await thief.ask('POST', '/auth/password/change/', twice)).status, 200);
      clock.advance(60_000);
      await change(instance, thief, 'thief@evil.example');
      const thiefs = await keyToOld(instance, NEW);
      clock.advance(6 * DAY_MS);
      mailbox.clear();
      const owner = new Device(auth);
      const done = await owner.ask('POST', UNDO, { key: undo });
      assert.deepEqual(done.body, { detail: 'The change of the e-mail address has been taken back.' });
      assert.equal(await thief.why(), 'session_revoked');
      assert.equal((await thief.signIn('ann', 'battery staple 7?')).status, 400);
      assert.deepEqual((await thief.ask('POST', UNDO, { key: thiefs })).body, VOID);
      assert.deepEqual((await owner.ask('POST', UNDO, { key: undo })).body, VOID);
      await auth.settle();
      const [mail, ...others] = mailbox.mails;
      assert.deepEqual([mail?.to, others], [OLD, []]);
      const token = tokenIn(mail);
      const reset = { uid: '1', token, new_password1: 'a third horse 3!', new_password2: 'a third horse 3!' };
      assert.equal((await owner.ask('POST', '/auth/password/reset/confirm/', reset)).status, 200);
      assert.equal((await owner.signIn('ann', 'a third horse 3!')).status, 200);
      assert.equal(await emailOf(owner), OLD);
    }),
  );

  test('E15, P10: with the change goes what the thief has set up: a passkey, a connection and an app', async () => {
    await using provider = await standIn();
    const social = { providers: { acme: { issuer: provider.url, ...CLIENT } } };
    await withAnn(
      async (instance, owner) => {
        const { auth, clock } = instance;
        clock.advance(DAY_MS);
        const thief = new Device(auth);
        await thief.signIn();
        assert.equal(await owner.why(), 'session_displaced');
        const passkey = await registered(thief, new Authenticator());
        const evil = { id_token: provider.idToken({ sub: 'evil-1' }) };
        assert.equal((await thief.ask('POST', '/auth/social/acme/connect/', evil)).status, 200);
        await change(instance, thief);
        const undo = await keyToOld(instance);
        const begun = await thief.ask('GET', '/auth/mfa/totp/activate/');
        const code = codeAt(String(begun.body['secret']), clock());
        const activation = { activation_token: begun.body['activation_token'], code };
        const activated = await thief.ask('POST', '/auth/mfa/totp/activate/', activation);
        assert.equal(activated.status, 200, activated.text);

        assert.equal((await owner.ask('POST', UNDO, { key: undo })).status, 200);
        assert.equal(await thief.why(), 'session_revoked');
        assert.equal((await signInByPasskey(new Device(auth), passkey)).status, 400);
        await new Device(auth).ask('POST', '/auth/social/acme/', evil);
        assert.equal((await auth.accounts.findByEmail(OLD))[0]?.id, 1);
        assert.equal((await auth.sessions.list(1)).length, 0, 'the other provider leads to an account of their own');
        const token = await keyTo(instance, OLD, /^Choose a new password/);
        const reset = { uid: '1', token, new_password1: 'a third horse 3!', new_password2: 'a third horse 3!' };
        assert.equal((await owner.ask('POST', '/auth/password/reset/confirm/', reset)).status, 200);
        const back = await owner.signIn('ann', 'a third horse 3!');
        assert.equal(back.status, 200, back.text);
        assert.equal(await owner.why(), null, 'no app of somebody else’s is asked about');
      },
      { social },
    )();
  });

  test('P9: a host hears of both, and of no link', async () => {
    const told: string[] = [];
    const onEvent = (event: LatchkeyEvent) => void told.push(JSON.stringify(event));
    let undo = '';
    await withAnn(
      async (instance, ann) => {
        await change(instance, ann);
        undo = await keyToOld(instance);
        assert.equal((await ann.ask('POST', UNDO, { key: undo })).status, 200);
        await instance.auth.settle();
      },
      { onEvent },
    )();
    const types = told.map((text) => String((JSON.parse(text) as { readonly type: string }).type));
    assert.deepEqual(types, ['registered', 'registered', 'signed_in', 'email_changed', 'email_change_undone']);
    assert.ok(undo !== '' && told.every((text) => !text.includes(undo)));
  });

  test(
    'E2: it is taken back within seven days',
    withAnn(async (instance, ann) => {
      await change(instance, ann);
      const key = await keyToOld(instance);
      instance.clock.advance(7 * DAY_MS);
      assert.deepEqual((await new Device(instance.auth).ask('POST', UNDO, { key })).body, VOID);
    }),
  );

  test(
    'E17: a password change drops what is pending',
    withAnn(async (instance, ann) => {
      await ann.ask('POST', ASK, { email: NEW });
      const key = await keyToNew(instance);
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      await ann.ask('POST', '/auth/password/change/', twice);
      assert.deepEqual((await ann.ask('POST', CONFIRM, { key })).body, VOID);
      assert.equal(await emailOf(ann), OLD);
    }),
  );

  test(
    'B9: the old address is not flooded, and neither is the new one',
    withAnn(
      async (instance, ann) => {
        const statuses: number[] = [];
        for (let times = 0; times < 11; times++) statuses.push((await ann.ask('POST', ASK, { email: NEW })).status);
        assert.deepEqual(statuses.slice(9), [200, 429]);
        await instance.auth.settle();
        assert.equal(instance.mailbox.mails.filter(({ to }) => to === NEW).length, 5);
      },
      { rateLimits: 'on' },
    ),
  );

  test(
    'E12: what is no address, or two of them, is refused',
    withAnn(async (instance, ann) => {
      for (const email of ['', 'x', 'a@x.test,b@y.test', 'a@x.test\nBcc: b@y.test', ['a@x.test'], { $ne: '' }, null]) {
        assert.equal((await ann.ask('POST', ASK, { email })).status, 400, JSON.stringify(email));
      }
      await instance.auth.settle();
      assert.deepEqual(instance.mailbox.mails, []);
    }),
  );

  test(
    'E15: an address that was never verified gets no link to take anything back',
    withAnn(async (instance) => {
      const { auth, mailbox } = instance;
      await auth.accounts.create({ username: 'eve', email: 'typo@example.com', password: PASSWORD });
      const eve = new Device(auth);
      await eve.signIn('eve');
      await change(instance, eve, 'eve@new.example');
      await auth.settle();
      assert.ok(mailbox.mails.every(({ to, text }) => to !== 'typo@example.com' || !text.includes('/undo/')));
    }),
  );
});
