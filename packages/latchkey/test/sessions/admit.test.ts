/** The door: what a client says of itself is what its session and the account's history say of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showPassword } from '../../src/credentials/password.ts';
import { UNKNOWN_DEVICE } from '../../src/model/device.ts';
import { admit, type Caller } from '../../src/sessions/admit.ts';
import { openTest } from '../../src/testing/instance.ts';

const PASSWORD = 'correct horse 9!';

test('M16: a session is opened by the client and bound to the key that came with the proof', async () => {
  const { auth, assembled } = await openTest({});
  const { parts } = assembled;
  try {
    const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
    const record = (await parts.store.accounts.find(id)) ?? assert.fail();
    const shown = await showPassword(parts.hasher, record, PASSWORD, { isStripped: true });
    assert.ok(shown.kind === 'right');
    const binding = { kind: 'dpop', thumbprint: 'of its key' } as const;
    const caller: Caller = {
      ...{ device: UNKNOWN_DEVICE, deviceTokens: null, client: 'app', binding },
      place: async () => ({ name: 'Graz', coordinates: { latitude: 47.1, longitude: 15.4 } }),
      network: (accountId) => `network of ${accountId}`,
    };
    const opened = await admit(parts, shown.proof, caller);
    assert.ok(opened.kind === 'opened');
    const who = await auth.authenticate({ authorization: `Token ${opened.token}` });
    const { client, binding: bound, place } = who.signedIn ? who.session : assert.fail(who.code);
    assert.deepEqual([client, bound, place], ['app', binding, 'Graz']);
    const [entry] = await parts.store.history.page({ accountId: id, before: null, limit: 1 });
    const { network, lat, lon, client: told, device_id } = entry?.data ?? assert.fail();
    assert.deepEqual([network, lat, lon, told], [`network of ${id}`, 47.1, 15.4, 'app']);
    assert.equal(device_id, opened.session.device.id);
  } finally {
    await auth.close();
  }
});
