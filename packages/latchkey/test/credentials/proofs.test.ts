import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isGenuine, type Proof, prove } from '../../src/credentials/proof.ts';
import { firstGate } from '../../src/model/account.ts';
import { UNKNOWN_DEVICE } from '../../src/model/device.ts';
import { NOWHERE } from '../../src/model/place.ts';
import { admit, admitImported } from '../../src/sessions/admit.ts';
import { withTest } from '../attempts/asking.ts';

const gate = firstGate(1, []);
const genuine = prove(gate, 'password');

/** All that somebody might take for a proof. */
const forged: readonly (readonly [what: string, proof: unknown])[] = [
  ['an object of the same shape', { gate, method: 'password', spends: [] }],
  ['a copy', { ...genuine }],
  ['a structured clone', structuredClone({ ...genuine })],
  ['what came through JSON', JSON.parse(JSON.stringify(genuine))],
  ['an heir of it', Object.create(genuine)],
  ['a proxy of it', new Proxy(genuine, {})],
];

const caller = {
  ...{ device: UNKNOWN_DEVICE, deviceTokens: null, client: null, binding: null },
  ...{ place: async () => NOWHERE, network: () => null },
};

describe('a proof', () => {
  test('F-13: is what a credential made', () => assert.ok(isGenuine(genuine)));

  test('F-13: cannot be changed afterwards', () => {
    assert.throws(() => Object.assign(genuine, { gate: { ...gate, revision: 99 } }), TypeError);
    assert.equal(genuine.gate, gate);
  });

  for (const [what, proof] of forged) {
    test(`F-13: is not ${what}: the door stays shut, to new sessions and to imported ones`, async () => {
      assert.equal(isGenuine(proof as Proof), false);
      await withTest({}, async ({ auth, assembled: { parts } }) => {
        const { id } = await auth.accounts.create({ username: 'ann' });
        await assert.rejects(admit(parts, proof as Proof, { caller, limits: [] }), TypeError);
        const key = { tokenHash: new Uint8Array(32), isFresh: true, device: UNKNOWN_DEVICE };
        await assert.rejects(admitImported(parts, [{ ...key, proof: proof as Proof }]), TypeError);
        assert.deepEqual(await auth.sessions.list(id), []);
      });
    });
  }
});
