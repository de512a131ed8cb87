/** What every store must do with accounts as they are made, found and changed: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { firstGate } from '../../model/account.ts';
import { address, atOnce, type Cases, link, makeAccount, newAccount, secret } from './world.ts';

export const accountCases: Cases = {
  async 'an account is found by its number, its username and its address'({ store }) {
    const { account } = await makeAccount(store, { username: 'Ann', usernameKey: 'ann', email: address('Ann@x.test') });
    for (const found of [
      await store.accounts.find(account.id),
      await store.accounts.findByUsername('ann'),
      (await store.accounts.findByEmail('ann@x.test'))[0],
    ]) {
      assert.equal(found?.account.username, 'Ann');
      assert.equal(found?.account.email, 'Ann@x.test');
      assert.deepEqual(found?.gate, firstGate(account.id, []));
    }
    assert.equal(await store.accounts.find(account.id + 1000), null);
    assert.equal(await store.accounts.findByUsername('nobody'), null);
    assert.deepEqual(await store.accounts.findByEmail('nobody@x.test'), []);
  },

  async 'of fifty accounts made at once with one username, one is made'(world) {
    const outcomes = await atOnce(world, 50, (store) => store.accounts.create(newAccount({ usernameKey: 'one' })));
    assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'username_taken').length, 49);
  },

  async 'an account is made wholly or not at all'({ store }) {
    const { account } = await makeAccount(store, { username: 'x', usernameKey: 'x' });
    const verification = link({ purpose: 'verify-email', hash: secret(7), data: 'b@x.test' });
    const outbox = [{ topic: 'mail', payload: secret(5) }] as const;
    const refused = await store.accounts.create(
      newAccount({ usernameKey: 'x', email: address('b@x.test'), link: verification, outbox }),
    );
    assert.equal(refused.kind, 'username_taken');
    assert.deepEqual(await store.accounts.findByEmail('b@x.test'), []);
    assert.deepEqual(await store.outbox.page(10), []);
    assert.equal(await store.accounts.verifyEmail(secret(7)), null);
    assert.equal((await store.accounts.find(account.id))?.account.username, 'x');
  },

  async 'an invitation opens one sign-up, however many come with it at once'(world) {
    const invitation = link({ purpose: 'invitation', hash: secret(4), data: '{}' });
    await world.store.once.put(invitation);
    assert.equal(await world.store.once.peek(invitation), '{}');
    const outcomes = await atOnce(world, 20, (store) =>
      store.accounts.create(newAccount({ invitation: invitation.hash })),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'invitation_void').length, 19);
    assert.equal(await world.store.once.peek(invitation), null);
  },

  async 'an account is made with its credentials or not at all; of several at once with one of them one is'(world) {
    const { store } = world;
    const social = (of: number) =>
      ({ id: `social-${of}`, kind: 'social', label: 'a@x.test', data: secret(of) }) as const;
    const given = { password: null, credentials: [social(1), social(2)] };
    const { account } = await makeAccount(store, given);
    const { credentials } = await store.credentials.list(account.id);
    assert.deepEqual(credentials.map(({ id }) => id).sort(), ['social-1', 'social-2']);
    assert.deepEqual(credentials[0]?.createdAt, world.clock());
    const taken = newAccount({ credentials: [social(3), social(2)], email: address('taken@x.test') });
    assert.deepEqual(await store.accounts.create(taken), { kind: 'credential_taken' });
    assert.equal(await store.accounts.findByUsername(taken.usernameKey), null);
    assert.equal(await store.credentials.find('social-3'), null);
    assert.deepEqual(await store.accounts.findByEmail('taken@x.test'), []);
    const made = await atOnce(world, 6, (other) =>
      // Who comes while another is at it may be told to try again, as by any store that is busy.
      other.accounts.create(newAccount({ credentials: [social(4)] })).catch(() => null),
    );
    assert.equal(made.filter((one) => one?.kind === 'created').length, 1);
  },

  async 'a profile change that takes a taken name changes nothing at all'({ store }) {
    const { account } = await makeAccount(store, { username: 'me', usernameKey: 'me' });
    await makeAccount(store, { username: 'you', usernameKey: 'you' });
    const taken = await store.accounts.updateProfile({
      id: account.id,
      by: null,
      username: { name: 'You', key: 'you' },
      firstName: 'F',
    });
    assert.equal(taken, 'username_taken');
    assert.equal((await store.accounts.find(account.id))?.account.firstName, '');
    const changed = await store.accounts.updateProfile({
      id: account.id,
      by: null,
      username: { name: 'ME', key: 'me' },
      profile: { from: {}, to: { a: [1] } },
    });
    assert.ok(typeof changed === 'object' && changed !== null && 'account' in changed);
    assert.equal(changed.account.username, 'ME');
    assert.deepEqual(changed.account.profile, { a: [1] });
    assert.equal(await store.accounts.updateProfile({ id: account.id + 1000, by: null }), null);
  },

  async 'of two changes of extra fields made from the same ones, the second is told so and changes nothing'({ store }) {
    const { account } = await makeAccount(store);
    const { id } = account;
    await store.accounts.updateProfile({ id, by: null, profile: { from: account.profile, to: { b: 1, 2: 'x' } } });
    const late = { id, by: null, firstName: 'F', profile: { from: account.profile, to: { c: 1 } } };
    assert.equal(await store.accounts.updateProfile(late), 'profile_moved');
    const found = (await store.accounts.find(id))?.account;
    assert.deepEqual([found?.firstName, found?.profile], ['', { b: 1, 2: 'x' }]);
    const again = { ...late, profile: { from: found?.profile ?? {}, to: { c: 1 } } };
    assert.equal(typeof (await store.accounts.updateProfile(again)), 'object');
  },
};
