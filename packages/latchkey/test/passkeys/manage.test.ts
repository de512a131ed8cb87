/** What an account's owner does with the passkeys that it has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Device, PASSWORD, withAnn } from '../library/device.ts';
import { Authenticator } from './authenticator.ts';
import { registered, signIn, UNKNOWN } from './ceremonies.ts';

const pathOf = ({ credentialId }: Authenticator): string => `/auth/passkeys/${credentialId}/`;

describe('the passkeys of an account', () => {
  test(
    'are among what is kept about it, by their names and times',
    withAnn({}, async ({ auth }) => {
      const device = new Device(auth);
      await device.signIn();
      await registered(device, new Authenticator(), 'Phone');
      const { credentials } = (await device.ask('GET', '/auth/user/export/')).body;
      const [{ created_at: createdAt, ...rest } = {}] = credentials as readonly Readonly<Record<string, unknown>>[];
      assert.match(String(createdAt), /^\d{4}-/);
      assert.deepEqual(rest, { kind: 'passkey', name: 'Phone', last_used_at: null });
    }),
  );

  test(
    'are listed, the newest first, named anew, and found by their id',
    withAnn({}, async ({ auth, clock }) => {
      const device = new Device(auth);
      await device.signIn();
      const old = await registered(device, new Authenticator(), 'Old');
      clock.advance(1000);
      const young = await registered(device, new Authenticator(), 'Young');
      clock.advance(1000);
      await signIn(device, old);
      const names = async () => {
        const { text } = await device.ask('GET', '/auth/passkeys/');
        return (JSON.parse(text) as readonly { readonly name: string; readonly last_used_at: string | null }[]).map(
          ({ name, last_used_at }) => [name, last_used_at !== null],
        );
      };
      assert.deepEqual(await names(), [
        ['Young', false],
        ['Old', true],
      ]);
      const renamed = await device.ask('PATCH', pathOf(old), { name: '  Desk  ' });
      assert.deepEqual([renamed.status, renamed.body['name']], [200, 'Desk']);
      assert.deepEqual((await device.ask('PATCH', pathOf(old), { name: '' })).body, {
        name: ['This field may not be blank.'],
      });
      assert.deepEqual((await device.ask('PATCH', pathOf(old), { name: 'x'.repeat(101) })).body, {
        name: ['Ensure this field has no more than 100 characters.'],
      });
      assert.equal((await device.ask('GET', pathOf(old))).body['name'], 'Desk');
      assert.equal((await device.ask('GET', pathOf(young))).body['id'], young.credentialId);
    }),
  );

  test(
    'are removed: the passkey is none any more, other devices are signed out, and its owner hears of it',
    withAnn({ sessions: { limit: 9 } }, async ({ auth, mailbox }) => {
      const [device, other] = [new Device(auth), new Device(auth)];
      await device.signIn();
      const authenticator = await registered(device, new Authenticator());
      assert.equal((await signIn(other, authenticator)).status, 200);
      const removed = await device.ask('DELETE', pathOf(authenticator));
      assert.deepEqual([removed.status, removed.text], [204, '']);
      assert.equal(await device.why(), null);
      assert.equal(await other.why(), 'session_revoked');
      assert.deepEqual((await signIn(new Device(auth), authenticator)).body, UNKNOWN);
      assert.equal((await device.ask('DELETE', pathOf(authenticator))).status, 404);
      await auth.settle();
      assert.match(mailbox.mails.at(-1)?.subject ?? '', /passkey was removed/);
    }),
  );

  test(
    'H9: a session that is not fresh removes none',
    withAnn({}, async ({ auth, clock }) => {
      const device = new Device(auth);
      await device.signIn();
      const authenticator = await registered(device, new Authenticator());
      clock.advance(10 * 60_000 + 1);
      const refused = await device.ask('DELETE', pathOf(authenticator));
      assert.deepEqual([refused.status, refused.reason], [403, 'reauthentication_required']);
      await signIn(device, authenticator);
      assert.equal((await device.ask('DELETE', pathOf(authenticator))).status, 204, 'a passkey makes it fresh');
    }),
  );

  test(
    'H19: somebody else’s are as little there as nobody’s, and stay as they are',
    withAnn({}, async ({ auth, clock }) => {
      const ann = new Device(auth);
      await ann.signIn();
      const authenticator = await registered(ann, new Authenticator(), 'Hers');
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      const nobodys = new Authenticator();
      for (const [method, body] of [['GET'], ['PATCH', { name: 'Mine' }], ['DELETE']] as const) {
        const [hers, none] = await Promise.all(
          [authenticator, nobodys].map((one) => bob.ask(method, pathOf(one), body)),
        );
        assert.equal(hers?.status, 404, method);
        assert.equal(hers?.text, none?.text, method);
      }
      clock.advance(10 * 60_000 + 1);
      assert.equal((await bob.ask('DELETE', pathOf(authenticator))).status, 404, 'whatever else would be said');
      assert.equal((await ann.ask('GET', pathOf(authenticator))).body['name'], 'Hers');
    }),
  );

  test(
    'the last way in is kept: 400, and never a fault; of two that go at once, one stays',
    withAnn({}, async ({ auth }) => {
      const { id } = await auth.accounts.create({ username: 'eve', email: 'eve@example.com' });
      const device = new Device(auth);
      device.key = 'e'.repeat(40);
      assert.ok((await auth.sessions.importKey(id, device.key, { isFresh: true })) !== null);
      const both = [await registered(device, new Authenticator()), await registered(device, new Authenticator())];
      const answers = await Promise.all(both.map((one) => device.ask('DELETE', pathOf(one))));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 400]);
      const refused = answers.find(({ status }) => status === 400);
      assert.equal(refused?.reason, 'last_way_in');
      assert.deepEqual(refused?.body, {
        detail: 'This is the only way into the account. Set a password first.',
        code: 'last_way_in',
      });
      const change = { new_password1: PASSWORD, new_password2: PASSWORD };
      assert.equal((await device.ask('POST', '/auth/password/change/', change)).status, 200);
      const [left] = JSON.parse((await device.ask('GET', '/auth/passkeys/')).text) as readonly {
        readonly id: string;
      }[];
      assert.equal(
        (await device.ask('DELETE', `/auth/passkeys/${left?.id}/`)).status,
        204,
        'with a password, all may go',
      );
    }),
  );
});
