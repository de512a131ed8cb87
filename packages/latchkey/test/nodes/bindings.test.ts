/** A session that is bound at one node, and what another remembers of it: on each store that nodes may share. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { hashLetters } from '../../src/crypto/token.ts';
import { type Opened, open } from '../../src/latchkey.ts';
import type { Binding } from '../../src/model/binding.ts';
import { verify } from '../../src/sessions/verify.ts';
import { PASSWORD, signedIn } from '../library/device.ts';
import { QUICK } from '../serving.ts';
import { until } from './fleet.ts';
import { type Environment, onEachPlace } from './places.ts';

async function node(environment: Environment): Promise<Opened> {
  const opened = await open(
    { log: { info() {}, warn() {}, error() {} } },
    { environment: { ...QUICK, ...environment }, role: 'node' },
  );
  await opened.assembled.announce();
  return opened;
}

const binding: Binding = { kind: 'dpop', thumbprint: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };

/** Each time that a binding is answered, both nodes have remembered the session without it, and neither goes on so. */
async function bindsForOthers(environment: Environment): Promise<void> {
  const [here, there] = [await node(environment), await node(environment)];
  try {
    await here.auth.accounts.create({ username: 'ann', password: PASSWORD });
    const seenBy = async ({ assembled }: Opened, key: string): Promise<Binding | null> => {
      const checked = await verify(assembled.parts, key);
      return checked.live ? checked.session.binding : assert.fail(checked.code);
    };
    const isRemembered = async (at: Opened, key: string): Promise<boolean> => {
      assert.equal(await seenBy(at, key), null);
      return at.assembled.parts.memory.recall(hashLetters(key) ?? '') !== null;
    };
    for (let times = 0; times < 20; times++) {
      const [device] = await signedIn(here.auth, 1);
      const { key } = device ?? assert.fail();
      for (const at of [here, there]) await until('it is remembered', () => isRemembered(at, key));
      const [by] = await here.auth.sessions.list(1);
      assert.ok(by !== undefined);
      const bound = await here.assembled.parts.store.sessions.bind({ by, accountId: 1, binding });
      assert.deepEqual(bound, { ...by, binding });
      for (const at of [there, here]) assert.deepEqual(await seenBy(at, key), binding);
    }
  } finally {
    await here.auth.close();
    await there.auth.close();
  }
}

describe('M11, F-36: once a session is bound no node goes on with it unbound', () => {
  onEachPlace(bindsForOthers, ['acked'], ({ remembers }) => remembers);
});
