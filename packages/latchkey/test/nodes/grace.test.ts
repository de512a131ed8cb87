/** F-32: the time of a displaced device is the store's, at every node, whether it remembers sessions or reads them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Latchkey } from 'latchkey';
import { open } from '../../src/latchkey.ts';
import { testClock } from '../../src/testing/clock.ts';
import { PASSWORD, signedIn } from '../library/device.ts';
import { QUICK } from '../serving.ts';
import { places } from './places.ts';

const GRACE_MS = 20_000;

for (const [name, { without, open: openPlace }] of Object.entries(places)) {
  describe(`on ${name}`, { skip: without ?? false }, () => {
    test('what was displaced at one node may finish at all, and is out at all in the same moment', async () => {
      const place = await openPlace();
      const clock = testClock();
      const environment = { ...QUICK, ...place.environment, LATCHKEY_GRACE_SECONDS: String(GRACE_MS / 1000) };
      const nodes: Latchkey[] = [];
      for (const _ of ['here', 'there']) {
        const { auth, assembled } = await open({ clock }, { environment, role: 'node' });
        await assembled.announce();
        nodes.push(auth);
      }
      const [here = assert.fail(), there = assert.fail()] = nodes;
      try {
        await here.accounts.create({ username: 'ann', password: PASSWORD });
        const [first = assert.fail()] = await signedIn(here, 1);
        const from = { authorization: `Token ${first.key}` };
        // Both nodes have it in their memories, where they have one.
        for (const node of [here, there, here, there]) assert.ok((await node.authenticate(from)).signedIn);
        const at = clock();
        await signedIn(there, 1);
        const ends = async (): Promise<readonly (number | null)[]> => {
          const all = [];
          for (const node of nodes) {
            const [who, plain] = [await node.authenticate(from, { grace: true }), await node.authenticate(from)];
            if (who.signedIn || plain.signedIn) assert.fail('it is out');
            assert.deepEqual([who.code, plain.code, plain.grace], ['session_displaced', 'session_displaced', null]);
            all.push(who.grace?.until ?? null);
          }
          return all;
        };
        assert.deepEqual(await ends(), [at + GRACE_MS, at + GRACE_MS]);
        clock.advance(GRACE_MS - 1);
        assert.deepEqual(await ends(), [at + GRACE_MS, at + GRACE_MS]);
        clock.advance(1);
        assert.deepEqual(await ends(), [null, null]);

        const [second = assert.fail()] = await signedIn(here, 1);
        await signedIn(there, 1);
        const other = { authorization: `Token ${second.key}` };
        const graceAt = async (node: Latchkey) => {
          const who = await node.authenticate(other, { grace: true });
          return who.signedIn ? assert.fail() : who.grace !== null;
        };
        assert.deepEqual([await graceAt(here), await graceAt(there)], [true, true]);
        await here.sessions.endAll(1);
        assert.deepEqual([await graceAt(here), await graceAt(there)], [false, false], 'what voids sessions voids this');
      } finally {
        for (const node of nodes) await node.close();
        await place.remove();
      }
    });
  });
}
